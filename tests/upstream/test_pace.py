"""How long a silence may last, learned from this archive."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacs_proxy.upstream.pace import DISK_RATE, ENOUGH, Pace


def pace(*silences: float) -> Pace:
    made = Pace(first_byte=3.0, stall=1.0, floor=0.25, ceiling=60.0, minimum_bytes=16384)
    for silence in silences:
        made.answered(silence)
    return made


def test_the_settings_hold_until_enough_was_seen() -> None:
    few = pace(*[0.001] * (ENOUGH - 1))
    assert few.first_byte_limit(0, 0) == 3.0
    assert few.stall_limit(0) == 1.0


def test_a_quick_archive_is_given_little_time() -> None:
    quick = pace(*[0.002] * 100)
    assert 0.25 <= quick.first_byte_limit(0, 0) <= 0.3
    assert 0.25 <= quick.stall_limit(0) <= 0.3


@pytest.mark.parametrize("latency", [0.02, 0.1, 0.3, 1.0])
def test_steady_latency_alone_is_never_a_silence(latency: float) -> None:
    """U30: the deviation of a steady line is nought, and a little more than usual is no fault."""
    steady = pace(*[latency] * 1000)
    assert steady.first_byte_limit(0, 0) > latency + 0.1


def test_an_unsteady_archive_is_given_more() -> None:
    unsteady = pace(*[0.1, 0.9] * 100)
    assert unsteady.first_byte_limit(0, 0) > 1.5


@given(st.lists(st.floats(0, 100), min_size=ENOUGH), st.integers(0, 1 << 34), st.integers(0, 20))
def test_limits_stay_between_floor_and_ceiling(
    silences: list[float], size: int, stalls: int
) -> None:
    learned = pace(*silences)
    assert 0.25 <= learned.first_byte_limit(size, stalls) <= 60.0
    assert 0.25 <= learned.stall_limit(stalls) <= 60.0


@given(st.integers(0, 5))
def test_each_stall_of_a_request_doubles_its_limit(stalls: int) -> None:
    assert pace().stall_limit(stalls) == min(60.0, 2**stalls)


def test_a_large_file_may_take_as_long_as_a_disk_takes_to_read_it() -> None:
    assert pace().first_byte_limit(int(10 * DISK_RATE), 0) == 13.0


@given(st.floats(0.01, 60))
def test_a_drip_is_below_what_must_come(window: float) -> None:
    assert 1.0 * window < pace().least(window) <= 16384
