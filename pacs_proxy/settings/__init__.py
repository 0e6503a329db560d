"""Every setting: an environment variable, its default and what it is for, declared once."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from ipaddress import ip_network
from typing import Any

from pacs_proxy.settings.access import AccessSettings
from pacs_proxy.settings.archive import ArchiveSettings
from pacs_proxy.settings.audit import AuditSettings
from pacs_proxy.settings.delivery import DeliverySettings
from pacs_proxy.settings.ingest import IngestSettings
from pacs_proxy.settings.oidc import OidcSettings
from pacs_proxy.settings.parse import (
    GIB,
    KIB,
    MAX_NODES,
    MIB,
    Network,
    SettingError,
    host_name,
    is_secret,
)
from pacs_proxy.settings.reference import ReferenceSettings
from pacs_proxy.settings.roles import RoleSettings
from pacs_proxy.settings.server import ServerSettings
from pacs_proxy.settings.storage import StorageSettings
from pacs_proxy.settings.tiff import TiffSettings
from pacs_proxy.settings.uploads import UploadSettings

__all__ = ["GIB", "KIB", "MAX_NODES", "MIB", "SettingError", "Settings"]

# Names of ours that are no settings of the server: they steer tests only.
_NOT_SETTINGS = frozenset({"PACS_PROXY_CORPUS", "PACS_PROXY_SCREENSHOTS", "PACS_PROXY_TRIXIE"})


# Listed last to first: the page of settings begins with the archive.
@dataclass(frozen=True)
class Settings(
    OidcSettings,
    AccessSettings,
    RoleSettings,
    ReferenceSettings,
    TiffSettings,
    IngestSettings,
    UploadSettings,
    StorageSettings,
    DeliverySettings,
    ServerSettings,
    AuditSettings,
    ArchiveSettings,
):
    """The values in force; `from_env` is the only way in for a running server."""

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Settings:
        """Read the environment; SettingError names the variable, its value and the rule."""
        known = {f.metadata["env"]: f for f in fields(cls)}
        unknown = [n for n in env if n.startswith("PACS_PROXY_") and n not in known]
        for name in sorted(set(unknown) - _NOT_SETTINGS):
            raise SettingError(f"{name} is no setting of PACS Proxy; see docs/settings.md.")
        given = {n: f for n, f in known.items() if n in env}
        made = cls(**{f.name: _parsed(n, env[n], f.metadata["parse"]) for n, f in given.items()})
        made.check_role([name for name in given if env[name]])
        made.check_oidc()
        return made

    @property
    def nodes(self) -> tuple[str, ...]:
        """Base addresses of the archive's nodes, without a trailing slash."""
        return tuple(url.strip().rstrip("/") for url in self.orthanc_url.split(","))

    @property
    def trusted(self) -> tuple[str, ...]:
        """Host names a request may carry."""
        named = tuple(name.strip() for name in self.trusted_hosts.split(",") if name.strip())
        here = () if self.host in {"0.0.0.0", "::"} else (host_name(self.host),)  # noqa: S104 - no name
        return ("localhost", "127.0.0.1", "[::1]", *here, *named)

    @property
    def fronts(self) -> tuple[Network, ...]:
        """Whose word on a client's address is taken; the edge's comes with its key instead."""
        if self.is_data_side:
            return ()
        named = (part.strip() for part in self.front_proxies.split(","))
        return tuple(ip_network(part) for part in named if part)

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
        shown = "(hidden)" if is_secret(name) or "@" in value else repr(value)
        raise SettingError(f"{name}={shown} cannot be used: {error}.") from None
