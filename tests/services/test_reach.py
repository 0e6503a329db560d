"""Who is restricted: every route by role and by own, foreign and unknown object, as specified."""

import base64
import json
import uuid
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from pacs_proxy import doorkeeper
from pacs_proxy.access.permissions import ACCOUNT_ROLES, ROLES
from pacs_proxy.access.restriction import Restriction, Traits
from pacs_proxy.database import Batch, Database, Result, StudyLabel, Upload
from pacs_proxy.services.route import Route
from pacs_proxy.services.routes import ROUTES
from tests.fakes import FakeOrthanc
from tests.fakes.store import orthanc_id
from tests.server import Answer, Proxy
from tests.services.test_access import (
    PASSWORD,
    ask,
    cookie,
    guest,
    records_of,
    settings,
    shared,
    sign_in,
)
from tests.waiting import until

DATA = bytes(128) + b"DICM" + bytes(3000)
NORTH = Restriction.of(institutions=["north "])
LEVELS = ("instance", "series", "study")
UIDS = ("objectUID", "seriesUID", "studyUID")
NAMES = ("own", "foreign", "unknown")
# These differ between any two answers.
PASSING = {"Date", "X-Request-Id", "Repr-Digest"}
Cookies = dict[str, dict[str, str]]


def uids(name: str) -> dict[str, str]:
    return {level: f"1.2.{NAMES.index(name)}.{n}" for n, level in enumerate(LEVELS)}


def identities(name: str) -> dict[str, str]:
    """Orthanc's of one study, and the UIDs as WADO-URI wants them."""
    named = uids(name)
    return {
        "instance": orthanc_id("reach", name),
        "series": orthanc_id("Series", named["series"]),
        "study": orthanc_id("Study", named["study"]),
        "wado": "&".join(f"{key}={uid}" for key, uid in zip(UIDS, named.values(), strict=True)),
    }


OWN, FOREIGN, UNKNOWN = map(identities, NAMES)


def add(orthanc: FakeOrthanc, name: str, institution: str, modality: str) -> None:
    named = uids(name)
    tags = {
        "PatientID": name,
        "InstitutionName": institution,
        "Modality": modality,
        "SOPInstanceUID": named["instance"],
        "SeriesInstanceUID": named["series"],
        "StudyInstanceUID": named["study"],
    }
    orthanc.add(orthanc_id("reach", name), DATA, tags=tags)


def fill(orthanc: FakeOrthanc) -> None:
    add(orthanc, "own", "NORTH", "CT")
    add(orthanc, "foreign", "SOUTH", "MR")


@pytest.fixture(scope="module")
def orthanc() -> Iterator[FakeOrthanc]:
    """Filled from the start: whoever makes links for the whole module needs the study."""
    with FakeOrthanc() as orthanc:
        fill(orthanc)
        yield orthanc


@pytest.fixture(autouse=True)
def stored(orthanc: FakeOrthanc) -> None:
    """Each time anew: an admin may delete it."""
    fill(orthanc)


@pytest.fixture(scope="module")
def door(orthanc: FakeOrthanc) -> Iterator[Proxy]:
    """For each role somebody restricted to one institution, and somebody who is not."""
    with Proxy(orthanc.url, sign_in=1, emergency_url="https://archive.example") as server:
        for role in ACCOUNT_ROLES:
            doorkeeper.add_user(settings(server), role, role, PASSWORD)
            doorkeeper.add_user(settings(server), f"free-{role}", role, PASSWORD)
            doorkeeper.restrict_user(settings(server), role, NORTH)
        yield server


@pytest.fixture(scope="module")
def cookies(door: Proxy) -> Cookies:
    names = [*ACCOUNT_ROLES, *(f"free-{role}" for role in ACCOUNT_ROLES)]
    found = {name: cookie(sign_in(door, name)) for name in names}
    return found | {
        # By whom a guest was let in says nothing about how far he reaches: to that study.
        "guest": guest(door, found["free-reader"], OWN["study"]),
        "free-guest": guest(door, found["reader"], OWN["study"]),
    }


def names_object(route: Route) -> bool:
    return any(f"<{level}>" in route.rule for level in LEVELS) or route.view == "images.wado"


# What else could lead to a study, and the test that says how far.
ELSEWHERE = {
    "studies.page": "test_the_list_is_of_what_is_within_reach",
    "uploads.create": "test_a_picture_is_not_added_to_a_foreign_study",
    "conflicts.listed": "test_conflicts_of_foreign_studies_are_not_there",
    "conflicts.show": "test_conflicts_of_foreign_studies_are_not_there",
    "conflicts.decide": "test_conflicts_of_foreign_studies_are_not_there",
    "deletions.progress": "test_the_deletion_of_a_foreign_study_is_not_there",
    "glass.open_study": "test_no_role_alone_opens_what_is_foreign",
    "glass.opened": "test_no_role_alone_opens_what_is_foreign",
    "shares.listed": "test_links_to_a_foreign_study_are_not_there",
    "shares.revoke": "test_links_to_a_foreign_study_are_not_there",
    # Whoever has its secret was let in to that study.
    "shares.enter": "test_a_foreign_object_is_as_one_that_is_not_there",
}
# Of one's own uploads only, of nobody's studies, or for who runs the machine.
NO_STUDY = {
    *("viewer.index", "viewer.asset", "studies.status", "references.begin"),
    *("uploads.options", "uploads.limits", "uploads.head", "uploads.patch", "uploads.cancel"),
    "uploads.pack",
    *("uploads.thumbnail", "batches.begin", "batches.recent", "batches.news", "batches.cancel"),
    *("batches.report", "session.current", "session.begin", "session.end"),
    "device.key",
    *("oidc.begin", "oidc.callback"),
    *("status.healthz", "status.readyz", "status.metrics", "studies.news", "trail.page"),
    *("people.listed", "people.add", "people.change", "trail.chain", "trail.csv"),
    "set_up.begin",
    *("preferences.listed", "preferences.change"),
    *("own.tokens", "own.make_token", "own.revoke_token"),
    *("own.sessions", "own.end_session", "own.end_others", "glass.end"),
    *("telemetry.report", "telemetry.figures", "telemetry.incident"),
}
CELLS = [
    (method, route, role)
    for route in ROUTES
    if names_object(route)
    for method in route.methods
    for role in ROLES
]


def test_of_every_route_it_is_known_how_it_is_kept_within_reach() -> None:
    """A new route that can lead to a study belongs in one of the two lists above."""
    others = {route.view for route in ROUTES if not names_object(route)}
    assert others - {*ELSEWHERE, *NO_STUDY} == set()
    assert set(ELSEWHERE.values()) <= set(globals())


def path_of(route: Route, about: dict[str, str]) -> str:
    if route.view == "images.wado":
        return f"/wado?requestType=WADO&{about['wado']}"
    path = route.rule.replace("<number>", "1")
    for level in LEVELS:
        path = path.replace(f"<{level}>", about[level])
    return path


def told(answer: Answer) -> tuple[int, Any, Any]:
    """All of an answer by which two could be told apart."""
    headers = {name: value for name, value in answer.headers.items() if name not in PASSING}
    body = {**answer.problem, "request_id": ""} if answer.body else None
    return answer.status, headers, body


@pytest.mark.parametrize(
    ("method", "route", "role"), CELLS, ids=[f"{m} {r.rule} {role}" for m, r, role in CELLS]
)
def test_a_foreign_object_is_as_one_that_is_not_there(
    door: Proxy, cookies: Cookies, method: str, route: Route, role: str
) -> None:
    foreign, unknown = (
        ask(door, method, path_of(route, about), cookies[role]) for about in (FOREIGN, UNKNOWN)
    )
    assert told(foreign) == told(unknown)
    assert foreign.status == (404 if route.permission in ROLES[role] else 403)
    if method == "DELETE" and route.permission in ROLES[role]:
        return  # below
    own, free = (
        ask(door, method, path_of(route, OWN), cookies[name]) for name in (role, f"free-{role}")
    )
    assert own.status == free.status
    assert (own.status in {403, 404}) == (route.permission not in ROLES[role])


@pytest.mark.parametrize("kind", ["file", "display"])
def test_the_short_way_keeps_within_reach(door: Proxy, cookies: Cookies, kind: str) -> None:
    connection = door.connect()
    for about in (OWN, FOREIGN, OWN, FOREIGN, UNKNOWN):
        path = f"/api/pacs/instances/{about['instance']}/{kind}"
        connection.request("GET", path, headers=cookies["reader"])
        response = connection.getresponse()
        response.read()
        assert (response.status == 404) == (about is not OWN)
    connection.close()


def test_the_list_is_of_what_is_within_reach(door: Proxy, cookies: Cookies) -> None:
    for query in ("", "?limit=1", "?patient_id=foreign", "?modality=MR", "?offset=1"):
        found = json.loads(door.get(f"/api/pacs/studies{query}", cookies["reader"]).body)
        names = [item["patient_id"] for item in found["items"]]
        assert names in ([], ["own"])
        assert found["total"] <= 1
        assert not found["more"]
    free = json.loads(door.get("/api/pacs/studies", cookies["free-reader"]).body)
    assert {item["patient_id"] for item in free["items"]} == {"own", "foreign"}


def test_deleting_within_reach_works(door: Proxy, cookies: Cookies) -> None:
    path = f"/api/pacs/instances/{OWN['instance']}"
    answer = ask(door, "DELETE", path, cookies["admin"])
    assert answer.status in {200, 202}
    job = json.loads(answer.body)["job"]
    assert door.get(f"/api/pacs/deletions/{job}", cookies["admin"]).status == 200


def test_the_deletion_of_a_foreign_study_is_not_there(
    door: Proxy, cookies: Cookies, orthanc: FakeOrthanc
) -> None:
    path = f"/api/pacs/instances/{FOREIGN['instance']}"
    job = json.loads(ask(door, "DELETE", path, cookies["free-admin"]).body)["job"]
    add(orthanc, "foreign", "SOUTH", "MR")
    theirs = ask(door, "GET", f"/api/pacs/deletions/{job}", cookies["admin"])
    assert told(theirs) == told(ask(door, "GET", "/api/pacs/deletions/99999", cookies["admin"]))
    assert theirs.status == 404


@pytest.mark.parametrize("role", ROLES)
def test_no_role_alone_opens_what_is_foreign(door: Proxy, cookies: Cookies, role: str) -> None:
    """It needs a grant to the account; tests/services/test_glass.py has one."""
    # A link ends when its study is deleted, as it was above.
    free, study = cookies["free-reader"], OWN["study"]
    who = guest(door, free, study) if role == "guest" else cookies[role]
    asked = json.dumps({"patient_id": "foreign", "reason": "He is in the resuscitation room."})
    for method, body in [("POST", asked.encode()), ("GET", b"")]:
        headers = {"Content-Type": "application/json", **who}
        assert ask(door, method, "/api/glass", headers, body).status == 403
    assert door.file(FOREIGN["instance"], who).status == 404


def test_links_to_a_foreign_study_are_not_there(
    door: Proxy, cookies: Cookies, orthanc: FakeOrthanc
) -> None:
    def ids(who: str) -> set[str]:
        return {
            one["id"] for one in json.loads(door.get("/api/shares", cookies[who]).body)["items"]
        }

    foreign, own = (
        json.loads(shared(door, cookies["free-reader"], about["study"]).body)["id"]
        for about in (FOREIGN, OWN)
    )
    assert {foreign, own} <= ids("free-admin")
    assert {foreign, own} & ids("admin") == {own}
    assert {foreign, own} & ids("free-technologist") == set()
    for name, number in [("admin", foreign), ("free-technologist", own)]:
        theirs = ask(door, "DELETE", f"/api/shares/{number}", cookies[name])
        assert told(theirs) == told(ask(door, "DELETE", "/api/shares/0", cookies[name]))
        assert theirs.status == 404
    assert ask(door, "DELETE", f"/api/shares/{own}", cookies["admin"]).status == 204
    assert ids("free-admin") & {foreign, own} == {foreign}


def test_a_picture_is_not_added_to_a_foreign_study(door: Proxy, cookies: Cookies) -> None:
    def create(about: dict[str, str]) -> Answer:
        target = base64.b64encode(json.dumps({"study": about["study"]}).encode()).decode()
        wanted = f"name {base64.b64encode(b'x.tif').decode()},target {target}"
        tus = {"Tus-Resumable": "1.0.0", "Upload-Length": "10", "Upload-Metadata": wanted}
        return ask(door, "POST", "/api/uploads", {**cookies["technologist"], **tus})

    assert create(OWN).status == 201
    assert told(create(FOREIGN)) == told(create(UNKNOWN))
    assert create(FOREIGN).status == 404


def test_conflicts_of_foreign_studies_are_not_there(door: Proxy, cookies: Cookies) -> None:
    with closing(Database(settings(door).database_address)) as database:
        numbers = [conflict(database, about["study"]) for about in (OWN, FOREIGN, UNKNOWN)]
    mine, free = cookies["technologist"], cookies["free-technologist"]

    def listed(who: dict[str, str]) -> list[int]:
        items = json.loads(door.get("/api/uploads/conflicts", who).body)["items"]
        return sorted(item["id"] for item in items)

    assert listed(mine) == numbers[:1]
    assert listed(free) == numbers
    nothing = [("GET", b""), ("POST", b'{"choice": "keep_archive"}')]
    for method, body in nothing:
        headers = {**mine, "Content-Type": "application/json"}
        answers = [
            told(ask(door, method, f"/api/uploads/conflicts/{n}", headers, body))
            for n in (*numbers[1:], 99_999)
        ]
        assert answers[0][0] == 404
        assert answers == answers[:1] * 3
    assert listed(free) == numbers


def conflict(database: Database, study: str) -> int:
    """Two versions of a file of this study; its number."""
    name = uuid.uuid4().hex
    made = {"created": 1.0, "batch_id": name}
    with database.write() as session:
        session.add(Batch(id=name, owner="free-technologist", created=1.0))
        session.flush()
        session.add(
            Upload(
                id=name, owner="free-technologist", length=1, progressed=1.0, state="done", **made
            )
        )
        session.flush()
        result = Result(upload_id=name, outcome="conflict", study=study, **made)
        session.add(result)
        session.flush()
        return result.id


def test_a_token_reaches_no_further_than_its_owner(door: Proxy) -> None:
    secret = doorkeeper.create_token(settings(door), "reader", "script", ["study.read"], 1)
    mine = {"Authorization": f"Bearer {secret}"}
    assert door.file(OWN["instance"], mine).status == 200
    assert door.file(FOREIGN["instance"], mine).status == 404


def test_asking_for_what_is_foreign_is_written_down(door: Proxy, cookies: Cookies) -> None:
    def denials() -> list[dict[str, Any]]:
        return [r for r in records_of(door, "reader") if r["event"] == "access.denied"]

    before = len(denials())
    assert door.file(FOREIGN["instance"], cookies["reader"]).status == 404
    after = denials()
    assert len(after) == before + 1
    assert FOREIGN["instance"] in json.dumps(after[-1])


@pytest.mark.parametrize(
    ("rule", "is_within"),
    [
        ({"labels": ["Disc 1"]}, True),
        ({"labels": ["disc 2"]}, False),
        ({"modalities": ["ct"]}, True),
        ({"modalities": ["MR"]}, False),
        ({"modalities": ["CT"], "labels": ["disc 2"]}, False),
        ({"modalities": ["MR", "CT"], "labels": [" DISC 1"], "institutions": ["North"]}, True),
    ],
)
def test_one_of_each_kind_that_is_named_is_needed(rule: dict[str, Any], is_within: bool) -> None:
    study = Traits(frozenset({"disc 1", "x"}), frozenset({"NORTH "}), frozenset({"CT", "SR"}))
    assert Restriction.of(**rule).permits(study) is is_within
    assert not Restriction.of(**rule).permits(Traits())


def test_our_own_labels_count(door: Proxy, cookies: Cookies) -> None:
    doorkeeper.add_user(settings(door), "labelled", "reader", PASSWORD)
    doorkeeper.restrict_user(settings(door), "labelled", Restriction.of(labels=["Teaching"]))
    mine = cookie(sign_in(door, "labelled"))
    assert door.file(OWN["instance"], mine).status == 404
    address = settings(door).database_address
    with closing(Database(address)) as database, database.write() as session:
        session.add(StudyLabel(study=OWN["study"], label="teaching", created=1.0))
    until(lambda: door.file(OWN["instance"], mine).status != 404)
    assert door.file(FOREIGN["instance"], mine).status == 404
