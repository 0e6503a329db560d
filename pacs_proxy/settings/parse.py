"""How a setting is declared, and how its text becomes a value."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import field
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any
from urllib.parse import urlsplit

Network = IPv4Network | IPv6Network

KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30

# As many as the workers' shared page keeps count of.
MAX_NODES = 32
SHORTEST_KEY, MOST_KEYS = 32, 2


class SettingError(ValueError):
    """A setting has a value that cannot be used; the text is for the person who starts us."""


def text(value: str) -> str:
    return value


def truth(value: str) -> bool:
    if value.lower() in {"1", "true", "yes", "on"}:
        return True
    if value.lower() in {"", "0", "false", "no", "off"}:
        return False
    raise ValueError("must be 1 or 0")


def whole(value: str) -> int:
    number = int(value)
    if number < 0:
        raise ValueError("must not be negative")
    return number


def positive(value: str) -> int:
    number = int(value)
    if number < 1:
        raise ValueError("must be 1 or more")
    return number


def port(value: str) -> int:
    number = int(value)
    if not 0 < number < 65536:
        raise ValueError("must be a port, 1 to 65535")
    return number


def seconds(value: str) -> float:
    number = float(value)
    if not 0 < number < 86400:
        raise ValueError("must be seconds, above 0 and below a day")
    return number


def moment(value: str) -> float:
    number = float(value)
    if not 0 <= number <= 60:
        raise ValueError("must be seconds, 0 to 60")
    return number


def share(value: str) -> float:
    number = float(value)
    if not 0 <= number <= 1:
        raise ValueError("must be between 0 and 1")
    return number


def urls(value: str) -> str:
    if value.count(",") >= MAX_NODES:
        raise ValueError(f"must be {MAX_NODES} addresses at most")
    for url in value.split(","):
        parts = urlsplit(url.strip())
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError("must be http:// or https:// addresses, separated by commas")
        if parts.username or parts.password:
            raise ValueError("must hold no password; use ORTHANC_USERNAME and ORTHANC_PASSWORD")
    return value


def folder(value: str) -> str:
    if "?" in value or "\0" in value:
        raise ValueError("must be a folder whose name has no question mark")
    return value


def database(value: str) -> str:
    parts = urlsplit(value)
    if value and (parts.scheme != "postgresql" or not parts.path.strip("/")):
        raise ValueError("must be postgresql://user:password@host/name, or empty for SQLite")
    return value


def one_url(value: str) -> str:
    if value and ("," in value or urls(value) != value):
        raise ValueError("must be one http:// or https:// address")
    return value.rstrip("/")


def role(value: str) -> str:
    if value not in {"all", "web", "services"}:
        raise ValueError("must be all, web or services")
    return value


def key(value: str) -> str:
    parts = [part.strip() for part in value.split(",")] if value else []
    if len(parts) > MOST_KEYS:
        raise ValueError("must be one key, or the old and the new one")
    if any(len(part) < SHORTEST_KEY or not part.isalnum() or not part.isascii() for part in parts):
        raise ValueError(
            f"a key must have {SHORTEST_KEY} or more letters and digits; make one with: "
            "openssl rand -hex 32"
        )
    return value


def folders(value: str) -> str:
    for entry in filter(None, (entry.strip() for entry in value.split(","))):
        if not re.fullmatch(r"[A-Za-z0-9_-]+\s*=\s*/[^\0]*", entry):
            raise ValueError("must be name=/path, several separated by commas")
    return value


def buckets(value: str) -> str:
    for entry in filter(None, (entry.strip() for entry in value.split(","))):
        if not re.match(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/|\Z)", entry):
            raise ValueError("must be bucket or bucket/prefix, several separated by commas")
    return value


def url_or_nothing(value: str) -> str:
    return urls(value) if value else value


def host_name(value: str) -> str:
    """A name or an address as Host has it, but always in the same spelling."""
    bare = value.removeprefix("[").removesuffix("]")
    if ":" in bare:
        return f"[{ip_address(bare).compressed}]"
    if not re.fullmatch(r"[a-z0-9_]([a-z0-9._-]*[a-z0-9])?", bare.lower(), re.ASCII):
        raise ValueError(
            "must be whole host names or addresses without port, separated by commas; names in "
            "other letters as xn--…"
        )
    return bare.lower()


def listening(value: str) -> str:
    host_name(value)
    return value


def hosts(value: str) -> str:
    return ",".join(host_name(name.strip()) for name in value.split(",") if name.strip())


def host_and_port(value: str) -> str:
    name, _, number = value.rpartition(":")
    if value and not (name and number.isdigit()):
        raise ValueError("must be host:port")
    if value:
        host_name(name)
        port(number)
    return value


def networks(value: str) -> str:
    for part in filter(None, (part.strip() for part in value.split(","))):
        if ip_network(part).prefixlen == 0:
            raise ValueError("must not be everybody")
    return value


def setting(env: str, default: Any, parse: Callable[[str], Any], help_: str) -> Any:
    described = {"env": env, "parse": parse, "help": help_}
    return field(default=default, metadata=described, repr=not is_secret(env))


def is_secret(env: str) -> bool:
    """Whether a setting's value must not be shown."""
    return "PASSWORD" in env or env.endswith(("_KEY", "_SECRET")) or env == "DATABASE_URL"
