"""Something between browser and proxy that answers otherwise: a portal, a firewall, a bug."""

import http.client
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from tests.fakes import FakeOrthanc, Reply, Request
from tests.fakes.exchange import Fault

HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length"}


class Script:
    """For each instance the faults of its first answers; a single Fault stands for all answers."""

    def __init__(self, what: str, faults: Mapping[str, Fault | Sequence[Fault | None]]) -> None:
        self._what, self._faults = what, dict(faults)
        self._asked: dict[str, int] = {}
        self.done = 0

    def next(self, request: Request) -> tuple[int, Fault | None]:
        """What befalls this request."""
        parts = request.path.strip("/").split("/")
        # On a link that is slow today, the same file is asked for in fewer bytes.
        what = "display" if parts[-1] == "compact" else parts[-1]
        if parts[:3] != ["api", "pacs", "instances"] or what != self._what:
            return -1, None
        fault = self._chosen(parts[3])
        self.done += fault is not None
        return self.done, fault

    def _chosen(self, instance: str) -> Fault | None:
        number = self._asked.get(instance, 0)
        self._asked[instance] = number + 1
        faults = self._faults.get(instance, ())
        if isinstance(faults, Fault):
            return faults
        return faults[number] if number < len(faults) else None


class Meddler(FakeOrthanc):
    """The fake's wire and faults before the real proxy: `Meddler(proxy.url)`, then set `plan`."""

    def __init__(self, behind: str) -> None:
        super().__init__(idle=None)
        self._behind = urlsplit(behind).netloc

    def _honest(self, request: Request) -> Reply:
        """What the proxy itself says."""
        kept = {n: v for n, v in request.headers.items() if n not in HOP_BY_HOP}
        connection = http.client.HTTPConnection(self._behind, timeout=60)
        try:
            connection.request(request.method, request.target, request.body, kept)
            answer = connection.getresponse()
            headers = [(n, v) for n, v in answer.getheaders() if n.lower() not in HOP_BY_HOP]
            return Reply(answer.status, answer.read(), tuple(headers))
        finally:
            connection.close()
