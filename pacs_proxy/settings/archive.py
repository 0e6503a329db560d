"""Settings of the archive and of the way to it."""

from __future__ import annotations

from dataclasses import dataclass

from pacs_proxy.settings.parse import (
    KIB,
    positive,
    seconds,
    setting,
    share,
    text,
    url_or_nothing,
    urls,
    whole,
)


@dataclass(frozen=True)
class ArchiveSettings:
    """Where Orthanc is, and how long and how often it is asked."""

    orthanc_url: str = setting(
        "ORTHANC_URL",
        "http://127.0.0.1:8042",
        urls,
        "Orthanc, or several nodes of one archive separated by commas, used in this order.",
    )
    orthanc_username: str = setting("ORTHANC_USERNAME", "", text, "User name for Orthanc.")
    orthanc_password: str = setting("ORTHANC_PASSWORD", "", text, "Password for Orthanc.")
    emergency_url: str = setting(
        "PACS_PROXY_EMERGENCY_URL",
        "",
        url_or_nothing,
        "The archive's address as browsers reach it. Who has the permission emergency.direct is "
        "given it for an image that cannot be delivered here; empty: nobody is.",
    )
    pool_size: int = setting(
        "PACS_PROXY_POOL_SIZE",
        40,
        positive,
        "Connections to each Orthanc node, over all workers; at most HttpThreadsCount - 10.",
    )
    idle_seconds: float = setting(
        "PACS_PROXY_IDLE_SECONDS",
        0.4,
        seconds,
        "Pooled connections idle for longer are dropped: Orthanc closes them at 1.0 s, and a "
        "request sent at that moment is lost.",
    )
    connect_seconds: float = setting(
        "PACS_PROXY_CONNECT_SECONDS", 15.0, seconds, "Outer bound for a connection to open."
    )
    read_seconds: float = setting(
        "PACS_PROXY_READ_SECONDS",
        60.0,
        seconds,
        "Outer bound for a silence of Orthanc; the adaptive limit is far below it.",
    )
    first_byte_seconds: float = setting(
        "PACS_PROXY_FIRST_BYTE_SECONDS",
        3.0,
        seconds,
        "Silence allowed before an answer begins, until enough answers were timed.",
    )
    stall_seconds: float = setting(
        "PACS_PROXY_STALL_SECONDS",
        1.0,
        seconds,
        "Silence allowed inside a body, until enough answers were timed.",
    )
    stall_floor_seconds: float = setting(
        "PACS_PROXY_STALL_FLOOR_SECONDS",
        0.25,
        seconds,
        "The adaptive limits never fall below this.",
    )
    minimum_rate: int = setting(
        "PACS_PROXY_MINIMUM_RATE",
        16 * KIB,
        positive,
        "Bytes a body must bring in any five seconds, else it counts as stalled.",
    )
    deadline_seconds: float = setting(
        "PACS_PROXY_DEADLINE_SECONDS",
        30.0,
        seconds,
        "How long a request is held while the archive is away or fails without progress.",
    )
    query_seconds: float = setting(
        "PACS_PROXY_QUERY_SECONDS", 30.0, seconds, "Total time for a list or a search."
    )
    retry_attempts: int = setting(
        "PACS_PROXY_RETRY_ATTEMPTS",
        3,
        positive,
        "Quick attempts without a byte of progress; after them one a second until the deadline.",
    )
    retry_base_seconds: float = setting(
        "PACS_PROXY_RETRY_BASE_SECONDS", 0.025, seconds, "First back-off; doubles, full jitter."
    )
    retry_cap_seconds: float = setting(
        "PACS_PROXY_RETRY_CAP_SECONDS", 1.0, seconds, "Longest back-off."
    )
    retry_after_cap_seconds: float = setting(
        "PACS_PROXY_RETRY_AFTER_CAP_SECONDS", 10.0, seconds, "Longest Retry-After honoured."
    )
    retry_share: float = setting(
        "PACS_PROXY_RETRY_SHARE",
        0.2,
        share,
        "Retries allowed for each request sent, over the whole machine.",
    )
    retry_rate: int = setting(
        "PACS_PROXY_RETRY_RATE", 10, whole, "Retries a second allowed on top of the share."
    )
