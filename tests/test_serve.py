"""What must hold before the server listens."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from pacs_proxy import serve
from pacs_proxy.serve import own_spool, prepare_data, prepare_spool
from pacs_proxy.settings import SettingError, Settings
from tests.conftest import StartProxy
from tests.fakes import FakeOrthanc
from tests.sender import BYTES, Sender
from tests.waiting import PATIENCE, until

ID = "f689ddd2-662f8fe1-8b18180d-ec2a2cee-937917af"
DATA = bytes(128) + b"DICM" + bytes(1000)
OWN = """
import sys, time
from pathlib import Path
from pacs_proxy.serve import own_spool
own_spool(Path(sys.argv[1]))
print("owned", flush=True)
time.sleep(600)
"""


def started(env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pacs_proxy", "serve"]
    return subprocess.run(
        command,
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """`prepare_spool` sets a variable of this process."""
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", "")


@pytest.fixture
def owner(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-c", OWN, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout
    assert process.stdout.readline() == "owned\n"
    yield process
    process.kill()
    process.communicate()


def test_a_wrong_setting_ends_it_with_one_sentence() -> None:
    ended = started({"PACS_PROXY_PORT": "http"})
    assert ended.returncode == 1
    assert ended.stderr.startswith("Error: PACS_PROXY_PORT='http' cannot be used")
    assert "Traceback" not in ended.stderr


def test_it_does_not_let_the_network_in_unasked(tmp_path: Path) -> None:
    open_door = {"PACS_PROXY_HOST": "0.0.0.0", "PACS_PROXY_SIGN_IN": "0"}
    ended = started({**open_door, "PACS_PROXY_SPOOL_DIR": str(tmp_path / "s")})
    assert ended.returncode == 1
    assert "PACS_PROXY_ALLOW_OPEN" in ended.stderr
    assert not (tmp_path / "s").exists()


def test_an_open_server_warns_loudly(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(serve.Server, "run", lambda _: None)
    monkeypatch.setattr("pacs_proxy.logs.configure", lambda: None)
    spool, data = str(tmp_path / "spool"), str(tmp_path / "data")
    serve.run(
        Settings(host="0.0.0.0", spool_dir=spool, data_dir=data, sign_in=False, allow_open=True)
    )
    assert "may delete every study" in capsys.readouterr().err


def test_a_server_without_accounts_says_how_the_first_is_made(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(serve.Server, "run", lambda _: None)
    monkeypatch.setattr("pacs_proxy.logs.configure", lambda: None)
    spool, data = str(tmp_path / "spool"), str(tmp_path / "data")
    serve.run(Settings(host="0.0.0.0", spool_dir=spool, data_dir=data))
    assert "pacs-proxy user add" in capsys.readouterr().err


def test_nothing_of_an_earlier_run_is_trusted(tmp_path: Path) -> None:
    earlier = tmp_path / "earlier"
    prepare_spool(earlier)
    for name in ("files/a.4", "metrics/b", "control", "locks"):
        (earlier / name).write_text("old")
    fresh = earlier.rename(tmp_path / "later")  # its owner still lives: this process
    (fresh / "owner").unlink()
    prepare_spool(fresh)
    assert sorted(path.name for path in fresh.rglob("*")) == ["files", "metrics", "owner"]
    assert fresh.stat().st_mode & 0o777 == 0o700


def test_anothers_folder_is_not_emptied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "precious").touch()
    monkeypatch.setattr("os.getuid", lambda: 4242)
    with pytest.raises(SettingError, match="another user"):
        prepare_spool(tmp_path)
    assert (tmp_path / "files" / "precious").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make another user's link")
def test_anothers_link_to_our_own_folder_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "mine" / "files").mkdir(parents=True)
    link = tmp_path / "spool"
    link.symlink_to(tmp_path / "mine")
    os.chown(link, 4242, 4242, follow_symlinks=False)
    with pytest.raises(SettingError, match="another user"):
        prepare_spool(link)


def test_what_is_kept_is_ours_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "a" / "data"
    for _ in range(2):
        prepare_data(folder)
        (folder / "kept").touch()
        folder.chmod(0o755)
    prepare_data(folder)
    assert (folder.stat().st_mode & 0o777, (folder / "kept").exists()) == (0o700, True)
    monkeypatch.setattr("os.getuid", lambda: 4242)
    with pytest.raises(SettingError, match="another user"):
        prepare_data(folder)


def test_a_spool_in_use_is_left_alone(tmp_path: Path, owner: subprocess.Popen[str]) -> None:
    waits: list[float] = []
    with pytest.raises(SettingError, match="in use by another server"):
        own_spool(tmp_path, waits.append)
    assert 1 < sum(waits) < 10


def test_a_spool_is_free_when_its_server_was_killed(
    tmp_path: Path, owner: subprocess.Popen[str]
) -> None:
    def kill(_: float) -> None:
        owner.kill()
        owner.wait()

    own_spool(tmp_path, kill)


def test_a_second_server_on_the_same_port_leaves_the_first_one_whole(proxy: StartProxy) -> None:
    with FakeOrthanc() as orthanc:
        orthanc.add(ID, DATA)
        first = proxy(orthanc.url)
        second = started(first.env)
        assert second.returncode == 1
        assert "in use by another server" in second.stderr
        assert first.file(ID).body == DATA


def test_a_server_killed_in_the_middle_of_an_upload_starts_again_at_once(
    proxy: StartProxy,
) -> None:
    with FakeOrthanc() as orthanc:
        orthanc.add(ID, DATA)
        server = proxy(orthanc.url, workers=2)
        sender = Sender(server.url)
        where = sender.create(len(DATA))
        begun = {**BYTES, "Upload-Offset": "0"}
        # Its thread waits 20 s for the rest, and a graceful end would wait for the thread.
        with sender.begin("PATCH", where, begun, len(DATA), b"x"):
            until(lambda: sender.head(where).status == 423)
            server.kill_master()
            server.start()
        assert server.file(ID).body == DATA
        assert sender.patch(where, 0, DATA).status == 204
