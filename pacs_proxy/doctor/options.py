"""Orthanc's configuration against what exists and what we recommend."""

import difflib
import json
import os
from pathlib import Path
from typing import Any

from pacs_proxy.doctor import versions
from pacs_proxy.doctor.archive import Node
from pacs_proxy.doctor.check import Check, bad, good, note
from pacs_proxy.doctor.configuration import Configuration, Unreadable, read
from pacs_proxy.doctor.option_names import IMAGINARY, KINDS, PLUGIN_SECTIONS, SINCE
from pacs_proxy.doctor.recommended import RECOMMENDED, Recommendation
from pacs_proxy.doctor.versions import NEWEST, Version

USUAL = Path("/etc/orthanc")
NAME = "Orthanc's configuration"
# Of a running Orthanc these are asked by questions of their own.
ASKED = frozenset({"OverwriteInstances", "StorageCompression"})


def find(path: Path | None, node: Node | None) -> tuple[list[Check], Configuration | None]:
    """The file asked for; else the usual one, if it is that of the Orthanc we talk to."""
    source = path or USUAL
    here = node is not None and node.archive.loopback and os.access(USUAL, os.R_OK)
    if path is None and not here:
        return [_not_seen()], None
    try:
        configuration = read(source)
    except Unreadable as why:
        advice = "Pass --orthanc-config with the file or folder that Orthanc is started with."
        # Nobody said that the usual folder is that of the Orthanc we talk to.
        return [(bad if path else note)(NAME, str(why), advice)], None
    if node and not fits(configuration, node):
        return _of_another(configuration, path is not None)
    return [_seen(configuration)], configuration


def _not_seen() -> Check:
    advice = "Pass --orthanc-config with the file or folder that Orthanc is started with."
    return note(NAME, "not looked at; a running Orthanc tells only a part of it", advice)


def fits(configuration: Configuration, node: Node) -> bool:
    """Name and ports as the running one has them: most likely its own file."""
    defaults = {"HttpPort": 8042, "DicomPort": 4242, "DicomAet": "ORTHANC"}
    return all(
        configuration.options.get(option, default) == node.system.get(option, default)
        for option, default in defaults.items()
    )


def _of_another(
    configuration: Configuration, asked: bool
) -> tuple[list[Check], Configuration | None]:
    found = f"{configuration.source} has other ports or another AET than the running Orthanc"
    if not asked:
        return [_not_seen()], None
    advice = "Pass the one that Orthanc is started with, or restart Orthanc if it was changed."
    return [note(NAME, found, advice)], configuration


def _seen(configuration: Configuration) -> Check:
    found = f"{configuration.source}, {len(configuration.options)} options"
    if configuration.unread:
        names = ", ".join(configuration.unread)
        return note(NAME, f"{found}; not readable: {names}", "Run doctor as root to see all.")
    return good(NAME, found)


def checks(configuration: Configuration, node: Node | None) -> list[Check]:
    """Names, types, repetitions, and each recommendation that is not followed."""
    version = node.version if node else NEWEST
    judged = [names(configuration), types(configuration), too_new(configuration, version)]
    asked = ASKED if node and fits(configuration, node) else frozenset()
    return [*judged, *recommendations(configuration, version, asked)]


def names(configuration: Configuration) -> Check:
    """Orthanc ignores a name it does not know, and says nothing."""
    name = "option names"
    sections, strange = _unknown(configuration)
    if strange:
        advice = " ".join(_instead(option) for option in strange)
        return bad(name, f"Orthanc does not know, and ignores: {', '.join(strange)}", advice)
    if configuration.twice:
        found = f"defined more than once: {', '.join(configuration.twice)}"
        return bad(name, found, "Keep one of each: Orthanc refuses or takes either.")
    if sections:
        found = f"sections that only a plugin may read: {', '.join(sections)}"
        return note(name, found, "See that the plugin of each is loaded.")
    return good(name, "all of them exist")


def _unknown(configuration: Configuration) -> tuple[list[str], list[str]]:
    """Objects of an unknown name may belong to a plugin; single values belong to nobody."""
    known = KINDS.keys() | PLUGIN_SECTIONS
    unknown = {o: v for o, v in configuration.options.items() if o not in known}
    sections = [o for o, v in unknown.items() if isinstance(v, dict) and o not in IMAGINARY]
    return sections, [option for option in unknown if option not in sections]


def _instead(option: str) -> str:
    if option in IMAGINARY:
        return f"{option}: {IMAGINARY[option]}"
    by_case = {known.casefold(): known for known in [*KINDS, *PLUGIN_SECTIONS]}
    near = difflib.get_close_matches(option.casefold(), by_case, n=1, cutoff=0.8)
    return f"{option}: did you mean {by_case[near[0]]}?" if near else f"{option}: remove it."


def types(configuration: Configuration) -> Check:
    """A wrong JSON type stops Orthanc at its next start."""
    wrong = [
        f"{option} must be {_words(KINDS[option])}"
        for option, value in configuration.options.items()
        if option in KINDS and not _is(value, KINDS[option])
    ]
    if not wrong:
        return good("option types", "all of them right")
    advice = "Put it right: Orthanc does not start with it (true and 60 go without quotes)."
    return bad("option types", "; ".join(wrong), advice)


def _is(value: Any, kinds: tuple[type, ...]) -> bool:
    """bool is an int to Python, and not to Orthanc."""
    return type(value) in kinds or value is None


def _words(kinds: tuple[type, ...]) -> str:
    words = {bool: "true or false", int: "a number", str: "a text", list: "a list"}
    return " or ".join(words.get(kind, "an object") for kind in kinds)


def too_new(configuration: Configuration, version: Version) -> Check:
    """Real options that this version does not have yet are ignored as silently."""
    name = "options of this version"
    early = [
        f"{option} ({versions.shown(SINCE[option])})"
        for option in configuration.options
        if option in SINCE and version < SINCE[option]
    ]
    if not early:
        return good(name, "all of them are known to it")
    found = f"Orthanc {versions.shown(version)} ignores what came later: {', '.join(early)}"
    return note(name, found, "Harmless, but without effect until Orthanc is upgraded.")


def recommendations(
    configuration: Configuration, version: Version, asked: frozenset[str]
) -> list[Check]:
    """Only those not followed, or one line that all are."""
    missed = [
        _judge(wish, wish.in_force(configuration.options, version))
        for wish in RECOMMENDED
        if wish.option not in asked and not wish.kept(configuration.options, version)
    ]
    return missed or [good("recommended options", f"all {len(RECOMMENDED)} as recommended")]


def _judge(wish: Recommendation, value: object) -> Check:
    found = f"{json.dumps(value)} in force, {wish.wanted} recommended: {wish.why}"
    name, advice = f"option {wish.option}", f"Set {wish.option} to {wish.wanted}."
    return bad(name, found, advice) if wish.needed else note(name, found, advice)
