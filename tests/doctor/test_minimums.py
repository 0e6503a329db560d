"""Libraries with known holes are told from those without."""

import re
import tomllib
from importlib.metadata import PackageNotFoundError

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from pacs_proxy.doctor import minimums
from tests.server import ROOT


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


LEAST = {canonical(name): Version(least) for name, (least, _) in minimums.MINIMUMS.items()}


def test_what_is_installed_here_has_no_known_hole() -> None:
    found = minimums.checks()
    assert {"gunicorn", "Flask", "Werkzeug", "urllib3", "Authlib", "pydicom", "pynetdicom"} <= {
        check.name for check in found
    }
    assert [check for check in found if check.ok is not True] == []


def test_what_we_declare_cannot_be_satisfied_by_less() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    declared = [Requirement(line) for line in lines]
    listed = [one for one in declared if canonical(one.name) in LEAST]
    assert len(listed) >= 6
    for requirement in listed:
        floors = [Version(s.version) for s in requirement.specifier if s.operator in {">=", "=="}]
        assert floors, requirement
        assert max(floors) >= LEAST[canonical(requirement.name)], requirement


@pytest.mark.parametrize("name", minimums.MINIMUMS)
@pytest.mark.parametrize(
    ("has", "ok"), [("0.1", False), ("999.0", True), ("strange", False), ("least", True)]
)
def test_a_version_below_the_minimum_is_named_with_what_to_do(
    name: str, has: str, ok: bool
) -> None:
    least = minimums.MINIMUMS[name][0]
    given = least if has == "least" else has

    def installed(asked: str) -> str:
        if asked != name:
            raise PackageNotFoundError(asked)
        return given

    (check,) = minimums.checks(installed)
    assert (check.name, check.ok) == (name, ok)
    assert ok or f"'{name}>={least}'" in check.advice


def test_a_candidate_of_the_minimum_is_not_the_minimum() -> None:
    found = {check.name: check.ok for check in minimums.checks(lambda _: "26.1rc1")}
    assert found["gunicorn"] is False
