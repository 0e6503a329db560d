"""Work on jobs without serving: for machines beside the one that serves, with its database."""

from __future__ import annotations

import logging
import signal
import threading
from dataclasses import replace

from pacs_proxy import logs
from pacs_proxy.app import build, runner
from pacs_proxy.migrations import upgrade
from pacs_proxy.serve import prepare_data
from pacs_proxy.settings import SettingError, Settings

log = logging.getLogger(__name__)


def run(settings: Settings) -> None:
    """Work until SIGTERM or SIGINT; jobs then stop at a place from which they go on."""
    if settings.is_edge:
        raise SettingError("SERVER_ROLE=web has no data to work on; start this beside services.")
    logs.configure()
    prepare_data(settings.data_path)
    upgrade(settings.database_address)
    stopped = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stopped.set())
    # One process: all of the machine's threads are its own.
    works = runner(build(replace(settings, workers=1)))
    works.start()
    log.info("working")
    stopped.wait()
    works.stop()
