"""Whom an identity provider vouches for; what reads its tokens is loaded where there is one."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass


@dataclass(frozen=True)
class Identity:
    """Who it is: `issuer` and `subject` together, nothing else; `name` is what to call him."""

    issuer: str
    subject: str
    name: str
    role: str

    @property
    def mark(self) -> str:
        """What tells apart two who are called alike."""
        said = f"{self.issuer}\0{self.subject}".encode("utf-8", "replace")
        return hashlib.sha256(said).hexdigest()[:12]
