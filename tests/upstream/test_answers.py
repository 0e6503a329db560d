"""What Orthanc's answers mean, and which bodies may continue which file."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacs_proxy.errors import (
    Changed,
    Corrupt,
    Forbidden,
    Interrupted,
    NotFound,
    PacsProxyError,
    Refused,
    Unreachable,
)
from pacs_proxy.upstream.answers import (
    Description,
    check_file,
    description,
    expect_success,
    parse_json,
)
from pacs_proxy.upstream.wire import Head

MD5, UUID = "0123456789abcdef0123456789abcdef", "01234567-0123-0123-0123-0123456789ab"
WANTED = Description("i", 1000, MD5, UUID)
UNVERIFIED = Description("i", 1000, None, UUID)
TAG = f'"0-{MD5}"'
INFO = {"UncompressedSize": 1000, "UncompressedMD5": MD5, "Uuid": UUID}


def head(status: int, length: int = 0, **headers: str) -> Head:
    return Head(status, {n.replace("_", "-"): v for n, v in headers.items()}, length)


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (401, Refused), (403, Forbidden), (404, NotFound), (204, Refused), (301, Refused),
        (302, Refused), (304, Refused), (405, Refused), (410, Refused), (501, Refused),
        (400, Interrupted), (500, Interrupted),
        (408, Unreachable), (425, Unreachable), (429, Unreachable),
        (502, Unreachable), (503, Unreachable), (504, Unreachable),
    ],
)  # fmt: skip
def test_each_status_has_its_meaning(status: int, error: type[PacsProxyError]) -> None:
    with pytest.raises(error) as caught:
        expect_success(head(status))
    assert type(caught.value) is error


@pytest.mark.parametrize("status", [200, 206])
def test_success_is_success(status: int) -> None:
    expect_success(head(status))


@given(st.integers(100, 999))
def test_no_other_status_passes_for_success(status: int) -> None:
    if status not in {200, 206}:
        with pytest.raises(PacsProxyError):
            expect_success(head(status))


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7.0), (" 7 ", 7.0), ("0", 0.0), ("", None), ("-1", None), ("1.5", None), ("٣", None),
        ("999999999", None), ("Fri, 20 Nov 2026 10:00:00 GMT", None),
    ],
)  # fmt: skip
def test_retry_after_is_whole_seconds_or_nothing(value: str, seconds: float | None) -> None:
    with pytest.raises(Unreachable) as caught:
        expect_success(head(503, retry_after=value))
    assert caught.value.retry_after == seconds


def test_the_whole_file_is_skipped_up_to_the_offset() -> None:
    assert check_file(head(200, 1000, etag=TAG), WANTED, 0) == 0
    assert check_file(head(200, 1000, etag=TAG), WANTED, 400) == 400


def test_a_part_must_continue_exactly_there() -> None:
    good = {"etag": TAG, "content_range": "bytes 400-999/1000"}
    assert check_file(head(206, 600, **good), WANTED, 400) == 0
    for wrong in (
        "bytes 401-999/1000",
        "bytes 400-998/1000",
        "bytes 400-999/1001",
        "bytes 400-999/*",
        "bytes */1000",
        "400-999/1000",
        "",
    ):
        with pytest.raises(Interrupted):
            check_file(head(206, 600, etag=TAG, content_range=wrong), WANTED, 400)


@pytest.mark.parametrize(
    ("status", "length", "at"), [(200, 999, 0), (200, 1001, 0), (200, 600, 400), (206, 599, 400)]
)
def test_a_length_that_does_not_fit_is_evidence(status: int, length: int, at: int) -> None:
    answer = head(status, length, etag=TAG, content_range="bytes 400-999/1000")
    with pytest.raises(Corrupt) as caught:
        check_file(answer, WANTED, at)
    assert caught.value.evidence == f"length {length}"


@pytest.mark.parametrize("tag", [f'"0-{MD5[::-1]}"', '"0-"', MD5, f'"0-{MD5}x"', '"other"'])
def test_another_etag_is_another_object(tag: str) -> None:
    with pytest.raises(Changed):
        check_file(head(200, 1000, etag=tag), WANTED, 0)


def test_no_etag_at_all_is_no_orthanc() -> None:
    with pytest.raises(Interrupted):
        check_file(head(200, 1000), WANTED, 0)


def test_where_no_digest_is_kept_the_tag_says_nothing() -> None:
    assert check_file(head(200, 1000, etag='"0-"'), UNVERIFIED, 0) == 0


def test_a_revision_does_not_change_the_bytes() -> None:
    assert check_file(head(200, 1000, etag=f'"17-{MD5}"'), WANTED, 0) == 0


def test_a_description_is_read_with_and_without_a_digest() -> None:
    assert description("i", INFO) == WANTED
    assert description("i", {**INFO, "UncompressedMD5": ""}) == UNVERIFIED
    assert description("i", {**INFO, "UncompressedSize": "1000"}) == WANTED


@pytest.mark.parametrize(
    "change",
    [
        {"UncompressedSize": 0}, {"UncompressedSize": -1}, {"UncompressedSize": "x"},
        {"UncompressedSize": None}, {"UncompressedMD5": None}, {"UncompressedMD5": MD5.upper()},
        {"UncompressedMD5": MD5 + "\n"}, {"Uuid": ""}, {"Uuid": "../../etc/passwd"},
        {"Uuid": UUID + "/x"}, {"Uuid": None}, {"Uuid": 5},
    ],
)  # fmt: skip
def test_an_odd_description_is_no_description(change: dict[str, Any]) -> None:
    with pytest.raises(Interrupted):
        description("i", {**INFO, **change})


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.floats(), st.integers(), st.text()),
    lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.text(), inner)),
    max_leaves=5,
)


@given(JSON)
def test_no_json_is_read_as_a_description_by_accident(info: Any) -> None:
    with pytest.raises(Interrupted):
        description("i", info)


@given(st.binary(max_size=50))
def test_bytes_are_json_or_an_interruption(data: bytes) -> None:
    try:
        parse_json(data)
    except PacsProxyError as error:
        failure: type[PacsProxyError] | None = type(error)
    else:
        failure = None
    assert failure in {None, Interrupted}


def test_json_nested_too_deeply_is_an_interruption() -> None:
    with pytest.raises(Interrupted):
        parse_json(b"[" * 100_000)
