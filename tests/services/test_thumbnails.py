"""Who sent a TIFF sees it small before it is stored; nobody else does, nothing else is drawn."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pacs_proxy.database import Database
from pacs_proxy.errors import BadUpload, NotFound
from pacs_proxy.ingest.tiff import TiffConverter
from pacs_proxy.services.thumbnails import Thumbnails
from tests.ingest.test_intake import ME, World
from tests.ingest.tiff import samples


@pytest.fixture
def world(database: Database, tmp_path: Path) -> World:
    return World(database, tmp_path / "uploads")


@pytest.fixture
def thumbnails(world: World) -> Thumbnails:
    return Thumbnails(world.database, world.staging, TiffConverter())


def test_a_tiff_is_drawn_once_for_its_sender_alone(
    world: World, thumbnails: Thumbnails, tmp_path: Path
) -> None:
    flat = np.full((400, 600), 90, np.uint8)
    kind = samples.Kind("seen", flat, {"compression": "zlib", "rowsperstrip": 400})
    data = kind.write(tmp_path).read_bytes()
    placed = world.create(len(data), data)
    png = thumbnails.of(ME, placed.id)
    with Image.open(io.BytesIO(png)) as picture:
        assert picture.format == "PNG"
        assert picture.width / picture.height == pytest.approx(1.5, rel=0.02)
    world.staging.discard(placed.id)
    assert thumbnails.of(ME, placed.id) == png
    with pytest.raises(NotFound):
        thumbnails.of("somebody", placed.id)


def test_what_is_not_whole_or_no_tiff_is_told_so(world: World, thumbnails: Thumbnails) -> None:
    part = world.create(10, b"II*\0")
    with pytest.raises(NotFound, match="not complete"):
        thumbnails.of(ME, part.id)
    junk = world.create(5, b"II*\0x")
    with pytest.raises(BadUpload) as caught:
        thumbnails.of(ME, junk.id)
    assert caught.value.code == "tiff_damaged"
