"""nginx in front of Orthanc: what an unverified relay and an unverified cache can do."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from pacs_proxy.demo.orthanc import free_port

_CONFIGURATION = """
worker_processes {workers}; pid {folder}/pid; error_log {folder}/error.log; daemon off;
events {{ worker_connections 1024; }}
http {{
  access_log off; sendfile on; tcp_nodelay on;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  proxy_cache_path {folder}/cache keys_zone=c:8m max_size=1g;
  upstream orthanc {{ server 127.0.0.1:{orthanc}; keepalive 32; keepalive_timeout 900ms; }}
  proxy_http_version 1.1; proxy_set_header Connection "";
  server {{ listen 127.0.0.1:{plain}; location / {{ proxy_pass http://orthanc;
    proxy_buffering off; }} }}
  server {{ listen 127.0.0.1:{cached}; location / {{ proxy_pass http://orthanc; proxy_cache c;
    proxy_cache_valid 200 1h; proxy_ignore_headers Cache-Control Expires; }} }}
}}
"""


class Nginx:
    """Two ports: `plain` relays unbuffered, `cached` from memory-backed files."""

    def __init__(self, orthanc_port: int, workers: int) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="bench-nginx-", dir="/dev/shm"))
        self.plain, self.cached = free_port(), free_port()
        text = _CONFIGURATION.format(
            folder=self._folder, orthanc=orthanc_port, plain=self.plain, cached=self.cached,
            workers=workers,
        )  # fmt: skip
        (self._folder / "nginx.conf").write_text(text)

    @property
    def pid(self) -> int:
        return self._process.pid

    def __enter__(self) -> Self:
        # The folder is root's; its workers must read the cache in it.
        self._folder.chmod(0o755)
        command = [
            "/usr/sbin/nginx",
            "-c",
            str(self._folder / "nginx.conf"),
            "-p",
            str(self._folder),
        ]
        self._process = subprocess.Popen([*command, "-g", "user root;"], stderr=subprocess.DEVNULL)
        time.sleep(0.5)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.terminate()
        self._process.wait(10)
        shutil.rmtree(self._folder, ignore_errors=True)
