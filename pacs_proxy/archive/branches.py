"""What a medium's directory is made of: a study's series, and their files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Tags = Mapping[str, Any]


@dataclass(frozen=True)
class Leaf:
    """One file; `tags` are those that its record needs."""

    path: str
    tags: Tags
    sop_class: str
    syntax: str


@dataclass(frozen=True)
class Branch:
    """One series and its files."""

    tags: Tags
    leaves: Sequence[Leaf]
