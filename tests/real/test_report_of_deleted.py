"""A report that is saved while its study is being deleted does not bring the study back."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from pacs_proxy.app import build, runner
from pacs_proxy.demo.orthanc import ThrowawayOrthanc
from pacs_proxy.errors import Doubtful, NotFound
from pacs_proxy.errors.uploads import BeingDeleted
from pacs_proxy.ingest.deleted import SERIES, STUDY
from pacs_proxy.ingest.deposit import Deposited
from pacs_proxy.jobs import PROMPT
from pacs_proxy.measurements.keeping import Measurements
from pacs_proxy.measurements.marks import Mark
from pacs_proxy.migrations import upgrade
from pacs_proxy.services.context import Services
from pacs_proxy.settings import Settings
from pacs_proxy.upstream.interest import Interest
from tests.real.studies import Held, asked, image, stored
from tests.waiting import until

pytestmark = pytest.mark.orthanc


@pytest.fixture
def services(installed_orthanc: ThrowawayOrthanc, tmp_path: Path) -> Iterator[Services]:
    settings = Settings(
        orthanc_url=installed_orthanc.url,
        data_dir=str(tmp_path),
        spool_dir=str(tmp_path / "spool"),
    )
    upgrade(settings.database_address)
    found = build(settings)
    with closing(found.database), closing(found.watch), closing(found.health._control):
        yield found
        found.pictures._decoder.close()
        for pool in found.depositor._client._transport._pools:
            for link in pool._idle:
                link.close()


class Desk:
    """Somebody who saves; `before` and `after` are called around the storing of the report."""

    def __init__(self, services: Services, held: Held) -> None:
        self._services, self._held = services, held
        self._runner = runner(services)
        self.before: Callable[[], object] = lambda: None
        self.after: Callable[[], object] = lambda: None

    def delete(self, level: str, resource: str) -> None:
        """To its end; a worker has other things to do as well."""
        deletions = self._services.deletions
        job = deletions.ask(level, resource, Interest())
        until(lambda: not self._runner.run_next((PROMPT,)) and deletions.find(job).state == "done")

    def save(self) -> Deposited:
        having = self._services
        around: Any = self
        archive, room = (having.studies, having.instances), having.settings.spool_bytes
        mark = Mark(uuid.uuid4(), self._held.instance, 0, "probe", ((4.0, 3.0),), "", ())
        keeping = Measurements(*archive, around, having.deletions, room)
        return keeping.keep(self._held.study, [mark], "reader", Interest())

    def deposit(self, *told: Any, **named: Any) -> Deposited:
        self.before()
        result = self._services.depositor.deposit(*told, **named)
        self.after()
        return result

    def undo(self, instance: str) -> None:
        self._services.depositor.undo(instance)


Make = Callable[..., tuple[Desk, Held]]


@pytest.fixture
def make(services: Services, installed_orthanc: ThrowawayOrthanc) -> Make:
    def make(study: int) -> tuple[Desk, Held]:
        held = stored(installed_orthanc, image(study, 1, 1))
        stored(installed_orthanc, image(study, 2, 1))
        return Desk(services, held), held

    return make


@pytest.mark.parametrize("level", [STUDY, SERIES])
def test_what_is_deleted_before_its_report_comes_stays_away(
    installed_orthanc: ThrowawayOrthanc, make: Make, level: str
) -> None:
    desk, held = make(61 if level == STUDY else 62)
    resource = held.study if level == STUDY else held.series
    desk.before = lambda: desk.delete(level, resource)
    with pytest.raises(BeingDeleted):
        desk.save()
    left = asked(installed_orthanc, f"/studies/{held.study}/instances")
    assert left is None if level == STUDY else len(left) == 1


def test_what_is_being_deleted_takes_no_report(
    installed_orthanc: ThrowawayOrthanc, services: Services, make: Make
) -> None:
    desk, held = make(63)
    services.deletions.ask(STUDY, held.study, Interest())
    with pytest.raises(BeingDeleted):
        desk.save()
    assert len(asked(installed_orthanc, f"/studies/{held.study}/instances")) == 2
    desk.delete(STUDY, held.study)
    with pytest.raises(NotFound):
        desk.save()
    assert asked(installed_orthanc, f"/studies/{held.study}") is None


def test_a_report_of_which_nobody_knows_whether_it_came_is_taken_back_as_well(
    installed_orthanc: ThrowawayOrthanc, make: Make
) -> None:
    desk, held = make(64)

    def broken() -> None:
        raise Doubtful("The answer broke off.")

    desk.before, desk.after = lambda: desk.delete(STUDY, held.study), broken
    with pytest.raises(BeingDeleted):
        desk.save()
    assert asked(installed_orthanc, f"/studies/{held.study}") is None


def test_a_report_beside_an_earlier_deletion_is_kept(
    installed_orthanc: ThrowawayOrthanc, make: Make
) -> None:
    desk, _ = make(65)
    other = stored(installed_orthanc, image(65, 3, 1))
    desk.delete(SERIES, other.series)
    kept = desk.save()
    assert asked(installed_orthanc, f"/instances/{kept.instance}")["ParentSeries"] == kept.series
