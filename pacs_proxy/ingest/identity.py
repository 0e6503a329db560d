"""Orthanc's identifiers, computed from the header before Orthanc has seen the file."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

# Text codecs of the single-byte and Unicode character sets (PS3.3 C.12.1.1.2).
_CODECS = {
    "": "latin-1",
    "ISO_IR 100": "latin-1",
    "ISO_IR 101": "iso8859-2",
    "ISO_IR 109": "iso8859-3",
    "ISO_IR 110": "iso8859-4",
    "ISO_IR 144": "iso8859-5",
    "ISO_IR 127": "iso8859-6",
    "ISO_IR 126": "iso8859-7",
    "ISO_IR 138": "iso8859-8",
    "ISO_IR 148": "iso8859-9",
    "ISO_IR 13": "shift_jis",
    "ISO_IR 166": "tis-620",
    "ISO_IR 192": "utf-8",
    "GB18030": "gb18030",
    "GBK": "gbk",
}


@dataclass(frozen=True)
class Identity:
    """What makes an instance this one; the identifiers are SHA-1 as Orthanc writes it.

    A hint, not the truth: of patient IDs in rare character sets Orthanc may make another one.
    """

    patient_id: str
    study_uid: str
    series_uid: str
    sop_uid: str

    @property
    def patient(self) -> str:
        """Orthanc's patient."""
        return _dashed(self.patient_id)

    @property
    def study(self) -> str:
        """Orthanc's study."""
        return _dashed(self.patient_id, self.study_uid)

    @property
    def series(self) -> str:
        """Orthanc's series."""
        return _dashed(self.patient_id, self.study_uid, self.series_uid)

    @property
    def instance(self) -> str:
        """Orthanc's instance."""
        return _dashed(self.patient_id, self.study_uid, self.series_uid, self.sop_uid)


def decoded(value: bytes, character_set: str) -> str:
    """A short text as Orthanc keeps it; what cannot be decoded gives a wrong hint, no error."""
    codec = _CODECS.get(character_set, "latin-1")
    return value.decode(codec, "ignore").rstrip(" \0")


def _dashed(*parts: str) -> str:
    digest = hashlib.sha1("|".join(parts).encode(), usedforsecurity=False).hexdigest()
    return "-".join(digest[at : at + 8] for at in range(0, 40, 8))
