"""Whatever a decoding child does, the server lives, says why, and the next picture is drawn."""

from __future__ import annotations

import errno
import io
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image
from pydicom import dcmread

from pacs_proxy.decoding import Decoder, View
from pacs_proxy.decoding.launcher import Launcher
from pacs_proxy.errors import Busy, NotRenderable, PacsProxyError
from tests.decoding import rogue, samples
from tests.waiting import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Deed = Callable[[str], bytes]

GREY = samples.grey()
MEMORY = 1 << 29


@pytest.fixture(scope="module")
def decoder() -> Iterator[Decoder]:
    made = Decoder(2, 20.0, 1 << 30)
    yield made
    made.close()


@pytest.fixture(scope="module")
def rogues() -> Iterator[Decoder]:
    made = Decoder(2, 30.0, MEMORY, launcher=_rogue_launcher())
    yield made
    made.close()


@pytest.fixture(scope="module")
def hasty() -> Iterator[Decoder]:
    made = Decoder(2, 2.0, MEMORY, launcher=_rogue_launcher())
    yield made
    made.close()


@pytest.fixture
def source(tmp_path: Path) -> Iterator[int]:
    (tmp_path / "image").write_bytes(samples.native(GREY))
    descriptor = os.open(tmp_path / "image", os.O_RDONLY)
    yield descriptor
    os.close(descriptor)


@pytest.fixture
def do(rogues: Decoder, source: int) -> Deed:
    """Have a child commit a deed; what it wrote comes back."""
    return lambda deed: rogues.render(source, View(rogue.DEEDS[deed][0]))


def test_a_conversion_comes_back_as_an_anonymous_file_at_its_start(
    decoder: Decoder, source: int
) -> None:
    made = decoder.convert(source)
    with os.fdopen(made, "rb") as file:
        assert file.tell() == 0
        dataset = dcmread(file)
    assert np.array_equal(dataset.pixel_array, GREY)


def test_a_rendering_comes_back_as_a_png_of_the_size_asked_for(
    decoder: Decoder, source: int
) -> None:
    with Image.open(io.BytesIO(decoder.render(source, View(1, 160)))) as picture:
        assert (picture.format, picture.size) == ("PNG", (160, 120))


def test_the_callers_file_keeps_its_offset(decoder: Decoder, source: int) -> None:
    os.lseek(source, 5, os.SEEK_SET)
    decoder.render(source, View(1, 16))
    assert os.lseek(source, 0, os.SEEK_CUR) == 5


def test_a_file_open_for_writing_reaches_the_child_read_only(
    rogues: Decoder, tmp_path: Path
) -> None:
    path = tmp_path / "image"
    path.write_bytes(samples.native(GREY))
    with path.open("r+b") as file:
        rogues.render(file.fileno(), View(rogue.DEEDS["deface"][0]))
    assert path.read_bytes() == samples.native(GREY)


CAUSES = {
    "eat_memory": "too large",
    "segfault": "crashed",
    "abort": "crashed",
    "write_without_end": "too large",
    "exit_at_once": "status 3",
}


@pytest.mark.parametrize("deed", CAUSES)
def test_a_child_that_misbehaves_is_named_and_the_next_job_works(do: Deed, deed: str) -> None:
    with pytest.raises(NotRenderable, match=CAUSES[deed]):
        do(deed)
    assert do("right") == rogue.RIGHT_ANSWER


@pytest.mark.parametrize("deed", ["loop", "sleep"])
def test_a_child_that_does_not_end_is_ended(hasty: Decoder, source: int, deed: str) -> None:
    with pytest.raises(NotRenderable, match=r"longer than 2 s|processor time"):
        hasty.render(source, View(rogue.DEEDS[deed][0]))
    assert hasty.render(source, View(rogue.DEEDS["right"][0])) == rogue.RIGHT_ANSWER


def test_what_a_child_says_is_one_short_plain_line(do: Deed) -> None:
    with pytest.raises(NotRenderable) as caught:
        do("babble")
    assert caught.value.detail.isprintable()
    assert len(caught.value.detail) <= 300


def test_a_template_that_dies_is_replaced(do: Deed, rogues: Decoder) -> None:
    do("right")
    first = rogues._launcher.process
    assert first is not None
    os.kill(first.pid, signal.SIGKILL)
    assert do("right") == rogue.RIGHT_ANSWER
    assert rogues._launcher.process is not first


def test_a_template_that_cannot_run_is_an_error_of_ours(source: int) -> None:
    broken = Decoder(1, 60.0, MEMORY, launcher=Launcher("tests.decoding.no_such_module"))
    with pytest.raises(PacsProxyError, match="could not be started"):
        broken.render(source, View(1, 16))
    broken.close()


def test_a_child_has_no_files_no_network_and_no_way_up(do: Deed) -> None:
    found = dict(line.split("=") for line in do("report_confinement").decode().splitlines())
    assert found["no_new_privileges"] == "1"
    assert found["children"] == "0"
    # The file, the result and the pipe for one answer, and the three standard ones.
    assert int(found["descriptors"]) <= 6
    assert found["files"] == "0"
    assert found["network"] != "open"
    if os.uname().machine in {"x86_64", "aarch64"}:
        assert found["network"] == str(errno.EPERM)


def test_many_threads_share_one_template(decoder: Decoder, source: int) -> None:
    sizes: list[int] = []
    threads = [
        threading.Thread(target=lambda: sizes.append(len(decoder.render(source, View(1, 64)))))
        for _ in range(24)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(sizes) == 24
    assert len(set(sizes)) == 1


def test_no_job_waits_for_ever_for_a_free_place(source: int) -> None:
    narrow = Decoder(1, 60.0, MEMORY, patience_seconds=0.05, launcher=_rogue_launcher())
    held = _started(narrow, source)
    with pytest.raises(Busy) as caught:
        narrow.render(source, View(rogue.DEEDS["right"][0]))
    assert caught.value.retry_after
    narrow.close()
    held.join(PATIENCE)
    assert not held.is_alive()


def _started(decoder: Decoder, source: int) -> threading.Thread:
    """A thread whose job sleeps until its decoder is closed."""
    held = threading.Thread(target=_ended, args=(decoder, source))
    held.start()
    while decoder._launcher.process is None:
        time.sleep(0.001)
    return held


def _ended(decoder: Decoder, source: int) -> None:
    with pytest.raises(PacsProxyError, match="could not be started"):
        decoder.render(source, View(rogue.DEEDS["sleep"][0]))


def _rogue_launcher() -> Launcher:
    return Launcher("tests.decoding.rogue")


def test_nothing_is_left_open_after_good_and_bad_jobs(do: Deed) -> None:
    do("right")
    before = _open_descriptors()
    for _ in range(5):
        do("right")
        with pytest.raises(NotRenderable):
            do("segfault")
    assert _open_descriptors() == before


def test_a_job_whose_template_dies_is_given_to_the_next_one(source: int) -> None:
    twice = Decoder(1, 60.0, MEMORY, launcher=_rogue_launcher())
    held = _started(twice, source)
    first = twice._launcher.process
    assert first is not None
    names = _children(first.pid)
    first.kill()
    while (second := twice._launcher.process) in {None, first}:
        time.sleep(0.001)
    assert second is not None
    assert _children(second.pid)
    twice.close()
    held.join(PATIENCE)
    assert not held.is_alive()
    assert all(_gone(name) for name in names)


def _children(pid: int) -> list[str]:
    """Wait for the template's first child."""
    while not (names := _read(f"/proc/{pid}/task/{pid}/children").split()):
        time.sleep(0.001)
    return names


def test_closing_ends_the_template_and_its_children(source: int) -> None:
    brief = Decoder(1, 60.0, MEMORY, launcher=_rogue_launcher())
    held = _started(brief, source)
    process = brief._launcher.process
    assert process is not None
    names = _children(process.pid)
    brief.close()
    held.join(PATIENCE)
    assert not held.is_alive()
    assert process.poll() is not None
    assert all(_gone(name) for name in names)


def _gone(pid: str) -> bool:
    status = _read(f"/proc/{pid}/status")
    return not status or "State:\tZ" in status


def _open_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def _read(path: str) -> str:
    try:
        return Path(path).read_text()
    except OSError:
        return ""


def test_the_server_itself_loads_no_decoder() -> None:
    script = (
        "import sys, pacs_proxy.decoding;"
        "print({'numpy', 'pydicom', 'imagecodecs', 'PIL'} & set(sys.modules) or 'none')"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "none"
