"""Uploads damaged in every way we know of, by a seed; each file has an image UID of its own."""

import contextlib
import gzip
import hashlib
import socket
import struct
from collections.abc import Callable
from functools import cache
from random import Random

from pydicom import dcmread, dcmwrite
from pydicom.data import get_testdata_file
from pydicom.filebase import DicomBytesIO
from pydicom.uid import UID

from tests.fakes.listener import hear
from tests.sender import BYTES, TUS, Sender, checksum, metadata

_UID = "1.2.826.0.1.3680043.8.498.99.9{:08d}"


@cache
def _template() -> bytes:
    dataset = dcmread(str(get_testdata_file("CT_small.dcm")))
    dataset.SOPInstanceUID = UID(_UID.format(0))
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = _UID.format(1) + ".1", _UID.format(1)
    target = DicomBytesIO()
    dcmwrite(target, dataset)
    return bytes(target.getvalue())


def image(number: int) -> bytes:
    """A whole CT slice of 128 x 128, from number 2 on."""
    return _template().replace(_UID.format(0).encode(), _UID.format(number).encode())


class Damager:
    """Sends one file so that it must not be taken for whole; `kind` names how."""

    def __init__(self, sender: Sender, batch: str, random: Random) -> None:
        self._sender, self._batch, self._random = sender, batch, random
        self.kinds: dict[str, Callable[[bytes, str], None]] = {
            "cut": self._cut,
            "reset": self._reset,
            "cut without a checksum": self._cut_unchecked,
            "flipped": self._flipped,
            "unfinished": self._unfinished,
            "too long": self._too_long,
            "understated": self._understated,
            "lying checksum": self._lying_checksum,
            "another file": self._another_file,
            "gzip cut": self._gzip_cut,
            "gzip flipped": self._gzip_flipped,
            "gzip short": self._gzip_short,
        }

    def whole(self, data: bytes, key: str) -> None:
        """The control: nothing is wrong with it."""
        assert self._sender.post(len(data), data, key=key, batch=self._batch).status == 201

    def send(self, kind: str, data: bytes, key: str) -> None:
        """What the server answers is not asked; some of it never arrives."""
        with contextlib.suppress(OSError):
            self.kinds[kind](data, key)

    def _creation(self, length: int, key: str) -> dict[str, str]:
        return {**BYTES, "Upload-Length": str(length), **metadata(key=key, batch=self._batch)}

    def _begun(self, data: bytes, key: str, at: int) -> socket.socket:
        headers = {**self._creation(len(data), key), **checksum(data)}
        return self._sender.begin("POST", "/api/uploads", headers, len(data), data[:at])

    def _somewhere(self, data: bytes) -> int:
        return self._random.randrange(len(data))

    def _flip(self, data: bytes) -> bytes:
        at = self._somewhere(data)
        return data[:at] + bytes([data[at] ^ 1 << self._random.randrange(8)]) + data[at + 1 :]

    def _cut(self, data: bytes, key: str) -> None:
        with self._begun(data, key, self._somewhere(data)) as sock:
            sock.shutdown(socket.SHUT_WR)
            hear(sock)

    def _reset(self, data: bytes, key: str) -> None:
        with self._begun(data, key, self._somewhere(data)) as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def _cut_unchecked(self, data: bytes, key: str) -> None:
        headers, at = self._creation(len(data), key), self._somewhere(data)
        begun = self._sender.begin("POST", "/api/uploads", headers, len(data), data[:at])
        with begun as sock:
            sock.shutdown(socket.SHUT_WR)
            hear(sock)

    def _flipped(self, data: bytes, key: str) -> None:
        headers = {**self._creation(len(data), key), **checksum(data)}
        self._sender.ask("POST", "/api/uploads", headers, self._flip(data))

    def _unfinished(self, data: bytes, key: str) -> None:
        self._sender.post(len(data), data[: self._somewhere(data)], key=key, batch=self._batch)

    def _too_long(self, data: bytes, key: str) -> None:
        """More bytes than the length says: a file of another one's length is not cut to it."""
        length = self._somewhere(data)
        headers = {**self._creation(length, key), **checksum(data)}
        self._sender.ask("POST", "/api/uploads", headers, data)

    def _understated(self, data: bytes, key: str) -> None:
        """Every byte as announced and checked, but the file was cut before: its content tells.

        Cut inside the pixels: behind them there is only padding.
        """
        part = data[: -self._random.randrange(1000, len(data) // 2)]
        self._sender.post(len(part), part, key=key, batch=self._batch)

    def _lying_checksum(self, data: bytes, key: str) -> None:
        headers = {**self._creation(len(data), key), **checksum(data + b"x")}
        self._sender.ask("POST", "/api/uploads", headers, data)

    def _another_file(self, data: bytes, key: str) -> None:
        """Each chunk has its own right checksum; the file's digest tells that one was damaged."""
        digest, middle, wrong = hashlib.sha256(data).hexdigest(), len(data) // 2, self._flip(data)
        given = metadata(key=key, batch=self._batch, sha256=digest)
        headers = {**TUS, "Upload-Length": str(len(data)), **given}
        where = self._sender.ask("POST", "/api/uploads", headers, b"").headers["Location"]
        self._sender.patch(where, 0, wrong[:middle])
        self._sender.patch(where, middle, wrong[middle:])

    def _coded(self, data: bytes, key: str, body: bytes) -> None:
        where = self._sender.create(len(data), key=key, batch=self._batch)
        self._sender.patch(where, 0, body, {**checksum(data), "Content-Encoding": "gzip"})

    def _gzip_cut(self, data: bytes, key: str) -> None:
        body = gzip.compress(data, 1)
        self._coded(data, key, body[: self._somewhere(body)])

    def _gzip_flipped(self, data: bytes, key: str) -> None:
        """Behind the header, of which no bit matters to the content."""
        body = gzip.compress(data, 1)
        self._coded(data, key, body[:10] + self._flip(body[10:]))

    def _gzip_short(self, data: bytes, key: str) -> None:
        self._coded(data, key, gzip.compress(data[: self._somewhere(data)], 1))
