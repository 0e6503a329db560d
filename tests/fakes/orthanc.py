"""A fake Orthanc on a real socket, which can be made to go wrong in every way a wire can."""

import base64
import socket
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from enum import Enum
from typing import Any, Self

from tests.fakes.exchange import Exchange, Fault
from tests.fakes.plan import Choice, Never
from tests.fakes.routes import Manner, answer, route_of
from tests.fakes.store import Store, Stored
from tests.fakes.wire import Gone, Reply, Request, Wire, json_reply
from tests.waiting import PATIENCE


class Door(Enum):
    """What happens to a connection before any request."""

    OPEN = "served"
    RESET = "accepted, then reset at once"
    CLOSED = "accepted, then closed at once"
    HANGING = "accepted by the kernel, never served"


class FakeOrthanc:
    """`with FakeOrthanc(plan=...) as orthanc: orthanc.store.add(id, data); orthanc.url`.

    `plan`, `door`, `manner`, `credentials` and `idle` may be changed while it runs.
    """

    def __init__(
        self,
        plan: Choice | None = None,
        manner: Manner | None = None,
        idle: float | None = 1.0,
        threads: int | None = None,
    ) -> None:
        self.plan: Choice = plan or Never()
        self.manner = manner or Manner()
        self.idle = idle
        self.door = Door.OPEN
        self.credentials: tuple[str, str] | None = None
        self.store = Store()
        self.answers: dict[str, Reply] = {}
        self.requests: list[Request] = []
        self.faults: list[tuple[int, str, Fault]] = []
        self.connections = self.peak = self.accepted = 0
        self._slots = None if threads is None else threading.Semaphore(threads)
        self._changed = threading.Condition()
        self._closing = threading.Event()
        self._wires: set[Wire] = set()
        self._listener: socket.socket | None = None
        self.port = 0

    def add(self, instance_id: str, data: bytes, md5: str | None = None, **more: Any) -> Stored:
        """Shorthand for `store.add`."""
        return self.store.add(instance_id, data, md5, **more)

    def set_answer(self, route: str, value: object) -> None:
        """A fixed answer for a route such as "GET /plugins" (a Reply, or JSON)."""
        self.answers[route] = value if isinstance(value, Reply) else json_reply(value)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def counts(self) -> Counter[str]:
        """How many requests each route has had, by `routes.route_of`'s names."""
        return Counter(route_of(request) for request in list(self.requests))

    def wait_for(self, connections: int, seconds: float = PATIENCE) -> bool:
        """Until that many connections are open: True, or False when the time is over."""
        with self._changed:
            return self._changed.wait_for(lambda: self.connections == connections, seconds)

    def start(self) -> None:
        """Listen, on the same port as before if there was one."""
        self._closing = threading.Event()
        listener = socket.create_server(("127.0.0.1", self.port), backlog=1024)
        self._listener, self.port = listener, listener.getsockname()[1]
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def kill(self) -> None:
        """As `kill -9`: every connection is reset, and new ones are refused until `start`."""
        self._closing.set()
        if self._listener is not None:
            with suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
        for wire in list(self._wires):
            with suppress(OSError):
                wire.cut()
        self.wait_for(0)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.kill()

    def _accept(self, listener: socket.socket) -> None:
        """The slot is taken before accept: a busy Orthanc leaves callers in the backlog."""
        closing = self._closing
        while not closing.is_set():
            if self._slots is not None:
                self._slots.acquire()
            try:
                sock, _ = listener.accept()
            except OSError:
                return self._release()
            self.accepted += 1
            wire = Wire(sock, closing, self.accepted)
            threading.Thread(target=self._connection, args=(wire,), daemon=True).start()
        return None

    def _connection(self, wire: Wire) -> None:
        with self._counted(wire), suppress(Gone, OSError, ValueError):
            wire.sock.settimeout(PATIENCE)
            wire.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._serve(wire)

    @contextmanager
    def _counted(self, wire: Wire) -> Iterator[None]:
        self._count(wire, 1)
        try:
            yield
        finally:
            wire.sock.close()
            self._count(wire, -1)
            self._release()

    def _release(self) -> None:
        if self._slots is not None:
            self._slots.release()

    def _count(self, wire: Wire, by: int) -> None:
        with self._changed:
            (self._wires.add if by > 0 else self._wires.discard)(wire)
            self.connections += by
            self.peak = max(self.peak, self.connections)
            self._changed.notify_all()

    def _serve(self, wire: Wire) -> None:
        if self.door is Door.RESET:
            return wire.reset()
        if self.door is Door.CLOSED:
            return wire.fin()
        if self.door is Door.HANGING:
            return wire.wait(None)
        while (request := wire.read_request(self.idle)) is not None:
            if not self._respond(wire, request):
                return None
        return None

    def _respond(self, wire: Wire, request: Request) -> bool:
        with self._changed:
            self.requests.append(request)
            number, fault = self.plan.next(request)
            if fault is not None:
                self.faults.append((number, request.target, fault))
        exchange = Exchange(wire, request, self._honest(request), self.store)
        return exchange.send() if fault is None else fault.act(exchange)

    def _honest(self, request: Request) -> Reply:
        keep = "Keep-Alive: timeout=1" if self.idle is not None else "Keep-Alive: timeout=60"
        reply = self.answers.get(f"{request.method} {request.path}")
        if not self._allowed(request.headers):
            reply = Reply(401).with_header("WWW-Authenticate", 'Basic realm="Orthanc Secure Area"')
        reply = reply or answer(request, self.store, self.manner)
        name, _, value = keep.partition(": ")
        first = (("Connection", "keep-alive"), (name, value))
        return Reply(reply.status, reply.body, (*first, *reply.headers))

    def _allowed(self, headers: Mapping[str, str]) -> bool:
        if self.credentials is None:
            return True
        token = base64.b64encode(":".join(self.credentials).encode()).decode()
        return headers.get("authorization") == f"Basic {token}"
