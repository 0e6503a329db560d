"""What is refused before it is a request: bytes that could mean two things, or of a stranger."""

from __future__ import annotations

from pacs_proxy.errors import PacsProxyError


class Unintelligible(PacsProxyError):
    """Not HTTP as we speak it; whatever follows on the connection is not read."""

    status = 400
    code = "unintelligible"
    title = "Not a request this server reads"


class AddressTooLong(Unintelligible):
    """The first line."""

    status = 414
    code = "address_too_long"
    title = "The address is too long"


class HeadersTooLarge(Unintelligible):
    """One of them, or all together."""

    status = 431
    code = "headers_too_large"
    title = "The headers are too large"


class ExpectationRefused(Unintelligible):
    """Expect: anything but 100-continue."""

    status = 417
    code = "expectation_refused"
    title = "This is not something to expect"


class EncodingUnknown(Unintelligible):
    """A Transfer-Encoding other than chunked."""

    status = 501
    code = "encoding_unknown"
    title = "This transfer encoding is not understood"


class KeyRefused(PacsProxyError):
    """The data side answers its edge alone."""

    status = 401
    code = "internal_key_refused"
    title = "For the edge only"
