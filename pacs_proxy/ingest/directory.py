"""A medium's DICOMDIR (PS3.10 8): which files it lists, to say how many of them came."""

from __future__ import annotations

from collections.abc import Iterable

from pacs_proxy.ingest.fileheader import read_file_header
from pacs_proxy.ingest.source import Source, Window
from pacs_proxy.ingest.walk import Limits, Walk

_REFERENCED_FILE = 0x00041500
# Eight components of eight characters (PS3.10 8.2), and room for those who write more.
_LONGEST_NAME = 256


def listed(source: Source, limits: Limits) -> list[str]:
    """The files it names, as `compared` wants them. Raises BadUpload."""
    window = Window(source)
    walk = Walk(window, read_file_header(window), limits, inner=frozenset({_REFERENCED_FILE}))
    return [
        compared(walk.value(element, _LONGEST_NAME).decode("latin-1").replace("\\", "/"))
        for element in walk
        if element.tag == _REFERENCED_FILE and element.length
    ]


def compared(name: str) -> str:
    """A name without what file systems change about it: case, versions, dots, padding."""
    return name.strip(" \0").partition(";")[0].rstrip(".").upper()


def words(files: list[str], here: str, names: Iterable[str]) -> str:
    """How many of the listed files are there; `here` is where the DICOMDIR lies."""
    folder = compared(here).rpartition("/")[0]
    prefix = f"{folder}/" if folder else ""
    there = {compared(name) for name in names}
    found = sum(prefix + file in there for file in files)
    missing = f"; {len(files) - found} are missing" if found < len(files) else ""
    return f"The disc lists {len(files)} images, {found} found{missing}."
