"""A DICOM file while its frames are being appended by somebody we do not trust."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pacs_proxy.decoding.items import HEADER_BYTES, Items, items_of
from pacs_proxy.errors import PacsProxyError
from pacs_proxy.ingest.tiff.datasets import written

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_NO_ITEM = 8
_END = b"\xfe\xff\xdd\xe0\0\0\0\0"
_ELEMENT = 12


@dataclass(slots=True)
class Growing:
    """One file under a name of its own until it is whole; the child only ever appends to it."""

    path: Path
    frames: int
    head: bytes
    table: int
    descriptor: int

    @classmethod
    def begin(cls, path: Path, dataset: Dataset, frames: int) -> Growing:
        """Write the header and wait for `frames` frames."""
        head, table = written(dataset, frames)
        flags = os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND | os.O_CLOEXEC
        descriptor = os.open(_unfinished(path), flags, 0o600)
        os.write(descriptor, head)
        return cls(path, frames, head, table, descriptor)

    def finish(self) -> Path:
        """Check what was appended, add the end and the table, and give the file its name."""
        try:
            items = items_of(self.descriptor, len(self.head) - _NO_ITEM)
            intact = os.pread(self.descriptor, len(self.head), 0) == self.head
            if not intact or len(items) != self.frames:
                raise PacsProxyError("The converter wrote something else than it was asked for.")
            os.write(self.descriptor, _END)
            self._fill_table(items)
            os.fsync(self.descriptor)
        finally:
            self.close()
        _unfinished(self.path).replace(self.path)
        return self.path

    def close(self) -> None:
        """Let go of it, once."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1

    def discard(self) -> None:
        """Leave nothing of it behind."""
        self.close()
        _unfinished(self.path).unlink(missing_ok=True)

    def _fill_table(self, items: Items) -> None:
        """Offsets and lengths of the frames; as pydicom and wsidicom have it, padding counts."""
        if not self.table:
            return
        offsets = b"".join(
            (start - items.starts[0]).to_bytes(HEADER_BYTES, "little") for start in items.starts
        )
        lengths = b"".join(length.to_bytes(HEADER_BYTES, "little") for length in items.lengths)
        # Appending descriptors write at the end wherever they are told to.
        with _unfinished(self.path).open("r+b") as file:
            file.seek(self.table + _ELEMENT)
            file.write(offsets)
            file.seek(_ELEMENT, os.SEEK_CUR)
            file.write(lengths)


def _unfinished(path: Path) -> Path:
    return path.with_suffix(".part")
