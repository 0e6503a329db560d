"""Images of a series in the order in which a reader scrolls them."""

import math
from dataclasses import dataclass
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from pacs_proxy.archive.geometry import viewing_order

AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
CORONAL = (1.0, 0.0, 0.0, 0.0, 0.0, -1.0)
ANGLE = math.radians(30)
OBLIQUE = (1.0, 0.0, 0.0, 0.0, math.cos(ANGLE), math.sin(ANGLE))


@dataclass(frozen=True)
class Image:
    number: int | None = None
    sop_uid: str = ""
    position: tuple[float, ...] | None = None
    orientation: tuple[float, ...] | None = None


def stack(orientation: tuple[float, ...], normal: tuple[float, ...], count: int) -> list[Image]:
    return [
        Image(None, f"{n}", tuple(3.0 * n * part + 7 for part in normal), orientation)
        for n in range(count)
    ]


@given(st.randoms(use_true_random=False), st.sampled_from(["axial", "coronal", "oblique"]))
def test_a_stack_is_ordered_along_its_normal_whatever_its_numbers(
    random: Random, kind: str
) -> None:
    plane, normal = {
        "axial": (AXIAL, (0.0, 0.0, 1.0)),
        "coronal": (CORONAL, (0.0, 1.0, 0.0)),
        "oblique": (OBLIQUE, (0.0, -math.sin(ANGLE), math.cos(ANGLE))),
    }[kind]
    images = stack(plane, normal, 20)
    shuffled = [
        Image(random.randrange(100), im.sop_uid, im.position, im.orientation) for im in images
    ]
    random.shuffle(shuffled)
    assert [shuffled[i].sop_uid for i in viewing_order(shuffled)] == [im.sop_uid for im in images]


def test_images_at_one_place_keep_their_numbers_order() -> None:
    images = [
        Image(number, f"{number}", (0.0, 0.0, place), AXIAL)
        for number, place in [(4, 5.0), (1, 0.0), (3, 5.0), (2, 0.0)]
    ]
    assert [images[i].number for i in viewing_order(images)] == [1, 2, 3, 4]


def test_a_scout_among_slices_means_order_by_number() -> None:
    images = [
        Image(2, "b", (0.0, 0.0, 1.0), AXIAL),
        Image(3, "c", (0.0, 0.0, 0.0), AXIAL),
        Image(1, "a", (0.0, 0.0, 9.0), CORONAL),
    ]
    assert [images[i].sop_uid for i in viewing_order(images)] == ["a", "b", "c"]


def test_one_image_without_a_place_means_order_by_number() -> None:
    images = [Image(2, "b", (0.0, 0.0, 0.0), AXIAL), Image(1, "a", None, AXIAL)]
    assert viewing_order(images) == [1, 0]


def test_without_numbers_the_uid_decides_and_stays_the_same() -> None:
    images = [Image(sop_uid="c"), Image(5, "z"), Image(sop_uid="a")]
    assert viewing_order(images) == [1, 2, 0]
    assert viewing_order([]) == []


NUMBERS = st.one_of(st.none(), st.floats(-1e6, 1e6), st.just(float("nan")))
VECTORS = st.one_of(st.none(), st.lists(st.floats(-9, 9), max_size=7).map(tuple))


@given(
    st.lists(
        st.builds(Image, st.one_of(st.none(), st.integers()), st.text(max_size=3), VECTORS, VECTORS)
    )
)
def test_whatever_the_headers_say_every_image_is_there_once(images: list[Image]) -> None:
    assert sorted(viewing_order(images)) == list(range(len(images)))
