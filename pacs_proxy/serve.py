"""Start the server: checks what must hold first, then hands over to gunicorn."""

from __future__ import annotations

import fcntl
import gc
import logging
import os
import shutil
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger
from gunicorn.workers import base
from gunicorn.workers.workertmp import WorkerTmp

from pacs_proxy import logs
from pacs_proxy.settings import SettingError, Settings
from pacs_proxy.web import seal, turn

if TYPE_CHECKING:
    from flask import Flask

    from pacs_proxy.access.audit import Audit
    from pacs_proxy.jobs import Runner
    from pacs_proxy.shipping import Shipper

_TURN_SECONDS = 0.0003
# Looks a tenth of a second apart at whether an earlier server has gone.
_OWNER_LOOKS = 50

log = logging.getLogger(__name__)

_OPEN = """\
WARNING: nobody has to sign in here (PACS_PROXY_SIGN_IN=0, PACS_PROXY_ALLOW_OPEN=1).
Everyone who can reach {host}:{port} sees and may delete every study.
"""
_NOBODY = """\
There are no accounts yet. Make the first one with this set-up secret in the browser (it works once,
until the server starts again), or with: pacs-proxy user add NAME --role admin
Set-up secret: {secret}
"""


class QuietLogger(Logger):  # type: ignore[misc]
    """gunicorn's log through ours: its own lines would carry URLs, and those carry UIDs."""

    def setup(self, _: Any) -> None:
        """Leave handlers to `logs.configure`."""
        self.error_log.propagate = True
        self.error_log.setLevel("INFO")
        self.access_log.propagate = False

    def exception(self, *_: object, **__: object) -> None:
        """The place of an exception, without the request it belongs to."""
        self.error_log.error("request failed", exc_info=True)

    def access(self, *_: object) -> None:
        """Answers are logged by the chain, by route."""


class Heartbeat(WorkerTmp):  # type: ignore[misc]
    """A worker's sign of life, which gunicorn reads as a file's time: here without a file."""

    def __init__(self, _: Any) -> None:
        self._tmp = os.fdopen(os.memfd_create("heartbeat"), "w+b", 0)


# Workers make theirs by this name, before anything of ours is asked.
base.WorkerTmp = Heartbeat


class Server(BaseApplication):  # type: ignore[misc]
    """gunicorn with our settings instead of its configuration files."""

    worker = "pacs_proxy.express.ExpressWorker"

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._runner: Runner | None = None
        self._audit: Audit | None = None
        self._shipper: Shipper | None = None
        super().__init__()

    def load_config(self) -> None:
        """gthread: sendfile for verified files, a thread for each waiting reader."""
        host = f"[{self._settings.host}]" if ":" in self._settings.host else self._settings.host
        options = {
            "bind": f"{host}:{self._settings.port}",
            # By name: figures need their folder before anything that counts is imported.
            "worker_class": self.worker,
            "workers": self._settings.workers,
            "threads": self._settings.threads,
            "worker_connections": 2000,
            "keepalive": 15,
            "timeout": 120,
            "graceful_timeout": 30,
            "control_socket_disable": True,
            "logger_class": QuietLogger,
            "child_exit": _forget_figures,
            "worker_exit": self._rest,
            "post_request": _answered,
            # By default gunicorn believes these headers of whoever is on this machine.
            "forwarder_headers": "",
            "forwarded_allow_ips": "",
        }
        for name, value in options.items():
            if name in self.cfg.settings:
                self.cfg.set(name, value)

    def load(self) -> Flask:
        """Called in each worker: nothing with threads or connections is made before the fork."""
        # Of what is being loaded nothing is garbage.
        gc.disable()
        from pacs_proxy.app import create_app, runner  # figures need their folder first
        from pacs_proxy.services.context import KEY
        from pacs_proxy.shipping import Shipper

        # Threads that hash and store let go of Python all the time, and got it back only after
        # 5 ms each where another one computed.
        sys.setswitchinterval(_TURN_SECONDS)
        app = create_app(self._settings)
        services = app.extensions[KEY]
        self._runner, self._audit = runner(services), services.audit
        self._runner.start()
        self._audit.start()
        self._shipper = Shipper(self._settings, services.database)
        self._shipper.start()
        # What is loaded by now stays: the collector need not look through it again and again.
        gc.collect()
        gc.freeze()
        gc.enable()
        return app

    def _rest(self, _: object, __: object) -> None:
        """A worker ends: its jobs stop at a place from which they go on."""
        if self._runner is not None:
            self._runner.stop()
        if self._audit is not None:
            self._audit.stop()
        if self._shipper is not None:
            self._shipper.stop()


class EdgeServer(Server):
    """The same for SERVER_ROLE=web: no process of it can write a file."""

    worker = "pacs_proxy.lingering.LingeringWorker"

    def __init__(self, settings: Settings) -> None:
        self._control = seal.shared_control()
        super().__init__(settings)

    def load(self) -> Flask:
        """Called in each worker: it proves its seal before it answers anybody."""
        from pacs_proxy.edge import create_edge

        seal.expect_sealed()
        return create_edge(self._settings, self._control())


def run(settings: Settings) -> None:
    """Serve until stopped."""
    check_door(settings)
    logs.configure()
    if settings.is_edge:
        server: Server = EdgeServer(settings)
        known = seal.seal()
        seal.expect_sealed()
        log.info("sealed", extra={"detail": "landlock" if known else "no landlock here"})
    else:
        prepare_data_side(settings)
        server = Server(settings)
    server.run()


def check_door(settings: Settings) -> None:
    """Raise SettingError where anybody could walk in."""
    if settings.is_data_side:
        return  # its key keeps everybody else out, and it knows for whom its edge asks
    if not settings.is_open or settings.sign_in:
        return
    if not settings.allow_open:
        raise SettingError(
            f"PACS_PROXY_HOST={settings.host} would let the whole network in, since nobody has to "
            "sign in (PACS_PROXY_SIGN_IN=0). Leave one of the two away, or set "
            "PACS_PROXY_ALLOW_OPEN=1 if something else keeps others out."
        )
    sys.stderr.write(_OPEN.format(host=settings.host, port=settings.port))


def prepare_data_side(settings: Settings) -> None:
    """What must be there before the first worker."""
    from pacs_proxy.migrations import upgrade  # the edge has no database, and needs none of it

    prepare_spool(Path(settings.spool_path))
    prepare_data(settings.data_path)
    upgrade(settings.database_address)
    if settings.sign_in:
        _invite(settings)


def _invite(settings: Settings) -> None:
    """Say how the first account is made; there is none that nobody made."""
    from pacs_proxy.access.setup import SetUp
    from pacs_proxy.database import Database

    with closing(Database(settings.database_address)) as database:
        if secret := SetUp(database, settings.setup_path).begin():
            sys.stderr.write(_NOBODY.format(secret=secret))


def prepare_data(folder: Path) -> None:
    """A folder of our own, kept from run to run."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if folder.lstat().st_uid != os.getuid():
        raise SettingError(f"The data folder {folder} belongs to another user.")
    folder.chmod(0o700)


def prepare_spool(folder: Path) -> None:
    """An empty folder of our own: nothing of an earlier run is trusted."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    # lstat: in a folder everybody may write to, the name could be another user's link.
    if folder.lstat().st_uid != os.getuid():
        raise SettingError(f"The spool folder {folder} belongs to another user.")
    folder.chmod(0o700)
    own_spool(folder)
    for part in ("files", "metrics"):
        shutil.rmtree(folder / part, ignore_errors=True)
        (folder / part).mkdir(mode=0o700)
    for part in ("control", "room", "locks"):
        (folder / part).unlink(missing_ok=True)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder / "metrics")


def own_spool(folder: Path, sleep: Callable[[float], None] = time.sleep) -> None:
    """Keep others out for as long as this server or one of its workers lives.

    Workers whose master was killed need a moment to notice; so this waits a few seconds.
    """
    owner = os.open(folder / "owner", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    for _ in range(_OWNER_LOOKS):
        try:
            return fcntl.flock(owner, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            sleep(0.1)
    os.close(owner)
    raise SettingError(
        f"The spool folder {folder} is in use by another server. Stop that one, or give this one "
        "another PACS_PROXY_PORT or PACS_PROXY_SPOOL_DIR."
    )


def _answered(_: object, __: object, environ: dict[str, Any], ___: object) -> None:
    turn.end(environ)


def _forget_figures(_: object, worker: Any) -> None:
    if not os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        return
    from prometheus_client import multiprocess  # only where there are workers

    multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]
