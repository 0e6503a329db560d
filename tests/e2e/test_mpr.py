"""Planes through a series: every value is numpy's from the stored files, or named as missing."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

import numpy as np
import pytest
from playwright.sync_api import Browser, expect

from pacs_proxy.demo.phantom import Label, Patient, Study, ct_series, mr_series
from tests.e2e.conftest import OpenViewer
from tests.e2e.meddler import Meddler, Script
from tests.e2e.planes import assert_equal, plane, reconstruct, until, until_complete, volume_of
from tests.e2e.reformat import AXES
from tests.e2e.shelf import Book, Shelf
from tests.e2e.textured import Textured
from tests.e2e.viewer import Viewer
from tests.fakes import faults
from tests.server import Proxy

pytestmark = [pytest.mark.browser, pytest.mark.orthanc]

PLANES = tuple(AXES)
STUDY = Study(Patient("Planes^Three"), "Planes", "MPR-1", "20260920")
CT = ct_series(32, 96, 96, label=Label(STUDY, 1))
MR = mr_series(24, 80, 80, label=Label(STUDY, 2))
TILTED = Textured(tag=1, study=40, count=12, rows=60, columns=70, step=(0, 1, 4), patient="MPR")
LOADS = ("/display", "/compact")
# How high the middles of all that the bar shows lie.
BAR = """() => [...document.querySelectorAll('.mpr-bar > *')]
  .map((one) => one.getBoundingClientRect())
  .filter(({ height }) => height > 0)
  .map(({ top, height }) => top + height / 2)"""


@pytest.fixture(scope="module")
def books(shelf: Shelf) -> dict[str, Book]:
    return {"ct": shelf.add(CT), "mr": shelf.add(MR), "tilted": shelf.add(TILTED)}


@pytest.fixture(scope="module")
def desk(browser: Browser, served: Proxy) -> Iterator[Viewer]:
    with closing(Viewer(browser, served.url, 1440)) as window:
        yield window


@pytest.fixture
def window(desk: Viewer) -> Iterator[Viewer]:
    yield desk.again()
    assert desk.errors == []


@pytest.mark.parametrize("name", ["ct", "mr", "tilted"])
def test_three_planes_hold_numpys_values(
    window: Viewer, shelf: Shelf, books: dict[str, Book], name: str
) -> None:
    volume = volume_of(shelf, books[name])
    reconstruct(window, books[name])
    window.picture(f"mpr-{name}")
    for which in PLANES:
        shown = plane(window, which)
        assert shown.corner == pytest.approx(tuple(volume.corner(which)), abs=1e-3)
        assert np.isfinite(shown.values).mean() > 0.4
        assert_equal(shown, volume.cut(shown))


@pytest.mark.parametrize(("mode", "name"), [("max", "ct"), ("min", "ct"), ("mean", "mr")])
def test_a_slab_is_projected_as_numpy_does(
    window: Viewer, shelf: Shelf, books: dict[str, Book], mode: str, name: str
) -> None:
    volume = volume_of(shelf, books[name])
    reconstruct(window, books[name])
    window.page.get_by_label("Projection").select_option(mode)
    window.page.get_by_label("Slab thickness in mm").fill("24")
    until_complete(window)
    for which in PLANES:
        shown = plane(window, which)
        assert_equal(shown, volume.cut(shown, mode, 24))
    window.picture(f"mpr-{mode}-{name}")


def test_the_crosshair_takes_the_other_planes_to_the_place(
    window: Viewer, shelf: Shelf, books: dict[str, Book]
) -> None:
    volume = volume_of(shelf, books["mr"])
    reconstruct(window, books["mr"])
    before = plane(window, "coronal")
    places = volume.places(before)
    row, column = 20, 50
    window.page.mouse.click(*window.page.evaluate("window.__pacsMpr.placed('coronal', 50, 20)"))
    until_complete(window)
    place = places[row, column]
    assert plane(window, "coronal").index == before.index
    for name in ("axial", "sagittal"):
        shown = plane(window, name)
        step = volume.step(shown.axes[2])
        depth = volume.corner(name)[2] + shown.index * step
        assert abs(depth - AXES[name][2] @ place) <= step / 2 + 0.6 * before.pixel
        assert_equal(shown, volume.cut(shown))
    meeting = np.array(window.page.evaluate("window.__pacsMpr.meeting()"))
    nearest = volume.places(before)[row - 1 : row + 2, column - 1 : column + 2].reshape(-1, 3)
    assert np.linalg.norm(nearest - meeting, axis=1).min() < 2.5
    window.picture("mpr-cross")


def test_wheel_window_and_presets_act_on_all_that_they_should(
    window: Viewer, shelf: Shelf, books: dict[str, Book]
) -> None:
    volume = volume_of(shelf, books["ct"])
    reconstruct(window, books["ct"])
    before = {name: plane(window, name).index for name in PLANES}
    window.page.locator("[data-plane=sagittal]").hover()
    window.page.mouse.wheel(0, 120)
    until(window, "s.settled() && s.plane('sagittal').index === x", before["sagittal"] + 1)
    after = plane(window, "sagittal")
    assert_equal(after, volume.cut(after))
    assert {name: plane(window, name).index for name in ("axial", "coronal")} == {
        name: before[name] for name in ("axial", "coronal")
    }
    window.page.keyboard.press("3")
    until(window, "s.grey().width === 2000 && s.grey().centre === 400 && !s.grey().inverted")
    expect(window.page.locator(".mpr-view .bottom-right")).to_contain_text(["W 2000 L 400"] * 3)


def test_a_slice_that_fails_is_named_and_never_drawn_over(
    viewer: OpenViewer, served: Proxy, shelf: Shelf, books: dict[str, Book]
) -> None:
    bad = 9
    book = books["ct"]
    with Meddler(served.url) as meddler:
        window = viewer(meddler.url, 1440)
        meddler.plan = Script("display", {book.instances[bad]: faults.bit_flip(0.7)})
        window.open(book).until_shown(0)
        window.page.keyboard.press("F8")
        until(window, f"s.counts().held === {len(CT) - 1} && s.settled()")
        window.page.get_by_text(f"Slice {bad + 1}: image failed its check").wait_for()
        incomplete = f"Reconstruction incomplete · {len(CT) - 1} of {len(CT)} slices"
        expect(window.page.locator(".mpr-mark")).to_have_text([incomplete] * 3)
        window.picture("mpr-failed")
        volume = volume_of(shelf, book)
        for name in ("coronal", "sagittal"):
            shown = plane(window, name)
            depths = volume.indexes(volume.places(shown))[..., 2]
            touched = np.abs(depths - bad) < 1
            assert touched.any()
            np.testing.assert_array_equal(np.isposinf(shown.values), touched)
            sound = replace(shown, values=np.where(touched, np.nan, shown.values))
            assert_equal(sound, np.where(touched, np.nan, volume.cut(shown)))
        meddler.plan = Script("display", {})
        window.page.locator(".mpr-bar").get_by_text("Retry").click()
        until_complete(window)
        shown = plane(window, "coronal")
        assert_equal(shown, volume.cut(shown))


def test_in_half_a_window_the_bar_above_the_planes_is_one_row(
    window: Viewer, books: dict[str, Book]
) -> None:
    window.open(books["ct"]).until_shown(0)
    window.page.keyboard.press("Control+2")
    window.until("s.panes().length === 2")
    window.page.keyboard.press("F8")
    until_complete(window)
    window.page.get_by_label("Projection").select_option("max")
    until_complete(window)
    window.picture("mpr-half")
    middles = window.page.evaluate(BAR)
    assert len(middles) > 5
    assert max(middles) - min(middles) < 5
    window.page.keyboard.press("Escape")
    window.page.keyboard.press("Control+1")
    window.until("s.panes().length === 1")


def workers(window: Viewer) -> list[str]:
    """Those that hold voxels."""
    return [worker.url for worker in window.page.workers if "volume-worker" in worker.url]


def test_a_second_opening_costs_no_transfer_and_leaving_frees_the_voxels(
    window: Viewer, books: dict[str, Book]
) -> None:
    reconstruct(window, books["ct"])
    asked: list[str] = []
    window.page.on(
        "request", lambda one: asked.append(one.url) if one.url.endswith(LOADS) else None
    )
    window.until_true(lambda: len(workers(window)) == 1)
    window.page.keyboard.press("Escape")
    window.page.locator(".mpr").wait_for(state="detached")
    window.until_shown(0)
    window.until_true(lambda: workers(window) == [])
    window.page.keyboard.press("F8")
    until_complete(window)
    assert asked == []


def test_what_is_no_volume_is_refused_with_its_reason_before_anything_is_loaded_for_it(
    window: Viewer, shelf: Shelf
) -> None:
    whole = Textured(tag=2, study=40, count=9, rows=60, columns=70, patient="MPR")
    book = shelf.add([whole[at] for at in range(9) if at != 4])
    window.open(book).until_shown(0)
    reason = (
        "1 slice is missing: at 12 mm the next lies 8 mm away, where the others lie 4 mm apart."
    )
    expect(window.page.get_by_role("button", name="MPR")).to_have_attribute("title", reason)
    window.page.keyboard.press("F8")
    window.page.locator(".mpr-card").get_by_text(reason).wait_for()
    assert window.page.evaluate("window.__pacsMpr === undefined")
    window.picture("mpr-refused")
    window.page.keyboard.press("Escape")
    window.until_shown(0)


def test_more_memory_than_allowed_is_not_taken(
    viewer: OpenViewer, served: Proxy, books: dict[str, Book]
) -> None:
    window = viewer(served.url, 1024)
    window.page.add_init_script("localStorage.setItem('pacs-volume-mib', '0.25')")
    window.open(books["ct"]).until_shown(0)
    window.page.keyboard.press("F8")
    card = window.page.locator(".mpr-card")
    card.get_by_text("The volume would take 1 MB of memory; at most 0.25 MB are allowed").wait_for()
    window.page.get_by_label("Most memory for a volume").select_option("512")
    until_complete(window)


def test_without_a_graphics_card_the_planes_are_the_same(
    flat: Browser, served: Proxy, shelf: Shelf, books: dict[str, Book]
) -> None:
    with closing(Viewer(flat, served.url, 1024)) as window:
        reconstruct(window, books["mr"])
        volume = volume_of(shelf, books["mr"])
        for name in PLANES:
            shown = plane(window, name)
            assert_equal(shown, volume.cut(shown))
        window.picture("mpr-cpu")
        assert window.errors == []
