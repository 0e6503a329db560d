"""Passwords: which are accepted (ASVS 5.0, 6.2), how they are kept (argon2id), how compared."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from pacs_proxy.errors.access import WeakPassword

SHORTEST, LONGEST = 8, 128
# Each takes 64 MiB and 50 ms of a processor: a crowd at the door must not stop the reading.
_AT_ONCE = BoundedSemaphore(2)
_HASHER = PasswordHasher()


def check(password: str, name: str) -> None:
    """Raise WeakPassword, which says what to do."""
    if len(password) < SHORTEST:
        raise WeakPassword(f"A password needs {SHORTEST} characters or more.")
    if len(password) > LONGEST:
        raise WeakPassword(f"A password may have {LONGEST} characters at most.")
    folded = password.casefold()
    if folded in _common() or folded.rstrip("0123456789!.") in _common():
        raise WeakPassword("That is one of the passwords everybody tries first; choose another.")
    if name.casefold() in folded:
        raise WeakPassword("A password must not contain the user's name.")


def hashed(password: str) -> str:
    """As it is kept."""
    with _AT_ONCE:
        return _HASHER.hash(password)


def agrees(kept: str | None, password: str) -> bool:
    """Whether it is that password; takes as long when there is nothing to compare with."""
    with _AT_ONCE:
        try:
            _HASHER.verify(kept or _nobodys(), password)
        except (VerificationError, InvalidHashError):
            return False
    return kept is not None


@cache
def _nobodys() -> str:
    return _HASHER.hash("nobody's")


@cache
def _common() -> frozenset[str]:
    """The most used ones of SHORTEST characters or more, from zxcvbn's lists (MIT licence)."""
    text = files("pacs_proxy.access").joinpath("common_passwords.txt").read_text("utf-8")
    return frozenset(text.split())
