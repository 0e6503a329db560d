"""Settings of the conversion of TIFFs."""

from __future__ import annotations

from dataclasses import dataclass

from pacs_proxy.settings.parse import GIB, MIB, positive, seconds, setting, whole


@dataclass(frozen=True)
class TiffSettings:
    """What becomes a slide, and what a conversion may use."""

    tiff_slide_side: int = setting(
        "PACS_PROXY_TIFF_SLIDE_SIDE",
        4096,
        positive,
        "A TIFF with more pixels than this on a side becomes a whole-slide pyramid, a smaller one "
        "a Secondary Capture.",
    )
    tiff_large_bytes: int = setting(
        "PACS_PROXY_TIFF_LARGE_BYTES",
        50 * MIB,
        whole,
        "The conversion of a larger TIFF waits until the machine has memory to spare.",
    )
    memory_reserve: int = setting(
        "PACS_PROXY_MEMORY_RESERVE",
        200 * MIB,
        whole,
        "Memory that such a conversion leaves to others, in bytes.",
    )
    tiff_decoded_bytes: int = setting(
        "PACS_PROXY_TIFF_DECODED_BYTES",
        8 * GIB,
        positive,
        "Largest sum of a TIFF's pixels once decoded: a small file can claim to hold anything.",
    )
    tiff_pages: int = setting("PACS_PROXY_TIFF_PAGES", 1000, positive, "Most pages of a TIFF.")
    tiff_seconds: float = setting(
        "PACS_PROXY_TIFF_SECONDS", 900.0, seconds, "Time limit of one conversion."
    )
    tiff_memory: int = setting(
        "PACS_PROXY_TIFF_MEMORY",
        3 * GIB,
        positive,
        "Address space of one converting process: some 2 GiB more than it uses.",
    )
