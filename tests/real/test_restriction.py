"""Before real Orthancs, what is out of somebody's reach is nowhere: no list, no image, no file."""

import json
import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any
from urllib.request import Request, urlopen

import pytest
from pydicom import dcmread, dcmwrite
from pydicom.data import get_testdata_file
from pydicom.filebase import DicomBytesIO
from pydicom.uid import UID

from pacs_proxy import doorkeeper
from pacs_proxy.access.restriction import Restriction
from pacs_proxy.database import Database, StudyLabel
from pacs_proxy.demo.orthanc import ThrowawayOrthanc
from tests.real.studies import Held, asked, stored
from tests.server import Proxy
from tests.services.test_access import PASSWORD, cookie, settings, sign_in
from tests.waiting import PATIENCE

pytestmark = [pytest.mark.orthanc, pytest.mark.timeout(900)]

Jar = dict[str, str]
RULES = {
    "label": Restriction.of(labels=["Trial"]),
    "institution": Restriction.of(institutions=["north"]),
    "modality": Restriction.of(modalities=["ct"]),
}


def image(study: int, institution: str, modality: str) -> bytes:
    dataset = dcmread(str(get_testdata_file("CT_small.dcm")))
    dataset.PatientName, dataset.PatientID = f"Reach^{study}", f"R{study}"
    dataset.InstitutionName, dataset.Modality = institution, modality
    root = f"1.2.77.{study}"
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = UID(root), UID(f"{root}.1")
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = UID(f"{root}.1.1")
    target = DicomBytesIO()
    dcmwrite(target, dataset)
    return target.getvalue()


@pytest.fixture(scope="module")
def held(any_orthanc: ThrowawayOrthanc) -> list[Held]:
    """One that each rule permits, and one that none does."""
    about = [("North", "CT"), ("South", "MR")]
    return [stored(any_orthanc, image(number, *what)) for number, what in enumerate(about, start=1)]


@pytest.fixture(scope="module")
def door(any_orthanc: ThrowawayOrthanc, held: list[Held]) -> Iterator[Proxy]:
    with Proxy(any_orthanc.url, sign_in=1) as server:
        for name, rule in RULES.items():
            doorkeeper.add_user(settings(server), name, "reader", PASSWORD)
            doorkeeper.restrict_user(settings(server), name, rule)
        doorkeeper.add_user(settings(server), "free", "reader", PASSWORD)
        give(server, held[0].study)
        yield server


def give(server: Proxy, study: str, label: str = "trial") -> None:
    address = settings(server).database_address
    with closing(Database(address)) as database, database.write() as session:
        session.add(StudyLabel(study=study, label=label, created=time.time()))


def listed(server: Proxy, jar: Jar, query: str = "") -> dict[str, Any]:
    answer = server.get(f"/api/pacs/studies{query}", jar)
    assert answer.status == 200, answer.body
    found: dict[str, Any] = json.loads(answer.body)
    return found


def addresses(one: Held) -> list[str]:
    uids = f"1.2.77.{(one.data.find(b'Reach^1') < 0 and 2) or 1}"
    wado = f"/wado?requestType=WADO&studyUID={uids}&seriesUID={uids}.1&objectUID={uids}.1.1"
    instance = f"/api/pacs/instances/{one.instance}"
    return [
        f"/api/pacs/studies/{one.study}",
        f"/api/pacs/series/{one.series}",
        *(f"{instance}/{kind}" for kind in ("file", "display", "compact", "download")),
        f"{instance}/rendered?size=64",
        f"{instance}/frames/1",
        f"/api/pacs/studies/{one.study}/download",
        f"/api/pacs/series/{one.series}/download",
        f"/api/pacs/studies/{one.study}/measurements",
        wado,
        f"{wado}&contentType=image/png",
    ]


@pytest.mark.parametrize("name", [*RULES, "free"])
def test_what_is_within_is_whole_and_what_is_not_is_nowhere(
    door: Proxy, held: list[Held], name: str
) -> None:
    jar = cookie(sign_in(door, name))
    own, foreign = held
    assert [door.get(path, jar).status for path in addresses(own)] == [200] * 13
    expected = 200 if name == "free" else 404
    assert [door.get(path, jar).status for path in addresses(foreign)] == [expected] * 13


@pytest.mark.parametrize("name", RULES)
def test_lists_and_searches_count_what_is_within_alone(
    door: Proxy, held: list[Held], name: str
) -> None:
    jar = cookie(sign_in(door, name))
    for query, count in (("", 1), ("?patient_name=reach", 1), ("?patient_id=R2", 0),
                         ("?limit=1", 1), ("?limit=1&offset=1", 0)):  # fmt: skip
        found = listed(door, jar, query)
        assert [one["id"] for one in found["items"]] == [held[0].study][:count], query
        assert (found["total"] <= 1, found["more"]) == (True, False)
    free = listed(door, cookie(sign_in(door, "free")))
    assert free["total"] == 2


def test_labels_of_the_archive_are_followed_both_ways(
    door: Proxy, held: list[Held], any_orthanc: ThrowawayOrthanc
) -> None:
    if asked(any_orthanc, "/tools/labels") is None:
        pytest.skip("This Orthanc has no labels (1.12 and later have)")
    jar, study = cookie(sign_in(door, "label")), held[1].study

    def until(count: int, method: str) -> None:
        path = f"{any_orthanc.url}/studies/{study}/labels/Trial"
        urlopen(Request(path, b"" if method == "PUT" else None, method=method)).close()
        deadline = time.monotonic() + PATIENCE
        while listed(door, jar)["total"] != count:
            assert time.monotonic() < deadline
            time.sleep(0.2)
        while (door.file(held[1].instance, jar).status == 200) != (count == 2):
            assert time.monotonic() < deadline
            time.sleep(0.2)

    assert listed(door, jar)["total"] == 1
    until(2, "PUT")
    until(1, "DELETE")
