"""Frames of instances, found in verified files: the index of a file is made once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from pacs_proxy.archive.instances import Instances, Opened
from pacs_proxy.archive.recent import Recent
from pacs_proxy.archive.spool import SpoolFile
from pacs_proxy.decoding.frames import Frames, Span, frames_of, pieces
from pacs_proxy.decoding.payload import payload_of
from pacs_proxy.decoding.slide import Slide, slide_of
from pacs_proxy.upstream.interest import Interest

# An index of a slide of 500 MB takes 60 KB.
_REMEMBERED = 256
_PIECE = 1 << 20

T = TypeVar("T")


@dataclass(frozen=True)
class Frame:
    """One frame of an open file; whoever has it closes `opened`."""

    opened: Opened
    file: SpoolFile
    syntax: str
    spans: list[Span]

    def pieces(self) -> Iterator[bytes]:
        """Its bytes."""
        return pieces(self.file.fd, self.spans, _PIECE)


class FrameShelf:
    """Finds frames; `room` is what the spool could ever hold, in bytes."""

    def __init__(self, instances: Instances, room: int) -> None:
        self._instances, self._room = instances, room
        self._frames: Recent[Frames] = Recent(_REMEMBERED)
        self._slides: Recent[Slide] = Recent(_REMEMBERED)

    def open(self, instance: str, number: int, interest: Interest) -> Frame:
        """Frame `number` (from 1). Raises what `Opened.whole` raises, NotRenderable, NotFound."""
        opened = self._instances.open(instance, interest)
        try:
            file = opened.whole(self._room, interest)
            found = _known(self._frames, opened, lambda: frames_of(file.fd))
            return Frame(opened, file, found.syntax, found.spans(number))
        except BaseException:
            opened.close()
            raise

    def payload(self, instance: str, interest: Interest) -> Frame:
        """The document or the video in it. Raises as `open` does."""
        opened = self._instances.open(instance, interest)
        try:
            file = opened.whole(self._room, interest)
            found = payload_of(file.fd)
            return Frame(opened, file, found.syntax, found.spans(1))
        except BaseException:
            opened.close()
            raise

    def slide(self, instance: str, interest: Interest) -> Slide:
        """What the file says of itself as a level of a slide; NotRenderable when it is none."""
        opened = self._instances.open(instance, interest)
        try:
            file = opened.whole(self._room, interest)
            return _known(self._slides, opened, lambda: slide_of(file.fd))
        finally:
            opened.close()


def _known(kept: Recent[T], opened: Opened, find: Callable[[], T]) -> T:
    found = kept.get(opened.description.uuid)
    if found is None:
        found = find()
        kept.keep(opened.description.uuid, found)
    return found
