"""Write docs/settings.md and docs/http-api.md from the code; tests fail when they differ."""

from __future__ import annotations

import sys
from dataclasses import fields
from pathlib import Path

from pacs_proxy import errors
from pacs_proxy.access.permissions import MEANING, ROLES
from pacs_proxy.errors import access as _access  # noqa: F401 - makes its classes known
from pacs_proxy.errors import oidc as _oidc  # noqa: F401 - likewise
from pacs_proxy.errors import uploads as _uploads  # noqa: F401 - likewise
from pacs_proxy.errors import wire as _wire  # noqa: F401 - likewise
from pacs_proxy.services.routes import ROUTES
from pacs_proxy.settings import Settings

FOLDER = Path(__file__).resolve().parent
_NOTE = "<!-- Made by docs/generate.py from the code: change it there. -->"


def settings() -> str:
    """Every environment variable, its default and what it is for."""
    rows = [
        f"| `{f.metadata['env']}` | {_shown(f.metadata['env'], f.default)} | {f.metadata['help']} |"
        for f in fields(Settings)
    ]
    head = [
        "# Settings",
        "",
        _NOTE,
        "",
        "Environment variables. A name that does not exist or a value that cannot be used stops "
        "the start with a sentence. Sizes are bytes, times seconds.",
        "",
        "| variable | default | what it is for |",
        "|---|---|---|",
    ]
    return "\n".join([*head, *rows, ""])


def http_api() -> str:
    """Every route and every error code."""
    routes = [
        f"| `{', '.join(r.methods)}` | `{r.rule}` | {r.permission} | {r.event} | {r.summary} |"
        for r in ROUTES
    ]
    codes = sorted({(c.status, c.code, c.title, c.retryable) for c in _classes()})
    rows = [f"| {s} | `{c}` | {t} | {'yes' if r else 'no'} |" for s, c, t, r in codes]
    head = [
        "# HTTP interface",
        "",
        _NOTE,
        "",
        "What is not in this table cannot be reached. `{id}`s are Orthanc identifiers.",
        "",
        "| methods | route | permission | in the journal | what |",
        "|---|---|---|---|---|",
    ]
    middle = [
        "",
        "## Errors",
        "",
        "RFC 9457 `application/problem+json` with `code`, `detail` (what happened and what to do), "
        "`retryable` and `request_id`; `Retry-After` in seconds with every 503.",
        "",
        "| status | code | title | worth another try |",
        "|---|---|---|---|",
    ]
    return "\n".join([*head, *routes, *middle, *rows, ""])


def operations() -> str:
    """The page for people who run it, with its table of roles made anew."""
    page = (FOLDER / "operations.md").read_text()
    before, _, rest = page.partition("<!-- roles -->")
    after = rest.partition("<!-- /roles -->")[2]
    rows = [
        f"| {name} | {meaning} | "
        + " | ".join("yes" if name in of else "" for of in ROLES.values())
        for name, meaning in MEANING.items()
    ]
    head = [f"| permission | | {' | '.join(ROLES)} |", "|---" * (len(ROLES) + 2) + "|"]
    table = "\n".join([*head, *(f"{row} |" for row in rows)])
    return f"{before}<!-- roles -->\n{table}\n<!-- /roles -->{after}"


PAGES = {"settings.md": settings, "http-api.md": http_api, "operations.md": operations}


def _classes() -> list[type[errors.PacsProxyError]]:
    found = [errors.PacsProxyError]
    for kind in found:
        found.extend(kind.__subclasses__())
    return [kind for kind in found if kind.__module__.startswith(errors.__name__)]


def _shown(name: str, default: object) -> str:
    if name == "PACS_PROXY_WORKERS":
        return "number of cores"
    return f"`{default}`" if default not in ("", False) else "(empty)"


if __name__ == "__main__":
    for name, page in PAGES.items():
        (FOLDER / name).write_text(page())
        sys.stdout.write(f"docs/{name}\n")
