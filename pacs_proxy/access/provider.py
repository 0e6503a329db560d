"""Asking the identity provider: few at once, briefly, and nowhere else than where it is."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as Late
from typing import Any
from urllib.parse import quote

import urllib3
from authlib.oauth2.auth import ClientAuth
from authlib.oauth2.rfc6749.parameters import prepare_token_request
from urllib3.exceptions import HTTPError

from pacs_proxy.access import oidc
from pacs_proxy.access.flows import Begun
from pacs_proxy.access.identity import Identity
from pacs_proxy.access.oidc import Metadata, Rules
from pacs_proxy.errors.oidc import IdentityRefused, ProviderUnavailable
from pacs_proxy.settings.oidc import OidcSettings

# One answer has so long and may be so large, whatever the other side does.
SECONDS, MOST_BYTES = 5.0, 256 << 10
_AT_ONCE = 4
# A configuration is believed for so long; keys are asked for again sooner when one is missing.
_TRUST, _KEYS_AGAIN = 3600.0, 30.0
_FORM = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
_JSON = {"Accept": "application/json"}


def known(settings: OidcSettings) -> Provider:
    """The one that is set."""
    rules = Rules(
        settings.oidc_issuer,
        settings.oidc_client_id,
        settings.oidc_own_url,
        settings.oidc_scopes,
        settings.oidc_name_claim,
        settings.oidc_roles_claim,
        settings.mapped_roles,
        tuple(settings.oidc_acr.split()),
    )
    return Provider(rules, settings.oidc_client_secret, settings.oidc_ca)


class Provider:
    """The one identity provider; what it said about itself is kept for an hour."""

    def __init__(
        self, rules: Rules, secret: str, ca: str = "", clock: Callable[[], float] = time.time
    ) -> None:
        self.rules, self._secret, self._clock = rules, secret, clock
        timeout = urllib3.Timeout(connect=SECONDS, read=SECONDS)
        self._pools = urllib3.PoolManager(timeout=timeout, retries=False, ca_certs=ca or None)
        # Whoever waits gives up in time even where the other side drips; threads are as many.
        self._threads = ThreadPoolExecutor(_AT_ONCE, "oidc")
        self._metadata: tuple[float, Metadata] | None = None
        self._keys: tuple[float, list[Any]] = (0.0, [])

    def metadata(self) -> Metadata:
        """Raises ProviderUnavailable."""
        kept, now = self._metadata, self._clock()
        if kept is None or now - kept[0] > _TRUST:
            where = f"{self.rules.issuer.rstrip('/')}/.well-known/openid-configuration"
            kept = (now, oidc.metadata(self._asked("GET", where), self.rules.issuer))
            self._metadata = kept
        return kept[1]

    def authorization(self, where: Metadata, begun: Begun) -> str:
        """Where the browser signs in."""
        return oidc.authorization(self.rules, where, begun.state, begun.nonce, begun.verifier)

    def code(self, said: Mapping[str, Sequence[str]]) -> str:
        """Out of what the browser brings back. Raises IdentityRefused, ProviderUnavailable."""
        return oidc.expect_answer(self.rules, self.metadata(), said)

    def sign_out(self) -> str:
        """Where the browser signs out there; empty where it cannot. Raises ProviderUnavailable."""
        return oidc.sign_out(self.rules, self.metadata())

    def identified(self, code: str, verifier: str, nonce: str) -> Identity:
        """Who has signed in there. Raises IdentityRefused, ProviderUnavailable."""
        answer = self._exchanged(code, verifier)
        token, access = answer.get("id_token"), answer.get("access_token")
        if not isinstance(token, str):
            raise IdentityRefused("token: none")
        header, said = oidc.claims(token, self._keys_for(oidc.key_id(token)))
        access = access if isinstance(access, str) else ""
        oidc.expect_claims(self.rules, header, said, nonce, access, self._clock())
        return oidc.identity(self.rules, said)

    def _exchanged(self, code: str, verifier: str) -> dict[str, Any]:
        where, name, secret = self.metadata(), self.rules.client_id, self._secret
        form = prepare_token_request(
            "authorization_code", "", self.rules.callback, code=code, code_verifier=verifier
        )
        method = "client_secret_post" if where.takes_post_only else "client_secret_basic"
        if not where.takes_post_only:  # RFC 6749, 2.3.1
            name, secret = quote(name, ""), quote(secret, "")
        proof = ClientAuth(name, secret, method) if secret else ClientAuth(name, "", "none")
        if not secret:
            proof.client_id = self.rules.client_id
        url, headers, body = proof.prepare("POST", where.token, dict(_FORM), form)
        return self._asked("POST", url, body, headers)

    def _keys_for(self, kid: str | None) -> list[Any]:
        at, keys = self._keys
        now = self._clock()
        is_missing = not oidc.fitting(keys, kid) and now - at > _KEYS_AGAIN
        if is_missing or now - at > _TRUST:
            found = self._asked("GET", self.metadata().keys).get("keys")
            keys = found if isinstance(found, list) else []
            self._keys = (now, keys)
        return keys

    def _asked(
        self, method: str, url: str, body: str | None = None, headers: dict[str, str] | None = None
    ) -> dict[str, Any]:
        """The object of a 200; a refused code is the only other answer that says something."""
        future = self._threads.submit(self._answer, method, url, body, headers or _JSON)
        try:
            status, data = future.result(SECONDS)
        except (Late, HTTPError, OSError, ValueError):
            future.cancel()
            raise ProviderUnavailable("provider: no answer") from None
        if method == "POST" and status in {400, 401}:
            raise IdentityRefused("code: refused")
        if status != 200:
            raise ProviderUnavailable("provider: strange status")
        try:
            found = json.loads(data)
        except (ValueError, RecursionError):
            raise ProviderUnavailable("provider: no JSON") from None
        if not isinstance(found, dict):
            raise ProviderUnavailable("provider: no JSON")
        return found

    def _answer(
        self, method: str, url: str, body: str | None, headers: dict[str, str]
    ) -> tuple[int, bytes]:
        ends = time.monotonic() + SECONDS
        response = self._pools.request(
            method, url, body=body, headers=headers, redirect=False, preload_content=False
        )
        try:
            data = bytearray()
            while piece := response.read1(MOST_BYTES, decode_content=False):
                data += piece
                if len(data) > MOST_BYTES or time.monotonic() > ends:
                    raise ValueError("too large or too slow")
            return response.status, bytes(data)
        finally:
            # Whatever was not read is not waited for.
            response.close()
