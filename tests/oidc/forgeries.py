"""Tokens that prove nothing, and the reason each must be refused for."""

import hmac
import json
import time
from typing import Any

from joserfc import jwk

from tests.oidc.scripted import CLIENT, Claims, Provider, b64, signed

RSA = {"alg": "RS256", "kid": "rsa"}


def with_(**changed: Any) -> Any:
    """Signed as it should be, with other claims; None takes one away."""

    def mint(provider: Provider, honest: Claims) -> str:
        all_ = {**honest, **changed}
        return signed(provider.rsa, RSA, {k: v for k, v in all_.items() if v is not None})

    return mint


def headed(**more: Any) -> Any:
    return lambda provider, honest: signed(provider.rsa, {**RSA, **more}, honest)


def unsigned(provider: Provider, honest: Claims) -> str:
    return f"{b64(json.dumps({'alg': 'none'}).encode())}.{b64(json.dumps(honest).encode())}."


def keyed_with_the_public_key(provider: Provider, honest: Claims) -> str:
    return hs256(provider.rsa.as_pem(private=False), "rsa", honest)


def with_secret(provider: Provider, honest: Claims) -> str:
    return hs256(b"k" * 32, "oct", honest)


def hs256(key: bytes, kid: str, honest: Claims) -> str:
    """By hand: no library of today would sign with a public key."""
    head = b64(json.dumps({"alg": "HS256", "kid": kid}).encode())
    said = f"{head}.{b64(json.dumps(honest).encode())}"
    return f"{said}.{b64(hmac.digest(key, said.encode(), 'sha256'))}"


def own_key_embedded(provider: Provider, honest: Claims) -> str:
    mine = jwk.ECKey.generate_key("P-256")
    return signed(mine, {"alg": "ES256", "jwk": mine.as_dict(private=False)}, honest)


def changed_after(provider: Provider, honest: Claims) -> str:
    head, _, mark = signed(provider.rsa, RSA, honest).split(".")
    return f"{head}.{b64(json.dumps({**honest, 'sub': 'admin'}).encode())}.{mark}"


def by(key: str, **header: Any) -> Any:
    return lambda provider, honest: signed(getattr(provider, key), header, honest)


def by_another(provider: Provider, honest: Claims) -> str:
    return signed(jwk.RSAKey.generate_key(2048), RSA, honest)


NOW = time.time()
FORGED: dict[str, tuple[Any, str]] = {
    "alg none": (unsigned, "token: alg"),
    "HS256 with the public key": (keyed_with_the_public_key, "token: alg"),
    "HS256 with a published secret": (with_secret, "token: alg"),
    "an alg nobody knows": (
        lambda p, h: signed(p.rsa, {**RSA, "alg": "XX999"}, h, "RS256"),
        "token: alg",
    ),
    "its own key in the header": (own_key_embedded, "token: header brings a key"),
    "jku": (headed(jku="https://evil.example/keys"), "token: header brings a key"),
    "x5u": (headed(x5u="https://evil.example/cert"), "token: header brings a key"),
    "crit": (headed(crit=["exp"]), "token: header brings a key"),
    "another's signature": (by_another, "token: signature"),
    "changed after signing": (changed_after, "token: signature"),
    "the kid of a key of another kind": (
        by("ec", alg="ES256", kid="rsa"),
        "token: key of another kind",
    ),
    "the kid of a key for encryption": (by("rsa", alg="RS256", kid="enc"), "token: kid"),
    "a kid nobody has": (by("rsa", alg="RS256", kid="../rsa"), "token: kid"),
    "a kid two have": (by("ec", alg="ES256", kid="twice"), "token: kid"),
    "no kid where there are many": (by("rsa", alg="RS256"), "token: kid"),
    "a key too short": (by("small", alg="RS256", kid="small"), "token: key too short"),
    "an alg the key is not for": (by("rsa", alg="RS512", kid="rsa"), "token: key of another kind"),
    "wrong issuer": (with_(iss="https://evil.example"), "token: iss"),
    "no issuer": (with_(iss=None), "token: iss"),
    "for another client": (with_(aud="another"), "token: aud"),
    "for several, by another": (with_(aud=[CLIENT, "another"], azp="another"), "token: azp"),
    "for several, by nobody": (with_(aud=[CLIENT, "another"]), "token: azp"),
    "another nonce": (with_(nonce="0" * 64), "token: nonce"),
    "no nonce": (with_(nonce=None), "token: nonce"),
    "expired": (with_(exp=NOW - 3600), "token: exp"),
    "no expiry": (with_(exp=None), "token: exp"),
    "expiry in words": (with_(exp="never"), "token: exp"),
    "not yet valid": (with_(nbf=NOW + 3600), "token: nbf"),
    "from the future": (with_(iat=NOW + 3600), "token: iat"),
    "issued long ago": (with_(iat=NOW - 7200), "token: iat"),
    "no subject": (with_(sub=None), "token: sub"),
    "an empty subject": (with_(sub=""), "token: sub"),
    "a subject that is no text": (with_(sub=["x"]), "token: sub"),
    "another access token's hash": (with_(at_hash="AAAAAAAAAAAAAAAAAAAAAA"), "token: at_hash"),
    "acr too low": (with_(acr="pwd"), "token: acr"),
    "no acr": (with_(acr=None), "token: acr"),
    "no role of ours": (with_(realm_access={"roles": ["cooks"]}), "token: no role"),
    "roles in userinfo only": (with_(realm_access=None), "token: no role"),
    "no token at all": (lambda p, h: {}, "token: none"),
    "no text of a token": (lambda p, h: {"id_token": 7}, "token: none"),
    "an encrypted one": (lambda p, h: "a.b.c.d.e", "token: not a signed one"),
    "not JSON": (lambda p, h: b"[" * 9999, "provider: no JSON"),
    "an answer without end": (lambda p, h: b" " * (1 << 20), "provider: no answer"),
}
