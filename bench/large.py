"""Large multi-frame files, made piece by piece while they are sent, so that none is ever held."""

from __future__ import annotations

import hashlib
import http.client
import json
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from urllib.parse import urlsplit

import numpy as np
from pydicom import dcmwrite
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filebase import DicomBytesIO
from pydicom.uid import ExplicitVRLittleEndian

from pacs_proxy.demo.load import LoadFailed

SIDE = 512
FRAME = SIDE * SIDE * 2
ROOT = "1.2.826.0.1.3680043.8.498.78"
MULTIFRAME_WORD = "1.2.840.10008.5.1.4.1.1.7.3"


@dataclass(frozen=True)
class Large:
    """One instance of `frames` x 512 KiB of noise; another number or count gives other bytes."""

    number: int
    frames: int

    @property
    def size(self) -> int:
        return len(self._head()) + self.frames * FRAME

    def pieces(self) -> Iterator[bytes]:
        """The file: its header, then each frame the same noise begun at another place."""
        yield self._head()
        noise = _noise()
        for frame in range(self.frames):
            start = 2 * ((self.number * 104_729 + frame * 7_919) % (FRAME // 2))
            yield noise[start:] + noise[:start]

    def _head(self) -> bytes:
        dataset = Dataset()
        dataset.file_meta = FileMetaDataset()
        dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        dataset.SOPClassUID, dataset.Modality = MULTIFRAME_WORD, "OT"
        dataset.SOPInstanceUID = f"{ROOT}.1.1.{self.frames}.{self.number}"
        dataset.StudyInstanceUID, dataset.SeriesInstanceUID = f"{ROOT}.1", f"{ROOT}.1.1"
        dataset.PatientName, dataset.PatientID = "Large^Files", "LARGE"
        dataset.NumberOfFrames, dataset.Rows, dataset.Columns = self.frames, SIDE, SIDE
        dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
        dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, 16, 15
        dataset.PixelRepresentation = 0
        target = DicomBytesIO()
        dcmwrite(target, dataset, enforce_file_format=True)
        pixels = struct.pack("<HH2sHI", 0x7FE0, 0x0010, b"OW", 0, self.frames * FRAME)
        return bytes(target.getvalue()) + pixels


@dataclass(frozen=True)
class Stored:
    """Orthanc's id of an instance, and what its bytes are."""

    instance: str
    size: int
    md5: str


def store(url: str, large: Large) -> Stored:
    """Send it; Orthanc's digest must be ours."""
    digest = hashlib.md5(usedforsecurity=False)

    def passing() -> Iterator[bytes]:
        for piece in large.pieces():
            digest.update(piece)
            yield piece

    length = {"Content-Length": str(large.size)}
    instance = json.loads(_asked(url, "POST", "/instances", passing(), length))["ID"]
    kept = _asked(url, "GET", f"/instances/{instance}/attachments/dicom/md5").decode()
    if kept != digest.hexdigest():
        raise LoadFailed(f"Orthanc kept other bytes than were sent for instance {instance}.")
    return Stored(str(instance), large.size, kept)


def _asked(
    url: str,
    method: str,
    path: str,
    body: Iterator[bytes] | None = None,
    headers: dict[str, str] | None = None,
) -> bytes:
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=300)
    try:
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        content = answer.read()
        if answer.status != http.HTTPStatus.OK:
            raise LoadFailed(f"Orthanc answered {answer.status} to {method} {path}.")
        return content
    finally:
        connection.close()


@cache
def _noise() -> bytes:
    return np.random.default_rng(1).integers(0, 1 << 16, FRAME // 2).astype("<u2").tobytes()
