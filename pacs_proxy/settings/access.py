"""Settings of signing in."""

from __future__ import annotations

from dataclasses import dataclass

from pacs_proxy.settings.parse import seconds, setting, truth


@dataclass(frozen=True)
class AccessSettings:
    """Whether one has to sign in, and for how long it holds."""

    sign_in: bool = setting(
        "PACS_PROXY_SIGN_IN",
        True,
        truth,
        "0: nobody has to sign in. Possible on a loopback address only, for one person's own "
        "machine; whatever a front proxy passes on is then refused.",
    )
    session_idle_seconds: float = setting(
        "PACS_PROXY_SESSION_IDLE_SECONDS",
        900.0,
        seconds,
        "A session ends when nothing was done in it for so long.",
    )
    session_seconds: float = setting(
        "PACS_PROXY_SESSION_SECONDS", 43_200.0, seconds, "A session ends after so long at last."
    )
