"""Debian's nginx with the shipped edge/nginx.conf, on free ports."""

import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.server import ROOT
from tests.waiting import PATIENCE

NGINX = shutil.which("nginx") or "/usr/sbin/nginx"
MISSING = "apt-get install nginx-light"


def is_here() -> bool:
    return Path(NGINX).exists()


def configured(port: int, web: int, folder: Path, plain: int, tls: Path | None = None) -> str:
    """The shipped file with this machine's ports and folder; `tls` None: without certificates."""
    text = (ROOT / "edge" / "nginx.conf").read_text(encoding="utf-8")
    text = _changed(text, r"web:8080;", f"127.0.0.1:{web};")
    text = _changed(text, r"listen 8080;", f"listen 127.0.0.1:{plain};")
    if tls is None:
        text = _changed(text, r"listen 8443 ssl http2;", f"listen 127.0.0.1:{port};")
        text = re.sub(r"ssl_certificate.*;", "", text)
    else:
        text = _changed(text, r"listen 8443 ssl http2;", f"listen 127.0.0.1:{port} ssl http2;")
    text = text.replace("/tmp/", f"{folder}/")
    return text.replace("/tls/", f"{tls}/") if tls else text


@contextmanager
def nginx(conf: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """Until it listens there."""
    # Its workers must reach their folder, which may lie in one that is root's alone.
    user = "user root;" if os.geteuid() == 0 else ""
    more = f"daemon off; pid {conf.parent}/nginx.pid; {user}"
    process = subprocess.Popen(
        [NGINX, "-e", "stderr", "-c", str(conf), "-p", str(conf.parent), "-g", more]
    )
    try:
        _wait_until_open(port)
        yield process
    finally:
        process.terminate()
        process.wait(PATIENCE)


def _changed(text: str, pattern: str, by: str) -> str:
    text, count = re.subn(pattern, by, text)
    assert count == 1, pattern
    return text


def _wait_until_open(port: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            assert time.monotonic() < deadline
            time.sleep(0.02)
