"""The Orthanc configuration we ship: only real options, safe values, each explained."""

import json
import re
from pathlib import Path

import pytest

from pacs_proxy.demo.orthanc import shipped_configuration
from pacs_proxy.doctor.option_names import IMAGINARY, KINDS
from pacs_proxy.doctor.recommended import RECOMMENDED, Recommendation

REPOSITORY = Path(__file__).parents[2]
EXPLAINED = (REPOSITORY / "docs" / "operations.md").read_text(encoding="utf-8")
CONTAINER: dict[str, object] = json.loads(
    (REPOSITORY / "orthanc" / "container.json").read_text(encoding="utf-8")
)
NEWEST = (1, 13, 0)


@pytest.mark.parametrize(("name", "value"), [*shipped_configuration().items(), *CONTAINER.items()])
def test_every_option_is_one_that_orthanc_knows_with_a_value_of_its_type(
    name: str, value: object
) -> None:
    """Orthanc ignores a wrong name silently and does not start with a wrong type."""
    assert type(value) in KINDS[name]


@pytest.mark.parametrize("name", [*shipped_configuration(), *CONTAINER])
def test_every_option_is_explained_in_the_operations_manual(name: str) -> None:
    assert re.search(rf"`{name}`", EXPLAINED)


@pytest.mark.parametrize("name", IMAGINARY)
def test_every_name_that_does_nothing_is_in_the_operations_manual(name: str) -> None:
    assert name not in KINDS
    assert f"| `{name}` |" in EXPLAINED


@pytest.mark.parametrize("recommendation", RECOMMENDED, ids=lambda one: one.option)
def test_we_ship_what_doctor_recommends(recommendation: Recommendation) -> None:
    assert recommendation.kept(shipped_configuration(), NEWEST)


def test_the_container_asks_for_a_password_when_it_lets_others_in() -> None:
    assert CONTAINER["RemoteAccessAllowed"] is CONTAINER["AuthenticationEnabled"] is True
    assert CONTAINER["RegisteredUsers"] == {"${ORTHANC_USERNAME}": "${ORTHANC_PASSWORD}"}
