"""Every failure has one shape, an honest status, an id, and never a body that looks whole."""

import http.client
import json
from random import Random

import pytest

from tests.conftest import StartProxy
from tests.fakes import Always, FakeOrthanc, Scripted, faults
from tests.fakes.exchange import Exchange, Fault
from tests.server import Answer, Proxy

DATA = bytes(128) + b"DICM" + Random(4).randbytes(60_000)
UNKNOWN = "00000000-00000000-00000000-00000000-00000000"
WADO = {"requestType": "WADO", "studyUID": "1.2", "seriesUID": "1.3", "objectUID": "1.4"}


def check(answer: Answer, status: int, code: str) -> str:
    """RFC 9457 and our own fields; gives the sentence."""
    assert answer.status == status
    problem = answer.problem
    assert problem.keys() == {
        "type", "title", "status", "code", "detail", "retryable", "request_id",
    }  # fmt: skip
    assert (problem["status"], problem["code"]) == (status, code)
    assert problem["request_id"] == answer.headers["X-Request-Id"]
    assert answer.headers["Content-Length"] == str(len(answer.body))
    assert "no-store" in answer.headers["Cache-Control"]
    detail: str = problem["detail"]
    assert detail.endswith((".", ")."))
    return detail


def wado(**changes: str | None) -> str:
    parameters = {n: v for n, v in {**WADO, **changes}.items() if v is not None}
    return "/wado?" + "&".join(f"{name}={value}" for name, value in parameters.items())


@pytest.fixture
def path(orthanc: FakeOrthanc, instance: str) -> str:
    orthanc.add(instance, DATA)
    return f"/api/pacs/instances/{instance}/file"


@pytest.mark.parametrize("kind", ["file", "display", "download", "rendered"])
def test_an_unknown_instance_is_404(server: Proxy, kind: str) -> None:
    check(server.get(f"/api/pacs/instances/{UNKNOWN}/{kind}"), 404, "not_found")


@pytest.mark.parametrize("path", ["studies", "series"])
def test_an_unknown_study_or_series_is_404(server: Proxy, path: str) -> None:
    check(server.get(f"/api/pacs/{path}/{UNKNOWN}"), 404, "not_found")


@pytest.mark.parametrize(
    "id_", ["x", UNKNOWN[:-1], UNKNOWN + "0", UNKNOWN.upper().replace("0", "A"), "1.2.840.1", "..."]
)
@pytest.mark.parametrize("rest", ["instances/{}/file", "instances/{}/rendered", "series/{}"])
def test_a_malformed_id_is_400_with_the_pattern(
    server: Proxy, orthanc: FakeOrthanc, id_: str, rest: str
) -> None:
    detail = check(server.get(f"/api/pacs/{rest.format(id_)}"), 400, "malformed_id")
    assert "[0-9a-f]{8}" in detail
    assert orthanc.requests == []


@pytest.mark.parametrize("name", WADO)
def test_wado_names_the_parameter_it_lacks(server: Proxy, orthanc: FakeOrthanc, name: str) -> None:
    assert name in check(server.get(wado(**{name: None})), 400, "missing_parameter")
    assert name in check(server.get(wado(**{name: ""})), 400, "missing_parameter")
    assert orthanc.requests == []


@pytest.mark.parametrize(
    "changes",
    [
        {"requestType": "QIDO"},
        {"studyUID": "1.2%2F3"},
        {"seriesUID": "1.2*"},
        {"objectUID": "1" * 65},
        {"objectUID": "1.2%5C1.3"},
        {"contentType": "image/jpeg"},
        {"contentType": "image/png", "frameNumber": "0"},
    ],
)
def test_wado_refuses_what_it_does_not_understand(
    server: Proxy, orthanc: FakeOrthanc, changes: dict[str, str]
) -> None:
    tags = {"StudyInstanceUID": "1.2", "SeriesInstanceUID": "1.3", "SOPInstanceUID": "1.4"}
    orthanc.add(UNKNOWN.replace("0", "b"), DATA, tags=tags)
    check(server.get(wado(**changes)), 400, "bad_request")


def test_wado_of_unknown_uids_is_404(server: Proxy) -> None:
    check(server.get(wado(objectUID="9.9.9")), 404, "not_found")


@pytest.mark.parametrize(
    "query",
    [
        "limit=0", "limit=201", "limit=x", "limit=-1", "limit=1e3", "offset=-1", "offset=1.5",
        "offset=99999999", "offset=00000000099999999999", "limit=%D9%A3", "modality=%2A",
        "date_from=2020", "date_to=2020-01-01", "patient_name=%00", "patient_id=" + "x" * 65,
    ],
)  # fmt: skip
def test_a_wrong_parameter_is_named(server: Proxy, orthanc: FakeOrthanc, query: str) -> None:
    detail = check(server.get(f"/api/pacs/studies?{query}"), 400, "bad_request")
    assert query.partition("=")[0] in detail
    assert orthanc.requests == []


@pytest.mark.parametrize(
    "query", ["frame=0", "frame=x", "frame=0000000019999999999", "size=9999", "quality=96"]
)
def test_a_wrong_frame_or_size_is_named(server: Proxy, path: str, query: str) -> None:
    answer = server.get(path.replace("/file", f"/rendered?{query}"))
    assert query.partition("=")[0] in check(answer, 400, "bad_request")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_other_methods_are_405_and_say_which_there_are(
    server: Proxy, orthanc: FakeOrthanc, path: str, method: str
) -> None:
    answer = server.get(path, method=method)
    check(answer, 405, "method_not_allowed")
    assert answer.headers["Allow"] == "GET, HEAD"
    assert orthanc.requests == []


def test_an_object_damaged_in_the_archive_is_502_and_says_so(
    server: Proxy, orthanc: FakeOrthanc, instance: str, path: str
) -> None:
    orthanc.store.damage(instance, faults.flipped(DATA, 0.5))
    answer = server.get(path)
    assert "damaged" in check(answer, 502, "stored_object_damaged")
    assert answer.problem["retryable"] is False
    assert answer.problem["title"] == "Stored object damaged"
    assert orthanc.counts["data"] == 3


def test_orthancs_401_is_our_502_and_never_the_browsers_prompt(
    server: Proxy, orthanc: FakeOrthanc, path: str
) -> None:
    orthanc.plan = Always(faults.unauthorized, routes=None)
    answer = server.get(path)
    check(answer, 502, "archive_refused")
    assert "WWW-Authenticate" not in answer.headers
    assert len(orthanc.requests) == 1


def test_orthancs_403_is_ours_and_asked_once(
    server: Proxy, orthanc: FakeOrthanc, path: str
) -> None:
    orthanc.plan = Always(faults.forbidden, routes=None)
    check(server.get(path), 403, "forbidden")
    assert len(orthanc.requests) == 1


@pytest.mark.parametrize("fault", [faults.html_200, faults.redirect("http://198.51.100.1/")])
def test_nothing_of_a_strangers_answer_reaches_the_browser(
    proxy: StartProxy, instance: str, fault: Fault
) -> None:
    with FakeOrthanc(Always(fault, routes=None)) as orthanc:
        server = proxy(orthanc.url, deadline_seconds=0.5)
        answer = server.file(instance)
    assert answer.status in {502, 503}
    assert b"It works" not in answer.body
    assert "Location" not in answer.headers


def test_an_archive_away_is_503_with_a_time_to_come_back(proxy: StartProxy, instance: str) -> None:
    with FakeOrthanc() as orthanc:
        server = proxy(orthanc.url, deadline_seconds=0.5)
    answer = server.file(instance)
    check(answer, 503, "archive_unreachable")
    assert int(answer.headers["Retry-After"]) >= 1
    assert answer.problem["retryable"] is True


def test_retry_after_of_the_archive_is_passed_on(proxy: StartProxy, instance: str) -> None:
    with FakeOrthanc(Always(faults.status(503, 7), routes=None)) as orthanc:
        server = proxy(orthanc.url, deadline_seconds=0.2, retry_after_cap_seconds=0.1)
        assert server.file(instance).headers["Retry-After"] == "7"


@pytest.fixture
def large(orthanc: FakeOrthanc, instance: str) -> str:
    orthanc.add(instance, bytes(128) + b"DICM" + Random(6).randbytes(9 << 20))
    return f"/api/pacs/instances/{instance}/file"


def wrong_in_the_end(x: Exchange) -> bool:
    """So late that its reader, on however busy a machine, has begun to read."""
    half = len(x.reply.body) // 2
    x.begin(half)
    x.wire.wait(1.0)
    x.wire.send(faults.flipped(x.reply.body, -1)[half:])
    return True


def test_a_body_that_turns_out_wrong_breaks_the_connection(
    server: Proxy, orthanc: FakeOrthanc, large: str
) -> None:
    orthanc.plan = Always(Fault("wrong in the end", wrong_in_the_end))
    with pytest.raises(http.client.IncompleteRead) as caught:
        server.get(large)
    assert len(caught.value.partial) < (9 << 20) + 132


def test_an_archive_that_dies_in_a_large_body_breaks_the_connection(
    proxy: StartProxy, instance: str
) -> None:
    with FakeOrthanc() as orthanc:
        orthanc.add(instance, bytes(128) + b"DICM" + Random(6).randbytes(9 << 20))
        server = proxy(orthanc.url, deadline_seconds=2)
        orthanc.plan = Always(faults.fin_after(5 << 20))
        orthanc.manner = type(orthanc.manner)(ranges=False)
        with pytest.raises(http.client.IncompleteRead):
            server.file(instance)


def test_a_large_body_through_cuts_is_exact(
    server: Proxy, orthanc: FakeOrthanc, instance: str, large: str
) -> None:
    cuts = [faults.fin_after(1 << 20), faults.rst_after(0.5), faults.fin_after(10)]
    orthanc.plan = Scripted(cuts)
    stored = orthanc.store.get(instance)
    assert stored
    assert server.get(large).body == stored.data


def test_a_wrong_large_body_without_room_in_the_spool_breaks_the_connection(
    proxy: StartProxy, instance: str
) -> None:
    with FakeOrthanc(Always(faults.bit_flip(-1))) as orthanc:
        orthanc.add(instance, bytes(128) + b"DICM" + Random(6).randbytes(9 << 20))
        server = proxy(orthanc.url, spool_bytes=1 << 20)
        with pytest.raises(http.client.IncompleteRead):
            server.file(instance)


def test_errors_name_no_patient_and_logs_no_address(
    server: Proxy, orthanc: FakeOrthanc, instance: str
) -> None:
    tags = {"PatientName": "CANARY^NAME", "PatientID": "CANARYID", "StudyInstanceUID": "1.77.88"}
    orthanc.add(instance, DATA[:1000], md5="0" * 32, tags=tags)
    bodies = [
        server.file(instance).body,
        server.get("/api/pacs/studies?patient_name=CANARYQUERY&limit=x").body,
        server.get("/api/pacs/CANARYPATH").body,
        server.get(wado(studyUID="1.77.88", objectUID="1.77.99")).body,
    ]
    for text in [*map(bytes.decode, bodies), server.log]:
        assert "CANARY" not in text
        assert "1.77." not in text


def test_each_log_line_is_one_json_object(server: Proxy) -> None:
    server.get("/api/pacs/x%0d%0aFAKE%1b[31m")
    for line in server.log.splitlines():
        assert json.loads(line)["message"]
