"""Who is asked, and who asks: only what our own front proxy says is believed."""

from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacs_proxy.errors import BadRequest
from pacs_proxy.settings import SettingError, Settings
from pacs_proxy.web.callers import Callers

FRONTS = (ip_network("10.0.0.0/29"), ip_network("fd00::7"))


def names(trusted_hosts: str = "", host: str = "127.0.0.1") -> Callers:
    given = {"PACS_PROXY_TRUSTED_HOSTS": trusted_hosts, "PACS_PROXY_HOST": host}
    return Callers(Settings.from_env(given).trusted, ())


@pytest.mark.parametrize(
    "host",
    ["localhost", "LOCALHOST:8080", "127.0.0.1", "[::1]", "[::1]:8080", "[0:0:0:0:0:0:0:1]:1",
     "pacs.example", "Pacs.Example:443", "[2001:db8::5]", "[2001:DB8:0::5]:443", "10.0.0.5"],
)  # fmt: skip
def test_our_names_are_ours_in_every_spelling(host: str) -> None:
    ours = names(trusted_hosts="pacs.example,2001:db8::5", host="10.0.0.5")
    assert ours.mean_us({"HTTP_HOST": host})


@pytest.mark.parametrize(
    "host",
    ["", "evil.example", "x.pacs.example", "pacs.example.", "pacs.example.evil", "pacs.example@x",
     "pacs.example:0", "pacs.example:65536", "pacs.example:", "pacs.example:8080:1", "[::2]", "::1",
     "[::1", "[pacs.example]", "x y", "pacs.example,localhost", "127.0.0.1.evil", "0.0.0.0",
     "pacs.example/", "pacs.example?", "päcs.example", "localhost\t", "[::ffff:127.0.0.1]"],
)  # fmt: skip
def test_other_names_are_refused(host: str) -> None:
    ours = names(trusted_hosts="pacs.example", host="0.0.0.0")
    assert not ours.mean_us({"HTTP_HOST": host})
    with pytest.raises(BadRequest, match="PACS_PROXY_TRUSTED_HOSTS"):
        ours.expect_us({"HTTP_HOST": host})


def test_a_request_without_a_name_is_refused() -> None:
    assert not names().mean_us({})


@pytest.mark.parametrize(
    ("target", "is_ours"),
    [("/x", True), ("http://localhost/x", True), ("http://evil/x", False), ("*", True),
     ("https://localhost@evil/x", False), ("http://localhost:1/x", False), ("/http://evil/", True)],
)  # fmt: skip
def test_an_address_in_the_first_line_must_be_the_same(target: str, is_ours: bool) -> None:
    asked = {"HTTP_HOST": "localhost", "RAW_URI": target}
    assert names().mean_us(asked) is is_ours
    # The data side leaves names to its edge, but one request must not have two.
    assert Callers(None, ()).mean_us(asked) is is_ours


@given(st.text(max_size=30))
def test_no_text_breaks_it(host: str) -> None:
    assert names().mean_us({"HTTP_HOST": host}) in {True, False}


@pytest.mark.parametrize(
    "value",
    [".example.org", "*", "*.example.org", "a.example:8080", "http://a", "a b", "[::x]", "ü"],
)
def test_a_name_that_is_no_exact_name_stops_the_start(value: str) -> None:
    with pytest.raises(SettingError, match="PACS_PROXY_TRUSTED_HOSTS"):
        Settings.from_env({"PACS_PROXY_TRUSTED_HOSTS": value})


@pytest.mark.parametrize("value", ["0.0.0.0/0", "::/0", "proxy", "10.0.0.1/24"])
def test_fronts_are_addresses_and_never_everybody(value: str) -> None:
    with pytest.raises(SettingError, match="PACS_PROXY_FRONT_PROXIES"):
        Settings.from_env({"PACS_PROXY_FRONT_PROXIES": value})


@pytest.mark.parametrize(
    ("peer", "said", "client"),
    [
        ("10.0.0.1", "192.0.2.7", "192.0.2.7"),
        ("fd00::7", "2001:db8::9", "2001:db8::9"),
        ("10.0.0.1", "6.6.6.6, 192.0.2.7", "192.0.2.7"),
        ("10.0.0.1", "6.6.6.6, 192.0.2.7, 10.0.0.2", "192.0.2.7"),
        ("10.0.0.1", "192.0.2.7, nonsense", "10.0.0.1"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("192.0.2.1", "127.0.0.1", "192.0.2.1"),
        ("127.0.0.1", "9.9.9.9", "127.0.0.1"),
        ("10.0.0.8", "9.9.9.9", "10.0.0.8"),
        ("", "9.9.9.9", ""),
    ],
)
def test_the_last_hop_that_is_not_ours_is_the_client(peer: str, said: str, client: str) -> None:
    environ = {"REMOTE_ADDR": peer, "HTTP_X_FORWARDED_FOR": said}
    Callers(None, FRONTS).settle(environ)
    assert environ["REMOTE_ADDR"] == client


def test_without_fronts_nobody_is_believed_and_what_was_said_stays_visible() -> None:
    environ = {"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": "9.9.9.9"}
    Callers(None, Settings().fronts).settle(environ)
    assert environ == {"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": "9.9.9.9"}


def test_the_data_side_has_no_front_but_its_edge() -> None:
    assert Settings(server_role="services", front_proxies="10.0.0.1").fronts == ()
    assert Settings(front_proxies="10.0.0.0/29, fd00::7").fronts == FRONTS
