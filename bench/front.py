"""nginx before the proxy, and the wadouri page beside it: both viewers pay for the same relay."""

from __future__ import annotations

import contextlib
import http.client
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from pacs_proxy.demo.orthanc import free_port

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "bench" / "page"
PAGE = ROOT / "bench" / "results" / "page"
VIEWER = ROOT / "viewer_static"

# The page is served as our own viewer is: precompressed, scripts for ever, the page itself not.
_CONFIGURATION = """
worker_processes 1; pid {folder}/pid; error_log {folder}/error.log; daemon off;
events {{ worker_connections 1024; }}
http {{
  access_log off; sendfile on; tcp_nodelay on;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  upstream proxy {{ server {proxy}; keepalive 32; }}
  server {{
    listen 127.0.0.1:{port}; root {page};
    location / {{
      proxy_pass http://proxy; proxy_http_version 1.1; proxy_buffering off;
      proxy_set_header Connection ""; proxy_set_header Host {proxy};
    }}
    location ~ ^/wadouri/.*\\.js$ {{
      types {{ }} default_type text/javascript; rewrite ^(.*)$ $1.br break;
      add_header Content-Encoding br; add_header Cache-Control "max-age=31536000, immutable";
    }}
    location ~ ^/wadouri/.*\\.wasm$ {{
      types {{ }} default_type application/wasm; rewrite ^(.*)$ $1.br break;
      add_header Content-Encoding br; add_header Cache-Control "max-age=31536000, immutable";
    }}
    location = /wadouri/ {{
      types {{ }} default_type text/html; rewrite ^ /wadouri/index.html.br break;
      add_header Content-Encoding br; add_header Cache-Control no-cache;
    }}
  }}
}}
"""


def build_page() -> None:
    """Build the page, unless the one there is newer than all it is made of."""
    built = PAGE / "wadouri" / "index.html"
    made_of = [*SOURCES.iterdir(), VIEWER / "package-lock.json"]
    if built.exists() and built.stat().st_mtime > max(p.stat().st_mtime for p in made_of):
        return
    vite = VIEWER / "node_modules" / ".bin" / "vite"
    config = str(SOURCES / "vite.config.mjs")
    command = [str(vite), "build", "--config", config, "--logLevel", "error"]
    subprocess.run(command, check=True)


@contextlib.contextmanager
def front(proxy: str) -> Iterator[int]:
    """The port of an nginx before the proxy at this URL."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="bench-front-") as folder:
        names = {"folder": folder, "port": port, "page": PAGE, "proxy": urlsplit(proxy).netloc}
        with running(Path(folder), _CONFIGURATION.format(**names)):
            until_answering(port, "/wadouri/")
            yield port


@contextlib.contextmanager
def running(folder: Path, configuration: str) -> Iterator[None]:
    """An nginx of its own, gone at the end."""
    folder.chmod(0o755)
    file = folder / "nginx.conf"
    file.write_text(configuration)
    command = ["/usr/sbin/nginx", "-c", str(file), "-p", str(folder), "-g", "user root;"]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        process.wait(10)


def until_answering(port: int, path: str, seconds: float = 10.0) -> None:
    """Wait until it serves this path."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        with contextlib.closing(connection), contextlib.suppress(OSError):
            connection.request("GET", path)
            if connection.getresponse().status == http.HTTPStatus.OK:
                return
        time.sleep(0.05)
    raise RuntimeError("nginx did not start")
