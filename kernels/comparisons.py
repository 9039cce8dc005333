"""What the kernels are compared on: ops times schedules times shapes, run over two domains that must give the same bits.

Used by ``kernels/check_gpu.py`` at large sizes and by ``tests/kernels`` at small ones. All NaNs count as one. Needs numpy and the
repository only; what the two domains need is their own affair.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from fpsem.core.formats import BINARY32
from fpsem.core.protocol import ARITHMETIC, COMPARISONS
from fpsem.core.schedule import (
    Blocked,
    Lanes,
    NumPyPairwise,
    Pairwise,
    Reverse,
    Schedule,
    Sequential,
    SplitK,
    WarpTree,
)  # fmt: skip
from fpsem.graph.ops import op_named

SCHEDULES: tuple[Schedule, ...] = (
    Sequential(), Sequential(fused=True), Blocked(block=1 << 20), Blocked(block=3, fused=True), Reverse(), Pairwise(),
    Pairwise(leaf=3, fused=True), SplitK(), NumPyPairwise(), Lanes(width=4), Lanes(width=5), Lanes(width=32), WarpTree(width=8),
    WarpTree(),
)  # fmt: skip
"""The orders that are tried. One block of 2**20 is the sequential order as a program; five lanes, or fewer terms than lanes, are
a program too; other lanes and trees of a warp are its shuffles."""

FORMATS = ("binary16", "bfloat16", "e4m3", "e5m2")
"""The formats of casts."""

PREDICATES = ("is_nan", "is_finite")

_ONE = 127 << BINARY32.fraction_bits
CORNERS = tuple(
    magnitude | sign
    for magnitude in (
        0, 1, BINARY32.min_normal - 1, BINARY32.min_normal, _ONE - 1, _ONE, _ONE + 1, BINARY32.max_finite,
        BINARY32.overflow_code, BINARY32.nan,
    )
    for sign in (0, BINARY32.sign_mask)
)  # fmt: skip
"""Codes at the ends of ranges, both signs of each."""


@dataclass(frozen=True)
class Case:
    """One call of an op that reduces: the shapes of its operands and its attributes."""

    op: str
    shapes: tuple[tuple[int, ...], ...]
    attributes: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.op} {' '.join(map(str, self.shapes))} {dict(self.attributes) or ''}".rstrip()


def cases(n: int, m: int) -> tuple[Case, ...]:
    """Calls that reduce n terms, m times or so. Odd sizes are the better ones."""
    norm = {"normalized_shape": (n,), "eps": 1e-5}
    return (
        Case("sum", ((n, m),), {"axis": 0, "keepdims": False}),
        Case("sum", ((m, n),), {"axis": 1, "keepdims": True}),
        Case("sum", ((3, m, n),), {"axis": (0, 2), "keepdims": False}),
        Case("max", ((n, m),), {"axis": 0, "keepdims": False}),
        Case("matmul", ((m, n), (n, 3))),
        Case("matmul", ((2, 3, n), (2, n, m))),
        Case("matmul", ((m, 1), (1, 3))),
        Case("softmax", ((m, n),), {"axis": -1}),
        Case("softmax", ((2, n, m),), {"axis": 1}),
        Case("layer_norm", ((m, n),), norm),
        Case("layer_norm", ((m, n), (n,), (n,)), norm),
        Case("layer_norm", ((m, 2, n), (2, n)), {"normalized_shape": (2, n), "eps": 0.5}),
    )


@dataclass(frozen=True)
class Finding:
    """What was compared, how many results, and how many differed; the first of these told."""

    what: str
    results: int
    mismatches: int
    first: str = ""


def compare(what: str, found: Any, wanted: Any, operands: tuple[Any, ...]) -> Finding:
    """Codes of two sides, all NaNs as one. Operands are told where they are of the results' shape."""
    if found.shape != wanted.shape:
        return Finding(what, wanted.size, wanted.size, f"shape {found.shape}, expected {wanted.shape}")
    differ = np.ravel((found != wanted) & ~(_is_nan(found) & _is_nan(wanted)))
    places = np.flatnonzero(differ)
    first = ""
    if len(places):
        shown = [hex(np.ravel(x)[places[0]]) for x in operands if x.shape == found.shape]
        first = f"({', '.join(shown)}) gave {np.ravel(found)[places[0]]:#x}, expected {np.ravel(wanted)[places[0]]:#x}"
    return Finding(what, found.size, len(places), first)


def elementwise(domain: Any, reference: Any, samples: int, seed: int) -> Iterator[Finding]:
    """Arithmetic, comparisons, predicates, choice and casts, on every tuple of corners and random rows."""
    for name, arity in {**ARITHMETIC, **dict.fromkeys(COMPARISONS, 2), **dict.fromkeys(PREDICATES, 1)}.items():
        operands = rows(arity, samples, seed)
        found, wanted = (_called(d, name, operands) for d in (domain, reference))
        yield compare(name, found, wanted, operands)
    x, y = rows(2, samples, seed)
    truth = np.arange(x.size) % 3 == 0
    found, wanted = (d.to_bits(d.select(truth, d.from_bits(x), d.from_bits(y))) for d in (domain, reference))
    yield compare("select", found, wanted, (x, y))
    for name in FORMATS:
        found, wanted = (d.to_bits(d.cast(d.from_bits(x), name)) for d in (domain, reference))
        yield compare(f"cast to {name}", found, wanted, (x,))


def function(name: str, domain: Any, reference: Any, samples: int, seed: int) -> Finding:
    """An elementary function on corners and random codes."""
    operands = rows(1, samples, seed)
    found, wanted = (_called(d, name, operands) for d in (domain, reference))
    return compare(name, found, wanted, operands)


def attempt(name: str, domain: Any, reference: Any, samples: int, seed: int) -> Finding:
    """The kernel of an elementary function alone, on two devices: the codes that are decided, and 0 where one is not."""
    (codes,) = rows(1, samples, seed)
    sides = []
    for d in (domain, reference):
        made, decided = d.attempt(name, d.from_bits(codes))
        sides.append(d.to_bits(d.select(decided, made.view(np.float32), d.from_bits(np.zeros(codes.shape, np.uint32)))))
    return compare(f"{name}, where decided", sides[0], sides[1], (codes,))


def reduction(case: Case, domain: Any, reference: Any, seed: int, special: bool) -> Finding:
    """An op by the domain's kernel, against its meaning over the reference; with corners among the operands if special."""
    codes = [_drawn(shape, np.random.default_rng([seed, i]), special) for i, shape in enumerate(case.shapes)]
    found = domain.overrides[case.op](*map(domain.from_bits, codes), **case.attributes)
    wanted = op_named(case.op).meaning(reference, *map(reference.from_bits, codes), **case.attributes)
    return compare(f"{case}, {domain.schedule}", domain.to_bits(found), reference.to_bits(wanted), tuple(codes))


def rows(arity: int, samples: int, seed: int) -> tuple[Any, ...]:
    """Every tuple of corners, then random rows; in a third of these the last operand is near the first one, or its opposite."""
    rng = np.random.default_rng([seed, arity])
    corners = np.array(list(itertools.product(CORNERS, repeat=arity)), np.uint32).T
    drawn = np.stack([_drawn((samples,), rng, special=True) for _ in range(arity)])
    if arity > 1:
        near = drawn[0] ^ (rng.integers(0, 4, samples) | (rng.integers(0, 2, samples) << 31)).astype(np.uint32)
        drawn[-1] = np.where(rng.random(samples) < 1 / 3, near, drawn[-1])
    return tuple(np.ascontiguousarray(x) for x in np.concatenate([corners, drawn], axis=1))


def _drawn(shape: tuple[int, ...], rng: np.random.Generator, special: bool) -> Any:
    """Normal deviates; with ``special`` a quarter of them replaced by random patterns of bits, and one in fifty by a corner."""
    normal = rng.standard_normal(shape).astype(np.float32).view(np.uint32)
    if not special:
        return normal
    place = rng.random(shape)
    wild = np.where(place < 0.25, rng.integers(0, 1 << 32, shape, dtype=np.uint32), normal)
    return np.where(place > 0.98, rng.choice(np.array(CORNERS, np.uint32), shape), wild)


def _called(domain: Any, name: str, operands: tuple[Any, ...]) -> Any:
    """A primitive's results as codes; truths as 1 and 0."""
    made = getattr(domain, name)(*map(domain.from_bits, operands))
    if name in (*COMPARISONS, *PREDICATES):
        one, zero = (domain.from_bits(np.full(operands[0].shape, code, np.uint32)) for code in (_ONE, 0))
        made = domain.select(made, one, zero)
    return domain.to_bits(made)


def _is_nan(codes: Any) -> Any:
    return (codes & np.uint32(BINARY32.magnitude_mask)) > BINARY32.overflow_code
