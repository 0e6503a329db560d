"""Bytes of one attachment, from the archive into the spool, by whoever holds its claim."""

from __future__ import annotations

import logging
import threading
from contextlib import closing

from pacs_proxy.archive.room import SpoolFull
from pacs_proxy.archive.spool import Claim, Spool, SpoolFile
from pacs_proxy.errors import Corrupt, PacsProxyError
from pacs_proxy.upstream.answers import Description
from pacs_proxy.upstream.attempts import Attempts
from pacs_proxy.upstream.client import Client
from pacs_proxy.upstream.interest import Interest
from pacs_proxy.upstream.watch import Watch

log = logging.getLogger(__name__)


def fetch(client: Client, spool: Spool, wanted: Description, attempts: Attempts) -> SpoolFile:
    """The verified file, fetched as often as it takes; nobody has seen a byte of it before.

    Raises what `Client.body` raises, and SpoolFull.
    """
    while True:
        file = spool.create(wanted.uuid, wanted.size)
        attempts.interest.is_shared = file.is_followed
        try:
            pour(client, file, wanted, attempts)
        except Corrupt as error:
            spool.give_up(file)
            attempts.failed(error)
        except BaseException:
            spool.give_up(file)
            raise
        else:
            return file


def pour(client: Client, file: SpoolFile, wanted: Description, attempts: Attempts) -> None:
    """Write the proven bytes into the file; its last piece comes only when all is right."""
    with closing(client.body(wanted, attempts)) as pieces:
        for piece in pieces:
            file.write(piece)


class Suspects(set[str]):
    """Attachments whose bytes were wrong after some had left.

    Next time they are verified before the first byte leaves: so a line's flip is repaired, and
    a damaged object becomes an answer that says so, instead of a broken connection each time.
    """

    MOST = 1000

    def add(self, key: str) -> None:
        if len(self) >= self.MOST:
            self.clear()
        super().add(key)


class Background:
    """A large file on its way: fetched at the archive's speed, read at each browser's."""

    def __init__(
        self, client: Client, spool: Spool, watch: Watch, wanted: Description, suspects: Suspects
    ) -> None:
        self._client, self._spool, self._watch, self._wanted = client, spool, watch, wanted
        self._suspects = suspects
        self.error: PacsProxyError | None = None

    def start(self, claim: Claim) -> SpoolFile:
        """Begin; returns the growing file for the first reader. Raises SpoolFull."""
        file = self._spool.create(self._wanted.uuid, self._wanted.size)
        reader = self._spool.find(self._wanted.uuid, self._wanted.size)
        if reader is None:
            self._spool.give_up(file)
            raise SpoolFull
        work = (claim.handed_over(), file)
        threading.Thread(target=self._run, args=work, name="fetch", daemon=True).start()
        return reader

    def _run(self, claim: Claim, file: SpoolFile) -> None:
        interest = Interest()
        with claim, self._watch.over(interest, file.withdraw):
            try:
                pour(self._client, file, self._wanted, self._client.attempts(interest))
                file.close()
            except BaseException as error:
                self.error = error if isinstance(error, PacsProxyError) else None
                if isinstance(error, Corrupt):
                    self._suspects.add(self._wanted.uuid)
                self._spool.give_up(file)
                if not isinstance(error, PacsProxyError | SpoolFull):
                    raise
                log.info("fetch ended early", extra={"error": type(error).__name__})
