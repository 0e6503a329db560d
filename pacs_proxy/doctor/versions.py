"""What each range of Orthanc versions lacks, as far as it concerns us."""

import re
from dataclasses import dataclass

Version = tuple[int, ...]
NEWEST: Version = (999,)
OLDEST_TRIED: Version = (1, 10, 1)


@dataclass(frozen=True)
class Lack:
    """Every version before `until` lacks this."""

    until: Version
    what: str


LACKS = (
    Lack((1, 11, 3), "instances over 2 GiB cannot be downloaded from it"),
    Lack((1, 12, 5), "no Range: an interrupted download starts again from its first byte"),
    Lack((1, 12, 11), "the nine memory faults of April 2026 (CVE-2026-5437 to -5445)"),
    Lack(
        (1, 13, 0),
        "files damaged on its disk are served as if whole (PACS Proxy finds out), and deeply "
        "nested sequences can crash it (CVE-2026-10528)",
    ),
)


def parse(text: str) -> Version | None:
    """Turn "1.12.7" into numbers; "mainline" is newer than all; None for anything else."""
    if text == "mainline":
        return NEWEST
    found = re.match(r"(\d+)\.(\d+)\.(\d+)", text)
    return tuple(int(part) for part in found.groups()) if found else None


def shown(version: Version) -> str:
    return "mainline" if version == NEWEST else ".".join(map(str, version))
