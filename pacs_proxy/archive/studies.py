"""Lists of studies, series and instances: Orthanc asked, its answers put in order."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from pacs_proxy.access.restriction import Traits
from pacs_proxy.archive import summaries
from pacs_proxy.archive.describing import Describing
from pacs_proxy.archive.geometry import viewing_order
from pacs_proxy.archive.summaries import InstanceSummary, SeriesSummary, StudySummary
from pacs_proxy.errors import Interrupted, NotFound, PacsProxyError, Refused
from pacs_proxy.upstream.answers import Description
from pacs_proxy.upstream.client import Client
from pacs_proxy.upstream.interest import Interest

# An archive that cannot sort for us is sorted here, as long as that stays quick.
SORTABLE = 2000
_ORDER = [
    {"Type": "DicomTag", "Key": "StudyDate", "Direction": "DESC"},
    {"Type": "DicomTag", "Key": "StudyTime", "Direction": "DESC"},
]
_CAPABILITIES_FOR = 60.0
NO_SUCH = "No instance has these three UIDs."
# Each costs a question: a series of thousands opens as soon as one of hundreds, and no series waits
# for many of them where the archive is far.
_DESCRIBED, _DESCRIBING_SECONDS = 256, 0.5
# All in one question; about half a kilobyte of its answer each.
_SINGLE = 500
_WILD = re.compile(r"[*?]")

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Search:
    """What to look for; empty means anything. Dates YYYYMMDD, text matches anywhere."""

    patient_name: str = ""
    patient_id: str = ""
    accession: str = ""
    description: str = ""
    modality: str = ""
    date_from: str = ""
    date_to: str = ""
    birth_date: str = ""

    def terms(self) -> dict[str, str]:
        """What was given."""
        return {name: value for name, value in asdict(self).items() if value}

    def query(self) -> dict[str, str]:
        """As Orthanc's `/tools/find` wants it."""
        dates = f"{self.date_from}-{self.date_to}" if self.date_from or self.date_to else ""
        wanted = {
            "PatientName": _anywhere(self.patient_name),
            "PatientID": _anywhere(self.patient_id),
            "AccessionNumber": _anywhere(self.accession),
            "StudyDescription": _anywhere(self.description),
            "ModalitiesInStudy": self.modality,
            "StudyDate": dates,
            "PatientBirthDate": self.birth_date,
        }
        return {name: value for name, value in wanted.items() if value}


@dataclass(frozen=True)
class Page:
    """A part of a list; `total` is None when counting would take too long."""

    items: list[StudySummary]
    total: int | None
    more: bool
    sorted: bool
    # By study, where it is known: the catalogue's number when it first came.
    arrived: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class SeriesDetail:
    """A series with its instances in viewing order, and what could not be listed."""

    series: SeriesSummary
    study: StudySummary
    instances: list[InstanceSummary]
    skipped: list[tuple[str, str]]


@contextmanager
def understood() -> Iterator[None]:
    """An answer in another shape than Orthanc's is the archive's failure, not ours."""
    try:
        yield
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        log.warning("an answer cannot be understood", exc_info=error)
        raise Interrupted("The archive answered in a form that is not Orthanc's.") from error


class Studies:
    """Questions about what the archive holds."""

    def __init__(
        self,
        client: Client,
        describe: Callable[[str, Interest], Description],
        digest: Callable[[str], str | None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client, self._clock = client, clock
        self._describe, self._digest = describe, digest
        self._extended, self._asked = False, float("-inf")

    @understood()
    def page(self, search: Search, limit: int, offset: int, interest: Interest) -> Page:
        """Studies newest first, `limit` of them from `offset`."""
        return self._found(search.query(), limit, offset, interest)

    @understood()
    def having(self, tag: str, value: str, limit: int, interest: Interest) -> list[StudySummary]:
        """Those whose tag is exactly that, newest first; `value` without wildcards."""
        return self._found({tag: value}, limit, 0, interest).items

    def _found(self, query: dict[str, str], limit: int, offset: int, interest: Interest) -> Page:
        if self._has_extended_find(interest):
            return self._sorted_there(query, limit, offset, interest)
        return self._sorted_here(query, limit, offset, interest)

    @understood()
    def among(
        self, studies: Sequence[str], search: Search, limit: int, offset: int, interest: Interest
    ) -> Page:
        """As `page`, of these studies only and in their order; those that are gone are left out."""
        query = search.query()
        if query:
            question = {"Level": "Study", "Query": query, "CaseSensitive": False}
            matching = set(self._client.post("/tools/find", question, interest))
            studies = [study for study in studies if study in matching]
        answers = []
        for study in studies[offset : offset + limit]:
            with suppress(NotFound):
                answers.append(self._client.get(f"/studies/{study}", interest))
        found = self._page(answers, limit, len(studies), interest, in_order=False)
        return replace(found, more=len(studies) > offset + limit)

    @understood()
    def study(self, study: str, interest: Interest) -> tuple[StudySummary, list[SeriesSummary]]:
        """One study and its series in their order."""
        answer = self._client.get(f"/studies/{study}", interest)
        found = self._series_of(study, interest)
        return summaries.study(answer, found), found

    @understood()
    def framed(self, series: list[SeriesSummary], interest: Interest) -> list[SeriesSummary]:
        """With the frames of those that are a single instance, as a cine is, where told."""
        single = [one.thumbnail_instance for one in series if one.instance_count == 1]
        wanted = [name for name in single if name][:_SINGLE]
        held: dict[str, Any] = {}
        if wanted:
            # An Orthanc may not know the question, or a gate before it forbid it.
            with suppress(NotFound, Refused):
                held = self._client.instances(wanted, interest)
        frames = {name: summaries.frames(held[name]) for name in wanted if name in held}
        return [replace(one, frames=frames.get(one.thumbnail_instance or "")) for one in series]

    @understood()
    def catalogued(self, study: str, interest: Interest) -> tuple[StudySummary, Traits]:
        """One study as the catalogue keeps it."""
        answer = self._client.get(f"/studies/{study}", interest)
        found = self._series_of(study, interest)
        return summaries.study(answer, found), summaries.traits(answer, found)

    @understood()
    def series(self, series: str, interest: Interest) -> SeriesDetail:
        """One series with every instance's size and digest, so that a reader can check them."""
        answer = self._client.get(f"/series/{series}", interest)
        found, _ = self.study(answer["ParentStudy"], interest)
        instances, skipped = self._instances_of(series, interest)
        return SeriesDetail(summaries.series(answer), found, instances, skipped)

    @understood()
    def locate(self, study: str, series: str, instance: str, interest: Interest) -> str:
        """Orthanc's ID of the instance with these three UIDs; NotFound, or Refused when several."""
        query = {
            "StudyInstanceUID": study,
            "SeriesInstanceUID": series,
            "SOPInstanceUID": instance,
        }
        question = {"Level": "Instance", "Query": query, "CaseSensitive": True}
        found = self._client.post("/tools/find", question, interest)
        if not found:
            raise NotFound(NO_SUCH)
        if len(found) > 1:
            raise Refused("Several patients' instances share these UIDs; ask by Orthanc ID.")
        return str(found[0])

    def look(self) -> None:
        """Notice the return of an archive that was away; waits for nothing."""
        self._client.look()

    def is_orthanc(self, interest: Interest) -> bool:
        """Whether what answers is an Orthanc; a stranger on its port must not be believed."""
        try:
            return "ApiVersion" in self._client.get("/system", interest)
        except (PacsProxyError, TypeError):
            return False

    def _sorted_there(
        self, query: dict[str, str], limit: int, offset: int, interest: Interest
    ) -> Page:
        question = {"Level": "Study", "Query": query, "CaseSensitive": False}
        window = {"Expand": True, "Limit": limit + 1, "Since": offset, "OrderBy": _ORDER}
        found = self._client.post("/tools/find", {**question, **window}, interest)
        count = self._client.post("/tools/count-resources", question, interest)
        return self._page(found, limit, int(count["Count"]), interest, in_order=True)

    def _sorted_here(
        self, query: dict[str, str], limit: int, offset: int, interest: Interest
    ) -> Page:
        question = {"Level": "Study", "Query": query, "CaseSensitive": False, "Expand": True}
        found = self._client.post("/tools/find", {**question, "Limit": SORTABLE + 1}, interest)
        if len(found) <= SORTABLE:
            newest = sorted(found, key=_when, reverse=True)
            window = newest[offset : offset + limit + 1]
            return self._page(window, limit, len(found), interest, in_order=True)
        window = self._client.post(
            "/tools/find", {**question, "Limit": limit + 1, "Since": offset}, interest
        )
        return self._page(window, limit, None, interest, in_order=False)

    def _page(
        self,
        found: list[dict[str, Any]],
        limit: int,
        total: int | None,
        interest: Interest,
        *,
        in_order: bool,
    ) -> Page:
        items = []
        for answer in found[:limit]:
            # A study may be deleted between two questions; the list goes on without it.
            with suppress(NotFound):
                items.append(summaries.study(answer, self._series_of(answer["ID"], interest)))
        return Page(items, total, len(found) > limit, in_order)

    def _series_of(self, study: str, interest: Interest) -> list[SeriesSummary]:
        answers = self._client.get(f"/studies/{study}/series", interest)
        found = [summaries.series(answer) for answer in answers]
        return sorted(found, key=lambda s: (s.number is None, s.number or 0, s.series_uid))

    def _instances_of(
        self, series: str, interest: Interest
    ) -> tuple[list[InstanceSummary], list[tuple[str, str]]]:
        """In viewing order, the first with their digests; a later one's comes with its bytes."""
        answers = self._client.get(f"/series/{series}/instances", interest)
        listed = [
            summaries.instance(answer, self._digest(str(answer.get("FileUuid", ""))))
            for answer in answers
        ]
        ordered = [listed[index] for index in viewing_order(listed)]
        unknown = [one.id for one in ordered[:_DESCRIBED] if one.md5 is None]
        until = self._clock() + _DESCRIBING_SECONDS
        asking = Describing(unknown, self._describe, lambda: self._clock() < until)
        said = asking.run(interest)
        instances, skipped = list[InstanceSummary](), list[tuple[str, str]]()
        for summary in ordered:
            answer = said.get(summary.id)
            if isinstance(answer, PacsProxyError):
                skipped.append((summary.id, answer.detail))
            else:
                instances.append(replace(summary, md5=answer.md5) if answer else summary)
        return instances, skipped

    def _has_extended_find(self, interest: Interest) -> bool:
        """Whether this Orthanc sorts and counts for us (1.12.5 with a capable database)."""
        if self._clock() - self._asked > _CAPABILITIES_FOR:
            system = self._client.get("/system", interest)
            self._extended = bool(system.get("Capabilities", {}).get("HasExtendedFind"))
            self._asked = self._clock()
        return self._extended


def _anywhere(text: str) -> str:
    """Match anywhere, unless the reader placed wildcards; a backslash would mean "or"."""
    text = text.replace("\\", " ").strip()
    return text if not text or _WILD.search(text) else f"*{text}*"


def _when(answer: dict[str, Any]) -> tuple[str, str, str]:
    tags = answer.get("MainDicomTags", {})
    return tags.get("StudyDate", ""), tags.get("StudyTime", ""), answer["ID"]
