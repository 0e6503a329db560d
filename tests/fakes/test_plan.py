"""A plan is the same each time it is asked, and falls on the requests it is meant for."""

from collections import Counter

from tests.fakes import MIX, ByInstance, FakeOrthanc, Plan, Request, Scripted, faults
from tests.fakes.conftest import INSTANCE
from tests.fakes.listener import fetch

DATA = Request("GET", f"/instances/{INSTANCE}/attachments/dicom/data", {})
INFO = Request("GET", f"/instances/{INSTANCE}/attachments/dicom/info", {})


def test_a_seed_replays_and_another_seed_differs() -> None:
    one, again, other = (Plan(seed, 0.2) for seed in (7, 7, 8))
    runs = [[repr(plan.next(DATA)[1]) for _ in range(500)] for plan in (one, again, other)]
    assert runs[0] == runs[1] != runs[2]
    assert runs[0] == [repr(one.fault(n)) for n in range(500)]


def test_the_rate_is_kept_and_every_kind_of_fault_comes() -> None:
    plan = Plan(1, 0.2)
    kinds = Counter(str(plan.next(DATA)[1]).partition("(")[0] for _ in range(10_000))
    assert 0.18 < 1 - kinds.pop("None") / 10_000 < 0.22
    assert len(kinds) == len(MIX)
    assert min(kinds.values()) > 150


def test_requests_on_other_routes_meet_no_fault_and_do_not_count() -> None:
    plan = Scripted([faults.status(404), None, faults.status(500)])
    assert plan.next(INFO) == (-1, None)
    names = [str(plan.next(DATA)[1]) for _ in range(4)]
    assert names == ["status(404)", "None", "status(500)", "None"]


def test_one_poisoned_instance_leaves_the_others_alone(orthanc: FakeOrthanc) -> None:
    orthanc.add("poison", b"x")
    orthanc.plan = ByInstance({"poison": Plan(1, 1.0, {"500": lambda r: faults.status(500)})})
    statuses = [fetch(orthanc.port, f"/instances/{i}/file").status for i in ("poison", INSTANCE)]
    assert statuses == [500, 200]
