"""`pacs-proxy audit`: the journal checked, and asked, by whoever looks after this machine."""

from __future__ import annotations

import getpass
import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

from pacs_proxy.access.checkpoint import Checkpoint
from pacs_proxy.access.inquiry import Inquiry, as_dict, moment
from pacs_proxy.access.journal import Journal
from pacs_proxy.access.records import AUDIT_USED, Asker, Event
from pacs_proxy.access.tables import AuditRecord
from pacs_proxy.access.verification import Verdict, expect_journal
from pacs_proxy.access.verification import verify as judge
from pacs_proxy.database import Database
from pacs_proxy.errors import AuditUnavailable
from pacs_proxy.settings import Settings

_COLUMNS = ("time", "principal", "event", "outcome", "patient", "study_uid", "address", "detail")
_WIDTHS = (24, 16, 16, 10, 16, 40, 15, 0)

log = logging.getLogger(__name__)


def verify(settings: Settings) -> tuple[str, bool]:
    """What to say, and whether the journal is whole."""
    with closing(Database(settings.database_address)) as database:
        expect_journal(database)
        verdict = judge(database, Checkpoint(settings.checkpoint_path))
    return _said(verdict), verdict.is_whole


def query(settings: Settings, wanted: Mapping[str, Any], as_json: bool) -> Iterator[str]:
    """The lines to print."""
    since, until = (_seconds(wanted[name]) for name in ("since", "until"))
    terms = {name: wanted[name] for name in ("patient", "user", "study", "event")}
    inquiry = Inquiry(**terms, since=since, until=until)
    with closing(Database(settings.database_address)) as database:
        expect_journal(database)
        _write_down(Journal(database, Checkpoint(settings.checkpoint_path)), inquiry)
        if not as_json:
            yield _row(_COLUMNS)
        for record in inquiry.records(database):
            yield (
                json.dumps(as_dict(record), ensure_ascii=False) if as_json else _row(_cells(record))
            )


def _write_down(journal: Journal, inquiry: Inquiry) -> None:
    """Reading the journal is an event of it; but a full disk must not hide what it holds."""
    asker = Asker(f"os:{getpass.getuser()}", "console")
    try:
        journal.write(Event(AUDIT_USED, asker, detail={"terms": inquiry.terms()}))
    except AuditUnavailable:
        log.warning("this look into the journal could not be written down")


def _said(verdict: Verdict) -> str:
    end = f"Last sound record: {verdict.last.seq}, SHA-256 {verdict.last.hash}."
    if not verdict.is_whole:
        return f"{verdict.reason}\n{verdict.sound} records before it are as written.\n{end}"
    if not verdict.is_marked:
        end += (
            "\nThere is no checkpoint file in the data folder: records cut off the end would not "
            "be noticed. Compare the last record with a copy kept elsewhere."
        )
    return f"{verdict.sound} records, each as it was written.\n{end}"


def _seconds(when: datetime | None) -> float | None:
    return when.replace(tzinfo=UTC).timestamp() if when else None


def _cells(record: AuditRecord) -> tuple[str, ...]:
    return tuple(
        moment(record.at) if name == "time" else getattr(record, name) for name in _COLUMNS
    )


def _row(cells: tuple[str, ...]) -> str:
    """One line, whatever a name holds: no control character reaches the terminal."""
    shown = ("".join(c if c.isprintable() else "?" for c in cell) for cell in cells)
    pairs = zip(shown, _WIDTHS, strict=True)
    return "  ".join(cell.ljust(width) for cell, width in pairs).rstrip()
