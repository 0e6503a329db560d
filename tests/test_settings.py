"""Settings are read strictly, and what is wrong is said in one sentence without secrets."""

from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacs_proxy.settings import SettingError, Settings


def test_an_empty_environment_gives_the_defaults() -> None:
    assert Settings.from_env({}) == Settings()


def test_foreign_variables_are_none_of_our_business() -> None:
    assert Settings.from_env({"PATH": "/bin", "ORTHANC_NAME": "x"}) == Settings()


@pytest.mark.parametrize("name", ["PACS_PROXY_PROT", "PACS_PROXY_", "PACS_PROXY_STALL_SECOND"])
def test_a_name_that_is_no_setting_is_refused(name: str) -> None:
    with pytest.raises(SettingError, match=name):
        Settings.from_env({name: "1"})


@pytest.mark.parametrize("name", ["PACS_PROXY_CORPUS", "PACS_PROXY_TRIXIE"])
def test_names_that_steer_tests_are_let_pass(name: str) -> None:
    assert Settings.from_env({name: "/somewhere"}) == Settings()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ORTHANC_URL", ""),
        ("ORTHANC_URL", "127.0.0.1:8042"),
        ("ORTHANC_URL", "ftp://a"),
        ("ORTHANC_URL", "http://"),
        ("ORTHANC_URL", "http://a,"),
        ("PACS_PROXY_PORT", "0"),
        ("PACS_PROXY_PORT", "70000"),
        ("PACS_PROXY_PORT", "http"),
        ("PACS_PROXY_SIGN_IN", "maybe"),
        ("PACS_PROXY_ALLOW_OPEN", "maybe"),
        ("PACS_PROXY_WORKERS", "0"),
        ("PACS_PROXY_THREADS", "-1"),
        ("PACS_PROXY_STALL_SECONDS", "0"),
        ("PACS_PROXY_STALL_SECONDS", "nan"),
        ("PACS_PROXY_STALL_SECONDS", "inf"),
        ("PACS_PROXY_STALL_SECONDS", "86400"),
        ("PACS_PROXY_RETRY_SHARE", "1.1"),
        ("PACS_PROXY_RETRY_SHARE", "nan"),
        ("PACS_PROXY_RETRY_RATE", "-1"),
        ("PACS_PROXY_SPOOL_BYTES", "1 GiB"),
    ],
)
def test_a_bad_value_is_named_with_its_rule(name: str, value: str) -> None:
    with pytest.raises(SettingError) as caught:
        Settings.from_env({name: value})
    text = str(caught.value)
    assert text.startswith(f"{name}={value!r} cannot be used: ")
    assert text.endswith(".")
    assert "\n" not in text


@pytest.mark.parametrize(
    "env",
    [
        {"ORTHANC_URL": "http://reader:sesame@archive:8042"},
        {"ORTHANC_URL": "http://archive,http://:sesame@other"},
    ],
)
def test_a_password_in_an_address_is_refused_and_not_shown(env: dict[str, str]) -> None:
    with pytest.raises(SettingError, match="ORTHANC_PASSWORD") as caught:
        Settings.from_env(env)
    assert "sesame" not in str(caught.value)


def test_no_password_is_in_what_settings_print() -> None:
    settings = Settings.from_env({"ORTHANC_PASSWORD": "sesame", "ORTHANC_USERNAME": "reader"})
    assert settings.orthanc_password == "sesame"
    assert "sesame" not in f"{settings!r}{settings}"


@given(st.sampled_from([f.metadata["env"] for f in fields(Settings)]), st.text(max_size=30))
def test_any_text_is_a_value_or_a_sentence(name: str, value: str) -> None:
    problem = ""
    try:
        Settings.from_env({name: value})
    except SettingError as error:
        problem = str(error)
    assert not problem or (problem.startswith(name) and problem.endswith("."))


def test_nodes_are_addresses_without_a_slash_at_the_end() -> None:
    settings = Settings.from_env({"ORTHANC_URL": "http://a:8042/, https://b/orthanc/"})
    assert settings.nodes == ("http://a:8042", "https://b/orthanc")


def test_more_nodes_than_the_machine_keeps_count_of_are_refused() -> None:
    with pytest.raises(SettingError, match="32"):
        Settings.from_env({"ORTHANC_URL": ",".join(f"http://a{n}" for n in range(33))})


@pytest.mark.parametrize(
    ("host", "is_open"),
    [("127.0.0.1", False), ("::1", False), ("localhost", False), ("0.0.0.0", True), ("::", True)],
)
def test_only_loopback_is_closed(host: str, is_open: bool) -> None:
    assert Settings(host=host).is_open is is_open


def test_named_hosts_are_trusted_besides_this_machine() -> None:
    settings = Settings(trusted_hosts="pacs.example, viewer.example,", host="10.0.0.5")
    assert set(settings.trusted) >= {
        "localhost", "127.0.0.1", "10.0.0.5", "pacs.example", "viewer.example",
    }  # fmt: skip
    assert "" not in settings.trusted


def test_every_setting_has_a_sentence_of_help_and_a_default_it_would_accept() -> None:
    for field in fields(Settings):
        assert field.metadata["help"].endswith(".")
        if field.name not in {"workers", "sign_in", "allow_open"}:
            assert field.metadata["parse"](str(field.default)) == field.default
