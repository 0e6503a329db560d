"""Which studies somebody may have to do with: one rule, always asked about the whole study."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

from pacs_proxy.errors.access import AccountRefused

_LONGEST = 64


@dataclass(frozen=True)
class Traits:
    """What the rule looks at in a study; in no particular spelling."""

    labels: frozenset[str] = frozenset()
    institutions: frozenset[str] = frozenset()
    modalities: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Restriction:
    """A study is permitted that has one of each kind named here; a kind left empty asks nothing.

    Values are without case and without the spaces around them.
    """

    labels: frozenset[str] = frozenset()
    institutions: frozenset[str] = frozenset()
    modalities: frozenset[str] = frozenset()

    @classmethod
    def of(
        cls,
        labels: Iterable[str] = (),
        institutions: Iterable[str] = (),
        modalities: Iterable[str] = (),
    ) -> Self:
        """Raises AccountRefused for what no study can have, and for a rule that asks nothing."""
        kinds = [frozenset(map(plain, kind)) for kind in (labels, institutions, modalities)]
        values = frozenset[str]().union(*kinds)
        if not values or any(not 0 < len(value) <= _LONGEST for value in values):
            raise AccountRefused(
                "A restriction names labels, institutions or modalities of 1 to 64 characters."
            )
        return cls(*kinds)

    @classmethod
    def kept(cls, row: Mapping[str, Any] | None) -> Self | None:
        """As the database holds it."""
        return None if row is None else cls(**{name: frozenset(row[name]) for name in _KINDS})

    def row(self) -> dict[str, Any]:
        """For the database."""
        return {name: sorted(values) for name, values in asdict(self).items()}

    def permits(self, study: Traits) -> bool:
        """Whether such a study may be touched at all."""
        for name in _KINDS:
            wanted: frozenset[str] = getattr(self, name)
            if wanted and wanted.isdisjoint(map(plain, getattr(study, name))):
                return False
        return True


_KINDS = ("labels", "institutions", "modalities")


def plain(value: str) -> str:
    """One spelling for all: DICOM pads with spaces and zeros."""
    return value.strip(" \0").casefold()
