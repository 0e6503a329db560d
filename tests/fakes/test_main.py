"""As a process of its own the fake says where it is, and afterwards what it was asked."""

import hashlib
import json
import subprocess
import sys

from tests.fakes.listener import fetch


def test_it_serves_what_it_announces_and_reports_at_the_end() -> None:
    command = [sys.executable, "-m", "tests.fakes", "--instances=2", "--size=5000", "--rate=0"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        said = json.loads(process.stdout.readline())
        port = int(said["url"].rpartition(":")[2])
        bodies = {id_: fetch(port, f"/instances/{id_}/file").body for id_ in said["instances"]}
        report = json.loads(process.communicate()[0])
    assert {id_: hashlib.md5(body).hexdigest() for id_, body in bodies.items()} == said["instances"]
    assert report["requests"] == {"file": 2}
