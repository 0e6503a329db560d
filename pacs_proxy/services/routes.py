"""The route table: what is not listed here cannot be reached, whatever Orthanc offers."""

from __future__ import annotations

from pacs_proxy.access import records
from pacs_proxy.access.permissions import (
    EMERGENCY_DIRECT,
    MEASUREMENT_KEEP,
    OPERATE,
    PUBLIC,
    STUDY_DELETE,
    STUDY_EXPORT,
    STUDY_READ,
    STUDY_SEARCH,
)
from pacs_proxy.services.content_routes import CONTENTS
from pacs_proxy.services.glass_routes import GLASS
from pacs_proxy.services.own_routes import OWN
from pacs_proxy.services.route import Route
from pacs_proxy.services.session_routes import SESSIONS
from pacs_proxy.services.share_routes import SHARES
from pacs_proxy.services.trail_routes import TRAIL
from pacs_proxy.services.upload_routes import UPLOADS

_READ = ("GET", "HEAD")
ROUTES = (
    Route(_READ, "/", "viewer.index", PUBLIC, "The viewer."),
    Route(
        _READ,
        "/assets/<path:name>",
        "viewer.asset",
        PUBLIC,
        "The viewer's scripts, styles and codecs; names carry a hash and never change.",
    ),
    Route(
        _READ,
        "/wado",
        "images.wado",
        STUDY_READ,
        "DICOM PS3.18 WADO-URI: `requestType=WADO`, `studyUID`, `seriesUID`, `objectUID`, and "
        "`contentType` `application/dicom` (also when none is given) or `image/png`.",
        audit=records.STUDY_READ,
    ),
    Route(
        ("GET",),
        "/api/pacs/studies",
        "studies.page",
        STUDY_SEARCH,
        "Studies: `patient_name`, `patient_id`, `birth_date`, `accession`, `description`, "
        "`modality`, `date_from`, `date_to`, `label`, `source` (`uploaded`, `usb`, `modality`), "
        "`sort` (`study_date` first; a column's name), `order` (`desc`, `asc`), `limit` (1-200), "
        "`offset`. `as_of` when the archive is away and this is what it held then.",
        audit=records.SEARCH,
    ),
    Route(
        ("GET",),
        "/api/pacs/news",
        "studies.news",
        STUDY_SEARCH,
        "Whether the list changed after `since`, a list's `cursor`; how many studies arrived.",
    ),
    Route(
        ("GET",),
        "/api/pacs/studies/<study>",
        "studies.study",
        STUDY_READ,
        "One study with its series.",
    ),
    Route(
        ("GET",),
        "/api/pacs/studies/<study>/measurements",
        "measurements.listed",
        STUDY_READ,
        "The figures of the newest report that was kept here, and who made it when.",
    ),
    Route(
        ("POST",),
        "/api/pacs/studies/<study>/measurements",
        "measurements.keep",
        MEASUREMENT_KEEP,
        'All figures to be kept, `{"marks": [{"id", "instance", "frame", "kind", "points", '
        '"label", "values"}]}`: 201 when a structured report (TID 1500) of them is proven in the '
        "archive.",
        audit=records.MEASURED,
    ),
    Route(
        ("GET",),
        "/api/pacs/series/<series>",
        "studies.series",
        STUDY_READ,
        "One series with its instances in viewing order: id, UIDs, size, md5, frames.",
    ),
    Route(
        _READ,
        "/api/pacs/instances/<instance>/file",
        "images.file",
        STUDY_READ,
        "The stored bytes, verified. `ETag`, `Content-Length`, `Accept-Ranges`, `X-Integrity`: "
        "`md5`, or `length` where the archive keeps no digest.",
    ),
    Route(
        _READ,
        "/api/pacs/instances/<instance>/display",
        "images.display",
        STUDY_READ,
        "The stored bytes where browsers draw them right; else converted to Explicit VR Little "
        "Endian with a digest of their own and the reason in `X-Converted`.",
    ),
    Route(
        _READ,
        "/api/pacs/instances/<instance>/compact",
        "images.compact",
        STUDY_READ,
        "As `display`; native grey pixels come in HTJ2K without loss where that saves a tenth. "
        "`X-Converted` says so; another decoder has turned them back into the stored ones before.",
    ),
    Route(
        _READ,
        "/api/pacs/instances/<instance>/download",
        "images.download",
        STUDY_EXPORT,
        "As `file`, to be saved.",
        audit=records.STUDY_EXPORTED,
    ),
    Route(
        _READ,
        "/api/pacs/studies/<study>/download",
        "downloads.study",
        STUDY_EXPORT,
        "The study as a ZIP (stored, ZIP64) of verified files with a DICOMDIR, the same bytes each "
        "time: `Content-Length`, strong `ETag`, `Range`, `If-Range`. 502 `incomplete` when the "
        "archive's list and count differ; a file that cannot be proven breaks the connection.",
        audit=records.STUDY_EXPORTED,
    ),
    Route(
        _READ,
        "/api/pacs/series/<series>/download",
        "downloads.series",
        STUDY_EXPORT,
        "As for a study.",
        audit=records.STUDY_EXPORTED,
    ),
    Route(
        ("GET",),
        "/api/pacs/instances/<instance>/rendered",
        "images.rendered",
        STUDY_READ,
        "A PNG, not diagnostic: `frame` from 1, `size` of the longest side in pixels (0: native); "
        "a JPEG where a `quality` (1 to 95) is given.",
    ),
    Route(
        _READ,
        "/api/pacs/instances/<instance>/frames/<number>",
        "frames.frame",
        STUDY_READ,
        "One frame (from 1) as stored, cut from the verified file: a compressed frame's codestream "
        "or native pixels. `ETag`, `Repr-Digest`, `X-Transfer-Syntax`.",
    ),
    *CONTENTS,
    Route(
        ("POST",),
        "/api/pacs/instances/<instance>/direct",
        "emergency.direct",
        EMERGENCY_DIRECT,
        "The archive's own address of the instance (`url`); nothing there is verified. Written "
        "down first. 404 where PACS_PROXY_EMERGENCY_URL is not set.",
        audit=records.EMERGENCY,
    ),
    Route(
        ("GET",),
        "/api/pacs/instances/<instance>/slide",
        "frames.slide",
        STUDY_READ,
        "One level of a whole-slide image (TILED_FULL), read from the verified file: sizes, tiles, "
        "coding, spacing in mm, window.",
    ),
    Route(
        ("DELETE",),
        "/api/pacs/studies/<study>",
        "deletions.study",
        STUDY_DELETE,
        "Delete a study with its uploads, staged files, labels and jobs; safe to repeat. 200 when "
        "the archive was asked and has nothing of it any more, else 202 with `Location`.",
    ),
    Route(
        ("DELETE",),
        "/api/pacs/series/<series>",
        "deletions.series",
        STUDY_DELETE,
        "As for a study.",
    ),
    Route(
        ("DELETE",),
        "/api/pacs/instances/<instance>",
        "deletions.instance",
        STUDY_DELETE,
        "As for a study.",
    ),
    Route(
        ("GET",),
        "/api/pacs/deletions/<int:job>",
        "deletions.progress",
        STUDY_DELETE,
        "How far a deletion is: `state` (queued, running, done, failed), `detail`, `deleted`.",
    ),
    Route(
        ("GET",),
        "/api/pacs/status",
        "studies.status",
        STUDY_READ,
        "Whether the archive answers; never waits.",
    ),
    *UPLOADS,
    *SHARES,
    *GLASS,
    *SESSIONS,
    *OWN,
    *TRAIL,
    Route(
        ("POST",),
        "/api/telemetry",
        "telemetry.report",
        STUDY_READ,
        "What a browser saw, of nobody: `seen`, lines of `name`, `syntax`, `bucket`, `count`.",
    ),
    Route(
        ("GET",),
        "/api/telemetry",
        "telemetry.figures",
        OPERATE,
        "What browsers saw in the last `hours`, added up by the hour.",
    ),
    Route(
        ("GET",),
        "/api/incident",
        "telemetry.incident",
        OPERATE,
        "Versions, state, settings without secrets and figures, for whoever looks into a failure.",
    ),
    Route(_READ, "/healthz", "status.healthz", PUBLIC, "Whether this process answers."),
    Route(_READ, "/readyz", "status.readyz", PUBLIC, "Whether the archive answers, too."),
    Route(
        ("GET",),
        "/metrics",
        "status.metrics",
        OPERATE,
        "Prometheus figures; answered to this machine only.",
    ),
)
