"""However a body is cut and taken, the same bytes leave, and never more than announced."""

from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from pacs_proxy.errors import (
    BodyCut,
)
from pacs_proxy.upstream.sending import Sendable, Sending


class Paper:
    """A connection that takes what it is told to."""

    def __init__(self, counts: Iterator[int]) -> None:
        self.counts, self.got, self.sock = counts, bytearray(), self

    def takes_more(self, seconds: float) -> bool:
        return True

    def send(self, view: memoryview) -> int:
        count = max(1, min(next(self.counts, len(view)), len(view)))
        self.got += view[:count]
        return count


@given(st.lists(st.binary(max_size=50)), st.lists(st.integers(1, 60)))
def test_however_it_is_cut_and_taken_the_bytes_are_the_same(
    pieces: list[bytes], counts: list[int]
) -> None:
    whole, paper = b"".join(pieces), Paper(iter(counts))
    sending = Sending(Sendable(len(whole), iter(pieces)), 1.0, 0)
    sending.run(paper)  # type: ignore[arg-type]
    assert bytes(paper.got) == whole
    assert sending.sent == len(whole)


@given(st.lists(st.binary(max_size=20)), st.integers(-20, 20))
def test_never_more_leaves_than_was_announced(pieces: list[bytes], off: int) -> None:
    whole, paper = b"".join(pieces), Paper(iter(()))
    announced = max(0, len(whole) + off)
    sending = Sending(Sendable(announced, iter(pieces)), 1.0, 0)
    try:
        sending.run(paper)  # type: ignore[arg-type]
    except BodyCut:
        assert announced != len(whole)
    else:
        assert announced == len(whole)
    assert len(paper.got) <= announced
