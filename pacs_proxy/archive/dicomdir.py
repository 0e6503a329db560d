"""A DICOMDIR (PS3.10 chapter 8, PS3.3 annex F) made in memory; the same input gives the same bytes.

It is made of what the archive says of its files: nobody here takes a file apart. Leaves other
than images follow pydicom's rules for its `FileSet`, which itself writes every file to the disk.
"""

from __future__ import annotations

import hashlib
import re
import struct
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from pydicom import DataElement, Dataset, config
from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.dataset import FileMetaDataset
from pydicom.filebase import DicomBytesIO
from pydicom.fileset import DIRECTORY_RECORDERS, _four_level_record_type
from pydicom.filewriter import write_dataset, write_file_meta_info
from pydicom.uid import UID, ExplicitVRLittleEndian, MediaStorageDirectoryStorage, generate_uid

from pacs_proxy.archive.branches import Branch, Leaf, Tags

_PATIENT = ("PatientName", "PatientID", "PatientBirthDate", "PatientSex")
_STUDY = (
    *("StudyDate", "StudyTime", "StudyDescription", "StudyInstanceUID", "StudyID"),
    "AccessionNumber",
)
_SERIES = ("Modality", "SeriesDescription", "SeriesInstanceUID", "SeriesNumber")
# Where two offsets lie in an encoded record: the values of its first and third element.
_NEXT, _LOWER = slice(8, 12), slice(30, 34)
# In what stands before the records: first and last record of the root, then a flag of ten bytes.
_FIRST, _LAST = slice(-26, -22), slice(-14, -10)
_ITEM = b"\xfe\xff\x00\xe0"
# A record's first three elements: next sibling, in use, first child.
_LINKS = (
    struct.pack("<2H2sHL", 4, 0x1400, b"UL", 4, 0)
    + struct.pack("<2H2s2H", 4, 0x1410, b"US", 2, 0xFFFF)
    + struct.pack("<2H2sHL", 4, 0x1420, b"UL", 4, 0)
)
_NUMBER = re.compile(r"[+-]?[0-9]{1,11}\Z", re.ASCII)
_DEEPEST = 4


def is_image(sop_class: str) -> bool:
    """Whether its record is an IMAGE, which needs a number and no other tag."""
    return "Image Storage" in UID(sop_class).name


def dicomdir(patient: Tags, study: Tags, branches: Sequence[Branch]) -> bytes:
    """Of one study; names are UTF-8 and marked as such.

    Files whose tags do not make the record that their kind demands are left out.
    """
    records = [(0, _level("PATIENT", patient, _PATIENT)), (1, _level("STUDY", study, _STUDY))]
    for branch in branches:
        records.append((2, _level("SERIES", branch.tags, _SERIES)))
        for number, leaf in enumerate(branch.leaves, 1):
            is_plain = is_image(leaf.sop_class)
            record = _image(leaf, number) if is_plain else _other(leaf, number)
            if record is not None:
                records.append((3, record))
    return _linked(records)


def _level(kind: str, tags: Tags, names: Sequence[str]) -> bytes:
    record = _dataset({name: tags.get(name, "") for name in names}, config.IGNORE)
    record.DirectoryRecordType = kind
    for name in {"StudyID", "SeriesNumber"} & set(names):
        if not record[name].value:
            setattr(record, name, "0")  # demanded, and often missing in files
    return _completed(record)


def _image(leaf: Leaf, number: int) -> bytes:
    """Put together by hand: pydicom takes a millisecond, and studies have thousands."""
    given = str(leaf.tags.get("InstanceNumber", "")).strip(" \0")
    is_number = _NUMBER.match(given)
    texts = (
        (0x0004, 0x1430, b"CS", "IMAGE"),
        (0x0004, 0x1500, b"CS", leaf.path.replace("/", "\\")),
        (0x0004, 0x1510, b"UI", leaf.sop_class),
        (0x0004, 0x1511, b"UI", str(leaf.tags.get("SOPInstanceUID", "")).strip(" \0")),
        (0x0004, 0x1512, b"UI", leaf.syntax),
        (0x0020, 0x0013, b"IS", given if is_number else str(number)),
    )
    return _LINKS + b"".join(_element(*text) for text in texts)


def _element(group: int, element: int, vr: bytes, text: str) -> bytes:
    value = text.encode("ascii", "replace")
    value += (b"\0" if vr == b"UI" else b" ") * (len(value) % 2)
    return struct.pack("<2H2sH", group, element, vr, len(value)) + value


def _other(leaf: Leaf, number: int) -> bytes | None:
    tags = _dataset({**leaf.tags, "SOPClassUID": leaf.sop_class}, config.RAISE)
    if tags.get("InstanceNumber") is None:
        tags.InstanceNumber = number
    kind = _kind(tags)
    try:
        record = DIRECTORY_RECORDERS[kind](tags)
    except (ValueError, KeyError, AttributeError):
        return None
    record.DirectoryRecordType = kind
    record.ReferencedFileID = leaf.path.split("/")
    named = {
        "ReferencedSOPClassUIDInFile": leaf.sop_class,
        "ReferencedSOPInstanceUIDInFile": leaf.tags.get("SOPInstanceUID", ""),
        "ReferencedTransferSyntaxUIDInFile": leaf.syntax,
    }
    record.update(_dataset(named, config.IGNORE))
    return _completed(_without_findings(record))


def _kind(tags: Dataset) -> str:
    # pydicom goes by the document itself, which is not among the tags.
    is_document = "MIMETypeOfEncapsulatedDocument" in tags
    return "ENCAP DOC" if is_document else _four_level_record_type(tags)


def _without_findings(record: Dataset) -> Dataset:
    """Of a report only what modifies its title belongs here (F.5.16), not what it says."""
    said = record.get("ContentSequence", [])
    kept = [item for item in said if item.get("RelationshipType") == "HAS CONCEPT MOD"]
    record.pop("ContentSequence", None)
    if kept:
        record.ContentSequence = kept
    return record


def _dataset(tags: Tags, mode: int, depth: int = 0) -> Dataset:
    """The tags that have a name and a value of text or number, sequences too.

    pydicom would warn of a value that breaks a rule by repeating it: here it is dropped (`RAISE`)
    or taken as it is (`IGNORE`).
    """
    made = Dataset()
    for name, value in tags.items():
        tag = tag_for_keyword(name)
        if tag is not None:
            with suppress(ValueError, TypeError):
                vr = dictionary_VR(tag)
                found = _value(vr, value, mode, depth)
                made.add(DataElement(tag, vr, found, validation_mode=mode))
    return made


def _value(vr: str, value: Any, mode: int, depth: int) -> Any:
    if vr == "SQ" and depth < _DEEPEST:
        return [_dataset(item, mode, depth + 1) for item in value]
    if not isinstance(value, str):
        raise TypeError(vr)
    text = value.strip(" \0")
    if vr in {"US", "UL", "SS", "SL", "IS"}:
        return [int(part) for part in text.split("\\")] if text else None
    if vr in {"FD", "FL", "SQ", "OB", "OW", "UN", "OF", "AT"} or " or " in vr:
        raise ValueError(vr)
    return text


def _completed(record: Dataset) -> bytes:
    record.OffsetOfTheNextDirectoryRecord = 0
    record.RecordInUseFlag = 0xFFFF
    record.OffsetOfReferencedLowerLevelDirectoryEntity = 0
    record.SpecificCharacterSet = "ISO_IR 192"
    return _encoded(record)


def _encoded(dataset: Dataset) -> bytes:
    target = DicomBytesIO()
    target.is_little_endian, target.is_implicit_VR = True, False
    write_dataset(target, dataset)
    return target.getvalue()


def _linked(records: Sequence[tuple[int, bytes]]) -> bytes:
    """The file, each record with the offsets of its next sibling and its first child."""
    first = bytearray(_preamble(hashlib.sha256(b"".join(data for _, data in records)).hexdigest()))
    offsets, at = [], len(first) + 12
    for _, data in records:
        offsets.append(at)
        at += 8 + len(data)
    # The one patient is the first and the last record of the root.
    first[_FIRST] = first[_LAST] = struct.pack("<L", offsets[0])
    items: list[bytes] = []
    following: dict[int, int] = {}
    for (level, data), offset in zip(reversed(records), reversed(offsets), strict=True):
        record = bytearray(data)
        record[_NEXT] = struct.pack("<L", following.get(level, 0))
        record[_LOWER] = struct.pack("<L", following.pop(level + 1, 0))
        following[level] = offset
        items.append(_ITEM + struct.pack("<L", len(record)) + record)
    sequence = b"".join(reversed(items))
    return bytes(first) + struct.pack("<2H2sHL", 4, 0x1220, b"SQ", 0, len(sequence)) + sequence


def _preamble(about: str) -> bytes:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = MediaStorageDirectoryStorage
    meta.MediaStorageSOPInstanceUID = generate_uid(entropy_srcs=[about])
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    root = Dataset()
    root.FileSetID = ""
    root.OffsetOfTheFirstDirectoryRecordOfTheRootDirectoryEntity = 0
    root.OffsetOfTheLastDirectoryRecordOfTheRootDirectoryEntity = 0
    root.FileSetConsistencyFlag = 0
    target = DicomBytesIO()
    target.is_little_endian, target.is_implicit_VR = True, False
    target.write(b"\0" * 128 + b"DICM")
    write_file_meta_info(target, meta, enforce_standard=True)
    return target.getvalue() + _encoded(root)
