"""Every setting: an environment variable, its default and what it is for, declared once."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any
from urllib.parse import urlsplit

KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30

# As many as the workers' shared page keeps count of.
MAX_NODES = 32

# Names of ours that are no settings of the server: they steer tests only.
_NOT_SETTINGS = frozenset({"PACS_PROXY_CORPUS", "PACS_PROXY_SCREENSHOTS", "PACS_PROXY_TRIXIE"})


class SettingError(ValueError):
    """A setting has a value that cannot be used; the text is for the person who starts us."""


def _text(value: str) -> str:
    return value


def _truth(value: str) -> bool:
    if value.lower() in {"1", "true", "yes", "on"}:
        return True
    if value.lower() in {"", "0", "false", "no", "off"}:
        return False
    raise ValueError("must be 1 or 0")


def _whole(value: str) -> int:
    number = int(value)
    if number < 0:
        raise ValueError("must not be negative")
    return number


def _positive(value: str) -> int:
    number = int(value)
    if number < 1:
        raise ValueError("must be 1 or more")
    return number


def _port(value: str) -> int:
    number = int(value)
    if not 0 < number < 65536:
        raise ValueError("must be a port, 1 to 65535")
    return number


def _seconds(value: str) -> float:
    number = float(value)
    if not 0 < number < 86400:
        raise ValueError("must be seconds, above 0 and below a day")
    return number


def _share(value: str) -> float:
    number = float(value)
    if not 0 <= number <= 1:
        raise ValueError("must be between 0 and 1")
    return number


def _urls(value: str) -> str:
    if value.count(",") >= MAX_NODES:
        raise ValueError(f"must be {MAX_NODES} addresses at most")
    for url in value.split(","):
        parts = urlsplit(url.strip())
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError("must be http:// or https:// addresses, separated by commas")
        if parts.username or parts.password:
            raise ValueError("must hold no password; use ORTHANC_USERNAME and ORTHANC_PASSWORD")
    return value


def _setting(env: str, default: Any, parse: Callable[[str], Any], help_: str) -> Any:
    described = {"env": env, "parse": parse, "help": help_}
    return field(default=default, metadata=described, repr="PASSWORD" not in env)


@dataclass(frozen=True)
class Settings:
    """The values in force; `from_env` is the only way in for a running server."""

    orthanc_url: str = _setting(
        "ORTHANC_URL",
        "http://127.0.0.1:8042",
        _urls,
        "Orthanc, or several nodes of one archive separated by commas, used in this order.",
    )
    orthanc_username: str = _setting("ORTHANC_USERNAME", "", _text, "User name for Orthanc.")
    orthanc_password: str = _setting("ORTHANC_PASSWORD", "", _text, "Password for Orthanc.")
    host: str = _setting(
        "PACS_PROXY_HOST",
        "127.0.0.1",
        _text,
        "Address to listen on. Anything but loopback needs PACS_PROXY_ALLOW_OPEN.",
    )
    port: int = _setting("PACS_PROXY_PORT", 8080, _port, "Port to listen on.")
    allow_open: bool = _setting(
        "PACS_PROXY_ALLOW_OPEN",
        False,
        _truth,
        "Listen beyond loopback although there are no accounts yet: everyone who reaches the port "
        "sees every study.",
    )
    trusted_hosts: str = _setting(
        "PACS_PROXY_TRUSTED_HOSTS",
        "",
        _text,
        "Host names this server is called by, separated by commas, besides localhost and "
        "PACS_PROXY_HOST. Others are refused: a web page elsewhere could point a name of its own "
        "at this machine and read what it shows.",
    )
    workers: int = _setting(
        "PACS_PROXY_WORKERS", os.cpu_count() or 2, _positive, "Worker processes (default: cores)."
    )
    threads: int = _setting("PACS_PROXY_THREADS", 64, _positive, "Threads of each worker.")
    spool_dir: str = _setting(
        "PACS_PROXY_SPOOL_DIR",
        "",
        _text,
        "Folder of the verified spool, emptied at start. Default: pacs-proxy-<port> in /dev/shm, "
        "so that patient data stays in memory.",
    )
    spool_bytes: int = _setting(
        "PACS_PROXY_SPOOL_BYTES", GIB, _positive, "Upper bound of the verified spool, in bytes."
    )
    pool_size: int = _setting(
        "PACS_PROXY_POOL_SIZE",
        40,
        _positive,
        "Connections to each Orthanc node, over all workers; at most HttpThreadsCount - 10.",
    )
    idle_seconds: float = _setting(
        "PACS_PROXY_IDLE_SECONDS",
        0.4,
        _seconds,
        "Pooled connections idle for longer are dropped: Orthanc closes them at 1.0 s, and a "
        "request sent at that moment is lost.",
    )
    connect_seconds: float = _setting(
        "PACS_PROXY_CONNECT_SECONDS", 15.0, _seconds, "Outer bound for a connection to open."
    )
    read_seconds: float = _setting(
        "PACS_PROXY_READ_SECONDS",
        60.0,
        _seconds,
        "Outer bound for a silence of Orthanc; the adaptive limit is far below it.",
    )
    first_byte_seconds: float = _setting(
        "PACS_PROXY_FIRST_BYTE_SECONDS",
        3.0,
        _seconds,
        "Silence allowed before an answer begins, until enough answers were timed.",
    )
    stall_seconds: float = _setting(
        "PACS_PROXY_STALL_SECONDS",
        1.0,
        _seconds,
        "Silence allowed inside a body, until enough answers were timed.",
    )
    stall_floor_seconds: float = _setting(
        "PACS_PROXY_STALL_FLOOR_SECONDS",
        0.25,
        _seconds,
        "The adaptive limits never fall below this.",
    )
    minimum_rate: int = _setting(
        "PACS_PROXY_MINIMUM_RATE",
        16 * KIB,
        _positive,
        "Bytes a body must bring in any five seconds, else it counts as stalled.",
    )
    deadline_seconds: float = _setting(
        "PACS_PROXY_DEADLINE_SECONDS",
        30.0,
        _seconds,
        "How long a request is held while the archive is away or fails without progress.",
    )
    query_seconds: float = _setting(
        "PACS_PROXY_QUERY_SECONDS", 30.0, _seconds, "Total time for a list or a search."
    )
    retry_attempts: int = _setting(
        "PACS_PROXY_RETRY_ATTEMPTS",
        3,
        _positive,
        "Quick attempts without a byte of progress; after them one a second until the deadline.",
    )
    retry_base_seconds: float = _setting(
        "PACS_PROXY_RETRY_BASE_SECONDS", 0.025, _seconds, "First back-off; doubles, full jitter."
    )
    retry_cap_seconds: float = _setting(
        "PACS_PROXY_RETRY_CAP_SECONDS", 1.0, _seconds, "Longest back-off."
    )
    retry_after_cap_seconds: float = _setting(
        "PACS_PROXY_RETRY_AFTER_CAP_SECONDS", 10.0, _seconds, "Longest Retry-After honoured."
    )
    retry_share: float = _setting(
        "PACS_PROXY_RETRY_SHARE",
        0.2,
        _share,
        "Retries allowed for each request sent, over the whole machine.",
    )
    retry_rate: int = _setting(
        "PACS_PROXY_RETRY_RATE", 10, _whole, "Retries a second allowed on top of the share."
    )
    verify_first_bytes: int = _setting(
        "PACS_PROXY_VERIFY_FIRST_BYTES",
        8 * MIB,
        _whole,
        "Instances up to this size are verified whole before the first byte leaves; of larger ones "
        "the last piece is held back until the digest matches.",
    )
    minimum_dicom_bytes: int = _setting(
        "PACS_PROXY_MINIMUM_DICOM_BYTES",
        KIB,
        _whole,
        "A smaller file is counted as unusual; it is let through only when its digest matches.",
    )
    direct_streams: int = _setting(
        "PACS_PROXY_DIRECT_STREAMS",
        4,
        _positive,
        "Bodies too large for the spool that may be streamed at once by each worker.",
    )
    decode_seconds: float = _setting(
        "PACS_PROXY_DECODE_SECONDS", 20.0, _seconds, "Time limit of one decoding child."
    )
    decode_bytes: int = _setting(
        "PACS_PROXY_DECODE_BYTES", 2 * GIB, _positive, "Memory limit of one decoding child."
    )
    decode_parallel: int = _setting(
        "PACS_PROXY_DECODE_PARALLEL", 2, _positive, "Decoding children of each worker at once."
    )

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Settings:
        """Read the environment; SettingError names the variable, its value and the rule."""
        known = {f.metadata["env"]: f for f in fields(cls)}
        unknown = [n for n in env if n.startswith("PACS_PROXY_") and n not in known]
        for name in sorted(set(unknown) - _NOT_SETTINGS):
            raise SettingError(f"{name} is no setting of PACS Proxy; see docs/settings.md.")
        given = {n: f for n, f in known.items() if n in env}
        return cls(**{f.name: _parsed(n, env[n], f.metadata["parse"]) for n, f in given.items()})

    @property
    def nodes(self) -> tuple[str, ...]:
        """Base addresses of the archive's nodes, without a trailing slash."""
        return tuple(url.strip().rstrip("/") for url in self.orthanc_url.split(","))

    @property
    def trusted(self) -> tuple[str, ...]:
        """Host names a request may carry."""
        named = tuple(name.strip() for name in self.trusted_hosts.split(",") if name.strip())
        return ("localhost", "127.0.0.1", "[::1]", self.host, *named)

    @property
    def is_open(self) -> bool:
        """Whether others than this machine can reach the port."""
        return self.host not in {"localhost", "127.0.0.1", "::1"}

    @property
    def spool_path(self) -> str:
        """Where the spool lives: memory-backed unless the setting says otherwise."""
        if self.spool_dir:
            return self.spool_dir
        base = "/dev/shm" if os.access("/dev/shm", os.W_OK) else "/tmp"  # noqa: S108 - 0700 inside
        return f"{base}/pacs-proxy-{self.port}"


def _parsed(name: str, value: str, parse: Callable[[str], Any]) -> Any:
    try:
        return parse(value)
    except ValueError as error:
        # "@" stands behind a password in an address.
        shown = "(hidden)" if "PASSWORD" in name or "@" in value else repr(value)
        raise SettingError(f"{name}={shown} cannot be used: {error}.") from None
