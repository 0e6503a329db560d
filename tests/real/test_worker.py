"""`pacs-proxy worker`: does the work without serving, and ends when told to."""

import signal
import subprocess
import sys
import time
from contextlib import closing

import pytest

from pacs_proxy.database import Database, Job
from pacs_proxy.demo.orthanc import ThrowawayOrthanc
from pacs_proxy.jobs import Jobs
from pacs_proxy.migrations import upgrade
from tests.real.studies import asked, image, stored
from tests.server import ROOT, Proxy
from tests.waiting import PATIENCE

pytestmark = pytest.mark.orthanc


def test_it_works_on_what_another_process_queued(installed_orthanc: ThrowawayOrthanc) -> None:
    settings = Proxy(installed_orthanc.url)  # never started: only its folders and environment
    settings.data.mkdir()
    address = f"sqlite:///{settings.data}/pacs-proxy.db"
    upgrade(address)
    held = stored(installed_orthanc, image(99, 1, 1))
    command = [sys.executable, "-m", "pacs_proxy", "worker"]
    with closing(Database(address)) as database, database.write() as session:
        payload = {"level": "studies", "id": held.study, "study": held.study}
        number = Jobs(database).add(session, "delete", payload, study_id=held.study)
    with subprocess.Popen(command, env=settings.env, cwd=ROOT, stderr=subprocess.PIPE) as worker:
        try:
            with closing(Database(address)) as database:
                assert ended(database, number) == "done"
            worker.send_signal(signal.SIGTERM)
            assert worker.wait(PATIENCE) == 0
        finally:
            worker.kill()
            settings.stop()
    assert asked(installed_orthanc, f"/studies/{held.study}") is None


def ended(database: Database, number: int, seconds: float = PATIENCE) -> str:
    """The state of the job once it is none of waiting and working."""
    deadline = time.monotonic() + seconds
    while True:
        with database.read() as session:
            state = session.get_one(Job, number).state
        if state not in {"queued", "running"} or time.monotonic() > deadline:
            return state
        time.sleep(0.02)
