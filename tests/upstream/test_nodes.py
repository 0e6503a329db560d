"""The circuit breaker, and the order of the nodes."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from pacs_proxy.upstream.nodes import PROBE_EVERY, THRESHOLD, Breaker, choose

OPEN = Breaker(5, 100.0, 100.05)


def after_failures(count: int) -> Breaker:
    breaker = Breaker()
    for _ in range(count):
        breaker = breaker.failed(100.0)
    return breaker


def test_it_opens_at_the_fifth_failure_in_a_row() -> None:
    assert THRESHOLD == 5
    assert [after_failures(n).is_open for n in range(7)] == [False] * 5 + [True] * 2


def test_failures_while_open_do_not_put_off_the_probe() -> None:
    assert OPEN.failed(200.0) == OPEN


def test_nobody_probes_a_closed_breaker() -> None:
    assert Breaker(4).claimed(1e9) is None


@given(st.lists(st.floats(0, 0.5), min_size=1, max_size=50))
def test_probes_of_the_whole_machine_keep_their_distance(steps: list[float]) -> None:
    breaker, now, probes = OPEN, OPEN.opened_at, list[float]()
    for step in steps:
        now += step
        claimed = breaker.claimed(now)
        if claimed:
            breaker = claimed
            probes.append(now)
    gaps = [b - a for a, b in pairwise(probes)]
    assert all(gap >= PROBE_EVERY for gap in gaps)
    assert breaker.opened_at == OPEN.opened_at


def test_healthy_nodes_are_taken_in_their_order() -> None:
    nodes = [Breaker(), OPEN, Breaker()]
    assert [choose(nodes, failures) for failures in range(4)] == [0, 2, 0, 2]


def test_no_node_is_chosen_while_all_are_away() -> None:
    assert choose([OPEN, OPEN], 0) is None
