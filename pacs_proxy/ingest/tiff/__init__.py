"""Large TIFFs to DICOM: captures up to a side of 4096 pixels, whole-slide pyramids above."""

from pacs_proxy.ingest.tiff.converter import Rules, TiffConverter
from pacs_proxy.ingest.tiff.plan import Bounds
from pacs_proxy.ingest.tiff.target import Target

__all__ = ["Bounds", "Rules", "Target", "TiffConverter"]
