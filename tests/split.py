"""The two roles as real processes: `with Services(orthanc.url) as s, Edge(s.url) as edge: …`."""

import os
import threading
from pathlib import Path

from tests.server import Proxy

KEY = "0123456789abcdef0123456789abcdef"


class Services(Proxy):
    """SERVER_ROLE=services; the edge alone knows its key."""

    def __init__(self, orthanc_url: str, key: str = KEY, **settings: object) -> None:
        super().__init__(orthanc_url, **settings)
        self.env |= {"SERVER_ROLE": "services", "INTERNAL_API_KEY": key}


class Edge(Proxy):
    """SERVER_ROLE=web; its output is a pipe, since it may write to no file."""

    def __init__(self, services_url: str, key: str = KEY, **settings: object) -> None:
        super().__init__("", **settings)
        for name in ("ORTHANC_URL", "PACS_PROXY_SPOOL_DIR", "PACS_PROXY_DATA_DIR"):
            del self.env[name]
        self.env |= {"SERVER_ROLE": "web", "INTERNAL_API_KEY": key, "SERVICES_URL": services_url}

    def _output(self) -> int:
        ours, theirs = os.pipe()
        log = self.scratch / "log"
        log.touch()
        threading.Thread(target=_pour, args=(ours, log), daemon=True).start()
        return theirs


def _pour(source: int, log: Path) -> None:
    with log.open("ab", buffering=0) as output, os.fdopen(source, "rb", buffering=0) as pipe:
        while data := pipe.read(1 << 16):
            output.write(data)
