"""Which study an instance or a series belongs to. Orthanc's identifiers never change parents."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock
from typing import Any

from pacs_proxy.archive.recent import Recent
from pacs_proxy.archive.studies import understood
from pacs_proxy.archive.summaries import StudySummary
from pacs_proxy.upstream.client import Client
from pacs_proxy.upstream.interest import Interest

# A study of thousands of slices must not push out its own beginning.
_INSTANCES, _SERIES, _STUDIES = 50_000, 5_000, 2_000
# Slices of one series are asked for at once: one question answers for all of them.
_TURN_SECONDS = 0.05


@dataclass(frozen=True)
class Origin:
    """A study by Orthanc's name and by DICOM's, and its patient's identifier."""

    id: str
    uid: str
    patient: str


class Lineage:
    """Remembers what lists told it, and asks for the rest: once for each series."""

    def __init__(self, client: Client) -> None:
        self._client, self._turn = client, Lock()
        self._of_instance: Recent[str] = Recent(_INSTANCES)
        self._of_series: Recent[str] = Recent(_SERIES)
        self._origins: Recent[Origin] = Recent(_STUDIES)

    def of_instance(self, instance: str, interest: Interest) -> str:
        """Its study's identifier. Raises NotFound, Unreachable, Refused."""
        if study := self._of_instance.get(instance):
            return study
        with self._in_turn():
            if study := self._of_instance.get(instance):
                return study
            return self._learn(self._client.get(f"/instances/{instance}/series", interest))

    def of_series(self, series: str, interest: Interest) -> str:
        """Its study's identifier. Raises NotFound, Unreachable, Refused."""
        if study := self._of_series.get(series):
            return study
        return self._learn(self._client.get(f"/series/{series}", interest))

    def origin(self, study: str, interest: Interest) -> Origin:
        """Whose study it is. Raises NotFound, Unreachable, Refused."""
        if known := self._origins.get(study):
            return known
        return self._met(self._client.get(f"/studies/{study}", interest))

    def met(self, study: StudySummary) -> None:
        """A list named it."""
        self._origins.keep(study.id, Origin(study.id, study.study_uid, study.patient_id))

    def belong(self, instances: Iterable[str], series: str, study: str) -> None:
        """A list said so."""
        self._of_series.keep(series, study)
        for instance in instances:
            self._of_instance.keep(instance, study)

    @understood()
    def _learn(self, answer: Any) -> str:
        study = str(answer["ParentStudy"])
        self.belong(answer["Instances"], answer["ID"], study)
        return study

    @understood()
    def _met(self, answer: Any) -> Origin:
        tags = {**answer.get("PatientMainDicomTags", {}), **answer.get("MainDicomTags", {})}
        uid, patient = (str(tags.get(name, "")) for name in ("StudyInstanceUID", "PatientID"))
        found = Origin(answer["ID"], uid.strip(" \0"), patient.strip(" \0"))
        self._origins.keep(found.id, found)
        return found

    @contextmanager
    def _in_turn(self) -> Iterator[None]:
        """After one who may be asking the same; but nobody waits long for a slow archive."""
        is_ours = self._turn.acquire(timeout=_TURN_SECONDS)
        try:
            yield
        finally:
            if is_ours:
                self._turn.release()
