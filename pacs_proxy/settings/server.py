"""Settings of the listening side."""

from __future__ import annotations

import os
from dataclasses import dataclass

from pacs_proxy.settings.parse import port, positive, setting, text


@dataclass(frozen=True)
class ServerSettings:
    """Where we listen, and with how many processes and threads."""

    host: str = setting(
        "PACS_PROXY_HOST",
        "127.0.0.1",
        text,
        "Address to listen on. With PACS_PROXY_SIGN_IN=0 only loopback.",
    )
    port: int = setting("PACS_PROXY_PORT", 8080, port, "Port to listen on.")
    trusted_hosts: str = setting(
        "PACS_PROXY_TRUSTED_HOSTS",
        "",
        text,
        "Host names this server is called by, separated by commas, besides localhost and "
        "PACS_PROXY_HOST. Others are refused: a web page elsewhere could point a name of its own "
        "at this machine and read what it shows.",
    )
    workers: int = setting(
        "PACS_PROXY_WORKERS", os.cpu_count() or 2, positive, "Worker processes (default: cores)."
    )
    threads: int = setting("PACS_PROXY_THREADS", 64, positive, "Threads of each worker.")
