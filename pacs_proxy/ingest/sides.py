"""Two headers side by side, for a person who has to choose between two files."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pacs_proxy.ingest.staged import Staged

if TYPE_CHECKING:
    from pydicom.dataelem import DataElement

# The header of nearly every file is shorter; what is behind it cannot be compared by eye.
_HEADER = 4 << 20
_MOST_LINES, _LONGEST_VALUE = 500, 200
_UNSHOWN = frozenset({"OB", "OW", "OD", "OF", "OL", "OV", "UN"})
Line = dict[str, str]


def beside(uploaded: Staged, archive: Mapping[str, Any]) -> list[Line]:
    """Lines of name and both values; `archive` is Orthanc's `/instances/<id>/tags`."""
    ours, theirs = _uploaded(uploaded), _archive(archive)
    names = {**theirs, **ours}
    lines = [
        {
            "tag": tag,
            "name": names[tag][0],
            "archive": theirs.get(tag, ("", ""))[1],
            "uploaded": ours.get(tag, ("", ""))[1],
        }
        for tag in sorted(names)
    ]
    differing = [line for line in lines if line["archive"] != line["uploaded"]]
    alike = [line for line in lines if line["archive"] == line["uploaded"]]
    return (differing + alike)[:_MOST_LINES]


def _uploaded(staged: Staged) -> dict[str, tuple[str, str]]:
    from pydicom import dcmread  # large, and conflicts are rare

    head = staged.source().read(0, _HEADER)
    try:
        header = dcmread(io.BytesIO(head), force=True, stop_before_pixels=True)
        shown = [(element.tag, element.name, _value(element)) for element in header]
    except Exception:  # noqa: BLE001 - pydicom raises of every kind; there is nothing to show then
        return {}
    return {f"{tag.group:04x},{tag.element:04x}": (name, value) for tag, name, value in shown}


def _value(element: DataElement) -> str:
    if element.VR == "SQ":
        return f"({len(element.value or [])} items)"
    if element.VR in _UNSHOWN or element.value is None:
        return ""
    values = element.value if element.VM > 1 else [element.value]
    return _cut("\\".join(str(value) for value in values))


def _archive(tags: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    shown = {}
    for tag, found in tags.items():
        value = found.get("Value") if isinstance(found, dict) else None
        if isinstance(value, list):
            value = f"({len(value)} items)"
        if isinstance(found, dict):
            shown[tag.lower()] = (str(found.get("Name", tag)), _cut(str(value or "")))
    return {tag: line for tag, line in shown.items() if not tag.startswith(("0002", "7fe0"))}


def _cut(text: str) -> str:
    return text.strip(" \0")[:_LONGEST_VALUE]
