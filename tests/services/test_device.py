"""The key for what a browser keeps: the session's own, and nobody's once it has ended."""

import base64
import json
import time
from collections.abc import Iterator

import pytest

from pacs_proxy import doorkeeper
from tests.fakes import FakeOrthanc
from tests.server import Proxy
from tests.services.test_access import PASSWORD, ask, cookie, settings, sign_in
from tests.waiting import PATIENCE

PATH = "/api/session/device"


@pytest.fixture(scope="module")
def server() -> Iterator[Proxy]:
    with FakeOrthanc() as orthanc, Proxy(orthanc.url, sign_in=1, workers=2) as server:
        doorkeeper.add_user(settings(server), "ann", "reader", PASSWORD)
        yield server


def test_a_session_has_one_key_and_another_session_another(server: Proxy) -> None:
    one, other = (cookie(sign_in(server, "ann")) for _ in range(2))
    told = [json.loads(ask(server, "GET", PATH, who).body) for who in (one, one, other)]
    keys = [base64.b64decode(each["key"]) for each in told]
    assert keys[0] == keys[1] != keys[2]
    assert {len(key) for key in keys} == {32}
    assert told[0]["seconds"] == 12 * 3600
    assert told[0]["bytes"] == 2 << 30


def test_who_signed_out_is_given_no_key_and_what_was_kept_is_cleared(server: Proxy) -> None:
    who = cookie(sign_in(server, "ann"))
    answer = ask(server, "GET", PATH, who)
    assert answer.headers["Cache-Control"] == "private, no-store"
    gone = ask(server, "DELETE", "/api/session", who)
    assert '"storage"' in gone.headers["Clear-Site-Data"]
    # The other worker believes for two seconds what it read.
    until = time.monotonic() + PATIENCE
    while ask(server, "GET", PATH, who).status != 401:
        assert time.monotonic() < until
        time.sleep(0.1)


def test_nothing_is_kept_where_nobody_signs_in_or_the_house_does_not_want_it() -> None:
    with FakeOrthanc() as orthanc:
        with Proxy(orthanc.url) as open_server:
            assert open_server.get(PATH).problem["code"] == "nothing_kept"
        with Proxy(orthanc.url, sign_in=1, device_bytes=0) as strict:
            doorkeeper.add_user(settings(strict), "ann", "reader", PASSWORD)
            who = cookie(sign_in(strict, "ann"))
            assert ask(strict, "GET", PATH, who).problem["code"] == "nothing_kept"
