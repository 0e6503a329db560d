"""One writes at a time, whoever dies; nobody waits longer than he said."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from pacs_proxy.turns import NoTurn, Turn

HOLD = """
import sys
from pathlib import Path
from pacs_proxy.turns import Turn
with Turn(Path(sys.argv[1])).taken(1):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_another_process_is_waited_for_and_its_death_ends_the_waiting(tmp_path: Path) -> None:
    path = tmp_path / "turn"
    command = [sys.executable, "-c", HOLD, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout
        assert other.stdout.readline() == b"held\n"
        turn = Turn(path)
        with pytest.raises(NoTurn), turn.taken(0.05):
            pytest.fail("two held it")
        other.send_signal(signal.SIGKILL)
        with turn.taken(10):
            pass


def test_of_many_threads_one_holds_it(tmp_path: Path) -> None:
    turn, inside, most = Turn(tmp_path / "turn"), [0], [0]

    def work() -> None:
        for _ in range(50):
            with turn.taken(10):
                inside[0] += 1
                most[0] = max(most[0], inside[0])
                os.sched_yield()
                inside[0] -= 1

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1]


def test_what_fails_inside_is_not_taken_for_a_missing_turn(tmp_path: Path) -> None:
    turn = Turn(tmp_path / "turn")
    with pytest.raises(TimeoutError), turn.taken(1):
        raise TimeoutError
    with turn.taken(0):
        pass


def test_a_folder_that_is_not_there_gives_no_turn(tmp_path: Path) -> None:
    with pytest.raises(NoTurn), Turn(tmp_path / "away" / "turn").taken(1):
        pytest.fail("there is nothing to hold")
