"""How long a page and a search of the study list take with 100 000 studies.

The studies are generated into the catalogue, beside a scripted archive that agrees with their
number: storing as many in a real Orthanc takes hours. So this is the server's whole time for an
answer, with the archive's share of a quick one, for a reader of everything and for restricted
ones. `python -m bench.worklist [studies]`.
"""

import json
import sys
import time
from collections.abc import Iterator
from random import Random
from statistics import median
from urllib.parse import urlencode

from sqlalchemy import insert

from pacs_proxy import doorkeeper
from pacs_proxy.access.restriction import Restriction
from pacs_proxy.archive.searching import folded
from pacs_proxy.archive.tables import Catalogue, StudyRow
from pacs_proxy.database import Database
from pacs_proxy.settings import Settings
from tests.fakes import FakeOrthanc
from tests.fakes.store import orthanc_id
from tests.server import Proxy
from tests.services.test_access import PASSWORD, cookie, sign_in

ROUNDS = 15
ENDINGS = ("ler", "cia", "th", "ak", "nov", "berg")
FAMILIES = [f"{a}{b}{c}" for a in ("Mül", "Gar", "Smi", "Now", "Iva")
            for b in ENDINGS for c in ("", "son", "ova", "mann")]  # fmt: skip
GIVEN = ["Jane", "Jürgen", "Tarou", "Amélie", "Olga", "Ahmed", "Lucía", "Wei"]
Jar = dict[str, str]
READERS = {
    "everything": None,
    "one-institution": Restriction.of(institutions=["North"]),
    "one-label": Restriction.of(labels=["Trial"]),
    "all-three": Restriction.of(["trial"], ["north", "south"], ["ct"]),
}
QUESTIONS: dict[str, dict[str, object]] = {
    "first page": {},
    "page 1 000": {"offset": 50_000},
    "last page": {"offset": 99_950},
    "by name, ascending": {"sort": "patient_name", "order": "asc"},
    "by images, far": {"sort": "images", "offset": 50_000},
    "name": {"patient_name": "jürgen mül"},
    "name, none": {"patient_name": "nobody here"},
    "patient's ID": {"patient_id": "P0012345"},
    "birth date": {"birth_date": "19700101"},
    "date range, modality": {"date_from": "20200101", "date_to": "20201231", "modality": "MR"},
    "accession": {"accession": "A0099"},
    "description": {"description": "thorax"},
    "source": {"source": "modality"},
    "label": {"label": "usb"},
    "all at once": {"patient_name": "jane", "modality": "CT", "description": "thorax",
                    "date_from": "20150101", "source": "modality", "sort": "patient_name"},
}  # fmt: skip


def rows(count: int) -> Iterator[dict[str, object]]:
    random = Random(7)
    for number in range(count):
        name = f"{random.choice(FAMILIES)}^{random.choice(GIVEN)}"
        about = random.choice(["CT Thorax", "MR Brain", "Knee left", "Mammography", "CT Abdomen"])
        accession, patient = f"A{number:07}", f"P{number // 3:07}"
        yield {
            "study": orthanc_id("bench", str(number)),
            "study_uid": f"1.2.826.0.1.{number}",
            "patient_name": name,
            "patient_id": patient,
            "patient_birth_date": f"{random.randrange(1930, 2020)}0{random.randrange(1, 9)}01",
            "patient_sex": random.choice("MF"),
            "study_date": f"{random.randrange(2010, 2027)}{random.randrange(10, 13)}"
            f"{random.randrange(10, 29)}",
            "study_time": f"{random.randrange(10, 24)}3011",
            "description": about,
            "accession": accession,
            "modalities": f" {random.choice(['CT', 'MR', 'CR', 'CT SR'])} ",
            "series_count": random.randrange(1, 9),
            "instance_count": random.randrange(1, 2000),
            "name_folded": folded(name),
            "id_folded": patient.casefold(),
            "accession_folded": accession.casefold(),
            "description_folded": folded(about),
            "institution": random.choice(["north", "south", "east wing", ""]),
            "archive_labels": random.choice(["  ", "  ", "  ", " trial "]),
            "settled": True,
            "arrived": 0,
            "seq": 1,
        }


def fill(server: Proxy, count: int) -> None:
    settings = Settings(data_dir=str(server.data))
    database = Database(settings.database_address)
    with database.write() as session:
        session.merge(Catalogue(id=1, followed=0, seq=1, complete=True))
        session.execute(insert(StudyRow), list(rows(count)))
    database.close()


def measured(server: Proxy, query: dict[str, object], who: Jar) -> tuple[float, float, int]:
    """Median and worst in milliseconds, and how many were found."""
    took, total = [], 0
    path = f"/api/pacs/studies?{urlencode({'limit': 50, **query})}"
    for _ in range(ROUNDS):
        began = time.perf_counter()
        answer = server.get(path, who)
        took.append((time.perf_counter() - began) * 1000)
        assert answer.status == 200, answer.body
        total = json.loads(answer.body)["total"]
    return median(took), max(took), total


def main(count: int) -> None:
    with FakeOrthanc(idle=None) as orthanc, Proxy(orthanc.url, sign_in=1) as server:
        orthanc.set_answer("GET /statistics", {"CountStudies": count})
        fill(server, count)
        orthanc.set_answer("GET /tools/labels", ["trial"])
        orthanc.set_answer("POST /tools/find", labelled(count))
        print(f"{count:,} studies, SQLite, one worker; milliseconds, {ROUNDS} times each")
        for name, rule in READERS.items():
            doorkeeper.add_user(Settings(data_dir=str(server.data)), name, "reader", PASSWORD)
            doorkeeper.restrict_user(Settings(data_dir=str(server.data)), name, rule)
            table(server, name)


def labelled(count: int) -> list[str]:
    """As the archive would answer: the catalogue agrees with it."""
    return [str(row["study"]) for row in rows(count) if row["archive_labels"] == " trial "]


def table(server: Proxy, name: str) -> None:
    print(f"{name:24}{'median':>8}{'worst':>8}{'found':>10}")
    who = cookie(sign_in(server, name))
    for question, query in QUESTIONS.items():
        middle, worst, total = measured(server, query, who)
        print(f"{question:24}{middle:8.0f}{worst:8.0f}{total:10,}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
