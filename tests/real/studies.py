"""Small studies for a real Orthanc, and what the proxy's own tables hold about them."""

import json
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from pydicom import dcmread, dcmwrite
from pydicom.data import get_testdata_file
from pydicom.filebase import DicomBytesIO
from pydicom.uid import UID
from sqlalchemy import select

from pacs_proxy.database import Batch, Database, Job, Result, StudyLabel, Upload
from pacs_proxy.demo.orthanc import ThrowawayOrthanc


def image(study: int, series: int, number: int, rows: int = 32) -> bytes:
    """One slice; the same numbers give the same bytes."""
    dataset = dcmread(str(get_testdata_file("CT_small.dcm")))
    dataset.PatientName, dataset.PatientID = f"Nobody^{study}", f"P{study}"
    dataset.StudyInstanceUID = UID(f"1.2.840.99.{study}")
    dataset.SeriesInstanceUID = UID(f"1.2.840.99.{study}.{series}")
    dataset.SOPInstanceUID = UID(f"1.2.840.99.{study}.{series}.{number}")
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.InstanceNumber, dataset.Rows, dataset.Columns = number, rows, rows
    dataset.PixelData = Random(f"{study}.{series}.{number}").randbytes(2 * rows * rows)
    target = DicomBytesIO()
    dcmwrite(target, dataset)
    return target.getvalue()


@dataclass(frozen=True)
class Held:
    """One instance that Orthanc has."""

    study: str
    series: str
    instance: str
    data: bytes


def asked(orthanc: ThrowawayOrthanc, path: str, data: bytes | None = None) -> Any:
    """The JSON answer, None where there is nothing."""
    try:
        with urlopen(Request(orthanc.url + path, data)) as answer:
            return json.loads(answer.read())
    except HTTPError as error:
        if error.code != 404:
            raise
        return None


def stored(orthanc: ThrowawayOrthanc, data: bytes) -> Held:
    found = asked(orthanc, "/instances", data)
    return Held(found["ParentStudy"], found["ParentSeries"], found["ID"], data)


class Kept:
    """Rows and files as an upload leaves them."""

    def __init__(self, database: Database, uploads: Path) -> None:
        self.database, self.uploads = database, uploads

    def batch(self, name: str) -> None:
        with self.database.write() as session:
            session.add(Batch(id=name.ljust(32, "0"), owner="local", created=time.time()))

    def upload(
        self, batch: str, files: list[Held], kind: str = "dicom", state: str = "done"
    ) -> str:
        """An upload that brought these files, its staged bytes, and a job that is to come."""
        name, now = uuid.uuid4().hex, time.time()
        whole = b"".join(held.data for held in files)
        (self.uploads / f"{name}.part").write_bytes(whole)
        about = {"owner": "local", "batch_id": batch.ljust(32, "0"), "name": "IM1"}
        with self.database.write() as session:
            session.add(
                Upload(
                    id=name, length=len(whole), offset=len(whole), kind=kind, state=state,
                    created=now, progressed=now, **about,
                )
            )  # fmt: skip
            session.flush()
            for number, held in enumerate(files):
                session.add(self._result(name, about["batch_id"], number, held))
            session.add(
                Job(
                    kind="to come", payload={"upload": name}, lane="small", upload_id=name,
                    most_attempts=20, not_before=now + 900, created=now, updated=now,
                )
            )  # fmt: skip
        return name

    def label(self, study: str, label: str = "USB_20261126_1") -> None:
        with self.database.write() as session:
            session.add(StudyLabel(study=study, label=label, created=time.time()))

    def staged(self) -> set[str]:
        return {path.stem for path in self.uploads.iterdir()}

    def _result(self, upload: str, batch: str, number: int, held: Held) -> Result:
        return Result(
            batch_id=batch, upload_id=upload, number=number, outcome="stored", created=time.time(),
            instance=held.instance, series=held.series, study=held.study, size=len(held.data),
        )  # fmt: skip


def rows(kept: Kept) -> tuple[set[str], set[str | None], set[str]]:
    """Uploads, studies of results, labelled studies."""
    with kept.database.read() as session:
        return (
            set(session.scalars(select(Upload.id))),
            set(session.scalars(select(Result.study))),
            set(session.scalars(select(StudyLabel.study))),
        )


def to_come(kept: Kept) -> list[str | None]:
    """Uploads for which a job is still queued."""
    with kept.database.read() as session:
        waiting = select(Job.upload_id).where(Job.kind == "to come", Job.state == "queued")
        return list(session.scalars(waiting))
