"""Keep-alive, pool size, clock and the DICOM port: how the two machines talk."""

import re
import socket
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pynetdicom import AE

from pacs_proxy.doctor.archive import Node
from pacs_proxy.doctor.check import Check, bad, good, note
from pacs_proxy.settings import Settings

PATIENCE = 1.6
SPARE_THREADS = 10
DEFAULT_THREADS = 50
ECHO_SECONDS = 5.0
ECHO_AET = "PACSPROXY"
VERIFICATION = "1.2.840.10008.1.1"


def keep_alive(node: Node, settings: Settings) -> Check:
    """Our pool must let go of a connection well before Orthanc does."""
    name, ours = "keep-alive", settings.idle_seconds
    promised = node.archive.get("/system").headers
    if promised.get("connection", "").lower() == "close":
        advice = "Set KeepAlive to true: now each request costs a new connection."
        return note(name, "Orthanc closes the connection after each answer", advice)
    closes = _closes_after(node, promised.get("keep-alive", ""))
    if closes is None:
        return good(name, f"no end seen within {PATIENCE} s; PACS Proxy lets go at {ours:g} s")
    found = f"Orthanc closes idle connections after {closes:.1f} s, PACS Proxy after {ours:g} s"
    if ours <= 0.6 * closes:
        return good(name, found)
    advice = f"Set PACS_PROXY_IDLE_SECONDS to {0.4 * closes:.1f}, or raise KeepAliveTimeout."
    return bad(name, f"{found}: requests sent at that moment are lost", advice)


def _closes_after(node: Node, header: str) -> float | None:
    """Measured where it is short enough to wait for, else as promised.

    Not over TLS: session tickets come at any time and look like the end to select().
    """
    promised = re.search(r"timeout=(\d+)", header)
    if promised and (node.archive.secure or int(promised[1]) > PATIENCE):
        return float(promised[1])
    return None if node.archive.secure else node.archive.idle_seconds(PATIENCE)


def pool(node: Node, settings: Settings, configured: Mapping[str, Any] | None) -> Check:
    """One connection takes one of Orthanc's threads; some must be left for others."""
    name, size, told = "pool size", settings.pool_size, _threads(node, configured)
    threads = DEFAULT_THREADS if told is None else told
    source = " by default; this Orthanc does not tell" if told is None else ""
    found = f"{size} connections to each node, HttpThreadsCount is {threads}{source}"
    if size <= threads - SPARE_THREADS:
        return good(name, found)
    advice = (
        f"Set HttpThreadsCount to {size + SPARE_THREADS} or more, or PACS_PROXY_POOL_SIZE to "
        f"{max(1, threads - SPARE_THREADS)} or less: with no thread free Orthanc answers nobody."
    )
    return note(name, found, advice) if told is None else bad(name, found, advice)


def _threads(node: Node, configured: Mapping[str, Any] | None) -> int | None:
    """Orthanc 1.13.0 tells it; before, only the file does."""
    performance = node.system.get("Performance", {})
    if "HttpThreadsCount" in performance:
        return int(performance["HttpThreadsCount"])
    if configured is None:
        return None
    value = configured.get("HttpThreadsCount", DEFAULT_THREADS)
    return value if isinstance(value, int) else None


def clock(node: Node, now: datetime) -> Check:
    """Their clock against ours, by Orthanc's /tools/now (UTC, whole seconds)."""
    name = "clock"
    try:
        told = datetime.strptime(node.archive.get("/tools/now").text() + "Z", "%Y%m%dT%H%M%S%z")
    except ValueError:
        return note(name, "Orthanc did not tell the time")
    apart = abs((now - told).total_seconds())
    if apart <= 3:
        return good(name, "the same as Orthanc's")
    advice = "Run a time service (chrony, systemd-timesyncd) on both machines."
    found = f"{apart:.0f} s apart from Orthanc's"
    return bad(name, found, advice) if apart > 60 else note(name, found, advice)


def echo(node: Node) -> Check:
    """C-ECHO, as a modality would; viewing does not need it, so a failure is a note."""
    name, port = "C-ECHO", node.system.get("DicomPort")
    if not isinstance(port, int):
        return note(name, "Orthanc does not tell its DICOM port")
    where = f"DICOM port {port} of {node.archive.host}"
    advice = (
        "PACS Proxy does not need it. If modalities send there: check DicomServerEnabled, "
        "DicomAlwaysAllowEcho and the firewall, and that the port is published."
    )
    status = _echoed(node.archive.host, port, str(node.system.get("DicomAet", "ANY-SCP")))
    if status == 0:
        return good(name, f"{where} answers")
    why = "does not answer" if status is None else f"answered with status 0x{status:04X}"
    return note(name, f"{where} {why}", advice)


def _listens(host: str, port: int) -> bool:
    """Asked first: pynetdicom leaves its socket behind when nothing listens."""
    try:
        socket.create_connection((host, port), ECHO_SECONDS).close()
    except OSError:
        return False
    return True


def _echoed(host: str, port: int, aet: str) -> int | None:
    """The status of the C-ECHO, or None without an association."""
    if not _listens(host, port):
        return None
    entity = AE(ae_title=ECHO_AET)
    entity.acse_timeout = entity.dimse_timeout = entity.network_timeout = ECHO_SECONDS
    entity.connection_timeout = ECHO_SECONDS
    entity.add_requested_context(VERIFICATION)
    association = entity.associate(host, port, ae_title=aet)
    if not association.is_established:
        return None
    try:
        status = association.send_c_echo()
        return int(status.Status) if "Status" in status else None
    finally:
        association.release()
