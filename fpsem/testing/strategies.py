"""Hypothesis strategies for what fpsem works on: numbers, codes, arrays of codes, boxes and their points, payloads, schedules.

Numbers are drawn where rounding goes wrong: zeros, subnormals, neighbours of small integers, ties, the largest numbers.
They shrink towards +0, and to few significant bits where these do. A failing example of binary32 is reported in bits, as a
hexadecimal float and in decimal, in a note below Hypothesis's own report.

Source: IEEE 754-2019 clause 3.4 for the encodings, whose order is the order of the magnitudes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from fractions import Fraction
from functools import partial
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
from hypothesis import currently_in_test_context, note
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from fpsem.core.codes import codes_at, places
from fpsem.core.exact import round_to_bits
from fpsem.core.formats import BINARY32, Format, format_named
from fpsem.core.region import Box
from fpsem.core.rounding import Rounding
from fpsem.core.schedule import SCHEDULES, Nested, Schedule, Tree, WarpTree
from fpsem.testing.arguments import require_count, require_instance
from fpsem.testing.number_line import SHARES, between, show_numbers

T = TypeVar("T")
Shape = int | tuple[int, ...] | st.SearchStrategy[tuple[int, ...]]

_NEAR = 3
"""How many codes away a neighbour may be."""


def codes(
    format: str | Format,
    *,
    allow_nan: bool = True,
    allow_infinity: bool = True,
    max_magnitude: float | Fraction | None = None,
) -> st.SearchStrategy[int]:
    """Codes of a format.

    Args:
        format: the format or its name.
        allow_nan: whether NaNs of every payload are drawn; never with ``max_magnitude``.
        allow_infinity: whether infinities are drawn, where the format has them; never with ``max_magnitude``.
        max_magnitude: the largest absolute value; None is the format's own.
    """
    fmt = format_named(format)
    largest = _largest(fmt, max_magnitude)
    kinds = [_magnitudes(fmt, 0, largest)]
    if allow_infinity and fmt.has_infinity and max_magnitude is None:
        kinds.append(st.just(fmt.overflow_code))
    if allow_nan and max_magnitude is None:
        kinds.append(st.integers(fmt.overflow_code + fmt.has_infinity, fmt.magnitude_mask))
    return st.builds(int.__or__, st.one_of(kinds), st.sampled_from((0, fmt.sign_mask)))


def binary32_codes(
    *, allow_nan: bool = True, allow_infinity: bool = True, max_magnitude: float | Fraction | None = None
) -> st.SearchStrategy[int]:
    """Codes of binary32; the options are those of ``codes``."""
    drawn = codes("binary32", allow_nan=allow_nan, allow_infinity=allow_infinity, max_magnitude=max_magnitude)
    return drawn.map(lambda code: _noted(code, np.uint32(code)))


def binary32(
    *,
    allow_nan: bool | None = None,
    allow_infinity: bool | None = None,
    min_value: float | None = None,
    max_value: float | None = None,
) -> st.SearchStrategy[np.float32]:
    """Numbers of binary32, as ``numpy.float32``.

    Args:
        allow_nan: whether NaNs of every sign and payload are drawn; None is yes where there is no bound.
        allow_infinity: whether infinities are drawn; None is yes on a side that has no bound.
        min_value: the least number, a number of binary32. Here -0 is below +0: 0.0 excludes -0, and -0.0 includes both.
        max_value: the greatest number, likewise.

    Raises:
        ValueError: a bound that is not a number of binary32, the lesser above the greater, NaN with a bound.
    """
    open_ended = min_value is None and max_value is None
    if allow_nan and not open_ended:
        raise ValueError("NaN lies within no bounds: allow_nan=True takes neither min_value nor max_value")
    last = BINARY32.max_finite + (allow_infinity is not False)
    low = -1 - last if min_value is None else _place("min_value", min_value)
    high = last if max_value is None else _place("max_value", max_value)
    if low > high:
        raise ValueError(f"no number lies between min_value {min_value} and max_value {max_value}; -0.0 is below 0.0")
    kinds = [_magnitudes(BINARY32, max(low, 0), high)] if high >= 0 else []
    if low < 0:
        kinds.append(_magnitudes(BINARY32, max(-1 - high, 0), -1 - low).map(BINARY32.sign_mask.__or__))
    if allow_nan if allow_nan is not None else open_ended:
        nans = st.integers(BINARY32.overflow_code + 1, BINARY32.magnitude_mask)
        kinds.append(st.builds(int.__or__, nans, st.sampled_from((0, BINARY32.sign_mask))))
    return st.one_of(kinds).map(lambda code: _noted(np.uint32(code).view(np.float32)))


def binary32_arrays(shape: Shape, **options: Any) -> st.SearchStrategy[npt.NDArray[np.uint32]]:
    """uint32 arrays of binary32 codes. The shape is fixed or itself drawn; the options are those of ``codes``."""
    return _arrays(shape, **options).map(_noted)


def boxes(shape: tuple[int, ...], *, max_magnitude: float | Fraction | None = None) -> st.SearchStrategy[Box]:
    """Boxes of inputs: single points, boxes of one ulp, of up to 2**20 ulps (in each element its own), and wide ones.

    Args:
        shape: of the ends.
        max_magnitude: the largest absolute value of an end; None is the largest finite number.
    """
    finite = {"allow_nan": False, "allow_infinity": False, "max_magnitude": max_magnitude}
    ends = _arrays(shape, **finite)
    largest = _largest(BINARY32, max_magnitude)
    one = st.just(np.ones(shape, np.int64))
    some = hnp.arrays(np.int64, shape, elements=st.integers(0, 1 << 20), fill=st.nothing())
    return st.one_of(
        ends.map(lambda codes: _box(codes, codes)),
        st.builds(partial(_widened, largest), ends, one),
        st.builds(partial(_widened, largest), ends, some),
        st.builds(_hull, ends, ends),
    ).map(lambda box: _noted(box, box.lo, box.hi))


def inputs_in(box: Box) -> st.SearchStrategy[npt.NDArray[np.float32]]:
    """float32 arrays in a box: its ends, and what lies between. They shrink towards the lower end.

    Raises:
        TypeError: no Box.
    """
    require_instance("box", box, Box)
    shares = hnp.arrays(np.int64, box.shape, elements=st.integers(0, SHARES), fill=st.nothing())
    return shares.map(lambda drawn: _noted(between(box, drawn)))


def payloads(
    shapes: Mapping[str, tuple[int, ...]], *, max_magnitude: float = 4.0
) -> st.SearchStrategy[dict[str, npt.NDArray[np.float32]]]:
    """Named float32 parameter tensors of the given shapes, finite and of moderate size, as a trained model has them."""
    tensors = {name: _arrays(shape, max_magnitude=max_magnitude) for name, shape in shapes.items()}
    drawn = st.fixed_dictionaries(tensors)
    return drawn.map(lambda payload: {name: bits.view(np.float32) for name, bits in payload.items()})


def schedules(n: int | None = None) -> st.SearchStrategy[Schedule]:
    """Schedules of every kind that is a tree of additions, with drawn parameters and without accumulators; explicit trees only
    for a known number of terms ``n >= 1``.

    Raises:
        PayloadError: no terms.
    """
    kinds = [st.builds(kind, **_parameters(kind)) for kind in SCHEDULES.values() if kind.has_tree and kind is not Tree]
    if n is not None:
        require_count("n", n, 1)
        kinds.append(st.builds(Tree, pairs=_trees(n), fused=st.booleans()))
    return st.one_of(kinds)


def _arrays(shape: Shape, **options: Any) -> st.SearchStrategy[npt.NDArray[np.uint32]]:
    return hnp.arrays(np.uint32, shape, elements=codes("binary32", **options), fill=st.nothing())


def _largest(fmt: Format, max_magnitude: float | Fraction | None) -> int:
    """The code of the largest number that is allowed."""
    return fmt.max_finite if max_magnitude is None else round_to_bits(Fraction(max_magnitude), fmt, Rounding.TOWARD_ZERO)


def _magnitudes(fmt: Format, least: int, largest: int) -> st.SearchStrategy[int]:
    """Codes from ``least`` to ``largest``, without their signs: they are in the order of their numbers.

    The order of the kinds is the order of shrinking: an example is moved to the first kind that has one."""
    shift = fmt.fraction_bits - 1
    numbers = (Fraction(1, 2**fmt.precision), *map(Fraction, range(1, 17)))  # half an ulp of 1: added to 1 a tie
    landmarks = {0, 1, fmt.min_normal - 1, fmt.min_normal, *(round_to_bits(x, fmt) for x in numbers)}
    kept = [least, *sorted(code for code in landmarks if least < code <= largest)]
    neighbours = st.builds(int.__add__, st.sampled_from(kept), st.integers(-_NEAR, _NEAR))
    kinds = [st.just(least), st.sampled_from(kept)]
    if -(-least >> shift) <= largest >> shift:  # few significant bits: their sums and products tie
        kinds.append(st.integers(-(-least >> shift), largest >> shift).map(lambda c: c << shift))
    kinds += [st.integers(least, largest), neighbours.map(lambda c: min(max(c, least), largest))]
    if least < fmt.min_normal:
        kinds.append(st.integers(least, min(fmt.min_normal - 1, largest)))
    return st.one_of(*kinds, st.integers(max(largest - _NEAR, least), largest))


def _place(what: str, value: float) -> int:
    """The place of a bound on the number line. Raises ValueError unless it is a number of binary32."""
    with np.errstate(over="ignore", under="ignore"):
        nearest = np.float32(value)
    if np.isnan(nearest) or float(nearest) != float(value):
        raise ValueError(f"{what} {value!r} is not a number of binary32; round it yourself, by numpy.float32")
    return int(places(np.array(nearest).view(np.uint32)))


def _widened(largest: int, ends: npt.NDArray[np.uint32], widths: npt.NDArray[np.int64]) -> Box:
    """From each end upward by so many places, up to the largest magnitude."""
    return _box(ends, codes_at(np.minimum(places(ends) + widths, largest)))


def _hull(one: npt.NDArray[np.uint32], other: npt.NDArray[np.uint32]) -> Box:
    ends = np.sort([places(one), places(other)], axis=0)
    return _box(codes_at(ends[0]), codes_at(ends[1]))


def _box(lo: npt.NDArray[np.uint32], hi: npt.NDArray[np.uint32]) -> Box:
    return Box(lo.view(np.float32), hi.view(np.float32))


class _Shown:
    """Numbers that are put into words only where they are printed."""

    def __init__(self, *values: Any) -> None:
        self.values = values

    def __repr__(self) -> str:
        return "\nto ".join(map(show_numbers, self.values))


def _noted(value: T, *shown: Any) -> T:
    """The value; where Hypothesis reports a failing example, a note of its bits goes along."""
    if currently_in_test_context():
        note(_Shown(*(shown or (value,))))
    return value


def _parameters(kind: type[Schedule]) -> dict[str, st.SearchStrategy[Any]]:
    """A strategy for each field of a schedule that is a flag or a positive integer; others keep their default."""
    sizes = st.sampled_from((1, 2, 4, 8, 16)) if kind is WarpTree else st.integers(1, 16)
    by_type: dict[type, st.SearchStrategy[Any]] = {bool: st.booleans(), int: sizes}
    return {f.name: by_type[type(f.default)] for f in fields(kind) if type(f.default) in by_type}


@st.composite
def _trees(draw: st.DrawFn, n: int) -> Nested:
    nodes: list[Nested] = list(draw(st.permutations(range(n))))
    while len(nodes) > 1:
        at = draw(st.integers(0, len(nodes) - 2))
        nodes[at : at + 2] = [(nodes[at], nodes[at + 1])]
    return nodes[0]
