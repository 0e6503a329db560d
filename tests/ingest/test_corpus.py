"""The shield lets through every file that an archive takes and a viewer can use."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import pytest

from pacs_proxy.errors import BadUpload
from pacs_proxy.ingest.formats import Kind, recognise
from pacs_proxy.ingest.shield import examine
from pacs_proxy.ingest.source import FileSource, Window
from pacs_proxy.ingest.walk import Limits

CORPUS = Path(os.environ.get("PACS_PROXY_CORPUS") or Path(__file__).parents[3] / "shared" / "data")
pytestmark = pytest.mark.skipif(
    not (CORPUS / "MANIFEST.tsv").exists(), reason="no corpus on this machine"
)

# Orthanc 1.10.1 stores these, and we do not hand them over.
REFUSED_ON_PURPOSE = {
    # Headers of which its previews die, or of which nobody can tell what the picture is.
    "odd/synth/number_of_frames_lies.dcm": "pixels_short",
    "odd/synth/rows_cols_65535.dcm": "pixels_short",
    "odd/synth/rows_too_big.dcm": "pixels_short",
    "odd/synth/empty_pixeldata.dcm": "pixels_short",
    # Nobody can ask for them: WADO and DICOMweb know digits and dots, 64 at most (PS3.5 9.1).
    "odd/pydicom/bad_sequence.dcm": "uid_malformed",
    "odd/synth/invalid_uid_chars.dcm": "uid_malformed",
    "odd/synth/uid_over_64.dcm": "uid_malformed",
    # No viewer can read it.
    "odd/synth/unknown_transfer_syntax.dcm": "transfer_syntax",
}


def _rows() -> list[dict[str, str]]:
    with (CORPUS / "MANIFEST.tsv").open(newline="") as table:
        rows = list(csv.DictReader(table, delimiter="\t"))
    return [row for row in rows if not row["file"].startswith(("archives/", "tiff/"))]


def _verdict(path: Path) -> str:
    """Why the file is not handed to the archive; "" when it is."""
    descriptor = os.open(path, os.O_RDONLY)
    size = path.stat().st_size
    try:
        found = recognise(Window(FileSource(descriptor, size)))
        if found.kind is not Kind.DICOM:
            return found.kind
        examine(FileSource(descriptor, size), Limits())
    except BadUpload as refusal:
        return refusal.code
    else:
        return ""
    finally:
        os.close(descriptor)


def test_the_archive_gets_what_it_can_take_and_nothing_else() -> None:
    rows = _rows()
    assert len(rows) > 400
    verdicts = {row["file"]: _verdict(CORPUS / row["file"]) for row in rows}
    taken = {row["file"] for row in rows if row["orthanc"].startswith("200")}
    kept_back = {name: code for name, code in verdicts.items() if code and name in taken}
    assert kept_back == REFUSED_ON_PURPOSE
    # What it refuses or dies of does not reach it.
    assert not {name for name, code in verdicts.items() if not code} - taken
