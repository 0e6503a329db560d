"""In an emergency who has the grant opens one study out of reach, with a reason, for a while."""

import json
import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from sqlalchemy import update

from pacs_proxy import doorkeeper
from pacs_proxy.access.atna import message
from pacs_proxy.access.restriction import Restriction
from pacs_proxy.access.tables import Opening
from pacs_proxy.database import Database
from tests.fakes import FakeOrthanc
from tests.fakes.store import orthanc_id
from tests.server import Answer, Proxy
from tests.services.test_access import JSON, PASSWORD, ask, cookie, dripped, settings, sign_in
from tests.services.test_auditing import records
from tests.waiting import until

REASON = "Polytrauma, comparison needed at once."
SIZE = 48 << 20
INSTANCE, SECOND, OTHERS = (orthanc_id("glass", name) for name in ("one", "two", "three"))
STUDY, TWIN = orthanc_id("Study", "1.6.1"), orthanc_id("Study", "1.6.2")
Headers = dict[str, str]


def add(orthanc: FakeOrthanc, name: str, study: str, patient: str, accession: str) -> None:
    tags = {
        "PatientID": patient,
        "AccessionNumber": accession,
        "InstitutionName": "SOUTH",
        "StudyDescription": f"Study {study}",
        "StudyInstanceUID": study,
        "SeriesInstanceUID": f"{study}.1",
        "SOPInstanceUID": name,
    }
    orthanc.add(orthanc_id("glass", name), bytes(128) + b"DICM" + bytes(SIZE), tags=tags)


@pytest.fixture(scope="module")
def door() -> Iterator[Proxy]:
    with FakeOrthanc() as orthanc, Proxy(orthanc.url, workers=2, sign_in=1) as server:
        add(orthanc, "one", "1.6.1", "GLASS-1", "ACC-1")
        add(orthanc, "two", "1.6.2", "GLASS-1", "ACC-2")
        add(orthanc, "three", "1.6.3", "GLASS-10", "ACC-10")
        for name in ("ray", "plain"):
            doorkeeper.add_user(settings(server), name, "reader", PASSWORD)
            doorkeeper.restrict_user(settings(server), name, Restriction.of(institutions=["north"]))
        doorkeeper.grant_user(settings(server), "ray", may_break_glass=True)
        doorkeeper.add_user(settings(server), "boss", "admin", PASSWORD)
        yield server


@pytest.fixture
def ray(door: Proxy) -> Headers:
    """A session of its own for each test: what it opened ends with it."""
    return cookie(sign_in(door, "ray"))


def break_glass(door: Proxy, who: Headers, **asked: Any) -> Answer:
    body = json.dumps({"reason": REASON, **asked}).encode()
    return ask(door, "POST", "/api/glass", {**JSON, **who}, body)


def of_ray(door: Proxy, event: str) -> list[dict[str, Any]]:
    return [r for r in records(door) if (r["principal"], r["event"]) == ("ray", event)]


def test_one_study_opens_on_all_workers_and_the_journal_says_why(door: Proxy, ray: Headers) -> None:
    assert door.get(f"/api/pacs/studies/{STUDY}", ray).status == 404
    told = json.loads(break_glass(door, ray, accession="ACC-1").body)
    assert told["study"] == STUDY
    assert told["until"] == pytest.approx(time.time() + 3600, abs=60)
    for _ in range(12):
        assert door.get(f"/api/pacs/studies/{STUDY}", ray).status == 200
        assert door.get(f"/api/pacs/studies/{TWIN}", ray).status == 404
    study = json.loads(door.get(f"/api/pacs/studies/{STUDY}", ray).body)
    assert study["emergency_until"] == told["until"]
    openings = json.loads(door.get("/api/glass", ray).body)["openings"]
    assert openings == [{"study": STUDY, "until": told["until"]}]
    record = of_ray(door, "glass.broken")[-1]
    assert (record["study"], record["study_uid"], record["patient"]) == (STUDY, "1.6.1", "GLASS-1")
    detail = json.loads(record["detail"])
    assert (detail["reason"], detail["by"], detail["value"]) == (REASON, "accession", "ACC-1")
    assert b"110127" in message(record)  # PS3.15: Emergency Override Started
    assert of_ray(door, "study.read")[-1]["study"] == STUDY
    assert REASON not in door.log
    assert "opened in an emergency" in door.log


def test_the_page_knows_of_the_grant_from_the_first(door: Proxy) -> None:
    answer = sign_in(door, "ray")
    now = json.loads(door.get("/api/session", cookie(answer)).body)
    assert json.loads(answer.body) == now
    assert "study.break_glass" in now["permissions"]


def test_it_is_for_looking_and_no_line_in_lists(door: Proxy, ray: Headers) -> None:
    assert break_glass(door, ray, accession="ACC-1").status == 200
    assert door.get(f"/api/pacs/instances/{INSTANCE}/download", ray).status == 404
    assert json.loads(door.get("/api/pacs/studies", ray).body)["items"] == []


def test_a_patient_of_several_studies_gives_a_choice_without_a_name(
    door: Proxy, ray: Headers
) -> None:
    told = json.loads(break_glass(door, ray, patient_id="GLASS-1").body)
    assert {one["study"] for one in told["choose"]} == {STUDY, TWIN}
    assert all(one.keys() == {"study", "study_date", "modalities", "description"}
               for one in told["choose"])  # fmt: skip
    assert door.get(f"/api/pacs/studies/{TWIN}", ray).status == 404
    assert json.loads(of_ray(door, "study.searched")[-1]["detail"])["reason"] == REASON
    assert break_glass(door, ray, patient_id="GLASS-1", study=TWIN).status == 200
    assert door.get(f"/api/pacs/studies/{TWIN}", ray).status == 200
    assert door.get(f"/api/pacs/studies/{STUDY}", ray).status == 404


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({"accession": "ACC-1", "reason": "because"}, 400),
        ({"accession": "ACC-1", "reason": "x         "}, 400),
        ({"accession": "ACC-1", "reason": None}, 400),
        ({"accession": "ACC-*"}, 400),
        ({"accession": "ACC-1", "patient_id": "GLASS-1"}, 400),
        ({"accession": ""}, 400),
        ({}, 400),
        ({"accession": "ACC"}, 404),
        ({"patient_id": "GLASS"}, 404),
        ({"accession": "ACC-1", "study": TWIN}, 404),
    ],
)
def test_only_an_exact_number_and_a_reason_open_anything(
    door: Proxy, ray: Headers, asked: dict[str, Any], status: int
) -> None:
    assert break_glass(door, ray, **asked).status == status
    assert json.loads(door.get("/api/glass", ray).body) == {"openings": []}


def test_without_the_grant_nothing_opens(door: Proxy) -> None:
    plain = cookie(sign_in(door, "plain"))
    assert break_glass(door, plain, accession="ACC-1").status == 403
    assert door.get(f"/api/pacs/studies/{STUDY}", plain).status == 404


def test_it_ends_with_the_session_and_is_nobody_elses(door: Proxy, ray: Headers) -> None:
    assert break_glass(door, ray, accession="ACC-1").status == 200
    again = cookie(sign_in(door, "ray"))
    assert door.get(f"/api/pacs/studies/{STUDY}", again).status == 404
    assert door.get(f"/api/pacs/studies/{STUDY}", ray).status == 200


def test_when_its_time_is_over_what_is_on_its_way_ends(door: Proxy, ray: Headers) -> None:
    assert break_glass(door, ray, accession="ACC-1").status == 200
    assert len(door.file(INSTANCE, ray).body) > SIZE
    connection = door.connect()
    connection.request("GET", f"/api/pacs/instances/{INSTANCE}/file", headers=ray)
    response = connection.getresponse()
    assert response.read(1000)
    with (
        closing(Database(settings(door).database_address)) as database,
        database.write() as session,
    ):
        session.execute(update(Opening).values(until=time.time()))
    assert dripped(response) < SIZE
    connection.close()
    until(lambda: door.file(INSTANCE, ray).status == 404)
    assert door.get(f"/api/pacs/studies/{STUDY}", ray).status == 404


def end(door: Proxy, who: Headers, **asked: Any) -> Answer:
    return ask(door, "POST", "/api/glass/end", {**JSON, **who}, json.dumps(asked).encode())


def test_who_opened_it_ends_it_and_what_is_on_its_way_with_it(door: Proxy, ray: Headers) -> None:
    for number in ("ACC-1", "ACC-2"):
        assert break_glass(door, ray, accession=number).status == 200
    connection = door.connect()
    connection.request("GET", f"/api/pacs/instances/{INSTANCE}/file", headers=ray)
    response = connection.getresponse()
    assert response.read(1000)
    assert json.loads(end(door, ray, study=STUDY).body) == {"ended": 1}
    assert dripped(response) < SIZE
    connection.close()
    # On every worker: each has been asked, and asked again.
    until(lambda: {door.get(f"/api/pacs/studies/{STUDY}", ray).status for _ in range(8)} == {404})
    assert door.get(f"/api/pacs/studies/{TWIN}", ray).status == 200
    record = of_ray(door, "glass.ended")[-1]
    assert (record["study"], record["study_uid"], record["patient"]) == (STUDY, "1.6.1", "GLASS-1")
    assert b"110138" in message(record)  # PS3.15: Emergency Override Stopped
    # Asked twice it is over as well.
    assert json.loads(end(door, ray, study=STUDY).body) == {"ended": 0}
    assert end(door, ray, session="another").status == 404
    for strange in ({}, {"study": STUDY, "session": "x"}, {"study": "x"}, {"session": 1}):
        assert end(door, ray, **strange).status == 400


def test_an_administrator_ends_it_and_nobody_else_does(door: Proxy, ray: Headers) -> None:
    for number in ("ACC-1", "ACC-2"):
        assert break_glass(door, ray, accession=number).status == 200
    boss, plain = (cookie(sign_in(door, name)) for name in ("boss", "plain"))
    listed = json.loads(door.get("/api/sessions", boss).body)["sessions"]
    [session] = [one["name"] for one in listed if one["emergency"] == 2]
    assert end(door, plain, session=session).status == 404
    assert door.get(f"/api/pacs/studies/{TWIN}", ray).status == 200
    assert json.loads(end(door, boss, session=session).body) == {"ended": 2}
    paths = [f"/api/pacs/studies/{study}" for study in (STUDY, TWIN)]
    until(lambda: [door.get(path, ray).status for path in paths] == [404, 404])
    told = [r for r in records(door) if (r["principal"], r["event"]) == ("boss", "glass.ended")]
    assert {record["study"] for record in told} == {STUDY, TWIN}
    assert {json.loads(record["detail"])["user"] for record in told} == {"ray"}
    # It may be opened once more: who needs it again says why again.
    assert break_glass(door, ray, accession="ACC-1").status == 200
    assert door.get(f"/api/pacs/studies/{STUDY}", ray).status == 200


def test_an_administrator_grants_it_and_takes_it_back(door: Proxy) -> None:
    boss = {**JSON, **cookie(sign_in(door, "boss"))}
    for may, status in [(True, 200), (False, 403)]:
        body = json.dumps({"break_glass": may}).encode()
        assert ask(door, "POST", "/api/users/plain", boss, body).status == 200
        plain = cookie(sign_in(door, "plain"))
        assert break_glass(door, plain, accession="ACC-1").status == status
    assert doorkeeper.users(settings(door))[1].split()[:3] == [
        "plain",
        "reader",
        "institutions=north",
    ]
    told = [json.loads(r["detail"]) for r in records(door) if r["event"] == "account.changed"]
    assert {"break_glass": True} in [one.get("change") for one in told]
