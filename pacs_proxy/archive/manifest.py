"""What a study or a series consists of, file by file, agreed with the archive's own count."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pacs_proxy.archive.branches import Branch, Leaf
from pacs_proxy.archive.recent import Recent
from pacs_proxy.archive.studies import understood
from pacs_proxy.archive.zip64 import Entry, Layout
from pacs_proxy.errors import Damaged, Incomplete, NotFound
from pacs_proxy.upstream.answers import Description
from pacs_proxy.upstream.client import Client
from pacs_proxy.upstream.interest import Interest

# What is known of an attachment never changes: its Uuid names these bytes and no others.
_FILES, _MADE = 50_000, 16
# Part of the validator: raise it when the same files would become other bytes.
_FORM = "zip-1"
_INDEX = "DICOMDIR"

Answer = Mapping[str, Any]


@dataclass(frozen=True)
class File:
    """One instance: its attachment, and what the DICOMDIR says of it."""

    description: Description
    sop_class: str
    syntax: str
    tags: Mapping[str, Any]


@dataclass(frozen=True)
class Manifest:
    """A ZIP before its first byte: `files` are its members behind the DICOMDIR, in order."""

    tag: str
    index: bytes
    files: Sequence[Description]
    layout: Layout


class Manifests:
    """Asks the archive what there is; what it knows already is asked for once a series."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._files: Recent[File] = Recent(_FILES)
        self._made: Recent[Manifest] = Recent(_MADE)

    @understood()
    def study(self, study: str, interest: Interest) -> Manifest:
        """All of a study. Raises NotFound, Incomplete, Unreachable, Refused."""
        whole = self._client.get(f"/studies/{study}", interest)
        parts = self._client.get(f"/studies/{study}/series", interest)
        return self._of(f"/studies/{study}", whole, parts, interest)

    @understood()
    def series(self, series: str, interest: Interest) -> Manifest:
        """One series of a study. Raises as `study`."""
        part = self._client.get(f"/series/{series}", interest)
        whole = self._client.get(f"/studies/{part['ParentStudy']}", interest)
        return self._of(f"/series/{series}", whole, [part], interest)

    def _of(self, path: str, study: Answer, parts: list[Answer], interest: Interest) -> Manifest:
        series = [(part, self._listed(part["ID"], interest)) for part in sorted(parts, key=_number)]
        counted = self._client.get(f"{path}/statistics", interest)["CountInstances"]
        found = sum(len(files) for _, files in series)
        if found != int(counted):
            raise Incomplete(
                f"The archive counts {counted} images here and lists {found}, so nothing was sent. "
                "If images are arriving just now, try again in a moment."
            )
        return self._made_of(study, series)

    def _listed(self, series: str, interest: Interest) -> list[File]:
        answers = self._client.get(f"/series/{series}/instances", interest)
        return [self._file(answer, interest) for answer in sorted(answers, key=_number)]

    def _file(self, answer: Answer, interest: Interest) -> File:
        known = self._files.get(str(answer["FileUuid"]))
        if known is None:
            known = self._asked(answer, interest)
            self._files.keep(known.description.uuid, known)
        return known

    def _asked(self, answer: Answer, interest: Interest) -> File:
        # Not before somebody wants a ZIP: pydicom is a fifth of what a start would load.
        from pacs_proxy.archive.dicomdir import is_image

        instance = str(answer["ID"])
        try:
            wanted = self._client.describe(instance, interest)
            said = self._client.get(f"/instances/{instance}/metadata?expand", interest)
            kind, tags = str(said.get("SopClassUid", "")), answer["MainDicomTags"]
            if not is_image(kind):
                tags = self._client.get(f"/instances/{instance}/simplified-tags", interest)
        except (NotFound, Damaged) as error:
            raise Incomplete(
                "One of the images cannot be had, so nothing was sent. "
                f"{error.detail} Try again; if it lasts, tell the archive's administrator."
            ) from error
        return File(wanted, kind, str(said.get("TransferSyntax", "")), tags)

    def _made_of(self, study: Answer, series: list[tuple[Answer, list[File]]]) -> Manifest:
        from pacs_proxy.archive.dicomdir import dicomdir  # as above

        branches, names, files = _branches(series)
        patient = study.get("PatientMainDicomTags", {})
        said = [patient, study["MainDicomTags"], [_told(branch) for branch in branches]]
        digests = [[f.description.size, f.description.md5 or f.description.uuid] for f in files]
        about = json.dumps([_FORM, said, digests], sort_keys=True).encode()
        tag = hashlib.sha256(about).hexdigest()
        made = self._made.get(tag)
        # Where the archive keeps no digest, equal content may lie under another name by now.
        wanted = [file.description for file in files]
        if made is None or made.files != wanted:
            index = dicomdir(patient, study["MainDicomTags"], branches)
            sizes = [Entry(n, d.size) for n, d in zip(names, wanted, strict=True)]
            made = Manifest(tag, index, wanted, Layout([Entry(_INDEX, len(index)), *sizes]))
            self._made.keep(tag, made)
        return made


def _branches(
    series: list[tuple[Answer, list[File]]],
) -> tuple[list[Branch], list[str], list[File]]:
    """Names as PS3.10 8.2 demands them: eight capital letters, digits, at most."""
    branches, names, files = [], [], []
    for number, (part, members) in enumerate(series, 1):
        leaves = []
        for at, file in enumerate(members, 1):
            names.append(f"IMAGES/SE{number:06}/IM{at:06}")
            leaves.append(Leaf(names[-1], file.tags, file.sop_class, file.syntax))
            files.append(file)
        branches.append(Branch(part["MainDicomTags"], leaves))
    return branches, names, files


def _told(branch: Branch) -> list[Any]:
    leaves = [[leaf.path, leaf.tags, leaf.sop_class, leaf.syntax] for leaf in branch.leaves]
    return [branch.tags, leaves]


def _number(answer: Answer) -> tuple[bool, int, str]:
    """In the order of their numbers; what has none comes last."""
    tags = answer["MainDicomTags"]
    given = str(tags.get("SeriesNumber" if "Instances" in answer else "InstanceNumber", ""))
    number = given.strip(" \0")
    is_number = number.isascii() and number.removeprefix("-").isdigit()
    return not is_number, int(number) if is_number else 0, str(answer["ID"])
