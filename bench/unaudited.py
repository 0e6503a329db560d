"""The server without its journal: what the journal costs is measured against this."""

from typing import Any

from pacs_proxy import cli, serve

_load = serve.Server.load


def _unaudited(server: serve.Server) -> Any:
    """As always in a worker, and then nothing is written down."""
    app = _load(server)
    from pacs_proxy.services.hot import Hot  # figures need their folder first

    Hot._written_down = lambda *_: None  # type: ignore[method-assign]
    return app


if __name__ == "__main__":
    serve.Server.load = _unaudited  # type: ignore[method-assign, assignment]
    cli.main(["serve"])
