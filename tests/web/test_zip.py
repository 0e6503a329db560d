"""A study's ZIP through the edge, which has no digest to prove it by: resumed on both sides."""

from tests.fakes.trouble import Script, rst_at
from tests.services.test_downloads import filled, members, study_of
from tests.web.conftest import Split


def test_through_the_edge_it_is_resumed_on_both_sides(split: Split) -> None:
    held = filled(split.orthanc)
    path = f"/api/pacs/studies/{study_of(held, split.orthanc)}/download"
    direct = split.edge.get(path)
    assert list(members(direct.body).values())[1:] == list(held.values())
    split.line.weather = Script(*[rst_at(60_000)] * 3)
    split.line.cut()
    assert split.edge.get(path).body == direct.body
    part = split.edge.get(path, {"Range": "bytes=100000-", "If-Range": direct.headers["ETag"]})
    assert (part.status, part.body) == (206, direct.body[100_000:])
