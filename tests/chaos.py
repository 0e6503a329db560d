"""Uploads while processes are killed at random moments, and what is to be found afterwards.

with Scene(seed=1, split=False) as scene:
    verdict = scene.run(kills=8)
assert verdict.lost == verdict.duplicated == verdict.truncated == 0
"""

from __future__ import annotations

import hashlib
import http.client
import io
import json
import os
import signal
import threading
import time
import uuid
import zipfile
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from types import TracebackType
from typing import Any, Self
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import urlopen

from sqlalchemy import func, select

from pacs_proxy.database import Database, Job, Result, Upload
from pacs_proxy.demo.orthanc import ThrowawayOrthanc
from tests.fakes.store import orthanc_id
from tests.real.studies import image
from tests.sender import PACK, Sender, pack
from tests.server import Answer, Proxy
from tests.split import Edge, Services

SENDERS = 4
BATCH = 6
CHUNK = 192 << 10
# Side of an image; its square doubled is the file's size: from one request to a dozen.
SIDES = (32, 128, 256, 512, 512, 1024)
# One file in so many is large enough to be stored alone; one batch in so many is a ZIP, or sent as
# the viewer sends small files.
LARGE_SIDE, LARGE, ZIPPED, PACKED = 4200, 80, 5, 3
SETTLE_SECONDS = 3
PATIENCE = 300.0
_BROKEN = (OSError, http.client.HTTPException)
_AGAIN = {408, 409, 423, 425, 429, 460, 500, 502, 503, 504, 507}


@dataclass(frozen=True)
class File:
    """One file to be sent; its bytes are made again when they are needed."""

    study: int
    number: int
    side: int

    @property
    def data(self) -> bytes:
        return image(self.study, 1, self.number, self.side)

    @property
    def instance(self) -> str:
        study, series = f"1.2.840.99.{self.study}", f"1.2.840.99.{self.study}.1"
        return orthanc_id(f"P{self.study}", study, series, f"{series}.{self.number}")


@dataclass
class Ledger:
    """What clients were promised."""

    whole: dict[str, tuple[int, str]] = field(default_factory=dict)
    uploads: int = 0
    size: int = 0
    retries: Counter[str] = field(default_factory=Counter)
    broken_promises: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def promised(self, files: dict[str, bytes]) -> None:
        """One upload was acknowledged to its end; it holds these instances."""
        facts = {
            instance: (len(data), hashlib.md5(data, usedforsecurity=False).hexdigest())
            for instance, data in files.items()
        }
        with self.lock:
            self.whole |= facts
            self.uploads += 1
            self.size += sum(len(data) for data in files.values())

    def retry(self, why: str) -> None:
        with self.lock:
            self.retries[why] += 1

    def broke(self, what: str) -> None:
        with self.lock:
            self.broken_promises.append(what)


@dataclass(frozen=True)
class Verdict:
    """What was found in Orthanc and in our tables, against what was promised."""

    files: int
    uploads: int
    megabytes: int
    lost: int
    truncated: int
    wrong: int
    duplicated: int
    strangers: int
    broken_promises: tuple[str, ...]
    unfinished: int
    left_behind: int
    orphans: int
    outcomes: dict[str, int]
    kills: dict[str, int]
    retries: dict[str, int]
    seconds: float

    @property
    def is_clean(self) -> bool:
        bad = (self.lost, self.truncated, self.wrong, self.duplicated, self.strangers)
        rest = (self.unfinished, self.left_behind, len(self.broken_promises))
        return not any((*bad, *rest)) and set(self.outcomes) == {"stored"}


class Client:
    """Sends files as a patient tus client does: it asks where it was, and goes on there."""

    def __init__(self, url: str, ledger: Ledger, chance: Random) -> None:
        self._sender, self._ledger, self._chance = Sender(url), ledger, chance

    def batch(self) -> str:
        key = uuid.UUID(int=self._chance.getrandbits(128)).hex
        return str(self._insist(lambda: self._batched(key)))

    def send(self, name: str, files: list[File], batch: str) -> None:
        """One upload, a ZIP where it holds several; until the server has said it has all of it."""
        held = {file.instance: file.data for file in files}
        data = _zipped(held) if len(held) > 1 else next(iter(held.values()))
        about = {"key": name, "batch": batch, "name": name}
        chunk = max(CHUNK, len(data) // 12)
        first = data if len(data) <= chunk else None
        where, offset = self._insist(lambda: self._created(len(data), first, about))
        while offset < len(data):
            piece = data[offset : offset + chunk]
            offset = self._insist(lambda at=offset, piece=piece: self._moved(where, at, piece))  # type: ignore[misc]
        self._ledger.promised(held)

    def send_together(self, names: list[str], files: list[File], batch: str) -> None:
        """Several uploads in one request, sent until the server has said it has them all."""
        body = pack(batch, {name: file.data for name, file in zip(names, files, strict=True)})
        self._insist(lambda: self._packed(body))
        for file in files:
            self._ledger.promised({file.instance: file.data})

    def _packed(self, body: bytes) -> bool | None:
        answer = self._sender.ask("POST", "/api/uploads/pack", {"Content-Type": PACK}, body)
        if not self._may_go_on(answer, {201}):
            return None
        taken = json.loads(answer.body)["uploads"]
        if any(upload["offset"] != upload["length"] for upload in taken):
            self._ledger.broke("a pack was taken in part")
        return True

    def _insist(self, ask: Callable[[], Any]) -> Any:
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                found = ask()
            except _BROKEN as error:
                found = None
                self._ledger.retry(type(error).__name__)
            if found is not None:
                return found
            if time.monotonic() > deadline:
                raise TimeoutError("The server did not come back.")
            time.sleep(self._chance.uniform(0.02, 0.3))

    def _batched(self, key: str) -> str | None:
        body = json.dumps({"key": key, "source": "files"}).encode()
        answer = self._sender.ask(
            "POST", "/api/uploads/batches", {"Content-Type": "application/json"}, body
        )
        return str(json.loads(answer.body)["id"]) if self._may_go_on(answer, {200, 201}) else None

    def _created(
        self, length: int, data: bytes | None, about: dict[str, str]
    ) -> tuple[str, int] | None:
        answer = self._sender.post(length, data, **about)
        if not self._may_go_on(answer, {201}):
            return None
        offset = int(answer.headers.get("Upload-Offset", 0))
        return urlsplit(answer.headers["Location"]).path, offset

    def _moved(self, where: str, offset: int, piece: bytes) -> int | None:
        """The offset after one more chunk, or None when it must be asked for."""
        with suppress(*_BROKEN):
            answer = self._sender.patch(where, offset, piece)
            if self._may_go_on(answer, {204}):
                return int(answer.headers["Upload-Offset"])
        answer = self._sender.head(where)
        if not self._may_go_on(answer, {200}):
            return None
        reached = int(answer.headers["Upload-Offset"])
        if reached < offset:
            self._ledger.broke(f"offset {offset} was acknowledged, now it is {reached}")
        return reached if reached != offset else None

    def _may_go_on(self, answer: Answer, good: set[int]) -> bool:
        if answer.status in good:
            return True
        self._ledger.retry(str(answer.status))
        if answer.status not in _AGAIN:
            self._ledger.broke(f"{answer.status} {answer.body[:200]!r}")
            raise RuntimeError(f"refused for good: {answer.status} {answer.body[:200]!r}")
        return False


class Scene:
    """Orthanc, the proxy (in one, or as edge and services), and clients; all real processes."""

    def __init__(self, seed: int, *, split: bool = False) -> None:
        self._dice, self._split = Random(seed), split
        self._stack, self._over = ExitStack(), threading.Event()
        self.ledger, self.kills = Ledger(), Counter[str]()
        self._studies = iter(range(1, 1_000_000))
        self._failures: list[BaseException] = []

    def __enter__(self) -> Self:
        self.orthanc = self._stack.enter_context(ThrowawayOrthanc())
        settings: dict[str, Any] = {
            "workers": 2, "upload_settle_seconds": SETTLE_SECONDS, "upload_disk_reserve": 0,
            "deadline_seconds": 3,
        }  # fmt: skip
        kind = Services if self._split else Proxy
        self.server = self._stack.enter_context(kind(self.orthanc.url, **settings))
        self.front = self.server
        if self._split:
            self.front = self._stack.enter_context(Edge(self.server.url, workers=2))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self._stack.close()

    def enough(self) -> None:
        """Kill no more and judge what there is; for a run that must end earlier."""
        self._over.set()

    def run(self, kills: int, say: Callable[[str], object] = lambda _: None) -> Verdict:
        """Kill so often while clients send; then let everything come to its end, and judge."""
        began = time.monotonic()
        threads = [
            threading.Thread(target=self._send, args=(self._dice.getrandbits(32),), daemon=True)
            for _ in range(SENDERS)
        ]
        for thread in threads:
            thread.start()
        for number in range(kills):
            if self._over.is_set():
                break
            self._wait_for_traffic()
            victim = self._dice.choice(sorted(self._victims()))
            self._victims()[victim]()
            self.kills[victim] += 1
            say(f"{number + 1} of {kills}: {victim}; {len(self.ledger.whole)} files acknowledged")
        self._over.set()
        for thread in threads:
            thread.join()
        if self._failures:
            raise self._failures[0]
        return self._judge(began)

    @property
    def _is_ending(self) -> bool:
        return bool(self._failures) or self._over.is_set()

    def _wait_for_traffic(self) -> None:
        """A random moment after things move again."""
        before, deadline = self.ledger.uploads, time.monotonic() + PATIENCE
        more = self._dice.randrange(4)
        while self.ledger.uploads < before + more and not self._is_ending:
            assert time.monotonic() < deadline, "nothing moves any more"
            time.sleep(0.005)
        time.sleep(self._dice.uniform(0.0, 0.3))

    def _send(self, seed: int) -> None:
        chance = Random(seed)
        client = Client(self.front.url, self.ledger, chance)
        try:
            while not self._over.is_set():
                study, batch = next(self._studies), client.batch()
                files = [File(study, n, _side(chance)) for n in range(1, BATCH + 1)]
                if not chance.randrange(ZIPPED):
                    client.send(f"{study}-zip", files, batch)
                    continue
                names = [f"{study}-{file.number}" for file in files]
                if not chance.randrange(PACKED) and all(f.side < LARGE_SIDE for f in files):
                    client.send_together(names, files, batch)
                    continue
                for name, file in zip(names, files, strict=True):
                    client.send(name, [file], batch)
        except BaseException as error:  # noqa: BLE001 - told by the thread that waits
            self._failures.append(error)

    def _victims(self) -> dict[str, Callable[[], None]]:
        found = {
            "worker": lambda: self._kill_worker(self.server),
            "master": lambda: self._kill_master(self.server),
            "orthanc": self._kill_orthanc,
        }
        if self._split:
            found["edge worker"] = lambda: self._kill_worker(self.front)
            found["edge master"] = lambda: self._kill_master(self.front)
        return found

    def _kill_worker(self, server: Proxy) -> None:
        pids = server.workers
        if pids:
            with suppress(ProcessLookupError):
                os.kill(self._dice.choice(sorted(pids)), signal.SIGKILL)

    def _kill_master(self, server: Proxy) -> None:
        """Its orphans go on with what they have begun, and hold port and folders meanwhile."""
        orphans = [Path(f"/proc/{pid}") for pid in server.workers]
        server.kill_master()
        deadline = time.monotonic() + PATIENCE
        while any(path.exists() for path in orphans):
            assert time.monotonic() < deadline, "the orphans do not notice"
            time.sleep(0.02)
        server.start()

    def _kill_orthanc(self) -> None:
        self.orthanc.kill()
        time.sleep(self._dice.uniform(0.0, 1.0))
        self.orthanc.restart()

    def _judge(self, began: float) -> Verdict:
        with closing(Database(f"sqlite:///{self.server.data}/pacs-proxy.db")) as database:
            unfinished = self._settled(database)
            rows, results, outcomes = self._tables(database)
            left, orphans = self._staged(database)
        held = set(self._asked("/instances"))
        faults = Counter(self._fault(*promise) for promise in self.ledger.whole.items())
        count = len(self.ledger.whole)
        return Verdict(
            files=count,
            uploads=self.ledger.uploads,
            megabytes=self.ledger.size // 1_000_000,
            lost=faults["lost"],
            truncated=faults["truncated"],
            wrong=faults["wrong"],
            duplicated=(rows - self.ledger.uploads) + (results - count),
            strangers=len(held - self.ledger.whole.keys()),
            broken_promises=tuple(self.ledger.broken_promises),
            unfinished=unfinished,
            left_behind=left,
            orphans=orphans,
            outcomes=outcomes,
            kills=dict(self.kills),
            retries=dict(self.ledger.retries),
            seconds=time.monotonic() - began,
        )

    def _settled(self, database: Database) -> int:
        """Wait for what is still under way; how much of it never ended."""
        deadline = time.monotonic() + PATIENCE
        waiting = select(func.count()).where(Upload.state.not_in(("done",)))
        unsettled = select(func.count()).where(Result.settled.is_(False))
        jobs = select(func.count()).where(
            Job.kind == "ingest", Job.state.in_(("queued", "running"))
        )
        while True:
            with database.read() as session:
                left = [session.scalar(count) or 0 for count in (waiting, unsettled, jobs)]
            kept, _ = self._staged(database)
            if not (any(left) or kept) or time.monotonic() > deadline:
                return sum(left)
            time.sleep(0.1)

    def _staged(self, database: Database) -> tuple[int, int]:
        """Files in the staging folder that belong to an upload, and those that belong to none.

        Killed between the file and its row, these go after an hour; their sender began anew.
        """
        there = {path.stem for path in (self.server.data / "uploads").glob("*.part")}
        with database.read() as session:
            known = set(session.scalars(select(Upload.id)))
        return len(there & known), len(there - known)

    def _tables(self, database: Database) -> tuple[int, int, dict[str, int]]:
        with database.read() as session:
            by_outcome = select(Result.outcome, func.count()).group_by(Result.outcome)
            outcomes = dict(list(session.execute(by_outcome)))
            rows = session.scalar(select(func.count()).select_from(Upload)) or 0
        return rows, sum(outcomes.values()), outcomes

    def _fault(self, instance: str, promise: tuple[int, str]) -> str:
        try:
            with urlopen(f"{self.orthanc.url}/instances/{instance}/file") as answer:
                data: bytes = answer.read()
        except URLError:
            return "lost"
        if len(data) < promise[0]:
            return "truncated"
        digest = hashlib.md5(data, usedforsecurity=False).hexdigest()
        return "" if (len(data), digest) == promise else "wrong"

    def _asked(self, path: str) -> Any:
        with urlopen(self.orthanc.url + path) as answer:
            return json.loads(answer.read())


def _side(chance: Random) -> int:
    return LARGE_SIDE if not chance.randrange(LARGE) else chance.choice(SIDES)


def _zipped(files: dict[str, bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name), data)
    return target.getvalue()
