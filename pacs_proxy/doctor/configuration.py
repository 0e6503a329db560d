"""Orthanc's configuration from its files: JSON with comments, a file or a folder of them."""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# A string is matched first, so that "http://…" is not taken for the start of a comment.
_TOKENS = re.compile(r'("(?:\\.|[^"\\])*")|//[^\n]*|/\*.*?\*/', re.DOTALL)
_TRAILING_COMMA = re.compile(r'("(?:\\.|[^"\\])*")|,(?=\s*[}\]])')
_VARIABLE = re.compile(r"\$\{(\w+)(?::-([^}]*))?\}")


class Unreadable(Exception):
    """The file cannot be read or is not JSON; the text names file and place, no content."""


@dataclass(frozen=True)
class Configuration:
    """All files together; `twice` are options that two files or one file define again."""

    source: Path
    options: Mapping[str, Any]
    twice: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()


def read(source: Path) -> Configuration:
    """A folder is read as Orthanc does: every .json in it, none below."""
    if not os.access(source, os.R_OK):
        raise Unreadable(f"{source.name} does not exist or may not be read by this user")
    paths = sorted(source.glob("*.json")) if source.is_dir() else [source]
    options: dict[str, Any] = {}
    twice: list[str] = []
    unread: list[str] = []
    for path in paths:
        if source.is_dir() and not os.access(path, os.R_OK):
            unread.append(path.name)
            continue
        pairs = parse(path)
        twice += [
            name
            for number, (name, _) in enumerate(pairs)
            if name in options or name in {earlier for earlier, _ in pairs[:number]}
        ]
        options.update(pairs)
    return Configuration(source, options, tuple(twice), tuple(unread))


def parse(path: Path) -> list[tuple[str, Any]]:
    """The top level as pairs, so that an option given twice is still seen."""
    try:
        text = path.read_text(encoding="utf-8")
        top = json.loads(plain(text), object_pairs_hook=Pairs)
    except (OSError, UnicodeDecodeError) as error:
        raise Unreadable(f"{path.name} cannot be read ({type(error).__name__})") from error
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}: {error.msg}"
        raise Unreadable(f"{path.name} is not JSON, {where}") from error
    if not isinstance(top, Pairs):
        raise Unreadable(f"{path.name} is not a JSON object")
    return [(name, _simple(value)) for name, value in top]


def plain(text: str) -> str:
    """Without comments and trailing commas, lines kept, and ${NAME} as the environment has it."""
    filled = _VARIABLE.sub(lambda found: os.environ.get(found[1], found[2] or ""), text)
    bare = _TOKENS.sub(lambda found: found[1] or re.sub(r"[^\n]", " ", found[0]), filled)
    return _TRAILING_COMMA.sub(lambda found: found[1] or "", bare)


class Pairs(list[tuple[str, Any]]):
    """A JSON object with its names in order, repeated ones too."""


def _simple(value: Any) -> Any:
    if isinstance(value, Pairs):
        return {name: _simple(inner) for name, inner in value}
    return [_simple(inner) for inner in value] if isinstance(value, list) else value
