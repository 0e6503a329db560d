"""`pacs-proxy user` and `pacs-proxy token`: who may sign in, by whoever runs this machine."""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from contextlib import closing, contextmanager

from pacs_proxy.access.accounts import Accounts
from pacs_proxy.access.checkpoint import Checkpoint
from pacs_proxy.access.inquiry import moment
from pacs_proxy.access.journal import Journal
from pacs_proxy.access.records import ACCOUNT_CHANGED, TOKEN_CHANGED, Asker, Event
from pacs_proxy.access.restriction import Restriction
from pacs_proxy.access.tables import Account
from pacs_proxy.access.tokens import Tokens
from pacs_proxy.database import Database
from pacs_proxy.migrations import upgrade
from pacs_proxy.serve import prepare_data
from pacs_proxy.settings import Settings

_DAY = 86_400.0


@contextmanager
def _opened(settings: Settings) -> Iterator[tuple[Database, Journal]]:
    """The server's own database, also before its first start."""
    prepare_data(settings.data_path)
    upgrade(settings.database_address)
    with closing(Database(settings.database_address)) as database:
        yield database, Journal(database, Checkpoint(settings.checkpoint_path))


def _event(event: str, **detail: object) -> Event:
    return Event(event, Asker(f"os:{getpass.getuser()}", "console"), detail=detail)


def add_user(settings: Settings, name: str, role: str, password: str) -> None:
    """Raises AccountRefused, WeakPassword."""
    with _opened(settings) as (database, journal):
        Accounts(database).add(name, role, password)
        journal.write(_event(ACCOUNT_CHANGED, user=name, role=role, change="added"))


def change_user(
    settings: Settings,
    name: str,
    role: str | None = None,
    password: str | None = None,
    is_disabled: bool | None = None,
) -> None:
    """Whatever is given; the user's sessions end within seconds. Raises as `add_user`."""
    with _opened(settings) as (database, journal):
        Accounts(database).change(name, role=role, password=password, is_disabled=is_disabled)
        told = {"role": role, "password": password is not None, "disabled": is_disabled}
        journal.write(_event(ACCOUNT_CHANGED, user=name, change=told))


def restrict_user(settings: Settings, name: str, restriction: Restriction | None) -> None:
    """To the studies it permits; None for all. Raises AccountRefused."""
    with _opened(settings) as (database, journal):
        Accounts(database).restrict(name, restriction)
        told = restriction.row() if restriction else "none"
        journal.write(_event(ACCOUNT_CHANGED, user=name, change={"restriction": told}))


def grant_user(settings: Settings, name: str, may_break_glass: bool) -> None:
    """Emergency access to studies out of its reach, or not. Raises AccountRefused."""
    with _opened(settings) as (database, journal):
        Accounts(database).grant(name, may_break_glass)
        journal.write(_event(ACCOUNT_CHANGED, user=name, change={"break_glass": may_break_glass}))


def users(settings: Settings) -> list[str]:
    """A line for each."""
    with _opened(settings) as (database, _):
        return [
            f"{one.name:<24}  {one.role:<14}  {_noted(one)}".rstrip()
            for one in Accounts(database).listed()
        ]


def _noted(account: Account) -> str:
    limits = account.restriction or {}
    within = " ".join(f"{kind}={','.join(some)}" for kind, some in limits.items() if some)
    glass = "break-glass " if account.may_break_glass else ""
    return f"{'disabled ' if account.is_disabled else ''}{glass}{within}"


def create_token(settings: Settings, user: str, label: str, scopes: list[str], days: int) -> str:
    """The secret, to be shown once. Raises AccountRefused."""
    with _opened(settings) as (database, journal):
        secret = Tokens(database).create(user, label, scopes, days * _DAY)
        journal.write(
            _event(TOKEN_CHANGED, user=user, label=label, scopes=scopes, days=days, change="made")
        )
        return secret


def revoke_token(settings: Settings, id_: str) -> None:
    """Raises AccountRefused."""
    with _opened(settings) as (database, journal):
        Tokens(database).revoke(id_)
        journal.write(_event(TOKEN_CHANGED, token=id_, change="revoked"))


def tokens(settings: Settings) -> list[str]:
    """A line for each; nothing in it opens anything."""
    with _opened(settings) as (database, _):
        return [
            f"{one.id}  {one.account:<24}  {one.label:<24}  until {moment(one.expires)}  "
            f"{one.scopes}{'  revoked' if one.is_revoked else ''}"
            for one in Tokens(database).listed()
        ]
