"""A log line is one JSON object of fields we chose, whatever anybody puts into it."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacs_proxy import logs


@pytest.fixture
def root() -> Iterator[logging.Logger]:
    """The root logger, given back as it was."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield root
    root.handlers = handlers
    root.setLevel(level)


def line(record: logging.LogRecord) -> dict[str, Any]:
    text = logs.JsonLines().format(record)
    assert "\n" not in text
    parsed: dict[str, Any] = json.loads(text)
    return parsed


def record(message: str, **fields: object) -> logging.LogRecord:
    made = logging.LogRecord("pacs_proxy.x", logging.INFO, "file.py", 1, message, (), None)
    made.__dict__.update(fields)
    return made


@given(st.text())
def test_any_message_is_one_line(message: str) -> None:
    assert line(record(message.replace("%", "%%")))["message"] is not None


def test_only_chosen_fields_are_written() -> None:
    written = line(record("x", code="not_found", patient="Doe^Jane", path="/api/1.2.3"))
    assert written["code"] == "not_found"
    assert "Doe" not in str(written)
    assert "1.2.3" not in str(written)


def test_the_request_id_is_on_every_line_of_a_request() -> None:
    token = logs.request_id.set("abc")
    try:
        assert line(record("x"))["request_id"] == "abc"
    finally:
        logs.request_id.reset(token)
    # Whatever an earlier test of this process has answered.
    token = logs.request_id.set("")
    try:
        assert "request_id" not in line(record("x"))
    finally:
        logs.request_id.reset(token)


def test_an_exception_is_its_type_and_place_and_never_its_text() -> None:
    made = record("unexpected")
    try:
        raise ValueError("Doe^Jane")
    except ValueError as error:
        made.exc_info = (type(error), error, error.__traceback__)
    written = line(made)
    assert written["exception"] == "ValueError"
    assert "test_logs.py:" in written["at"]
    assert "Doe" not in str(written)


def test_times_are_utc_to_the_millisecond() -> None:
    assert line(record("x"))["time"].endswith("+00:00")


def test_everything_goes_to_standard_error_as_json(
    root: logging.Logger, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stderr", target := io.StringIO())
    logs.configure()
    logging.getLogger("somebody.else").warning("hello")
    assert json.loads(target.getvalue())["logger"] == "somebody.else"
