"""The tree of errors: each class says its HTTP answer, and all can be read by people."""

import importlib
import pkgutil
from collections.abc import Iterator
from http import HTTPStatus

import pytest

from pacs_proxy import errors
from pacs_proxy.errors import PacsProxyError, RangeNotSatisfiable
from pacs_proxy.errors.uploads import LimitExceeded
from pacs_proxy.upstream.interest import Abandoned

for part in pkgutil.iter_modules(errors.__path__, f"{errors.__name__}."):
    importlib.import_module(part.name)


def tree(root: type[PacsProxyError] = PacsProxyError) -> Iterator[type[PacsProxyError]]:
    yield root
    for child in root.__subclasses__():
        yield from tree(child)


# tus 1.0 made it up; no RFC knows it.
TUS_CHECKSUM = 460
CLASSES = sorted(set(tree()) - {Abandoned}, key=lambda kind: kind.__name__)


@pytest.mark.parametrize("kind", CLASSES)
def test_each_error_has_a_status_a_code_and_a_title(kind: type[PacsProxyError]) -> None:
    assert kind.status == TUS_CHECKSUM or HTTPStatus(kind.status) >= 400
    assert kind.code.replace("_", "").isalpha()
    assert kind.code.islower()
    assert kind.title
    assert not kind.title.endswith(".")


def test_only_what_may_pass_is_retryable() -> None:
    assert {kind.__name__ for kind in CLASSES if kind.retryable} == {
        "Unreachable", "Silent", "Interrupted", "Stalled", "Corrupt", "Busy", "BodyStalled",
        "DatabaseUnavailable", "AuditUnavailable",
        "UploadBusy", "ChecksumMismatch", "StagingFailed", "TooManyOpen", "TooManyTries",
        "ServicesUnreachable", "ServicesInterrupted", "ProviderUnavailable",
    }  # fmt: skip


def test_every_503_is_retryable_and_few_4xx_are() -> None:
    for kind in CLASSES:
        assert kind.retryable or kind.status != 503
        assert not kind.retryable or kind.status in {408, 423, 429, 460, 502, 503}


def test_an_error_reads_as_its_detail() -> None:
    error = errors.Unreachable("It is away.", retry_after=3)
    assert (str(error), error.detail, error.retry_after) == ("It is away.", "It is away.", 3)


def test_a_range_behind_the_end_knows_the_size() -> None:
    assert RangeNotSatisfiable("behind", 12).size == 12


def test_a_limit_is_told_with_what_was_asked() -> None:
    error = LimitExceeded("Too much.", 10, 11)
    assert (error.limit, error.got) == (10, 11)
