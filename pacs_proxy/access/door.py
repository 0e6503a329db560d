"""All that decides about coming in, on one database."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from pacs_proxy.access.accounts import Accounts
from pacs_proxy.access.attempts import Attempts
from pacs_proxy.access.devices import Devices
from pacs_proxy.access.flows import Bindings, Flows
from pacs_proxy.access.glass import Glass
from pacs_proxy.access.preferences import Preferences
from pacs_proxy.access.sessions import Sessions
from pacs_proxy.access.shares import Shares
from pacs_proxy.access.tokens import Tokens
from pacs_proxy.database import Database


@dataclass(frozen=True)
class Door:
    """Who there is, who is in, by what, and how often somebody may knock."""

    accounts: Accounts
    sessions: Sessions
    tokens: Tokens
    attempts: Attempts
    flows: Flows
    bindings: Bindings
    shares: Shares
    devices: Devices
    glass: Glass
    preferences: Preferences

    @classmethod
    def of(cls, database: Database, idle: float, absolute: float) -> Self:
        """`idle` and `absolute`: the seconds after which sessions end."""
        sessions = Sessions(database, idle, absolute)
        accounts, tokens, attempts = Accounts(database), Tokens(database), Attempts(database)
        flows, bindings, shares = Flows(database), Bindings(database), Shares(database)
        devices = Devices(database)
        glass, preferences = Glass(database), Preferences(database)
        return cls(
            accounts,
            sessions,
            tokens,
            attempts,
            flows,
            bindings,
            shares,
            devices,
            glass,
            preferences,
        )
