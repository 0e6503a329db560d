"""A study that is deleted is gone, with all that hung on it, whoever is killed on the way."""

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from random import Random
from typing import Any

import pytest
from sqlalchemy import select

from pacs_proxy.database import Database, Job
from pacs_proxy.demo.orthanc import ThrowawayOrthanc
from pacs_proxy.jobs import Jobs, process
from tests.fakes import Link
from tests.real.studies import Held, Kept, asked, image, rows, stored, to_come
from tests.sender import Sender
from tests.server import Answer, Proxy
from tests.waiting import PATIENCE, until

pytestmark = [pytest.mark.orthanc, pytest.mark.timeout(900)]

NOWHERE = "00000000-11111111-22222222-33333333-44444444"


@pytest.fixture(scope="module")
def server(installed_orthanc: ThrowawayOrthanc) -> Iterator[Proxy]:
    with Proxy(installed_orthanc.url, workers=2) as server:
        yield server


@pytest.fixture
def kept(server: Proxy) -> Iterator[Kept]:
    with closing(Database(f"sqlite:///{server.data}/pacs-proxy.db")) as database:
        yield Kept(database, server.data / "uploads")


@pytest.fixture
def files(installed_orthanc: ThrowawayOrthanc) -> Callable[..., list[Held]]:
    """`files(study, series=1, count=3)`: stored in Orthanc."""

    def store(study: int, series: int = 1, count: int = 3) -> list[Held]:
        numbers = range(1, count + 1)
        return [stored(installed_orthanc, image(study, series, n)) for n in numbers]

    return store


def delete(server: Proxy, level: str, resource: str) -> Answer:
    return server.get(f"/api/pacs/{level}/{resource}", method="DELETE")


def body(answer: Answer) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(answer.body)
    return found


def test_a_study_goes_with_all_that_hangs_on_it_and_no_other(
    server: Proxy, installed_orthanc: ThrowawayOrthanc, kept: Kept, files: Callable[..., list[Held]]
) -> None:
    mine, other = files(1) + files(1, series=2), files(2)
    for held in mine + other:
        assert server.file(held.instance).body == held.data
    kept.batch("a")
    gone = [kept.upload("a", [held]) for held in mine]
    stays = kept.upload("a", other)
    kept.label(mine[0].study)
    kept.label(other[0].study)
    answer = delete(server, "studies", mine[0].study)
    assert answer.status == 200
    assert body(answer)["deleted"] == {"instances": 6, "uploads": 6, "results": 6, "labels": 1}
    assert asked(installed_orthanc, f"/studies/{mine[0].study}") is None
    assert len(asked(installed_orthanc, f"/studies/{other[0].study}/instances")) == 3
    uploads, studies, labelled = rows(kept)
    assert not uploads & set(gone)
    assert stays in uploads
    assert (mine[0].study in studies, other[0].study in studies) == (False, True)
    assert (mine[0].study in labelled, other[0].study in labelled) == (False, True)
    assert stays in kept.staged()
    assert not kept.staged() & set(gone)
    assert to_come(kept) == [stays]
    assert len(list((server.spool / "files").iterdir())) == 3
    for held in mine:
        assert server.file(held.instance).status == 404
    for held in other:
        assert server.file(held.instance).body == held.data


def test_deleting_again_is_the_same_and_what_never_was_is_not_found(
    server: Proxy, files: Callable[..., list[Held]]
) -> None:
    [held] = files(3, count=1)
    first = body(delete(server, "studies", held.study))
    again = delete(server, "studies", held.study)
    assert (again.status, body(again)) == (200, first)
    told = server.get(f"/api/pacs/deletions/{first['job']}")
    assert (told.status, body(told)) == (200, first)
    assert delete(server, "studies", NOWHERE).status == 404
    assert delete(server, "series", held.study).status == 404
    assert delete(server, "studies", "x").problem["code"] == "malformed_id"
    assert server.get("/api/pacs/deletions/99999").status == 404


def test_what_came_back_can_be_deleted_again(
    server: Proxy, installed_orthanc: ThrowawayOrthanc, files: Callable[..., list[Held]]
) -> None:
    for count in (1, 2):
        held = files(4, count=count)
        assert body(delete(server, "studies", held[0].study))["deleted"]["instances"] == count
        assert asked(installed_orthanc, f"/studies/{held[0].study}") is None


def test_a_series_and_an_instance_leave_the_rest(
    server: Proxy, installed_orthanc: ThrowawayOrthanc, kept: Kept, files: Callable[..., list[Held]]
) -> None:
    first, second = files(5, series=1), files(5, series=2)
    kept.batch("b")
    uploads = {held.instance: kept.upload("b", [held]) for held in first + second}
    kept.label(first[0].study)
    assert delete(server, "series", first[0].series).status == 200
    assert delete(server, "instances", second[0].instance).status == 200
    left = asked(installed_orthanc, f"/studies/{first[0].study}/instances")
    assert {one["ID"] for one in left} == {held.instance for held in second[1:]}
    wanted = {uploads[held.instance] for held in second[1:]}
    assert rows(kept)[0] & set(uploads.values()) == wanted
    assert first[0].study in rows(kept)[2]
    for held in second[1:]:
        assert delete(server, "instances", held.instance).status == 200
    assert first[0].study not in rows(kept)[2]


def test_an_archive_file_with_another_study_in_it_stays_with_its_jobs(
    server: Proxy, kept: Kept, files: Callable[..., list[Held]]
) -> None:
    mine, other = files(6), files(7)
    kept.batch("c")
    disc = kept.upload("c", mine + other, kind="zip")
    assert delete(server, "studies", mine[0].study).status == 200
    uploads, studies, _ = rows(kept)
    assert disc in uploads
    assert disc in kept.staged()
    assert (mine[0].study in studies, other[0].study in studies) == (False, True)
    assert to_come(kept).count(disc) == 1


def test_an_archive_file_that_is_still_unpacked_goes_on_without_the_study(
    server: Proxy, kept: Kept, files: Callable[..., list[Held]]
) -> None:
    mine = files(8)
    kept.batch("d")
    disc = kept.upload("d", mine, kind="zip", state="storing")
    assert delete(server, "studies", mine[0].study).status == 200
    assert disc in rows(kept)[0]
    assert to_come(kept).count(disc) == 1


def test_what_is_being_stored_is_stopped_first(
    server: Proxy, installed_orthanc: ThrowawayOrthanc, kept: Kept, files: Callable[..., list[Held]]
) -> None:
    held = files(9)
    kept.batch("e")
    upload = kept.upload("e", held)
    jobs = Jobs(kept.database, lease=2 * PATIENCE)
    with kept.database.write() as session:
        job = session.scalars(select(Job).where(Job.upload_id == upload)).one()
        job.not_before, job.lane = 0.0, "nobody's"
    claimed = jobs.claim(process.name(), ("nobody's",))
    assert claimed
    answer = delete(server, "studies", held[0].study)
    assert answer.status == 202
    assert asked(installed_orthanc, f"/studies/{held[0].study}"), "deleted under the one who stores"
    jobs.look([claimed])
    assert claimed.lost.is_set()
    jobs.release(claimed)
    until_done(server, answer.headers["Location"])
    assert asked(installed_orthanc, f"/studies/{held[0].study}") is None


def test_an_archive_that_is_away_is_waited_for(kept: Kept, server: Proxy) -> None:
    with ThrowawayOrthanc() as orthanc, Proxy(orthanc.url, deadline_seconds=1) as own:
        held = stored(orthanc, image(10, 1, 1))
        orthanc.kill()
        assert delete(own, "studies", held.study).status == 503
        payload = {"level": "studies", "id": held.study, "study": held.study}
        with (
            closing(Database(f"sqlite:///{own.data}/pacs-proxy.db")) as database,
            database.write() as session,
        ):
            number = Jobs(database).add(session, "delete", payload, study_id=held.study)
        where = f"/api/pacs/deletions/{number}"
        until(lambda: "archive" in (body(own.get(where))["detail"] or ""))
        orthanc.restart()
        until_done(own, where)
        assert asked(orthanc, f"/studies/{held.study}") is None


def test_what_was_uploaded_can_be_deleted_and_uploaded_again(
    server: Proxy, installed_orthanc: ThrowawayOrthanc, kept: Kept
) -> None:
    sender, data = Sender(server.url), image(11, 1, 1)
    for key in ("first", "second"):
        batch = sender.batch(key)
        sender.create(len(data), data, batch=batch)
        until(lambda batch=batch: sender.news(batch)["counts"]["stored"] == 1)  # type: ignore[misc]
        [result] = sender.news(batch)["results"]
        assert delete(server, "studies", result["study"]).status == 200
        assert asked(installed_orthanc, f"/instances/{result['instance']}") is None
        assert sender.news(batch)["counts"]["uploads"] == 0


def test_a_study_deleted_while_it_is_uploaded_is_what_came_later_and_no_more(
    server: Proxy, installed_orthanc: ThrowawayOrthanc, kept: Kept
) -> None:
    sender = Sender(server.url)
    batch, files = sender.batch("meanwhile"), [image(12, 1, n) for n in range(1, 31)]
    for data in files[:20]:
        sender.create(len(data), data, batch=batch)
    until(lambda: bool(sender.news(batch)["results"]))
    study = sender.news(batch)["results"][0]["study"]
    answer = delete(server, "studies", study)
    for data in files[20:]:
        sender.create(len(data), data, batch=batch)
    if answer.status == 202:
        until_done(server, answer.headers["Location"])
    until(lambda: sender.news(batch)["counts"]["waiting"] == 0)
    news = sender.news(batch)
    states = {upload["state"] for upload in news["uploads"]}
    assert states <= {"done", "cancelled"}
    left = {one["ID"] for one in asked(installed_orthanc, f"/studies/{study}/instances")}
    assert left == {result["instance"] for result in news["results"]}
    assert len(left) == 10


def test_what_is_just_being_stored_does_not_bring_back_a_series_that_is_deleted(
    installed_orthanc: ThrowawayOrthanc,
) -> None:
    mine, other = (stored(installed_orthanc, image(13, series, 1)) for series in (1, 2))
    late = image(13, 1, 2, rows=2400)
    with (
        Link("127.0.0.1", installed_orthanc.http_port, rate=3e6) as line,
        Proxy(line.url) as own,
    ):
        sender = Sender(own.url)
        batch = sender.batch("late")
        sender.create(len(late), late, batch=batch)
        until(lambda: line.carried["up"] > len(late) / 3)
        line.rate = 300_000.0
        assert sender.news(batch)["uploads"][0]["state"] == "storing"
        until_done(own, f"/api/pacs/deletions/{body(delete(own, 'series', mine.series))['job']}")
        until(lambda: sender.news(batch)["counts"]["waiting"] == 0)
        [upload] = sender.news(batch)["uploads"]
    assert (upload["state"], upload["code"]) == ("cancelled", "study_deleted")
    assert asked(installed_orthanc, f"/series/{mine.series}") is None
    assert asked(installed_orthanc, f"/series/{other.series}")


@pytest.mark.parametrize("seed", range(6))
def test_whoever_is_killed_the_end_is_the_same(
    server: Proxy,
    installed_orthanc: ThrowawayOrthanc,
    kept: Kept,
    files: Callable[..., list[Held]],
    seed: int,
) -> None:
    dice = Random(seed)
    held = files(20 + seed, count=8)
    kept.batch(f"f{seed}")
    uploads = {kept.upload(f"f{seed}", [one]) for one in held}
    kept.label(held[0].study)
    with kept.database.write() as session:
        payload = {"level": "studies", "id": held[0].study, "study": held[0].study}
        number = Jobs(kept.database).add(session, "delete", payload, study_id=held[0].study)
    time.sleep(dice.uniform(0.2, 0.6))  # any moment will do: it is begun within half a second
    for pid in server.workers:
        os.kill(pid, signal.SIGKILL)
    server.wait_until_up()
    found = until_done(server, f"/api/pacs/deletions/{number}")
    assert found["deleted"] == {"instances": 8, "uploads": 8, "results": 8, "labels": 1}
    assert asked(installed_orthanc, f"/studies/{held[0].study}") is None
    left, studies, labelled = rows(kept)
    assert not uploads & (left | kept.staged())
    assert held[0].study not in studies | labelled


def until_done(server: Proxy, where: str) -> dict[str, Any]:
    until(lambda: body(server.get(where))["state"] == "done")
    return body(server.get(where))
