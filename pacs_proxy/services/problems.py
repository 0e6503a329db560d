"""Every failure in one shape: RFC 9457 problem details with a request id and what to do."""

from __future__ import annotations

import logging
import math

from flask import Flask, Response, json
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from pacs_proxy import logs, metrics
from pacs_proxy.errors import BadRequest, NotFound, PacsProxyError, RangeNotSatisfiable
from pacs_proxy.errors import MethodNotAllowed as NotThisMethod
from pacs_proxy.errors.access import SignInRequired
from pacs_proxy.errors.uploads import LimitExceeded
from pacs_proxy.upstream.interest import Abandoned

log = logging.getLogger(__name__)


def install(app: Flask) -> None:
    """Render all errors of the application here and nowhere else."""
    app.register_error_handler(PacsProxyError, ours)
    app.register_error_handler(HTTPException, werkzeugs)
    app.register_error_handler(Exception, unexpected)


def ours(error: PacsProxyError) -> Response:
    """An error of our tree, as its class says."""
    if isinstance(error, Abandoned):
        metrics.ABANDONED.inc()
    elif error.status >= 500:
        log.warning("failed", extra={"code": error.code, "error": type(error).__name__})
    answer = problem(error)
    if error.retry_after is not None or error.status == 503:
        answer.headers["Retry-After"] = str(math.ceil(error.retry_after or 1))
    if isinstance(error, RangeNotSatisfiable):
        answer.headers["Content-Range"] = f"bytes */{error.size}"
    return answer


def werkzeugs(error: HTTPException) -> Response:
    """What the framework refuses, in our words: its own would repeat the URL."""
    if isinstance(error, MethodNotAllowed):
        answer = problem(NotThisMethod("This address does not accept that method."))
        answer.headers["Allow"] = ", ".join(sorted(error.valid_methods or ()))
        return answer
    if error.code == 404:
        return problem(NotFound("There is nothing at this address."))
    return problem(BadRequest("The request is not one this server accepts."))


def unexpected(error: Exception) -> Response:
    """A fault of ours: the log has its place, the user an id to quote."""
    log.error("unexpected", exc_info=error)
    return problem(
        PacsProxyError(
            "Something went wrong inside the proxy. Try again; if it happens again, give the "
            "request id to your administrator."
        )
    )


def problem(error: PacsProxyError) -> Response:
    """The JSON body and its status."""
    body = {
        "type": "about:blank",
        "title": error.title,
        "status": error.status,
        "code": error.code,
        "detail": error.detail,
        "retryable": error.retryable,
        "request_id": logs.request_id.get(),
    }
    if isinstance(error, LimitExceeded) and error.limit is not None:
        body |= {"limit": error.limit, "got": error.got}
    if isinstance(error, SignInRequired) and error.ways is not None:
        body |= {"ways": error.ways}
    return Response(json.dumps(body), error.status, content_type="application/problem+json")
