"""X2 with real Orthancs: a ZIP survives twenty cuts, and other programs read it."""

import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from pydicom import Dataset, dcmread, dcmwrite
from pydicom.data import get_testdata_file
from pydicom.filebase import DicomBytesIO
from pydicom.fileset import FileSet
from pydicom.uid import EncapsulatedPDFStorage, ExplicitVRLittleEndian

from pacs_proxy.demo.orthanc import ThrowawayOrthanc
from tests.fakes import Link
from tests.fakes.trouble import Script, fin_at, rst_at
from tests.real.studies import image, stored
from tests.server import Proxy
from tests.split import Edge, Services

pytestmark = [pytest.mark.orthanc, pytest.mark.timeout(900)]
COUNT, STUDY, CUTS = 16, 71, 20
needs = pytest.mark.skipif(
    not all(map(shutil.which, ("curl", "zip", "unzip", "dcmdump"))),
    reason="apt-get install curl zip unzip dcmtk",
)


def other(kind: str, number: int) -> bytes:
    """A report or a PDF in the same study."""
    source = get_testdata_file("test-SR.dcm" if kind == "sr" else "CT_small.dcm")
    read = dcmread(str(source))
    dataset: Dataset = pdf(read) if kind == "pdf" else read
    dataset.PatientName, dataset.PatientID = "Müller^Jürgen", f"P{STUDY}"
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = f"1.2.840.99.{STUDY}", f"1.2.9.{number}"
    dataset.SOPInstanceUID = f"1.2.9.{number}.1"
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    target = DicomBytesIO()
    dcmwrite(target, dataset, enforce_file_format=True)
    return target.getvalue()


def pdf(source: Dataset) -> Dataset:
    """PS3.3 A.45.1, as little of it as a DICOMDIR needs."""
    made = Dataset()
    made.file_meta = source.file_meta
    made.file_meta.MediaStorageSOPClassUID = made.SOPClassUID = EncapsulatedPDFStorage
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made.Modality, made.SeriesNumber, made.InstanceNumber = "DOC", 90, 1
    made.StudyDate, made.StudyTime, made.StudyID = source.StudyDate, source.StudyTime, ""
    made.MIMETypeOfEncapsulatedDocument = "application/pdf"
    made.DocumentTitle = "Überweisung"
    made.EncapsulatedDocument = b"%PDF-1.4 " + b"0" * 5000
    return made


@dataclass(frozen=True)
class Study:
    """What was stored, by SOP Instance UID, and where its ZIP is."""

    path: str
    files: dict[str, bytes]


@pytest.fixture(scope="module")
def study(any_orthanc: ThrowawayOrthanc) -> Study:
    files = [image(STUDY, n // 8 + 1, n % 8 + 1, rows=200) for n in range(COUNT)]
    files += [other("sr", 1), other("pdf", 2)]
    held = [stored(any_orthanc, data) for data in files]
    named = {str(dcmread(DicomBytesIO(data)).SOPInstanceUID): data for data in files}
    return Study(f"/api/pacs/studies/{held[0].study}/download", named)


@pytest.fixture(scope="module", params=["all", "edge"])
def served(request: pytest.FixtureRequest, any_orthanc: ThrowawayOrthanc) -> Iterator[Proxy]:
    """One process for everything, and the two roles."""
    if request.param == "all":
        with Proxy(any_orthanc.url, workers=2) as proxy:
            yield proxy
    else:
        with Services(any_orthanc.url) as services, Edge(services.url) as edge:
            yield edge


@needs
def test_cut_twenty_times_it_resumes_to_the_same_bytes(
    served: Proxy, study: Study, tmp_path: Path
) -> None:
    whole = served.get(study.path)
    assert whole.status == 200
    share = len(whole.body) // (CUTS + 1)
    cuts = [(rst_at if n % 2 else fin_at)(share + 700) for n in range(CUTS)]
    target, tries = tmp_path / "study.zip", 0
    with Link("127.0.0.1", served.port, weather=Script(*cuts)) as line:
        command = ["curl", "-sS", "-C", "-", "-o", str(target), line.url + study.path]
        while subprocess.run(command, check=False, capture_output=True).returncode:
            tries += 1
            assert tries <= CUTS + 5, "every try brings more"
        cut = [trouble.kind for _, trouble in line.met]
    assert len(cut) == CUTS
    assert target.read_bytes() == whole.body
    for program in (["zip", "-T"], ["unzip", "-tq"]):
        subprocess.run([*program, str(target)], check=True, capture_output=True)


@needs
def test_other_programs_find_each_file_by_its_dicomdir(
    served: Proxy, study: Study, tmp_path: Path
) -> None:
    archive = tmp_path / "study.zip"
    archive.write_bytes(served.get(study.path).body)
    subprocess.run(["unzip", "-q", str(archive), "-d", str(tmp_path)], check=True)
    directory = tmp_path / "DICOMDIR"
    said = subprocess.run(["dcmdump", "-q", str(directory)], check=True, capture_output=True)
    assert said.stderr == b""
    kinds = [
        line.split(b"[")[1].split(b"]")[0]
        for line in said.stdout.splitlines()
        if b"0004,1430" in line
    ]
    assert sorted(set(kinds)) == [
        b"ENCAP DOC",
        b"IMAGE",
        b"PATIENT",
        b"SERIES",
        b"SR DOCUMENT",
        b"STUDY",
    ]
    listed = FileSet(directory)
    found = {str(file.SOPInstanceUID): Path(file.path).read_bytes() for file in listed}
    listed._stage["t"].cleanup()  # pydicom leaves its folder to the garbage collector
    assert found == study.files
