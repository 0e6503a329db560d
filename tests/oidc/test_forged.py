"""What a provider's word must be like: one honest sign-in, and what is refused with its reason."""

import json
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from sqlalchemy import select

from pacs_proxy import doorkeeper
from pacs_proxy.access import provider as asking
from pacs_proxy.access.permissions import ACCOUNT_ROLES
from pacs_proxy.access.tables import Account
from pacs_proxy.database import Database
from pacs_proxy.errors.oidc import ProviderUnavailable
from pacs_proxy.settings import SettingError, Settings
from pacs_proxy.settings.oidc import ROLES as MAPPED
from tests.fakes import FakeOrthanc
from tests.oidc.forgeries import FORGED, with_
from tests.oidc.scripted import CLIENT, SECRET, Mint, Provider, Question
from tests.server import Answer, Proxy
from tests.services.test_access import PASSWORD, ask, settings, sign_in, until_refused
from tests.services.test_auditing import records
from tests.split import Edge, Services

BACK = "/api/session/oidc/callback"
GIVEN = {
    "sign_in": 1,
    "oidc_client_id": CLIENT,
    "oidc_client_secret": SECRET,
    "oidc_name": "the clinic",
    "oidc_roles_claim": "realm_access.roles",
    "oidc_roles": "radiologists=reader, mtra=technologist,admins=admin",
    "oidc_acr": "mfa hwk",
}


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with Provider() as provider:
        yield provider


@pytest.fixture(autouse=True)
def ordinary(provider: Provider) -> None:
    provider.checks_codes = True
    provider.discovery.clear()


@pytest.fixture(scope="module")
def orthanc() -> Iterator[FakeOrthanc]:
    with FakeOrthanc() as orthanc:
        yield orthanc


def serve(orthanc: FakeOrthanc, provider: Provider, **more: object) -> Proxy:
    made = Proxy(orthanc.url, oidc_issuer=provider.url, **{**GIVEN, **more})
    made.env["PACS_PROXY_OIDC_OWN_URL"] = made.url
    return made


@pytest.fixture(scope="module")
def door(orthanc: FakeOrthanc, provider: Provider) -> Iterator[Proxy]:
    with serve(orthanc, provider) as server:
        yield server


class Browser:
    """Goes where it is sent, by hand."""

    def __init__(self, server: Proxy, provider: Provider) -> None:
        self.server, self.provider = server, provider
        self.cookie = ""

    def begin(self, **headers: str) -> Question:
        answer = ask(self.server, "GET", "/api/session/oidc", headers)
        assert answer.status == 303, answer.body
        self.cookie = answer.headers["Set-Cookie"].partition(";")[0]
        said = dict(parse_qsl(urlsplit(answer.headers["Location"]).query))
        return Question(said["state"], said["nonce"], said["code_challenge"], said)

    def back(self, question: Question, code: str, **more: str) -> Answer:
        query = urlencode({"state": question.state, "code": code, **more})
        return ask(self.server, "GET", f"{BACK}?{query}", {"Cookie": self.cookie})

    def sign_in(self, mint: Mint | None = None) -> Answer:
        question = self.begin()
        return self.back(question, self.provider.consent(question, mint))


@pytest.fixture
def browser(door: Proxy, provider: Provider) -> Browser:
    return Browser(door, provider)


def outcome(server: Proxy) -> tuple[str, str]:
    """The newest record's outcome and its reason."""
    newest = records(server)[-1]
    assert newest["event"] == "session.begun"
    detail = json.loads(newest["detail"]) if isinstance(newest["detail"], str) else newest["detail"]
    return newest["outcome"], detail.get("reason", "")


def refused(server: Proxy, answer: Answer) -> str:
    """Why, once nothing was let in and the address with the code was left."""
    assert answer.status == 303
    assert "Set-Cookie" not in answer.headers
    code, reason = outcome(server)
    assert answer.headers["Location"] == f"/#sign-in={code}"
    return reason


def session_of(server: Proxy, answer: Answer) -> dict[str, Any]:
    mine = {"Cookie": answer.headers["Set-Cookie"].partition(";")[0]}
    told: dict[str, Any] = json.loads(ask(server, "GET", "/api/session", mine).body)
    return told


def test_an_honest_word_lets_in_and_leaves_the_address_with_the_code(
    door: Proxy, browser: Browser, provider: Provider
) -> None:
    question = browser.begin()
    assert question.said["code_challenge_method"] == "S256"
    assert question.said["acr_values"] == "mfa hwk"
    assert question.said["redirect_uri"] == f"{door.url}{BACK}"
    code = provider.consent(question)
    answer = browser.back(question, code)
    assert (answer.status, answer.headers["Location"], answer.body) == (303, "/", b"")
    assert "HttpOnly" in answer.headers["Set-Cookie"]
    assert "SameSite=Strict" in answer.headers["Set-Cookie"]
    told = session_of(door, answer)
    assert (told["name"], told["role"]) == ("ann-example", "reader")
    assert outcome(door) == ("done", "")
    for secret in (question.state, code, question.nonce, "ann-at-provider", SECRET):
        assert secret not in door.log


@pytest.mark.parametrize("kind", FORGED)
def test_what_proves_nothing_is_refused_with_its_reason(
    door: Proxy, browser: Browser, provider: Provider, kind: str
) -> None:
    mint, reason = FORGED[kind]
    del provider.asked[:]
    answer = browser.sign_in(lambda honest: mint(provider, honest))
    assert refused(door, answer) == reason
    assert "/userinfo" not in provider.asked


def test_an_answer_is_taken_once_and_by_the_browser_that_asked(
    door: Proxy, browser: Browser, provider: Provider
) -> None:
    question = browser.begin()
    other = Browser(door, provider)
    other.begin()
    code = provider.consent(question)
    assert refused(door, other.back(question, code)) == "state: unknown"
    assert browser.back(question, code).headers["Location"] == "/"
    assert refused(door, browser.back(question, code)) == "state: unknown"
    assert refused(door, ask(door, "GET", f"{BACK}?code=x", {})) == "state: unknown"


def test_another_browsers_code_is_of_no_use(
    door: Proxy, browser: Browser, provider: Provider
) -> None:
    """The provider sees it by the verifier; where it does not look, we see it by the nonce."""
    theirs = Browser(door, provider).begin()
    mine = browser.begin()
    assert refused(door, browser.back(mine, provider.consent(theirs))) == "code: refused"
    provider.checks_codes = False
    mine = browser.begin()
    assert refused(door, browser.back(mine, provider.consent(theirs))) == "token: nonce"


def test_an_answer_of_another_provider_is_not_taken_for_ours(
    door: Proxy, browser: Browser, provider: Provider
) -> None:
    question = browser.begin()
    answer = browser.back(question, provider.consent(question), iss="https://evil.example")
    assert refused(door, answer) == "answer: other issuer"
    question = browser.begin()
    path = f"{BACK}?state={question.state}&code=a&code=b"
    answer = ask(door, "GET", path, {"Cookie": browser.cookie})
    assert refused(door, answer) == "answer: something twice"
    question = browser.begin()
    assert refused(door, browser.back(question, "x", error="denied")) == "answer: refused there"


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"issuer": "https://evil.example"}, "discovery: other issuer"),
        ({"token_endpoint": "http://pacs.example/token"}, "discovery: unfit endpoint"),
        ({"jwks_uri": "file:///etc/passwd"}, "discovery: unfit endpoint"),
        ({"whole": b"[]"}, "provider: no JSON"),
        ({"whole": "http://127.0.0.1:1/elsewhere"}, "provider: strange status"),
    ],
)
def test_a_strange_provider_is_none(provider: Provider, said: dict[str, Any], reason: str) -> None:
    provider.discovery.update(said)
    found = asking.known(Settings(oidc_issuer=provider.url))
    assert found is not None
    with pytest.raises(ProviderUnavailable) as error:
        found.metadata()
    assert error.value.reason == reason


def test_nobody_waits_long_for_a_provider_that_drips(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each byte comes in time, the answer never."""
    monkeypatch.setattr(asking, "SECONDS", 0.3)
    ended = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def drip() -> None:
            connection, _ = listening.accept()
            with connection, suppress(OSError):
                connection.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
                while not ended.wait(0.02):
                    connection.sendall(b"x")

        thread = threading.Thread(target=drip)
        thread.start()
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        found = asking.known(Settings(oidc_issuer=url))
        began = time.monotonic()
        assert found is not None
        with pytest.raises(ProviderUnavailable, match="could not be proven"):
            found.metadata()
        assert time.monotonic() - began < 30
        ended.set()
        thread.join()


def test_a_page_elsewhere_signs_nobody_in(door: Proxy) -> None:
    for site in ("cross-site", "same-site"):
        headers = {"Sec-Fetch-Site": site}
        assert ask(door, "GET", "/api/session/oidc", headers).status == 403


def accounts(server: Proxy) -> Mapping[str, str]:
    with closing(Database(settings(server).database_address)) as database, database.read() as read:
        return {one.name: one.role for one in read.scalars(select(Account))}


def test_a_name_does_not_open_the_account_that_is_called_so(door: Proxy, browser: Browser) -> None:
    doorkeeper.add_user(settings(door), "boss", "admin", PASSWORD)
    claims = {"sub": "another", "preferred_username": "boss"}
    answer = browser.sign_in(lambda h: with_(**claims)(browser.provider, h))
    told = session_of(door, answer)
    assert told["name"].startswith("boss-")
    assert told["role"] == "reader"
    assert accounts(door)["boss"] == "admin"
    again = browser.sign_in(lambda h: with_(**claims, email="x@y")(browser.provider, h))
    assert session_of(door, again)["name"] == told["name"]
    # None of them has a password, and an empty one is none.
    assert sign_in(door, told["name"], "x").status == 401


def test_roles_are_those_of_the_newest_sign_in(door: Proxy, browser: Browser) -> None:
    def arrive(*roles: str) -> Answer:
        claims = {"sub": "promoted", "preferred_username": "pro", "realm_access": {"roles": roles}}
        return browser.sign_in(lambda h: with_(**claims)(browser.provider, h))

    first = arrive("mtra", "radiologists")
    assert session_of(door, first)["role"] == "technologist"
    assert session_of(door, arrive("radiologists"))["role"] == "reader"
    old = {"Cookie": first.headers["Set-Cookie"].partition(";")[0]}
    assert until_refused(door, old)


def test_who_is_disabled_here_stays_out(door: Proxy, browser: Browser) -> None:
    claims = {"sub": "gone", "preferred_username": "gone"}
    assert browser.sign_in(lambda h: with_(**claims)(browser.provider, h)).headers["Set-Cookie"]
    doorkeeper.change_user(settings(door), "gone", is_disabled=True)
    answer = browser.sign_in(lambda h: with_(**claims)(browser.provider, h))
    assert refused(door, answer) == "account: disabled"


def test_signing_out_leads_to_the_provider(
    door: Proxy, browser: Browser, provider: Provider
) -> None:
    answer = browser.sign_in()
    headers = {
        "Cookie": answer.headers["Set-Cookie"].partition(";")[0],
        "X-Change-Token": session_of(door, answer)["change_token"],
        "Sec-Fetch-Site": "same-origin",
    }
    gone = ask(door, "DELETE", "/api/session", headers)
    assert gone.status == 200
    assert json.loads(gone.body)["elsewhere"].startswith(f"{provider.url}/end?client_id=")
    assert "token" not in gone.body.decode()


@pytest.fixture(scope="module")
def edge(orthanc: FakeOrthanc, provider: Provider) -> Iterator[tuple[Services, Edge]]:
    given = {**GIVEN, "oidc_issuer": provider.url, "local_sign_in": 0}
    data = Services(orthanc.url, **given)  # type: ignore[arg-type]
    edge = Edge(data.url)
    # As behind a front proxy with TLS.
    data.env["PACS_PROXY_OIDC_OWN_URL"] = edge.url.replace("http:", "https:")
    with data, edge:
        yield data, edge


def test_it_works_through_an_edge_that_knows_no_provider(
    edge: tuple[Services, Edge], provider: Provider
) -> None:
    browser = Browser(edge[1], provider)
    answer = browser.sign_in()
    assert browser.cookie.startswith("__Host-pacs-oidc=")
    assert answer.headers["Location"] == "/"
    assert answer.headers["Set-Cookie"].startswith("__Host-pacs-session=")
    assert "Secure" in answer.headers["Set-Cookie"]
    assert session_of(edge[1], answer)["name"] == "ann-example"


def test_where_no_passwords_are_taken_a_right_one_opens_nothing(
    edge: tuple[Services, Edge],
) -> None:
    ways = ask(edge[1], "GET", "/api/session", {}).problem["ways"]
    assert ways == {"password": False, "provider": "the clinic", "set_up": False}
    doorkeeper.add_user(settings(edge[0]), "ann", "reader", PASSWORD)
    assert sign_in(edge[1], "ann").status == 401


def test_only_so_many_are_under_way(edge: tuple[Services, Edge]) -> None:
    answers = [ask(edge[1], "GET", "/api/session/oidc", {}) for _ in range(51)]
    assert "code_challenge=" in answers[48].headers["Location"]
    assert answers[50].headers["Location"] == "/#sign-in=too_many_tries"


@pytest.mark.parametrize(
    ("env", "says"),
    [
        ({"PACS_PROXY_OIDC_ISSUER": "http://login.example"}, "must be an https:// address"),
        ({"PACS_PROXY_OIDC_ISSUER": "https://login.example"}, "PACS_PROXY_OIDC_CLIENT_ID"),
        ({"PACS_PROXY_OIDC_ROLES": "x=king"}, "reader, technologist, admin"),
        ({"PACS_PROXY_OIDC_OWN_URL": "https://a.example/b"}, "https://name"),
        ({"PACS_PROXY_LOCAL_SIGN_IN": "0"}, "nobody comes in"),
    ],
)
def test_what_cannot_work_stops_the_start_with_a_sentence(env: dict[str, str], says: str) -> None:
    with pytest.raises(SettingError, match=says):
        Settings.from_env(env)


def test_the_roles_a_setting_may_name_are_ours() -> None:
    assert tuple(ACCOUNT_ROLES) == MAPPED
