"""Strange answers: shown is the right picture, or a placeholder that says why not."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from itertools import cycle

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.conftest import TAG, OpenViewer
from tests.e2e.meddler import Meddler, Script
from tests.e2e.shelf import Book, Shelf, is_drawn_right
from tests.e2e.viewer import Viewer
from tests.fakes import Reply, Request, faults
from tests.fakes.exchange import Exchange, Fault
from tests.server import Proxy

pytestmark = [pytest.mark.browser, pytest.mark.orthanc]

COUNT = 24
TAGGED = Fault("tag", lambda x: x.send(x.reply.with_header("ETag", f'"md5-{"0" * 32}"')))
BAD = 5
KIND = (("Content-Type", "application/problem+json"),)
PROBLEM = b'{"code":"internal","detail":"It broke.","retryable":true,"request_id":"r-500"}'

# What comes, and what the placeholder calls it.
STRANGE = {
    "short with a matching length": (faults.short_length(100), "incomplete image"),
    "web page with 200": (faults.html_200, "web page instead of an image"),
    "nothing with 200": (faults.empty_200, "incomplete image"),
    "json with 200": (faults.json_200, "not a dicom file"),
    "truncated gzip": (faults.gzip_truncated(0.5), "incomplete image"),
    "redirect": (faults.redirect("/"), "web page instead of an image"),
    "one bit": (faults.bit_flip(0.7), "image failed its check"),
    "no length and half the body": (faults.no_length(0.5), "incomplete image"),
    "headers that break off": (faults.headers_cut(0.6), "incomplete image"),
    "chunks that break off": (faults.chunked_cut("in"), ""),
    "500": (faults.replied("500", Reply(500, PROBLEM, KIND)), "server error"),
    "401": (faults.status(401), "not allowed"),
    "403": (faults.status(403), "not allowed"),
    "404": (faults.status(404), "not in the archive"),
    "the tag of other bytes": (TAGGED, "image failed its check"),
}
# Asked for again and again, without the reader: a line that breaks may be whole the next time.
WAITED_FOR = {"chunks that break off"}
# What is refused for good is refused the first time.
FINAL = {"401", "403", "404"}
OURS = {
    "short with a matching length",
    "truncated gzip",
    "one bit",
    "no length and half the body",
    "500",
    "the tag of other bytes",
}


@pytest.fixture(scope="module")
def between(served: Proxy) -> Iterator[Meddler]:
    with Meddler(served.url) as meddler:
        yield meddler


@pytest.fixture
def meddler(between: Meddler) -> Meddler:
    """Which meddles with nothing yet."""
    between.plan = Script("", {})
    return between


@pytest.fixture(scope="module")
def desk(browser: Browser, between: Meddler) -> Iterator[Viewer]:
    with closing(Viewer(browser, between.url, 900)) as window:
        yield window


@pytest.fixture
def window(desk: Viewer, meddler: Meddler, warm: Book) -> Viewer:
    """The page and its picture engine are there before the trouble begins."""
    desk.anew().open(warm).until_shown(0)
    return desk


def arrive(window: Viewer, bars: Book) -> None:
    window.go_to(bars)
    window.witness(TAG)


def wrong_ones(window: Viewer, shelf: Shelf) -> list[int]:
    drawn = window.walk(range(COUNT))
    return [n for n, picture in enumerate(drawn) if not is_drawn_right(shelf, picture)]


def test_strange_answers_that_pass_are_never_noticed(
    meddler: Meddler, window: Viewer, shelf: Shelf, bars: Book
) -> None:
    """The first answer for every slice is strange, each in its way; the next is honest."""
    kinds = [fault for name, (fault, _) in STRANGE.items() if name not in FINAL]
    faults_of = dict(zip(bars.instances, ([kind] for kind in cycle(kinds)), strict=False))
    meddler.plan = script = Script("display", faults_of)
    arrive(window, bars)
    assert wrong_ones(window, shelf) == [], window.placeholder
    window.until_all(COUNT)
    assert window.toasts == []
    assert window.told()["wrong"] == []
    assert script.done == COUNT


def test_strange_answers_that_stay_are_named_and_cost_only_their_own_slices(
    meddler: Meddler, window: Viewer, shelf: Shelf, bars: Book
) -> None:
    """One note for all of them; when they pass, one Retry brings all."""
    names = [name for name in STRANGE if name not in WAITED_FOR]
    bad = range(4, 4 + len(names))
    faults_of = {bars.instances[n]: STRANGE[name][0] for n, name in zip(bad, names, strict=True)}
    meddler.plan = Script("display", faults_of)
    arrive(window, bars)
    assert wrong_ones(window, shelf) == list(bad)
    # Now and then they are tried again by themselves.
    failed = "s.counts().verified + s.counts().failed === 24 && String(s.failures()) === String(x)"
    window.until(failed, list(bad))
    window.until_said(f"{len(bad)} images could not be loaded")
    assert window.page.evaluate("window.__said.most") == 1
    for index, name in zip(bad, names, strict=True):
        assert_named(window, index, name)
    meddler.plan = Script("display", {})
    window.page.get_by_role("button", name="Retry", exact=True).click()
    window.until_all(COUNT)
    assert wrong_ones(window, shelf) == []
    window.until("document.querySelectorAll('.toast').length === 0")
    assert window.told()["wrong"] == []


def assert_named(window: Viewer, index: int, name: str) -> None:
    window.show(index)
    said = window.until_named(index, STRANGE[name][1])
    window.picture(f"strange-{name.replace(' ', '-')}")
    # An answer that is not ours carries no number of ours.
    if name != "headers that break off":
        assert ("Request " in said) is (name in OURS), name


@pytest.mark.parametrize("name", sorted(WAITED_FOR))
def test_a_line_that_keeps_breaking_is_said_and_tried_again_by_itself(
    meddler: Meddler, window: Viewer, shelf: Shelf, bars: Book, name: str
) -> None:
    """Already the first slice does not come; all the others do meanwhile."""
    meddler.plan = Script("display", {bars.instances[0]: STRANGE[name][0]})
    arrive(window, bars)
    said = "document.querySelector('.cover-card').innerText.startsWith('Slice 1\\n')"
    window.until(f"s.cover() === 'waiting' && {said} && s.counts().verified === 23")
    window.picture(f"strange-{name.replace(' ', '-')}")
    meddler.plan = Script("display", {})
    window.until_shown(0)
    window.until_all(COUNT)
    assert wrong_ones(window, shelf) == []
    assert window.told()["wrong"] == []


def test_503_with_retry_after_is_waited_for_and_never_shown_as_failed(
    meddler: Meddler, window: Viewer, shelf: Shelf, bars: Book
) -> None:
    """Five times in a row, so that the quick tries are over."""
    busy = faults.status(503, 1)
    meddler.plan = script = Script("display", {bars.instances[BAD]: [busy] * 5})
    arrive(window, bars)
    window.page.evaluate(
        "() => { window.__failed = 0; const s = window.__pacsProxy; const look = () => {"
        " window.__failed += s.failures().length; requestAnimationFrame(look); }; look(); }"
    )
    assert wrong_ones(window, shelf) == []
    window.until_all(COUNT)
    assert window.page.evaluate("() => window.__failed") == 0
    assert script.done == 5
    assert window.told()["wrong"] == []


def test_a_flipped_bit_in_a_list_never_names_another_patient(
    meddler: Meddler, viewer: OpenViewer, bars: Book
) -> None:
    """The first answer of each list has one bit of the patient's name changed."""
    changed: list[str] = []

    def renamed(x: Exchange) -> bool:
        body = x.reply.body.replace(f"BARS-{TAG}".encode(), b"CARS-9")
        changed.append(x.request.target)
        return x.send(replace(x.reply, body=body))

    class Once:
        def next(self, request: Request) -> tuple[int, Fault | None]:
            is_list = request.target.startswith(("/api/pacs/studies", "/api/pacs/series"))
            fresh = is_list and request.target not in changed
            return 0, Fault("renamed", renamed) if fresh else None

    meddler.plan = Once()
    window = viewer(meddler.url, 900)
    window.page.goto(meddler.url)
    window.page.get_by_label("Patient name").fill(f"bars^{TAG}")
    row = window.page.locator(f"tr[data-study='{bars.study}']")
    expect(row).to_contain_text(f"BARS-{TAG}")
    row.click()
    window.until_shown(0)
    expect(window.page.locator(".corner.top-left")).to_contain_text(f"BARS-{TAG}")
    assert len(changed) >= 3


def test_a_list_that_comes_as_a_web_page_is_named_and_no_list_is_shown(
    meddler: Meddler, viewer: OpenViewer
) -> None:
    class Lists:
        def next(self, request: Request) -> tuple[int, Fault | None]:
            return 0, faults.html_200 if "/api/pacs/studies" in request.target else None

    meddler.plan = Lists()
    window = viewer(meddler.url)
    window.page.goto(meddler.url)
    window.page.get_by_role("button", name="Retry", exact=True).wait_for()
    words = window.page.inner_text(".list-note")
    assert "Web page instead of" in words
    window.picture("strange-list")
    meddler.plan = Script("", {})
    window.page.get_by_role("button", name="Retry", exact=True).click()
    window.page.locator("tbody tr").first.wait_for()
