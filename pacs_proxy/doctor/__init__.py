"""What is wrong with this installation, why, and what to change."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from pacs_proxy.doctor import archive, connections, options, spool, storage
from pacs_proxy.doctor.archive import Node
from pacs_proxy.doctor.ask import Archive, Unanswered
from pacs_proxy.doctor.check import Check, bad, report, show
from pacs_proxy.doctor.configuration import Configuration
from pacs_proxy.settings import Settings

__all__ = ["Check", "report", "run", "show"]


def run(settings: Settings, orthanc_config: Path | None = None) -> list[Check]:
    """Ask everything, of each node in turn; never raises for what it finds."""
    with _quiet_dicom():
        nodes = [_node(settings, url, orthanc_config) for url in settings.nodes]
    if len(nodes) > 1:
        nodes = [_numbered(checks, number) for number, checks in enumerate(nodes, 1)]
    return [check for checks in [*nodes, spool.checks(settings)] for check in checks]


def _node(settings: Settings, url: str, path: Path | None) -> list[Check]:
    met, node = archive.meet(Archive(url, settings.orthanc_username, settings.orthanc_password))
    seen, configuration = options.find(path, node)
    files = [*seen, *(options.checks(configuration, node) if configuration else [])]
    if node is None:
        return [*met, *files]
    # A file of another Orthanc says nothing about the one that runs.
    fitting = configuration if configuration and options.fits(configuration, node) else None
    asked = [_asked(question) for question in _questions(node, settings, fitting)]
    return [*met, *asked, *files]


def _questions(
    node: Node, settings: Settings, configuration: Configuration | None
) -> list[Callable[[], Check]]:
    configured = configuration.options if configuration else None
    return [
        partial(archive.version, node),
        partial(archive.md5, node),
        partial(archive.ranges, node),
        partial(archive.plugins, node),
        partial(storage.recycling, node, configured),
        partial(storage.overwriting, node, configured),
        partial(storage.as_sent, node, configured),
        partial(storage.open_to_network, node),
        partial(connections.keep_alive, node, settings),
        partial(connections.pool, node, settings, configured),
        partial(connections.clock, node, datetime.now(UTC)),
        partial(connections.echo, node),
    ]


def _asked(question: Callable[[], Check]) -> Check:
    """An Orthanc that falls silent between two questions is a finding too."""
    advice = "Look at Orthanc's log: it answered a moment ago."
    try:
        return question()
    except Unanswered as why:
        return bad(_name(question), f"no answer to this question: {why}", advice)
    except (AttributeError, LookupError, TypeError, ValueError):
        return bad(_name(question), "an answer of a form that Orthanc does not give", advice)


def _name(question: Callable[[], Check]) -> str:
    name = question.func.__name__ if isinstance(question, partial) else "question"
    return name.replace("_", " ")


def _numbered(checks: list[Check], number: int) -> list[Check]:
    return [replace(check, name=f"{check.name} (node {number})") for check in checks]


@contextmanager
def _quiet_dicom() -> Iterator[None]:
    """pynetdicom logs a refused connection as an error; we say it in our own words."""
    logger = logging.getLogger("pynetdicom")
    before = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        logger.setLevel(before)
