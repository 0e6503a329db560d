"""Files are taken for what they contain, whatever they are called."""

from __future__ import annotations

import io
import os
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacs_proxy.errors import BadUpload
from pacs_proxy.ingest.formats import Kind, recognise
from pacs_proxy.ingest.source import FileSource, Window
from tests.ingest import dicom as make
from tests.ingest.dicom import BIG, DEFLATED, EXPLICIT, IMPLICIT, dicom

DIRECTORY = "1.2.840.10008.1.3.10"


def kind_of(data: bytes) -> Kind:
    return _recognised(data)[0]


def _recognised(data: bytes) -> tuple[Kind, str]:
    descriptor = os.memfd_create("upload")
    try:
        os.write(descriptor, data)
        found = recognise(Window(FileSource(descriptor, len(data))))
        return found.kind, found.detail
    finally:
        os.close(descriptor)


def _zip() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a", b"a")
    return packed.getvalue()


@pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT, BIG, DEFLATED])
def test_dicom_is_recognised_with_and_without_preamble(syntax: str) -> None:
    whole = dicom(syntax)
    assert kind_of(whole) is Kind.DICOM
    assert kind_of(whole[132:]) is Kind.DICOM
    if syntax != DEFLATED:
        assert kind_of(whole[len(make.file_header(syntax)) :]) is Kind.DICOM


def test_a_directory_of_a_medium_is_none_of_its_images() -> None:
    directory = make.file_header(EXPLICIT, sop_class=DIRECTORY)
    records = make.Coding().element(0x00041220, b"SQ", b"")
    assert kind_of(directory + records) is Kind.DICOMDIR


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (_zip(), Kind.ZIP),
        (b"PK\5\6" + bytes(18), Kind.ZIP),
        (b"II*\0" + bytes(100), Kind.TIFF),
        (b"MM\0*" + bytes(100), Kind.TIFF),
        (b"II+\0\x08\0\0\0" + bytes(100), Kind.TIFF),
        (b"MM\0+\0\x08\0\0" + bytes(100), Kind.TIFF),
        (bytes(32768) + b"\1CD001" + bytes(100), Kind.ISO),
    ],
)
def test_containers_and_pictures_are_recognised(data: bytes, kind: Kind) -> None:
    assert kind_of(data) is kind


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"%PDF-1.7 ...", "a PDF document"),
        (b"\xff\xd8\xff\xe0" + bytes(100), "a JPEG picture without DICOM around it"),
        (b"MZ" + bytes(100), "a program"),
        (b"[autorun]\r\nopen=viewer.exe\r\n", "a text"),
        (b"<html>", "a web page"),
        (bytes(range(128, 256)) * 5, "no format that is known here"),
    ],
)
def test_what_is_no_image_is_left_out_and_called_by_its_kind(data: bytes, words: str) -> None:
    kind, detail = _recognised(data)
    assert kind is Kind.OTHER
    assert words in detail


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty"),
        (b"\x1f\x8b\x08" + bytes(20), "packed"),
        (b"Rar!\x1a\x07\0", "packed"),
        (bytes(257) + b"ustar\0" + bytes(300), "packed"),
    ],
)
def test_other_packings_are_refused_with_what_to_do(data: bytes, code: str) -> None:
    with pytest.raises(BadUpload) as refusal:
        kind_of(data)
    assert refusal.value.code == code
    assert refusal.value.detail.endswith(".")


@given(st.binary(max_size=700))
def test_any_bytes_are_something(data: bytes) -> None:
    try:
        kind_of(data)
    except BadUpload as refusal:
        assert refusal.code in {"empty", "packed"}  # noqa: PT017 - either is right
