"""Where a document or a video lies in its file, so that it can be handed out alone."""

from __future__ import annotations

import os

from pacs_proxy.decoding.elements import DEFLATED, UNDEFINED, Header
from pacs_proxy.decoding.frames import Frames
from pacs_proxy.decoding.items import Items, items_of, offsets
from pacs_proxy.decoding.kinds import kind_of
from pacs_proxy.decoding.survey import header_of
from pacs_proxy.errors import NotRenderable

_DOCUMENT, _DOCUMENT_LENGTH = 0x00420011, 0x00420015


def payload_of(descriptor: int) -> Frames:
    """As one frame; NotRenderable when the file holds neither, or is cut short."""
    header = header_of(descriptor)
    if header.syntax in DEFLATED:
        raise NotRenderable("The data set is deflated: download the whole instance.")
    if kind_of(header) == "video":
        return _video(descriptor, header)
    element = header.elements.get(_DOCUMENT)
    if element is None or element.length in {0, UNDEFINED}:
        raise NotRenderable("This instance holds no document and no video.")
    if element.start + element.length > os.fstat(descriptor).st_size:
        raise NotRenderable("The document is cut short.")
    size = _length(descriptor, header, element.start + element.length, element.length)
    return Frames(header.syntax, 1, Items(), offsets(), offsets(), (element.start, size))


def _length(descriptor: int, header: Header, at: int, stored: int) -> int:
    """Without the byte that makes it even, where the element behind says so (PS3.3 C.24.2)."""
    told = header.number(_DOCUMENT_LENGTH, 0)
    if not told:
        behind = os.pread(descriptor, 64, at)
        tag = (_DOCUMENT_LENGTH >> 16).to_bytes(2, header.order) + b"\x15\0"
        found = behind.find(tag)
        told = int.from_bytes(behind[found + 8 : found + 12], header.order) if found >= 0 else 0
    return told if 0 <= stored - told <= 1 else stored


def _video(descriptor: int, header: Header) -> Frames:
    pixels = header.pixels
    if pixels is None or pixels.length != UNDEFINED:
        raise NotRenderable("The video is not stored as its transfer syntax says.")
    found = items_of(descriptor, pixels.start)
    if not len(found):
        raise NotRenderable("The video is empty.")
    firsts, ends = offsets(), offsets()
    firsts.append(0)
    ends.append(len(found))
    return Frames(header.syntax, 1, found, firsts, ends)
