"""Every primitive on drawn operands: the execution within its bound and interval, the real value within its interval.

Each example is some 200 cases: all rows of a few drawn codes for each operand. In the profile ``nightly`` it is some 1000, and
there are a million cases for each primitive; the domains are vectorised, so that drawing takes most of the time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fpsem
from fpsem.core.codes import codes_at, places
from fpsem.core.errors import UnableError, UndefinedError
from fpsem.core.formats import BINARY32, FORMATS
from fpsem.core.protocol import ARITHMETIC, COMPARISONS, ELEMENTARY, Array
from fpsem.testing import codes
from fpsem.testing.number_line import show_numbers

LONG = settings().max_examples >= 5000
"""Whether the profile is for a night."""

CASES = 1000 if LONG else 200
"""The fewest rows of an example."""

EXAMPLES = 1_000_000 // CASES if LONG else settings().max_examples // 4
"""A million cases where the profile is long; elsewhere few, for there are some 80 tests here."""

STEPS = 10 if LONG else 2
"""How many codes stand for each that is drawn for a single operand: it and those above it; and their opposites."""

COUNTS: Mapping[int, int] = {1: 50, 2: 32, 3: 10} if LONG else {1: 50, 2: 15, 3: 6}
"""How many codes are drawn for each operand, by the number of operands."""

FARTHEST = 3
"""How many places two operands lie apart that are made to be near each other."""


def chosen(compare: str) -> Callable[..., Array]:
    """A comparison, its truth read by what it chooses."""
    return lambda domain, x, y: domain.select(getattr(domain, compare)(x, y), x, y)


PRIMITIVES: Mapping[str, tuple[int, Callable[..., Array]]] = {
    **{name: (arity, lambda domain, *x, name=name: getattr(domain, name)(*x)) for name, arity in ARITHMETIC.items()},
    **{name: (1, lambda domain, x, name=name: getattr(domain, name)(x)) for name in ELEMENTARY},
    **{f"select by {name}": (2, chosen(name)) for name in COMPARISONS},
    **{
        f"cast to {f.name}": (1, lambda domain, x, name=f.name: domain.cast(x, name))
        for f in FORMATS.values()
        if f.exponent_bits <= BINARY32.exponent_bits and f.precision < BINARY32.precision and f.has_infinity and f.width >= 8
    },
}
"""What is computed of operands in any domain, by name, and of how many."""


@dataclass(frozen=True, eq=False)
class Operands:
    """Rows of operands.

    Args:
        columns: codes, one array for each operand.
        widths: how many places above the code the upper end of an interval lies.
    """

    columns: tuple[Array, ...]
    widths: Array

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """How Hypothesis shows it: what fails says which row it is."""
        printer.text(f"{self.columns[0].size} rows")


@st.composite
def operands(draw: st.DrawFn, arity: int, special: bool) -> Operands:
    """All rows of a few codes for each operand; those of later operands are often near, or opposite to, one of the first.
    For a single operand, each code with the next ones, and their opposites. ``special``: infinities and NaNs too."""
    elements, count = codes("binary32", allow_nan=special, allow_infinity=special), COUNTS[arity]
    first = draw(st.lists(elements, min_size=count, max_size=count))
    if arity == 1:
        near = (near_to(code, step, opposite, special) for code in first for step in range(STEPS) for opposite in (False, True))
        lists = [list(near)]
    else:
        steps = st.integers(-FARTHEST, FARTHEST)
        later = elements | st.builds(near_to, st.sampled_from(first), steps, st.booleans(), st.just(special))
        lists = [first, *(draw(st.lists(later, min_size=count, max_size=count)) for _ in range(arity - 1))]
    columns = tuple(np.ravel(column) for column in np.meshgrid(*(np.array(each, np.uint32) for each in lists)))
    widest = draw(st.sampled_from((1, 8, 1 << 20)))
    return Operands(columns, np.arange(columns[0].size) * 7 % (widest + 1))


def near_to(code: int, steps: int, opposite: bool, special: bool) -> int:
    """A code some steps from another among those of its sign, or its opposite; no further than the largest number or NaN."""
    last = BINARY32.magnitude_mask if special else BINARY32.max_finite
    magnitude = min(max((code & BINARY32.magnitude_mask) + steps, 0), last)
    return (code & BINARY32.sign_mask) ^ (BINARY32.sign_mask if opposite else 0) | magnitude


def with_errors(domain: Any, x: Array) -> Array:
    """x - x / 3, rounded twice: an operand that carries an error, in domains that have any."""
    return domain.sub(x, domain.div(x, domain.constant(np.array([3], dtype=object))))


# -- the real value, the execution, and what must contain them -------------------------------------------------------------


def real_ends(scalars: Array) -> tuple[Array, Array, Array]:
    """For each real scalar its ends, as objects, and whether it has any."""
    domain = fpsem.Real()
    low, high, found = np.empty(scalars.shape, object), np.empty(scalars.shape, object), np.zeros(scalars.shape, bool)
    try:
        low, high = domain.enclosure(scalars)
        found[:] = True
    except (UndefinedError, UnableError):
        for i in range(scalars.size):
            try:
                low[i : i + 1], high[i : i + 1] = domain.enclosure(scalars[i : i + 1])
                found[i] = True
            except (UndefinedError, UnableError):
                pass
    return low, high, found


def exactly(numbers: Array) -> Array:
    """Finite doubles or floats as Fractions; infinities as doubles, which Fractions are ordered with."""
    return np.array([Fraction(v) if np.isfinite(v) else v for v in numbers.astype(np.float64).tolist()], dtype=object)


def assert_all(good: Array, given: Operands, what: Callable[[int], str]) -> None:
    """Fails with the operands of the first row that is not good."""
    bad = np.flatnonzero(~good)
    if len(bad):
        row = "\n".join(show_numbers(column[bad[0]]) for column in given.columns)
        raise AssertionError(f"{what(int(bad[0]))}, for\n{row}")


def check_real(compute: Callable[..., Array], given: Operands) -> None:
    """Real within Interval("real") of intervals from the operands upward."""
    exact, domain = fpsem.Real(), fpsem.Interval("real")
    low, high, found = real_ends(compute(exact, *map(exact.from_bits, given.columns)))
    out = compute(domain, *(intervals(domain, column, given.widths) for column in given.columns))
    bounded = np.isfinite(out["lo"]) & np.isfinite(out["hi"])
    assert_all(found | ~bounded, given, lambda i: f"undefined, in {out[i]}")
    good = np.ones(found.shape, bool)
    good[found] = at_most(exactly(out["lo"][found]), high[found]) & at_most(low[found], exactly(out["hi"][found]))
    assert_all(good, given, lambda i: f"{float(low[i])} not in {out[i]}")


def check_executed(compute: Callable[..., Array], given: Operands) -> None:
    """IEEE32Exec within Interval("binary32") of intervals from the operands upward, special values included."""
    exact, domain = fpsem.IEEE32Exec(), fpsem.Interval("binary32")
    seen = exact.to_bits(compute(exact, *map(exact.from_bits, given.columns)))
    out = compute(domain, *(intervals(domain, column, given.widths) for column in given.columns))
    nan, lo, hi = np.isnan(seen.view(np.float32)), *(np.ascontiguousarray(out[end]) for end in ("lo", "hi"))
    whole = np.isneginf(lo) & np.isposinf(hi)
    low, at, high = (places(codes) for codes in (lo.view(np.uint32), seen, hi.view(np.uint32)))
    inside = (low <= at) & (at <= high) & ~np.isnan(lo)
    assert_all(np.where(nan, whole | np.isnan(lo), inside), given, lambda i: f"{show_numbers(seen[i])} not in {out[i]}")


def intervals(domain: Any, column: Array, widths: Array) -> Array:
    """Intervals from codes upward by so many places, those that would pass the largest number cut there; specials are points."""
    wide = np.isfinite(column.view(np.float32)) & (widths > 0)
    ends = np.where(wide, np.minimum(places(column) + widths, BINARY32.max_finite), 0)
    box = fpsem.Box(np.where(wide, column, 0).astype(np.uint32), codes_at(ends))
    points = domain.from_bits(np.where(wide, 0, column).astype(np.uint32))
    return np.where(wide, domain.box(box), points)


def check_bound(compute: Callable[..., Array], given: Operands) -> None:
    """IEEE32Exec within ErrorBound of Real, which lies within its ends; of exact operands and of those that carry an error."""
    for before in (lambda _, x: x, with_errors):
        check_bound_after(before, compute, given)


def check_bound_after(before: Callable[[Any, Array], Array], compute: Callable[..., Array], given: Operands) -> None:
    real, exact, domain = fpsem.Real(), fpsem.IEEE32Exec(), fpsem.ErrorBound()
    scalars, executed, bound = (compute(d, *(before(d, d.from_bits(c)) for c in given.columns)) for d in (real, exact, domain))
    low, high, found = real_ends(scalars)
    seen, most = exact.to_bits(executed), bound["err"]
    told = np.isfinite(seen.view(np.float32)) & found
    assert_all(told | np.isinf(most), given, lambda i: f"{show_numbers(seen[i])} of real value {low[i]}, bound {most[i]}")
    good, number = np.ones(told.shape, bool), exactly(seen.view(np.float32)[told])
    error = np.maximum(low[told] - number, number - high[told])
    good[told] = at_most(error, exactly(most[told]))
    assert_all(good, given, lambda i: f"{show_numbers(seen[i])}, real value {float(low[i])}, bound {most[i]}")
    good[told] = at_most(exactly(bound["lo"][told]), high[told]) & at_most(low[told], exactly(bound["hi"][told]))
    assert_all(good, given, lambda i: f"{float(low[i])} not in {bound[i]}")


def at_most(x: Array, y: Array) -> Array:
    """x <= y of exact numbers, element by element."""
    return np.asarray(x <= y).astype(bool)


CHECKS: Mapping[str, tuple[Callable[[Callable[..., Array], Operands], None], bool]] = {
    "real in interval": (check_real, False),
    "executed in interval": (check_executed, True),
    "within bound": (check_bound, False),
}
"""What is checked, and whether infinities and NaNs are operands."""


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("name", PRIMITIVES)
def test_of_a_primitive(name: str, check: str, record_property: Callable[[str, object], None]) -> None:
    arity, compute = PRIMITIVES[name]
    holds, special = CHECKS[check]
    seen = 0

    @settings(max_examples=EXAMPLES)
    @given(operands(arity, special))
    def each(given: Operands) -> None:
        nonlocal seen
        assert given.columns[0].size >= CASES
        holds(compute, given)
        seen += given.columns[0].size

    each()
    record_property("cases", seen)
