"""Whatever a client writes, Orthanc is asked only what we ask, and no answer splits (S1, S3, S4).

`HOSTILE_EXAMPLES=10000` asks for more than the suite has time for.
"""

import base64
import os
import re
import time
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fakes import FakeOrthanc
from tests.fakes.wire import Reply
from tests.server import Proxy
from tests.services.walk import ID, Walker, is_ours

DATA = bytes(128) + b"DICM" + bytes(1000)
MANY = int(os.environ.get("HOSTILE_EXAMPLES", "400"))
# What we ask of an archive, with identifiers of its own form alone.
FOLLOWED = re.compile(r"/(changes\?(last|since=\d+&limit=\d+)|statistics|studies)\Z")
ASKED = re.compile(
    r"(GET /system|POST /tools/(find|count-resources)|GET /(studies|series|instances)/ID"
    r"(/series|/study|/instances|/attachments/dicom/(info|data))?)(\?expand)?\Z"
)

often = settings(
    max_examples=MANY,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture(autouse=True)
def stored(orthanc: FakeOrthanc) -> None:
    tags = {"StudyInstanceUID": "1.2", "SeriesInstanceUID": "1.3", "SOPInstanceUID": "1.4"}
    orthanc.add(ID, DATA, tags=tags)


@pytest.fixture(scope="module")
def walker(running: tuple[FakeOrthanc, Proxy]) -> Iterator[Walker]:
    walker = Walker(running[1].port)
    yield walker
    walker.close()


pieces = st.one_of(
    st.sampled_from(
        ["..", ".", "", "%2e%2e", "..;", "%2f", "%5c", "\\", "%00", "%0d%0aX: y", "%c0%ae", "?",
         "#", "@evil.example", ":8042", "http://127.0.0.1:8042", "//127.0.0.1", "%25%32%65", "~",
         "instances", "studies", "tools", "execute-script", "system", "file", "download", "wado",
         "api", "pacs", "frames", "rendered", "peers", "store", "modify", ID, ID.upper(), "1.2.3",
         f"{ID}?_method=DELETE", f"{ID}%3f_method=DELETE", "_method=DELETE"],
    ),
    st.text(st.characters(min_codepoint=33, max_codepoint=255), max_size=12),
)  # fmt: skip
TEMPLATES = (
    "/{}", "/api/pacs/{}", "/api/pacs/instances/{}/file", "/api/pacs/instances/{}/display",
    "/api/pacs/instances/{}/frames/{}", "/api/pacs/instances/{}/payload",
    "/api/pacs/instances/{}/contents", "/api/pacs/studies/{}", "/api/pacs/series/{}",
    "/api/uploads/{}", "/api/pacs/studies?patient_id={}", "/api/pacs/deletions/{}", "/assets/{}",
    "/wado?requestType=WADO&studyUID={}&seriesUID={}&objectUID={}", "/{}/{}/{}",
)  # fmt: skip
names = st.lists(pieces, min_size=1, max_size=4).map("/".join)


@st.composite
def targets(draw: st.DrawFn) -> str:
    template = draw(st.sampled_from(TEMPLATES))
    return template.format(*(draw(names) for _ in range(template.count("{}"))))


def asked_of(orthanc: FakeOrthanc) -> Iterator[str]:
    """All but what the catalogue asks by itself, in its own time."""
    for request in orthanc.requests:
        if not FOLLOWED.match(request.target):
            yield f"{request.method} {re.sub('[0-9a-f]{8}(-[0-9a-f]{8}){4}', 'ID', request.target)}"


@often
@given(targets(), st.sampled_from(["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"]))
def test_whatever_is_asked_only_our_questions_reach_the_archive(
    walker: Walker, orthanc: FakeOrthanc, target: str, method: str
) -> None:
    if method == "DELETE" and is_ours(method, target):
        return  # a deletion that was asked for
    orthanc.requests.clear()
    status, head = walker.ask(method, target, body=b"{}")
    assert status < 600
    assert_one_answer(head)
    assert [line for line in asked_of(orthanc) if not ASKED.match(line)] == []
    if not is_ours(method, target):
        assert status >= 400
        assert list(asked_of(orthanc)) == []


def assert_one_answer(head: bytes) -> None:
    """No control character in a header, no name that nobody gave, no second status line."""
    first, *lines = head.split(b"\r\n")
    assert re.match(rb"HTTP/1\.1 [1-5]\d\d [\x20-\x7e]*\Z", first)
    for line in lines:
        assert re.match(rb"[A-Za-z0-9-]+: ?[\x20-\x7e\x80-\xff]*\Z", line), line
        assert not line.lower().startswith((b"x-evil", b"set-cookie"))


evil = st.text(
    st.one_of(
        st.sampled_from("\r\n\0\t\"';=,\\é😀\u2028\x85\x1b"),
        st.characters(min_codepoint=32, max_codepoint=126),
    ),
    max_size=24,
).map(lambda text: text + "\r\nX-Evil: 1")


@often
@given(evil, evil, evil)
def test_names_of_files_split_no_answer(walker: Walker, name: str, key: str, kind: str) -> None:
    """`Upload-Metadata` comes back from HEAD, a batch's report has the name of every file."""
    packed = ",".join(
        f"{word} {base64.b64encode(value.encode('utf-8', 'replace')).decode()}"
        for word, value in (("name", name), ("key", key), ("type", kind))
    )
    ask = walker.ask
    status, head = ask(
        "POST", "/api/uploads", "Tus-Resumable: 1.0.0", "Upload-Length: 9",
        f"Upload-Metadata: {packed}",
    )  # fmt: skip
    assert_one_answer(head)
    location = re.search(rb"\r\nLocation: (\S+)", head)
    if status == 201 and location:
        for method in ("HEAD", "DELETE"):
            assert_one_answer(ask(method, location[1].decode(), "Tus-Resumable: 1.0.0")[1])


words = st.one_of(
    st.sampled_from(
        ["0", "-1", "1e9", "99999999999999999999", "4097", "NaN", "0x10", " 1", "1 ", "٣", "",
         "image/png", "image/jpeg", "application/dicom", "video/mpeg", "*/*", "1.2.840.10008.1.2",
         "1.2.840.10008.1.2.4.80", "yes", "1,2,3,4", "http://127.0.0.1:8042/system", "file:///etc"]
    ),
    st.text(max_size=20),
)  # fmt: skip
PARAMETERS = (
    "contentType", "frameNumber", "rows", "columns", "region", "windowCenter", "windowWidth",
    "imageQuality", "transferSyntax", "anonymize", "annotation", "charset", "presentationUID",
    "presentationSeriesUID", "retrieveURL", "frame", "size", "studyUID", "objectUID", "_method",
)  # fmt: skip


@often
@given(st.dictionaries(st.sampled_from(PARAMETERS), words, max_size=6))
def test_no_parameter_of_wado_is_passed_on_or_takes_long(
    walker: Walker, orthanc: FakeOrthanc, more: dict[str, str]
) -> None:
    given = {"requestType": "WADO", "studyUID": "1.2", "seriesUID": "1.3", "objectUID": "1.4"}
    query = "&".join(f"{name}={quote(value, '')}" for name, value in {**given, **more}.items())
    orthanc.requests.clear()
    began = time.monotonic()
    status, head = walker.ask("GET", f"/wado?{query}")
    assert time.monotonic() - began < 30
    assert status in {200, 400, 404, 422}
    assert_one_answer(head)
    assert [line for line in asked_of(orthanc) if not ASKED.match(line)] == []
    sent = " ".join(f"{r.target} {r.headers}" for r in orthanc.requests)
    assert not any(f"{name}=" in sent for name in PARAMETERS)
    assert "127.0.0.1:8042" not in sent


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_an_archive_cannot_send_us_elsewhere(
    server: Proxy, orthanc: FakeOrthanc, status: int
) -> None:
    """SSRF by redirection: nobody follows."""
    with FakeOrthanc() as elsewhere:
        other = f"/instances/00000000-00000000-00000000-00000000-00000{status}"
        moved = Reply(status).with_header("Location", f"{elsewhere.url}/system")
        orthanc.set_answer(f"GET {other}/attachments/dicom/info", moved)
        assert server.get(f"/api/pacs{other}/file").status == 502
        assert orthanc.counts["info"] == 1
        assert elsewhere.accepted == 0
