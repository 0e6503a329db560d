"""A small picture of a TIFF that has come, for whoever sent it: before any of it is stored."""

from __future__ import annotations

from threading import BoundedSemaphore

from pacs_proxy.archive.recent import Recent
from pacs_proxy.database import Database
from pacs_proxy.errors import BadUpload, Busy, NotFound
from pacs_proxy.ingest import rows
from pacs_proxy.ingest.formats import Kind
from pacs_proxy.ingest.spool import Staging
from pacs_proxy.ingest.tiff import TiffConverter

_REMEMBERED = 64
_PATIENCE = 5.0


class Thumbnails:
    """Drawn in a jailed child, one at a time, and remembered."""

    def __init__(self, database: Database, staging: Staging, converter: TiffConverter) -> None:
        self._database, self._staging, self._converter = database, staging, converter
        self._known: Recent[bytes] = Recent(_REMEMBERED)
        self._place = BoundedSemaphore(1)

    def of(self, owner: str, upload: str) -> bytes:
        """A PNG. Raises NotFound, BadUpload where the file is no TIFF we can read, Busy."""
        with self._database.read() as session:
            found = rows.find(session, owner, upload)
            whole, kind = found.offset == found.length, found.kind
        if not whole:
            raise NotFound("This upload is not complete yet.")
        if kind not in {None, Kind.TIFF.value}:
            raise BadUpload("not_a_tiff", "Only of a TIFF a thumbnail is made before it is stored.")
        return self._known.get(upload) or self._drawn(upload)

    def _drawn(self, upload: str) -> bytes:
        path = self._staging.path(upload)
        if not path.exists():
            raise NotFound("The file of this upload is not kept any more.")
        if not self._place.acquire(timeout=_PATIENCE):
            raise Busy("Another thumbnail is being made; ask again in a moment.", 2.0)
        try:
            png = self._converter.thumbnail(path)
        finally:
            self._place.release()
        self._known.keep(upload, png)
        return png
