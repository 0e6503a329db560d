"""The content tree of a structured report (PS3.3 C.17.3) as names, values and units."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydicom.uid import UID

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pydicom.dataset import Dataset

MOST_ITEMS = 5_000
DEEPEST = 24
LONGEST_TEXT = 20_000

Node = dict[str, Any]


def text(value: object) -> str:
    """One line or several, bounded; several values are joined by commas."""
    if value is None:
        return ""
    if isinstance(value, (str, bytes)) or not hasattr(value, "__iter__"):
        return str(value).strip(" \0")[:LONGEST_TEXT]
    if hasattr(value, "original_string") or hasattr(value, "components"):
        return str(value)[:LONGEST_TEXT]
    return ", ".join(str(part) for part in value)[:LONGEST_TEXT]


def said(dataset: Dataset, keyword: str) -> str:
    """An attribute as text; empty when it is absent or cannot be read."""
    try:
        return text(dataset.get(keyword))
    except Exception:  # noqa: BLE001 - pydicom turns values lazily, and anything may stand there
        return ""


def items(dataset: Dataset, keyword: str) -> list[Dataset]:
    """The items of a sequence; none where it is absent or is no sequence."""
    try:
        found = dataset.get(keyword)
    except Exception:  # noqa: BLE001 - as above
        return []
    return [item for item in found if hasattr(item, "get")] if _is_sequence(found) else []


def meaning(dataset: Dataset, keyword: str) -> str:
    """What the first code of a sequence means; its value where it has no meaning."""
    for code in items(dataset, keyword):
        return said(code, "CodeMeaning") or _code(code)
    return ""


def class_name(uid: str) -> str:
    """The name of a SOP class; of one that nobody knows its number."""
    name = UID(uid).name if uid else ""
    return "" if not uid else f"class {uid}" if name == uid else name


def report(dataset: Dataset) -> Node:
    """The whole tree, and what stands above it: title, completion, verification, authors."""
    count = _Count()
    return {
        "title": meaning(dataset, "ConceptNameCodeSequence"),
        "completion": said(dataset, "CompletionFlag"),
        "verification": said(dataset, "VerificationFlag"),
        "verifiers": [
            said(one, "VerifyingObserverName")
            for one in items(dataset, "VerifyingObserverSequence")
        ],
        "date": said(dataset, "ContentDate"),
        "time": said(dataset, "ContentTime"),
        "items": list(_children(dataset, 1, "", count)),
        "cut": count.is_over or count.is_deep,
    }


class _Count:
    """How much more of the tree is told."""

    def __init__(self) -> None:
        self.left, self.is_deep = MOST_ITEMS, False

    @property
    def is_over(self) -> bool:
        """Whether there was more than is told."""
        return self.left < 0


def _children(dataset: Dataset, depth: int, place: str, count: _Count) -> Iterator[Node]:
    inner = items(dataset, "ContentSequence")
    if inner and depth > DEEPEST:
        count.is_deep = True
        return
    for number, item in enumerate(inner, 1):
        count.left -= 1
        if count.is_over:
            return
        here = f"{place}{number}"
        yield _node(item, here) | {"items": list(_children(item, depth + 1, f"{here}.", count))}


def _node(item: Dataset, place: str) -> Node:
    kind = said(item, "ValueType")
    value, unit = _VALUES.get(kind, _none)(item)
    target = _identifiers(item)
    if target:
        value = f"see {target}"
    return {
        "place": place,
        "relation": said(item, "RelationshipType").lower(),
        "type": kind,
        "name": meaning(item, "ConceptNameCodeSequence"),
        "value": value,
        "unit": unit,
        "uid": next(
            (said(one, "ReferencedSOPInstanceUID") for one in items(item, "ReferencedSOPSequence")),
            "",
        ),
    }


def _identifiers(item: Dataset) -> str:
    """The place of an item that is told elsewhere, as our own numbers count it."""
    value = item.get("ReferencedContentItemIdentifier")
    parts = [value] if isinstance(value, int) else list(value or [])
    return ".".join(str(part) for part in parts[1:])


def _none(_: Dataset) -> tuple[str, str]:
    return "", ""


def _plain(keyword: str) -> Callable[[Dataset], tuple[str, str]]:
    return lambda item: (said(item, keyword), "")


def numeric(item: Dataset) -> tuple[str, str]:
    """The value of a NUM item, or why there is none, and its unit."""
    for measured in items(item, "MeasuredValueSequence"):
        for unit in items(measured, "MeasurementUnitsCodeSequence"):
            return said(measured, "NumericValue"), _unit(unit)
        return said(measured, "NumericValue"), ""
    reason = meaning(item, "NumericValueQualifierCodeSequence")
    return (reason or "no value"), ""


def _unit(unit: Dataset) -> str:
    """UCUM writes "no units" as 1 or in braces."""
    code = said(unit, "CodeValue")
    return "" if code in {"1", "{no units}"} else code.strip("{}") or said(unit, "CodeMeaning")


def _code(code: Dataset) -> str:
    return next(
        filter(None, (said(code, name) for name in ("CodeValue", "LongCodeValue", "URNCodeValue"))),
        "",
    )


def _coded(item: Dataset) -> tuple[str, str]:
    return meaning(item, "ConceptCodeSequence"), ""


def _person(item: Dataset) -> tuple[str, str]:
    return said(item, "PersonName"), ""


def _shape(item: Dataset) -> tuple[str, str]:
    try:
        values = len(item.get("GraphicData") or [])
    except TypeError:
        values = 0
    each = 3 if said(item, "ValueType") == "SCOORD3D" else 2
    return f"{said(item, 'GraphicType').lower()} of {values // each} points", ""


def _reference(item: Dataset) -> tuple[str, str]:
    for one in items(item, "ReferencedSOPSequence"):
        frames = said(one, "ReferencedFrameNumber")
        name = class_name(said(one, "ReferencedSOPClassUID"))
        return f"{name}, frame {frames}" if frames else name, ""
    return "", ""


def _is_sequence(value: object) -> bool:
    return hasattr(value, "__iter__") and not isinstance(value, (str, bytes))


_VALUES: dict[str, Callable[[Dataset], tuple[str, str]]] = {
    "TEXT": _plain("TextValue"),
    "NUM": numeric,
    "CODE": _coded,
    "PNAME": _person,
    "DATE": _plain("Date"),
    "TIME": _plain("Time"),
    "DATETIME": _plain("DateTime"),
    "UIDREF": _plain("UID"),
    "IMAGE": _reference,
    "COMPOSITE": _reference,
    "WAVEFORM": _reference,
    "SCOORD": _shape,
    "SCOORD3D": _shape,
    "TCOORD": _plain("TemporalRangeType"),
}
