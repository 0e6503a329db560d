"""Settings of the listening side."""

from __future__ import annotations

import os
from dataclasses import dataclass

from pacs_proxy.settings.parse import hosts, listening, networks, port, positive, setting


@dataclass(frozen=True)
class ServerSettings:
    """Where we listen, and with how many processes and threads."""

    host: str = setting(
        "PACS_PROXY_HOST",
        "127.0.0.1",
        listening,
        "Address to listen on. With PACS_PROXY_SIGN_IN=0 only loopback.",
    )
    port: int = setting("PACS_PROXY_PORT", 8080, port, "Port to listen on.")
    trusted_hosts: str = setting(
        "PACS_PROXY_TRUSTED_HOSTS",
        "",
        hosts,
        "Host names and addresses this server is called by, separated by commas, besides localhost "
        "and PACS_PROXY_HOST; each exactly, without port. Others are refused: a web page elsewhere "
        "could point a name of its own at this machine and read what it shows.",
    )
    front_proxies: str = setting(
        "PACS_PROXY_FRONT_PROXIES",
        "",
        networks,
        "Addresses or networks of the front proxies of your own, separated by commas. From these "
        "alone X-Forwarded-For is believed; the journal then has the client's address.",
    )
    workers: int = setting(
        "PACS_PROXY_WORKERS", os.cpu_count() or 2, positive, "Worker processes (default: cores)."
    )
    threads: int = setting("PACS_PROXY_THREADS", 64, positive, "Threads of each worker.")
