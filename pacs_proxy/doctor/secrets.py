"""Passwords and keys that anybody could guess, and files that anybody could read."""

import math
import os
import stat
from collections import Counter
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote, urlsplit

from pacs_proxy.doctor.ask import Archive, Unanswered
from pacs_proxy.doctor.check import Check, bad, good, note
from pacs_proxy.doctor.configuration import Unreadable, read
from pacs_proxy.settings import Settings

SHORTEST = 24
# What random letters and digits of that length have; repetitions and words have less.
LEAST_BITS = 64.0
_ADVICE = "Make one with: openssl rand -hex 32"
# Parts of what people type in to see it run, and of examples that they copied.
_PLACEHOLDERS = ("change", "default", "example", "orthanc", "pacs", "password", "secret", "test")


def checks(settings: Settings, files: tuple[Path, ...], orthanc: Path | None) -> list[Check]:
    """Everything this server keeps secret, and where it lies."""
    found = [_private(path) for path in _settings_files(files)]
    if settings.internal_keys:
        found += [*_internal(settings), _own_use(settings)]
    if settings.is_edge:
        return found
    found += [_archive_password(settings), *map(_archive_default, _nodes(settings))]
    found += [_database(settings), _folder("data folder", settings.data_path)]
    found += [_folder("spool folder", Path(settings.spool_path))]
    return [*found, *(_orthanc_files(orthanc) if orthanc else [])]


def weakness(secret: str) -> str:
    """Why somebody could guess it; empty when nobody could."""
    if not secret:
        return "is empty"
    if len(secret) < SHORTEST:
        return f"has {len(secret)} characters; {SHORTEST} are the least"
    low = secret.lower()
    if any(word in low for word in _PLACEHOLDERS):
        return "looks like a placeholder"
    if low in (low + low)[1:-1] or _bits(low) < LEAST_BITS:
        return "repeats itself"
    steps = {ord(b) - ord(a) for a, b in pairwise(low)}
    return "is a row of neighbours" if len(steps) <= 3 else ""  # abcd…1234


def _bits(text: str) -> float:
    """How much its characters could tell, by how often each of them comes."""
    total = len(text)
    return sum(count * math.log2(total / count) for count in Counter(text).values())


def _judged(name: str, secret: str, said: str) -> Check:
    why = weakness(secret)
    return bad(name, why, f"{said} {_ADVICE}") if why else good(name, "nobody guesses it")


def _internal(settings: Settings) -> list[Check]:
    said = "Change it as docs/operations.md says, the old and the new one side by side."
    found = [_judged("INTERNAL_API_KEY", key, said) for key in settings.internal_keys]
    if len(found) > 1:
        found.append(
            note("INTERNAL_API_KEY", "two are valid", "Drop the old one when `web` has the new.")
        )
    return found


def _own_use(settings: Settings) -> Check:
    name = "one secret, one use"
    if settings.orthanc_password in settings.internal_keys:
        return bad(name, "INTERNAL_API_KEY is Orthanc's password too", f"Change it. {_ADVICE}")
    return good(name, "INTERNAL_API_KEY is nothing else's")


def _nodes(settings: Settings) -> list[Archive]:
    return [Archive(url, "orthanc", "orthanc") for url in settings.nodes]


def _archive_password(settings: Settings) -> Check:
    name = "ORTHANC_PASSWORD"
    said = "Give Orthanc another in RegisteredUsers, and ORTHANC_PASSWORD the same."
    if settings.orthanc_password or settings.orthanc_username:
        return _judged(name, settings.orthanc_password, said)
    if all(Archive(url).loopback for url in settings.nodes):
        return note(name, "none; Orthanc must listen on this machine alone, see `doctor`")
    return bad(name, "none, and Orthanc is on another machine", f"{said} {_ADVICE}")


def _archive_default(archive: Archive) -> Check:
    """What everybody tries first; an archive that asks nobody is `doctor`'s to report."""
    name = "Orthanc's default password"
    try:
        is_asked = archive.get("/system", signed=False).status in {401, 403}
        is_in = archive.get("/system").status not in {401, 403}
    except Unanswered as why:
        return note(name, f"not tried: {why}")
    if is_asked and is_in:
        advice = f"Remove the user orthanc from RegisteredUsers of {archive.url}."
        return bad(name, "orthanc:orthanc is let in", advice)
    return good(name, "orthanc:orthanc is refused" if is_asked else "nobody is asked for one")


def _database(settings: Settings) -> Check:
    name, parts = "DATABASE_URL", urlsplit(settings.database_url)
    if not settings.database_url:
        return good(name, "SQLite, in the data folder")
    if not parts.password and (parts.hostname or "") in {"", "localhost", "127.0.0.1", "::1"}:
        return note(name, "no password; PostgreSQL must know its users by itself (peer, cert)")
    said = "ALTER ROLE … PASSWORD '…', then the same in DATABASE_URL."
    return _judged(name, unquote(parts.password or ""), said)


def _folder(name: str, path: Path) -> Check:
    if not path.exists():
        return good(name, "not made yet; it will have mode 0700")
    return _closed(name, path, 0o700)


def _settings_files(files: tuple[Path, ...]) -> tuple[Path, ...]:
    """Those that were named, and the one that lies where people and compose keep it."""
    usual = Path(".env")
    return (*files, usual) if usual.exists() and usual not in files else files


def _private(path: Path) -> Check:
    return _closed(f"settings in {path.name}", path, 0o600)


def _orthanc_files(source: Path) -> list[Check]:
    """RegisteredUsers has its passwords in plain text."""
    paths = sorted(source.glob("*.json")) if source.is_dir() else [source]
    found = []
    for path in paths:
        name = f"Orthanc's {path.name}"
        try:
            users = read(path).options.get("RegisteredUsers")
        except Unreadable as why:
            found.append(note(name, str(why)))
            continue
        if isinstance(users, dict) and users:
            found += [_closed(name, path, 0o640), *_users(name, users)]
    return found


def _users(name: str, users: dict[str, object]) -> list[Check]:
    said = "Change it there and in ORTHANC_PASSWORD."
    return [_judged(f"{name}, user {n}", str(users[user]), said) for n, user in enumerate(users, 1)]


def _closed(name: str, path: Path, wanted: int) -> Check:
    """Nobody may do more with it than `wanted` says."""
    try:
        status = path.stat()
    except OSError as error:
        return bad(name, f"{path} cannot be looked at ({type(error).__name__})", "Name another.")
    mode = stat.S_IMODE(status.st_mode)
    if status.st_uid not in {os.getuid(), 0}:
        return bad(name, f"{path} belongs to another user", f"chown {os.getuid()} {path}")
    # A folder on the way that lets nobody else in protects what lies in it.
    if mode & ~wanted & 0o077 and not _is_sheltered(path):
        return bad(name, f"{path} has mode {mode:04o}", f"chmod {wanted:o} {path}")
    return good(name, f"{path} has mode {mode:04o}")


def _is_sheltered(path: Path) -> bool:
    return any(not folder.stat().st_mode & 0o011 for folder in path.resolve().parents)
