"""The upload panel as its user meets it: choosing, dropping, reading what it says."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.e2e.viewer import SECONDS, Viewer
from tests.waiting import until

# From now on: how long no word of the panel changed, at most, while something was not done.
STILLNESS = """() => {
  let last = performance.now(), words = '';
  window.__still = 0;
  const look = () => {
    const panel = document.querySelector('.uploads');
    const now = performance.now(), text = panel?.innerText ?? '';
    const over = /Done:|Nothing to send/.test(document.querySelector('.batch-words')?.innerText);
    if (text !== words || over) { last = now; words = text; }
    window.__still = Math.max(window.__still, now - last);
    setTimeout(look, 100);
  };
  look();
}"""


def write(folder: Path, files: Iterable[bytes], name: str = "IM") -> Path:
    """A folder as a scanner would burn it."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, content in enumerate(files):
        (folder / f"{name}{number:04d}").write_bytes(content)
    return folder


class Uploading:
    """The panel of one window."""

    def __init__(self, window: Viewer) -> None:
        self.window, self.page = window, window.page

    def choose(self, source: str, *paths: Path) -> None:
        """By the menu of the Upload button: files, folder or usb."""
        chosen = [str(path) for path in paths]
        self.page.locator(f"input[data-source={source}]").set_input_files(chosen)

    def drop(self, *paths: Path) -> None:
        """Onto the middle of the page, which must have heard of it."""
        self.page.evaluate(
            "() => { window.__dropped = false;"
            " addEventListener('drop', () => { window.__dropped = true; }, true); }"
        )
        session = self.page.context.new_cdp_session(self.page)
        files = [str(path) for path in paths]
        data = {"items": [], "files": files, "dragOperationsMask": 1}
        for kind in ("dragEnter", "dragOver", "drop"):
            where = {"type": kind, "x": 300, "y": 300, "data": data}
            session.send("Input.dispatchDragEvent", where)
        session.detach()
        self.page.wait_for_function("window.__dropped")

    @property
    def words(self) -> str:
        """The line under the newest upload's title."""
        return self.page.locator(".batch-words").first.inner_text()

    def until(self, words: str, seconds: float = SECONDS) -> str:
        """Until the newest upload says so (a regular expression); what it said."""
        self.page.wait_for_function(
            "x => new RegExp(x).test(document.querySelector('.batch-words')?.innerText)",
            arg=words,
            timeout=seconds * 1000,
        )
        return self.words

    def until_done(self, seconds: float = SECONDS) -> str:
        return self.until("^(Done|Nothing to send)", seconds)

    def rows(self) -> dict[str, str]:
        """Name and state of every row in sight."""
        found: list[list[str]] = self.page.locator(".file-row:visible").evaluate_all(
            """rows => rows.map(row => [row.querySelector('.file-name').innerText,
                                        row.querySelector('.file-state').innerText])"""
        )
        return dict(found)

    def until_rows(self, expected: dict[str, str]) -> None:
        """Until the rows in sight are these."""
        until(lambda: self.rows() == expected)

    def show_problems(self) -> None:
        self.page.locator(".filter", has_text="Problems").first.click()

    def watch_stillness(self) -> None:
        self.page.evaluate(STILLNESS)

    def stillness(self) -> float:
        """Seconds that no word changed, at most, since the watch began."""
        return float(self.page.evaluate("window.__still")) / 1000

    def studies(self) -> list[str]:
        """The rows of the list."""
        return self.page.locator(".studies tbody tr").all_inner_texts()


def left_in(window: Viewer) -> Any:
    """What the page would know of unfinished uploads after a reload."""
    return window.page.evaluate("localStorage.getItem('pacs-proxy.uploads')")


def main_tasks(events: list[dict[str, object]]) -> list[float]:
    """Milliseconds of processor time of each task of the page's main thread."""
    main = {
        (event["pid"], event["tid"])
        for event in events
        if event["name"] == "thread_name" and "CrRendererMain" in str(event["args"])
    }
    return [
        float(str(event.get("tdur", event.get("dur", 0)))) / 1000
        for event in events
        if event["ph"] == "X" and (event["pid"], event["tid"]) in main
    ]
