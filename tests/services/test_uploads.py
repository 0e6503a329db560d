"""Uploads over HTTP: every acknowledged byte is kept, and every refusal says what to do."""

import base64
import gzip
import json
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from email.utils import parsedate_to_datetime
from random import Random

import pytest

from tests.fakes import FakeOrthanc
from tests.fakes.listener import hear
from tests.sender import BYTES, PACK, TUS, Sender, checksum, metadata, pack
from tests.server import Answer, Proxy
from tests.split import Edge, Services
from tests.waiting import PATIENCE, until

DATA = Random(5).randbytes(300_000)
LIMITS = {
    "upload_file_bytes": 20_000_000,
    "upload_request_bytes": 8_000_000,
    "upload_disk_reserve": 0,
}


@pytest.fixture(scope="module", params=["directly", "through the edge"])
def running(request: pytest.FixtureRequest) -> Iterator[tuple[FakeOrthanc, Proxy]]:
    """The same is promised by one server and by the two roles, each byte relayed."""
    with FakeOrthanc() as orthanc, ExitStack() as servers:
        if request.param == "directly":
            yield orthanc, servers.enter_context(Proxy(orthanc.url, threads=24, **LIMITS))
        else:
            services = servers.enter_context(Services(orthanc.url, **LIMITS))  # type: ignore[arg-type]
            edge = servers.enter_context(Edge(services.url))
            edge.data = services.data
            yield orthanc, edge


@pytest.fixture
def sender(server: Proxy) -> Sender:
    return Sender(server.url)


def staged(server: Proxy, where: str) -> bytes:
    return (server.data / "uploads" / f"{where.rpartition('/')[2]}.part").read_bytes()


def refused(answer: Answer, status: int, code: str) -> dict[str, object]:
    assert answer.status == status
    assert answer.problem["code"] == code
    assert answer.headers["Tus-Resumable"] == "1.0.0"
    return answer.problem


def test_a_small_file_comes_in_one_request(sender: Sender, server: Proxy) -> None:
    answer = sender.post(len(DATA), DATA, name="IM1")
    assert answer.status == 201
    assert answer.headers["Upload-Offset"] == str(len(DATA))
    where = answer.headers["Location"]
    assert staged(server, where) == DATA
    assert sender.offset(where) == len(DATA)


def begun(sender: Sender) -> str:
    body = b'{"key": "b", "source": "files"}'
    media = {"Content-Type": "application/json"}
    answer = sender.ask("POST", "/api/uploads/batches", media, body)
    return str(json.loads(answer.body)["id"])


def test_several_small_files_come_in_one_request(sender: Sender, server: Proxy) -> None:
    files = {f"p{n}": DATA[n * 50_000 :] for n in range(5)}
    body = pack(begun(sender), files)
    for _ in range(2):
        answer = sender.ask("POST", "/api/uploads/pack", {"Content-Type": PACK}, body)
        assert answer.status == 201
        taken = {upload.pop("key"): upload for upload in json.loads(answer.body)["uploads"]}
        for key, data in files.items():
            assert taken[key]["offset"] == taken[key]["length"] == len(data)
            assert staged(server, taken[key]["id"]) == data
            assert sender.offset(f"/api/uploads/{taken[key]['id']}") == len(data)


def test_a_pack_with_a_wrong_byte_or_of_another_kind_is_refused(sender: Sender) -> None:
    body = pack(begun(sender), {"w": DATA})[:-1] + b"\0"
    where = "/api/uploads/pack"
    refused(sender.ask("POST", where, {"Content-Type": PACK}, body), 460, "checksum")
    refused(sender.ask("POST", where, BYTES, body), 415, "unsupported_media")
    refused(sender.ask("POST", where, {"Content-Type": PACK}, bytes(16)), 400, "bad_request")


def test_a_file_comes_in_chunks(sender: Sender, server: Proxy) -> None:
    where = sender.create(len(DATA), DATA[:100_000])
    for at in range(100_000, len(DATA), 70_000):
        assert sender.offset(where) == at
        answer = sender.patch(where, at, DATA[at : at + 70_000])
        assert answer.status == 204
        assert answer.headers["Upload-Offset"] == str(min(at + 70_000, len(DATA)))
    assert staged(server, where) == DATA


def test_an_unfinished_upload_says_when_it_expires(sender: Sender) -> None:
    where = sender.create(10)
    expires = parsedate_to_datetime(sender.head(where).headers["Upload-Expires"]).timestamp()
    assert 86_000 < expires - time.time() <= 86_400


def test_head_tells_what_was_said_at_creation(sender: Sender) -> None:
    given = metadata(name="Müller/IM 1", key="head-tells", extra="x")
    answer = sender.ask("POST", "/api/uploads", {**TUS, "Upload-Length": "7", **given}, b"")
    headers = sender.head(answer.headers["Location"]).headers
    assert headers["Upload-Metadata"] == given["Upload-Metadata"]
    assert headers["Upload-Length"] == "7"
    assert "no-store" in headers["Cache-Control"]


def test_an_empty_file_is_whole_at_once(sender: Sender, server: Proxy) -> None:
    where = sender.create(0)
    assert sender.offset(where) == 0
    assert staged(server, where) == b""


def test_gzip_travels_and_the_file_is_kept(sender: Sender, server: Proxy) -> None:
    text = b"slice" * 400_000
    where = sender.create(len(text) + 5)
    coded = {**checksum(text), "Content-Encoding": "gzip"}
    assert sender.patch(where, 0, gzip.compress(text), coded).status == 204
    assert sender.offset(where) == len(text)
    assert staged(server, where) == text


def test_a_gzip_bomb_ends_at_the_files_length(sender: Sender, server: Proxy) -> None:
    where = sender.create(1000)
    bomb = gzip.compress(bytes(64 << 20))
    coded = {**checksum(bytes(64 << 20)), "Content-Encoding": "gzip"}
    refused(sender.patch(where, 0, bomb, coded), 413, "too_large")
    assert sender.offset(where) == 0
    assert len(staged(server, where)) <= 1000


@pytest.mark.parametrize("at", [0, 1, 150_000, len(DATA) - 1])
def test_a_cut_chunk_with_a_checksum_leaves_nothing(sender: Sender, at: int) -> None:
    where = sender.create(len(DATA))
    heard = sender.cut(where, 0, DATA, at, checksum(DATA))
    assert heard.status == 400
    assert sender.offset(where) == 0
    # Through the edge, the data side holds the file until it learns of the cut: 423, try again.
    assert sender.patch_when_free(where, 0, DATA).status == 204


@pytest.mark.parametrize("at", [0, 1, 150_000, len(DATA) - 1])
def test_a_cut_chunk_without_one_leaves_what_came(sender: Sender, server: Proxy, at: int) -> None:
    where = sender.create(len(DATA))
    assert sender.cut(where, 0, DATA, at).status == 400
    # Through the edge, the data side learns of the cut a moment after its client was told.
    until(lambda: sender.head(where).headers.get("Upload-Offset") == str(at))
    assert sender.patch_when_free(where, at, DATA[at:]).status == 204
    assert staged(server, where) == DATA


def test_one_flipped_bit_is_460_and_the_chunk_comes_again(sender: Sender, server: Proxy) -> None:
    where = sender.create(len(DATA), DATA[:10])
    flipped = bytes([DATA[10] ^ 1]) + DATA[11:]
    assert refused(sender.patch(where, 10, flipped, checksum(DATA[10:])), 460, "checksum")[
        "retryable"
    ]
    assert sender.offset(where) == 10
    assert sender.patch(where, 10, DATA[10:]).status == 204
    assert staged(server, where) == DATA


def test_a_creation_with_a_wrong_checksum_creates_nothing(sender: Sender, server: Proxy) -> None:
    before = sorted((server.data / "uploads").iterdir())
    headers = {**BYTES, "Upload-Length": "3", **checksum(b"abd"), **metadata(key="flipped")}
    refused(sender.ask("POST", "/api/uploads", headers, b"abc"), 460, "checksum")
    assert sorted((server.data / "uploads").iterdir()) == before
    where = sender.create(3, b"abc", key="flipped")
    assert staged(server, where) == b"abc"


def test_the_whole_files_digest_is_held_against_it(sender: Sender) -> None:
    wrong = {"sha256": "0" * 64}
    refused(sender.post(len(DATA), DATA, **wrong), 460, "checksum")


@pytest.mark.parametrize("wrong", [0, 9, 11, 5000])
def test_another_offset_is_409_and_changes_nothing(
    sender: Sender, server: Proxy, wrong: int
) -> None:
    where = sender.create(len(DATA), DATA[:10])
    refused(sender.patch(where, wrong, b"x" * 100), 409, "offset")
    assert sender.offset(where) == 10
    assert staged(server, where)[:10] == DATA[:10]


def test_the_same_creation_twice_is_one_upload(sender: Sender, server: Proxy) -> None:
    first = sender.post(len(DATA), DATA[:1000], key="twice")
    again = sender.post(len(DATA), DATA[:1000], key="twice")
    assert again.status == 201
    assert again.headers["Location"] == first.headers["Location"]
    assert again.headers["Upload-Offset"] == "1000"


def test_bytes_that_are_here_already_are_taken_all_the_same(sender: Sender) -> None:
    """Its answer was lost: closed on what it sends again, a client would lose this one too."""
    data = bytes(7_000_000)
    where = sender.create(len(data), data, key="lost-answer")
    for _ in range(3):
        assert sender.create(len(data), data, key="lost-answer") == where


def test_the_same_creation_at_the_same_time_is_one_upload(sender: Sender) -> None:
    answers: list[Answer] = []
    threads = [
        threading.Thread(target=lambda: answers.append(sender.post(len(DATA), DATA, key="at-once")))
        for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {answer.status for answer in answers} == {201}
    assert len({answer.headers["Location"] for answer in answers}) == 1


def test_two_never_write_to_one_upload(sender: Sender, server: Proxy) -> None:
    where = sender.create(len(DATA))
    whole = {**BYTES, "Upload-Offset": "0", **checksum(DATA)}
    with sender.begin("PATCH", where, whole, len(DATA), DATA[:1000]) as sock:
        until(lambda: sender.head(where).status == 423)
        busy = sender.patch(where, 0, DATA)
        refused(busy, 423, "busy")
        assert busy.headers["Retry-After"] == "1"
        sock.sendall(DATA[1000:])
        assert hear(sock).status == 204
    assert staged(server, where) == DATA


def test_what_follows_a_body_on_its_connection_is_the_next_request(
    sender: Sender, server: Proxy
) -> None:
    """Bodies are read straight from the socket: not a byte too many, however they come."""
    where = sender.create(2 * len(DATA))
    first = {**BYTES, "Upload-Offset": "0", **checksum(DATA)}
    host = "Host: {}:{}".format(*sender.address)
    lines = [f"PATCH {where} HTTP/1.1", host, "Connection: close"]
    lines += [f"{k}: {v}" for k, v in {**first, "Upload-Offset": str(len(DATA))}.items()]
    second = "\r\n".join([*lines, f"Content-Length: {len(DATA)}", "", ""]).encode() + DATA
    with sender.begin("PATCH", where, first, len(DATA), DATA + second) as sock:
        assert hear(sock, PATIENCE).data.count(b"HTTP/1.1 204") == 2
    assert staged(server, where) == 2 * DATA


@pytest.mark.parametrize(
    ("length", "code", "limit"),
    [(20_000_001, "too_large", 20_000_000), (10**15 - 1, "too_large", 20_000_000)],
)
def test_a_file_above_the_limit_is_refused_before_a_byte(
    sender: Sender, length: int, code: str, limit: int
) -> None:
    problem = refused(sender.post(length), 413, code)
    assert (problem["limit"], problem["got"]) == (limit, length)
    # With a body: the answer must reach a client that still sends.
    refused(sender.post(length, DATA * 10), 413, code)


def test_a_request_above_its_cap_is_refused(sender: Sender) -> None:
    where = sender.create(20_000_000)
    problem = refused(sender.patch(where, 0, bytes(8_000_001)), 413, "too_large")
    assert (problem["limit"], problem["got"]) == (8_000_000, 8_000_001)
    assert sender.offset(where) == 0


def test_a_chunk_beyond_the_end_is_refused(sender: Sender) -> None:
    where = sender.create(10)
    refused(sender.patch(where, 0, b"x" * 11), 413, "too_large")


@pytest.mark.parametrize(
    "media", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain"]
)
def test_no_form_is_ever_taken(sender: Sender, media: str) -> None:
    """Forms are what pages of other sites can send without asking; and parsing them spools."""
    where = sender.create(len(DATA))
    whole = {**TUS, "Upload-Offset": "0", "Content-Type": media}
    refused(sender.ask("PATCH", where, whole, DATA), 415, "unsupported_media")
    creation = {**TUS, "Upload-Length": "5", "Content-Type": media}
    refused(sender.ask("POST", "/api/uploads", creation, b"hello"), 415, "unsupported_media")


def test_another_version_is_412_and_told_ours(sender: Sender) -> None:
    answer = sender.ask("POST", "/api/uploads", {"Upload-Length": "1"}, b"")
    refused(answer, 412, "tus_version")
    assert answer.headers["Tus-Version"] == "1.0.0"


def test_termination_forgets_the_bytes(sender: Sender, server: Proxy) -> None:
    where = sender.create(len(DATA), DATA[:1000])
    assert sender.delete(where).status == 204
    assert sender.head(where).status == 410
    refused(sender.patch(where, 1000, DATA[1000:]), 410, "gone")
    refused(sender.delete(where), 410, "gone")
    assert not (server.data / "uploads" / f"{where.rpartition('/')[2]}.part").exists()


def test_a_lost_file_is_410_so_that_the_client_begins_again(sender: Sender, server: Proxy) -> None:
    for again in (sender.head, lambda where: sender.patch(where, 1000, DATA[1000:])):
        where = sender.create(len(DATA), DATA[:1000])
        (server.data / "uploads" / f"{where.rpartition('/')[2]}.part").unlink()
        assert again(where).status == 410
        assert sender.head(where).status == 410


@pytest.mark.parametrize("where", ["0" * 32, "x", "0" * 31, "A" * 32, "%2e%2e"])
def test_an_unknown_upload_is_404(sender: Sender, where: str) -> None:
    assert sender.head(f"/api/uploads/{where}").status in {404, 405}
    assert sender.patch(f"/api/uploads/{where}", 0, b"x").status in {404, 405}


def test_options_tells_what_is_spoken(sender: Sender) -> None:
    headers = sender.ask("OPTIONS", "/api/uploads").headers
    assert headers["Tus-Version"] == headers["Tus-Resumable"] == "1.0.0"
    assert headers["Tus-Checksum-Algorithm"] == "sha256,sha1"
    assert headers["Tus-Max-Size"] == "20000000"
    assert headers["Accept-Encoding"] == "gzip"
    extensions = set(headers["Tus-Extension"].split(","))
    assert extensions == {
        "creation", "creation-with-upload", "termination", "checksum", "expiration",
    }  # fmt: skip


def test_the_limits_are_told(sender: Sender) -> None:
    limits = json.loads(sender.ask("GET", "/api/uploads/limits").body)
    assert limits["file_bytes"] == 20_000_000
    assert limits["chunk_bytes"] == 8 << 20
    assert limits["parallel"] == 5


@pytest.mark.parametrize(
    "pair",
    [
        {"key": "a b"}, {"key": "x" * 65}, {"batch": "1"}, {"sha256": "A" * 64}, {"name": "a\0b"},
        {"target": "[]"}, {"target": '{"x": "y"}'}, {"target": '{"study": "1"}'},
        {"target": '{"patient_name": "\\ud800"}'}, {"target": "{"}, {"target": '{"sex": 1}'},
    ],
)  # fmt: skip
def test_metadata_that_makes_no_sense_is_refused(sender: Sender, pair: dict[str, str]) -> None:
    problem = refused(sender.post(5, None, **pair), 400, "bad_request")
    assert "metadata" in str(problem["detail"])


def test_an_unknown_batch_is_404(sender: Sender) -> None:
    refused(sender.post(5, batch="0" * 32), 404, "not_found")


def test_a_body_of_unknown_length_is_counted_too(sender: Sender, server: Proxy) -> None:
    if isinstance(server, Edge):
        pytest.skip("the edge takes no body whose end could be cut unnoticed: 411")
    where = sender.create(1000)
    head = (
        f"PATCH {where} HTTP/1.1\r\nHost: localhost\r\nTus-Resumable: 1.0.0\r\nUpload-Offset: 0\r\n"
    )
    head += f"Content-Type: {BYTES['Content-Type']}\r\nTransfer-Encoding: chunked\r\n\r\n"
    with socket.create_connection(sender.address, timeout=PATIENCE) as sock:
        sock.sendall(head.encode() + b"5\r\nhello\r\n5\r\nworld\r\n")
        sock.shutdown(socket.SHUT_WR)
        assert hear(sock).status == 400
    offset = sender.offset(where)
    assert staged(server, where)[:offset] == b"helloworld"[:offset]
    with socket.create_connection(sender.address, timeout=PATIENCE) as sock:
        sock.sendall(head.replace("Offset: 0", f"Offset: {offset}").encode())
        rest = bytes(1000 - offset)
        sock.sendall(b"%x\r\n%s\r\n0\r\n\r\n" % (len(rest), rest))
        sock.shutdown(socket.SHUT_WR)
        assert hear(sock).status == 204
    assert sender.offset(where) == 1000


def test_a_connection_goes_on_after_a_refused_body(server: Proxy) -> None:
    """What was not read is drained: closing on it would reset, and the answer might be lost."""
    connection = server.connect()
    body = os.urandom(4_000_000)
    for _ in range(3):
        headers = {**BYTES, "Upload-Length": "99999999", **checksum(body)}
        connection.request("POST", "/api/uploads", body, headers)
        answer = connection.getresponse()
        assert (answer.status, json.loads(answer.read())["code"]) == (413, "too_large")
    connection.close()


def test_what_is_read_ahead_of_a_body_begins_the_next_request(sender: Sender) -> None:
    """gunicorn takes 8 KiB at a time: the end of one body, and half of the next request."""
    head = "POST /api/uploads HTTP/1.1\r\nHost: localhost\r\nContent-Length: 12000\r\n"
    head += "".join(f"{name}: {value}\r\n" for name, value in BYTES.items())
    asked = f"{head}Upload-Length: 99999999\r\n\r\n".encode() + os.urandom(12_000)
    with socket.create_connection(sender.address, timeout=PATIENCE) as sock:
        sock.sendall(asked + asked.replace(b"Host", b"Connection: close\r\nHost"))
        heard = hear(sock, PATIENCE)
    assert (heard.data.count(b'"too_large"'), heard.end) == (2, "fin")


def test_no_name_of_a_file_is_logged(sender: Sender, server: Proxy) -> None:
    name = "Mustermann^Erika/IM0001"
    where = sender.create(10, b"12345", name=name, key="nobody-logs-me")
    sender.patch(where, 0, b"x")
    sender.patch(where, 5, b"12345")
    sender.post(10, name=name, batch="0" * 32)
    encoded = base64.b64encode(name.encode()).decode()
    assert not any(word in server.log for word in ("Mustermann", encoded, "nobody-logs-me"))
