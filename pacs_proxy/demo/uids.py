"""Deterministic DICOM UIDs under one generated root: the same recipe, the same UID."""

import hashlib
import uuid

# PS3.5 B.2: a UUID makes a root that nobody else has, without registering anything.
ROOT = f"2.25.{uuid.UUID('6b1f0f7e-7c54-4c0e-9d1d-6f2b3f0a5d21').int}"


def uid(*recipe: object) -> str:
    """Give the UID of a recipe; other pixels or another syntax must mean another recipe.

    Orthanc answers AlreadyStored to a known SOPInstanceUID and keeps the old bytes.
    """
    digest = hashlib.sha256(repr(recipe).encode()).digest()
    return f"{ROOT}.{int.from_bytes(digest[:6], 'big')}"
