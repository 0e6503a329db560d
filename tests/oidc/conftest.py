"""Chromium, as the tests of the viewer have it."""

from tests.e2e.conftest import browser, chromium, viewer

__all__ = ["browser", "chromium", "viewer"]
