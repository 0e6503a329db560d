"""The report of a batch: every file with what became of it, and whose images they are."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from pacs_proxy.archive.studies import Studies
from pacs_proxy.archive.summaries import SeriesSummary, StudySummary
from pacs_proxy.database import Batch, Result, Upload
from pacs_proxy.errors import NotFound
from pacs_proxy.upstream.interest import Interest

_HEAD = (
    *("file", "member", "state", "outcome", "reason", "patient_name", "patient_id"),
    *("study_date", "study_description", "accession", "modality", "series_description"),
    *("instance", "md5", "bytes"),
)
# What spreadsheet programs take for the beginning of a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_KEPT = frozenset({"stored", "duplicate"})
_PATIENT = ("patient_name", "patient_id", "patient_birth_date", "patient_sex")


class Report:
    """One batch, with the archive's own words for its studies; those since deleted have none."""

    def __init__(
        self,
        batch: Batch,
        uploads: Sequence[Upload],
        results: Sequence[Result],
        studies: Studies,
        interest: Interest,
    ) -> None:
        self._batch, self._uploads, self._results = batch, uploads, results
        self._of: dict[str, list[Result]] = {}
        for result in results:
            self._of.setdefault(result.upload_id, []).append(result)
        self._studies: dict[str, StudySummary] = {}
        self._series: dict[str, SeriesSummary] = {}
        for study in sorted({result.study for result in results if result.study}):
            self._look_up(studies, study, interest)

    def as_csv(self) -> str:
        """One line a file, or a member of an archive; with a byte order mark, for Excel."""
        text = io.StringIO()
        writer = csv.writer(text)
        writer.writerow(_HEAD)
        for upload, result in self._lines():
            writer.writerow([safe(cell) for cell in self._cells(upload, result)])
        return "\ufeff" + text.getvalue()

    def as_json(self) -> dict[str, Any]:
        """Patients with their studies and series, how many images of each came, and the rejects."""
        return {
            "batch": self._batch.id,
            "label": self._batch.label,
            "source": self._batch.source,
            "created": self._batch.created,
            "files": len(self._uploads),
            "outcomes": dict(Counter(result.outcome for result in self._results)),
            "patients": self._patients(),
            "rejects": self._rejects(),
        }

    def _look_up(self, studies: Studies, study: str, interest: Interest) -> None:
        try:
            found, series = studies.study(study, interest)
        except NotFound:
            return
        self._studies[study] = found
        self._series |= {item.id: item for item in series}

    def _cells(self, upload: Upload, result: Result | None) -> list[object]:
        if result is None:
            return [upload.name, "", upload.state, "", upload.detail, *[""] * 9, upload.length]
        study = self._studies.get(result.study or "")
        series = self._series.get(result.series or "")
        whose = (
            [study.patient_name, study.patient_id, study.study_date, study.description]
            if study
            else [""] * 4
        )
        of_series = [series.modality, series.description] if series else ["", ""]
        return [
            *(upload.name, result.member, upload.state, result.outcome, result.detail),
            *(*whose, study.accession if study else "", *of_series),
            *(result.instance, result.md5, result.size),
        ]

    def _patients(self) -> list[dict[str, Any]]:
        counts = Counter(r.series for r in self._results if r.outcome in _KEPT and r.series)
        whole: dict[tuple[str, ...], list[dict[str, Any]]] = {}
        for key, study in self._studies.items():
            of_study = {r.series for r in self._results if r.study == key and r.series}
            series = [
                {**asdict(self._series[name]), "received": counts[name]}
                for name in sorted(of_study & self._series.keys())
            ]
            patient = tuple(getattr(study, name) for name in _PATIENT)
            whole.setdefault(patient, []).append({**asdict(study), "series": series})
        return [
            {**dict(zip(_PATIENT, patient, strict=True)), "studies": studies}
            for patient, studies in whole.items()
        ]

    def _rejects(self) -> list[dict[str, Any]]:
        """What is not in the archive, and why."""
        return [
            {
                "file": upload.name,
                "member": result.member if result else "",
                "outcome": result.outcome if result else upload.state,
                "code": result.code if result else upload.code,
                "reason": result.detail if result else upload.detail,
            }
            for upload, result in self._lines()
            if result is None or result.outcome not in _KEPT
        ]

    def _lines(self) -> Iterator[tuple[Upload, Result | None]]:
        """Each file with each of its results; None for one that has no result (yet)."""
        for upload in self._uploads:
            found = self._of.get(upload.id)
            yield from ((upload, result) for result in found) if found else [(upload, None)]


def safe(cell: object) -> str:
    """A cell that no spreadsheet program runs as a formula (OWASP, CSV injection)."""
    text = "" if cell is None else str(cell)
    return f"'{text}" if text.startswith(_FORMULA) else text
