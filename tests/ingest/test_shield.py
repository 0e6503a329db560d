"""No file that could harm the archive passes the shield, and every sound one does."""

from __future__ import annotations

import os
import struct
import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pacs_proxy.errors import BadUpload
from pacs_proxy.ingest.shield import Examined, examine
from pacs_proxy.ingest.source import FileSource
from pacs_proxy.ingest.walk import Limits
from tests.ingest import dicom as make
from tests.ingest.dicom import (
    BIG,
    DEFLATED,
    EXPLICIT,
    IMPLICIT,
    ITEM_END,
    JPEG,
    MPEG4,
    RLE,
    UNDEFINED,
    Coding,
    dicom,
)

SYNTAXES = [EXPLICIT, IMPLICIT, BIG, DEFLATED, JPEG, RLE, MPEG4]
PLAIN, HIDDEN = Coding(), Coding(implicit=True)


def judged(data: bytes, limits: Limits | None = None) -> Examined:
    descriptor = os.memfd_create("upload")
    try:
        os.write(descriptor, data)
        return examine(FileSource(descriptor, len(data)), limits or Limits())
    finally:
        os.close(descriptor)


def refusal_of(data: bytes) -> BadUpload | None:
    """Why it is refused, if it is."""
    try:
        judged(data)
    except BadUpload as refusal:
        return refusal
    return None


def code_of(data: bytes) -> str:
    """Why it is refused; "" when it passes."""
    refusal = refusal_of(data)
    if refusal is None:
        return ""
    assert refusal.status == 422
    assert refusal.detail.endswith(".")
    return refusal.code


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_a_sound_file_passes_and_is_named_as_orthanc_will_name_it(syntax: str) -> None:
    found = judged(dicom(syntax))
    assert found.syntax == syntax
    assert found.sop_class == make.SECONDARY_CAPTURE
    # SHA-1 of "P1|1.2|1.2.3|1.2.3.4", in Orthanc's five groups.
    assert found.identity.instance == "f2113294-223ca5eb-ca95fa8d-c8d89617-124017e7"


@pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT, BIG])
def test_files_without_preamble_or_header_pass(syntax: str) -> None:
    whole = dicom(syntax)
    bare = whole[len(make.file_header(syntax)) :]
    assert code_of(bare) == ""
    assert code_of(whole[132:]) == ""
    assert judged(bare).syntax == ""


SOUND = {
    "nested as deep as allowed": dicom(before=PLAIN.nested(16)),
    "nested without lengths": dicom(before=PLAIN.nested(16, defined=False)),
    "implicit nested": dicom(IMPLICIT, before=HIDDEN.nested(16)),
    "an empty sequence": dicom(before=PLAIN.element(0x00081140, b"SQ", b"")),
    "an unknown value that only begins like a sequence": dicom(
        before=PLAIN.element(0x00091001, b"UN", PLAIN.item(b"no elements")[:-1] + b"!!")
    ),
    "private bytes that begin like a sequence": dicom(
        IMPLICIT, before=HIDDEN.element(0x00091001, b"", PLAIN.item(b"", UNDEFINED) + b"abcd")
    ),
    "zeros to the end of the sector": dicom(after=bytes(512)),
    "a padding element": dicom(after=PLAIN.element(0xFFFCFFFC, b"OB", bytes(100))),
    "more pixels than described": dicom(pixels=make.native(PLAIN, 4096)),
    "no pixels at all": dicom(image=b"", pixels=b""),
    "no picture of an image": dicom(pixels=b""),
    "several frames": dicom(image=make.picture(PLAIN, frames="3"), pixels=make.native(PLAIN, 72)),
    "frames in fragments": dicom(
        RLE,
        image=make.picture(PLAIN, frames="2"),
        pixels=make.encapsulated([b"ab", b"cd"], struct.pack("<II", 0, 10)),
    ),
    "a frame in several fragments": dicom(JPEG, pixels=make.encapsulated([b"ab"] * 9)),
    "a film in one fragment": dicom(MPEG4, image=make.picture(PLAIN, frames="900")),
    "bits in a row": dicom(
        image=make.picture(PLAIN, rows=3, columns=3, frames="3", bits=1),
        pixels=make.native(PLAIN, 4),
    ),
    "a wrong small length in the file header": make.file_header(EXPLICIT, 4)
    + make.identifiers(PLAIN),
}


@pytest.mark.parametrize("name", SOUND)
def test_sound_but_unusual_files_pass(name: str) -> None:
    assert code_of(SOUND[name]) == ""


def _replaced(old: bytes, new: bytes, syntax: str = EXPLICIT) -> bytes:
    data = dicom(syntax)
    assert data.count(old) == 1
    return data.replace(old, new)


OPENED = PLAIN.element(make.REFERENCED, b"SQ", PLAIN.item(b"", UNDEFINED), UNDEFINED)
WRONG = {
    "nothing": (b"", "empty"),
    "a text": (b"This is not an image at all.", "not_dicom"),
    "a preamble alone": (bytes(128) + b"DICM", "not_dicom"),
    "cut in the file header": (dicom()[:180], "truncated"),
    "cut in the header": (dicom()[:400], "truncated"),
    "cut in the pixels": (dicom()[:-10], "truncated"),
    "cut by one byte": (dicom()[:-1], "truncated"),
    "cut in the compressed pixels": (dicom(JPEG)[:-10], "truncated"),
    "compressed pixels that do not end": (
        dicom(JPEG, pixels=make.encapsulated([b"ab"], closed=False)),
        "truncated",
    ),
    "nested too deep": (dicom(before=PLAIN.nested(17)), "too_deep"),
    "nested so deep that Orthanc dies": (dicom(before=PLAIN.nested(60)), "too_deep"),
    "nested 10 000 deep": (
        dicom(before=OPENED * 10_000),
        "too_deep",
    ),
    "nested deep without lengths": (dicom(before=PLAIN.nested(60, defined=False)), "too_deep"),
    "nested deep in implicit coding": (dicom(IMPLICIT, before=HIDDEN.nested(60)), "too_deep"),
    "nested deep in an unknown value": (
        dicom(before=PLAIN.element(0x00091001, b"UN", HIDDEN.nested(60)[8:])),
        "too_deep",
    ),
    "nested deep in an unknown value without length": (
        dicom(
            before=PLAIN.element(
                0x00091001, b"UN", HIDDEN.nested(60)[8:] + PLAIN.end(make.SEQUENCE_END), UNDEFINED
            )
        ),
        "too_deep",
    ),
    "an element of 4 GiB": (
        dicom(pixels=PLAIN.element(0x7FE00010, b"OW", bytes(24), 0xFFFFFFF0)),
        "truncated",
    ),
    "a value longer than its sequence": (
        dicom(
            before=PLAIN.element(
                make.REFERENCED, b"SQ", PLAIN.item(PLAIN.element(0x00081155, b"UI", b"1", 40))
            )
        ),
        "malformed",
    ),
    "a sequence of something else": (
        dicom(before=PLAIN.element(make.REFERENCED, b"SQ", PLAIN.short(0x00280010, 1))),
        "malformed",
    ),
    "a delimiter where nothing is open": (dicom(before=PLAIN.end(ITEM_END)), "malformed"),
    "a value without a length": (
        dicom(before=PLAIN.element(0x00091001, b"OB", b"", UNDEFINED)),
        "malformed",
    ),
    "a value representation that does not exist": (
        dicom(before=PLAIN.element(0x00091001, b"ZZ", b"ab")),
        "malformed",
    ),
    "200 000 elements": (
        dicom(
            before=b"".join(
                PLAIN.element(0x00090000 + at % 65000, b"LO", b"") for at in range(200_000)
            )
        ),
        "too_many_elements",
    ),
    "100 000 items": (
        dicom(before=PLAIN.element(make.REFERENCED, b"SQ", PLAIN.item(b"") * 100_000)),
        "too_many_elements",
    ),
    "400 000 fragments": (
        dicom(JPEG, pixels=make.encapsulated([b""] * 400_000)),
        "too_many_fragments",
    ),
    "a file header that claims the whole file": (
        make.file_header(EXPLICIT, 1000) + dicom()[len(make.file_header(EXPLICIT)) :],
        "file_header",
    ),
    "a file header that holds up Orthanc for half a minute": (
        make.file_header(EXPLICIT, 0xFFFFFF00) + dicom()[len(make.file_header(EXPLICIT)) :],
        "file_header",
    ),
    "a transfer syntax nobody knows": (
        _replaced(EXPLICIT.encode(), b"1.2.3.4.5.6.7.8.9.0"),
        "transfer_syntax",
    ),
    "another coding than it says": (
        make.file_header(IMPLICIT) + dicom()[len(make.file_header(EXPLICIT)) :],
        "coding",
    ),
    "no image UID": (_replaced(b"\x08\0\x18\0UI", b"\x08\0\x19\0UI"), "uid_missing"),
    "no study UID": (_replaced(b"\x20\0\x0d\0UI", b"\x20\0\x0c\0UI"), "uid_missing"),
    "no series UID": (_replaced(b"\x20\0\x0e\0UI", b"\x20\0\x0f\0UI"), "uid_missing"),
    "a UID that is a path": (dicom(sop="../../x"), "uid_malformed"),
    "a UID of 65 characters": (dicom(sop="1." + "2" * 63), "uid_malformed"),
    "two image UIDs": (
        dicom(before=PLAIN.element(0x00080018, b"UI", b"1.2.3.5")),
        "named_twice",
    ),
    "pixels twice": (dicom(after=make.native(PLAIN)), "named_twice"),
    "fewer pixels than described": (dicom(image=make.picture(PLAIN, rows=5)), "pixels_short"),
    "1 000 frames of which there is one": (
        dicom(image=make.picture(PLAIN, frames="1000")),
        "pixels_short",
    ),
    "1 000 compressed frames of which there is one": (
        dicom(JPEG, image=make.picture(PLAIN, frames="1000")),
        "pixels_short",
    ),
    "65 535 rows and columns": (
        dicom(image=make.picture(PLAIN, rows=65535, columns=65535)),
        "pixels_short",
    ),
    "65 535 rows and columns, compressed": (
        dicom(JPEG, image=make.picture(PLAIN, rows=65535, columns=65535)),
        "pixels_short",
    ),
    "no size": (dicom(image=b""), "image_size"),
    "rows that are no short": (
        dicom(image=make.picture(PLAIN)[:0] + PLAIN.element(0x00280010, b"UL", bytes(4))),
        "image_size",
    ),
    "pixels not compressed though it says so": (
        dicom(JPEG, pixels=make.native(PLAIN)),
        "pixel_form",
    ),
    "pixels compressed though it does not say so": (
        dicom(pixels=make.encapsulated([b"ab"])),
        "pixel_form",
    ),
    "compressed pixels in no pieces": (
        dicom(JPEG, pixels=PLAIN.element(0x7FE00010, b"OB", b"abcdefgh", UNDEFINED)),
        "fragments",
    ),
    "a table of frames that is none": (
        dicom(JPEG, pixels=make.encapsulated([b"ab"], table=b"xy")),
        "fragments",
    ),
    "an image with a page behind it": (dicom(after=b"\0\0\0\0<html>"), "trailing_bytes"),
    "an image with junk behind it": (dicom(after=b"junk junk junk"), "malformed"),
    "deflated and cut": (dicom(DEFLATED)[:-20], "truncated"),
    "deflated and damaged": (make.file_header(DEFLATED) + b"\xff" * 200, "inflate"),
    "a patient ID of 60 000 characters": (
        dicom(before=b"").replace(
            PLAIN.element(0x00100020, b"LO", b"P1"),
            PLAIN.element(0x00100020, b"LO", b"P" * 60_000),
        ),
        "malformed",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_could_harm_or_mislead_is_refused_with_its_reason(name: str) -> None:
    data, expected = WRONG[name]
    began = time.process_time()
    assert code_of(data) == expected
    assert time.process_time() - began < 5


def test_a_deflated_file_that_grows_without_end_is_refused_before_it_does() -> None:
    bomb = dicom(DEFLATED, pixels=PLAIN.element(0x7FE00010, b"OW", bytes(100 << 20)))
    assert len(bomb) < 1 << 18
    assert code_of(bomb) == "inflates_too_much"


def test_a_refusal_names_nobody() -> None:
    marked = (data.replace(b"P1", b"Q7").replace(b"1.2.3", b"9.8.7") for data, _ in WRONG.values())
    refusals = [refusal for data in marked if (refusal := refusal_of(data))]
    assert len(refusals) > len(WRONG) // 2
    for refusal in refusals:
        assert "Q7" not in refusal.detail
        assert "9.8.7" not in refusal.detail


def _reads(data: bytes, monkeypatch: pytest.MonkeyPatch) -> int:
    total = 0
    real = os.pread

    def counted(descriptor: int, count: int, at: int) -> bytes:
        nonlocal total
        piece = real(descriptor, count, at)
        total += len(piece)
        return piece

    monkeypatch.setattr(os, "pread", counted)
    assert code_of(data) == ""
    return total


def test_pixels_are_passed_over_and_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    large = dicom(
        image=make.picture(PLAIN, rows=4096, columns=4096), pixels=make.native(PLAIN, 16 << 20)
    )
    assert _reads(large, monkeypatch) < 1 << 17


VALID = [
    *(dicom(syntax) for syntax in SYNTAXES),
    *(data for data in SOUND.values() if len(data) < 8192),
]


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A valid file with up to six wounds: flips, cuts, lying lengths, pieces twice or elsewhere."""
    data = bytearray(draw(st.sampled_from(VALID)))
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, max(0, len(data) - 1)))
        wound = draw(st.sampled_from(["flip", "cut", "length", "repeat", "insert", "drop"]))
        if wound == "flip" and data:
            data[at] = draw(st.integers(0, 255))
        elif wound == "cut":
            del data[at:]
        elif wound == "length":
            lie = draw(st.sampled_from([0, 1, 2, 8, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFF0, UNDEFINED]))
            data[at : at + 4] = struct.pack("<I", lie)
        elif wound == "repeat":
            data[at:at] = data[at : at + draw(st.integers(1, 200))] * draw(st.integers(1, 50))
        elif wound == "insert":
            data[at:at] = draw(st.binary(min_size=1, max_size=16))
        else:
            del data[at : at + draw(st.integers(1, 64))]
    return bytes(data)


@settings(max_examples=600, deadline=1000)
@example(dicom(before=PLAIN.element(0x00091001, b"UN", PLAIN.item(b"", UNDEFINED) + b"\xfe\xff")))
@given(mutated())
def test_no_mutation_of_a_valid_file_is_worse_than_refused(data: bytes) -> None:
    code_of(data)


@settings(max_examples=300, deadline=1000)
@given(st.binary(max_size=600), st.sampled_from(SYNTAXES))
def test_no_bytes_at_all_are_worse_than_refused(junk: bytes, syntax: str) -> None:
    code_of(junk)
    code_of(make.file_header(syntax) + junk)


def test_depth_is_a_setting() -> None:
    deep = dicom(before=PLAIN.nested(30))
    assert judged(deep, Limits(depth=30)).size == len(deep)
    with pytest.raises(BadUpload, match="more than 29 deep"):
        judged(deep, Limits(depth=29))
