"""Wait for what must come, as long as the slowest machine may take: a test is not a clock."""

import time
from collections.abc import Callable

# Only a failure costs it; quick machines wait for what they wait for and no longer.
PATIENCE = 120.0


def until(holds: Callable[[], object], seconds: float = PATIENCE, every: float = 0.01) -> float:
    """Seconds until it held; asked again and again. Raises `AssertionError` when it never does."""
    began = time.monotonic()
    while not holds():
        assert time.monotonic() - began < seconds, "it never came to that"
        time.sleep(every)
    return time.monotonic() - began
