"""What the study list is searched in: a copy of the archive's own words, never its truth."""

from __future__ import annotations

from sqlalchemy import BigInteger, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from pacs_proxy.database import Base


class StudyRow(Base):
    """One study as the list shows it: patient data. `name_folded` and the like are searched.

    `seq` is the catalogue's number at the last change, `arrived` at the first sight of a study
    that came while we looked (else 0). Counts of one that is not `settled` may still grow.
    """

    __tablename__ = "study_rows"
    # Holds all that is searched and sorted by, newest last: a search reads nothing else.
    __table_args__ = (
        Index(
            "ix_study_rows_list",
            *("study_date", "study_time", "study", "name_folded", "id_folded"),
            *("accession_folded", "description_folded", "modalities", "patient_birth_date"),
            *("patient_sex", "series_count", "instance_count", "institution", "archive_labels"),
        ),
    )

    study: Mapped[str] = mapped_column(String(44), primary_key=True)
    study_uid: Mapped[str] = mapped_column(Text)
    patient_name: Mapped[str] = mapped_column(Text)
    patient_id: Mapped[str] = mapped_column(Text)
    patient_birth_date: Mapped[str] = mapped_column(Text)
    patient_sex: Mapped[str] = mapped_column(Text)
    study_date: Mapped[str] = mapped_column(Text)
    study_time: Mapped[str] = mapped_column(Text)
    description: Mapped[str] = mapped_column(Text)
    accession: Mapped[str] = mapped_column(Text)
    # Between spaces, so that one of them is found as a word.
    modalities: Mapped[str] = mapped_column(Text)
    series_count: Mapped[int]
    instance_count: Mapped[int]
    name_folded: Mapped[str] = mapped_column(Text)
    id_folded: Mapped[str] = mapped_column(Text)
    accession_folded: Mapped[str] = mapped_column(Text)
    description_folded: Mapped[str] = mapped_column(Text)
    # Asked by restrictions, in their spelling; labels between spaces, since none has one in it.
    institution: Mapped[str] = mapped_column(Text)
    archive_labels: Mapped[str] = mapped_column(Text)
    settled: Mapped[bool]
    arrived: Mapped[int] = mapped_column(BigInteger)
    seq: Mapped[int] = mapped_column(BigInteger)


class Catalogue(Base):
    """One row: how far the archive's changes were followed, and the number of our own changes."""

    __tablename__ = "catalogue"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    followed: Mapped[int] = mapped_column(BigInteger)
    seq: Mapped[int] = mapped_column(BigInteger)
    complete: Mapped[bool]
