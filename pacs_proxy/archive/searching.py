"""Searching and sorting the catalogue: a reader's words become conditions on its rows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, exists, false, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from pacs_proxy.access.restriction import Restriction, Traits, plain
from pacs_proxy.archive.studies import Search
from pacs_proxy.archive.summaries import StudySummary
from pacs_proxy.archive.tables import StudyRow
from pacs_proxy.database import Batch, Database, Result, StudyLabel

# Indexes hold so much of a text at most; what is longer is searched by its beginning.
_INDEXED = 96
_LABELLED = 256
_WILD = re.compile(r"[*?]")
_APART = re.compile(r"[\s^=,]+")
UPLOADED, USB, MODALITY = "uploaded", "usb", "modality"
SOURCES = ("", UPLOADED, USB, MODALITY)

_Column = InstrumentedAttribute[Any]
_SORTS: Mapping[str, Sequence[_Column]] = {
    "study_date": (StudyRow.study_date, StudyRow.study_time),
    "patient_name": (StudyRow.name_folded,),
    "patient_id": (StudyRow.id_folded,),
    "birth_date": (StudyRow.patient_birth_date,),
    "sex": (StudyRow.patient_sex,),
    "modality": (StudyRow.modalities,),
    "description": (StudyRow.description_folded,),
    "accession": (StudyRow.accession_folded,),
    "series": (StudyRow.series_count,),
    "images": (StudyRow.instance_count,),
}
SORTS = tuple(_SORTS)


@dataclass(frozen=True)
class Wanted:
    """What the catalogue is asked besides `Search`, and in which order; empty means anything."""

    search: Search
    label: str = ""
    source: str = ""
    sort: str = SORTS[0]
    descending: bool = True
    within: Restriction | None = None


@dataclass(frozen=True)
class Found:
    """A page of rows, and how many there are in all."""

    rows: Sequence[StudyRow]
    total: int


def folded(text: str) -> str:
    """As it is searched: without case, its parts by single spaces."""
    return _APART.sub(" ", text.casefold()).strip()[:_INDEXED]


def row_of(
    study: StudySummary, traits: Traits, settled: bool, arrived: int = 0, seq: int = 0
) -> StudyRow:
    """A study's row."""
    return StudyRow(
        study=study.id,
        study_uid=study.study_uid,
        patient_name=study.patient_name,
        patient_id=study.patient_id,
        patient_birth_date=study.patient_birth_date[:16],
        patient_sex=study.patient_sex[:16],
        study_date=study.study_date[:16],
        study_time=study.study_time[:16],
        description=study.description,
        accession=study.accession,
        modalities=_spaced(study.modalities)[:_INDEXED],
        series_count=study.series_count,
        instance_count=study.instance_count,
        name_folded=folded(study.patient_name),
        id_folded=study.patient_id.casefold()[:_INDEXED],
        accession_folded=study.accession.casefold()[:_INDEXED],
        description_folded=folded(study.description),
        institution=" ".join(map(plain, traits.institutions))[:_INDEXED],
        archive_labels=_spaced(sorted(map(plain, traits.labels)))[:_LABELLED],
        settled=settled,
        arrived=arrived,
        seq=seq,
    )


def is_same(one: StudyRow, other: StudyRow) -> bool:
    """Whether two rows say the same of a study, whenever that was."""
    names = set(StudyRow.__table__.columns.keys()) - {"arrived", "seq"}
    return all(getattr(one, name) == getattr(other, name) for name in names)


def summary_of(row: StudyRow) -> StudySummary:
    """The study of a row."""
    return StudySummary(
        id=row.study,
        study_uid=row.study_uid,
        patient_name=row.patient_name,
        patient_id=row.patient_id,
        patient_birth_date=row.patient_birth_date,
        patient_sex=row.patient_sex,
        study_date=row.study_date,
        study_time=row.study_time,
        description=row.description,
        accession=row.accession,
        modalities=tuple(row.modalities.split()),
        series_count=row.series_count,
        instance_count=row.instance_count,
    )


def page(database: Database, wanted: Wanted, limit: int, offset: int) -> Found:
    """`limit` rows from `offset`. Raises DatabaseUnavailable."""
    conditions = _conditions(wanted)
    if wanted.within:
        conditions += _within(wanted.within, database)
    columns = [*_SORTS[wanted.sort], StudyRow.study]
    order = [column.desc() if wanted.descending else column.asc() for column in columns]
    # Names first: they are in the index, whole rows are all over the table.
    named = select(StudyRow.study).where(*conditions).order_by(*order).limit(limit).offset(offset)
    count = select(func.count()).select_from(StudyRow).where(*conditions)
    with database.read() as session:
        names = session.scalars(named).all()
        is_last = len(names) < limit and (names or not offset)
        total = offset + len(names) if is_last else session.scalar(count) or 0
        rows = session.scalars(select(StudyRow).where(StudyRow.study.in_(names)))
        found = {row.study: row for row in rows}
    return Found([found[name] for name in names if name in found], total)


def sources(database: Database, studies: Sequence[str]) -> dict[str, str]:
    """How each of these came: by USB or disc, uploaded otherwise, else from a modality."""
    wanted = select(Result.study, Batch.source).distinct().join(Batch, Batch.id == Result.batch_id)
    found: dict[str, str] = dict.fromkeys(studies, MODALITY)
    with database.read() as session:
        for study, source in session.execute(wanted.where(Result.study.in_(studies))).tuples():
            assert study  # noqa: S101 - for the type checker
            found[study] = USB if USB in (source, found[study]) else UPLOADED
    return found


def _conditions(wanted: Wanted) -> list[ColumnElement[bool]]:
    search = wanted.search
    conditions = [
        *_words(StudyRow.name_folded, folded(search.patient_name)),
        *_words(StudyRow.description_folded, folded(search.description)),
        *_text(StudyRow.id_folded, search.patient_id.casefold().strip()),
        *_text(StudyRow.accession_folded, search.accession.casefold().strip()),
    ]
    if search.modality:
        conditions.append(StudyRow.modalities.contains(f" {search.modality} ", autoescape=True))
    if search.date_from:
        conditions.append(StudyRow.study_date >= search.date_from)
    if search.date_to:
        conditions += [StudyRow.study_date <= search.date_to, StudyRow.study_date != ""]
    if search.birth_date:
        conditions.append(StudyRow.patient_birth_date == search.birth_date)
    if wanted.label:
        conditions.append(_is_labelled(wanted.label))
    return conditions + (_came_by(wanted.source) if wanted.source else [])


def _within(rule: Restriction, database: Database) -> list[ColumnElement[bool]]:
    """As `Restriction.permits` judges, of whole rows at once: one of each kind that is named."""
    conditions = list[ColumnElement[bool]]()
    if rule.institutions:
        conditions.append(StudyRow.institution.in_(rule.institutions))
    if rule.modalities:
        lowered = func.lower(StudyRow.modalities)
        conditions.append(or_(*(_one_of(lowered, name) for name in rule.modalities)))
    if rule.labels:
        archive = [bears(name) for name in rule.labels]
        conditions.append(or_(*archive, _bears_ours(rule, database)))
    return conditions


def bears(label: str) -> ColumnElement[bool]:
    """Whether the archive itself gave a study this label, in a restriction's spelling."""
    return _one_of(StudyRow.archive_labels, label)


def _one_of(spaced: ColumnElement[Any] | _Column, word: str) -> ColumnElement[bool]:
    if " " in word:
        return false()
    return spaced.contains(f" {word} ", autoescape=True)


def _bears_ours(rule: Restriction, database: Database) -> ColumnElement[bool]:
    """SQLite's own lower() knows no letters but English ones: the few labels are compared here."""
    with database.read() as session:
        there = session.scalars(select(StudyLabel.label).distinct()).all()
    meant = [label for label in there if plain(label) in rule.labels]
    return exists().where(StudyLabel.study == StudyRow.study, StudyLabel.label.in_(meant))


def _spaced(words: Iterable[str]) -> str:
    return f" {' '.join(words)} "


def _words(column: _Column, text: str) -> list[ColumnElement[bool]]:
    """Each word, in any order: "john doe" finds DOE^JOHN."""
    return [condition for word in text.split() for condition in _text(column, word)]


def _text(column: _Column, text: str) -> list[ColumnElement[bool]]:
    """Anywhere, unless the reader placed wildcards."""
    if not text:
        return []
    if not _WILD.search(text):
        return [column.contains(text, autoescape=True)]
    literal = re.sub(r"([\\%_])", r"\\\1", text)
    return [column.like(literal.replace("*", "%").replace("?", "_"), escape="\\")]


def _is_labelled(text: str) -> ColumnElement[bool]:
    contains = func.lower(StudyLabel.label).contains(text.lower(), autoescape=True)
    return exists().where(StudyLabel.study == StudyRow.study, contains)


def _came_by(source: str) -> list[ColumnElement[bool]]:
    of_study: Select[Any] = (
        select(Result.id)
        .join(Batch, Batch.id == Result.batch_id)
        .where(Result.study == StudyRow.study)
    )
    by_usb, by_any = of_study.where(Batch.source == USB).exists(), of_study.exists()
    ways: dict[str, list[ColumnElement[bool]]] = {
        USB: [by_usb],
        UPLOADED: [by_any, ~by_usb],
        MODALITY: [~by_any],
    }
    return ways[source]
