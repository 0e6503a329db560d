"""A client that reads at its own pace, checks every byte, and comes again when told to."""

from __future__ import annotations

import hashlib
import http.client
import time
from collections import Counter
from dataclasses import dataclass, field

from bench.large import Stored

# As long as a person's viewer goes on asking a server that is busy.
PATIENCE = 180.0
PIECE = 64 << 10


@dataclass
class Reader:
    """Takes `rate` bytes a second, 0 for all it can get; counts the answers that were not 200."""

    port: int
    rate: float
    refusals: Counter[int] = field(default_factory=Counter)

    def read(self, wanted: Stored) -> str:
        """`exact`, `wrong`, or what became of it instead."""
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                outcome = self._asked(wanted)
            except (OSError, http.client.HTTPException) as error:
                return type(error).__name__
            if isinstance(outcome, str):
                return outcome
            if time.monotonic() + outcome > deadline:
                return "still busy"
            time.sleep(outcome)

    def _asked(self, wanted: Stored) -> str | float:
        """The outcome, or the seconds after which the server wants to be asked again."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request("GET", f"/api/pacs/instances/{wanted.instance}/file")
            answer = connection.getresponse()
            if answer.status == http.HTTPStatus.OK:
                return self._judged(answer, wanted)
            self.refusals[answer.status] += 1
            again = answer.headers.get("Retry-After")
            return float(again) if again else f"status {answer.status}"
        finally:
            connection.close()

    def _judged(self, answer: http.client.HTTPResponse, wanted: Stored) -> str:
        digest, received, began = hashlib.md5(usedforsecurity=False), 0, time.monotonic()
        piece = memoryview(bytearray(PIECE))
        while count := answer.readinto(piece):
            digest.update(piece[:count])
            received += count
            if self.rate:
                time.sleep(max(0.0, began + received / self.rate - time.monotonic()))
        if received < wanted.size:
            return f"cut at {received}"
        return "exact" if digest.hexdigest() == wanted.md5 else "wrong"
