"""An identity provider that says what a test has it say."""

import base64
import hashlib
import json
import threading
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from joserfc import jwk, jws

CLIENT, SECRET = "pacs proxy", "a+secret/with %"
Claims = dict[str, Any]
# From the honest claims to whatever stands in the token's place.
Mint = Callable[[Claims], Any]


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def signed(key: Any, header: dict[str, Any], claims: Claims, alg: str = "") -> str:
    """A token with exactly that header; `alg` is what is really done."""
    real = alg or header["alg"]
    first, second = b64(json.dumps(header).encode()), b64(json.dumps(claims).encode())
    made = jws.JWSRegistry(algorithms=[real]).get_alg(real)
    return f"{first}.{second}.{b64(made.sign(f'{first}.{second}'.encode(), key))}"


def _short() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return jwk.RSAKey.generate_key(1024)


@dataclass
class Question:
    """What the browser was sent with."""

    state: str
    nonce: str
    challenge: str
    said: dict[str, str]


@dataclass
class Provider:
    """`with Provider() as provider`: discovery, keys and a token endpoint on loopback."""

    rsa: Any = field(default_factory=lambda: jwk.RSAKey.generate_key(2048))
    ec: Any = field(default_factory=lambda: jwk.ECKey.generate_key("P-256"))
    small: Any = field(default_factory=_short)
    asked: list[str] = field(default_factory=list)
    discovery: dict[str, Any] = field(default_factory=dict)
    checks_codes: bool = True

    def __post_init__(self) -> None:
        self._codes: dict[str, tuple[Question, Mint | None]] = {}
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                provider.answer(self, "")

            def do_POST(self) -> None:
                provider.answer(self, self.rfile.read(int(self.headers["Content-Length"])).decode())

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def keys(self) -> list[dict[str, Any]]:
        return [
            {**self.rsa.as_dict(private=False), "kid": "rsa", "use": "sig", "alg": "RS256"},
            {**self.ec.as_dict(private=False), "kid": "ec", "use": "sig"},
            {**self.rsa.as_dict(private=False), "kid": "enc", "use": "enc"},
            {**self.small.as_dict(private=False), "kid": "small"},
            {"kty": "oct", "k": b64(b"k" * 32), "kid": "oct"},
            *({**self.ec.as_dict(private=False), "kid": "twice"} for _ in range(2)),
        ]

    def consent(self, question: Question, mint: Mint | None = None) -> str:
        """Somebody signs in: a code, for which `mint` makes the token."""
        code = f"code-{len(self._codes)}"
        self._codes[code] = (question, mint)
        return code

    def honest(self, question: Question) -> Claims:
        now = int(time.time())
        return {
            "iss": self.url,
            "sub": "ann-at-provider",
            "aud": CLIENT,
            "exp": now + 300,
            "iat": now,
            "nonce": question.nonce,
            "acr": "mfa",
            "preferred_username": "Ann Example",
            "realm_access": {"roles": ["other", "radiologists"]},
        }

    def answer(self, to: BaseHTTPRequestHandler, body: str) -> None:
        path = urlsplit(to.path).path
        self.asked.append(path)
        status, said = 200, self._said(path, body, to.headers.get("Authorization", ""))
        if said is None:
            status, said = 400, {"error": "invalid_grant"}
        if isinstance(said, str):
            to.send_response(302)
            to.send_header("Location", said)
            to.send_header("Content-Length", "0")
            to.end_headers()
            return
        data = said if isinstance(said, bytes) else json.dumps(said).encode()
        to.send_response(status)
        to.send_header("Content-Length", str(len(data)))
        to.end_headers()
        try:
            to.wfile.write(data)
        except ConnectionError:
            to.close_connection = True

    def _said(self, path: str, body: str, proof: str) -> Any:
        if path == "/keys":
            return {"keys": self.keys}
        if path == "/token":
            return self._token({name: values[0] for name, values in parse_qs(body).items()}, proof)
        if path != "/.well-known/openid-configuration":
            return {"sub": "ann-at-provider", "realm_access": {"roles": ["radiologists"]}}
        return self.discovery.get("whole") or {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
            "userinfo_endpoint": f"{self.url}/userinfo",
            "end_session_endpoint": f"{self.url}/end",
            **self.discovery,
        }

    def _token(self, form: dict[str, str], proof: str) -> Any:
        question, mint = self._codes[form["code"]]
        if self.checks_codes:
            wanted = "Basic " + base64.b64encode(b"pacs%20proxy:a%2Bsecret%2Fwith%20%25").decode()
            made = b64(hashlib.sha256(form["code_verifier"].encode()).digest())
            del self._codes[form["code"]]
            self._codes["spent"] = (question, None)
            if proof != wanted or made != question.challenge:
                return None
        honest = self.honest(question)
        token = mint(honest) if mint else signed(self.rsa, {"alg": "RS256", "kid": "rsa"}, honest)
        answer = token if isinstance(token, dict | bytes) else {"id_token": token}
        return answer if isinstance(answer, bytes) else {"access_token": "at", **answer}
