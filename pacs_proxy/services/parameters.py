"""Query parameters, read strictly: a wrong one is named, never guessed at."""

from __future__ import annotations

import re

from flask import request

from pacs_proxy.errors import BadRequest, MissingParameter

_DATE = re.compile(r"[0-9]{8}\Z", re.ASCII)


def required(name: str) -> str:
    """A parameter that must be there; MissingParameter names it."""
    value = request.args.get(name, "")
    if not value:
        raise MissingParameter(f"The parameter {name} is required.")
    return value


def number(name: str, default: int, least: int, most: int) -> int:
    """A whole number within bounds."""
    value = request.args.get(name, str(default))
    is_short_number = value.isascii() and value.isdigit() and len(value) < 10
    if not (is_short_number and least <= int(value) <= most):
        raise BadRequest(f"{name} must be a whole number from {least} to {most}.")
    return int(value)


def text(name: str, longest: int) -> str:
    """Printable text, empty when not given."""
    value = request.args.get(name, "")
    if len(value) > longest or not value.isprintable():
        raise BadRequest(f"{name} must be at most {longest} printable characters.")
    return value


def date(name: str) -> str:
    """A date as DICOM writes it (PS3.5, DA), empty when not given."""
    value = request.args.get(name, "")
    if value and not _DATE.match(value):
        raise BadRequest(f"{name} must be a date as YYYYMMDD.")
    return value


def choice(name: str, allowed: tuple[str, ...]) -> str:
    """One of a few words; the first when not given."""
    value = request.args.get(name, allowed[0])
    if value not in allowed:
        raise BadRequest(f"{name} must be one of {', '.join(allowed)}.")
    return value
