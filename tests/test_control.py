"""Numbers that all workers share, exactly, whoever dies while changing them."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from pacs_proxy.control import Control
from pacs_proxy.settings import MAX_NODES
from pacs_proxy.upstream.health import Health
from tests.waiting import PATIENCE

ADD = """
import sys
from pathlib import Path
from pacs_proxy.control import Control
from pacs_proxy.upstream.health import Health
control = Control(Path(sys.argv[1]))
health = Health(control, 1, 0.2, 0.0)
for _ in range(int(sys.argv[2])):
    with control.locked():
        control.spool_used += 1
    health.spend()
"""
HOLD = """
import sys, time
from pathlib import Path
from pacs_proxy.control import Control
with Control(Path(sys.argv[1])).locked():
    print("held", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "control"


@pytest.fixture
def control(path: Path) -> Iterator[Control]:
    control = Control(path)
    yield control
    control.close()


def test_a_new_machine_begins_at_nought(control: Control) -> None:
    assert control.spool_used == 0
    assert control.budget == (0.0, 0.0)
    assert {control.breaker(node) for node in range(MAX_NODES)} == {(0, 0.0, 0.0)}


def test_another_worker_sees_what_one_writes(path: Path, control: Control) -> None:
    other = Control(path)
    control.spool_used, control.budget = 1 << 40, (1.5, 2.5)
    control.set_breaker(0, (5, 1.0, 2.0))
    control.set_breaker(MAX_NODES - 1, (3, 4.0, 5.0))
    assert (other.spool_used, other.budget) == (1 << 40, (1.5, 2.5))
    assert (other.breaker(0), other.breaker(1)) == ((5, 1.0, 2.0), (0, 0.0, 0.0))
    assert other.breaker(MAX_NODES - 1) == (3, 4.0, 5.0)
    other.close()


def test_opening_again_forgets_nothing(path: Path, control: Control) -> None:
    control.spool_used = 7
    Control(path).close()
    assert control.spool_used == 7


def test_threads_and_processes_lose_no_count(path: Path, control: Control) -> None:
    def add() -> None:
        for _ in range(300):
            with control.locked():
                control.spool_used += 1

    processes = [subprocess.Popen([sys.executable, "-c", ADD, str(path), "300"]) for _ in range(3)]
    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [process.wait(PATIENCE) for process in processes] == [0, 0, 0]
    assert control.spool_used == 7 * 300


def test_the_retry_budget_is_one_for_all_processes(path: Path, control: Control) -> None:
    """U33: four workers together may spend what one could, and no more."""
    health = Health(control, 1, 0.2, 0.0)
    for _ in range(500):
        health.earn()
    workers = [subprocess.Popen([sys.executable, "-c", ADD, str(path), "60"]) for _ in range(2)]
    assert [process.wait(PATIENCE) for process in workers] == [0, 0]
    assert not health.spend()


def test_a_worker_killed_with_the_lock_leaves_it_free(path: Path, control: Control) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout
    assert process.stdout.readline() == "held\n"
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    with control.locked():
        control.spool_used = 1


def test_a_breaker_opened_by_one_worker_is_open_for_all(path: Path, control: Control) -> None:
    other = Control(path)
    first, second = Health(control, 2, 0.2, 10), Health(other, 2, 0.2, 10)
    for _ in range(5):
        first.failed(0)
    assert [second.choose(failures) for failures in range(3)] == [1, 1, 1]
    assert second.away_for() == 0
    for _ in range(5):
        second.failed(1)
    assert first.choose(0) is None
    second.succeeded(0)
    assert first.choose(0) == 0
    other.close()


def test_the_shared_page_is_its_owners_alone(path: Path, control: Control) -> None:
    assert path.stat().st_mode & 0o777 == 0o600
