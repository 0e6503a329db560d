"""Pixels decoded in a jailed child process; the server itself never decodes one."""

from pacs_proxy.decoding.decoder import Decoder
from pacs_proxy.decoding.elements import HEAD_BYTES
from pacs_proxy.decoding.jobs import View
from pacs_proxy.decoding.kinds import picture_kind
from pacs_proxy.decoding.recognise import conversion_reason
from pacs_proxy.decoding.survey import conversion_reason_of

__all__ = [
    "HEAD_BYTES",
    "Decoder",
    "View",
    "conversion_reason",
    "conversion_reason_of",
    "picture_kind",
]
