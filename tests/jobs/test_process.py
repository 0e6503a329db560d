"""Whether the process that holds a job still lives."""

import os
import subprocess
import sys

from pacs_proxy.jobs import process

NAME = "from pacs_proxy.jobs import process; print(process.name(), flush=True); input()"


def test_a_process_is_dead_when_it_has_ended_even_if_nobody_has_buried_it() -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", NAME], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert child.stdout
    owner = child.stdout.readline().strip() + "#a1"
    assert not process.dead([owner])
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert process.dead([owner]) == [owner]
    child.communicate()
    assert process.dead([owner]) == [owner]


def test_another_process_with_its_id_is_not_it() -> None:
    mine = process.name()
    assert not process.dead([f"{mine}#a1"])
    other = f"{mine.rpartition(':')[0]}:1"
    assert process.dead([f"{other}#a1", f"{mine}#a2", f"{other}#a3"]) == [
        f"{other}#a1",
        f"{other}#a3",
    ]


def test_what_runs_elsewhere_is_not_judged() -> None:
    boot, rest = process.name().split(":", 1)
    assert not process.dead([f"{boot[::-1]}:{rest.rpartition(':')[0]}:1#a1"])
    assert not process.dead(["4026531836:77:1#a1"])
