"""What is believed of a request: the name it calls us by, and the address it comes from."""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import lru_cache
from ipaddress import ip_address
from typing import Any

from pacs_proxy.errors import BadRequest
from pacs_proxy.settings.parse import Network, host_name

Environ = dict[str, Any]

KEY = "pacs_proxy.callers"
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::([0-9]{1,5}))?\Z", re.ASCII)
_FORWARDED = "HTTP_X_FORWARDED_FOR"
_REMEMBERED = 64
_STRANGE = (
    "This server is not called by that name. If it should be, add the name to "
    "PACS_PROXY_TRUSTED_HOSTS."
)


class Callers:
    """`names` is None where another check has been made; `fronts` are our own front proxies."""

    def __init__(self, names: Collection[str] | None, fronts: Collection[Network]) -> None:
        self._names, self._fronts = names, fronts
        self._is_name = lru_cache(_REMEMBERED)(self._is_one_of_ours)

    def mean_us(self, environ: Environ) -> bool:
        """Whether the request names this server; another name may be anybody's (DNS rebinding)."""
        host = environ.get("HTTP_HOST", "")
        raw = environ.get("RAW_URI", "/")
        if raw[:1] not in {"/", "*"} and raw.partition("://")[2].partition("/")[0] != host:
            return False
        return bool(host) and (self._names is None or self._is_name(host))

    def expect_us(self, environ: Environ) -> None:
        """Raise BadRequest unless the request names this server."""
        if not self.mean_us(environ):
            raise BadRequest(_STRANGE)

    def settle(self, environ: Environ) -> None:
        """Put the client's address in the place of our front proxy's; nobody else may say it."""
        if _FORWARDED not in environ or not self._is_front(environ.get("REMOTE_ADDR", "")):
            return
        for hop in reversed(environ.pop(_FORWARDED).split(",")):
            address = hop.strip()
            if not _is_address(address):
                return
            environ["REMOTE_ADDR"] = address
            if not self._is_front(address):
                return

    def _is_one_of_ours(self, host: str) -> bool:
        found = _HOST.match(host)
        if not found or not 0 < int(found[2] or 1) < 1 << 16:
            return False
        try:
            return host_name(found[1]) in (self._names or ())
        except ValueError:
            return False

    def _is_front(self, address: str) -> bool:
        if not self._fronts or not _is_address(address):
            return False
        met = ip_address(address)
        return any(met in network for network in self._fronts)


def _is_address(text: str) -> bool:
    try:
        return bool(ip_address(text))
    except ValueError:
        return False
