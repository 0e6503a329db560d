"""No text becomes markup or code in the page, and nothing the viewer does needs that it could."""

import pytest

from pacs_proxy.demo.phantom import Label, Patient, Study, ct_series
from pacs_proxy.demo.syntaxes import LOSSLESS
from tests.e2e.conftest import OpenViewer
from tests.e2e.shelf import Shelf, is_drawn_right
from tests.server import Proxy

pytestmark = [pytest.mark.browser, pytest.mark.orthanc]

LISTEN = """window.__refused = [];
document.addEventListener('securitypolicyviolation', (event) =>
  window.__refused.push(`${event.effectiveDirective} ${event.sample}`));"""
# Each as an attacker who can make the page run one line would: named, so that a report says which.
INJECTIONS = {
    "markup": "document.body.innerHTML = '<img src=x onerror=alert(1)>'",
    "more markup": "document.body.insertAdjacentHTML('beforeend', '<b>x</b>')",
    "a frame": "document.createElement('iframe').srcdoc = '<script>alert(1)</script>'",
    "a parser": "new DOMParser().parseFromString('<b>x</b>', 'text/html')",
    "a script's address": "document.createElement('script').src = 'https://elsewhere.example/a.js'",
    "a script's text": "document.createElement('script').text = 'alert(1)'",
    "a worker": "new Worker('data:text/javascript,postMessage(1)')",
    "the archive as a worker": "new Worker('/api/pacs/instances/x/file')",
    "a policy of its own": "trustedTypes.createPolicy('mine', { createHTML: (text) => text })",
    "the page's policy anew": "trustedTypes.createPolicy('default', { createHTML: (t) => t })",
}


def tried(code: str) -> str:
    """A function that says whether this went through."""
    return f"() => {{ try {{ {code}; return true; }} catch {{ return false; }} }}"


def test_every_coding_is_drawn_without_a_violation(
    viewer: OpenViewer, shelf: Shelf, served: Proxy
) -> None:
    study = Study(Patient("Demo^Trust", "TT-1", "19930808", "O"), "Codings", "TT-A1", "20260916")
    books = [
        shelf.add(ct_series(2, 128, 128, syntax, label=Label(study, number, name)))
        for number, (syntax, (name, _)) in enumerate(LOSSLESS.items(), start=1)
    ]
    window, said = viewer(served.url), list[str]()
    window.page.on("console", lambda message: said.append(message.text))
    window.page.add_init_script(LISTEN)
    for book in books:
        window.open(book)
        drawn = window.walk(range(2))
        assert all(is_drawn_right(shelf, one) for one in drawn), (book, drawn)
    assert window.page.evaluate("window.__refused") == []
    assert [text for text in said if "Trusted" in text or "Content Security" in text] == []
    assert window.errors == []


def test_no_text_becomes_markup_or_code(viewer: OpenViewer, served: Proxy) -> None:
    page = viewer(served.url).page
    page.add_init_script(LISTEN)
    page.goto(served.url)
    page.locator(".list").wait_for()
    went = [name for name, code in INJECTIONS.items() if page.evaluate(tried(code))]
    assert went == []
    # What the one policy itself refuses throws without a report: addresses of scripts and workers.
    page.wait_for_function("() => window.__refused.length >= 7")
    refused = [one.split()[0] for one in page.evaluate("window.__refused")]
    assert sorted(refused) == ["require-trusted-types-for"] * 5 + ["trusted-types"] * 2
    assert page.locator(".list").is_visible()
