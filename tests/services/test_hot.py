"""The short way in front of Flask answers exactly as the long way through it does."""

from random import Random

import pytest

from tests.fakes import Always, FakeOrthanc, faults
from tests.server import Answer, Proxy

ID = "f689ddd2-662f8fe1-8b18180d-ec2a2cee-937917af"
GONE = "00000000-00000000-00000000-00000000-00000000"
DATA = bytes(128) + b"DICM" + Random(3).randbytes(60_000)
# What differs between any two answers, and the words that quote it.
OWN = {"Date", "X-Request-Id"}


@pytest.fixture(autouse=True)
def stored(orthanc: FakeOrthanc) -> str:
    return orthanc.add(ID, DATA).md5


def both_ways(server: Proxy, path: str, headers: dict[str, str]) -> list[Answer]:
    """A query, and a request has to go the long way."""
    return [server.get(path, headers), server.get(f"{path}?a=b", headers)]


def seen(answer: Answer) -> tuple[object, ...]:
    headers = sorted(pair for pair in answer.headers.items() if pair[0] not in OWN)
    if answer.status < 400:
        return answer.status, headers, answer.body
    return answer.status, headers, {**answer.problem, "request_id": ""}


@pytest.mark.parametrize("kind", ["file", "display"])
@pytest.mark.parametrize(
    "headers",
    [{}, {"Range": "bytes=5-70"}, {"Range": "bytes=99999999-"}, {"If-None-Match": "*"},
     {"Range": "bytes=0-9", "If-Range": '"other"'}, {"X-HTTP-Method-Override": "DELETE"}],
)  # fmt: skip
def test_both_ways_give_the_same_answer(server: Proxy, kind: str, headers: dict[str, str]) -> None:
    short, long = both_ways(server, f"/api/pacs/instances/{ID}/{kind}", headers)
    assert seen(short) == seen(long)


@pytest.mark.parametrize("kind", ["file", "display"])
def test_both_ways_fail_alike(server: Proxy, orthanc: FakeOrthanc, kind: str) -> None:
    short, long = both_ways(server, f"/api/pacs/instances/{GONE}/{kind}", {})
    assert seen(short) == seen(long)
    assert short.status == 404
    orthanc.add(OTHER, DATA[::-1])
    orthanc.plan = Always(faults.status(401))
    short, long = both_ways(server, f"/api/pacs/instances/{OTHER}/{kind}", {})
    assert seen(short) == seen(long)
    assert short.status == 502


OTHER = "a689ddd2-662f8fe1-8b18180d-ec2a2cee-937917af"


def test_both_ways_are_counted_alike(server: Proxy) -> None:
    path = f"/api/pacs/instances/{ID}/file"
    rule = "/api/pacs/instances/<instance>/file"
    name = f'pacs_http_requests_total{{route="{rule}",status="200"}}'
    before = server.metric(name)
    both_ways(server, path, {})
    assert server.metric(name) == before + 2
