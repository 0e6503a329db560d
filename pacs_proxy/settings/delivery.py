"""Settings of what leaves for the reader."""

from __future__ import annotations

from dataclasses import dataclass

from pacs_proxy.settings.parse import GIB, KIB, MIB, moment, positive, seconds, setting, text, whole


@dataclass(frozen=True)
class DeliverySettings:
    """The verified spool, and the decoding of what browsers draw wrong."""

    spool_dir: str = setting(
        "PACS_PROXY_SPOOL_DIR",
        "",
        text,
        "Folder of the verified spool, emptied at start. Default: pacs-proxy-<port> in /dev/shm, "
        "so that patient data stays in memory.",
    )
    spool_bytes: int = setting(
        "PACS_PROXY_SPOOL_BYTES", GIB, positive, "Upper bound of the verified spool, in bytes."
    )
    trust_seconds: float = setting(
        "PACS_PROXY_TRUST_SECONDS",
        1.0,
        moment,
        "How long what Orthanc said of an instance is believed for handing out what lies verified "
        "in the spool. An instance that somebody else replaces or deletes in Orthanc may be shown "
        "for this long; what goes through this server is noticed at once. 0 asks for each request.",
    )
    verify_first_bytes: int = setting(
        "PACS_PROXY_VERIFY_FIRST_BYTES",
        8 * MIB,
        whole,
        "Instances up to this size are verified whole before the first byte leaves; of larger ones "
        "the last piece is held back until the digest matches.",
    )
    warm_series: int = setting(
        "PACS_PROXY_WARM_SERIES",
        2,
        whole,
        "Series that each worker fetches into the spool as soon as they are opened, one image at a "
        "time, never while a reader waits for one, and no longer than their images are asked for; "
        "each at most a quarter of the spool. 0: nothing is fetched ahead.",
    )
    warm_far_seconds: float = setting(
        "PACS_PROXY_WARM_FAR_SECONDS",
        0.03,
        moment,
        "Series are fetched ahead only while Orthanc's answers usually take at least this long to "
        "begin: from a near archive nothing would be gained.",
    )
    minimum_dicom_bytes: int = setting(
        "PACS_PROXY_MINIMUM_DICOM_BYTES",
        KIB,
        whole,
        "A smaller file is counted as unusual; it is let through only when its digest matches.",
    )
    direct_streams: int = setting(
        "PACS_PROXY_DIRECT_STREAMS",
        4,
        positive,
        "Bodies too large for the spool that may be streamed at once by each worker.",
    )
    export_streams: int = setting(
        "PACS_PROXY_EXPORT_STREAMS",
        8,
        positive,
        "ZIP downloads of studies and series that each worker sends at once; each holds a thread.",
    )
    decode_seconds: float = setting(
        "PACS_PROXY_DECODE_SECONDS", 20.0, seconds, "Time limit of one decoding child."
    )
    decode_bytes: int = setting(
        "PACS_PROXY_DECODE_BYTES", 2 * GIB, positive, "Memory limit of one decoding child."
    )
    decode_parallel: int = setting(
        "PACS_PROXY_DECODE_PARALLEL", 2, positive, "Decoding children of each worker at once."
    )
    device_bytes: int = setting(
        "PACS_PROXY_DEVICE_BYTES",
        2 * GIB,
        whole,
        "How much a reader's browser may keep, encrypted, on a device on which the reader asked "
        "for it; the key dies with the session. 0: nothing is kept on any device.",
    )
    device_hours: int = setting(
        "PACS_PROXY_DEVICE_HOURS", 12, positive, "How long an image may be kept on a device."
    )
