"""Whether this is Orthanc, lets us in, and serves what can be proven."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pacs_proxy.doctor import versions
from pacs_proxy.doctor.ask import Answer, Archive, Unanswered
from pacs_proxy.doctor.check import Check, bad, good, note
from pacs_proxy.doctor.versions import LACKS, OLDEST_TRIED, Version

SMALL = 64 << 20


@dataclass(frozen=True)
class Node:
    """An Orthanc that answered: where it is, and what it says of itself."""

    archive: Archive
    system: Mapping[str, Any]
    version: Version


def meet(archive: Archive) -> tuple[list[Check], Node | None]:
    """Knock: reachable, signed in, and Orthanc; without a node no other question makes sense."""
    try:
        answer = archive.get("/system")
    except Unanswered as why:
        advice = f"Start Orthanc, or set ORTHANC_URL to where it listens (now {archive.url})."
        return [bad("reachable", str(why), advice)], None
    reached = good("reachable", f"{archive.url} answers")
    if answer.status in {401, 403}:
        return [reached, _refused(archive, answer.status)], None
    node = _node(archive, answer)
    if node is None:
        return [reached, _somebody_else(answer)], None
    known = good("is Orthanc", f"Orthanc {versions.shown(node.version)}")
    return [reached, known, credentials(node)], node


def _node(archive: Archive, answer: Answer) -> Node | None:
    system = answer.json() if answer.status == 200 else None
    if not isinstance(system, dict) or "ApiVersion" not in system:
        return None
    version = versions.parse(str(system.get("Version", "")))
    return None if version is None else Node(archive, system, version)


def _refused(archive: Archive, status: int) -> Check:
    if not archive.username:
        found = f"it asks for a password (HTTP {status}) and none is set"
        return bad("credentials", found, "Set ORTHANC_USERNAME and ORTHANC_PASSWORD.")
    advice = (
        "Compare ORTHANC_USERNAME and ORTHANC_PASSWORD with RegisteredUsers in Orthanc's "
        "configuration, and restart Orthanc if you changed them there."
    )
    return bad("credentials", f"user name or password not accepted (HTTP {status})", advice)


def _somebody_else(answer: Answer) -> Check:
    kind = answer.headers.get("content-type", "no content type")
    found = f"/system gave HTTP {answer.status}, {kind}: this is not Orthanc's REST interface"
    return bad("is Orthanc", found, "Set ORTHANC_URL to Orthanc's own address and HttpPort.")


def credentials(node: Node) -> Check:
    """Whether they are accepted, and whether anybody needs them."""
    name, archive = "credentials", node.archive
    if archive.username == archive.password == "orthanc":
        advice = "Choose a password of your own in RegisteredUsers: everybody knows this one."
        return bad(name, "accepted, but they are Orthanc's well-known defaults", advice)
    if archive.username and not _open_to_all(archive):
        return good(name, "accepted, and asked for")
    if archive.loopback and not archive.username:
        return good(name, "none needed, on this machine only")
    advice = (
        "Set AuthenticationEnabled and RegisteredUsers, or let nobody but PACS Proxy reach "
        "that port: whoever does can read and delete everything."
    )
    return note(name, "Orthanc answers without any password", advice)


def _open_to_all(archive: Archive) -> bool:
    try:
        return archive.get("/system", signed=False).status == 200
    except Unanswered:
        return False


def version(node: Node) -> Check:
    """Which version, and what it lacks."""
    found = versions.shown(node.version)
    if node.version < OLDEST_TRIED:
        advice = "Upgrade: PACS Proxy is tested with 1.10.1 and later."
        return bad("version", f"{found} is too old", advice)
    lacks = [lack.what for lack in LACKS if node.version < lack.until]
    if not lacks:
        return good("version", f"{found}, nothing missing")
    advice = "It works; Orthanc 1.13.0 or later has all of this put right."
    return note("version", f"{found} lacks: {'; '.join(lacks)}", advice)


def md5(node: Node) -> Check:
    """Proof needs the MD5 that Orthanc notes at ingest; ask the oldest and the newest."""
    name = "MD5 kept"
    if node.system.get("StoreMD5ForAttachments") is False:
        return bad(name, "StoreMD5ForAttachments is false", MD5_ADVICE)
    infos = _sample(node.archive)
    if not infos:
        return note(name, "the archive is empty, so this cannot be seen", MD5_ADVICE)
    missing = sum(not info.get("UncompressedMD5") for info in infos)
    if missing:
        return bad(name, f"{missing} of {len(infos)} instances tried have none", MD5_ADVICE)
    return good(name, f"{len(infos)} of {len(infos)} instances tried have one")


MD5_ADVICE = (
    "Set StoreMD5ForAttachments to true (its default). Instances stored without it stay "
    "without: PACS Proxy can then check their length only, and says so."
)


def ranges(node: Node) -> Check:
    """Whether an interrupted download can go on where it stopped: tried, not guessed."""
    name = "resume"
    instance = _first_small(node.archive)
    if instance is None:
        return note(name, "no instance in the archive to try it with")
    path = f"/instances/{instance}/attachments/dicom/data"
    answer = node.archive.get(path, Range="bytes=128-131")
    if answer.status == 206 and len(answer.body) == 4:
        return good(name, "Range works: an interrupted download goes on where it stopped")
    if answer.status == 200:
        again = "interrupted downloads start again from the first byte, which costs only time"
        return note(name, f"Range is ignored: {again}", "Orthanc 1.12.5 or later has it.")
    advice = "Something between PACS Proxy and Orthanc may interfere; connect them directly."
    return bad(name, f"a Range request gave HTTP {answer.status}", advice)


def plugins(node: Node) -> Check:
    """GDCM: PACS Proxy does not need it, and Debian's can be crashed by a plain GET."""
    loaded = node.archive.get("/plugins").json()
    names = loaded if isinstance(loaded, list) else []
    if "gdcm" not in names:
        found = "not loaded; PACS Proxy decodes by itself and never asks Orthanc to"
        return good("GDCM plugin", found)
    advice = (
        "PACS Proxy does not need it. If others do, keep Gdcm.RestrictTransferSyntaxes to "
        "JPEG 2000: with Debian's packages a plain GET that asks for JPEG-LS crashes Orthanc."
    )
    return note("GDCM plugin", "loaded", advice)


def _sample(archive: Archive) -> list[Mapping[str, Any]]:
    """Attachment information of the first and the last instance."""
    statistics = archive.get("/statistics").json()
    count = statistics.get("CountInstances", 0) if isinstance(statistics, dict) else 0
    ids = [id_ for since in sorted({0, max(0, count - 1)}) for id_ in _instances(archive, since)]
    infos = [archive.get(f"/instances/{id_}/attachments/dicom/info").json() for id_ in ids]
    return [info for info in infos if isinstance(info, dict)]


def _first_small(archive: Archive) -> str | None:
    for id_ in _instances(archive, 0):
        info = archive.get(f"/instances/{id_}/attachments/dicom/info").json()
        if isinstance(info, dict) and 132 <= info.get("UncompressedSize", 0) <= SMALL:
            return id_
    return None


def _instances(archive: Archive, since: int) -> list[str]:
    ids = archive.get(f"/instances?since={since}&limit=1").json()
    return [str(id_) for id_ in ids] if isinstance(ids, list) else []
