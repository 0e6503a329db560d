"""Pictures of instances: what the browser draws right, and PNGs where it cannot draw."""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

from pacs_proxy import metrics
from pacs_proxy.archive.instances import Instances, Opened
from pacs_proxy.archive.recent import Recent
from pacs_proxy.archive.room import SpoolFull
from pacs_proxy.archive.spool import Spool, SpoolFile
from pacs_proxy.decoding import Decoder, View, conversion_reason_of
from pacs_proxy.errors import Busy, NotRenderable, PacsProxyError
from pacs_proxy.upstream.answers import Description
from pacs_proxy.upstream.interest import Interest

_REMEMBERED = 20_000
# Said in `X-Converted`: the pixels are the stored ones, their coding is not.
SMALLER = "lossless HTJ2K for a slow link"
# Longest side in pixels, and how many: some 10 MB of a worker's memory.
_THUMBNAIL, _THUMBNAILS = 256, 500
_PIECE = 1 << 20

T = TypeVar("T")
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Conversion:
    """What is known of one attachment: why it is converted, and the result once it was made."""

    reason: str | None
    size: int = 0
    md5: str = ""


@dataclass(frozen=True)
class Shown:
    """Bytes for the browser; `converted` says why they are not the stored ones.

    `is_proven`: those had a digest in the archive.
    """

    opened: Opened
    converted: str | None = None
    is_proven: bool = True


@dataclass(frozen=True)
class Picture:
    """A PNG or JPEG, and its validator."""

    data: bytes
    tag: str


class Pictures:
    """Decides, converts and renders; decoding itself happens in jailed children."""

    def __init__(self, instances: Instances, spool: Spool, decoder: Decoder) -> None:
        self._instances, self._spool, self._decoder = instances, spool, decoder
        self._known: Recent[Conversion] = Recent(_REMEMBERED)
        self._compacted: Recent[Conversion] = Recent(_REMEMBERED)
        self._thumbnails: Recent[bytes] = Recent(_THUMBNAILS)

    def display(self, instance: str, interest: Interest) -> Shown:
        """The stored bytes where the browser draws them right, else a converted file.

        Raises what `Instances.open` raises, NotRenderable, Busy.
        """
        opened = self._instances.open(instance, interest)
        try:
            conversion = self._conversion(opened, interest)
            if conversion.reason is None:
                return Shown(opened)
            converted = self._converted(opened, conversion, interest)
        except BaseException:
            opened.close()
            raise
        opened.close()
        return converted

    def compact(self, instance: str, interest: Interest) -> Shown:
        """The same pixels in fewer bytes where that is to be had, else as `display`."""
        opened = self._instances.open(instance, interest)
        try:
            shown = self._smaller(opened, interest)
        except BaseException:
            opened.close()
            raise
        if shown.opened is not opened:
            opened.close()
        return shown

    def _smaller(self, opened: Opened, interest: Interest) -> Shown:
        conversion = self._conversion(opened, interest)
        if conversion.reason is not None:
            return self._converted(opened, conversion, interest)
        known = self._compacted.get(opened.description.uuid) or Conversion(SMALLER)
        if known.reason is None:
            return Shown(opened)
        try:
            return self._converted(opened, known, interest)
        except NotRenderable:
            self._compacted.keep(opened.description.uuid, Conversion(None))
        except Busy as error:
            # The stored bytes take longer on the link, and are there.
            log.info("not made smaller", extra={"detail": error.detail})
        return Shown(opened)

    def tag(self, instance: str, view: View, interest: Interest) -> str:
        """The validator a rendered picture will have: asked for before anything is decoded."""
        return _tag(self._instances.describe(instance, interest), view)

    def rendered(self, instance: str, view: View, interest: Interest) -> Picture:
        """One frame to look at, drawn from the verified file."""
        opened = self._instances.open(instance, interest)
        try:
            tag = _tag(opened.description, view)
            data = self._thumbnails.get(tag) or self._drawn(opened, view, interest)
        finally:
            opened.close()
        if 0 < view.size <= _THUMBNAIL:
            self._thumbnails.keep(tag, data)
        return Picture(data, tag)

    def contents(self, instance: str, interest: Interest) -> bytes:
        """What the instance holds beside or instead of a picture, as JSON."""
        opened = self._instances.open(instance, interest)
        try:
            file = self._whole(opened, interest)
            return _counted("contents", lambda: self._decoder.contents(file.fd))
        finally:
            opened.close()

    def _drawn(self, opened: Opened, view: View, interest: Interest) -> bytes:
        file = self._whole(opened, interest)
        return _counted("render", lambda: self._decoder.render(file.fd, view))

    def _whole(self, opened: Opened, interest: Interest) -> SpoolFile:
        """The verified file: what browsers draw wrong may show only at its end."""
        return opened.whole(self._spool.limit, interest)

    def _conversion(self, opened: Opened, interest: Interest) -> Conversion:
        uuid = opened.description.uuid
        known = self._known.get(uuid)
        if known is None:
            known = Conversion(conversion_reason_of(self._whole(opened, interest).fd))
            self._known.keep(uuid, known)
        return known

    def _converted(self, opened: Opened, conversion: Conversion, interest: Interest) -> Shown:
        is_smaller = conversion.reason == SMALLER
        key = f"{opened.description.uuid}-{'compact' if is_smaller else 'display'}"
        if conversion.size:
            kept = self._found(key, conversion)
            if kept:
                return _shown(opened.description, conversion, key, kept)
        file = self._whole(opened, interest)
        source = file.fd
        kind = "compact" if is_smaller else "convert"
        make = self._decoder.compact if is_smaller else self._decoder.convert
        made = _counted(kind, lambda: make(source))
        try:
            conversion = replace(conversion, size=os.fstat(made).st_size, md5=_md5(made))
            stored = self._stored(key, conversion, made, interest)
        finally:
            os.close(made)
        kept_in = self._compacted if is_smaller else self._known
        kept_in.keep(opened.description.uuid, conversion)
        return _shown(opened.description, conversion, key, stored)

    def _stored(self, key: str, conversion: Conversion, made: int, interest: Interest) -> SpoolFile:
        """Keep the converted file; another worker may have made the very same meanwhile."""
        while not (claim := self._spool.claim(key)):
            interest.sleep(0.005)
        with claim:
            kept = self._found(key, conversion)
            if kept:
                return kept
            try:
                return self._kept(key, conversion, made)
            except SpoolFull:
                raise Busy("No room for the converted image; try again soon.", 3) from None

    def _found(self, key: str, conversion: Conversion) -> SpoolFile | None:
        """A whole one; one that another worker is just writing is let go again."""
        file = self._spool.find(key, conversion.size)
        if file and not file.is_verified:
            file.close()
            return None
        return file

    def _kept(self, key: str, conversion: Conversion, made: int) -> SpoolFile:
        file = self._spool.create(key, conversion.size)
        try:
            _copy(made, file)
        except BaseException:
            self._spool.give_up(file)
            raise
        return file


def _tag(described: Description, view: View) -> str:
    form = f"jpeg{view.quality}" if view.quality else "png"
    return f"{form}-{described.md5 or described.uuid}-{view.frame}-{view.size}"


def _shown(stored: Description, conversion: Conversion, key: str, file: SpoolFile) -> Shown:
    described = Description(stored.instance, conversion.size, conversion.md5, key)
    return Shown(Opened(described, file), conversion.reason, stored.md5 is not None)


def _copy(source: int, file: SpoolFile) -> None:
    position = 0
    while piece := os.pread(source, _PIECE, position):
        file.write(memoryview(piece))
        position += len(piece)


def _md5(source: int) -> str:
    digest, position = hashlib.md5(usedforsecurity=False), 0
    while piece := os.pread(source, _PIECE, position):
        digest.update(piece)
        position += len(piece)
    return digest.hexdigest()


def _counted(kind: str, work: Callable[[], T]) -> T:
    try:
        made = work()
    except PacsProxyError as error:
        metrics.DECODES.labels(kind, error.code).inc()
        raise
    metrics.DECODES.labels(kind, "ok").inc()
    return made
