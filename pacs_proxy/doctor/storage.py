"""Whether Orthanc keeps what it stored, as it was stored."""

import json
from collections.abc import Mapping
from typing import Any

from pacs_proxy.doctor.archive import Node
from pacs_proxy.doctor.check import Check, bad, good, note

LIMITS = ("MaximumStorageSize", "MaximumPatientCount")


def recycling(node: Node, configured: Mapping[str, Any] | None) -> Check:
    """A limit with the mode Recycle deletes the oldest patients, without a word."""
    name = "recycling"
    known = {option: known_value(node, configured, option, 0) for option in LIMITS}
    if None in known.values():
        unknown = " and ".join(option for option in LIMITS if known[option] is None)
        advice = "See that each is 0 in its configuration, or pass --orthanc-config."
        return note(name, f"this Orthanc does not tell {unknown}", advice)
    limits = [f"{option} {value}" for option, value in known.items() if value]
    if not limits:
        return good(name, "no limit set: nothing is deleted to make room")
    mode = known_value(node, configured, "MaximumStorageMode", "Recycle")
    if mode == "Reject":
        return good(name, f"{', '.join(limits)}, and what is beyond is refused (mode Reject)")
    advice = 'Set it to 0, or MaximumStorageMode to "Reject" (Orthanc 1.11.2 or later).'
    found = f"{', '.join(limits)}: Orthanc deletes the oldest patients to make room"
    return bad(name, found, advice)


def overwriting(node: Node, configured: Mapping[str, Any] | None) -> Check:
    """Whether an image that was read may be replaced by another of the same UID."""
    name = "overwriting"
    mode = node.system.get("OverwriteInstancesMode")
    value = mode if mode is not None else known_value(node, configured, "OverwriteInstances", False)
    if value in (False, "Never"):
        return good(name, "a stored instance stays as it is")
    if value is None:
        advice = "See that it is false in its configuration, or pass --orthanc-config."
        return note(name, "this Orthanc does not tell OverwriteInstances", advice)
    advice = "PACS Proxy notices and never mixes the two; set it to false unless you need it."
    found = f"OverwriteInstances is {json.dumps(value)}: an instance may be replaced under its UID"
    return note(name, found, advice)


def as_sent(node: Node, configured: Mapping[str, Any] | None) -> Check:
    """Whether the stored bytes are those that the modality sent."""
    name = "stored as sent"
    syntax = known_value(node, configured, "IngestTranscoding", "")
    if syntax:
        advice = "Remove IngestTranscoding if the original files have to be kept."
        return note(name, f"Orthanc transcodes to {syntax} on arrival", advice)
    if known_value(node, configured, "StorageCompression", False):
        advice = "Set StorageCompression to false: each read unpacks the whole file."
        return note(name, "compressed on disk; proven all the same, but slower", advice)
    return good(name, "no transcoding and no compression that we know of")


def open_to_network(node: Node) -> Check:
    """Orthanc's own word: remote access without a password is not secure."""
    name = "access to Orthanc"
    if node.system.get("IsHttpServerSecure") is not False:
        return good(name, "Orthanc calls its HTTP server secure")
    advice = (
        "Bind it to PACS Proxy's network only, or set AuthenticationEnabled and "
        "RegisteredUsers: its REST interface can delete everything."
    )
    return note(name, "Orthanc takes remote requests without a password", advice)


def known_value(
    node: Node, configured: Mapping[str, Any] | None, option: str, default: object
) -> Any:
    """From the running Orthanc if it tells, else from its file, else None for unknown."""
    if option in node.system:
        return node.system[option]
    return None if configured is None else configured.get(option, default)
