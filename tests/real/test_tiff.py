"""A TIFF sent by tus ends as proven instances in a real Orthanc, where its sender wanted it."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import imagecodecs
import numpy as np
import pytest
import tifffile

from pacs_proxy.demo.orthanc import ThrowawayOrthanc
from tests.ingest.tiff import samples
from tests.ingest.tiff.samples import KINDS, Pixels
from tests.real.studies import asked, image, stored
from tests.sender import Sender
from tests.server import Proxy
from tests.waiting import PATIENCE

pytestmark = pytest.mark.orthanc
CHUNK = 4 << 20
FORM = {"patient_name": "Müller^Jürgen", "patient_id": "TIFF-1", "study_description": "Skin"}


@pytest.fixture(scope="module")
def proxied(installed_orthanc: ThrowawayOrthanc) -> Iterator[Proxy]:
    """A side of 1000 pixels makes a slide here, so that it is quick."""
    with Proxy(installed_orthanc.url, tiff_slide_side=1000, upload_settle_seconds=1) as server:
        yield server


def sent(proxy: Proxy, data: bytes, target: dict[str, str] | None, key: str) -> dict[str, Any]:
    """Uploaded in chunks; what is told of it once it has come to an end."""
    sender = Sender(proxy.url)
    batch = sender.batch(key)
    said: dict[str, Any] = {} if target is None else {"target": json.dumps(target)}
    where = sender.create(len(data), key=key, batch=batch, name="slide.tif", **said)
    for at in range(0, len(data), CHUNK):
        assert sender.patch(where, at, data[at : at + CHUNK]).status == 204
    deadline = time.monotonic() + 5 * PATIENCE
    while True:
        news = sender.news(batch)
        if news["uploads"][0]["state"] in {"done", "refused"}:
            return news
        assert time.monotonic() < deadline, news
        time.sleep(0.1)


def fetched(orthanc: ThrowawayOrthanc, instance: str) -> bytes:
    with urlopen(f"{orthanc.url}/instances/{instance}/file") as answer:
        data: bytes = answer.read()
        return data


def tiles(proxy: Proxy, instance: str) -> tuple[dict[str, Any], list[Pixels]]:
    base = f"/api/pacs/instances/{instance}"
    level = json.loads(proxy.get(f"{base}/slide").body)
    frames = [proxy.get(f"{base}/frames/{n + 1}") for n in range(level["frames"])]
    return level, [imagecodecs.jpegls_decode(frame.body) for frame in frames]


@pytest.mark.parametrize("number", [0, 8])
def test_an_uploaded_tiff_becomes_a_slide_that_is_proven_stored(
    number: int, installed_orthanc: ThrowawayOrthanc, proxied: Proxy, tmp_path: Path
) -> None:
    source = KINDS[number].write(tmp_path)
    form = {**FORM, "patient_id": f"TIFF-{number}"}
    news = sent(proxied, source.read_bytes(), form, f"slide-{number}")
    assert news["uploads"][0]["state"] == "done", news
    results = news["results"]
    assert [result["outcome"] for result in results] == ["stored"] * 3
    stored_md5 = {
        hashlib.md5(fetched(installed_orthanc, result["instance"])).hexdigest()
        for result in results
    }
    listed = [
        one
        for series in {result["series"] for result in results}
        for one in json.loads(proxied.get(f"/api/pacs/series/{series}").body)["instances"]
    ]
    assert {one["md5"] for one in listed} == stored_md5
    found = json.loads(proxied.get(f"/api/pacs/studies?patient_id=TIFF-{number}").body)["items"]
    assert [(s["patient_name"], s["description"]) for s in found] == [("Müller^Jürgen", "Skin")]
    largest = max((one for one in listed if one["frames"] > 1), key=lambda one: int(one["frames"]))
    level, pictures = tiles(proxied, largest["id"])
    assert (level["width"], level["height"]) == (samples.WIDTH, samples.HEIGHT)
    across = -(-level["width"] // 512)
    rows = [np.concatenate(pictures[n : n + across], 1) for n in range(0, len(pictures), across)]
    shown = np.concatenate(rows)[: level["height"], : level["width"]]
    assert np.array_equal(shown, tifffile.imread(source))


def test_a_tiff_comes_into_the_study_that_was_chosen(
    installed_orthanc: ThrowawayOrthanc, proxied: Proxy, tmp_path: Path
) -> None:
    study = stored(installed_orthanc, image(41, 1, 1)).study
    source = samples.Kind("small", samples.colour(300, 200)).write(tmp_path)
    news = sent(proxied, source.read_bytes(), {"study": study}, "chosen")
    assert [result["study"] for result in news["results"]] == [study]
    series = asked(installed_orthanc, f"/studies/{study}")["Series"]
    assert len(series) == 2


@pytest.mark.parametrize(
    ("target", "code"),
    [(None, "target_invalid"), ({"study": "-".join(["0" * 8] * 5)}, "target_invalid")],
)
def test_a_tiff_of_nobody_is_refused_in_words(
    proxied: Proxy, tmp_path: Path, target: dict[str, str] | None, code: str
) -> None:
    source = samples.Kind("small", samples.colour(60, 40)).write(tmp_path)
    key = "nobody" if target is None else "nowhere"
    news = sent(proxied, source.read_bytes(), target, key)
    assert news["uploads"][0]["code"] == code
    assert len(news["uploads"][0]["detail"]) > 40


def test_nothing_is_left_of_a_conversion_once_it_has_settled(
    proxied: Proxy, tmp_path: Path
) -> None:
    source = samples.Kind("left", samples.grey(8, 1200, 1100)).write(tmp_path)
    news = sent(proxied, source.read_bytes(), {**FORM, "patient_id": "TIFF-left"}, "left")
    upload = news["uploads"][0]["id"]
    deadline = time.monotonic() + PATIENCE
    while left := list(proxied.data.rglob(f"{upload}*")):
        assert time.monotonic() < deadline, left
        time.sleep(0.1)
