"""The real domain: exact while it can be, enclosing always, sharp after refinement."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

import flint
import mpmath
import numpy as np
import pytest

from fpsem.core.errors import UnableError, UndefinedError
from fpsem.core.exact import round_to_bits
from fpsem.core.formats import BINARY32
from fpsem.core.protocol import ELEMENTARY, Array, exact_array
from fpsem.domains.real import Real, Ternary
from fpsem.graph.ops import matmul
from fpsem.testing import check_domain

TRUE, FALSE, UNKNOWN = Ternary.TRUE, Ternary.FALSE, Ternary.UNKNOWN


@pytest.fixture(autouse=True)
def _global_precision_is_left_alone() -> Iterator[None]:
    """Every test of this file, with a precision that no code here would choose."""
    with flint.ctx.workprec(71):
        yield
        assert flint.ctx.prec == 71


@pytest.fixture
def real() -> Real:
    return Real()


def numbers(domain: Real, *values: Any) -> Array:
    return domain.constant(exact_array(list(values)))


def bits_of(*values: float) -> Array:
    return np.array(values, dtype=np.float32).view(np.uint32)


def normal_codes(rng: np.random.Generator, *shape: int) -> Array:
    return rng.normal(size=shape).astype(np.float32).view(np.uint32)


def sharpen(compute: Callable[[Real], Array], domain: Real) -> tuple[Array, Real]:
    """As the interpreter does: run again until the domain is content."""
    while True:
        output = compute(domain)
        finer = domain.refine([output])
        if finer is None:
            return output, domain
        domain = finer


def indeterminate(domain: Real) -> Array:
    return domain.div(numbers(domain, 1), numbers(domain, 0))


# -- the contract ----------------------------------------------------------------------------------------------------


def test_the_domain_keeps_its_contract(real: Real) -> None:
    check_domain(real, samples=60, derived={"matmul": matmul.meaning})


# -- exactness -------------------------------------------------------------------------------------------------------


def test_field_operations_and_choices_are_exact(real: Real) -> None:
    third, half = numbers(real, Fraction(1, 3)), numbers(real, Fraction(-1, 2))
    big = numbers(real, Fraction(10**40))
    out = real.div(real.fma(real.sub(real.add(big, third), big), half, real.neg(half)), real.abs(half))
    out = real.maximum(real.minimum(out, big), half)
    lo, hi = real.enclosure(out)
    assert lo.tolist() == hi.tolist() == [Fraction(2, 3)]


def test_roots_of_squares_are_exact_and_other_roots_enclose(real: Real) -> None:
    lo, hi = real.enclosure(real.sqrt(numbers(real, Fraction(9, 4), 0, 2)))
    assert lo[:2].tolist() == hi[:2].tolist() == [Fraction(3, 2), 0]
    assert lo[2] ** 2 < 2 < hi[2] ** 2
    assert hi[2] - lo[2] < Fraction(1, 2**150)


def test_binary32_codes_come_back(real: Real) -> None:
    codes = np.array([[0, 1, 0x007FFFFF], [0x00800000, 0x7F7FFFFF, 0xFF7FFFFF], [0x80000001, 0x3F800001, 0xC0490FDB]])
    codes = codes.astype(np.uint32)
    x = real.from_bits(codes)
    assert real.to_bits(x).tolist() == codes.tolist()
    assert real.to_bits(x).dtype == np.uint32
    assert x[0, 1] == flint.fmpq(1, 2**149)
    assert real.to_bits(real.from_bits(np.array([0x80000000], dtype=np.uint32))).tolist() == [0]


def test_rationals_that_grow_too_long_become_balls(real: Real) -> None:
    x = numbers(real, Fraction(4, 3), Fraction(1, 3))
    for _ in range(60):
        x = real.mul(x, x)
    assert all(isinstance(scalar, flint.arb) for scalar in x)
    with mpmath.workprec(400):
        expected = 2**60 * mpmath.log(mpmath.mpf(4) / 3)
        assert abs(float(mpmath.mpf(real.to_float(real.log(x))[0]) - expected) / float(expected)) < 1e-15
    assert real.to_bits(x).tolist() == [0x7F800000, 0]


# -- enclosures ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ELEMENTARY)
def test_elementary_functions_enclose_the_value_that_mpmath_finds(real: Real, name: str) -> None:
    codes = np.abs(np.random.default_rng(0).normal(size=100)).astype(np.float32).view(np.uint32)
    lo, hi = real.enclosure(getattr(real, name)(real.from_bits(codes)))
    for code, low, high in zip(codes.tolist(), lo, hi, strict=True):
        x = BINARY32.decode(code)
        with mpmath.workprec(600):
            value = getattr(mpmath, name)(mpmath.mpf(x.numerator) / x.denominator)
            sign, significand, exponent, _ = value._mpf_
        near = (-1) ** sign * Fraction(int(significand)) * Fraction(2) ** int(exponent)
        error = Fraction(1, 2**590)
        assert low - error < near < high + error
        assert high - low <= abs(near) / 2**140


def test_absolute_values_of_balls_about_zero_contain_zero_and_both_ends(real: Real) -> None:
    straddling = real.select(np.array([None]), numbers(real, -2), numbers(real, 1))
    lo, hi = real.enclosure(real.abs(straddling))
    assert lo[0] <= 0
    assert 2 <= hi[0] < 2.001
    assert lo[0] > -0.001


def test_extremes_of_overlapping_balls_enclose(real: Real) -> None:
    unknown = np.array([None])
    x = real.select(unknown, numbers(real, 0), numbers(real, 2))
    y = real.select(unknown, numbers(real, 1), numbers(real, 3))
    (least,), (most,) = real.enclosure(real.minimum(x, y))
    assert least <= 0
    assert most >= 2
    (least,), (most,) = real.enclosure(real.maximum(x, y))
    assert least <= 1
    assert most >= 3
    assert least > 0.99


def test_extremes_keep_exact_numbers_exact(real: Real) -> None:
    zero, root = numbers(real, 0), real.sqrt(numbers(real, 2))
    assert isinstance(real.minimum(root, zero)[0], flint.fmpq)
    assert isinstance(real.maximum(real.neg(root), zero)[0], flint.fmpq)


# -- order and choice ------------------------------------------------------------------------------------------------


def test_truths_are_known_unknown_or_false_and_never_bool(real: Real) -> None:
    one, root = numbers(real, 1), real.sqrt(numbers(real, 2))
    same = real.mul(root, root)
    two = numbers(real, 2)
    assert [f(one, root)[0] for f in (real.less, real.less_equal, real.equal)] == [TRUE, TRUE, FALSE]
    assert [f(root, one)[0] for f in (real.less, real.less_equal, real.equal)] == [FALSE, FALSE, FALSE]
    assert [f(same, two)[0] for f in (real.less, real.less_equal, real.equal)] == [UNKNOWN] * 3
    assert [f(two, two)[0] for f in (real.less, real.less_equal, real.equal)] == [FALSE, TRUE, TRUE]
    for truth in Ternary:
        with pytest.raises(TypeError, match="no truth value"):
            bool(truth)


def test_select_on_unknown_is_the_hull(real: Real) -> None:
    x, y = numbers(real, 1, 1, 1), numbers(real, 5, 5, 5)
    truth = np.array([TRUE, FALSE, UNKNOWN], dtype=object)
    lo, hi = real.enclosure(real.select(truth, x, y))
    assert (lo[0], hi[0], lo[1], hi[1]) == (1, 1, 5, 5)
    assert 0.999 < lo[2] <= 1 < 5 <= hi[2] < 5.001
    assert real.refine([truth]) is not None


def test_known_bools_choose_too(real: Real) -> None:
    out = real.select(np.array([True, False]), numbers(real, 1), numbers(real, 2))
    assert real.to_float(out).tolist() == [1.0, 2.0]


def test_predicates_are_those_of_numbers(real: Real) -> None:
    x = numbers(real, 1, 2)
    assert real.is_nan(x).tolist() == [FALSE, FALSE]
    assert real.is_finite(x).tolist() == [TRUE, TRUE]
    assert real.cast(x, "bfloat16") is x


# -- undefined -------------------------------------------------------------------------------------------------------


UNDEFINED: list[Callable[[Real], Array]] = [
    lambda d: d.div(numbers(d, 1), numbers(d, 0)),
    lambda d: d.div(numbers(d, 0), d.sub(d.exp(numbers(d, 1)), d.exp(numbers(d, 1)))),
    lambda d: d.sqrt(numbers(d, -1)),
    lambda d: d.sqrt(d.neg(d.exp(numbers(d, 1)))),
    lambda d: d.log(numbers(d, 0)),
    lambda d: d.log(numbers(d, -3)),
    lambda d: d.log1p(numbers(d, -1)),
]


@pytest.mark.parametrize("compute", UNDEFINED)
def test_undefined_values_are_reported_when_read_and_only_then(real: Real, compute: Callable[[Real], Array]) -> None:
    x = np.concatenate([numbers(real, 1), compute(real)])
    for read in (real.enclosure, real.to_bits):
        with pytest.raises(UndefinedError, match=r"element \[1\]"):
            read(x)
    assert np.isnan(real.to_float(x)[1])
    guarded = real.select(real.less(numbers(real, 0), numbers(real, 1)), numbers(real, 7), x)
    assert real.to_float(guarded).tolist() == [7.0, 7.0]


def test_an_undefined_value_makes_comparisons_unknown(real: Real) -> None:
    x = indeterminate(real)
    assert [f(x, x)[0] for f in (real.less, real.less_equal, real.equal)] == [UNKNOWN] * 3


def test_infinities_and_nans_are_refused_by_index(real: Real) -> None:
    for code in (0x7F800000, 0xFF800000, 0x7FC00000, 0x7F800001):
        with pytest.raises(UndefinedError, match=rf"element \[0, 1\] is .* \({code:#x}\): this domain needs a number"):
            real.from_bits(np.array([[0, code]], dtype=np.uint32))
    with pytest.raises(UndefinedError, match=r"element \[\]"):
        real.from_bits(np.array(0x7F800000, dtype=np.uint32))


# -- refinement ------------------------------------------------------------------------------------------------------


def test_cancellation_is_repaired_by_precision() -> None:
    def compute(domain: Real) -> Array:
        """exp(2**-200) - 1 - 2**-200, about 2**-401."""
        tiny = numbers(domain, Fraction(1, 2**200))
        return domain.mul(
            domain.sub(domain.sub(domain.exp(tiny), numbers(domain, 1)), tiny), numbers(domain, Fraction(2) ** 401)
        )

    start = Real(bits=64)
    out, domain = sharpen(compute, start)
    (lo,), (hi,) = domain.enclosure(out)
    series = 1 + Fraction(1, 3 * 2**200)
    assert lo <= series + Fraction(1, 2**390)
    assert hi >= series
    assert hi - lo <= Fraction(1, 2**63)
    assert domain.working is not None
    assert domain.working >= 401 + 64
    with pytest.raises(UnableError, match=r"element \[0\].*refine"):
        start.to_bits(compute(start))
    assert domain.to_bits(out).tolist() == bits_of(1.0).tolist()


def test_a_zero_by_cancellation_is_found_down_to_the_floor() -> None:
    out, domain = sharpen(lambda d: d.sub(d.exp(numbers(d, 3)), d.exp(numbers(d, 3))), Real())
    (lo,), (hi,) = domain.enclosure(out)
    assert lo <= 0 <= hi
    assert hi - lo <= Fraction(1, 2 ** (149 + 128))
    assert domain.to_bits(out).tolist() == [0]


def test_sines_of_huge_numbers_are_refined(real: Real) -> None:
    huge = np.array([0x7F7FFFFF], dtype=np.uint32)
    out, domain = sharpen(lambda d: d.sin(d.from_bits(huge)), Real(bits=24))
    assert domain.to_bits(out).tolist() == [0xBF0599B3]
    x = BINARY32.decode(0x7F7FFFFF)
    with mpmath.workprec(400):
        value = float(mpmath.sin(mpmath.mpf(x.numerator)))
    assert domain.to_float(out)[0] == pytest.approx(value, rel=1e-7)


def test_sharp_and_exact_outputs_ask_for_no_more(real: Real) -> None:
    assert real.refine([numbers(real, 1, 2), real.exp(numbers(real, 1)), np.arange(3), np.array([TRUE])]) is None


def test_refinement_gives_up_in_the_end(real: Real) -> None:
    out, domain = sharpen(indeterminate, real)
    assert domain.working == 160 * 2**6
    with pytest.raises(UndefinedError):
        domain.enclosure(out)


def test_accuracy_must_be_positive() -> None:
    for bad in ({"bits": 0}, {"working": 0}):
        with pytest.raises(ValueError, match="must be positive"):
            Real(**bad)


# -- reading ---------------------------------------------------------------------------------------------------------


def test_the_root_of_two_rounds_to_its_binary32(real: Real) -> None:
    assert real.to_bits(real.sqrt(numbers(real, 2))).tolist() == bits_of(2**0.5).tolist() == [0x3FB504F3]


def test_numbers_far_outside_of_binary32_round_to_limits(real: Real) -> None:
    huge = numbers(real, 10**30, -(10**30))
    assert real.to_bits(real.exp(huge)).tolist() == [0x7F800000, 0]
    assert real.to_bits(real.neg(real.exp(huge))).tolist() == [0xFF800000, 0x80000000]
    with pytest.raises(UnableError, match=r"element \[0\]"):
        real.enclosure(real.exp(huge))
    (lo,), (hi,) = real.enclosure(real.exp(huge[1:]))
    assert lo == 0 < hi == Fraction(1, 2 ** (2**20))
    (lo,), (hi,) = real.enclosure(real.neg(real.exp(huge[1:])))
    assert lo == -Fraction(1, 2 ** (2**20)) < hi == 0


def test_unbounded_balls_are_not_read(real: Real) -> None:
    x = real.exp(numbers(real, 10**300))
    assert real.refine([x]) is not None
    for read in (real.enclosure, real.to_bits):
        with pytest.raises(UnableError, match=r"element \[0\] has no known bound"):
            read(x)


def test_balls_next_to_a_boundary_round_as_their_value_does(real: Real) -> None:
    """1 + 2**-24 is halfway; exp and expm1 of tiny numbers put balls on either side of it."""
    halfway, tiny = numbers(real, 1 + Fraction(1, 2**24)), real.expm1(numbers(real, Fraction(1, 2**60)))
    assert real.to_bits(real.add(halfway, tiny)).tolist() == [0x3F800001]
    assert real.to_bits(real.sub(halfway, tiny)).tolist() == [0x3F800000]


def test_doubles_are_near(real: Real) -> None:
    x = real.exp(numbers(real, 1, -1, 0))
    assert real.to_float(x) == pytest.approx(np.exp([1.0, -1.0, 0.0]), rel=2**-52, abs=0)
    assert real.to_float(numbers(real, Fraction(1, 3), -(10**400), 0)).tolist() == [1 / 3, -np.inf, 0.0]
    assert Real(bits=8).to_float(numbers(real, Fraction(1, 3))).tolist() == [1 / 3]


# -- the matrix product ----------------------------------------------------------------------------------------------


def by_hand(a: Array, b: Array) -> list[list[Fraction]]:
    left, right = (np.vectorize(BINARY32.decode, otypes=[object])(codes) for codes in (a, b))
    return (left @ right).tolist()


def test_the_matrix_product_of_binary32_numbers_is_exact(real: Real) -> None:
    rng = np.random.default_rng(1)
    a, b = normal_codes(rng, 5, 7), normal_codes(rng, 7, 3)
    a[0, 0], b[0, 0] = 1, 0x7F7FFFFF  # the smallest and the largest number
    lo, hi = real.enclosure(real.overrides["matmul"](real.from_bits(a), real.from_bits(b)))
    assert lo.tolist() == hi.tolist() == by_hand(a, b)


def test_the_matrix_product_of_balls_encloses_the_exact_one(real: Real) -> None:
    rng = np.random.default_rng(2)
    a, b = normal_codes(rng, 4, 6), normal_codes(rng, 6, 5)
    balls = real.from_bits(a)
    third = real.sqrt(numbers(real, 3))
    balls[:, 1] = real.div(real.mul(balls[:, 1], third), third)
    product = real.overrides["matmul"](balls, real.from_bits(b))
    assert all(isinstance(entry, flint.arb) for entry in product.flat)
    lo, hi = real.enclosure(product)
    for low, exact, high in zip(lo.flat, np.array(by_hand(a, b), dtype=object).flat, hi.flat, strict=True):
        assert low <= exact <= high
        assert high - low < Fraction(1, 2**140)


@pytest.mark.parametrize(
    ("left", "right"),
    [((2, 3), (3, 4)), ((5, 2, 3), (3, 4)), ((2, 3), (5, 3, 4)), ((5, 2, 3), (5, 3, 4)), ((2, 1, 2, 3), (5, 3, 1)),
     ((0, 3), (3, 2)), ((2, 0), (0, 2)), ((2, 2, 0), (0, 3))],
)  # fmt: skip
def test_the_matrix_product_has_numpys_shapes(real: Real, left: tuple[int, ...], right: tuple[int, ...]) -> None:
    rng = np.random.default_rng(3)
    a, b = rng.integers(-9, 9, left), rng.integers(-9, 9, right)
    out = real.overrides["matmul"](real.constant(exact_array(a)), real.constant(exact_array(b)))
    assert out.shape == (a @ b).shape
    assert real.to_float(out).tolist() == (a @ b).tolist()


def test_an_undefined_entry_spoils_only_what_uses_it(real: Real) -> None:
    a = np.concatenate([numbers(real, 1, 2), indeterminate(real), numbers(real, 4)]).reshape(2, 2)
    out = real.to_float(real.overrides["matmul"](a, numbers(real, 1, 1).reshape(2, 1)))
    assert out[0, 0] == 3
    assert np.isnan(out[1, 0])


def test_scalars_without_axes_stay_arrays(real: Real) -> None:
    x = real.from_bits(np.array(0x40000000, dtype=np.uint32))
    out = real.sqrt(real.add(x, x))
    assert out.shape == ()
    assert real.to_bits(out).shape == ()
    assert round_to_bits(real.enclosure(out)[0][()], BINARY32) == 0x40000000
