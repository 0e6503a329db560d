"""OHIF as its makers publish it, on Orthanc's DICOMweb: what a department would else have."""

from __future__ import annotations

import contextlib
import gzip
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from bench.front import ROOT, running, until_answering
from pacs_proxy.demo.orthanc import free_port

VERSION = "3.13.2"
APP = ROOT / "bench" / "results" / f"ohif-{VERSION}"
_COMPRESSED = {".js", ".css", ".wasm", ".html"}

_APP_CONFIG = """window.config = {
  routerBasename: '/', showStudyList: true, extensions: [], modes: [],
  defaultDataSourceName: 'orthanc',
  dataSources: [{
    namespace: '@ohif/extension-default.dataSourcesModule.dicomweb', sourceName: 'orthanc',
    configuration: {
      friendlyName: 'Orthanc', name: 'orthanc', wadoUriRoot: location.origin + '/dicom-web',
      qidoRoot: location.origin + '/dicom-web', wadoRoot: location.origin + '/dicom-web',
      imageRendering: 'wadors', thumbnailRendering: 'wadors', enableStudyLazyLoad: true,
      qidoSupportsIncludeField: false, supportsFuzzyMatching: false, supportsWildcard: true,
    },
  }],
};
"""

# Compressed beforehand, scripts for ever: as favourable as a careful administrator has it.
_CONFIGURATION = """
worker_processes 1; pid {folder}/pid; error_log {folder}/error.log; daemon off;
events {{ worker_connections 1024; }}
http {{
  access_log off; sendfile on; tcp_nodelay on; gzip_static on; include /etc/nginx/mime.types;
  types {{ application/wasm wasm; }}
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  upstream orthanc {{ server {orthanc}; keepalive 32; }}
  server {{
    listen 127.0.0.1:{port}; root {app};
    location /dicom-web/ {{
      proxy_pass http://orthanc; proxy_http_version 1.1; proxy_buffering off;
      proxy_set_header Connection ""; proxy_set_header Host $http_host;
    }}
    location / {{ try_files $uri /index.html; expires 1y; }}
    location = /index.html {{ expires -1; }}
  }}
}}
"""


def fetch() -> None:
    """Download and unpack it once; the files it is made of are compressed once too."""
    if (APP / "app-config.js").exists():
        return
    shutil.rmtree(APP, ignore_errors=True)
    with tempfile.TemporaryDirectory() as folder:
        wanted = ["npm", "pack", f"@ohif/app@{VERSION}", "--silent", "--pack-destination", folder]
        subprocess.run(wanted, check=True, stdout=subprocess.DEVNULL)
        (archive,) = Path(folder).glob("*.tgz")
        with tarfile.open(archive) as packed:
            packed.extractall(folder, filter="data")
        shutil.copytree(Path(folder) / "package" / "dist", APP)
    for path in APP.rglob("*"):
        if path.suffix in _COMPRESSED:
            path.with_name(path.name + ".gz").write_bytes(gzip.compress(path.read_bytes(), 6))
    # Last: its presence says that all of it is there.
    (APP / "app-config.js.gz").unlink(missing_ok=True)
    (APP / "app-config.js").write_text(_APP_CONFIG)


@contextlib.contextmanager
def ohif(orthanc: str) -> Iterator[int]:
    """The port of an nginx that serves it, with this Orthanc's DICOMweb beside it."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="bench-ohif-") as folder:
        names = {"folder": folder, "port": port, "app": APP, "orthanc": urlsplit(orthanc).netloc}
        with running(Path(folder), _CONFIGURATION.format(**names)):
            until_answering(port, "/")
            yield port
