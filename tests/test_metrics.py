"""Figures say what happened, and name nobody."""

import re

import pytest
from prometheus_client import Counter, Histogram

from pacs_proxy import metrics
from tests.conftest import StartProxy
from tests.fakes import FakeOrthanc, Scripted, faults

FIGURES = [figure for figure in vars(metrics).values() if isinstance(figure, Counter | Histogram)]
ID = "f689ddd2-662f8fe1-8b18180d-ec2a2cee-937917af"
DATA = bytes(128) + b"DICM" + bytes(50_000)


@pytest.mark.parametrize("figure", FIGURES, ids=lambda figure: figure._name)
def test_each_figure_is_ours_and_explained(figure: Counter | Histogram) -> None:
    assert figure._name.startswith("pacs_")
    assert figure._documentation.endswith(".")


@pytest.mark.parametrize("figure", FIGURES, ids=lambda figure: figure._name)
def test_labels_are_few_and_of_our_making(figure: Counter | Histogram) -> None:
    assert set(figure._labelnames) <= {"kind", "answer", "route", "status", "outcome", "name"}


def test_faults_are_counted_over_all_workers(proxy: StartProxy) -> None:
    with FakeOrthanc() as orthanc:
        orthanc.add(ID, DATA)
        server = proxy(orthanc.url, workers=2)
        orthanc.plan = Scripted([faults.bit_flip(0.5), faults.fin_after(0.5)])
        for _ in range(6):
            assert server.file(ID).body == DATA
        assert server.metric("pacs_upstream_corrupt_total") == 1
        assert server.metric("pacs_upstream_resumes_total") == 1
        assert server.metric("pacs_upstream_retries_total") == 2
        assert server.metric("pacs_upstream_requests_total") == len(orthanc.requests)
        assert server.metric("pacs_spool_misses_total") == 1
        assert server.metric("pacs_spool_hits_total") == 5
        assert server.metric("pacs_upstream_failures_total{") == 2
        text = server.get("/metrics").body.decode()
    assert ID not in text
    assert not re.search(r"[0-9a-f]{8}-[0-9a-f]{8}", text)


def test_a_damaged_object_is_counted_once(proxy: StartProxy) -> None:
    with FakeOrthanc() as orthanc:
        orthanc.add(ID, DATA)
        orthanc.store.damage(ID, DATA[:-1] + b"x")
        server = proxy(orthanc.url)
        assert server.file(ID).status == 502
        assert server.metric("pacs_upstream_damaged_total") == 1
        assert server.metric("pacs_upstream_corrupt_total") == 3
