"""Passwords: which are accepted (ASVS 5.0, 6.2), how they are kept (argon2id), how compared."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.resources import files
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from pacs_proxy.errors.access import TooManyTries, WeakPassword

SHORTEST, LONGEST = 8, 128
# Each takes 64 MiB and 50 ms of a processor: a crowd at the door must not stop the reading, nor
# hold a thread for long.
_AT_ONCE, _PATIENCE = BoundedSemaphore(2), 2.0
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
    with _turn():
        return _HASHER.hash(password)


def agrees(kept: str | None, password: str) -> bool:
    """Whether it is that password; takes as long when there is nothing to compare with.

    Raises TooManyTries when too many ask at once.
    """
    with _turn():
        try:
            _HASHER.verify(kept or _nobodys(), password)
        except (VerificationError, InvalidHashError):
            return False
    return kept is not None


@contextmanager
def _turn() -> Iterator[None]:
    if not _AT_ONCE.acquire(timeout=_PATIENCE):
        raise TooManyTries("Too many sign in at this moment. Try again in a few seconds.", 5)
    try:
        yield
    finally:
        _AT_ONCE.release()


@cache
def _nobodys() -> str:
    return _HASHER.hash("nobody's")


@cache
def _common() -> frozenset[str]:
    """The most used ones of SHORTEST characters or more, from zxcvbn's lists (MIT licence)."""
    text = files("pacs_proxy.access").joinpath("common_passwords.txt").read_text("utf-8")
    return frozenset(text.split())
