"""One measurement by wrk: requests a second over many instances in turn."""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_SCRIPT = """
local paths = {{}}
for line in io.lines("{list}") do paths[#paths + 1] = line end
local i = 0
function request() i = i % #paths + 1; return wrk.format("GET", paths[i]) end
"""


@dataclass(frozen=True)
class Measured:
    """Requests a second, and p50 in milliseconds."""

    rate: float
    p50: float


_NONE: Mapping[str, str] = {}


def measure(
    base: str,
    paths: Sequence[str],
    connections: int,
    seconds: float,
    headers: Mapping[str, str] = _NONE,
) -> Measured:
    """Run wrk once; any answer that is no 2xx, or a broken one, spoils the figure."""
    with tempfile.TemporaryDirectory() as folder:
        listing, script = Path(folder) / "paths", Path(folder) / "script.lua"
        listing.write_text("\n".join(paths) + "\n")
        script.write_text(_SCRIPT.format(list=listing))
        load = [f"-c{connections}", f"-d{max(1, round(seconds))}s"]
        named = [part for name, value in headers.items() for part in ("-H", f"{name}: {value}")]
        command = ["wrk", "-t1", *load, *named, "--latency", "-s"]
        done = subprocess.run(
            [*command, str(script), base], capture_output=True, text=True, check=True
        )
    if "Non-2xx" in done.stdout or "Socket errors" in done.stdout:
        raise RuntimeError(f"spoiled measurement of {base}:\n{done.stdout}")
    return Measured(_rate(done.stdout), _milliseconds(done.stdout))


def _rate(text: str) -> float:
    found = re.search(r"Requests/sec:\s+([\d.]+)", text)
    return float(found[1]) if found else 0.0


def _milliseconds(text: str) -> float:
    found = re.search(r"50%\s+([\d.]+)(us|ms|s)", text)
    scale = {"us": 1e-3, "ms": 1.0, "s": 1e3}
    return float(found[1]) * scale[found[2]] if found else 0.0
