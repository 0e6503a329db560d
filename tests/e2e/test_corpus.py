"""Every file of the corpus: the same bytes as stored, and the right picture or a placeholder."""

import hashlib
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pacs_proxy.demo.orthanc import ThrowawayOrthanc, find_executable
from tests.e2e.conftest import OpenViewer
from tests.e2e.corpus import MANIFEST, Corpus, Pixels, Values, reference, slack
from tests.e2e.shelf import digests
from tests.e2e.viewer import Viewer
from tests.server import Proxy

pytestmark = [
    pytest.mark.browser,
    pytest.mark.orthanc,
    pytest.mark.timeout(1500),
    pytest.mark.skipif(not MANIFEST.exists(), reason="no corpus on this machine"),
]

# Asks for pictures and says what the reader then sees; first, middle and last of a long file.
LOOK = """async () => {
  const seam = window.__pacsProxy, found = [];
  if (seam === undefined) return found;
  const late = () => new Promise((resolve) => setTimeout(resolve, 20000));
  const total = Number(document.querySelector('.rail')?.getAttribute('aria-valuemax') ?? 1);
  const all = [...Array(total).keys()];
  const some = total <= 40 ? all : [0, Math.floor(total / 2), total - 1];
  for (const index of some) {
    await Promise.race([seam.show(index), late()]);
    const text = (name) => document.querySelector(name)?.textContent ?? '';
    found.push({ cover: seam.cover(), pixels: seam.pixels(), card: text('.cover-card'),
                 words: text('.corner.bottom-left') });
  }
  return found;
}"""


# To another series; when the page has let go of the one before.
TURN = """hash => new Promise((turned) => {
  addEventListener('hashchange', () => setTimeout(turned), { once: true });
  location.hash = hash;
})"""

# Where pydicom takes other bits for the pixels than the header says.
NOT_BY_PYDICOM = {"odd/synth/high_bit_15_stored_12.dcm"}

Verdict = tuple[str, str, str]


@pytest.fixture
def archive() -> Iterator[ThrowawayOrthanc]:
    if find_executable() is None:
        pytest.skip("Orthanc is not installed here; run: apt-get install orthanc")
    with ThrowawayOrthanc({"OverwriteInstances": True}) as orthanc:
        yield orthanc


def test_every_file_comes_through_as_stored_and_is_drawn_right_or_named(
    archive: ThrowawayOrthanc, viewer: OpenViewer
) -> None:
    pid, corpus = archive.pid, Corpus(archive.url)
    altered: list[str] = []
    verdicts: list[Verdict] = []
    # Each round replaces instances in Orthanc itself: what it said before must not stand.
    with Proxy(archive.url, threads=16, trust_seconds=0) as proxy:
        window = viewer(proxy.url, 480)
        window.page.goto(proxy.url)
        for fresh in corpus.rounds():
            altered += [corpus.names[one] for one in fresh if not comes_through(proxy, corpus, one)]
            verdicts += round_seen(window, corpus, fresh)
    report(verdicts)
    assert len(corpus.names) > 300
    assert altered == []
    assert sum("no reference" in verdict[1] for verdict in verdicts) < 20
    assert [v for v in verdicts if v[1] in {"WRONG", "SILENT"}] == []
    videos = [said for name, _, said in verdicts if name.startswith("video/")]
    assert videos
    assert all("Video Endoscopic Image Storage" in said for said in videos)
    assert archive.pid == pid, "Orthanc died"


def comes_through(proxy: Proxy, corpus: Corpus, instance: str) -> bool:
    """Our bytes, Orthanc's bytes and the digest it took at ingest agree."""
    told = corpus.asked(f"instances/{instance}/attachments/dicom/info")["UncompressedMD5"]
    got, stored = proxy.file(instance).body, corpus.stored(instance)
    return got == stored and hashlib.md5(got, usedforsecurity=False).hexdigest() == told


def round_seen(window: Viewer, corpus: Corpus, fresh: set[str]) -> Iterator[Verdict]:
    window.go_to_list()
    for series, (study, instances) in corpus.series.items():
        if fresh.isdisjoint(instances):
            continue
        for picture in series_seen(window, study, series):
            verdict = judged(corpus, picture, instances)
            # Only what is new: the others were judged before.
            if picture["pixels"] is None or picture["instance"] in fresh:
                yield verdict


def series_seen(window: Viewer, study: str, series: str) -> list[dict[str, Any]]:
    """What the reader sees of one series."""
    window.page.evaluate(TURN, f"#/studies/{study}/series/{series}")
    # No picture to open ends in a plain message; else a seam is there. The pictures of slides
    # are judged by test_slide.py.
    window.page.wait_for_function(
        "h => location.hash === h && (window.__pacsProxy?.counts() || window.__pacsSlide ||"
        " (window.__pacsPapers && window.__pacsPapers.state() !== 'loading') ||"
        " /Nothing to show/.test(document.querySelector('.cover-card')?.textContent))",
        arg=f"#/studies/{study}/series/{series}",
    )
    if window.page.evaluate("window.__pacsSlide !== undefined"):
        return []
    is_paper = "window.__pacsPapers !== undefined"
    found: list[dict[str, Any]] = [] if window.page.evaluate(is_paper) else looked(window)
    if window.page.evaluate(is_paper):
        return papers_seen(window)
    for picture in found:
        shown = (picture["pixels"] or {"imageId": ""})["imageId"].removeprefix("vdcm:")
        picture["instance"], _, picture["frame"] = shown.partition("?frame=")
    return found


def looked(window: Viewer) -> list[dict[str, Any]]:
    """Where the list did not tell that the one object is no picture, the file itself does."""
    found: list[dict[str, Any]] = window.page.evaluate(LOOK)
    told = "() => window.__pacsPapers || !/not an image/.test(document.body.innerText)"
    if all(picture["pixels"] is None for picture in found) and is_single(window):
        window.page.wait_for_function(told)
    return found


def is_single(window: Viewer) -> bool:
    return bool(window.page.evaluate("(window.__pacsProxy?.counts()?.instances ?? 1) === 1"))


def papers_seen(window: Viewer) -> list[dict[str, Any]]:
    """What is shown or named without being a picture."""
    window.page.wait_for_function("() => (window.__pacsPapers?.state() ?? 'loading') !== 'loading'")
    said = window.page.inner_text(".papers")
    return [
        {"pixels": None, "cover": "papers", "card": said, "words": "", "instance": "", "frame": ""}
    ]


def judged(corpus: Corpus, picture: dict[str, Any], instances: list[str]) -> Verdict:
    if picture["pixels"] is None:
        return refused(corpus, picture, instances)
    pixels, instance, frame = picture["pixels"], picture["instance"], picture["frame"]
    name = corpus.names[instance] + (f" frame {frame}" if frame else "")
    data = corpus.stored(instance)
    expected = reference(data, int(frame or 1))
    how = "converted" if "converted" in picture["words"] else "drawn"
    if expected is None or corpus.names[instance] in NOT_BY_PYDICOM:
        return name, f"{how}, no reference", picture["words"].replace("\n", " ")
    drawn = Values(pixels["count"], pixels["sum"], pixels["min"], pixels["max"])
    difference = drawn.differs(Values.of(expected), slack(data))
    if not difference and slack(data) == 0 and is_whole(expected):
        difference = "" if pixels["md5"] in digests(expected) else "the same values elsewhere"
    return name, "WRONG" if difference else how, difference


def is_whole(values: Pixels) -> bool:
    """Fractions are rounded, here and there, each in its way."""
    return bool(np.all(np.asarray(values, np.float64) % 1 == 0))


def refused(corpus: Corpus, picture: dict[str, Any], instances: list[str]) -> Verdict:
    """A placeholder is no fault as long as it says why."""
    name = corpus.names[instances[0]] + (" …" if len(instances) > 1 else "")
    said = " ".join(picture["card"].split())
    named = picture["cover"] in {"failed", "waiting", "papers"} and len(said) > 20
    return name, "placeholder" if named else "SILENT", said


def report(verdicts: list[Verdict]) -> None:
    """All of it where PACS_PROXY_SCREENSHOTS says, the numbers on standard output."""
    folder = os.environ.get("PACS_PROXY_SCREENSHOTS")
    if folder:
        lines = ["\t".join(verdict) for verdict in sorted(verdicts, key=lambda v: (v[1], v[0]))]
        Path(folder, "corpus.tsv").write_text("\n".join(lines), encoding="utf-8")
    print(dict(Counter(verdict[1] for verdict in verdicts)))
