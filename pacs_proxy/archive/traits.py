"""What decides who may see a study: asked of the archive and of us, believed for some seconds."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pacs_proxy.access.restriction import Traits
from pacs_proxy.archive import summaries
from pacs_proxy.archive.recent import Recent
from pacs_proxy.archive.studies import understood
from pacs_proxy.errors import Unreachable
from pacs_proxy.upstream.client import Client
from pacs_proxy.upstream.interest import Interest

_STUDIES = 5_000
# Labels are given and taken away; so long an earlier answer holds.
TRUST = 4.0

Labels = Callable[[Iterable[str]], Mapping[str, Sequence[str]]]


@dataclass(frozen=True)
class _Known:
    """`said` by the archive alone, `traits` with our own labels."""

    at: float
    said: Traits
    traits: Traits


class StudyTraits:
    """Asks once for each study every TRUST seconds; `labels` are those we keep."""

    def __init__(
        self, client: Client, labels: Labels, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._client, self._labels, self._clock = client, labels, clock
        self._known: Recent[_Known] = Recent(_STUDIES)

    def of(self, study: str, interest: Interest) -> Traits:
        """Raises NotFound, Refused, DatabaseUnavailable; Unreachable for what is not known yet.

        While the archive is away nobody changes anything in it: what it said last holds.
        """
        now, known = self._clock(), self._known.get(study)
        if known is not None and now - known.at < TRUST:
            return known.traits
        own = frozenset(self._labels([study]).get(study, ()))
        try:
            said = self._asked(study, interest)
        except Unreachable:
            if known is None:
                raise
            said = known.said
        found = _Known(now, said, replace(said, labels=said.labels | own))
        self._known.keep(study, found)
        return found.traits

    @understood()
    def _asked(self, study: str, interest: Interest) -> Traits:
        answer: dict[str, Any] = self._client.get(f"/studies/{study}", interest)
        series: list[dict[str, Any]] = self._client.get(f"/studies/{study}/series", interest)
        return summaries.traits(answer, map(summaries.series, series))
