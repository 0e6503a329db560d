"""One question asked of the installation, and its answer."""

import json
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Check:
    """`ok` is None for a warning, or where the question does not apply."""

    name: str
    ok: bool | None
    found: str
    advice: str = ""

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    def __str__(self) -> str:
        word = {True: "ok  ", False: "NO  ", None: "note"}[self.ok]
        advice = f"\n       -> {self.advice}" if self.advice else ""
        return f"{word} {self.name}: {self.found}{advice}"


def good(name: str, found: str) -> Check:
    return Check(name, True, found)


def bad(name: str, found: str, advice: str) -> Check:
    return Check(name, False, found, advice)


def note(name: str, found: str, advice: str = "") -> Check:
    return Check(name, None, found, advice)


def report(checks: list[Check]) -> str:
    """All of them for a terminal, and a last line that says what to make of it."""
    wrong = sum(check.ok is False for check in checks)
    notes = sum(check.ok is None for check in checks)
    verdict = f"{wrong} to put right" if wrong else "nothing to put right"
    return "\n".join([*map(str, checks), f"{len(checks)} checks: {verdict}, {notes} notes."])


def show(checks: list[Check], as_json: bool) -> bool:
    """Print them; True when something is to be put right."""
    if as_json:
        print(json.dumps([check.as_dict() for check in checks], indent=2))
    else:
        print(report(checks))
    return any(check.ok is False for check in checks)
