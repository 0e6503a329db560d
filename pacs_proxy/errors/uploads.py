"""Why bytes that came in were not taken; part of the tree in `errors`.

UploadFailed 400          it goes on, or begins again, as its class says
├── OffsetConflict 409 · UploadFinished 409 · BeingDeleted 409
├── UploadGone 410 (UploadExpired) · UploadBusy 423
├── ChecksumMismatch 460 · WrongVersion 412 · WrongMedia 415
└── StagingFailed 503
LimitExceeded             says the limit and what was asked for
├── TooLarge 413 · OverQuota 413
└── TooManyOpen 429 · DiskLow 507
"""

from __future__ import annotations

from pacs_proxy.errors import PacsProxyError


class UploadFailed(PacsProxyError):
    """Bytes that came in could not be taken; what is kept is told by HEAD."""

    status = 400
    code = "upload_failed"
    title = "The upload was not accepted"


class OffsetConflict(UploadFailed):
    """The chunk does not begin where the upload ends."""

    status = 409
    code = "offset"
    title = "Another offset is expected"


class UploadFinished(UploadFailed):
    """It is whole and being stored, or dealt with: too late to take it back."""

    status = 409
    code = "finished"
    title = "Too late"


class BeingDeleted(UploadFailed):
    """Its study, or something of it, is being deleted or was meanwhile."""

    status = 409
    code = "being_deleted"
    title = "It is being deleted"


class UploadGone(UploadFailed):
    """Nothing more can be sent to it: cancelled, or its bytes were lost."""

    status = 410
    code = "gone"
    title = "This upload is over"


class UploadExpired(UploadGone):
    """Nobody went on with it for too long."""

    code = "expired"


class UploadBusy(UploadFailed):
    """Another request holds it, or its state cannot be told just now."""

    status = 423
    code = "busy"
    title = "The upload is busy"
    retryable = True


class ChecksumMismatch(UploadFailed):
    """The chunk is not what its checksum says (tus 1.0, checksum)."""

    status = 460
    code = "checksum"
    title = "The bytes received were wrong"
    retryable = True


class StagingFailed(UploadFailed):
    """The disk did not confirm what was written: it was not acknowledged either."""

    status = 503
    code = "staging_failed"
    title = "The server could not keep the bytes"
    retryable = True


class WrongVersion(UploadFailed):
    """Not a protocol version that we speak."""

    status = 412
    code = "tus_version"
    title = "Another protocol version"


class WrongMedia(UploadFailed):
    """Not a content type or coding that we take here."""

    status = 415
    code = "unsupported_media"
    title = "Not accepted here"


class LimitExceeded(PacsProxyError):
    """Refused before any byte was taken; `limit` and `got` are in the limit's own unit."""

    status = 413
    code = "limit"
    title = "Above a limit"

    def __init__(
        self,
        detail: str,
        limit: int | None = None,
        got: int | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(detail, retry_after)
        self.limit, self.got = limit, got


class TooLarge(LimitExceeded):
    """The file or the request is larger than we take."""

    code = "too_large"
    title = "Too large"


class OverQuota(LimitExceeded):
    """The unfinished uploads of this user hold too much already."""

    code = "quota"
    title = "Quota used up"


class TooManyOpen(LimitExceeded):
    """Too many unfinished uploads of this user."""

    status = 429
    code = "too_many_open"
    title = "Too many uploads at once"
    retryable = True


class DiskLow(LimitExceeded):
    """Not enough room where uploads are staged."""

    status = 507
    code = "disk_low"
    title = "The server's disk is almost full"
