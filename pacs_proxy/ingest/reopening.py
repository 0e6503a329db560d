"""The file of a result, found again in what was staged."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from pacs_proxy.database import Result, Upload
from pacs_proxy.ingest.container import Container
from pacs_proxy.ingest.discs import DiscContainer
from pacs_proxy.ingest.formats import Kind
from pacs_proxy.ingest.pipeline import Ingest
from pacs_proxy.ingest.staged import Staged, damaged
from pacs_proxy.ingest.zips import ZipContainer


@contextmanager
def reopened(ingest: Ingest, upload: Upload, row: Result) -> Iterator[Staged]:
    """As it was when it was stored. Raises BadUpload when it is not there any more."""
    with ExitStack() as stack:
        if row.staged:
            yield stack.enter_context(opened(ingest.staging.folder / row.staged))
        elif upload.kind == Kind.TIFF:
            yield stack.enter_context(opened(ingest.staging.converted(upload.id) / row.member))
        else:
            whole = stack.enter_context(opened(ingest.staging.path(upload.id), upload.length))
            if not row.number:
                yield whole
            else:
                yield stack.enter_context(_member(ingest, upload, whole, row.number))


@contextmanager
def opened(path: Path, size: int | None = None) -> Iterator[Staged]:
    """A file of ours. Raises BadUpload when it is gone."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        raise damaged() from None
    try:
        length = os.fstat(descriptor).st_size
        yield Staged(descriptor, length if size is None else size, path=path)
    finally:
        os.close(descriptor)


@contextmanager
def _member(ingest: Ingest, upload: Upload, whole: Staged, number: int) -> Iterator[Staged]:
    bounds, scratch = ingest.rules.bounds, ingest.staging.path(upload.id).with_suffix(".again")
    is_disc = upload.kind == Kind.ISO
    container: Container = (
        DiscContainer(whole, bounds) if is_disc else ZipContainer(whole.source(), scratch, bounds)
    )
    with _named(container, number) as staged:
        yield staged


@contextmanager
def _named(container: Container, number: int) -> Iterator[Staged]:
    member = next((each for each in container.members if each.number == number), None)
    if member is None:
        raise damaged()
    with container.opened(member) as staged:
        yield staged
