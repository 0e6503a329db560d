"""The work of one child: read, decode, write the result, in that order and no other."""

from __future__ import annotations

import codecs
import errno
import io
import mmap
import os
import warnings
from typing import BinaryIO, cast

import imagecodecs
import numpy as np
from pydicom.charset import python_encoding
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

from pacs_proxy.decoding import jobs, template
from pacs_proxy.decoding.codec import source_of
from pacs_proxy.decoding.compact import compact
from pacs_proxy.decoding.contents import contents
from pacs_proxy.decoding.convert import convert
from pacs_proxy.decoding.render import render
from pacs_proxy.decoding.source import open_source
from pacs_proxy.errors import NotRenderable

# Enough of a file to be looked into.
_SMALLEST = b"\x08\0\x60\0CS\x02\0SR"


def perform(job: jobs.Job, source: int, results: list[int]) -> jobs.Report:
    """Do the job; whatever goes wrong becomes a sentence without a word from the file."""
    warnings.simplefilter("ignore")
    try:
        _write(job, source, results[0])
    except NotRenderable as error:
        return jobs.Report("failed", error.detail)
    except Exception as error:  # noqa: BLE001 - a codec can raise anything, and text may quote data
        return jobs.Report("failed", sentence(error))
    return jobs.Report("done")


def sentence(error: Exception) -> str:
    """What went wrong, without a word from the file."""
    if isinstance(error, MemoryError):
        return "The picture is too large to be decoded here."
    if isinstance(error, RecursionError):
        return "The data set is nested too deeply."
    if isinstance(error, OSError) and error.errno == errno.EFBIG:
        return "The decoded picture is too large to be kept."
    return f"The file could not be decoded ({type(error).__name__})."


def _write(job: jobs.Job, source: int, result: int) -> None:
    if os.fstat(source).st_size == 0:
        raise NotRenderable("The file is empty.")
    with (
        mmap.mmap(source, 0, prot=mmap.PROT_READ) as content,
        os.fdopen(result, "wb", closefd=False) as out,
    ):
        file = cast("BinaryIO", content)
        if job.kind == jobs.CONTENTS:
            out.write(contents(file, job.output_bytes))
            return
        opened = open_source(file, job.output_bytes)
        if job.kind == jobs.CONVERT:
            convert(opened, out)
        elif job.kind == jobs.COMPACT:
            compact(opened, out)
        else:
            out.write(render(opened, job.view))


def warm_up() -> None:
    """Load every module a job can need: a confined child finds no file to import any more."""
    for encoding in {*python_encoding.values(), "iso8859", "shift_jis", "utf-8", "latin-1"}:
        codecs.lookup(encoding)
    grey = np.arange(64, dtype=np.uint16).reshape(8, 8)
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.set_original_encoding(False, True)
    dataset.Rows, dataset.Columns, dataset.PhotometricInterpretation = 8, 8, "MONOCHROME2"
    dataset.BitsAllocated, dataset.PixelData = 16, grey.tobytes()
    source = source_of(dataset, 1 << 20)
    render(source, jobs.View())
    render(source, jobs.View(quality=50))
    convert(source, io.BytesIO())
    contents(io.BytesIO(_SMALLEST), 1 << 20)
    for coded, decode in (
        (imagecodecs.jpeg8_encode(grey.astype(np.uint8)), imagecodecs.jpeg8_decode),
        (imagecodecs.ljpeg_encode(grey, bitspersample=16), imagecodecs.jpegsof3_decode),
        (imagecodecs.jpegls_encode(grey), imagecodecs.jpegls_decode),
        (imagecodecs.jpeg2k_encode(grey, level=0), imagecodecs.jpeg2k_decode),
        (imagecodecs.jpegxl_encode(grey), imagecodecs.jpegxl_decode),
        (imagecodecs.htj2k_encode(grey), imagecodecs.jpeg2k_decode),
    ):
        decode(coded)
    _ = imagecodecs.dicomrle_decode


if __name__ == "__main__":
    template.serve(perform, warm_up)
