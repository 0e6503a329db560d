"""An archive of answers by path, and the lists made of them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

from pacs_proxy.archive.descriptions import Descriptions
from pacs_proxy.archive.spool import Spool
from pacs_proxy.archive.studies import Search, Studies
from pacs_proxy.errors import PacsProxyError
from pacs_proxy.upstream.answers import Description
from pacs_proxy.upstream.client import Client
from pacs_proxy.upstream.interest import Interest
from tests.upstream.world import Clock

OLD: dict[str, Any] = {"Capabilities": {}}
BULK = "/tools/bulk-content"


def study(name: str, date: str = "20200101", **tags: str) -> dict[str, Any]:
    return {"ID": name, "MainDicomTags": {"StudyDate": date, **tags}, "Series": [f"{name}s"]}


def series(name: str, number: str = "1", **more: Any) -> dict[str, Any]:
    tags = {"SeriesNumber": number, "SeriesInstanceUID": name, "Modality": "CT"}
    return {"ID": name, "MainDicomTags": tags, "ParentStudy": "a", "Instances": ["i"], **more}


def image(name: str, z: float) -> dict[str, Any]:
    tags = {
        "SOPInstanceUID": name,
        "ImagePositionPatient": f"0\\0\\{z}",
        "ImageOrientationPatient": "1\\0\\0\\0\\1\\0",
    }
    return {"ID": name, "FileSize": 10, "MainDicomTags": tags}


class Unchanged:
    """A spool that nothing happens to."""

    generation = 0


@dataclass
class Archive:
    """Answers by path; a value that is an error is raised."""

    answers: dict[str, Any]
    asked: list[tuple[str, Any]] = field(default_factory=list)

    def get(self, path: str, interest: Interest) -> Any:
        return self.post(path, None, interest)

    def post(self, path: str, question: Any, interest: Interest) -> Any:
        self.asked.append((path, question))
        answer = self.answers[path]
        if callable(answer):
            answer = answer(question)
        if isinstance(answer, PacsProxyError):
            raise answer
        return answer

    def describe(self, instance: str, interest: Interest) -> Description:
        found: Description = self.get(f"info {instance}", interest)
        return found

    def instances(self, wanted: list[str], interest: Interest) -> dict[str, Any]:
        return {one["ID"]: one for one in self.post(BULK, wanted, interest)}

    def questions(self, path: str) -> list[Any]:
        return [question for asked, question in self.asked if asked == path]


def studies_of(archive: Archive, clock: Callable[[], float] | None = None) -> Studies:
    said = Descriptions(cast("Client", archive), cast("Spool", Unchanged()), 0.0, Clock())
    return Studies(cast("Client", archive), said.ask, said.digest, clock or Clock())


def archive(*found: dict[str, Any], system: Any = OLD, **more: Any) -> Archive:
    lists = {f"/studies/{one['ID']}/series": [series(f"{one['ID']}s")] for one in found}
    return Archive({"/system": system, "/tools/find": list(found), **lists, **more})


def page(held: Archive, search: Search | None = None, limit: int = 50, offset: int = 0) -> Any:
    return studies_of(held).page(search or Search(), limit, offset, Interest())


def names(found: Any) -> list[str]:
    return [item.id for item in found.items]
