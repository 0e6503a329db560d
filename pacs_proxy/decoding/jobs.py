"""What passes between the server, the template process and its children."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any

MESSAGE_BYTES = 4096
CONVERT, RENDER, COMPACT, CONTENTS = "convert", "render", "compact", "contents"


@dataclass(frozen=True, slots=True)
class View:
    """A frame (from 1), `size` pixels on its longest side (0: as stored).

    A PNG, or where a `quality` (1 to 95) is given a JPEG.
    """

    frame: int = 1
    size: int = 0
    quality: int = 0


@dataclass(frozen=True, slots=True)
class Job:
    """One piece of work; the file and the place for the result travel as descriptors."""

    kind: str
    memory_bytes: int
    cpu_seconds: int
    output_bytes: int
    view: View = View()
    wishes: dict[str, Any] = field(default_factory=dict)

    def encode(self) -> bytes:
        """As one datagram."""
        return json.dumps(asdict(self)).encode()

    @classmethod
    def decode(cls, message: bytes) -> Job:
        """The reverse; the template trusts the server."""
        told = json.loads(message)
        return cls(**told | {"view": View(**told["view"])})


@dataclass(frozen=True, slots=True)
class Report:
    """What a child, or the template on behalf of a dead one, says."""

    event: str
    detail: str = ""
    status: int = 0

    def encode(self) -> bytes:
        """As one datagram; a detail that is too long is cut."""
        return json.dumps(asdict(self)).encode()[:MESSAGE_BYTES]

    @classmethod
    def decode(cls, message: bytes) -> Report:
        """A child may have been taken over: believe its words only in this form."""
        try:
            fields = json.loads(message)
            return cls(str(fields["event"]), _plain(fields["detail"]), int(fields["status"]))
        except (ValueError, KeyError, TypeError, RecursionError):
            return cls("failed", "The decoder gave no intelligible answer.")


def _plain(text: object) -> str:
    shown = str(text)[:300]
    return "".join(letter for letter in shown if " " <= letter <= "~")
