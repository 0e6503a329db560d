"""The policy's numbers, and the machine's retry budget."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacs_proxy.errors import Corrupt, Damaged, Interrupted, Refused, Unreachable
from pacs_proxy.upstream.retry import Budget, Policy

POLICY = Policy()
CHANCES = st.floats(0, 1, exclude_max=True)


@given(st.integers(1, 3), CHANCES)
def test_quick_tries_wait_anything_up_to_the_doubling_bound(failures: int, chance: float) -> None:
    wait = POLICY.wait(failures, Interrupted("cut"), chance)
    assert 0 <= wait <= 0.025 * 2 ** (failures - 1)


def test_jitter_is_full() -> None:
    waits = [POLICY.wait(2, Interrupted("cut"), chance / 100) for chance in range(100)]
    assert min(waits) == 0
    assert max(waits) > 0.98 * 0.05
    assert len(set(waits)) == 100


@given(st.integers(4, 10_000), CHANCES)
def test_after_the_quick_tries_it_is_about_one_a_second(failures: int, chance: float) -> None:
    assert 0.5 <= POLICY.wait(failures, Interrupted("cut"), chance) <= 1.0


@given(st.integers(1, 10_000), CHANCES, st.floats(0, 1e6))
def test_retry_after_is_honoured_up_to_its_cap(failures: int, chance: float, asked: float) -> None:
    wait = POLICY.wait(failures, Unreachable("busy", retry_after=asked), chance)
    assert wait == min(asked, 10.0)


@pytest.mark.parametrize(("waited", "allowed"), [(0.0, True), (29.9, True), (30.0, False)])
def test_the_deadline_ends_it(waited: float, allowed: bool) -> None:
    assert POLICY.allows(Corrupt("wrong"), waited) is allowed


@pytest.mark.parametrize("error", [Refused("no"), Damaged("rotten")])
def test_definite_errors_are_not_tried_again(error: Refused | Damaged) -> None:
    assert not POLICY.allows(error, 0.0)


def test_a_share_of_the_requests_may_be_retried() -> None:
    budget, spent = Budget(0.0, 100.0, rate=0.0), 0
    for _ in range(1000):
        budget = budget.earned(100.0)
        left = budget.spent(100.0)
        if left:
            budget, spent = left, spent + 1
    assert 199 <= spent <= 200


def test_ten_a_second_are_allowed_without_any_traffic() -> None:
    budget, spent, now = Budget(0.0, 100.0), 0, 100.0
    while now < 110.0:
        now += 0.01
        left = budget.spent(now)
        if left:
            budget, spent = left, spent + 1
    assert 90 <= spent <= 100


def test_credit_is_gone_after_ten_seconds() -> None:
    rich = Budget(1000.0, 100.0, rate=0.0)
    assert rich.spent(109.0)
    assert rich.spent(110.0) is None


@given(st.lists(st.tuples(st.floats(0, 20), st.booleans()), max_size=100))
def test_the_budget_is_never_in_debt_and_never_a_hoard(steps: list[tuple[float, bool]]) -> None:
    budget, now = Budget(0.0, 0.0), 0.0
    for requests, (passed, is_retry) in enumerate(steps, 1):
        now += passed
        budget = budget.spent(now) or budget if is_retry else budget.earned(now)
        assert 0 <= budget.tokens <= requests * 0.2 + 10 * 10


@given(st.floats(0, 1000))
def test_a_clock_that_stands_or_goes_back_creates_no_credit(back: float) -> None:
    assert Budget(0.5, 1000.0).spent(1000.0 - back) is None
