"""Somebody who saves a report; as a process, he dies when it is stored, its study deleted before.

`python -m tests.real.saving FOLDER ORTHANC STUDY SERIES INSTANCE`
"""

import os
import signal
import sys
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

from pacs_proxy.app import build, runner
from pacs_proxy.ingest.deleted import STUDY
from pacs_proxy.ingest.deposit import Deposited
from pacs_proxy.jobs import PROMPT
from pacs_proxy.measurements.keeping import Measurements
from pacs_proxy.measurements.marks import Mark
from pacs_proxy.measurements.pledges import Pledges
from pacs_proxy.migrations import upgrade
from pacs_proxy.services.context import Services
from pacs_proxy.settings import Settings
from pacs_proxy.upstream.interest import Interest
from tests.real.studies import Held
from tests.waiting import until


@contextmanager
def serving(folder: str, orthanc: str) -> Iterator[Services]:
    """What stands behind the routes, in this process."""
    settings = Settings(orthanc_url=orthanc, data_dir=folder, spool_dir=f"{folder}/spool")
    upgrade(settings.database_address)
    found = build(settings)
    with closing(found.database), closing(found.watch), closing(found.health._control):
        yield found
        found.pictures._decoder.close()
        for pool in found.depositor._client._transport._pools:
            for link in pool._idle:
                link.close()


class Desk:
    """Somebody who saves; `before` and `after` are called around the storing of the report."""

    def __init__(self, services: Services, held: Held) -> None:
        self._services, self._held = services, held
        self._runner = runner(services)
        self.before: Callable[[], object] = lambda: None
        self.after: Callable[[], object] = lambda: None

    def work(self) -> bool:
        """One job of those that are prompt; whether there was any."""
        return self._runner.run_next((PROMPT,))

    def delete(self, level: str, resource: str) -> None:
        """To its end; a worker has other things to do as well."""
        deletions = self._services.deletions
        job = deletions.ask(level, resource, Interest())
        until(lambda: not self.work() and deletions.find(job).state == "done")

    def save(self) -> Deposited:
        having = self._services
        around: Any = self
        archive, room = (having.studies, having.instances), having.settings.spool_bytes
        mark = Mark(uuid.uuid4(), self._held.instance, 0, "probe", ((4.0, 3.0),), "", ())
        keeping = Measurements(*archive, around, Pledges(having.jobs, around), room)
        return keeping.keep(self._held.study, [mark], "reader", Interest())

    def deposit(self, *told: Any, **named: Any) -> Deposited:
        self.before()
        result = self._services.depositor.deposit(*told, **named)
        self.after()
        return result

    def undo(self, instance: str) -> None:
        self._services.depositor.undo(instance)


def main(folder: str, orthanc: str, study: str, series: str, instance: str) -> None:
    with serving(folder, orthanc) as services:
        desk = Desk(services, Held(study, series, instance, b""))
        desk.before = lambda: desk.delete(STUDY, study)
        desk.after = lambda: os.kill(os.getpid(), signal.SIGKILL)
        desk.save()


if __name__ == "__main__":
    main(*sys.argv[1:])
