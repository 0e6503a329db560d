"""What the relay of uploads promises beyond the protocol: counted, sent once, never in the way."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from tests.fakes import FakeOrthanc, Link
from tests.fakes.listener import hear
from tests.fakes.trouble import rst_at
from tests.sender import BYTES, TUS, Sender, checksum
from tests.split import Edge, Services
from tests.waiting import PATIENCE, until
from tests.web.conftest import Split
from tests.web.test_relay import next_meets

DATA = Random(30).randbytes(3_000_000)


@pytest.fixture
def sender(split: Split) -> Sender:
    return Sender(split.edge.url)


def staged(services: Services, where: str) -> Path:
    return services.data / "uploads" / f"{where.rpartition('/')[2]}.part"


def test_a_chunk_that_broke_off_between_the_two_is_never_sent_again_by_the_edge(
    split: Split, sender: Sender
) -> None:
    where = sender.create(len(DATA))
    before = split.line.carried["up"]
    next_meets(split.line, rst_at(1_500_000, "up"))
    answer = sender.patch(where, 0, DATA)
    assert (answer.status, answer.problem["code"]) == (502, "services_interrupted")
    assert answer.problem["retryable"] is True
    assert split.line.carried["up"] - before < len(DATA)
    at = sender.offset(where)
    assert sender.patch(where, at, DATA[at:]).status == 204
    assert staged(split.services, where).read_bytes() == DATA


def test_an_answer_lost_on_the_way_is_said_to_be_doubtful(split: Split, sender: Sender) -> None:
    where = sender.create(1000)
    next_meets(split.line, rst_at(1))
    assert sender.patch(where, 0, DATA[:1000]).status == 502
    assert sender.offset(where) == 1000


def test_where_to_go_on_is_423_while_the_data_side_is_away(split: Split, sender: Sender) -> None:
    where = sender.create(10)
    split.line.refuse()
    split.line.cut()
    busy = sender.head(where)
    assert (busy.status, busy.headers["Retry-After"]) == (423, "1")
    assert busy.headers["Tus-Resumable"] == "1.0.0"
    away = sender.patch(where, 0, bytes(10))
    assert (away.status, away.problem["code"]) == (503, "services_unreachable")
    assert away.headers["Tus-Resumable"] == "1.0.0"
    split.line.accept()
    assert sender.offset(where) == 0


def test_a_body_without_a_length_is_411(split: Split, sender: Sender) -> None:
    where = sender.create(10)
    head = {**BYTES, "Upload-Offset": "0", "Transfer-Encoding": "chunked"}
    lines = [f"PATCH {where} HTTP/1.1", "Host: localhost"]
    lines += [f"{name}: {value}" for name, value in head.items()]
    with closing(split.edge.connect()) as connection:
        connection.connect()
        connection.sock.sendall("\r\n".join([*lines, "", "0\r\n\r\n"]).encode())
        assert hear(connection.sock).status == 411


def test_a_client_that_leaves_in_mid_body_leaves_nothing_behind(
    split: Split, sender: Sender
) -> None:
    where = sender.create(len(DATA))
    headers = {**BYTES, "Upload-Offset": "0", **checksum(DATA)}
    with sender.begin("PATCH", where, headers, len(DATA), DATA[:2_000_000]):
        pass
    assert sender.offset(where) == 0
    assert sender.patch_when_free(where, 0, DATA).status == 204


def test_progress_is_logged_at_ten_megabytes_and_names_nobody(split: Split, sender: Sender) -> None:
    data = Random(31).randbytes(24_000_000)
    where = sender.create(len(data), name="Mustermann^Erika.dcm")
    for at in range(0, len(data), 8_000_000):
        assert sender.patch(where, at, data[at : at + 8_000_000]).status == 204
    until(lambda: [at // 10_000_000 for at in relayed(split)] == [1, 2])
    assert "Mustermann" not in split.edge.log


def relayed(split: Split) -> list[int]:
    """The last two marks that the edge has logged of bodies coming in."""
    lines = [json.loads(line) for line in split.edge.log.splitlines() if "relayed" in line]
    return [line["bytes"] for line in lines if line["direction"] == "in"][-2:]


def test_the_page_answers_while_five_files_are_sent(split: Split, sender: Sender) -> None:
    data = Random(32).randbytes(8_000_000)
    senders = [threading.Thread(target=send, args=(sender, data, 3)) for _ in range(5)]
    for thread in senders:
        thread.start()
    waits = list[float]()
    while not waits or any(thread.is_alive() for thread in senders):
        began = time.monotonic()
        assert split.edge.get("/api/uploads/limits").status == 200
        waits.append(time.monotonic() - began)
    # Two cores that others use too: the goal of 0.5 s is measured by bench/edge.py.
    assert sorted(waits)[len(waits) // 2] < 10


def send(sender: Sender, data: bytes, chunks: int) -> None:
    where = sender.create(chunks * len(data))
    for number in range(chunks):
        assert sender.patch(where, number * len(data), data).status == 204


@pytest.fixture
def orthanc() -> Iterator[FakeOrthanc]:
    with FakeOrthanc() as orthanc:
        yield orthanc


def test_the_data_side_killed_in_mid_chunk_loses_nothing_acknowledged(orthanc: FakeOrthanc) -> None:
    with (
        Services(orthanc.url) as services,
        Link("127.0.0.1", services.port) as line,
        Edge(line.url) as edge,
    ):
        sender = Sender(edge.url)
        where = sender.create(len(DATA) * 2, DATA)
        answers: list[int] = []
        carried, line.rate = line.carried["up"], 400_000.0
        thread = threading.Thread(
            target=lambda: answers.append(sender.patch(where, len(DATA), DATA).status)
        )
        thread.start()
        until(lambda: line.carried["up"] > carried + 100_000)
        services.kill()
        line.rate = None
        thread.join(PATIENCE)
        assert answers[0] in {502, 503}
        assert sender.ask("HEAD", where, TUS).status == 423
        services.start()
        assert sender.offset(where) == len(DATA)
        assert sender.patch(where, len(DATA), DATA).status == 204
        assert staged(services, where).read_bytes() == DATA * 2
