"""Every primitive as a call: the table is the protocol's, operands are what they are said to be."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fpsem.bridges.primitives import BUT_ELEMENTARY, EMBEDDED, PRIMITIVES, boxed, draw, enclosures
from fpsem.core.protocol import ARITHMETIC, ELEMENTARY, ScalarDomain
from fpsem.domains.ieee32 import IEEE32Exec
from fpsem.domains.real import Real
from fpsem.testing.operands import is_finite

NO_PRIMITIVES = {
    "name", "contract", "schedule", "overrides", "refine", "from_bits", "to_bits", "to_float", "enclosure", "accumulator",
}  # fmt: skip
"""What a domain has besides primitives: who it is, how its scalars are made and read, and what sums are held in."""

ONE, TWO, NAN = (np.array([code], np.uint32) for code in (0x3F800000, 0x40000000, 0x7FC00000))
EXACT = IEEE32Exec()


def test_the_primitives_are_those_of_the_protocol() -> None:
    methods = {name for name in vars(ScalarDomain) if not name.startswith("_")}
    assert set(PRIMITIVES) == methods - NO_PRIMITIVES
    assert set(BUT_ELEMENTARY) == set(PRIMITIVES) - set(ELEMENTARY)


@pytest.mark.parametrize("name", PRIMITIVES)
def test_a_primitive_takes_so_many_operands_of_its_shape(name: str) -> None:
    primitive, x = PRIMITIVES[name], np.repeat(ONE, 5)
    assert EXACT.to_bits(primitive.apply(EXACT, *[x] * primitive.arity)).shape == (5,)


@pytest.mark.parametrize(
    ("name", "operands", "result"),
    [
        ("less", (ONE, TWO), ONE), ("less", (TWO, ONE), 0), ("equal", (ONE, ONE), ONE), ("less_equal", (NAN, ONE), 0),
        ("is_nan", (NAN,), ONE), ("is_finite", (NAN,), 0), ("select", (ONE, TWO, ONE), TWO), ("select", (TWO, TWO, ONE), ONE),
        ("cast", (ONE + 1,), ONE), ("pi", (ONE,), 0x40490FDB), ("constant", (ONE,), 1),
    ],
)  # fmt: skip
def test_truths_are_read_as_numbers(name: str, operands: Any, result: Any) -> None:
    assert PRIMITIVES[name].apply(EXACT, *operands) == result


def test_constants_are_embedded_one_after_the_other() -> None:
    real = Real()
    found, _ = real.enclosure(PRIMITIVES["constant"].apply(real, real.from_bits(np.zeros(len(EMBEDDED) + 1, np.uint32))))
    assert found.tolist() == [*EMBEDDED, EMBEDDED[0]]


def test_operands_are_reproducible_and_finite_where_that_is_asked_for() -> None:
    for (primitive, x), (_, again) in zip(draw(500, 3, special=False), draw(500, 3, special=False)):
        assert len(x) == primitive.arity
        assert all(is_finite(column).all() and np.array_equal(column, other) for column, other in zip(x, again))
    assert not all(is_finite(column).all() for _, x in draw(500, 3, special=True) for column in x)


def test_more_cases_are_more_rows() -> None:
    few, many = (sum(x[0].size for _, x in draw(n, 0, special=True)) for n in (1_000, 20_000))
    assert many > few + 10_000


def test_without_every_corner_there_are_no_more_corners_than_other_rows() -> None:
    drawn = list(draw(100, 0, special=True, names=("add", "neg"), every_corner=False))
    assert [primitive.name for primitive, _ in drawn] == ["add", "neg"]
    assert all(x[0].size <= 100 for _, x in drawn)


@pytest.mark.parametrize("name", ["add", "fma", "exp"])
def test_points_lie_in_their_boxes_of_every_width(name: str) -> None:
    ((primitive, operands),) = draw(600, 5, special=False, names=(name,))
    boxes, points = boxed(operands, 5)
    assert len(boxes) == len(points) == primitive.arity
    assert all(box.contains(x.view(np.float32)) for box, x in zip(boxes, points))
    assert any(box.fixed.any() and not box.fixed.all() for box in boxes)
    assert any((x.view(np.float32) != box.lo).any() and (x.view(np.float32) != box.hi).any() for box, x in zip(boxes, points))


def test_enclosures_are_of_the_values_that_exist() -> None:
    real = Real()
    values = real.sqrt(real.from_bits(np.concatenate([TWO * 0 + 0x40800000, TWO ^ np.uint32(1 << 31)])))
    defined, low, high = enclosures(real, values)
    assert defined.tolist() == [True, False]
    assert low[0] == high[0] == ARITHMETIC["add"] == 2
