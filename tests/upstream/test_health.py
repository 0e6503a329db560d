"""What the machine knows of its archive, kept where all workers see it."""

from pacs_proxy.control import Control
from tests.upstream.world import START, World


def test_a_new_machine_may_retry_at_once_and_not_without_end(control: Control) -> None:
    """The first second's credit is there from the beginning, and it is all there is."""
    world = World(control, share=0.2, rate=10)
    assert [world.health.spend() for _ in range(12)] == [True] * 10 + [False] * 2


def test_the_archive_is_away_only_when_every_node_is(control: Control) -> None:
    world = World(control, nodes=2)
    world.open_breaker(0)
    world.clock.now += 5
    assert world.health.away_for() == 0
    world.open_breaker(1)
    world.clock.now += 7
    assert world.health.away_for() == 7
    world.health.succeeded(1)
    assert world.health.away_for() == 0
    assert world.health.choose(0) == 1


def test_success_forgets_the_failures_before_it(world: World) -> None:
    for _ in range(3):
        for _ in range(4):
            world.health.failed(0)
        world.health.succeeded(0)
    assert world.health.choose(0) == 0


def test_each_node_away_is_probed_in_its_turn(control: Control) -> None:
    world = World(control, nodes=2)
    world.open_breaker(0)
    world.open_breaker(1)
    world.clock.now = START + 1
    assert [world.health.claim_probe() for _ in range(3)] == [0, 1, None]
    world.clock.now += 0.25
    assert [world.health.claim_probe() for _ in range(3)] == [0, 1, None]
