"""Logs as one JSON object a line, made of fields we chose: no names, no queries, no UIDs."""

from __future__ import annotations

import json
import logging
import sys
from contextvars import ContextVar
from datetime import UTC, datetime

# Set for each request; also given to the user with every error.
request_id: ContextVar[str] = ContextVar("request_id", default="")

# The only fields a log line may carry besides its message.
_FIELDS = (
    *("error", "detail", "try", "node", "route", "method", "status", "milliseconds"),
    *("code", "principal", "permission", "cause", "job", "kind"),
    *("direction", "bytes", "of"),
)


class JsonLines(logging.Formatter):
    """One line an event; arguments of foreign libraries appear only through their message."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as JSON; exceptions by their type and place, never by their text."""
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if request_id.get():
            line["request_id"] = request_id.get()
        line.update({n: getattr(record, n) for n in _FIELDS if hasattr(record, n)})
        if record.exc_info and record.exc_info[0]:
            line["exception"] = record.exc_info[0].__name__
            line["at"] = _place(record)
        return json.dumps(line)


def _place(record: logging.LogRecord) -> str:
    trace = record.exc_info[2] if record.exc_info else None
    while trace and trace.tb_next:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else ""


def configure(level: str = "INFO") -> None:
    """Send everything to standard error as JSON lines."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    logging.getLogger("alembic").setLevel("WARNING")  # else three lines at every start
