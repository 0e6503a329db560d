"""Settings of signing in."""

from __future__ import annotations

from dataclasses import dataclass

from pacs_proxy.settings.parse import seconds, setting, truth, whole


@dataclass(frozen=True)
class AccessSettings:
    """Whether one has to sign in, and for how long it holds."""

    sign_in: bool = setting(
        "PACS_PROXY_SIGN_IN",
        True,
        truth,
        "0: nobody has to sign in. For one person's own machine: only a loopback address is "
        "listened on, and whatever a front proxy passes on is refused.",
    )
    allow_open: bool = setting(
        "PACS_PROXY_ALLOW_OPEN",
        False,
        truth,
        "With PACS_PROXY_SIGN_IN=0: let the network in all the same. Everyone who reaches the port "
        "sees and may delete every study, and the journal cannot tell who it was.",
    )
    tls_in_front: bool = setting(
        "PACS_PROXY_TLS_IN_FRONT",
        False,
        truth,
        "1: all pages come over TLS, which a front proxy ends. Then cookies are `__Host-` ones, no "
        "others are believed, and nobody signs in over plain HTTP, not even on this machine. "
        "0: the browser's `Origin` tells, sign-in by sign-in.",
    )
    session_idle_seconds: float = setting(
        "PACS_PROXY_SESSION_IDLE_SECONDS",
        900.0,
        seconds,
        "A session ends when nothing was done in it for so long.",
    )
    share_days: int = setting(
        "PACS_PROXY_SHARE_DAYS",
        30,
        whole,
        "A link to a study, for people without an account, ends after so many days at most. "
        "0: no links are made, and none opens.",
    )
    share_passphrase: bool = setting(
        "PACS_PROXY_SHARE_PASSPHRASE",
        False,
        truth,
        "1: each such link needs a passphrase, to be told by another way than the link.",
    )
    glass_seconds: float = setting(
        "PACS_PROXY_GLASS_SECONDS",
        3_600.0,
        seconds,
        "What somebody opens in an emergency, out of reach, is open for so long at most.",
    )
    session_seconds: float = setting(
        "PACS_PROXY_SESSION_SECONDS", 43_200.0, seconds, "A session ends after so long at last."
    )
