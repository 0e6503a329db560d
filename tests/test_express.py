"""What is taken straight from the socket: a plain GET for a slice, and nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacs_proxy.express import plain_request

ID = "f689ddd2-662f8fe1-8b18180d-ec2a2cee-937917af"
LINE = f"GET /api/pacs/instances/{ID}/file HTTP/1.1\r\nHost: localhost\r\n".encode()


def test_a_browsers_request_is_taken_with_all_it_says() -> None:
    environ = plain_request(
        LINE + b"Cookie: a=b\r\nAccept-Encoding: gzip\r\nConnection: keep-alive\r\n\r\n"
    )
    assert environ == {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "QUERY_STRING": "",
        "PATH_INFO": f"/api/pacs/instances/{ID}/file",
        "HTTP_HOST": "localhost",
        "HTTP_COOKIE": "a=b",
        "HTTP_ACCEPT_ENCODING": "gzip",
        "HTTP_CONNECTION": "keep-alive",
    }


@pytest.mark.parametrize(
    "data",
    [
        b"",
        LINE,
        LINE + b"\r\n\r\n",
        LINE + b"\r\n" + LINE + b"\r\n",
        LINE + b"Content-Length: 0\r\n\r\n",
        LINE + b"Transfer-Encoding: chunked\r\n\r\n",
        LINE + b"Expect: 100-continue\r\n\r\n",
        LINE + b"Upgrade: h2c\r\n\r\n",
        LINE + b"Connection: close\r\n\r\n",
        LINE + b"Connection: keep-alive, Upgrade\r\n\r\n",
        LINE + b"Host: localhost\r\n\r\n",
        LINE + b"Cookie: a\r\nCookie: b\r\n\r\n",
        LINE + b"X_Real_IP: 1\r\n\r\n",
        LINE + b"X : 1\r\n\r\n",
        LINE + b"X: 1\r\n folded\r\n\r\n",
        LINE + b"X: \x00\r\n\r\n",
        LINE.replace(b"1.1", b"1.0") + b"\r\n",
        LINE.replace(b"GET", b"get") + b"\r\n",
        LINE.replace(b"GET", b"HEAD") + b"\r\n",
        LINE.replace(b"\r\n", b"\n") + b"\r\n\r\n",
    ],
)
def test_everything_else_is_left_to_gunicorn(data: bytes) -> None:
    assert plain_request(data) is None


@given(st.binary(max_size=200), st.integers(0, len(LINE)))
def test_no_bytes_break_it(junk: bytes, at: int) -> None:
    for data in (LINE[:at] + junk + LINE[at:] + b"\r\n", LINE + junk + b"\r\n\r\n"):
        environ = plain_request(data)
        assert environ is None or environ["REQUEST_METHOD"] == "GET"
