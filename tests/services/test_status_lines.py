"""Every error of ours can begin an answer, the one that nobody reads too."""

from collections.abc import Iterator

from pacs_proxy.errors import PacsProxyError, access, oidc, uploads, wire
from pacs_proxy.services.headers import STATUS, head
from pacs_proxy.upstream.interest import Abandoned

# Of all modules, whatever else has been imported by now.
ALL = (access, oidc, uploads, wire)


def kinds(of: type[PacsProxyError]) -> Iterator[type[PacsProxyError]]:
    yield of
    for kind in of.__subclasses__():
        yield from kinds(kind)


def test_every_error_has_its_words_in_a_status_line() -> None:
    found = list(kinds(PacsProxyError))
    assert {one.__name__ for one in ALL} <= {kind.__module__ for kind in found}
    assert [kind for kind in found if kind.status not in STATUS] == []


def test_a_client_that_left_costs_no_error_of_ours() -> None:
    assert head(Abandoned.status, {}).startswith(b"HTTP/1.1 499 ")
