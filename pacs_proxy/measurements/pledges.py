"""A report on its way, written down first: if its study is deleted meanwhile, it is taken back.

Whoever saves it sees to that himself; when his process dies or the archive goes away, a job does.
"""

from __future__ import annotations

from pacs_proxy.errors import UpstreamError
from pacs_proxy.ingest.deletion import last
from pacs_proxy.ingest.deposit import Depositor
from pacs_proxy.jobs import Claimed, Jobs, Later, undertaken

KIND = "report"
_AGAIN_SECONDS = 2.0


class Pledges:
    """Made before a report is sent, and kept after it; also the handler of the job."""

    def __init__(self, jobs: Jobs, depositor: Depositor) -> None:
        self._jobs, self._depositor = jobs, depositor

    def look(self, study: str) -> tuple[int, bool]:
        """What was deleted of the study up to now, as `last` has it."""
        with self._jobs.database.write() as session:
            return last(session, study)

    def made(self, study: str, instance: str, before: tuple[int, bool]) -> Claimed:
        """To be kept however the sending ends; `before` is the look at the beginning."""
        told = {"study": study, "instance": instance, "before": before}
        return undertaken(self._jobs, KIND, told, study)

    def kept(self, pledge: Claimed) -> bool:
        """Whether the report stays where it is. Raises UpstreamError; a job then goes on."""
        try:
            return self._kept(pledge)
        except UpstreamError:
            self._jobs.postpone(pledge, 0)
            raise

    def __call__(self, claimed: Claimed) -> None:
        """Keep one whose maker could not."""
        try:
            self._kept(claimed)
        except UpstreamError as error:
            if not error.retryable:
                raise
            raise Later(_AGAIN_SECONDS, error.detail) from None

    def _kept(self, pledge: Claimed) -> bool:
        told = pledge.payload
        with self._jobs.database.write() as session:
            is_right = last(session, told["study"]) == tuple(told["before"])
            if is_right:
                pledge.finish(session)
        if not is_right:
            self._depositor.undo(told["instance"])
            self._jobs.finish(pledge)
        return is_right
