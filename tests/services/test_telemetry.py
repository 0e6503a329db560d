"""What browsers report: strictly checked, added up, of nobody; and a bundle without a secret."""

import http.client
import json
from typing import Any

import pytest

from pacs_proxy.database import Database
from pacs_proxy.errors import TooOften
from pacs_proxy.services.tallies import Seen, Tallies
from tests.fakes import FakeOrthanc
from tests.server import Answer, Proxy

LINE = {"name": "overrun", "syntax": "1.2.840.10008.1.2.1", "bucket": -1, "count": 2}


def sent(server: Proxy, body: object) -> Answer:
    connection = server.connect()
    connection.request(
        "POST", "/api/telemetry", json.dumps(body), {"Content-Type": "application/json"}
    )
    response: http.client.HTTPResponse = connection.getresponse()
    answer = Answer(response.status, response.headers, response.read())
    connection.close()
    return answer


def rows(server: Proxy) -> list[list[Any]]:
    found: list[list[Any]] = json.loads(server.get("/api/telemetry?hours=2").body)["rows"]
    return [row[1:] for row in found]


def test_reports_are_added_up_and_counted_for_prometheus(server: Proxy) -> None:
    first = {"name": "first-image", "syntax": "", "bucket": 3, "count": 1}
    for _ in range(2):
        assert sent(server, {"seen": [LINE, first]}).status == 204
    assert ["overrun", "1.2.840.10008.1.2.1", -1, 4] in rows(server)
    assert ["first-image", "", 3, 2] in rows(server)
    assert server.metric("pacs_browser_seen_total") >= 6


@pytest.mark.parametrize(
    "change",
    [
        {"name": "Doe^Jane"},
        {"name": "first-image"},
        {"syntax": "1.2.826.0.1.3680043"},
        {"syntax": "1.2.840.10008.1.2.1\n"},
        {"bucket": 10},
        {"bucket": "1"},
        {"count": 0},
        {"count": 10**9},
        {"count": 1.5},
        {"patient": "4711"},
    ],
    ids=str,
)
def test_whatever_is_not_such_a_line_is_refused_whole(
    server: Proxy, change: dict[str, object]
) -> None:
    before = rows(server)
    answer = sent(server, {"seen": [LINE, {**LINE, **change}]})
    assert (answer.status, answer.problem["code"]) == (400, "bad_request")
    assert rows(server) == before


@pytest.mark.parametrize("body", [{}, {"seen": "x"}, {"seen": [LINE] * 201}, {"seen": [[]]}])
def test_a_report_of_another_shape_is_refused(server: Proxy, body: dict[str, object]) -> None:
    assert sent(server, body).status == 400


def test_the_bundle_has_no_secret_and_no_address() -> None:
    with FakeOrthanc() as orthanc, Proxy(orthanc.url) as server:
        server.env |= {"ORTHANC_USERNAME": "proxyuser", "ORTHANC_PASSWORD": "verysecret77"}
        server.kill()
        server.start()
        text = server.get("/api/incident").body.decode()
    told = json.loads(text)
    assert told["versions"]["pacs_proxy"]
    assert told["settings"]["ORTHANC_PASSWORD"] == "(set)"
    assert told["settings"]["PACS_PROXY_WORKERS"] == 1
    for hidden in ("verysecret77", "proxyuser", str(orthanc.port), str(server.data)):
        assert hidden not in text


def test_one_sender_may_not_send_without_end_and_old_hours_go(database: Database) -> None:
    now = 1_000_000_000.0
    tallies = Tallies(database, lambda: now)
    for _ in range(12):
        tallies.expect("one")
    with pytest.raises(TooOften):
        tallies.expect("one")
    tallies.expect("another")
    tallies.add([Seen("image", "", -1, 5), Seen("image", "", -1, 2)])
    assert [row.count for row in tallies.since(1)] == [7]
    now += 91 * 86400
    tallies.expect("one")
    tallies.add([Seen("image", "", -1, 1)])
    assert [row.count for row in tallies.since(24 * 400)] == [1]
