"""The sampled sweep of pow, atan2 and hypot: references within their bounds, brackets as the judge says, errors found.

``hard_pairs.npz`` holds, of each function, the 300 pairs with values nearest to boundaries that ``search(name, n, seed=2024,
keep=300)`` found, n = 2^24 for atan2, 2^26 for hypot, 2^28 for pow.
"""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import flint
import numpy as np
import pytest

from fpsem.bridges.sweep import pairs_operands
from fpsem.bridges.sweep.brackets import UNDECIDED, Codes, rounded
from fpsem.bridges.sweep.pairs import KIND, PairPlan, compare_pairs, judge, operands, search, softfloat, sweep_pairs
from fpsem.bridges.sweep.pairs_kernels import distances, enclosures
from fpsem.bridges.sweep.pairs_tables import CELLS, arctangents, logarithms
from fpsem.bridges.sweep.pairs_values import ATAN2, HYPOT, POW
from fpsem.bridges.sweep.units import Unit
from fpsem.core.errors import UnknownNameError
from fpsem.core.formats import BINARY32
from fpsem.core.rounding import Rounding
from fpsem.softfloat.elementary.balls import ball
from fpsem.softfloat.elementary.names import BINARY

CLEAN = {direction.value: [0, 0] for direction in Rounding}
BOUNDS = {"hypot": HYPOT, "atan2": ATAN2, "pow": POW}
FAMILIES = [
    (name, family) for name in BINARY for family in dict.fromkeys((*pairs_operands.HARD[name], *pairs_operands.BULK[name]))
]


def exact(codes: Codes) -> list[Any]:
    return [flint.arb(float(value)) for value in codes.view(np.float32)]


def worst_ratio(name: str, a: Codes, b: Codes) -> float:
    """The largest error of the double-doubles of pairs, over its bound."""
    made = enclosures(name, a, b)
    used = np.flatnonzero(made.high)
    assert used.size > a.size // 2
    with flint.ctx.workprec(300):
        worst = 0.0
        for i, x, y in zip(used, exact(a[used]), exact(b[used])):
            value = abs(ball(name, x, y))
            got = flint.arb(float(made.high[i])) + flint.arb(float(made.low[i]))
            worst = max(worst, float(abs(got / value - 1).upper()))
    return worst / BOUNDS[name]


def at_worst(name: str, n: int) -> tuple[Codes, Codes]:
    """Pairs for which the derivation of the bound is the least generous: cells beside 0 and 1, and results far out."""
    rng = np.random.default_rng(7)
    if name == "pow":
        x = pairs_operands.codes_of(np.concatenate((1 + rng.uniform(2**-11, 2**-9, n), 1 - rng.uniform(2**-11, 2**-9, n))))
        return x, pairs_operands.codes_of(rng.choice([-148.0, 127.0], 2 * n) / np.log2(x.view(np.float32).astype(float)))
    if name == "atan2":
        x = np.exp2(rng.uniform(-20, 20, n))
        return pairs_operands.codes_of(rng.uniform(2**-9, 2**-7, n) * x), pairs_operands.codes_of(x)
    return pairs_operands._near_in_exponent(rng, n, 2)


@pytest.mark.parametrize("name", BINARY)
class TestOfEachFunction:
    def test_errors_are_within_the_bound_on_random_pairs(self, name: str) -> None:
        a, b = pairs_operands.BULK[name][1](np.random.default_rng(11), 4000)
        ratio = worst_ratio(name, np.abs(a.view(np.float32)).view(np.uint32) if name == "pow" else a, b)
        assert ratio <= 1, f"observed/bound of {name}: {ratio:.3f}"

    def test_errors_are_within_the_bound_where_it_is_tightest(self, name: str) -> None:
        ratio = worst_ratio(name, *at_worst(name, 2000))
        assert 0.05 < ratio <= 1, f"observed/bound of {name}: {ratio:.3f}"

    def test_special_operands_give_what_the_judge_gives(self, name: str) -> None:
        f = BINARY32
        magnitudes = [0, 1, f.min_normal, f.max_finite, f.overflow_code, f.overflow_code + 1, f.nan]
        floats = pairs_operands.codes_of([0.5, 1 - 2**-24, 1, 1.5, 2, 3, 2**24 - 1, 2**24])
        codes = np.concatenate((np.array(magnitudes, np.uint32), floats))
        codes = np.concatenate((codes, codes | np.uint32(f.sign_mask)))
        a, b = (grid.ravel() for grid in np.meshgrid(codes, codes))
        assert_brackets_agree_with_the_judge(name, a, b, 0.2)

    def test_the_hard_pairs_are_decided_and_as_the_judge_says(self, name: str) -> None:
        a, b = hard_pairs(name)
        assert distances(enclosures(name, a, b)).max() < 2.0**-20
        assert_brackets_agree_with_the_judge(name, a, b, 0.0)

    def test_the_bit_level_agrees_on_the_hard_pairs(self, name: str) -> None:
        record = compare_pairs(name, *hard_pairs(name))
        assert record["inputs"] == 300
        assert record["first"] == []
        assert record["wrong"] == CLEAN

    def test_the_bit_level_agrees_on_a_unit(self, name: str) -> None:
        plan = PairPlan(seed=5, size=1 << 10, count=2)
        record = sweep_pairs(plan, plan.units(name)[1])
        assert record["inputs"] == 1 << 10
        assert record["first"] == []
        assert record["wrong"] == CLEAN
        assert json.loads(json.dumps(record)) == record

    def test_a_unit_is_reproducible_and_its_own(self, name: str) -> None:
        plan = PairPlan(seed=9, size=50_000)

        def pairs(seed: int, index: int) -> list[Any]:
            return [np.concatenate(part) for part in zip(*operands(replace(plan, seed=seed), Unit(name, KIND, index)))]

        first = pairs(9, 0)
        assert first[0].size == first[1].size == plan.size
        assert all(np.array_equal(x, y) for x, y in zip(first, pairs(9, 0)))
        assert not np.array_equal(first[0], pairs(9, 1)[0])
        assert not np.array_equal(first[0], pairs(10, 0)[0])

    @pytest.mark.parametrize("with_flags", [False, True])
    def test_a_wrong_code_is_found_and_shown(self, name: str, with_flags: bool) -> None:
        planted = wrong(Rounding.UPWARD, at=17, code=1, in_results=with_flags)
        found = compare_pairs(name, *hard_pairs(name), PairPlan(tested=planted))
        assert found["wrong"] == CLEAN | {"upward": [1, 0]}
        ((a, b, direction, code, flags, expected, expected_flags),) = found["first"]
        assert (a, b, direction) == (*(int(codes[17]) for codes in hard_pairs(name)), "upward")
        assert (code ^ expected, flags) == (1, expected_flags)

    def test_a_wrong_flag_is_found(self, name: str) -> None:
        found = compare_pairs(name, *hard_pairs(name), PairPlan(tested=wrong(Rounding.TO_ODD, at=3, flag=2)))
        assert found["wrong"] == CLEAN | {"to_odd": [0, 1]}

    def test_a_judge_is_asked_about_undecided_pairs_only(self, name: str) -> None:
        """As 3 and 4 are for hypot, 9 and 1/2 for pow; atan2 has none."""
        operand = {"hypot": (3.0, 4.0), "pow": (9.0, 0.5), "atan2": (1.0, 2.0)}[name]
        a, b = (pairs_operands.codes_of([value]) for value in operand)
        found = compare_pairs(name, a, b, PairPlan(judge=erring))
        assert found["judged"] == int(name != "atan2")
        assert found["wrong"] == {direction: [found["judged"], 0] for direction in CLEAN}

    def test_a_search_keeps_the_nearest(self, name: str) -> None:
        a, b, far = search(name, 1 << 16, seed=3, keep=20)
        assert np.all(np.diff(far) >= 0)
        assert np.array_equal(far, distances(enclosures(name, a, b)))
        assert 0 < far[0] < 2.0**-13
        fewer = search(name, 1 << 15, seed=3, keep=20)[2]
        assert far[0] <= fewer[0]


@pytest.mark.parametrize(("name", "family"), FAMILIES, ids=[f"{name}{family.__name__}" for name, family in FAMILIES])
def test_brackets_of_a_family_agree_with_the_judge(name: str, family: pairs_operands.Family) -> None:
    a, b = family(np.random.default_rng(13), 40)
    assert_brackets_agree_with_the_judge(name, a, b, 1.0)


def test_quotients_that_are_numbers_are_told_from_their_tiny_angles() -> None:
    """Numbers, midpoints and their neighbours as quotients, to below the smallest subnormal."""
    rng = np.random.default_rng(17)
    x = np.exp2(rng.integers(10, 40, 150).astype(float))
    quotient = np.exp2(rng.integers(-152, -29, 150).astype(float)) * rng.choice([1, 1.5, 1 + 2**-23, 2 - 2**-23, 1.25], 150)
    a, b = pairs_operands.codes_of(quotient * x), pairs_operands.codes_of(x)
    assert_brackets_agree_with_the_judge("atan2", a, b, 0.05)


def test_powers_beside_one_are_told_from_it() -> None:
    rng = np.random.default_rng(19)
    x = rng.integers(1, BINARY32.overflow_code, 150, dtype=np.uint32)
    power = np.exp2(rng.uniform(-60, -22, 150)) * rng.choice([-1, 1], 150)
    y = pairs_operands.codes_of(power / np.log2(x.view(np.float32).astype(float)))
    assert_brackets_agree_with_the_judge("pow", x, y, 0.0)


def test_the_table_of_logarithms_is_what_the_bound_needs() -> None:
    """Its numbers have 20 digits; |m v - 1| is below 2^-9 (1 + 2^-9); a sum of exponent and entry exceeds what is added to it."""
    for i, (v, exponent, high, low) in enumerate(logarithms().tolist()):
        assert (v * 2**20).is_integer()
        ends = [Fraction(min(max(2 * (CELLS + i) + side, 2 * CELLS), 4 * CELLS), 2 * CELLS) * Fraction(v) - 1 for side in (-1, 1)]
        reach = max(map(abs, ends))
        assert reach <= Fraction(1 + 2**-9) / 512
        assert (high * 2**42).is_integer()
        assert abs(low) <= 2.0**-43
        nearest = min(abs(e + exponent + high) for e in (-2, -1, 0, 1))
        assert (high == low == 0) == (i in (0, CELLS))
        assert nearest >= float(reach) * 1.4427 or nearest == 0


def test_the_table_of_arctangents_is_what_the_bound_needs() -> None:
    """The value of a cell exceeds what is added to it, and coefficient n is at most 1/n; that of degree 2, at most the centre."""
    for i, row in enumerate(arctangents().tolist()):
        assert i == 0 or row[0] > 2.0**-9
        assert all(abs(row[n + 2]) <= (1 + 2**-50) / n for n in range(2, 10))
        assert abs(row[4]) <= i / CELLS


def test_other_functions_are_refused() -> None:
    with pytest.raises(UnknownNameError, match="tan2"):
        sweep_pairs(PairPlan(size=100), Unit("tan2", KIND, 0))


def hard_pairs(name: str) -> tuple[Codes, Codes]:
    with np.load(Path(__file__).parent / "hard_pairs.npz") as stored:
        return stored[f"{name}_a"], stored[f"{name}_b"]


def assert_brackets_agree_with_the_judge(name: str, a: Codes, b: Codes, most_undecided: float) -> None:
    made = enclosures(name, a, b)
    told = made.state != UNDECIDED
    assert (~told).mean() <= most_undecided
    for direction in Rounding:
        codes, flags = judge(name, a[told], b[told], direction)
        got = rounded(made.code[told], made.state[told], direction)
        wrong = np.flatnonzero((codes != got[0]) | (flags != got[1]))
        assert [(hex(a[told][i]), hex(b[told][i]), direction.value) for i in wrong[:3]] == []


def wrong(direction: Rounding, at: int, code: int = 0, flag: int = 0, in_results: bool = True) -> Any:
    """The functions of the bit level, with an error in one place: of results with flags, or of those without."""

    def tested(name: str, a: Codes, b: Codes, wanted: Rounding, with_flags: bool) -> Any:
        made = softfloat(name, a, b, wanted, with_flags)
        if wanted is direction and with_flags is in_results:
            (made[0] if with_flags else made)[at] ^= np.uint32(code)
        if wanted is direction and with_flags:
            made[1][at] ^= np.uint8(flag)
        return made

    return tested


def erring(name: str, a: Codes, b: Codes, direction: Rounding) -> Any:
    codes, flags = judge(name, a, b, direction)
    return codes ^ np.uint32(1), flags
