"""While the archive thinks about a large file, something true can be seen to change."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from pacs_proxy.ingest.pipeline import Rules
from pacs_proxy.ingest.pulse import Course, pulse
from pacs_proxy.jobs import Lost
from tests.fakes.exchange import Exchange, Fault
from tests.fakes.plan import Scripted
from tests.ingest.dicom import Coding, dicom, native
from tests.waiting import PATIENCE, until

if TYPE_CHECKING:
    from tests.fakes import FakeOrthanc
    from tests.ingest.world import World


def test_a_slow_archive_is_said_to_be_writing_until_it_answers(
    world: World, orthanc: FakeOrthanc
) -> None:
    world.ingest.rules, is_enough = Rules(pulse=0.1), threading.Event()

    def late(exchange: Exchange) -> bool:
        is_enough.wait(PATIENCE)
        return exchange.send()

    orthanc.plan = Scripted([Fault("when it was seen", late)], {"instances"})
    name = world.send(dicom(sop="1.2.3.1", pixels=native(Coding(), 9 << 20)))
    works = threading.Thread(target=world.work)
    works.start()
    seen: dict[str, int] = {}

    def has_changed() -> bool:
        """Whether it was said for two different seconds."""
        upload = world.upload(name)
        if str(upload.detail).startswith("The archive has all of it and is writing, "):
            seen[str(upload.detail)] = upload.rev
        return len(seen) > 1

    until(has_changed)
    is_enough.set()
    works.join(PATIENCE)
    assert len(set(seen.values())) == len(seen)
    upload = world.upload(name)
    assert (upload.state, upload.detail) == ("done", None)
    assert world.outcomes(name) == [("stored", None)]


def test_words_follow_the_bytes() -> None:
    now = [0.0]
    course = Course(lambda: now[0])
    now[0] = 5.0
    assert course.words == "The archive has taken nothing so far and takes no more just now, 5 s."
    course.move(3_000_000, 9_000_000)
    assert course.words == ""
    now[0] = 17.2
    assert course.words == (
        "The archive has taken 3 of 9 MB so far and takes no more just now, 12 s."
    )
    course.move(9_000_000, 9_000_000)
    now[0] = 20.0
    assert course.words == "The archive has all of it and is writing, 2 s."


def test_a_pulse_ends_with_the_work_and_with_the_claim() -> None:
    beats = [0]

    def beat() -> None:
        beats[0] += 1
        if beats[0] == 2:
            raise Lost

    with pulse(beat, 0.001):
        until(lambda: all(thread.name != "pulse" for thread in threading.enumerate()))
    assert beats == [2]
    with pytest.raises(ValueError, match="x"), pulse(beat, 60):
        raise ValueError("x")
    assert not any(thread.name == "pulse" for thread in threading.enumerate())
