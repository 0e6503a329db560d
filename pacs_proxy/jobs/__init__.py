"""Work that must be done, whatever dies meanwhile: a table with leases, and threads that serve it.

    with database.write() as session:
        ...                                            # the upload is complete, and will be
        jobs.add(session, "ingest", {"upload": id})    # worked on: both or none

A handler may run again after a crash at any point, so it must be safe to repeat. It writes its
last results and `claimed.finish(session)` in one transaction: then a zombie whose lease ran out
writes nothing at all.
"""

from pacs_proxy.jobs.queue import Claimed, Jobs, Later, Lost
from pacs_proxy.jobs.runner import Crew, Handler, Runner
from pacs_proxy.jobs.statements import BIG, LIGHT, PROMPT, REFERENCE, SHORT, SMALL
from pacs_proxy.jobs.undertaken import undertaken

__all__ = [
    "BIG",
    "LIGHT",
    "PROMPT",
    "REFERENCE",
    "SHORT",
    "SMALL",
    "Claimed",
    "Crew",
    "Handler",
    "Jobs",
    "Later",
    "Lost",
    "Runner",
    "undertaken",
]
