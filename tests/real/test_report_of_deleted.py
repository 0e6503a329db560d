"""A report that is saved while its study is being deleted does not bring the study back."""

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pacs_proxy.demo.orthanc import ThrowawayOrthanc
from pacs_proxy.errors import Doubtful, NotFound, Unreachable
from pacs_proxy.errors.uploads import BeingDeleted
from pacs_proxy.ingest.deleted import SERIES, STUDY
from pacs_proxy.services.context import Services
from pacs_proxy.upstream.interest import Interest
from tests.real.saving import Desk, serving
from tests.real.studies import Held, asked, image, stored
from tests.server import ROOT
from tests.waiting import PATIENCE, until

pytestmark = pytest.mark.orthanc


@pytest.fixture
def services(installed_orthanc: ThrowawayOrthanc, tmp_path: Path) -> Iterator[Services]:
    with serving(str(tmp_path), installed_orthanc.url) as found:
        yield found


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


def test_a_report_whose_keeper_was_killed_is_taken_back_by_others(
    installed_orthanc: ThrowawayOrthanc, services: Services, make: Make, tmp_path: Path
) -> None:
    desk, held = make(66)
    of = [str(tmp_path), installed_orthanc.url, held.study, held.series, held.instance]
    command = [sys.executable, "-m", "tests.real.saving", *of]
    keeper = subprocess.run(command, cwd=ROOT, timeout=PATIENCE, check=False)
    assert keeper.returncode == -signal.SIGKILL
    assert asked(installed_orthanc, f"/studies/{held.study}"), "it was to bring the study back"
    services.jobs.bury()
    until(lambda: not desk.work() and asked(installed_orthanc, f"/studies/{held.study}") is None)


def test_a_report_that_cannot_be_taken_back_now_is_taken_back_later(
    installed_orthanc: ThrowawayOrthanc, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk, held = make(67)
    desk.before = lambda: desk.delete(STUDY, held.study)

    def away(_: str) -> None:
        raise Unreachable("x")

    with monkeypatch.context() as patch:
        patch.setattr(desk, "undo", away)
        with pytest.raises(Unreachable):
            desk.save()
    until(lambda: not desk.work() and asked(installed_orthanc, f"/studies/{held.study}") is None)
