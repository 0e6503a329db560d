"""What may be taken in, and how pictures become DICOM: settings in the form each part takes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from pacs_proxy.database import Upload
from pacs_proxy.errors import BadUpload, NotFound
from pacs_proxy.ingest import container, pipeline, walk
from pacs_proxy.ingest.admission import Limits as IntakeLimits
from pacs_proxy.ingest.buckets import Place
from pacs_proxy.ingest.bygone import Keeping
from pacs_proxy.ingest.reference import Allowed
from pacs_proxy.ingest.tiff import Bounds, Rules, Target, TiffConverter
from pacs_proxy.settings import Settings
from pacs_proxy.upstream.client import Client
from pacs_proxy.upstream.interest import Interest

_STUDY_GONE = (
    "The study chosen for this TIFF is not in the archive. Send it again and choose another one."
)


def conversion(converter: TiffConverter, client: Client) -> pipeline.Converter:
    """TIFFs for the pipeline: to the patient and study that were said with the upload."""

    def convert(
        source: Path, out: Path, upload: Upload, progress: Callable[[int, int], None]
    ) -> Sequence[Path]:
        def ask(study: str) -> dict[str, Any]:
            try:
                return client.get(f"/studies/{study}", Interest())  # type: ignore[no-any-return]
            except NotFound:
                raise BadUpload("target_invalid", _STUDY_GONE) from None

        target = Target.of(upload.target, upload.batch_id, ask)
        return converter.convert(source, out, target, upload.id, upload.created, progress)

    return convert


def tiff_converter(settings: Settings) -> TiffConverter:
    """Makes DICOM of TIFFs, in jailed processes of its own."""
    bounds = Bounds(settings.tiff_slide_side, settings.tiff_decoded_bytes, settings.tiff_pages)
    return TiffConverter(
        Rules(
            bounds,
            settings.tiff_memory,
            settings.tiff_seconds,
            settings.tiff_large_bytes,
            settings.memory_reserve,
        )
    )


def allowed(settings: Settings) -> Allowed:
    """Where files may be taken from."""
    place = Place(settings.s3_endpoint or None, settings.allowed_buckets)
    return Allowed(settings.allowed_folders, place)


def intake_limits(settings: Settings) -> IntakeLimits:
    """What may come in."""
    return IntakeLimits(
        settings.upload_file_bytes,
        settings.upload_batch_bytes,
        settings.upload_quota_bytes,
        settings.upload_open,
        settings.upload_request_bytes,
        settings.upload_disk_reserve,
        settings.upload_expires_seconds,
    )


def keeping(settings: Settings) -> Keeping:
    """How long what is over or undecided is remembered."""
    return Keeping(settings.upload_conflict_days * 86400.0, settings.upload_history_days * 86400.0)


def ingest_rules(settings: Settings, converter: pipeline.Converter) -> pipeline.Rules:
    """What a file may be before the archive sees it."""
    shield = walk.Limits(
        settings.shield_depth, settings.shield_elements, settings.shield_neighbours
    )
    bounds = container.Bounds(settings.zip_members, settings.zip_bytes, settings.zip_ratio)
    return pipeline.Rules(shield, bounds, converter)
