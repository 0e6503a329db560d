"""When the proxy asks again, when it stops, and what it says then."""

import threading
from collections.abc import Callable
from itertools import pairwise

import pytest

from pacs_proxy.control import Control
from pacs_proxy.errors import (
    Busy,
    Changed,
    Corrupt,
    Damaged,
    Interrupted,
    NotFound,
    PacsProxyError,
    Refused,
    Silent,
    Stalled,
    Unreachable,
)
from pacs_proxy.upstream.attempts import EQUAL_ANSWERS, persist
from pacs_proxy.upstream.interest import Abandoned
from tests.upstream.world import START, World, raising


def scripted(*outcomes: PacsProxyError | str) -> Callable[[int], str]:
    left = list(outcomes)

    def ask(node: int) -> str:
        outcome = left.pop(0)
        if isinstance(outcome, PacsProxyError):
            raise outcome
        return outcome

    return ask


def test_a_failed_question_is_asked_again_until_it_is_answered(world: World) -> None:
    ask = scripted(Interrupted("cut"), Silent("nothing"), Busy("full"), Stalled("still"), "answer")
    assert persist(world.attempts(), ask) == "answer"


@pytest.mark.parametrize("error", [Refused("401"), NotFound("404"), Changed("other")])
def test_a_definite_answer_is_never_asked_for_again(world: World, error: PacsProxyError) -> None:
    with pytest.raises(type(error)):
        persist(world.attempts(), scripted(error, "never"))


def test_many_cuts_of_the_same_kind_are_not_a_damaged_object(world: World) -> None:
    asked = []

    def ask(node: int) -> str:
        asked.append(node)
        if len(asked) < 8:
            raise Interrupted("The connection to the archive broke.")
        return "answer"

    assert persist(world.attempts(), ask) == "answer"


def test_the_same_wrong_digest_three_times_is_the_stored_objects_own_fault(world: World) -> None:
    asked = []

    def ask(node: int) -> object:
        asked.append(node)
        raise Corrupt("wrong", evidence="5 0badcafe")

    with pytest.raises(Damaged):
        persist(world.attempts(), ask)
    assert len(asked) == EQUAL_ANSWERS == 3


def test_the_same_wrong_digest_is_recognised_between_other_failures(world: World) -> None:
    wrong = [Corrupt("wrong", evidence="5 0badcafe") for _ in range(3)]
    others = Interrupted("cut"), Silent("nothing")
    ask = scripted(wrong[0], others[0], wrong[1], others[1], wrong[2], "never")
    with pytest.raises(Damaged):
        persist(world.attempts(), ask)


def test_different_wrong_digests_are_the_lines_fault(world: World) -> None:
    wrong = [Corrupt("wrong", evidence=f"5 {n}") for n in range(8)]
    assert persist(world.attempts(), scripted(*wrong, "answer")) == "answer"


def test_patience_ends_at_the_deadline(world: World) -> None:
    with pytest.raises(Interrupted):
        persist(world.attempts(), raising(lambda: Interrupted("cut")))
    assert 29 <= world.clock.now - START <= 30


def test_a_wait_that_would_pass_the_deadline_is_not_begun(world: World) -> None:
    """The client is told at once when to come back, instead of being held and told then."""
    attempts = world.attempts()
    world.clock.now += 25
    with pytest.raises(Unreachable) as caught:
        attempts.failed(Unreachable("busy", retry_after=9))
    assert attempts.interest.waited == 25
    assert caught.value.retry_after == 9


def test_progress_renews_patience(world: World) -> None:
    attempts = world.attempts()
    for offset in range(1, 100):
        attempts.failed(Interrupted("cut"))
        attempts.reached(offset)
        world.clock.now += 20
    assert world.clock.now - START > 30
    assert attempts.failures == 0


def test_the_same_bytes_again_are_no_progress(world: World) -> None:
    attempts = world.attempts()
    attempts.reached(1000)

    def ask(node: int) -> object:
        attempts.reached(1000)
        raise Interrupted("cut")

    with pytest.raises(Interrupted):
        persist(attempts, ask)


def test_a_short_outage_is_waited_out_with_one_prober(control: Control) -> None:
    world = World(control)
    world.is_back = lambda: world.clock.now > START + 10
    world.open_breaker()
    assert persist(world.attempts(), lambda node: "answer") == "answer"
    assert world.clock.now - START < 10 + 0.3
    gaps = [b - a for a, b in pairwise(world.probes)]
    assert min(gaps) >= 0.25
    assert len(world.probes) <= 10 * 4 + 2


def test_after_a_long_outage_requests_fail_at_once(world: World) -> None:
    world.open_breaker()
    world.clock.now += 31
    attempts = world.attempts()
    with pytest.raises(Unreachable) as caught:
        attempts.node()
    assert attempts.interest.waited == 0
    assert caught.value.retry_after


def test_an_outage_longer_than_the_deadline_still_ends(control: Control) -> None:
    world = World(control)
    world.open_breaker()
    world.clock.now += 600
    world.is_back = lambda: True
    for _ in range(10):
        try:
            persist(world.attempts(), lambda node: "answer")
            return
        except Unreachable:
            world.clock.now += 1
    raise AssertionError("the archive is back and nobody looked")


def test_a_request_gives_up_waiting_at_its_own_deadline(world: World) -> None:
    world.open_breaker()
    with pytest.raises(Unreachable):
        world.attempts().node()
    assert 30 <= world.clock.now - START < 30.5


def test_more_waiters_than_spare_threads_are_sent_away(control: Control) -> None:
    world = World(control, waiters=1)
    world.open_breaker()
    second: list[PacsProxyError] = []
    first = world.attempts()

    def ask_too() -> None:
        if not second:
            try:
                world.attempts().node()
            except Unreachable as error:
                second.append(error)
                world.is_back = lambda: True

    first.interest.on_sleep = ask_too  # type: ignore[attr-defined]
    assert first.node() == 0
    assert second[0].retry_after == 2


def test_a_client_that_leaves_ends_the_waiting(world: World) -> None:
    world.open_breaker()
    attempts = world.attempts()
    attempts.interest.on_sleep = attempts.interest.lose  # type: ignore[attr-defined]
    with pytest.raises(Abandoned):
        attempts.node()


def test_broken_off_requests_do_not_speak_against_the_archive(world: World) -> None:
    for _ in range(20):
        attempts = world.attempts()
        attempts.interest.lose()
        with pytest.raises(Abandoned):
            attempts.failed(Unreachable("closed unanswered"), 0)
    assert world.health.choose(0) == 0


def test_five_requests_without_any_answer_open_the_breaker(world: World) -> None:
    for _ in range(4):
        world.attempts().failed(Silent("nothing"), 0)
    assert world.health.choose(0) == 0
    world.attempts().failed(Unreachable("refused"), 0)
    assert world.health.choose(0) is None


def test_cuts_inside_a_body_do_not_open_the_breaker(world: World) -> None:
    for _ in range(20):
        world.attempts().failed(Interrupted("cut"), 0)
    assert world.health.choose(0) == 0


def test_a_404_shows_that_the_archive_acts(world: World) -> None:
    for _ in range(4):
        world.attempts().failed(Silent("nothing"), 0)
    with pytest.raises(NotFound):
        persist(world.attempts(), scripted(NotFound("404")))
    world.attempts().failed(Silent("nothing"), 0)
    assert world.health.choose(0) == 0


def test_each_failure_moves_on_to_the_next_healthy_node(control: Control) -> None:
    world = World(control, nodes=3)
    asked: list[int] = []

    def ask(node: int) -> str:
        asked.append(node)
        if len(asked) < 5:
            raise Interrupted("cut")
        return "answer"

    persist(world.attempts(), ask)
    assert asked == [0, 1, 2, 0, 1]


def test_a_retry_waits_for_the_machines_budget(control: Control) -> None:
    world = World(control, share=0.0, rate=1.0)
    world.health.spend()
    attempts = world.attempts()
    attempts.failed(Interrupted("cut"))
    assert world.clock.now - START >= 0.9


def test_stalls_double_the_next_limit_and_progress_forgets_them(world: World) -> None:
    attempts = world.attempts()
    attempts.failed(Stalled("still"))
    attempts.failed(Silent("nothing"))
    attempts.failed(Interrupted("cut"))
    assert attempts.interest.stalls == 2
    attempts.reached(1)
    assert attempts.interest.stalls == 0


def test_waiters_of_several_threads_probe_one_at_a_time(control: Control) -> None:
    """Real threads and a real clock: the claim is what keeps them apart."""
    world = World(control)
    world.open_breaker()
    world.clock.now += 1
    claims: list[int | None] = []
    start = threading.Barrier(8)

    def claim() -> None:
        start.wait()
        claims.append(world.health.claim_probe())

    threads = [threading.Thread(target=claim) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(claims, key=str) == [0] + [None] * 7
