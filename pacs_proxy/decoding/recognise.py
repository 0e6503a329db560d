"""From the header alone: whether browsers draw an instance right as it is stored."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from pacs_proxy.decoding import codestream, elements
from pacs_proxy.decoding.elements import HEAD_BYTES, UNDEFINED, Header, read_header
from pacs_proxy.decoding.kinds import kind_of

_EXPLICIT = "1.2.840.10008.1.2.1"
ENCAPSULATED_NATIVE = "1.2.840.10008.1.2.1.98"
NATIVE = frozenset({elements.IMPLICIT_LITTLE, _EXPLICIT, elements.EXPLICIT_BIG})
RLE = "1.2.840.10008.1.2.5"
_J = "1.2.840.10008.1.2.4."
BASELINE = _J + "50"
TWELVE_BIT = frozenset(_J + n for n in ("51", "53", "55"))
JPEG_LOSSLESS = frozenset(_J + n for n in ("57", "70"))
JPEG_LS = frozenset(_J + n for n in ("80", "81"))
JPEG_2000 = frozenset(_J + n for n in ("90", "91", "201", "202", "203"))
JPEG_XL = frozenset(_J + n for n in ("110", "111", "112"))
_DRAWN = (
    NATIVE | JPEG_LOSSLESS | JPEG_LS | JPEG_2000 | JPEG_XL | {RLE, BASELINE, ENCAPSULATED_NATIVE}
)

# As dcmjs 0.52 names them; the first value counts.
_CHARACTER_SETS = re.compile(
    r"|iso-ir-(6|13|100|101|109|110|126|127|138|144|148|166|192)"
    r"|iso-2022-ir-(6|13|58|87|100|101|109|110|126|127|138|144|148|149|159|166)"
    r"|iso-2022-(58|gbk)|gb18030|gbk"
)
_PHOTOMETRIC = {"MONOCHROME1", "MONOCHROME2", "PALETTE COLOR", "RGB"} | {
    "YBR_FULL",
    "YBR_FULL_422",
    "YBR_ICT",
    "YBR_RCT",
}
_SUBTRACTION_CLASSES = ("1.2.840.10008.5.1.4.1.1.12.1", "1.2.840.10008.5.1.4.1.1.12.2.1")
_DECIMAL = re.compile(r"[+-]?\d{0,16}(\.\d{0,16})?([eE][+-]?\d{1,2})?")

_ROWS, _COLUMNS, _MODALITY_LUT = 0x00280010, 0x00280011, 0x00283000


@dataclass(frozen=True, slots=True)
class Image:
    """The image attributes, and as much of the first compressed frame as is at hand."""

    header: Header
    syntax: str
    photometric: str
    rows: int
    columns: int
    samples: int
    frames: int
    allocated: int
    stored: int
    high: int
    signed: bool
    planar: int
    fragment: bytes

    @property
    def native_bytes(self) -> int:
        """Length of the pixels when they are not compressed."""
        bits = self.rows * self.columns * self.samples * self.frames * self.allocated
        return (bits + 7) // 8


def conversion_reason(head: bytes) -> str | None:
    """Why the browser would not draw this instance right; None when it does, or has no picture.

    `head` is the first HEAD_BYTES of the file, or all of a shorter one. Never raises.
    """
    return reason_for(read_header(head))


def reason_for(header: Header) -> str | None:
    """The same, of a header already read."""
    if kind_of(header) != "image":
        return None
    image = image_of(header)
    reasons = (rule(image) for rule in _RULES)
    return next((reason for reason in reasons if reason), None)


def image_of(header: Header) -> Image:
    """Gather the attributes; absent ones get what browsers assume."""
    allocated = header.number(0x00280100, 16)
    stored = header.number(0x00280101, allocated)
    frames = header.text(0x00280008)
    return Image(
        header=header,
        syntax=header.syntax,
        photometric=header.text(0x00280004),
        rows=header.number(_ROWS, 0),
        columns=header.number(_COLUMNS, 0),
        samples=header.number(0x00280002, 1),
        frames=int(frames[:9]) if frames[:9].isdecimal() and frames.isascii() else 1,
        allocated=allocated,
        stored=stored,
        high=header.number(0x00280102, stored - 1),
        signed=header.number(0x00280103, 0) == 1,
        planar=header.number(0x00280006, 0),
        fragment=_first_fragment(header),
    )


def _first_fragment(header: Header) -> bytes:
    """The start of the first frame: past the offset table, as far as the bytes reach."""
    pixels, body = header.pixels, header.body
    if pixels is None or pixels.length != UNDEFINED or body[pixels.start :][:2] != b"\xfe\xff":
        return b""
    table = int.from_bytes(body[pixels.start + 4 : pixels.start + 8], header.order)
    at = pixels.start + 8 + table
    length = int.from_bytes(body[at + 4 : at + 8], header.order)
    return body[at + 8 : at + 8 + min(length, HEAD_BYTES)]


def _container(image: Image) -> str | None:
    header = image.header
    if not header.has_preamble or not header.has_meta:
        return "no file header (preamble and meta information)"
    if image.syntax in elements.DEFLATED:
        return "the data set is deflated, which browsers do not read"
    if image.syntax in TWELVE_BIT:
        return "JPEG 12 bit is decoded wrongly by browsers"
    if image.syntax not in _DRAWN:
        return "a transfer syntax that browsers do not know"
    return header.oddity or None


def _characters(image: Image) -> str | None:
    return character_set_reason(image.header.text(0x00080005))


def character_set_reason(term: str) -> str | None:
    """Browsers refuse the whole file when they do not know its first character set."""
    name = re.sub("[_ ]", "-", term.strip()).lower()
    return None if _CHARACTER_SETS.fullmatch(name) else "a character set that browsers do not know"


def _floating(image: Image) -> str | None:
    pixels = image.header.pixels
    if pixels is not None and pixels.tag != 0x7FE00010:
        return "floating-point pixels may lose their fractions in browsers"
    return None


def _layout(image: Image) -> str | None:
    if image.photometric not in _PHOTOMETRIC:
        return "a colour model that browsers do not know"
    if image.samples > 1 and image.allocated > 8:
        return "colour of more than 8 bits is drawn wrongly by browsers"
    if image.allocated == 8 and image.signed:
        return "signed 8 bit pixels are drawn wrongly by browsers"
    if image.high != image.stored - 1 and image.allocated > 1:
        return "pixels that do not lie in the low bits"
    if any(image.header.number(0x60000100 | plane << 17, 1) > 1 for plane in range(16)):
        return "an overlay in the unused bits of the pixels"
    return None


def _tables(image: Image) -> str | None:
    sop_class = image.header.text(0x00080016)
    table = image.header.elements.get(_MODALITY_LUT)
    if table is not None and table.length and sop_class not in _SUBTRACTION_CLASSES:
        return "a modality lookup table, which browsers do not apply"
    if image.photometric == "PALETTE COLOR" and 0x00281221 in image.header.elements:
        return "a segmented palette, which browsers do not read"
    return None


def _slope(image: Image) -> str | None:
    if image.samples > 1 or image.header.text(0x00080060) == "RTDOSE":
        return None
    if any(loses_fractions(slope, image.stored) for slope in image.header.slopes):
        return "a fractional rescale slope is cut to whole numbers by browsers"
    return None


def loses_fractions(slope: str, stored: int) -> bool:
    """Whether browsers may cut values: they do when the smallest and the largest are whole."""
    try:
        step = Fraction(slope).denominator if _DECIMAL.fullmatch(slope) else 1
    except ValueError:
        return False
    return 1 < step < 1 << stored


def _native(image: Image) -> str | None:
    if image.syntax not in NATIVE | {ENCAPSULATED_NATIVE}:
        return None
    if image.allocated == 1:
        return "1 bit pixels are drawn wrongly by browsers"
    if image.samples == 3 and image.photometric not in {"RGB", "YBR_FULL"}:
        return "uncompressed pixels with fewer colour samples are drawn wrongly by browsers"
    if image.syntax == elements.EXPLICIT_BIG and (image.allocated != 16 or image.samples > 1):
        return "big endian pixels that browsers do not read"
    pixels = image.header.pixels
    if image.syntax in NATIVE and pixels is not None and pixels.length != image.native_bytes:
        return "pixel data of another length than the picture"
    return None


def _run_length(image: Image) -> str | None:
    if image.syntax in JPEG_XL and image.planar and image.samples > 1:
        return "a form of JPEG XL that browsers draw wrongly"
    if image.syntax != RLE or image.allocated in {1, 8, 16}:
        return None
    return "RLE of more than 16 bits is not decoded by browsers"


def _compressed(image: Image) -> str | None:
    """Compare the stream's own header with the attributes, where the stream is at hand."""
    pixels = image.header.pixels
    if pixels is None or image.syntax in NATIVE:
        return None
    if pixels.length != UNDEFINED:
        return "pixels that are not compressed as the transfer syntax says"
    begins = _BEGINNINGS.get(image.syntax)
    if begins is not None and not begins(image.fragment):
        return "compressed pixels that do not begin as they must"
    stream = codestream.describe(image.fragment)
    return _contradiction(image, stream) if stream else None


def _contradiction(image: Image, stream: codestream.Stream) -> str | None:
    if (stream.rows, stream.columns) != (image.rows, image.columns):
        return "compressed pixels of another size than the header says"
    if stream.components != image.samples:
        return "compressed pixels of another number of colours than the header says"
    if image.syntax in JPEG_2000:
        return _jpeg2000(image, stream)
    if image.syntax == BASELINE:
        return _baseline(image, stream)
    return _lossless(image, stream)


def _jpeg2000(image: Image, stream: codestream.Stream) -> str | None:
    if stream.subsampled or stream.precision > 16 or (image.planar and image.samples > 1):
        return "a form of JPEG 2000 that browsers draw wrongly"
    if image.samples == 1 and stream.signed != image.signed:
        return "JPEG 2000 whose sign differs from the header"
    if image.signed and stream.precision > image.stored:
        return "JPEG 2000 whose precision differs from the header"
    return None


def _baseline(image: Image, stream: codestream.Stream) -> str | None:
    if stream.precision != 8 or stream.marker > 0xC2 or image.allocated != 8:
        return "JPEG of another kind than its transfer syntax says"
    if stream.annotated:
        return "JPEG with a colour profile or an orientation of its own"
    if stream.components == 3 and stream.taken_for_rgb is stream.is_luma(image.photometric):
        return "JPEG whose colour model browsers mistake"
    return None


def _lossless(image: Image, stream: codestream.Stream) -> str | None:
    if image.signed and stream.precision != image.stored:
        return "compressed pixels whose precision differs from the header"
    if image.allocated == 8 and stream.precision > 8:
        return "compressed pixels whose precision differs from the header"
    by_plane = image.syntax in JPEG_LS and stream.interleave == 0
    if image.syntax in JPEG_LS and image.samples > 1 and by_plane is not (image.planar == 1):
        return "JPEG-LS whose colours lie otherwise than the header says"
    return None


_BEGINNINGS: dict[str, Callable[[bytes], bool]] = {
    **dict.fromkeys(JPEG_2000, codestream.begins_as_jpeg2000),
    **dict.fromkeys({BASELINE} | JPEG_LOSSLESS | JPEG_LS, codestream.begins_as_jpeg),
}
_RULES = (
    _container,
    _characters,
    _floating,
    _layout,
    _tables,
    _slope,
    _native,
    _run_length,
    _compressed,
)
