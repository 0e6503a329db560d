"""The audit journal to a repository elsewhere, by syslog over TLS (RFC 5424, 5425).

The journal itself is the queue: what was sent is a number in a file. Syslog has no answers, so a
record counts as sent when the other side's kernel has it; after a broken connection the last ones
are sent once more, under the same sequenceId.
"""

from __future__ import annotations

import fcntl
import logging
import os
import select
import socket
import ssl
import struct
import termios
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from sqlalchemy import Table
from sqlalchemy import select as query

from pacs_proxy.access.atna import STARTED, STOPPED, activity, framed, message
from pacs_proxy.access.tables import AuditRecord
from pacs_proxy.database import Database
from pacs_proxy.errors import DatabaseUnavailable
from pacs_proxy.settings import Settings

_TABLE: Table = AuditRecord.metadata.tables["audit"]
_BATCH, _AGAIN = 100, 100
_SECONDS, _LOOKS_EVERY = 10.0, 0.5
_WAITS = (1.0, 2.0, 5.0, 10.0, 30.0)

log = logging.getLogger(__name__)


class NotTaken(OSError):
    """The repository has not got what was sent."""


class Shipper:
    """Sends records in their order; one process of a machine does it, another when that ends."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self._settings, self._database = settings, database
        self._ending = threading.Event()
        self._place = Path(settings.data_path / "audit.shipped")
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin, after the fork; nothing happens where no repository is set."""
        if self._settings.audit_syslog:
            self._thread = threading.Thread(target=self._run, name="shipper", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """End; what was not sent is sent next time."""
        self._ending.set()
        if self._thread:
            self._thread.join()

    def _run(self) -> None:
        place = os.open(self._place, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            while not self._is_ours(place):
                if self._ending.wait(_LOOKS_EVERY):
                    return
            self._ship(place)
        finally:
            os.close(place)

    def _is_ours(self, place: int) -> bool:
        with suppress(BlockingIOError):
            fcntl.flock(place, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        return False

    def _ship(self, place: int) -> None:
        failures = 0
        while not self._ending.is_set():
            try:
                with self._connected() as sock:
                    failures = 0
                    self._pour(sock, place)
            except (OSError, DatabaseUnavailable) as error:
                wait = _WAITS[min(failures, len(_WAITS) - 1)]
                failures += 1
                cause = type(error).__name__
                log.warning("the audit repository takes nothing", extra={"cause": cause})
                self._ending.wait(wait)

    def _pour(self, sock: ssl.SSLSocket, place: int) -> None:
        sent = max(0, _number(place) - _AGAIN)
        self._send(sock, [(activity(STARTED, time.time()), time.time(), 1)])
        while not self._ending.is_set():
            batch = self._after(sent)
            if batch:
                self._send(sock, [(message(r), r["at"], r["seq"]) for r in batch])
                sent = batch[-1]["seq"]
                _keep(place, max(sent, _number(place)))
            elif _is_closed(sock):
                raise NotTaken
            elif len(batch) < _BATCH:
                self._ending.wait(_LOOKS_EVERY)
        self._send(sock, [(activity(STOPPED, time.time()), time.time(), 1)])

    def _after(self, number: int) -> list[dict[str, Any]]:
        wanted = query(_TABLE).where(_TABLE.c.seq > number).order_by(_TABLE.c.seq).limit(_BATCH)
        with self._database.read() as session:
            return [{**row} for row in session.execute(wanted).mappings()]

    def _send(self, sock: ssl.SSLSocket, messages: list[tuple[bytes, float, int]]) -> None:
        """Raises OSError unless the other side's kernel has all of it."""
        host, process = socket.gethostname(), os.getpid()
        sock.sendall(b"".join(framed(xml, at, n, host, process) for xml, at, n in messages))
        deadline = time.monotonic() + _SECONDS
        while _unacknowledged(sock):
            if _is_closed(sock) or time.monotonic() > deadline:
                raise NotTaken
            time.sleep(0.005)

    def _connected(self) -> ssl.SSLSocket:
        """Raises OSError; also where its certificate is not the right one."""
        host, _, port = self._settings.audit_syslog.rpartition(":")
        context = ssl.create_default_context(cafile=self._settings.audit_syslog_ca or None)
        if self._settings.audit_syslog_certificate:
            context.load_cert_chain(self._settings.audit_syslog_certificate)
        name = host.strip("[]")
        plain = socket.create_connection((name, int(port)), timeout=_SECONDS)
        return context.wrap_socket(plain, server_hostname=name)


def _unacknowledged(sock: socket.socket) -> int:
    """Bytes that our kernel still keeps for the case that they were lost on the way."""
    return int(struct.unpack("i", fcntl.ioctl(sock.fileno(), termios.TIOCOUTQ, b"\0" * 4))[0])


def _is_closed(sock: socket.socket) -> bool:
    poller = select.poll()
    poller.register(sock, select.POLLRDHUP)
    return bool(poller.poll(0))


def _number(place: int) -> int:
    data = os.pread(place, 32, 0)
    return int(data) if data.strip().isdigit() else 0


def _keep(place: int, number: int) -> None:
    os.pwrite(place, b"%020d\n" % number, 0)
    os.fdatasync(place)
