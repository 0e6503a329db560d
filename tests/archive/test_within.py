"""A restriction asked of the whole catalogue at once finds exactly what the rule permits."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import fields
from itertools import product
from pathlib import Path

import pytest

from pacs_proxy.access.restriction import Restriction, Traits
from pacs_proxy.archive import searching
from pacs_proxy.archive.searching import Wanted, row_of
from pacs_proxy.archive.studies import Search
from pacs_proxy.archive.summaries import StudySummary
from pacs_proxy.database import Database, StudyLabel
from tests.tables import lay

LABELS = ((), ("trial",), ("Trial-2", "ward"), ("Ströme",), ("trial_2",))
INSTITUTIONS = ("", "NORTH ", "Süd%", "north wing")
MODALITIES = (("CT",), ("CT", "SR"), ("MR",), ())
RULES = [
    {"labels": ["TRIAL"]},
    {"labels": ["trial-2", "STRÖME"]},
    {"labels": ["trial 2"]},
    {"labels": ["trial_2"]},
    {"labels": ["%"]},
    {"institutions": ["north"]},
    {"institutions": ["SÜD%", "nowhere"]},
    {"modalities": ["ct"]},
    {"modalities": ["sr", "mr"]},
    {"modalities": ["c"]},
    {"labels": ["trial", "ward"], "institutions": ["North"], "modalities": ["CT"]},
]
STUDIES = {
    f"study-{number}": Traits(frozenset(labels), frozenset({place} - {""}), frozenset(kinds))
    for number, (labels, place, kinds) in enumerate(product(LABELS, INSTITUTIONS, MODALITIES))
}


def summary(study: str, traits: Traits) -> StudySummary:
    names = {one.name for one in fields(StudySummary)}
    texts = dict.fromkeys(names - {"id", "modalities", "series_count", "instance_count"}, "")
    kinds = tuple(sorted(traits.modalities))
    return StudySummary(id=study, modalities=kinds, series_count=1, instance_count=1, **texts)


@pytest.fixture(scope="module", params=["archive", "ours"])
def database(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Database]:
    """The labels are the archive's own, or ours; either counts."""
    path: Path = tmp_path_factory.mktemp("within") / "x.db"
    with closing(Database(lay(path))) as made:
        with made.write() as session:
            for study, traits in STUDIES.items():
                said = traits
                if request.param == "ours":
                    said = Traits(frozenset(), traits.institutions, traits.modalities)
                    session.add_all(
                        StudyLabel(study=study, label=label, created=1.0) for label in traits.labels
                    )
                session.add(row_of(summary(study, traits), said, settled=True))
        yield made


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_the_catalogue_finds_what_the_rule_permits(
    database: Database, rule: dict[str, list[str]]
) -> None:
    within = Restriction.of(**rule)
    expected = {study for study, traits in STUDIES.items() if within.permits(traits)}
    found = searching.page(database, Wanted(Search(), within=within), 200, 0)
    assert {row.study for row in found.rows} == expected
    assert found.total == len(expected)
    some = searching.page(database, Wanted(Search(), within=within), 3, 1)
    assert some.total == len(expected)
    assert len(some.rows) == max(0, min(3, len(expected) - 1))
