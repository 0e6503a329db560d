"""Settings of the roles that contradict each other stop the start with a sentence."""

import pytest

from pacs_proxy.settings import SettingError, Settings

KEY = "0123456789abcdef0123456789abcdef"
WEB = {"SERVER_ROLE": "web", "SERVICES_URL": "http://10.0.0.2:8080", "INTERNAL_API_KEY": KEY}
SERVICES = {"SERVER_ROLE": "services", "INTERNAL_API_KEY": KEY}


def test_one_server_is_the_default() -> None:
    settings = Settings.from_env({})
    assert (settings.server_role, settings.is_edge, settings.is_data_side) == ("all", False, False)


def test_each_role_starts_with_what_it_needs() -> None:
    assert Settings.from_env(WEB).is_edge
    assert Settings.from_env({**SERVICES, "ORTHANC_URL": "http://a:1"}).is_data_side


@pytest.mark.parametrize(
    ("env", "words"),
    [
        ({"SERVER_ROLE": "edge"}, "must be all, web or services"),
        ({"SERVER_ROLE": "web", "INTERNAL_API_KEY": KEY}, "needs SERVICES_URL"),
        ({"SERVER_ROLE": "web", "SERVICES_URL": "http://a"}, "needs INTERNAL_API_KEY"),
        ({"SERVER_ROLE": "services"}, "needs INTERNAL_API_KEY"),
        ({**SERVICES, "SERVICES_URL": "http://a"}, "SERVICES_URL means nothing"),
        ({"INTERNAL_API_KEY": KEY}, "INTERNAL_API_KEY means nothing with SERVER_ROLE=all"),
        ({"SERVICES_URL": "http://a"}, "SERVICES_URL means nothing"),
        ({**WEB, "ORTHANC_URL": "http://a"}, "ORTHANC_URL means nothing with SERVER_ROLE=web"),
        ({**WEB, "ORTHANC_PASSWORD": "x"}, "ORTHANC_PASSWORD means nothing"),
        ({**WEB, "DATABASE_URL": "postgresql://a/b"}, "DATABASE_URL means nothing"),
        ({**WEB, "PACS_PROXY_DATA_DIR": "/a"}, "PACS_PROXY_DATA_DIR means nothing"),
        ({**WEB, "PACS_PROXY_SPOOL_DIR": "/a"}, "PACS_PROXY_SPOOL_DIR means nothing"),
        ({**WEB, "SERVICES_URL": "http://a,http://b"}, "must be one"),
        ({**WEB, "SERVICES_URL": "10.0.0.2:8080"}, "must be http"),
        ({**WEB, "INTERNAL_API_KEY": "short"}, "32 or more letters and digits"),
        ({**WEB, "INTERNAL_API_KEY": KEY + "!"}, "letters and digits"),
        ({**WEB, "INTERNAL_API_KEY": f"{KEY},{KEY},{KEY}"}, "one key, or the old and the new"),
    ],
    ids=str,
)
def test_a_contradiction_is_said(env: dict[str, str], words: str) -> None:
    with pytest.raises(SettingError, match=words) as caught:
        Settings.from_env(env)
    assert KEY not in str(caught.value)


def test_what_is_set_to_nothing_is_not_set() -> None:
    assert Settings.from_env({**WEB, "ORTHANC_PASSWORD": "", "DATABASE_URL": ""}).is_edge


def test_a_key_is_never_shown() -> None:
    assert KEY not in repr(Settings.from_env(WEB))


def test_the_edge_shows_the_first_of_its_keys() -> None:
    other = KEY[::-1]
    settings = Settings.from_env({**SERVICES, "INTERNAL_API_KEY": f"{KEY}, {other}"})
    assert settings.internal_keys == (KEY, other)
