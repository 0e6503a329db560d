"""Reports into the archive, each proven there, and out of it again, the newest one."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from io import BytesIO

from pydicom import Dataset, dcmread

from pacs_proxy.archive.instances import Instances
from pacs_proxy.archive.studies import Studies
from pacs_proxy.errors import BadRequest, Doubtful
from pacs_proxy.errors.uploads import BeingDeleted
from pacs_proxy.ingest.deposit import STORED, Deposited, Depositor
from pacs_proxy.ingest.identity import Identity
from pacs_proxy.ingest.staged import Acknowledged, Staged
from pacs_proxy.measurements.marks import Mark
from pacs_proxy.measurements.pledges import Pledges
from pacs_proxy.measurements.reading import Report, read
from pacs_proxy.measurements.report import MAKER, written
from pacs_proxy.upstream.interest import Interest

# Reports of people are some kilobytes; others of the same modality may be anything.
_LARGEST_REPORT = 8 << 20
_MOST_IMAGES = 100
_BEING_DELETED = (
    "Something of this study is being deleted, so no report was kept. Open the study again and "
    "save once more what is still there."
)
_SERIES_NUMBER = 900
_HEADER = [
    *("SpecificCharacterSet", "SOPClassUID", "SOPInstanceUID", "StudyInstanceUID"),
    *("SeriesInstanceUID", "Modality", "PatientID", "PatientName", "PatientBirthDate"),
    *("PatientSex", "StudyDate", "StudyTime", "StudyID", "AccessionNumber", "NumberOfFrames"),
    *("ReferringPhysicianName", "StudyDescription", "Rows", "Columns", "FrameOfReferenceUID"),
]


# May be empty in a valid image, and is missing in many.
_TYPE_2 = (
    *("StudyID", "StudyDate", "StudyTime", "AccessionNumber", "ReferringPhysicianName"),
    *("PatientID", "PatientName", "PatientBirthDate", "PatientSex"),
)


def filled(header: Dataset) -> Dataset:
    """With an empty element for each that a report copies and the image lacks."""
    for name in _TYPE_2:
        if name not in header:
            setattr(header, name, "")
    return header


class Measurements:
    """Structured reports of one archive; `room` is what its spool could ever hold, in bytes."""

    def __init__(
        self,
        studies: Studies,
        instances: Instances,
        depositor: Depositor,
        pledges: Pledges,
        room: int,
    ) -> None:
        self._studies, self._instances = studies, instances
        self._depositor, self._pledges, self._room = depositor, pledges, room

    def keep(self, study: str, marks: Sequence[Mark], observer: str, wish: Interest) -> Deposited:
        """Store a report of these figures.

        Raises BadRequest, NotFound, BeingDeleted and what storing raises.
        """
        before = self._pledges.look(study)
        if before[1]:
            raise BeingDeleted(_BEING_DELETED)
        found, _ = self._studies.study(study, wish)
        images = list(dict.fromkeys(mark.instance for mark in marks))
        if len(images) > _MOST_IMAGES:
            raise BadRequest(f"One report may be about {_MOST_IMAGES} images at most.")
        evidence = {image: self._header(image, wish) for image in images}
        if any(header.StudyInstanceUID != found.study_uid for header in evidence.values()):
            raise BadRequest("All figures must lie on images of this study.")
        report = written(marks, evidence, observer, _SERIES_NUMBER)
        return self._unless_deleted(report, study, before)

    def newest(self, study: str, wish: Interest) -> Report | None:
        """The last report of ours: it holds all that was there when it was made."""
        _, series_list = self._studies.study(study, wish)
        instances = [
            instance
            for series in series_list
            if series.modality == "SR"
            for instance in self._studies.series(series.id, wish).instances
            if instance.size <= _LARGEST_REPORT
        ]
        reports = [read(self._bytes(instance.id, wish)) for instance in instances]
        return max((report for report in reports if report), key=lambda one: one.made, default=None)

    def _header(self, instance: str, wish: Interest) -> Dataset:
        opened = self._instances.open(instance, wish)
        try:
            file = opened.whole(self._room, wish)
            with open(os.dup(file.fd), "rb") as copy:  # noqa: PTH123 - a descriptor has no path
                copy.seek(0)
                header = dcmread(copy, stop_before_pixels=True, specific_tags=list(_HEADER))
            return filled(header)
        finally:
            opened.close()

    def _bytes(self, instance: str, wish: Interest) -> bytes:
        opened = self._instances.open(instance, wish)
        try:
            file = opened.whole(self._room, wish)
            return os.pread(file.fd, file.size, 0)
        finally:
            opened.close()

    def _unless_deleted(self, report: bytes, study: str, before: tuple[int, bool]) -> Deposited:
        """Store it, and take it back if it came into a study that was deleted meanwhile."""
        identity = _identity(report)
        pledge = self._pledges.made(study, identity.instance, before)
        try:
            return self._stored(report, identity)
        finally:
            # However storing ended, it may be there.
            if not self._pledges.kept(pledge):
                raise BeingDeleted(_BEING_DELETED)

    def _stored(self, report: bytes, identity: Identity) -> Deposited:
        descriptor = os.memfd_create(MAKER)
        try:
            os.write(descriptor, report)
            promise = Acknowledged(0, len(report), hashlib.sha256(report).hexdigest())
            staged = Staged(descriptor, len(report), (promise,))
            result = self._depositor.deposit(staged, identity, lambda: None, repeated=False)
        finally:
            os.close(descriptor)
        if result.outcome != STORED:
            raise Doubtful(f"The archive did not keep the report as it was sent: {result.code}.")
        return result


def _identity(report: bytes) -> Identity:
    dataset = dcmread(BytesIO(report), stop_before_pixels=True)
    return Identity(
        str(dataset.get("PatientID", "")),
        str(dataset.StudyInstanceUID),
        str(dataset.SeriesInstanceUID),
        str(dataset.SOPInstanceUID),
    )
