"""What an identity provider's word is worth (OpenID Connect Core 3.1.3.7); no I/O in here."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from joserfc import jwk, jws, jwt
from joserfc.errors import ClaimError, JoseError

from pacs_proxy.access.identity import Identity
from pacs_proxy.access.permissions import ROLES
from pacs_proxy.errors.oidc import IdentityRefused, NoRole, ProviderUnavailable, WeakProof
from pacs_proxy.settings.oidc import is_loopback, is_sheltered

# Of clocks that differ, and of a token that was on its way.
LEEWAY, OLDEST = 60, 600
# Signatures only, by a key that we cannot have; none of these is ever keyed with a shared secret.
_KINDS = {
    **dict.fromkeys(("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"), "RSA"),
    **dict.fromkeys(("ES256", "ES384", "ES512"), "EC"),
    **dict.fromkeys(("EdDSA", "Ed25519"), "OKP"),
}
# A header may name a key that we know; it may not bring one, nor say where one is.
_HEADER = frozenset({"alg", "kid", "typ", "x5t", "x5t#S256"})
_FEWEST_BITS = 2048
_NAME_LENGTH = 40
# OpenID Connect Core, 2.
_SUBJECT = re.compile(r"[\x20-\x7e]{1,255}\Z", re.ASCII)
_STRANGE = re.compile(r"[^a-z0-9._-]+", re.ASCII)


@dataclass(frozen=True)
class Rules:
    """What is demanded; `roles` are what the provider's words mean here."""

    issuer: str
    client_id: str
    own_url: str
    scopes: str
    name_claim: str
    roles_claim: str
    roles: Mapping[str, str]
    acr: tuple[str, ...]

    @property
    def callback(self) -> str:
        """Where the browser comes back to."""
        return f"{self.own_url}/api/session/oidc/callback"


@dataclass(frozen=True)
class Metadata:
    """Of the provider's configuration what we use."""

    authorize: str
    token: str
    keys: str
    end_session: str
    names_itself: bool
    takes_post_only: bool


def metadata(said: Mapping[str, Any], issuer: str) -> Metadata:
    """The provider's configuration (Discovery 1.0, 4.3). Raises ProviderUnavailable."""
    if said.get("issuer") != issuer:
        raise ProviderUnavailable("discovery: other issuer")
    names = ("authorization_endpoint", "token_endpoint", "jwks_uri")
    authorize, token, keys = (_endpoint(said.get(name), issuer) for name in names)
    end = said.get("end_session_endpoint")
    methods = said.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
    return Metadata(
        authorize,
        token,
        keys,
        _endpoint(end, issuer) if end else "",
        said.get("authorization_response_iss_parameter_supported") is True,
        isinstance(methods, list) and "client_secret_basic" not in methods,
    )


def _endpoint(url: Any, issuer: str) -> str:
    """A provider elsewhere does not send us to this machine's own ports."""
    is_fit = isinstance(url, str) and is_sheltered(url) and not urlsplit(url).fragment
    if not is_fit or (is_loopback(url) and not is_loopback(issuer)):
        raise ProviderUnavailable("discovery: unfit endpoint")
    return str(url)


def authorization(rules: Rules, where: Metadata, state: str, nonce: str, verifier: str) -> str:
    """Where the browser goes to sign in: code flow with PKCE (RFC 7636, S256)."""
    asked = {"acr_values": " ".join(rules.acr)} if rules.acr else {}
    uri: str = prepare_grant_uri(
        where.authorize,
        rules.client_id,
        "code",
        rules.callback,
        rules.scopes,
        state,
        nonce=nonce,
        code_challenge=create_s256_code_challenge(verifier),
        code_challenge_method="S256",
        **asked,
    )
    return uri


def sign_out(rules: Rules, where: Metadata) -> str:
    """Where the browser signs out there too (RP-Initiated Logout 1.0); no token is in it."""
    if not where.end_session:
        return ""
    asked = {"client_id": rules.client_id, "post_logout_redirect_uri": f"{rules.own_url}/"}
    return f"{where.end_session}{'&' if '?' in where.end_session else '?'}{urlencode(asked)}"


def expect_answer(rules: Rules, where: Metadata, said: Mapping[str, Sequence[str]]) -> str:
    """The code of an authorization response that is our provider's (RFC 9207)."""
    if any(len(values) != 1 for values in said.values()):
        raise IdentityRefused("answer: something twice")
    issuer = said.get("iss", [""])[0]
    if (issuer or where.names_itself) and issuer != rules.issuer:
        raise IdentityRefused("answer: other issuer")
    if "error" in said:
        raise IdentityRefused("answer: refused there")
    code = said.get("code", [""])[0]
    if not code:
        raise IdentityRefused("answer: no code")
    return code


def key_id(token: str) -> str | None:
    """Which key a token says it is signed with, once its header is one we take."""
    header = _header(token)
    return header.get("kid")


def _header(token: str) -> dict[str, Any]:
    try:
        header = dict(jws.extract_compact(token.encode("ascii")).headers())
    except (JoseError, ValueError, TypeError, RecursionError):
        raise IdentityRefused("token: not a signed one") from None
    if header.get("alg") not in _KINDS:
        raise IdentityRefused("token: alg")
    if not header.keys() <= _HEADER:
        raise IdentityRefused("token: header brings a key")
    if not isinstance(header.get("kid", ""), str):
        raise IdentityRefused("token: kid")
    return header


def fitting(keys: Sequence[Any], kid: str | None) -> list[dict[str, Any]]:
    """The provider's keys of that name; any for a token that names none."""
    known = [key for key in keys if isinstance(key, dict) and key.get("use", "sig") == "sig"]
    return [key for key in known if kid is None or key.get("kid") == kid]


def claims(token: str, keys: Sequence[Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims of a token that one of these keys has signed, the one it must be."""
    header = _header(token)
    kind, found = _KINDS[header["alg"]], fitting(keys, header.get("kid"))
    if len(found) != 1:
        raise IdentityRefused("token: kid")
    if found[0].get("kty") != kind or found[0].get("alg", header["alg"]) != header["alg"]:
        raise IdentityRefused("token: key of another kind")
    try:
        key = jwk.import_key(found[0])
        if kind == "RSA" and key.public_key.key_size < _FEWEST_BITS:  # type: ignore[union-attr]
            raise IdentityRefused("token: key too short")
        return header, dict(jwt.decode(token, key, algorithms=[header["alg"]]).claims)
    except (JoseError, ValueError, TypeError, RecursionError):
        raise IdentityRefused("token: signature") from None


def expect_claims(
    rules: Rules,
    header: dict[str, Any],
    said: dict[str, Any],
    nonce: str,
    access_token: str,
    now: float,
) -> None:
    """Issued by whom we asked, for us, in answer to this very question, and in time."""
    options: Any = {
        "iss": {"essential": True, "value": rules.issuer},
        "aud": {"essential": True, "value": rules.client_id},
        "nonce": {"essential": True, "value": nonce},
    }
    params = {"nonce": nonce, "client_id": rules.client_id, "access_token": access_token}
    for name in ("exp", "iat", "nbf"):
        if type(said.get(name, 0)) not in {int, float}:
            raise IdentityRefused(f"token: {name}")
    try:
        CodeIDToken(said, header, options, params).validate(now=int(now), leeway=LEEWAY)
    except (ClaimError, JoseError) as error:
        named = getattr(error, "claim", None) or type(error).__name__
        raise IdentityRefused(f"token: {named}") from None
    except (ValueError, TypeError):
        raise IdentityRefused("token: claims") from None
    if not now - OLDEST <= said["iat"] <= now + LEEWAY:
        raise IdentityRefused("token: iat")


def identity(rules: Rules, said: Mapping[str, Any]) -> Identity:
    """Who that is, and what he is here. Raises IdentityRefused, WeakProof, NoRole."""
    subject = said.get("sub")
    if not isinstance(subject, str) or not _SUBJECT.match(subject):
        raise IdentityRefused("token: sub")
    if rules.acr and said.get("acr") not in rules.acr:
        raise WeakProof("token: acr")
    has = {rules.roles[word] for word in _words(said, rules.roles_claim) if word in rules.roles}
    if not has:
        raise NoRole("token: no role")
    role = max(has, key=[*ROLES].index)
    return Identity(rules.issuer, subject, _name(said.get(rules.name_claim)), role)


def _words(said: Mapping[str, Any], claim: str) -> list[str]:
    """A claim's words: by its whole name, which may be an address, or by the way to it."""
    found: Any = said.get(claim)
    if found is None:
        found = said
        for step in claim.split("."):
            found = found.get(step) if isinstance(found, dict) else None
    listed = found if isinstance(found, list) else [found]
    return [word for word in listed if isinstance(word, str)]


def _name(said: Any) -> str:
    """As accounts are called here; empty when it says nothing usable."""
    plain = said.lower()[:_NAME_LENGTH] if isinstance(said, str) else ""
    return _STRANGE.sub("-", plain).strip("-._")
