"""The part of Orthanc's REST that we use, answered from the fake's store, quirks included."""

import io
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pydicom import dcmread
from pydicom.errors import InvalidDicomError

from tests.fakes.store import Store, Stored, matches, orthanc_id
from tests.fakes.wire import Reply, Request, json_reply

NOT_FOUND = Reply(404)
UIDS = {"Study": "StudyInstanceUID", "Series": "SeriesInstanceUID", "Instance": "SOPInstanceUID"}
_ETAG = re.compile(r'"?\d+-.*')
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


@dataclass(frozen=True)
class Manner:
    """Which Orthanc is played: 1.10.1 has no Range, 1.12.5 and later have it with its bugs."""

    version: str = "1.12.7"
    ranges: bool = True
    name: str = "fake"


def route_of(request: Request) -> str:
    """A short name for the route, for counting and for choosing where faults fall."""
    parts = request.path.strip("/").split("/")
    if parts[0] == "instances" and len(parts) == 5:
        return parts[4]
    if parts[0] == "instances" and len(parts) > 1:
        return "/".join(["instance", *parts[2:]]) if len(parts) != 3 else parts[2]
    return "/".join(parts)


def answer(request: Request, store: Store, manner: Manner) -> Reply:
    """What an honest Orthanc of that version would say."""
    if request.method == "DELETE":
        return _delete(request, store)
    if request.method not in {"GET", "POST"}:
        return NOT_FOUND
    route = f"{request.method} {request.path.rstrip('/')}"
    if route in FIXED:
        return FIXED[route](request, store, manner)
    return _level(request, store) or _instance(request, store, manner)


def _level(request: Request, store: Store) -> Reply | None:
    """One study or series; what the store does not hold may be in the fake's fixed answers."""
    level, _, rest = request.path.strip("/").partition("/")
    id_, _, what = rest.partition("/")
    if level in _LEVELS and not rest and request.method == "GET":
        return json_reply(list(_groups(store, _LEVELS[level])))
    members = _groups(store, _LEVELS[level]).get(id_) if level in _LEVELS else None
    if members is None or request.method != "GET":
        return None
    if not what:
        return json_reply(_expanded(_LEVELS[level], id_, members))
    if what == "statistics":
        return json_reply({"CountInstances": len(members)})
    if what not in _CHILDREN:
        return None
    below: dict[str, list[Stored]] = {}
    for member in members:
        below.setdefault(_id_at(member, _CHILDREN[what]), []).append(member)
    return json_reply([_expanded(_CHILDREN[what], *group) for group in below.items()])


def _instance(request: Request, store: Store, manner: Manner) -> Reply:
    parts = request.path.strip("/").split("/")
    stored = store.get(parts[1]) if parts[0] == "instances" and len(parts) > 1 else None
    rest = "/".join(parts[2:])
    if stored is None or request.method != "GET":
        return NOT_FOUND
    if rest == "":
        return json_reply(_expanded("Instance", stored.id, [stored]))
    if rest in _PARENTS:
        id_ = _id_at(stored, _PARENTS[rest])
        return json_reply(_expanded(_PARENTS[rest], id_, _groups(store, _PARENTS[rest])[id_]))
    if rest == "file":
        return _file(stored)
    if rest == "metadata":
        syntax = {"TransferSyntax": "1.2.840.10008.1.2.1"}
        return json_reply({"SopClassUid": "1.2.840.10008.5.1.4.1.1.2", **syntax})
    if not rest.startswith("attachments/dicom/"):
        return NOT_FOUND
    return _attachment(request, stored, rest.rpartition("/")[2], manner)


def _delete(request: Request, store: Store) -> Reply:
    parts = request.path.strip("/").split("/")
    if parts[0] != "instances" or len(parts) != 2 or store.get(parts[1]) is None:
        return NOT_FOUND
    store.remove(parts[1])
    return json_reply({"RemainingAncestor": None})


def _take(request: Request, store: Store, manner: Manner) -> Reply:
    """POST /instances: what is there already stays as it is, and the answer is 200 as well."""
    try:
        header = dcmread(io.BytesIO(request.body), force=True, stop_before_pixels=True)
        uids = [str(header[uid].value) for uid in UIDS.values()]
    except InvalidDicomError:
        return json_reply({"HttpStatus": 400, "OrthancStatus": 15}, 400)
    except KeyError:
        return json_reply({"HttpStatus": 404, "OrthancStatus": 21}, 404)
    ids = [orthanc_id(str(header.get("PatientID", "")), *uids[: n + 1]) for n in range(3)]
    is_new = store.get(ids[2]) is None
    if is_new:
        store.add(ids[2], request.body, tags=dict(zip(UIDS.values(), uids, strict=True)))
    parents = {"ParentStudy": ids[0], "ParentSeries": ids[1]}
    status = "Success" if is_new else "AlreadyStored"
    return json_reply({"ID": ids[2], **parents, "Status": status})


def _file(stored: Stored) -> Reply:
    disposition = ("Content-Disposition", f'filename="{stored.uuid}.dcm"')
    return Reply(200, stored.data, (("Content-Type", "application/dicom"), disposition))


def _attachment(request: Request, stored: Stored, what: str, manner: Manner) -> Reply:
    bodies: Mapping[str, Callable[[], Reply]] = {
        "info": lambda: json_reply(_info(stored)),
        "size": lambda: _text(str(stored.size)),
        "md5": lambda: _text(stored.md5) if stored.md5 else NOT_FOUND,
        "data": lambda: _data(request, stored, manner),
    }
    if what not in bodies:
        return NOT_FOUND
    early = _conditional(request.headers.get("if-none-match"), stored)
    reply = early or bodies[what]()
    return reply if reply.status == 404 else reply.with_header("ETag", stored.etag)


def _text(value: str) -> Reply:
    return Reply(200, value.encode(), (("Content-Type", "text/plain"),))


def _conditional(tag: str | None, stored: Stored) -> Reply | None:
    """Orthanc knows its own form of ETag only; a list of such matches never."""
    if tag is None:
        return None
    if not _ETAG.fullmatch(tag):
        details = {"HttpStatus": 400, "OrthancStatus": 3, "Message": "Parameter out of range"}
        return json_reply(details, 400)
    return Reply(304) if tag.strip('"') == stored.etag.strip('"') else None


def _data(request: Request, stored: Stored, manner: Manner) -> Reply:
    wanted = request.headers.get("range")
    if wanted is None or not manner.ranges:
        return _file(stored)
    return ranged(stored.data, wanted)


def ranged(data: bytes, wanted: str) -> Reply:
    """As 1.12.5 to 1.13.0: a suffix is read as an end, an end past the last byte is 416."""
    found = _RANGE.fullmatch(wanted)
    if found is None:
        return json_reply({"HttpStatus": 416}, 416)
    first, last = int(found[1] or 0), int(found[2] or len(data) - 1)
    if not first <= last < len(data):
        return json_reply({"HttpStatus": 416}, 416)
    kind = ("Content-Type", "application/octet-stream")
    extent = ("Content-Range", f"bytes {first}-{last}/{len(data)}")
    return Reply(206, data[first : last + 1], (kind, extent))


def _info(stored: Stored) -> dict[str, Any]:
    return {
        "CompressedMD5": stored.md5,
        "CompressedSize": stored.size,
        "ContentType": 1,
        "UncompressedMD5": stored.md5,
        "UncompressedSize": stored.size,
        "Uuid": stored.uuid,
    }


def _system(request: Request, store: Store, manner: Manner) -> Reply:
    system = {"ApiVersion": 16, "DatabaseVersion": 6, "DicomAet": "ORTHANC", "DicomPort": 4242}
    return json_reply({**system, "Name": manner.name, "Version": manner.version})


def _changes(request: Request, store: Store, manner: Manner) -> Reply:
    return json_reply({"Changes": [], "Done": True, "Last": store.changes})


def _statistics(request: Request, store: Store, manner: Manner) -> Reply:
    total = sum(stored.size for stored in store)
    counts = {f"Count{word}": len(_groups(store, level)) for level, word in _PLURALS.items()}
    return json_reply({**counts, "CountPatients": 0, "TotalDiskSize": str(total)})


def _lookup(request: Request, store: Store, manner: Manner) -> Reply:
    """Every level at once, as Orthanc: the caller has to look at Type."""
    wanted = request.body.decode().strip()
    found = [
        {"ID": id_, "Path": f"/{_PLURALS[level].lower()}/{id_}", "Type": level}
        for level in UIDS
        for id_, members in _groups(store, level).items()
        if members[0].tags.get(UIDS[level]) == wanted
    ]
    return json_reply(found)


def _find(request: Request, store: Store, manner: Manner) -> Reply:
    asked = json.loads(request.body)
    level = asked["Level"].capitalize()
    found = [
        (id_, members)
        for id_, members in _groups(store, level).items()
        if any(matches(member.tags, asked["Query"]) for member in members)
    ]
    since, limit = asked.get("Since", 0), asked.get("Limit", 0)
    page = found[since : since + limit] if limit else found[since:]
    whole = asked.get("Expand", False) or "ResponseContent" in asked
    return json_reply([_expanded(level, *hit) if whole else hit[0] for hit in page])


def _bulk_content(request: Request, store: Store, manner: Manner) -> Reply:
    """Of instances; those that are not there are left out without a word."""
    found = map(store.get, json.loads(request.body)["Resources"])
    return json_reply([_expanded("Instance", one.id, [one]) for one in found if one])


def _groups(store: Store, level: str) -> dict[str, list[Stored]]:
    """Instances by their identifier at that level; studies and series exist by their tags."""
    groups: dict[str, list[Stored]] = {}
    for stored in store:
        groups.setdefault(_id_at(stored, level), []).append(stored)
    return groups


def _id_at(stored: Stored, level: str) -> str:
    if level == "Instance":
        return stored.id
    return orthanc_id(level, stored.tags.get(UIDS[level], ""))


def _expanded(level: str, id_: str, members: list[Stored]) -> dict[str, Any]:
    first = members[0]
    common = {"ID": id_, "Type": level, "MainDicomTags": dict(first.tags)}
    parents: dict[str, dict[str, Any]] = {
        "Instance": {"ParentSeries": _id_at(first, "Series")},
        "Series": {"ParentStudy": _id_at(first, "Study"), "Instances": [m.id for m in members]},
        "Study": {"Series": sorted({_id_at(m, "Series") for m in members})},
    }
    patient = {} if level != "Study" else {"PatientMainDicomTags": dict(first.tags)}
    file = {} if level != "Instance" else {"FileSize": first.size, "FileUuid": first.uuid}
    return {**common, **parents[level], **patient, **file}


_PARENTS = {"series": "Series", "study": "Study"}
_LEVELS = {"series": "Series", "studies": "Study"}
_CHILDREN = {"series": "Series", "instances": "Instance"}
_PLURALS = {"Study": "Studies", "Series": "Series", "Instance": "Instances"}
FIXED: Mapping[str, Callable[[Request, Store, Manner], Reply]] = {
    "POST /instances": _take,
    "GET /system": _system,
    "GET /changes": _changes,
    "GET /statistics": _statistics,
    "POST /tools/lookup": _lookup,
    "POST /tools/find": _find,
    "POST /tools/bulk-content": _bulk_content,
}
