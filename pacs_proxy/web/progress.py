"""How far a large body has come, for the log: figures and the request's id, no names."""

from __future__ import annotations

import logging

_EVERY = 10_000_000

log = logging.getLogger("pacs_proxy.relay")


class Progress:
    """Counts from `at`, and says so at each ten million bytes; `total` 0 when not known."""

    def __init__(self, direction: str, total: int, at: int = 0) -> None:
        self._direction, self._total, self._at = direction, total, at

    def came(self, count: int) -> None:
        """That many more bytes."""
        before, self._at = self._at, self._at + count
        if self._at // _EVERY > before // _EVERY:
            seen = {"direction": self._direction, "bytes": self._at, "of": self._total}
            log.info("relayed", extra=seen)
