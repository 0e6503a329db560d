"""Instances over HTTP: WADO-URI, the stored file, what a browser can draw, a rendered picture."""

from __future__ import annotations

from flask import Response, request

from pacs_proxy.archive.studies import NO_SUCH
from pacs_proxy.decoding import View
from pacs_proxy.errors import BadRequest
from pacs_proxy.services import auditing, reach
from pacs_proxy.services.context import Services, interest, services
from pacs_proxy.services.delivery import Answer, Manner, deliver, described
from pacs_proxy.services.headers import Environ
from pacs_proxy.services.identifiers import orthanc_id, uid
from pacs_proxy.services.parameters import number, required
from pacs_proxy.services.pictures import Shown
from pacs_proxy.upstream.interest import Interest
from pacs_proxy.web.ranges import is_known

_LARGEST_SIDE = 4096
_LAST_FRAME = 1_000_000
_BEST_QUALITY = 95
_PLAIN = Manner()
_UIDS = ("studyUID", "seriesUID", "objectUID")


def file(instance: str) -> Response:
    """The stored bytes, exactly."""
    return _stored(orthanc_id(instance), _PLAIN)


def download(instance: str) -> Response:
    """The stored bytes, to be saved under a name that says nothing about the patient."""
    return _stored(orthanc_id(instance), Manner(save_as=f"instance-{instance[:8]}.dcm"))


def display(instance: str) -> Response:
    """What the browser draws right: the stored bytes, or a converted file that says so."""
    return _response(shown(services(), orthanc_id(instance), request.environ, interest()))


def compact(instance: str) -> Response:
    """What the browser draws right, with the same pixels in fewer bytes where possible."""
    having, named = services(), orthanc_id(instance)
    with having.warmer.visible(named, is_compact=True):
        shown = having.pictures.compact(named, interest())
    return _response(_as_shown(shown, request.environ, interest()))


def stored(having: Services, instance: str, environ: Environ, interest: Interest) -> Answer:
    """`file`, without a framework around it."""
    return _stored_as(_PLAIN, having, instance, environ, interest)


def shown(having: Services, instance: str, environ: Environ, interest: Interest) -> Answer:
    """`display`, without a framework around it."""
    with having.warmer.visible(instance):
        shown = having.pictures.display(instance, interest)
    return _as_shown(shown, environ, interest)


def _as_shown(shown: Shown, environ: Environ, interest: Interest) -> Answer:
    manner = Manner(converted=shown.converted, is_proven=shown.is_proven)
    if environ["REQUEST_METHOD"] == "HEAD":
        shown.opened.close()
        return described(shown.opened.description, manner, environ)
    return deliver(shown.opened, interest, manner, environ)


def rendered(instance: str) -> Response:
    """Made in a jailed child process; never Orthanc's own preview, which can crash it."""
    view = View(
        number("frame", 1, 1, _LAST_FRAME),
        number("size", 0, 0, _LARGEST_SIDE),
        number("quality", 0, 0, _BEST_QUALITY),
    )
    return _picture(orthanc_id(instance), view)


def contents(instance: str) -> Response:
    """What it holds beside or instead of a picture; a jailed child has looked."""
    told = services().pictures.contents(orthanc_id(instance), interest())
    return Response(told, mimetype="application/json")


def wado() -> Response:
    """PS3.18 section 9 (URI service); rows, columns and windows are not offered."""
    if required("requestType") != "WADO":
        raise BadRequest("requestType must be WADO.")
    study, series, instance = (uid(required(name), name) for name in _UIDS)
    kind = request.args.get("contentType", "application/dicom")
    if kind not in {"application/dicom", "image/png"}:
        raise BadRequest("contentType must be application/dicom or image/png.")
    found = services().studies.locate(study, series, instance, interest())
    if not reach.reaches_instance(found):
        raise reach.out_of_reach(NO_SUCH)
    auditing.located(found)
    if kind == "image/png":
        return _picture(found, View(number("frameNumber", 1, 1, _LAST_FRAME)))
    return _stored(found, _PLAIN)


def _stored(instance: str, manner: Manner) -> Response:
    return _response(_stored_as(manner, services(), instance, request.environ, interest()))


def _stored_as(
    manner: Manner, having: Services, instance: str, environ: Environ, interest: Interest
) -> Answer:
    if environ["REQUEST_METHOD"] == "HEAD":
        return described(having.instances.describe(instance, interest), manner, environ)
    with having.warmer.visible(instance):
        opened = having.instances.open(instance, interest)
    return deliver(opened, interest, manner, environ)


def _response(answer: Answer) -> Response:
    made = Response(status=answer.status, headers=answer.headers, direct_passthrough=True)
    # Flask counts nothing here: the answer to HEAD has a length and no body.
    made.automatically_set_content_length = False
    made.response = answer.for_wsgi(request.environ)
    return made


def _picture(instance: str, view: View) -> Response:
    pictures = services().pictures
    kind = "image/jpeg" if view.quality else "image/png"
    if request.headers.get("If-None-Match"):
        tag = pictures.tag(instance, view, interest())
        if is_known(request.headers["If-None-Match"], f'"{tag}"'):
            return _drawn(b"", kind, tag, 304)
    picture = pictures.rendered(instance, view, interest())
    return _drawn(picture.data, kind, picture.tag, 200)


def _drawn(data: bytes, kind: str, tag: str, status: int) -> Response:
    answer = Response(data, status, mimetype=kind)
    answer.headers["X-Diagnostic"] = "no"
    answer.headers["Cache-Control"] = "private, no-cache"
    answer.set_etag(tag)
    return answer
