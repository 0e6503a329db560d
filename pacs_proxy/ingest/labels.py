"""Labels of studies: kept here, outside their DICOM."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import func, select

from pacs_proxy.database import Database, StudyLabel

# So many studies of one label are gone through; a search that finds more is too wide.
MOST = 2_000


class Labels:
    """Which studies bear which labels."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, studies: Iterable[str]) -> dict[str, list[str]]:
        """The labels of each of these studies that has any."""
        found: dict[str, list[str]] = {}
        wanted = select(StudyLabel.study, StudyLabel.label).where(StudyLabel.study.in_(studies))
        with self._database.read() as session:
            for study, label in session.execute(wanted.order_by(StudyLabel.label)):
                found.setdefault(study, []).append(label)
        return found

    def studies(self, text: str) -> list[str]:
        """Studies with a label that contains the text, the latest labelled first."""
        contains = func.lower(StudyLabel.label).contains(text.lower(), autoescape=True)
        latest = func.max(StudyLabel.created)
        wanted = select(StudyLabel.study).where(contains).group_by(StudyLabel.study)
        with self._database.read() as session:
            return list(session.scalars(wanted.order_by(latest.desc()).limit(MOST)))
