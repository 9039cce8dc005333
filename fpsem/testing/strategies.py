"""Hypothesis strategies for what fpsem works on: codes, arrays of codes, payloads, schedules.

Codes are drawn where rounding goes wrong: zeros, subnormals, neighbours of small integers, ties, the largest numbers.
They shrink towards +0.

Source: IEEE 754-2019 clause 3.4 for the encodings, whose order is the order of the magnitudes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from fpsem.core.exact import round_to_bits
from fpsem.core.formats import Format, format_named
from fpsem.core.rounding import Rounding
from fpsem.core.schedule import SCHEDULES, Nested, Schedule, Tree, WarpTree

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
    largest = fmt.max_finite
    if max_magnitude is not None:
        largest = round_to_bits(Fraction(max_magnitude), fmt, Rounding.TOWARD_ZERO)
    kinds = [_finite_magnitudes(fmt, largest)]
    if allow_infinity and fmt.has_infinity and max_magnitude is None:
        kinds.append(st.just(fmt.overflow_code))
    if allow_nan and max_magnitude is None:
        kinds.append(st.integers(fmt.overflow_code + fmt.has_infinity, fmt.magnitude_mask))
    return st.builds(int.__or__, st.one_of(kinds), st.sampled_from((0, fmt.sign_mask)))


def binary32_codes(
    *, allow_nan: bool = True, allow_infinity: bool = True, max_magnitude: float | Fraction | None = None
) -> st.SearchStrategy[int]:
    """Codes of binary32; the options are those of ``codes``."""
    return codes("binary32", allow_nan=allow_nan, allow_infinity=allow_infinity, max_magnitude=max_magnitude)


def binary32_arrays(shape: Shape, **options: Any) -> st.SearchStrategy[npt.NDArray[np.uint32]]:
    """uint32 arrays of binary32 codes. The shape is fixed or itself drawn; the options are those of ``codes``."""
    return hnp.arrays(np.uint32, shape, elements=binary32_codes(**options), fill=st.nothing())


def payloads(
    shapes: Mapping[str, tuple[int, ...]], *, max_magnitude: float = 4.0
) -> st.SearchStrategy[dict[str, npt.NDArray[np.float32]]]:
    """Named float32 parameter tensors of the given shapes, finite and of moderate size, as a trained model has them."""
    tensors = {name: binary32_arrays(shape, max_magnitude=max_magnitude) for name, shape in shapes.items()}
    drawn = st.fixed_dictionaries(tensors)
    return drawn.map(lambda payload: {name: bits.view(np.float32) for name, bits in payload.items()})


def schedules(n: int | None = None) -> st.SearchStrategy[Schedule]:
    """Schedules of every kind that is a tree of additions, with drawn parameters and without accumulators; explicit trees only
    for a known number of terms ``n >= 1``."""
    kinds = [st.builds(kind, **_parameters(kind)) for kind in SCHEDULES.values() if kind.has_tree and kind is not Tree]
    if n is not None:
        kinds.append(st.builds(Tree, pairs=_trees(n), fused=st.booleans()))
    return st.one_of(kinds)


def _finite_magnitudes(fmt: Format, largest: int) -> st.SearchStrategy[int]:
    """Magnitudes up to ``largest``: codes are in the order of their numbers, so a bound on one bounds the other."""
    tie = fmt.implicit_bit >> 1
    landmarks = {0, 1, fmt.min_normal - 1, fmt.min_normal, *(round_to_bits(Fraction(k), fmt) for k in range(1, 17))}
    kept = sorted(code for code in landmarks if code <= largest)
    neighbours = st.builds(int.__add__, st.sampled_from(kept), st.integers(-_NEAR, _NEAR))
    return st.one_of(
        st.just(0),
        st.sampled_from(kept),
        neighbours.map(lambda c: min(max(c, 0), largest)),
        st.integers(0, min(fmt.min_normal - 1, largest)),
        st.integers(max(largest - _NEAR, 0), largest),
        st.integers(0, largest).map(lambda c: c & ~(tie - 1)),  # few significant bits: their sums and products tie
        st.integers(0, largest),
    )


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
