"""Instances over HTTP: WADO-URI, the stored file, what a browser can draw, a rendered picture."""

from __future__ import annotations

from flask import Response, request

from pacs_proxy.errors import BadRequest
from pacs_proxy.services.context import interest, services
from pacs_proxy.services.delivery import Manner, deliver, described
from pacs_proxy.services.parameters import number, required
from pacs_proxy.services.ranges import is_known
from pacs_proxy.services.routes import orthanc_id, uid

_LARGEST_SIDE = 4096
_LAST_FRAME = 1_000_000
_UIDS = ("studyUID", "seriesUID", "objectUID")


def file(instance: str) -> Response:
    """The stored bytes, exactly."""
    return _stored(orthanc_id(instance), Manner())


def download(instance: str) -> Response:
    """The stored bytes, to be saved under a name that says nothing about the patient."""
    return _stored(orthanc_id(instance), Manner(save_as=f"instance-{instance[:8]}.dcm"))


def display(instance: str) -> Response:
    """What the browser draws right: the stored bytes, or a converted file that says so."""
    shown = services().pictures.display(orthanc_id(instance), interest())
    manner = Manner(converted=shown.converted)
    if request.method == "HEAD":
        shown.opened.close()
        return described(shown.opened.description, manner)
    return deliver(shown.opened, interest(), manner)


def rendered(instance: str) -> Response:
    """A PNG made in a jailed child process; never Orthanc's own preview, which can crash it."""
    frame = number("frame", 1, 1, _LAST_FRAME)
    size = number("size", 0, 0, _LARGEST_SIDE)
    return _picture(orthanc_id(instance), frame, size)


def wado() -> Response:
    """PS3.18 section 9 (URI service); rows, columns and windows are not offered."""
    if required("requestType") != "WADO":
        raise BadRequest("requestType must be WADO.")
    study, series, instance = (uid(required(name), name) for name in _UIDS)
    kind = request.args.get("contentType", "application/dicom")
    if kind not in {"application/dicom", "image/png"}:
        raise BadRequest("contentType must be application/dicom or image/png.")
    found = services().studies.locate(study, series, instance, interest())
    if kind == "image/png":
        return _picture(found, number("frameNumber", 1, 1, _LAST_FRAME), 0)
    return _stored(found, Manner())


def _stored(instance: str, manner: Manner) -> Response:
    instances = services().instances
    if request.method == "HEAD":
        return described(instances.describe(instance, interest()), manner)
    return deliver(instances.open(instance, interest()), interest(), manner)


def _picture(instance: str, frame: int, size: int) -> Response:
    pictures = services().pictures
    if request.headers.get("If-None-Match"):
        tag = pictures.tag(instance, frame, size, interest())
        if is_known(request.headers["If-None-Match"], f'"{tag}"'):
            return _png(b"", tag, 304)
    picture = pictures.rendered(instance, frame, size, interest())
    return _png(picture.png, picture.tag, 200)


def _png(data: bytes, tag: str, status: int) -> Response:
    answer = Response(data, status, mimetype="image/png")
    answer.headers["X-Diagnostic"] = "no"
    answer.headers["Cache-Control"] = "private, no-cache"
    answer.set_etag(tag)
    return answer
