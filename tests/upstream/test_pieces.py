"""Chunks cost little memory, however large the file."""

import tracemalloc
from contextlib import ExitStack

import pytest

from pacs_proxy.upstream.stream import BUFFER, Pieces


def test_a_large_file_holds_one_buffer_whatever_its_size(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Pieces, "_spare", [])
    tracemalloc.start()
    try:
        with ExitStack() as bodies:
            for size in (1 << 20, 50 << 20, 2 << 30, 2 << 30):
                bodies.enter_context(Pieces(size))
            held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held < 4 * (BUFFER + 4096)
