"""Sign-ins that are under way at the identity provider, and whose account each identity has."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import delete, func, select
from sqlalchemy.exc import IntegrityError

from pacs_proxy.access.accounts import Accounts
from pacs_proxy.access.identity import Identity
from pacs_proxy.access.tables import Account, Binding, Flow
from pacs_proxy.database import Database
from pacs_proxy.errors.access import TooManyTries
from pacs_proxy.errors.oidc import AccountClosed, IdentityRefused, UnknownFlow

# So long somebody may take at the provider, and so many may be under way.
SECONDS = 600.0
MOST, MOST_OF_ADDRESS = 10_000, 50


@dataclass(frozen=True)
class Begun:
    """`secret` stays in the browser, `state` goes around; nonce and verifier come of both."""

    secret: str
    state: str

    @property
    def nonce(self) -> str:
        """Comes back in the token."""
        return self._derived("nonce")

    @property
    def verifier(self) -> str:
        """RFC 7636: 64 characters."""
        return self._derived("pkce")

    def _derived(self, purpose: str) -> str:
        said = f"{purpose}:{self.state}".encode()
        return hmac.new(self.secret.encode(), said, hashlib.sha256).hexdigest()


class Flows:
    """Of one database: what is kept opens nothing, and each is taken once."""

    def __init__(self, database: Database, clock: Callable[[], float] = time.time) -> None:
        self._database, self._clock = database, clock

    def begin(self, address: str) -> Begun:
        """Raises TooManyTries."""
        begun, now = Begun(secrets.token_urlsafe(32), secrets.token_urlsafe(32)), self._clock()
        made = Flow(key=_key(begun.state), browser=_key(begun.secret), address=address, created=now)
        with self._database.write() as session:
            session.execute(delete(Flow).where(Flow.created <= now - SECONDS))
            of_all = session.scalar(select(func.count()).select_from(Flow)) or 0
            mine = select(func.count()).select_from(Flow).where(Flow.address == address)
            if of_all >= MOST or (session.scalar(mine) or 0) >= MOST_OF_ADDRESS:
                raise TooManyTries("Too many sign in at this moment. Wait ten minutes.", SECONDS)
            session.add(made)
        return begun

    def take(self, state: str, secret: str) -> Begun:
        """What this browser began; never again after that. Raises UnknownFlow."""
        wanted = (
            (Flow.key == _key(state))
            & (Flow.browser == _key(secret))
            & (Flow.created > self._clock() - SECONDS)
        )
        with self._database.write() as session:
            taken = session.execute(delete(Flow).where(wanted).returning(Flow.key)).all()
        if not (state and secret and taken):
            raise UnknownFlow("state: unknown")
        return Begun(secret, state)


class Bindings:
    """An account for each identity; by issuer and subject, never by a name or an address."""

    def __init__(self, database: Database, clock: Callable[[], float] = time.time) -> None:
        self._database, self._clock = database, clock

    def account(self, who: Identity) -> tuple[str, str]:
        """Its name, and what became of it: `added`, `role` or nothing. Raises AccountClosed."""
        found = self._found(who)
        if found is None:
            return self._made(who), "added"
        if found.is_disabled:
            raise AccountClosed("account: disabled")
        if found.role == who.role:
            return found.name, ""
        Accounts(self._database).change(found.name, role=who.role)
        return found.name, "role"

    def has(self, account: str) -> bool:
        """Whether the identity provider knows whose this is."""
        with self._database.read() as session:
            found = session.scalar(select(Binding.account).where(Binding.account == account))
        return found is not None

    def _found(self, who: Identity) -> Account | None:
        bound = (Binding.issuer == who.issuer) & (Binding.subject == who.subject)
        wanted = select(Account).join(Binding, Binding.account == Account.name).where(bound)
        with self._database.read() as session:
            return session.scalar(wanted)

    def _made(self, who: Identity) -> str:
        """Called as the provider says, unless somebody is called so already."""
        distinct = f"{who.name or 'user'}-{who.mark}"
        for name in filter(None, (who.name, distinct)):
            try:
                self._add(name, who)
            except IntegrityError:
                continue
            return name
        raise IdentityRefused("account: twice at once")

    def _add(self, name: str, who: Identity) -> None:
        """Without a password: none agrees with an empty hash."""
        now = self._clock()
        with self._database.write() as session:
            session.add(Account(name=name, role=who.role, hash="", created=now))
            session.flush()
            session.add(Binding(issuer=who.issuer, subject=who.subject, account=name, created=now))


def _key(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()
