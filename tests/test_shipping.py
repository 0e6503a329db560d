"""The journal reaches an audit repository over TLS, whole, whatever is away or killed."""

import os
import re
import shutil
import signal
import socket
import sqlite3
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Self
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacs_proxy.access import atna, records
from pacs_proxy.access.records import Asker, Event, Study
from pacs_proxy.demo.orthanc import free_port
from pacs_proxy.settings import SettingError, Settings
from tests.fakes import FakeOrthanc
from tests.fakes.store import orthanc_id
from tests.server import ROOT, Proxy
from tests.waiting import PATIENCE, until

needs_openssl = pytest.mark.skipif(
    shutil.which("openssl") is None, reason="apt-get install openssl"
)
_FRAME = re.compile(rb"(\d+) ")
_HEAD = re.compile(
    rb"<85>1 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z \S+ pacs-proxy \d+ DICOM\+RFC3881 "
    rb'\[meta sequenceId="(\d+)"\] \xef\xbb\xbf(<\?xml.*)\Z',
    re.DOTALL,
)


class Repository:
    """A receiver that can go away; `messages` by their sequence, own activity apart."""

    def __init__(self, tls: Path) -> None:
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(tls / "fullchain.pem", tls / "privkey.pem")
        self.port, self.order = free_port(), list[int]()
        self.messages: dict[int, ElementTree.Element] = {}
        self.activity: list[str] = []
        self._listener: socket.socket | None = None
        self._open: list[socket.socket] = []

    def __enter__(self) -> Self:
        self._listener = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        assert self._listener
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for sock in self._open:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()
        self._open.clear()

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                plain, _ = listener.accept()
                threading.Thread(target=self._take, args=(plain,), daemon=True).start()

    def _take(self, plain: socket.socket) -> None:
        with suppress(OSError, ValueError):
            sock = self.context.wrap_socket(plain, server_side=True)
            self._open.append(sock)
            data = b""
            while piece := sock.recv(1 << 16):
                data = self._frames(data + piece)

    def _frames(self, data: bytes) -> bytes:
        while (found := _FRAME.match(data)) and len(data) >= found.end() + int(found[1]):
            end = found.end() + int(found[1])
            self._keep(data[found.end() : end])
            data = data[end:]
        return data

    def _keep(self, frame: bytes) -> None:
        head = _HEAD.match(frame)
        assert head, frame
        message = ElementTree.fromstring(head[2])
        event = message.find("EventIdentification/EventID")
        assert event is not None
        if event.get("csd-code") == "110100":
            kind = message.find("EventIdentification/EventTypeCode")
            self.activity.append("" if kind is None else kind.get("csd-code", ""))
            return
        self.order.append(int(head[1]))
        self.messages[int(head[1])] = message


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run([ROOT / "edge" / "certificate", folder], check=True, timeout=PATIENCE)
    return folder


@pytest.fixture
def server(tls: Path) -> Iterator[tuple[FakeOrthanc, Proxy, Repository]]:
    repository = Repository(tls)
    more = {
        "audit_syslog": f"localhost:{repository.port}",
        "audit_syslog_ca": tls / "fullchain.pem",
    }
    with FakeOrthanc() as orthanc, Proxy(orthanc.url, workers=2, **more) as server:
        yield orthanc, server, repository


def opened(orthanc: FakeOrthanc, server: Proxy, number: int) -> None:
    tags = dict.fromkeys(("StudyInstanceUID", "SeriesInstanceUID"), f"1.2.{number}")
    instance = orthanc_id("shipped", str(number))
    data = bytes(128) + b"DICM" + bytes(2000)
    orthanc.add(instance, data, tags={**tags, "PatientID": f"P{number}"})
    assert server.file(instance).status == 200


def journal(server: Proxy) -> set[int]:
    with closing(sqlite3.connect(server.data / "pacs-proxy.db")) as plain:
        return {number for (number,) in plain.execute("SELECT seq FROM audit")}


@needs_openssl
def test_every_record_arrives_although_receiver_and_sender_were_away(
    server: tuple[FakeOrthanc, Proxy, Repository],
) -> None:
    orthanc, proxy, repository = server
    for number in range(5):
        opened(orthanc, proxy, number)
    with repository:
        until(lambda: set(repository.messages) == journal(proxy))
        opened(orthanc, proxy, 5)
        until(lambda: set(repository.messages) == journal(proxy))
    for number in range(6, 9):
        opened(orthanc, proxy, number)
    for worker in proxy.workers:
        os.kill(worker, signal.SIGKILL)
    proxy.wait_until_up()
    opened(orthanc, proxy, 9)
    with repository:
        until(lambda: set(repository.messages) == journal(proxy))
    patients = {
        found.get("ParticipantObjectID")
        for message in repository.messages.values()
        for found in message.findall("ParticipantObjectIdentification")
        if found.get("ParticipantObjectTypeCode") == "1"
    }
    assert patients == {f"P{number}" for number in range(10)}
    assert repository.activity.count("110120") >= 2


@needs_openssl
def test_a_repository_that_nobody_vouches_for_gets_nothing(tmp_path: Path, tls: Path) -> None:
    subprocess.run([ROOT / "edge" / "certificate", tmp_path], check=True, timeout=PATIENCE)
    stranger = Repository(tmp_path)
    more = {"audit_syslog": f"localhost:{stranger.port}", "audit_syslog_ca": tls / "fullchain.pem"}
    with stranger, FakeOrthanc() as orthanc, Proxy(orthanc.url, **more) as server:
        opened(orthanc, server, 1)
        until(lambda: "SSLCertVerificationError" in server.log)
        assert (stranger.order, stranger.activity) == ([], [])


def shown(event: Event, seq: int = 7) -> ElementTree.Element:
    return ElementTree.fromstring(atna.message(event.values(seq, 1_790_000_000.5)))


ANN = Asker("ann", "s1", "192.0.2.7", "r1")


@pytest.mark.parametrize(
    ("event", "outcome", "code", "action", "indicator"),
    [
        (records.STUDY_READ, "done", "110103", "R", "0"),
        (records.STUDY_EXPORTED, "done", "110106", "R", "0"),
        (records.STUDY_COUNTED, "done", "110104", "R", "0"),
        (records.STUDY_DELETED, "begun", "110105", "D", "0"),
        (records.STUDY_DELETED, "archive_unreachable", "110105", "D", "4"),
        (records.SEARCH, "done", "110112", "E", "0"),
        (records.SIGN_IN, "sign_in_refused", "110114", "E", "4"),
        (records.SIGN_OUT, "done", "110114", "E", "0"),
        (records.DENIED, "done", "110113", "E", "4"),
        (records.AUDIT_USED, "done", "110101", "R", "0"),
        ("something.new", "done", "110113", "E", "0"),
    ],
)
def test_each_event_is_what_ps3_15_calls_it(
    event: str, outcome: str, code: str, action: str, indicator: str
) -> None:
    message = shown(Event(event, ANN, Study("a", "1.2", "P1"), outcome, {"x": 1}))
    what = message.find("EventIdentification")
    assert what is not None
    assert (what.get("EventActionCode"), what.get("EventOutcomeIndicator")) == (action, indicator)
    assert what.get("EventDateTime") == "2026-09-21T14:13:20.500+00:00"
    named = what.find("EventID")
    assert named is not None
    assert (named.get("csd-code"), named.get("codeSystemName")) == (code, "DCM")
    who = message.find("ActiveParticipant")
    assert who is not None
    assert (who.get("UserID"), who.get("NetworkAccessPointID")) == ("ann", "192.0.2.7")
    ids = {o.get("ParticipantObjectID") for o in message.findall("ParticipantObjectIdentification")}
    assert ids == {"1.2", "P1", "pacs-proxy:7"}


def test_every_event_that_the_journal_knows_has_its_code() -> None:
    named = {v for k, v in vars(records).items() if k.isupper() and isinstance(v, str) and "." in v}
    assert [name for name in named if name not in atna._KINDS] == []


@given(st.text(max_size=40), st.text(max_size=40), st.text(max_size=40))
def test_whatever_a_name_holds_the_message_is_xml_and_its_length_is_true(
    name: str, patient: str, word: str
) -> None:
    event = Event(records.SEARCH, Asker(name, "s"), Study("", "", patient), detail={"t": word})
    xml = atna.message(event.values(3, 0.5))
    ElementTree.fromstring(xml)
    frame = atna.framed(xml, 0.5, 3, "host", 1)
    length, _, rest = frame.partition(b" ")
    assert int(length) == len(rest)
    assert _HEAD.match(rest)


@pytest.mark.parametrize("value", ["host", "host:", ":6514", "host:0", "host:70000", "a b:6514"])
def test_an_address_that_is_none_stops_the_start(value: str) -> None:
    with pytest.raises(SettingError, match="PACS_PROXY_AUDIT_SYSLOG"):
        Settings.from_env({"PACS_PROXY_AUDIT_SYSLOG": value})
