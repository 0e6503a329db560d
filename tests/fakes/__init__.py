"""Stand-ins for the network's other end: a fake Orthanc, its faults, and a bad link.

with FakeOrthanc(Plan(seed=1, rate=0.2)) as orthanc:
    orthanc.add(instance_id, data)
    ...                      # talk to orthanc.url
    orthanc.plan = Scripted([faults.rst_after(1000), None])
    orthanc.counts["data"], orthanc.peak, orthanc.requests, orthanc.faults
"""

from tests.fakes import faults
from tests.fakes.link import Link
from tests.fakes.orthanc import Door, FakeOrthanc
from tests.fakes.plan import MIX, Always, ByInstance, Choice, Never, Plan, Scripted
from tests.fakes.routes import Manner
from tests.fakes.wire import Reply, Request

__all__ = [
    "MIX",
    "Always",
    "ByInstance",
    "Choice",
    "Door",
    "FakeOrthanc",
    "Link",
    "Manner",
    "Never",
    "Plan",
    "Reply",
    "Request",
    "Scripted",
    "faults",
]
