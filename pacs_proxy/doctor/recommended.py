"""Data: the options we recommend for Orthanc, with the reason for each."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pacs_proxy.doctor.versions import Version


@dataclass(frozen=True)
class Recommendation:
    """One option: good values (or a least number), and what is in force when it is not set."""

    option: str
    good: tuple[object, ...]
    default: object
    why: str
    needed: bool = False
    since: Version = (0, 0, 0)
    new_default: tuple[Version, object] | None = None

    def in_force(self, options: Mapping[str, Any], version: Version) -> object:
        """The value that Orthanc of this version works with."""
        if self.option in options and version >= self.since:
            return options[self.option]
        changed = self.new_default is not None and version >= self.new_default[0]
        return self.new_default[1] if changed and self.new_default else self.default

    def kept(self, options: Mapping[str, Any], version: Version) -> bool:
        value = self.in_force(options, version)
        return version < self.since or any(
            type(value) is type(wanted) and value == wanted for wanted in self.good
        )

    @property
    def wanted(self) -> str:
        words = {True: "true", False: "false"}
        first = self.good[0]
        return words[first] if isinstance(first, bool) else repr(first).replace("'", '"')


RECOMMENDED = (
    Recommendation(
        "StoreMD5ForAttachments",
        (True,),
        True,
        "without the MD5 noted at ingest nothing can be proven but the length",
        needed=True,
    ),
    Recommendation("KeepAlive", (True,), True, "else each request costs a new connection"),
    Recommendation("TcpNoDelay", (True,), True, "else small answers may wait 40 ms"),
    Recommendation(
        "HttpCompressionEnabled",
        (False,),
        True,
        "compressing images costs time and changes the length of the answer",
        new_default=((1, 12, 2), False),
    ),
    Recommendation("StorageCompression", (False,), False, "each read unpacks the whole file"),
    Recommendation(
        "SyncStorageArea",
        (True,),
        True,
        "else a power cut loses images that were reported as stored",
        needed=True,
    ),
    Recommendation(
        "StorageAccessOnFind",
        ("Never",),
        "Always",
        "a search may otherwise read every file it looks at",
    ),
    Recommendation(
        "ExecuteLuaEnabled",
        (False,),
        False,
        "whoever reaches Orthanc could run programs in it",
        needed=True,
    ),
    Recommendation(
        "RestApiWriteToFileSystemEnabled",
        (False,),
        False,
        "whoever reaches Orthanc could write files on its machine",
        needed=True,
        since=(1, 12, 0),
    ),
    Recommendation("WebDavEnabled", (False,), True, "one more door that nothing here uses"),
    Recommendation("DeidentifyLogs", (True,), True, "else patients' names are in the log"),
    Recommendation(
        "MaximumStorageMode",
        ("Reject",),
        "Recycle",
        "with a limit set, Recycle deletes the oldest patients",
        since=(1, 11, 2),
    ),
    Recommendation("HttpDescribeErrors", (True,), True, "the reason of a refusal is worth a line"),
    Recommendation(
        "OverwriteInstances",
        (False, "Never"),
        False,
        "an image that was read could be replaced under its UID",
    ),
)
