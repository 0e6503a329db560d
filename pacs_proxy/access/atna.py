"""Journal records as DICOM PS3.15 A.5 audit messages, in RFC 5424 frames."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from xml.etree.ElementTree import Element, SubElement, tostring

from pacs_proxy.access import records

SOURCE = "pacs-proxy"
# Facility 10 (security), severity 5 (notice).
_PRIORITY = 85
_LAST_SEQUENCE = 2_147_483_647
# XML 1.0 has no place for these, not even escaped.
_NO_XML = {code: "\ufffd" for code in [*range(32), 0xFFFE, 0xFFFF] if code not in {9, 10, 13}}


@dataclass(frozen=True)
class _Kind:
    """EventID and EventTypeCode (DCM), and EventActionCode."""

    code: str
    meaning: str
    action: str
    type: tuple[str, str] | None = None


_LOGIN, _LOGOUT = ("110122", "Login"), ("110123", "Logout")
_OVERRIDE = ("110127", "Emergency Override Started")
_OVERRIDE_ENDED = ("110138", "Emergency Override Stopped")
_ATTRIBUTES = ("110137", "User Security Attributes Changed")
_KINDS = {
    records.STUDY_READ: _Kind("110103", "DICOM Instances Accessed", "R"),
    records.STUDY_EXPORTED: _Kind("110106", "Export", "R"),
    records.STUDY_COUNTED: _Kind("110104", "DICOM Instances Transferred", "R"),
    records.STUDY_DELETED: _Kind("110105", "DICOM Study Deleted", "D"),
    records.MEASURED: _Kind("110103", "DICOM Instances Accessed", "C"),
    records.SEARCH: _Kind("110112", "Query", "E"),
    records.UPLOAD_BEGUN: _Kind("110107", "Import", "C"),
    records.UPLOAD_CANCELLED: _Kind("110107", "Import", "D"),
    records.UPLOAD_REPORTED: _Kind("110107", "Import", "R"),
    records.CONFLICT_DECIDED: _Kind("110107", "Import", "U"),
    records.SIGN_IN: _Kind("110114", "User Authentication", "E", _LOGIN),
    records.SIGN_OUT: _Kind("110114", "User Authentication", "E", _LOGOUT),
    records.SESSIONS_ENDED: _Kind("110114", "User Authentication", "E", _LOGOUT),
    records.ACCOUNT_CHANGED: _Kind("110113", "Security Alert", "E", _ATTRIBUTES),
    records.TOKEN_CHANGED: _Kind("110113", "Security Alert", "E", _ATTRIBUTES),
    records.SHARE_CHANGED: _Kind("110113", "Security Alert", "E", _ATTRIBUTES),
    records.SHARE_OPENED: _Kind("110114", "User Authentication", "E", _LOGIN),
    records.DENIED: _Kind("110113", "Security Alert", "E"),
    records.GLASS_BROKEN: _Kind("110113", "Security Alert", "E", _OVERRIDE),
    records.GLASS_ENDED: _Kind("110113", "Security Alert", "E", _OVERRIDE_ENDED),
    records.EMERGENCY: _Kind("110113", "Security Alert", "E", _OVERRIDE),
    records.AUDIT_USED: _Kind("110101", "Audit Log Used", "R"),
}
_UNLISTED = _Kind("110113", "Security Alert", "E")
STARTED = _Kind("110100", "Application Activity", "E", ("110120", "Application Start"))
STOPPED = _Kind("110100", "Application Activity", "E", ("110121", "Application Stop"))


def message(record: Mapping[str, Any]) -> bytes:
    """The XML of one record; `record` has the journal's columns."""
    kind = _KINDS.get(record["event"], _UNLISTED)
    failed = record["outcome"] not in {records.DONE, records.BEGUN}
    is_denied = failed or record["event"] == records.DENIED
    root = _begun(kind, record["at"], "4" if is_denied else "0")
    _participant(root, record["principal"], record["address"], is_asker=True)
    _source(root)
    _objects(root, record)
    return bytes(tostring(root, "utf-8", xml_declaration=True))


def activity(kind: _Kind, at: float) -> bytes:
    """The XML of our own start or stop."""
    root = _begun(kind, at, "0")
    _participant(root, SOURCE, "", is_asker=False)
    _source(root)
    return bytes(tostring(root, "utf-8", xml_declaration=True))


def framed(xml: bytes, at: float, sequence: int, host: str, process: int) -> bytes:
    """As RFC 5424 says it, after its length as RFC 5425 wants it."""
    moment = datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")[:-6] + "Z"
    number = (sequence - 1) % _LAST_SEQUENCE + 1
    head = f"<{_PRIORITY}>1 {moment} {host} {SOURCE} {process} DICOM+RFC3881 "
    data = f'{head}[meta sequenceId="{number}"] \ufeff'.encode() + xml
    return str(len(data)).encode() + b" " + data


def _begun(kind: _Kind, at: float, outcome: str) -> Element:
    root = Element("AuditMessage")
    moment = datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")
    event = _sub(root, "EventIdentification", EventActionCode=kind.action)
    event.set("EventDateTime", moment)
    event.set("EventOutcomeIndicator", outcome)
    _code(event, "EventID", kind.code, kind.meaning)
    if kind.type:
        _code(event, "EventTypeCode", *kind.type)
    return root


def _participant(root: Element, name: str, address: str, *, is_asker: bool) -> None:
    found = _sub(root, "ActiveParticipant", UserID=name or "unknown")
    found.set("UserIsRequestor", "true" if is_asker else "false")
    if address:
        found.set("NetworkAccessPointID", address)
        found.set("NetworkAccessPointTypeCode", "2")
    if not is_asker:
        _code(found, "RoleIDCode", "110150", "Application")


def _source(root: Element) -> None:
    source = _sub(root, "AuditSourceIdentification", AuditSourceID=SOURCE)
    _sub(source, "AuditSourceTypeCode", **{"csd-code": "4"})


def _objects(root: Element, record: Mapping[str, Any]) -> None:
    if record["study_uid"] or record["study"]:
        name = record["study_uid"] or record["study"]
        study = _object(root, name, "2", "3")
        _code(study, "ParticipantObjectIDTypeCode", "110180", "Study Instance UID")
    if record["patient"]:
        patient = _object(root, record["patient"], "1", "1")
        _code(patient, "ParticipantObjectIDTypeCode", "2", "Patient Number", "RFC-3881")
    if json.loads(record["detail"]):
        detail = _object(root, f"{SOURCE}:{record['seq']}", "2", "13")
        _code(detail, "ParticipantObjectIDTypeCode", "12", "URI", "RFC-3881")
        query = base64.b64encode(record["detail"].encode("utf-8", "surrogatepass"))
        _sub(detail, "ParticipantObjectQuery").text = query.decode()


def _object(root: Element, name: str, kind: str, role: str) -> Element:
    found = _sub(root, "ParticipantObjectIdentification", ParticipantObjectID=name)
    found.set("ParticipantObjectTypeCode", kind)
    found.set("ParticipantObjectTypeCodeRole", role)
    return found


def _code(parent: Element, name: str, code: str, meaning: str, system: str = "DCM") -> None:
    found = _sub(parent, name, **{"csd-code": code})
    found.set("codeSystemName", system)
    found.set("originalText", meaning)


def _sub(parent: Element, name: str, **attributes: str) -> Element:
    clean = {key: value.translate(_NO_XML) for key, value in attributes.items()}
    return SubElement(parent, name, clean)
