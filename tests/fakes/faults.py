"""The faults an upstream can show on the wire, as values: `rst_after(1000)`, `status(503)` …"""

import gzip
import zlib
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache

from tests.fakes.exchange import At, Exchange, Fault, place
from tests.fakes.routes import ranged
from tests.fakes.wire import Reply, chunked, json_reply

HTML = b"<!DOCTYPE html><html><body><h1>It works!</h1></body></html>"


# -- the connection breaks or stops ------------------------------------------------------------


def rst_after(at: At) -> Fault:
    """U2. The bytes before the reset are given time to arrive: RST throws away what waits."""

    def act(x: Exchange) -> bool:
        x.begin(at)
        x.wire.flushed()
        x.wire.reset()
        return False

    return Fault(f"rst_after({at})", act)


def fin_after(at: At) -> Fault:
    """U3: a Content-Length that is not kept."""

    def act(x: Exchange) -> bool:
        x.begin(at)
        return x.raw()

    return Fault(f"fin_after({at})", act)


def vanish(reset: bool = False) -> Fault:
    """The connection ends before any answer, as when a pooled one has gone stale (U1)."""

    def act(x: Exchange) -> bool:
        (x.wire.reset if reset else x.wire.fin)()
        return False

    return Fault(f"vanish({'rst' if reset else 'fin'})", act)


def stall_after(at: At, seconds: float | None = None) -> Fault:
    """U7: silence until the reader leaves; or for a while, and then the rest."""

    def act(x: Exchange) -> bool:
        x.begin(at)
        x.wire.wait(seconds)
        x.wire.send(x.reply.body[place(at, len(x.reply.body)) :])
        return True

    return Fault(f"stall_after({at}, {seconds})", act)


def stall_before_headers(seconds: float | None = None) -> Fault:
    """U8: nothing at all until the reader leaves."""
    return replace(slow_first_byte(seconds), name=f"stall_before_headers({seconds})")


def slow_first_byte(seconds: float | None) -> Fault:
    """An honest answer that begins late."""

    def act(x: Exchange) -> bool:
        x.wire.wait(seconds)
        return x.send()

    return Fault(f"slow_first_byte({seconds})", act)


def drip(rate: float, at: At = 0) -> Fault:
    """U6: from there on, so many bytes a second, one at a time when they are few."""

    def act(x: Exchange) -> bool:
        x.begin(at)
        rest = x.reply.body[place(at, len(x.reply.body)) :]
        step = max(1, int(rate / 20))
        for start in range(0, len(rest), step):
            x.wire.wait(step / rate)
            x.wire.send(rest[start : start + step])
        return True

    return Fault(f"drip({rate}, {at})", act)


def headers_cut(at: At = 0.6) -> Fault:
    """U15: FIN inside the headers, which clients take for an empty 200."""

    def act(x: Exchange) -> bool:
        head = x.reply.sized_head()
        return x.raw(head[: place(at, len(head))])

    return Fault(f"headers_cut({at})", act)


# -- framing -----------------------------------------------------------------------------------


def no_length(at: At = 0.5) -> Fault:
    """U4: neither length nor chunks; the end of the connection is the end of the body."""

    def act(x: Exchange) -> bool:
        reply = x.reply.without("Connection").without("Keep-Alive")
        body = reply.body[: place(at, len(reply.body))]
        return x.raw(reply.head("Connection: close"), body)

    return Fault(f"no_length({at})", act)


def chunked_cut(where: str) -> Fault:
    """U5: `in` a chunk, `between` two, or `after` the zero (the body is whole then)."""

    def act(x: Exchange) -> bool:
        half = len(x.reply.body) // 2
        whole = chunked([x.reply.body[:half], x.reply.body[half:]])
        first = chunked([x.reply.body[:half]])
        sent = {"in": whole[: len(first) + half // 2], "between": first, "after": whole + b"0\r\n"}
        return x.raw(x.reply.head("Transfer-Encoding: chunked"), sent[where])

    return Fault(f"chunked_cut({where})", act)


def short_length(by: int = 100) -> Fault:
    """U9: length and body agree, and the body lacks its end."""

    def act(x: Exchange) -> bool:
        return x.send(replace(x.reply, body=x.reply.body[: max(0, len(x.reply.body) - by)]))

    return Fault(f"short_length({by})", act)


def framed(name: str, *lines: str, body: Callable[[bytes], bytes] = bytes) -> Fault:
    """Framing lines of the test's own; `%d` stands for the true length. FIN follows."""

    def act(x: Exchange) -> bool:
        length = len(x.reply.body)
        filled = [line.replace("%d", str(length)) for line in lines]
        return x.raw(x.reply.head(*filled), body(x.reply.body))

    return Fault(name, act)


def long_length(by: int = 100) -> Fault:
    """U10: more is promised than comes."""

    def act(x: Exchange) -> bool:
        return x.raw(x.reply.sized_head(len(x.reply.body) + by), x.reply.body)

    return Fault(f"long_length({by})", act)


duplicate_length = framed("duplicate_length", "Content-Length: %d", "Content-Length: %d")
conflicting_length = framed("conflicting_length", "Content-Length: %d", "Content-Length: 17")
negative_length = framed("negative_length", "Content-Length: -1")
length_and_chunked = framed(
    "length_and_chunked",
    "Content-Length: %d",
    "Transfer-Encoding: chunked",
    body=lambda whole: chunked([whole]) + b"0\r\n\r\n",
)


def extra_bytes(extra: bytes = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nEVIL") -> Fault:
    """U11: a whole answer with more behind it, on a connection that stays open."""

    def act(x: Exchange) -> bool:
        x.wire.send(x.reply.sized_head() + x.reply.body + extra)
        return True

    return Fault(f"extra_bytes({len(extra)})", act)


# -- wrong bytes -------------------------------------------------------------------------------


def bit_flip(at: At = 0.5, bit: int = 0) -> Fault:
    """U12: one bit of the body, with a right length and the ETag of the right bytes."""

    def act(x: Exchange) -> bool:
        return x.send(replace(x.reply, body=flipped(x.reply.body, at, bit)))

    return Fault(f"bit_flip({at})", act)


def flipped(data: bytes, at: At, bit: int = 0) -> bytes:
    changed = bytearray(data)
    if changed:
        changed[min(place(at, len(data)), len(data) - 1)] ^= 1 << bit
    return bytes(changed)


def wrong_range(by: int = 1) -> Fault:
    """206 of another range than the one asked for, and honest about it."""
    return _shifted(by, honest=True)


def lying_range(by: int = 1) -> Fault:
    """206 that claims the range asked for, over bytes from elsewhere."""
    return _shifted(by, honest=False)


def _shifted(by: int, honest: bool) -> Fault:
    def act(x: Exchange) -> bool:
        whole = x.store.get(x.instance_id)
        data = b"" if whole is None else whole.data
        first = int((x.reply.header("Content-Range") or "bytes 0-").split()[1].split("-")[0])
        other = ranged(data, f"bytes={min(first + by, len(data) - 1)}-")
        asked = ranged(data, f"bytes={first}-{first + len(other.body) - 1}")
        claimed = (other if honest else asked).header("Content-Range") or ""
        return x.send(
            replace(x.reply, status=206, body=other.body).with_header("Content-Range", claimed)
        )

    return Fault(f"{'wrong' if honest else 'lying'}_range({by})", act)


def changed_etag(md5: str = "0" * 32) -> Fault:
    """The same answer under another ETag, as from a file overwritten meanwhile."""

    def act(x: Exchange) -> bool:
        return x.send(x.reply.with_header("ETag", f'"0-{md5}"'))

    return Fault("changed_etag", act)


def overwritten_after(at: At, data: bytes) -> Fault:
    """U27: cut there, and the instance is another (new Uuid and MD5) from then on."""

    def act(x: Exchange) -> bool:
        x.begin(at)
        x.store.overwrite(x.instance_id, data)
        return x.raw()

    return Fault(f"overwritten_after({at})", act)


# -- other answers -----------------------------------------------------------------------------


def replied(name: str, reply: Reply) -> Fault:
    """Another answer altogether, well framed."""
    return Fault(name, lambda x: x.send(reply))


def status(code: int, retry_after: float | None = None) -> Fault:
    """An empty answer with that status, as Orthanc gives 404, 401, 403, 503 …"""
    headers = () if retry_after is None else (("Retry-After", f"{retry_after:g}"),)
    return replied(f"status({code})", Reply(code, b"", headers))


def redirect(location: str) -> Fault:
    """U40."""
    return replied("redirect", Reply(302, b"", (("Location", location),)))


html_200 = replied("html_200", Reply(200, HTML, (("Content-Type", "text/html"),)))
json_200 = replied("json_200", json_reply({"message": "hello"}))
empty_200 = replied("empty_200", Reply(200, b"", (("Content-Type", "application/dicom"),)))
unauthorized = status(401)
forbidden = status(403)
with_body_204 = Fault("with_body_204", lambda x: x.send(replace(x.reply, status=204)))


def gzip_truncated(share: float = 0.5) -> Fault:
    """U16: a gzip coding nobody asked for, without its end, under a right length."""

    def act(x: Exchange) -> bool:
        packed = gzip.compress(x.reply.body)
        cut = replace(x.reply, body=packed[: place(share, len(packed))])
        return x.send(cut.with_header("Content-Encoding", "gzip"))

    return Fault(f"gzip_truncated({share})", act)


def gzip_bomb(size: int = 1 << 30) -> Fault:
    """U17: zeros that unpack to that size."""

    def act(x: Exchange) -> bool:
        return x.send(replace(x.reply, body=_bomb(size)).with_header("Content-Encoding", "gzip"))

    return Fault(f"gzip_bomb({size})", act)


@lru_cache
def _bomb(size: int) -> bytes:
    packer = zlib.compressobj(wbits=31)
    block = bytes(1 << 20)
    return b"".join(packer.compress(block) for _ in range(size >> 20)) + packer.flush()
