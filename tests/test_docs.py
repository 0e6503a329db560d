"""The generated pages say what the code says."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

DOCS = Path(__file__).resolve().parent.parent / "docs"


def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate", DOCS / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["settings.md", "http-api.md", "operations.md"])
def test_a_generated_page_equals_the_code(name: str) -> None:
    assert (DOCS / name).read_text() == generator().PAGES[name](), (
        "run `python docs/generate.py` and commit the result with the change"
    )
