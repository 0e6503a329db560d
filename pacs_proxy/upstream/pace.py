"""How long a silence may last: learned from the answers of this archive, pure but for its state."""

from __future__ import annotations

from dataclasses import dataclass

# Below this many answers the settings' first guesses hold.
ENOUGH = 16
# Orthanc reads a whole file before its first byte; a slow disk does this many bytes a second.
DISK_RATE = 50e6
_GAIN = 0.125


@dataclass
class Pace:
    """Smoothed silence (RFC 6298's estimator); all times in seconds.

    One per process. Races between threads cost an observation, never correctness.
    """

    first_byte: float
    stall: float
    floor: float
    ceiling: float
    minimum_bytes: int
    seen: int = 0
    mean: float = 0.0
    deviation: float = 0.0

    def answered(self, silence: float) -> None:
        """Learn from one answer's time to its first byte."""
        gap = abs(silence - self.mean) if self.seen else silence / 2
        self.mean += (silence - self.mean) * (_GAIN if self.seen else 1.0)
        self.deviation += (gap - self.deviation) * 2 * _GAIN
        self.seen += 1

    def first_byte_limit(self, size: int, stalls: int) -> float:
        """Silence allowed before the answer; each stall of the same request doubles it."""
        learned = self._learned(self.first_byte) + size / DISK_RATE
        return float(min(self.ceiling, learned * 2**stalls))

    def stall_limit(self, stalls: int) -> float:
        """Silence allowed inside a body."""
        return float(min(self.ceiling, self._learned(self.stall) * 2**stalls))

    def least(self, window: float) -> float:
        """Bytes a body must bring in `window` seconds: the minimum is meant for five."""
        return self.minimum_bytes * min(1.0, window / 5.0)

    def _learned(self, guess: float) -> float:
        if self.seen < ENOUGH:
            return guess
        # A steady line has no deviation, and a little more than usual is still no fault.
        return max(self.floor, self.mean + max(self.floor / 2, 4 * self.deviation))
