"""Settings of signing in with an identity provider (OpenID Connect)."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from pacs_proxy.settings.parse import SettingError, setting, text, truth

# As `access.permissions` has them.
ROLES = ("reader", "technologist", "admin")
_HERE = frozenset({"localhost", "127.0.0.1", "::1"})


def is_sheltered(url: str) -> bool:
    """Whether nobody on a network can read what goes there."""
    parts = urlsplit(url)
    return parts.scheme == "https" or (parts.scheme == "http" and is_loopback(url))


def is_loopback(url: str) -> bool:
    return urlsplit(url).hostname in _HERE


def _sheltered(value: str) -> str:
    parts = urlsplit(value)
    if value and not (parts.hostname and is_sheltered(value)):
        raise ValueError("must be an https:// address")
    if len(value) > 255:
        raise ValueError("must have 255 characters at most")
    if parts.query or parts.fragment or parts.username or parts.password:
        raise ValueError("must be an address without query, fragment and password")
    return value


def _origin(value: str) -> str:
    if urlsplit(_sheltered(value)).path not in {"", "/"}:
        raise ValueError("must be https://name or https://name:port")
    return value.rstrip("/")


def _roles(value: str) -> str:
    for entry in filter(None, (entry.strip() for entry in value.split(","))):
        word, _, role = entry.rpartition("=")
        if not word.strip() or role.strip() not in ROLES:
            raise ValueError(f"must be word=role, several separated by commas: {', '.join(ROLES)}")
    return value


@dataclass(frozen=True)
class OidcSettings:
    """Whose word is taken on who somebody is, and what that makes him here."""

    oidc_issuer: str = setting(
        "PACS_PROXY_OIDC_ISSUER",
        "",
        _sheltered,
        "Address of the identity provider (OpenID Connect), exactly as it names itself; empty: "
        "none. https, or this machine.",
    )
    oidc_client_id: str = setting(
        "PACS_PROXY_OIDC_CLIENT_ID", "", text, "The name this server is registered by there."
    )
    oidc_client_secret: str = setting(
        "PACS_PROXY_OIDC_CLIENT_SECRET",
        "",
        text,
        "What it proves that name with; empty where it is registered as a public client.",
    )
    oidc_own_url: str = setting(
        "PACS_PROXY_OIDC_OWN_URL",
        "",
        _origin,
        "This server as browsers see it, e.g. https://pacs.hospital. Register there: this + "
        "`/api/session/oidc/callback` to come back to, and this + `/` after signing out.",
    )
    oidc_name: str = setting(
        "PACS_PROXY_OIDC_NAME", "the hospital account", text, "`Sign in with …` on the page."
    )
    oidc_scopes: str = setting(
        "PACS_PROXY_OIDC_SCOPES", "openid profile", text, "What it is asked for."
    )
    oidc_name_claim: str = setting(
        "PACS_PROXY_OIDC_NAME_CLAIM",
        "preferred_username",
        text,
        "The claim of the ID token that a new account is called by. It names, it never identifies: "
        "that is `iss` and `sub`.",
    )
    oidc_roles_claim: str = setting(
        "PACS_PROXY_OIDC_ROLES_CLAIM",
        "roles",
        text,
        "The claim of the ID token with somebody's roles or groups; `realm_access.roles` looks "
        "inside.",
    )
    oidc_roles: str = setting(
        "PACS_PROXY_OIDC_ROLES",
        "",
        _roles,
        "What those are here, e.g. `radiologists=reader,pacs-admins=admin`; of several the one "
        "that may most. Somebody with none of them stays out.",
    )
    oidc_acr: str = setting(
        "PACS_PROXY_OIDC_ACR",
        "",
        text,
        "Values of `acr`, separated by spaces; one of them the provider must have vouched for, "
        "e.g. a second factor. Empty: any.",
    )
    oidc_ca: str = setting(
        "PACS_PROXY_OIDC_CA", "", text, "Who vouches for the provider's certificate: a PEM file."
    )
    local_sign_in: bool = setting(
        "PACS_PROXY_LOCAL_SIGN_IN",
        True,
        truth,
        "0: no passwords are taken here, only the identity provider's word.",
    )

    @property
    def has_oidc(self) -> bool:
        """Whether there is an identity provider."""
        return bool(self.oidc_issuer)

    @property
    def mapped_roles(self) -> dict[str, str]:
        """What the provider's words mean here."""
        pairs = (entry.rpartition("=") for entry in self.oidc_roles.split(",") if entry.strip())
        return {word.strip(): role.strip() for word, _, role in pairs}

    def check_oidc(self) -> None:
        """Raise SettingError where something is missing."""
        needed = {
            "PACS_PROXY_OIDC_CLIENT_ID": self.oidc_client_id,
            "PACS_PROXY_OIDC_OWN_URL": self.oidc_own_url,
            "PACS_PROXY_OIDC_ROLES": self.oidc_roles,
        }
        missing = [name for name, value in needed.items() if not value]
        if self.has_oidc and missing:
            raise SettingError(f"PACS_PROXY_OIDC_ISSUER needs {' and '.join(missing)} too.")
        if self.has_oidc and "openid" not in self.oidc_scopes.split():
            raise SettingError("PACS_PROXY_OIDC_SCOPES must have openid among them.")
        if not self.local_sign_in and not self.has_oidc:
            raise SettingError(
                "PACS_PROXY_LOCAL_SIGN_IN=0 needs PACS_PROXY_OIDC_ISSUER; else nobody comes in."
            )
