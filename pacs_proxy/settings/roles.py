"""Settings of an installation on two hosts: an edge that keeps nothing, and the data side."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from pacs_proxy.settings.parse import SettingError, key, one_url, role, setting

# What only the data side has; on the edge they would promise what is not there.
_DATA_SIDE = (
    *("ORTHANC_URL", "ORTHANC_USERNAME", "ORTHANC_PASSWORD", "DATABASE_URL"),
    *("PACS_PROXY_DATA_DIR", "PACS_PROXY_SPOOL_DIR"),
    "PACS_PROXY_OIDC_ISSUER",
)


@dataclass(frozen=True)
class RoleSettings:
    """Which side this server is, and how the two know each other."""

    server_role: str = setting(
        "SERVER_ROLE",
        "all",
        role,
        "`all` in one server, or split over two hosts: `web` relays for browsers and keeps "
        "nothing, `services` has the data and answers `web` alone.",
    )
    services_url: str = setting(
        "SERVICES_URL", "", one_url, "Where `web` finds `services`, e.g. http://10.0.0.2:8080."
    )
    internal_api_key: str = setting(
        "INTERNAL_API_KEY",
        "",
        key,
        "The secret `web` proves itself with to `services`; the same on both, at least 32 "
        "characters. `services` takes two, separated by a comma: to change it, give it the old "
        "and the new one, then `web` the new one, then drop the old one.",
    )

    @property
    def is_edge(self) -> bool:
        """Whether this server relays and keeps nothing."""
        return self.server_role == "web"

    @property
    def is_data_side(self) -> bool:
        """Whether it answers an edge alone."""
        return self.server_role == "services"

    @property
    def internal_keys(self) -> tuple[str, ...]:
        """The keys that are valid now; `web` sends the first."""
        return tuple(part.strip() for part in self.internal_api_key.split(",") if part.strip())

    def check_role(self, given: Collection[str]) -> None:
        """Raise SettingError where the settings `given` contradict the role."""
        if self.server_role == "all":
            self._forbid(given, ("SERVICES_URL", "INTERNAL_API_KEY"))
            return None
        if not self.internal_keys:
            raise SettingError(
                f"SERVER_ROLE={self.server_role} needs INTERNAL_API_KEY, the same on both hosts; "
                "make one with: openssl rand -hex 32"
            )
        if self.is_data_side:
            return self._forbid(given, ("SERVICES_URL",))
        if not self.services_url:
            raise SettingError("SERVER_ROLE=web needs SERVICES_URL: where services listens.")
        return self._forbid(given, _DATA_SIDE)

    def _forbid(self, given: Collection[str], names: tuple[str, ...]) -> None:
        for name in names:
            if name in given:
                raise SettingError(
                    f"{name} means nothing with SERVER_ROLE={self.server_role}; remove it."
                )
