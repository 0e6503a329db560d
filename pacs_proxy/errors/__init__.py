"""Everything that can go wrong, as one small tree; each class says its HTTP answer.

PacsProxyError 500
├── UpstreamError 502
│   ├── Unreachable 503   no connection or no answer: the server has not acted (Silent)
│   ├── Interrupted 502   stopped half-way: resume from the offset (Stalled, Doubtful)
│   ├── Corrupt 502       whole, and wrong: start again
│   ├── Changed 502       another attachment than the one we began with
│   ├── Damaged 502       wrong in the same way each time: the stored object itself
│   ├── Incomplete 502    a study is not there as a whole
│   ├── Full 507          no room left in it
│   └── Refused 502       a definite answer, not the one we wanted (DeletionFailed)
├── Busy 503              our own limit
├── BodyCut 400 · BodyStalled 408   what we were to send on stopped coming
├── DatabaseUnavailable 503 · AuditUnavailable 503
├── ServicesUnreachable 503 · ServicesInterrupted 502   the edge's own upstream (SERVER_ROLE=web)
├── TooOften 429
├── IdentityRefused 401   see `errors.oidc`
├── LengthRequired 411    and KeyRefused 401, see `errors.wire`
├── BadRequest 400 · NotFound 404 · RangeNotSatisfiable 416
├── BadUpload 422         the file is at fault
├── NotRenderable 422     no picture can be made of it
└── UploadFailed 400 · LimitExceeded 413   see `errors.uploads`
"""

from __future__ import annotations


class PacsProxyError(Exception):
    """The root; `detail` is read by people: what happened and what to do."""

    status = 500
    code = "internal"
    title = "Internal error"
    retryable = False

    def __init__(
        self, detail: str, retry_after: float | None = None, evidence: str | None = None
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.retry_after = retry_after
        # What was wrong, in a form that can be compared: the same three times is no accident.
        self.evidence = evidence


class UpstreamError(PacsProxyError):
    """The archive, or the way to it, failed."""

    status = 502
    code = "archive_refused"
    title = "The archive did not deliver"


class Unreachable(UpstreamError):
    """No connection, or no answer in time: the archive has not acted."""

    status = 503
    code = "archive_unreachable"
    title = "The archive cannot be reached"
    retryable = True


class Interrupted(UpstreamError):
    """The answer stopped half-way."""

    code = "archive_interrupted"
    title = "The connection to the archive broke"
    retryable = True


class Silent(Unreachable):
    """Connected, and then no answer in time."""


class Stalled(Interrupted):
    """The body began, and then fell silent or merely dripped."""


class Doubtful(Interrupted):
    """A request that changes something left, and no usable answer came.

    It may have been acted on: ask what is there before sending it again.
    """

    retryable = False


class Corrupt(UpstreamError):
    """The body is not what the archive says it stored."""

    code = "archive_interrupted"
    title = "The bytes received were wrong"
    retryable = True


class Changed(UpstreamError):
    """The object was replaced while it was read; asking for the old one again is no use."""

    code = "archive_interrupted"
    title = "The object was replaced in the archive"


class Damaged(UpstreamError):
    """The archive delivers the same wrong bytes each time."""

    code = "stored_object_damaged"
    title = "Stored object damaged"


class Refused(UpstreamError):
    """The archive gave a definite answer, not the one we wanted."""


class DeletionFailed(Refused):
    """The archive keeps what it was asked to delete, again and again."""

    code = "deletion_failed"
    title = "Not deleted"


class Incomplete(UpstreamError):
    """The archive lists other instances than it counts, or cannot deliver one of them."""

    code = "incomplete"
    title = "Not all images can be had"


class Full(UpstreamError):
    """The archive has no room left."""

    status = 507
    code = "archive_full"
    title = "The archive is full"


class Busy(PacsProxyError):
    """One of our own limits; waiting helps."""

    status = 503
    code = "archive_busy"
    title = "Too much at once"
    retryable = True


class ServicesUnreachable(PacsProxyError):
    """The edge gets no answer from the data side."""

    status = 503
    code = "services_unreachable"
    title = "The data side cannot be reached"
    retryable = True


class ServicesInterrupted(PacsProxyError):
    """The data side's answer broke off or cannot be used; the request may have been acted on."""

    status = 502
    code = "services_interrupted"
    title = "The connection to the data side broke"
    retryable = True


class LengthRequired(PacsProxyError):
    """A body without a length could be cut without a trace."""

    status = 411
    code = "length_required"
    title = "Length required"


class BodyCut(PacsProxyError):
    """The body of a request ended before its announced length, or went on beyond it."""

    status = 400
    code = "body_cut"
    title = "The body is not as long as announced"


class BodyStalled(PacsProxyError):
    """The body of a request stopped coming (408: clients may send it again)."""

    status = 408
    code = "body_stalled"
    title = "The body stopped coming"
    retryable = True


class DatabaseUnavailable(PacsProxyError):
    """Our own database does not answer, or has no room."""

    status = 503
    code = "database_unavailable"
    title = "The proxy's database cannot be reached"
    retryable = True


class AuditUnavailable(PacsProxyError):
    """What is about to happen cannot be written down, so it must not happen."""

    status = 503
    code = "audit_unavailable"
    title = "The audit journal cannot be written"
    retryable = True


class TooOften(PacsProxyError):
    """What may come only so often; the sender keeps it for later."""

    status = 429
    code = "too_often"
    title = "Too often"


class BadRequest(PacsProxyError):
    """The request itself is wrong."""

    status = 400
    code = "bad_request"
    title = "Bad request"


class MalformedId(BadRequest):
    """An identifier does not have the form it must have."""

    code = "malformed_id"
    title = "Malformed identifier"


class MissingParameter(BadRequest):
    """A parameter that the standard requires is not there."""

    code = "missing_parameter"
    title = "Missing parameter"


class NotFound(PacsProxyError):
    """No such object."""

    status = 404
    code = "not_found"
    title = "Not found"


class Forbidden(PacsProxyError):
    """The principal may not do this."""

    status = 403
    code = "forbidden"
    title = "Not permitted"


class CrossSite(Forbidden):
    """A page of another site asked for a change in this user's name."""

    code = "cross_site"
    title = "Asked by another site"


class MethodNotAllowed(PacsProxyError):
    """The route exists, the method does not."""

    status = 405
    code = "method_not_allowed"
    title = "Method not allowed"


class RangeNotSatisfiable(PacsProxyError):
    """RFC 9110 section 15.5.17; `size` is the length of the whole."""

    status = 416
    code = "range_not_satisfiable"
    title = "Range not satisfiable"

    def __init__(self, detail: str, size: int) -> None:
        super().__init__(detail)
        self.size = size


class BadUpload(PacsProxyError):
    """A file that must not or cannot be stored; `code` says why, `detail` also what to do."""

    status = 422
    title = "The file cannot be stored"

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


class NotRenderable(PacsProxyError):
    """No picture can be made of this instance."""

    status = 422
    code = "not_renderable"
    title = "No picture can be made"
