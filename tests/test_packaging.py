"""What `pip install` brings along, and what it does not need."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]
PARTS = ("pacs_proxy", "orthanc", "pyproject.toml", "hatch_build.py", "README.md")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Give a copy of what a wheel is made of, with a viewer small enough to look through."""
    root = tmp_path / "source"
    root.mkdir()
    for part in PARTS:
        copy = shutil.copytree if (REPOSITORY / part).is_dir() else shutil.copy
        copy(REPOSITORY / part, root / part)
    return root


def built_viewer(source: Path) -> None:
    assets = source / "viewer_static" / "dist" / "assets"
    assets.mkdir(parents=True)
    (assets.parent / "index.html").write_text("<!doctype html>")
    (assets / "main-1234.js").write_text("0")


def pip(*arguments: str | Path, path: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run pip without the machine's node, so that a hidden need for it shows."""
    command = [sys.executable, "-m", "pip", *map(str, arguments)]
    environment = {**os.environ, "PATH": path or "/nonexistent"}
    return subprocess.run(command, check=False, capture_output=True, text=True, env=environment)


@pytest.fixture(scope="module")
def backend(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give hatchling from the registry, so that each build below needs no network."""
    target = tmp_path_factory.mktemp("backend")
    done = pip(
        "install", "-q", "--target", target, "hatchling>=1.27", "editables", path=os.environ["PATH"]
    )
    assert done.returncode == 0, done.stderr
    return target


@pytest.fixture
def no_isolation(backend: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(backend))


@pytest.mark.usefixtures("no_isolation")
def test_the_wheel_holds_the_viewer_and_the_orthanc_configuration(
    source: Path, tmp_path: Path
) -> None:
    built_viewer(source)
    done = pip("wheel", "-q", "--no-deps", "--no-build-isolation", "-w", tmp_path, source)
    assert done.returncode == 0, done.stderr
    (wheel,) = tmp_path.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {
        "pacs_proxy/viewer/index.html",
        "pacs_proxy/viewer/assets/main-1234.js",
        "pacs_proxy/demo/orthanc.json",
        "pacs_proxy/py.typed",
    } <= names
    assert not [name for name in names if name.startswith(("tests", "viewer_static"))]


@pytest.mark.usefixtures("no_isolation")
def test_an_editable_install_needs_neither_node_nor_a_built_viewer(
    source: Path, tmp_path: Path
) -> None:
    done = pip(
        "install",
        "-q",
        "--no-deps",
        "--no-build-isolation",
        "--target",
        tmp_path / "site",
        "-e",
        source,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.usefixtures("no_isolation")
def test_a_wheel_without_a_viewer_is_refused_loudly(source: Path, tmp_path: Path) -> None:
    done = pip("wheel", "-q", "--no-deps", "--no-build-isolation", "-w", tmp_path, source)
    assert done.returncode != 0
    assert "npm is not installed" in done.stderr + done.stdout
