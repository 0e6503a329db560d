"""One line of the route table, and who may use it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pacs_proxy.access import records

_OBJECT = re.compile("<(instance|series|study)>")


@dataclass(frozen=True)
class Route:
    """One line of the table; `view` names the function that answers.

    `audit` is the event in the journal; what names an object in the archive always has one.
    """

    methods: tuple[str, ...]
    rule: str
    view: str
    permission: str
    summary: str
    audit: str = ""

    @property
    def event(self) -> str:
        """What the journal calls it; empty for what touches no patient's data."""
        if self.audit or not _OBJECT.search(self.rule):
            return self.audit
        return records.STUDY_DELETED if "DELETE" in self.methods else records.STUDY_READ
