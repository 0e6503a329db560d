"""A process that works on jobs: `python -m tests.jobs.toil ADDRESS LEASE FOLDER [deaf]`.

A deaf one runs one job and never says that it still lives, as if it were suspended.

Each job has steps and a folder: step n leaves the file `n` there, and the end the row that only
a job done once can leave. A job with `stay` waits after that step until a file `go` appears.
"""

import sys
import time
from pathlib import Path

from pacs_proxy.database import Batch, Database
from pacs_proxy.jobs import SMALL, Claimed, Jobs, Runner
from tests.waiting import PATIENCE


def main(address: str, lease: str, folder: str, deaf: str = "") -> None:
    database = Database(address)
    jobs = Jobs(database, lease=float(lease))

    def handle(job: Claimed) -> None:
        place = Path(folder) / str(job.id)
        place.mkdir(exist_ok=True)
        for step in range(job.payload["steps"]):
            job.check()
            (place / str(step)).touch()
            job.report(step + 1, job.payload["steps"])
            while job.payload.get("stay") == step and not (Path(folder) / "go").exists():
                job.check()
                time.sleep(0.005)
        with database.write() as session:
            name = f"{job.id}-{job.attempts}"
            session.add(Batch(id=name, owner=str(job.id), created=1.0))
            job.finish(session)

    runner = Runner(jobs, {"toil": handle}, [(SMALL,)] * 2)
    print("working", flush=True)
    if deaf:
        runner.run_next((SMALL,))
        return
    runner.start()
    sys.stdin.read()
    runner.stop(PATIENCE)


if __name__ == "__main__":
    main(*sys.argv[1:])
