"""POST /api/ingest: a folder of the server becomes a batch that can be followed."""

import json
from pathlib import Path

from tests.conftest import StartProxy
from tests.fakes import FakeOrthanc
from tests.sender import Sender
from tests.waiting import until

JSON = {"Content-Type": "application/json"}


def names_of(sender: Sender, batch: str) -> list[str]:
    return sorted(upload["name"] for upload in sender.news(batch)["uploads"])


def test_a_folder_becomes_a_batch_that_can_be_followed(proxy: StartProxy, tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).write_bytes(name.encode() * 500)
    with FakeOrthanc() as orthanc:
        server = proxy(orthanc.url, ingest_folders=f"in={tmp_path}")
        sender, asked = Sender(server.url), json.dumps({"folder": "in", "key": "k"}).encode()
        answers = [sender.ask("POST", "/api/ingest", JSON, asked) for _ in range(2)]
        assert [answer.status for answer in answers] == [202, 202]
        batch = json.loads(answers[0].body)["id"]
        assert json.loads(answers[1].body)["id"] == batch
        until(lambda: names_of(sender, batch) == ["a", "b"])
        assert "in=" not in server.log
        assert str(tmp_path) not in server.log


def test_what_is_not_allowed_is_said(proxy: StartProxy, tmp_path: Path) -> None:
    with FakeOrthanc() as orthanc:
        sender = Sender(proxy(orthanc.url, ingest_folders=f"in={tmp_path}").url)
        for body, status in (
            ({"folder": "other"}, 404),
            ({"folder": "in/../x"}, 400),
            ({"folder": "in/none"}, 404),
            ({"s3": {"bucket": "b", "prefix": ""}}, 404),
            ({"folder": "in", "key": "/"}, 400),
            ({}, 400),
        ):
            answer = sender.ask("POST", "/api/ingest", JSON, json.dumps(body).encode())
            assert answer.status == status, body
            assert answer.problem["detail"].endswith(".")
        assert sender.ask("POST", "/api/ingest", {}, b"{}").status == 415
