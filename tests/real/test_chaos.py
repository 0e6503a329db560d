"""Kills at random moments during uploads: nothing acknowledged is lost, doubled or cut short."""

import pytest

from tests.chaos import Scene

pytestmark = [pytest.mark.orthanc, pytest.mark.timeout(900)]


@pytest.mark.parametrize(("split", "kills"), [(False, 5), (True, 4)], ids=["one", "split"])
def test_what_was_acknowledged_is_stored_once_whoever_is_killed(split: bool, kills: int) -> None:
    with Scene(seed=kills, split=split) as scene:
        verdict = scene.run(kills)
    assert verdict.is_clean, verdict
    assert verdict.files > 6
