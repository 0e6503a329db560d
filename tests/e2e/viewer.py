"""The viewer as its reader meets it, and its test seam `window.__pacsProxy`."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page
from playwright.sync_api import TimeoutError as Late

from tests.e2e.shelf import Book
from tests.waiting import PATIENCE

WITNESS = Path(__file__).with_name("witness.js")
# Longer than the last of the viewer's own second chances is away (healing.ts).
SECONDS = PATIENCE

# Frames without an origin have no storage. The link was quick when the page was last open: else a
# busy machine would be taken for a slow line, and files come in another form.
BEFORE = """try {
  localStorage['pacs-preference:drawing'] = '%s';
  localStorage['link'] ??= '%s';
} catch {}
addEventListener('DOMContentLoaded', () => {
  const host = document.getElementById('toasts'), said = window.__said = { words: [], most: 0 };
  if (host === null) return;
  new MutationObserver(() => {
    const words = [...host.querySelectorAll('.toast-words')].map((node) => node.textContent);
    said.words.push(...words.filter((one) => !said.words.includes(one)));
    said.most = Math.max(said.most, words.length);
  }).observe(host, { childList: true, subtree: true, characterData: true });
});"""

# Walks the series and reports each picture; `limit` ms bound a slice that never comes.
WALK = """async ({indexes, limit}) => {
  const seam = window.__pacsProxy, pictures = [];
  for (const index of indexes) {
    const late = new Promise((resolve) => setTimeout(resolve, limit));
    await Promise.race([seam.show(index), late]);
    await new Promise(requestAnimationFrame);
    pictures.push(seam.wanted() === index ? seam.pixels() : null);
  }
  return pictures;
}"""

# What there is to see and to know, for whoever reads that a test waited in vain.
STATE = """() => {
  const seam = window.__pacsProxy;
  const words = (where) => document.querySelector(where)?.innerText;
  const [card, status, said] = [words('.cover-card'), words('.progress-words'), window.__said];
  const page = { card, status, said };
  if (seam === undefined) return page;
  const { cover, wanted, imageId, counts, failures, isEquipped, panes } = seam;
  const asked = { cover, wanted, imageId, counts, failures, isEquipped, panes };
  const told = Object.entries(asked).map(([name, ask]) => [name, ask()]);
  return { ...page, seam: Object.fromEntries(told) };
}"""


class Viewer:
    """One browser window on the viewer at `url`."""

    def __init__(
        self,
        browser: Browser,
        url: str,
        width: int = 1280,
        *,
        touch: bool = False,
        drawing: str = "graphics",
        pace: str = "90000000",
        shell: bool = False,
        scale: float = 1.0,
    ) -> None:
        self.context = browser.new_context(
            viewport={"width": width, "height": width * 5 // 8},
            accept_downloads=True,
            device_scale_factor=scale,
            has_touch=touch,
            is_mobile=touch,
            # A worker between would hide what goes over the line.
            service_workers="allow" if shell else "block",
        )
        # As by a graphics card: most readers have one. test_cpu looks at the other way.
        self.context.add_init_script(BEFORE % (drawing, pace))
        self.page: Page = self.context.new_page()
        self.page.set_default_timeout(SECONDS * 1000)
        self.url = url.rstrip("/")
        self.errors: list[str] = []
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))

    def open(self, book: Book) -> "Viewer":
        """Straight to a series; ready when its list has come, not its pictures."""
        self.page.goto(f"{self.url}/#/studies/{book.study}/series/{book.series}")
        self.until("s.counts() !== null")
        return self

    def go_to(self, book: Book) -> None:
        """To another series, in the same page."""
        self.page.evaluate(
            "hash => { location.hash = hash }", f"#/studies/{book.study}/series/{book.series}"
        )
        there = "s.counts() !== null && s.panes().some((p) => p.active && p.series === x)"
        self.until(there, book.series)

    def go_to_list(self) -> None:
        """Leave the series: what it held is forgotten, and no load of it goes on."""
        self.page.evaluate("() => { location.hash = '' }")
        self.page.locator(".list").wait_for()

    def again(self) -> "Viewer":
        """Back to the list, for another test in the same window; a reader's choices stay."""
        if self.page.url.startswith(self.url):
            self.page.evaluate("() => { delete window.__witness }")
            self.go_to_list()
        return self

    def anew(self) -> "Viewer":
        """As by a reader who has chosen nothing and kept nothing; only the scripts are there."""
        self.page.goto("about:blank")
        session = self.context.new_cdp_session(self.page)
        kept = {"origin": self.url, "storageTypes": "local_storage,indexeddb"}
        session.send("Storage.clearDataForOrigin", kept)
        session.detach()
        return self

    def witness(self, tag: int) -> None:
        """From now on every frame is judged; call it with a series open."""
        self.page.evaluate(WITNESS.read_text(encoding="utf-8"), tag)

    def told(self) -> dict[str, Any]:
        """What the witness saw."""
        told: dict[str, Any] = self.page.evaluate("window.__witness.told()")
        return told

    def show(self, index: int) -> None:
        """Ask for a slice, and do not wait."""
        self.page.evaluate("index => { void window.__pacsProxy.show(index) }", index)

    def walk(self, indexes: range | list[int], seconds: float = 30.0) -> list[Any]:
        """The pixels of these slices, each after it was asked for; None where none is shown."""
        asked = {"indexes": list(indexes), "limit": seconds * 1000}
        pictures: list[Any] = self.page.evaluate(WALK, asked)
        return pictures

    def until(self, condition: str, argument: object = None, seconds: float = SECONDS) -> None:
        """Wait for a JavaScript expression about `s`, the seam, and `x`, the argument."""
        asked = f"x => {{ const s = window.__pacsProxy; return s && ({condition}); }}"
        try:
            self.page.wait_for_function(asked, arg=argument, timeout=seconds * 1000)
        except Late:
            pytest.fail(f"never: {condition}, x = {argument}; {self.state}")

    def until_true(self, holds: Callable[[], object]) -> None:
        """What is asked from here; the page's events are heard meanwhile."""
        deadline = time.monotonic() + SECONDS
        while not holds():
            assert time.monotonic() < deadline, "it never came to that"
            self.page.wait_for_timeout(50)

    def until_shown(self, index: int, seconds: float = SECONDS) -> None:
        """And the tools are there, which come a moment after the first picture."""
        ready = "s.wanted() === x && s.imageId() !== null && s.isEquipped()"
        self.until(ready, index, seconds)

    def until_witnessed(self, index: int) -> None:
        """Until the witness has seen that slice."""
        self.until("window.__witness.told().indexes.includes(x)", index)

    def until_words(self, selector: str, words: str) -> None:
        """Until an element says this among other things."""
        there = "[...document.querySelectorAll(x[0])].some((n) => n.innerText.includes(x[1]))"
        self.page.wait_for_function(f"x => {there}", arg=[selector, words])

    def until_status(self, words: str) -> None:
        """The status line, such as "24/24 received, 24 verified"."""
        said = "x => document.querySelector('.progress-words')?.innerText === x"
        self.page.wait_for_function(said, arg=words)

    def until_said(self, words: str) -> None:
        """A note at the edge said it: those with good news leave by themselves."""
        self.page.wait_for_function(
            "x => window.__said.words.some((one) => one.includes(x))", arg=words
        )

    def until_named(self, index: int, words: str = "") -> str:
        """Until the wanted slice has failed, by this cause; all that its placeholder says."""
        self.until("s.wanted() === x", index)
        begin = f"Slice {index + 1}: {words}"
        found = self.page.wait_for_function(
            "x => { const said = document.querySelector('.cover-card').innerText;"
            " return window.__pacsProxy.cover() === 'failed' && said.startsWith(x) && said; }",
            arg=begin,
        )
        return str(found.json_value())

    def until_failed(self, seconds: float = SECONDS) -> None:
        self.until("s.cover() === 'failed'", None, seconds)

    def until_all(self, count: int, seconds: float = SECONDS) -> None:
        """Everything received and proven."""
        proven = "s.counts().verified === x && s.counts().failed === 0 && s.isEquipped()"
        self.until(proven, count, seconds)

    @property
    def state(self) -> dict[str, Any]:
        """All of what follows, and more."""
        found: dict[str, Any] = self.page.evaluate(STATE)
        return found

    @property
    def cover(self) -> str:
        """off, loading, waiting, failed or rendered."""
        return str(self.page.evaluate("window.__pacsProxy.cover()"))

    @property
    def placeholder(self) -> str:
        """The words that lie over the picture."""
        return self.page.inner_text(".cover-card")

    @property
    def status(self) -> str:
        """The words of the status line, such as "24/24 received, 24 verified"."""
        return self.page.inner_text(".progress-words")

    @property
    def toasts(self) -> list[str]:
        return self.page.locator(".toast").all_inner_texts()

    @property
    def failures(self) -> list[int]:
        found: list[int] = self.page.evaluate("[...window.__pacsProxy.failures()]")
        return found

    def picture(self, name: str) -> None:
        """Keep a screenshot where PACS_PROXY_SCREENSHOTS says, for people to look at."""
        folder = os.environ.get("PACS_PROXY_SCREENSHOTS")
        if folder:
            Path(folder).mkdir(parents=True, exist_ok=True)
            self.page.screenshot(path=Path(folder) / f"{name}.png")

    def close(self) -> None:
        self.context.close()
