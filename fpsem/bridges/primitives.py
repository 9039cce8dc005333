"""Every primitive of the scalar protocol as a call from arrays of scalars to an array of scalars, and operands for it.

Comparisons and predicates give truths, which no two domains share: they are read through ``select``, as 1 where they hold and 0
elsewhere. ``cast`` rounds to a narrower format. ``constant`` and ``pi`` do not depend on their operand but for its shape.

What this module does not do: reductions, which are ops; and operands from outside, such as users' own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from fpsem.core.formats import BINARY32, FORMATS, Format
from fpsem.core.protocol import ARITHMETIC, COMPARISONS, ELEMENTARY, Array, ScalarDomain, exact_array
from fpsem.core.region import Box
from fpsem.testing.expected import REACH
from fpsem.testing.operands import Columns, columns

NARROW = FORMATS["bfloat16"]
"""The format that ``cast`` is tried with."""

EMBEDDED = tuple(
    sign * Fraction(n, d) * Fraction(2) ** e for n in (1, 2, 7) for d in (1, 3, 10) for e in (-149, -3, 90) for sign in (1, -1)
)
"""The exact numbers that ``constant`` embeds, over and over; most of them lie between two of binary32."""


@dataclass(frozen=True)
class Primitive:
    """One primitive.

    Args:
        name: the protocol's.
        arity: how many operands the call takes.
        apply: called with a domain and that many arrays of its scalars, all of one shape.
    """

    name: str
    arity: int
    apply: Callable[..., Array]

    @property
    def grid(self) -> Format:
        """The format that a domain which rounds rounds the result to."""
        return NARROW if self.name == "cast" else BINARY32


def _method(name: str) -> Callable[..., Array]:
    def apply(domain: ScalarDomain, *operands: Array) -> Array:
        result: Array = getattr(domain, name)(*operands)
        return result

    return apply


def _truth(name: str) -> Callable[..., Array]:
    def apply(domain: ScalarDomain, *operands: Array) -> Array:
        one, zero = (_embedded(domain, (Fraction(number),), operands[0].shape) for number in (1, 0))
        return domain.select(getattr(domain, name)(*operands), one, zero)

    return apply


def _embedded(domain: ScalarDomain, numbers: tuple[Fraction, ...], shape: tuple[int, ...]) -> Array:
    return domain.constant(exact_array(np.resize(np.array(numbers, dtype=object), shape)))


_ALL = (
    *(Primitive(name, arity, _method(name)) for name, arity in {**ARITHMETIC, **dict.fromkeys(ELEMENTARY, 1)}.items()),
    *(Primitive(name, 2, _truth(name)) for name in COMPARISONS),
    Primitive("select", 3, lambda domain, x, y, z: domain.select(domain.less(x, y), y, z)),
    Primitive("cast", 1, lambda domain, x: domain.cast(x, NARROW.name)),
    Primitive("is_nan", 1, _truth("is_nan")),
    Primitive("is_finite", 1, _truth("is_finite")),
    Primitive("constant", 1, lambda domain, x: _embedded(domain, EMBEDDED, x.shape)),
    Primitive("pi", 1, lambda domain, x: np.broadcast_to(domain.pi(), x.shape)),
)
PRIMITIVES: Mapping[str, Primitive] = {primitive.name: primitive for primitive in _ALL}
"""Every primitive by name."""

BUT_ELEMENTARY = tuple(name for name in PRIMITIVES if name not in ELEMENTARY)
"""The names of all others than the elementary functions."""


def draw(
    cases: int, seed: int, special: bool, names: tuple[str, ...] = (), every_corner: bool = True
) -> Iterator[tuple[Primitive, Columns]]:
    """Operands for each primitive, of all or of those named: about that many rows together, and corners beside them.

    Args:
        cases: about how many rows, of all primitives together.
        seed: what they are drawn from.
        special: whether infinities and NaNs are among them. Where they are not, neither are arguments of exp and expm1 whose
            results are beyond binary64's range, which real numbers would be long to write for.
        names: which primitives.
        every_corner: whether all pairs of corners are run, some nine hundred; else no more of them than there are other rows.
    """
    chosen = names or tuple(PRIMITIVES)
    for name in chosen:
        primitive, rows = PRIMITIVES[name], max(2, cases // len(chosen))
        operands = columns(primitive.arity, rows, seed, special, limit=None if every_corner else 2 * rows)
        if not special and name in REACH:
            kept = np.abs(operands[0].view(np.float32)) <= REACH[name]
            operands = tuple(column[kept] for column in operands)
        yield primitive, operands


def boxed(operands: Columns, seed: int) -> tuple[tuple[Box, ...], Columns]:
    """Boxes with finite operands at one end of each, and a point of each box.

    A third of the boxes are points, a third are some ulps wide, a third reach to another row's operand; the points are either
    end, or the middle.
    """
    rng = np.random.default_rng([seed, len(operands)])
    boxes, points = [], []
    for codes in operands:
        x = codes.view(np.float32)
        near = (codes + rng.integers(1, 9, codes.shape).astype(np.uint32)).view(np.float32)
        near = np.where(np.isfinite(near), near, x)
        kind = rng.integers(0, 3, codes.shape)
        y = np.select([kind == 0, kind == 1], [x, near], rng.permutation(x))
        with np.errstate(over="ignore"):
            middle = np.clip(x / 2 + y / 2, np.minimum(x, y), np.maximum(x, y))
        box = Box(np.minimum(x, y), np.maximum(x, y))
        inside = np.select([rng.integers(0, 3, codes.shape) == i for i in (0, 1)], [box.lo, box.hi], middle)
        points.append(np.where(box.fixed, box.lo, inside).astype(np.float32).view(np.uint32))
        boxes.append(box)
    return tuple(boxes), tuple(points)


def enclosures(domain: Any, values: Array) -> tuple[Array, Array, Array]:
    """Where scalars of an exact domain have a value, and the lower and upper ends there; elsewhere 0 and 0."""
    defined = np.isfinite(domain.to_float(values))
    low, high = (np.full(values.shape, Fraction(0), dtype=object) for _ in range(2))
    low[defined], high[defined] = domain.enclosure(values[defined])
    return defined, low, high
