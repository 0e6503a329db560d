"""Range and conditional requests as RFC 9110 says, in the pure and over the wire (C20, C21)."""

import hashlib
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacs_proxy.errors import RangeNotSatisfiable
from pacs_proxy.web.ranges import is_known, may_continue, wanted_range
from tests.fakes import FakeOrthanc
from tests.server import Proxy

DATA = bytes(128) + b"DICM" + Random(3).randbytes(100_000)
SIZE = len(DATA)
TAG = f'"md5-{hashlib.md5(DATA).hexdigest()}"'
OLD = f'"md5-{"0" * 32}"'


@given(st.integers(1, 10**9), st.integers(0, 2 * 10**9), st.integers(0, 2 * 10**9))
def test_a_range_is_the_bytes_it_names(size: int, first: int, last: int) -> None:
    header = f"bytes={first}-{last}"
    if first >= size:
        with pytest.raises(RangeNotSatisfiable):
            wanted_range(header, size)
    elif last < first:
        assert wanted_range(header, size) is None
    else:
        assert wanted_range(header, size) == (first, min(last, size - 1))


@given(st.integers(1, 10**9), st.integers(1, 2 * 10**9))
def test_a_suffix_is_the_last_bytes(size: int, count: int) -> None:
    assert wanted_range(f"bytes=-{count}", size) == (max(0, size - count), size - 1)


@given(st.one_of(st.none(), st.text(max_size=40), st.from_regex(r"bytes=[-0-9, ]{0,20}")))
def test_whatever_is_asked_the_answer_lies_in_the_file(header: str | None) -> None:
    try:
        span = wanted_range(header, 1000)
    except RangeNotSatisfiable:
        return
    assert span is None or 0 <= span[0] <= span[1] < 1000


@pytest.mark.parametrize(
    ("header", "known"),
    [
        (None, False),
        (TAG, True),
        (f"W/{TAG}", True),
        (f"{OLD}, {TAG}", True),
        ("*", True),
        (OLD, False),
        (TAG.strip('"'), False),
    ],
)
def test_if_none_match_compares_weakly(header: str | None, known: bool) -> None:
    assert is_known(header, TAG) is known


@pytest.mark.parametrize(
    ("header", "fits"), [(None, True), (TAG, True), (f"W/{TAG}", False), (OLD, False)]
)
def test_if_range_compares_strongly(header: str | None, fits: bool) -> None:
    assert may_continue(header, TAG) is fits


@pytest.fixture
def path(orthanc: FakeOrthanc, instance: str) -> str:
    orthanc.add(instance, DATA)
    return f"/api/pacs/instances/{instance}/file"


@pytest.mark.parametrize(
    ("header", "first", "last"),
    [
        ("bytes=0-0", 0, 0),
        ("bytes=0-99", 0, 99),
        ("bytes=500-", 500, SIZE - 1),
        ("bytes=-500", SIZE - 500, SIZE - 1),
        (f"bytes=-{SIZE * 2}", 0, SIZE - 1),
        (f"bytes=50000-{SIZE * 2}", 50000, SIZE - 1),
        (f"bytes={SIZE - 1}-", SIZE - 1, SIZE - 1),
    ],
)
def test_a_range_is_sent_as_206(
    server: Proxy, path: str, header: str, first: int, last: int
) -> None:
    answer = server.get(path, {"Range": header})
    assert (answer.status, answer.body) == (206, DATA[first : last + 1])
    assert answer.headers["Content-Range"] == f"bytes {first}-{last}/{SIZE}"
    assert answer.headers["ETag"] == TAG


@pytest.mark.parametrize(
    "header",
    ["bytes=0-0,-1", "bytes=0-1,2-3,4-5,6-7,8-9,10-11,12-13,14-15,16-17", "items=0-5", "bytes=9-5"],
)
def test_what_is_no_single_range_is_answered_with_the_whole(
    server: Proxy, path: str, header: str
) -> None:
    answer = server.get(path, {"Range": header})
    assert (answer.status, answer.body) == (200, DATA)


@pytest.mark.parametrize("header", [f"bytes={SIZE}-", "bytes=-0", "bytes=99999999-"])
def test_a_range_behind_the_end_is_416(server: Proxy, path: str, header: str) -> None:
    answer = server.get(path, {"Range": header})
    assert answer.status == 416
    assert answer.headers["Content-Range"] == f"bytes */{SIZE}"
    assert answer.problem["code"] == "range_not_satisfiable"


def test_a_stale_if_range_brings_the_whole(server: Proxy, path: str) -> None:
    stale = server.get(path, {"Range": "bytes=0-9", "If-Range": OLD})
    fresh = server.get(path, {"Range": "bytes=0-9", "If-Range": TAG})
    assert (stale.status, stale.body) == (200, DATA)
    assert (fresh.status, fresh.body) == (206, DATA[:10])


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_what_the_client_has_is_not_sent_again(server: Proxy, path: str, method: str) -> None:
    answer = server.get(path, {"If-None-Match": f"W/{TAG}"}, method)
    assert (answer.status, answer.body) == (304, b"")
    assert answer.headers["ETag"] == TAG


def test_head_says_what_get_would_without_fetching(
    server: Proxy, orthanc: FakeOrthanc, path: str
) -> None:
    head = server.get(path, method="HEAD")
    assert (head.status, head.body) == (200, b"")
    assert orthanc.counts["data"] == 0
    get = server.get(path)
    changing = {"Date", "X-Request-Id"}
    assert {n: v for n, v in head.headers.items() if n not in changing} == {
        n: v for n, v in get.headers.items() if n not in changing
    }
    assert get.headers["Content-Length"] == str(SIZE)


def test_no_validator_of_the_browser_reaches_orthanc(
    server: Proxy, orthanc: FakeOrthanc, path: str
) -> None:
    headers = {"If-None-Match": OLD, "Range": "bytes=5-", "If-Range": TAG, "Accept": "x/y"}
    server.get(f"{path}?transcode=1.2.840.10008.1.2.4.70", headers)
    sent = [{**request.headers, "target": request.target} for request in orthanc.requests]
    assert all(
        "if-none-match" not in s and "range" not in s and "?" not in s["target"] for s in sent
    )
    assert {s["accept-encoding"] for s in sent} == {"identity"}


def test_a_thousand_odd_ranges_get_exact_answers(server: Proxy, path: str) -> None:
    random, connection = Random(5), server.connect()
    for _ in range(300):
        first, length = random.randrange(SIZE), random.randrange(1, 2000)
        connection.request("GET", path, headers={"Range": f"bytes={first}-{first + length - 1}"})
        answer = connection.getresponse()
        assert (answer.status, answer.read()) == (206, DATA[first : first + length])
    connection.close()
