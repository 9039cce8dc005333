"""Checks of laws: algebra, purity, shapes, choice, and overrides against what they replace.

Laws are claimed, never inherited: addition commutes in every kind of domain and associates in none that rounds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from fpsem.core.protocol import COMPARISONS, Array, ScalarDomain
from fpsem.testing.bench import Bench
from fpsem.testing.operands import Codes, Columns

Side = Callable[..., Array]
Derived = Mapping[str, Callable[..., Array]]


@dataclass(frozen=True)
class Law:
    """Two computations that must give one result.

    Args:
        name: the check's name in the report.
        primitive: the primitive that it is a law of.
        arity: how many operands both sides take.
        left: called with the domain and the operands.
        right: called with the domain and the operands.
    """

    name: str
    primitive: str
    arity: int
    left: Side
    right: Side


LAWS: tuple[Law, ...] = (
    *(
        Law("commutes", name, 2, lambda d, x, y, name=name: getattr(d, name)(x, y),
            lambda d, x, y, name=name: getattr(d, name)(y, x))
        for name in ("add", "mul", "minimum", "maximum")
    ),
    Law("adds the opposite", "sub", 2, lambda d, x, y: d.sub(x, y), lambda d, x, y: d.add(x, d.neg(y))),
    Law("undoes itself", "neg", 1, lambda d, x: d.neg(d.neg(x)), lambda d, x: x),
    Law("forgets the sign", "abs", 1, lambda d, x: d.abs(d.neg(x)), lambda d, x: d.abs(x)),
    Law("adds a product by 1", "fma", 2, lambda d, x, y: d.fma(x, _one(d, x), y), lambda d, x, y: d.add(x, y)),
    Law("divides by 1", "div", 1, lambda d, x: d.div(x, _one(d, x)), lambda d, x: x),
)  # fmt: skip
"""Laws that hold in every kind of domain, for all operands, special values included."""


@dataclass(frozen=True)
class SampleCall:
    """One call of an op: the shapes of its operands and its attributes."""

    shapes: tuple[tuple[int, ...], ...]
    attributes: Mapping[str, Any] = field(default_factory=dict)


SAMPLE_CALLS: Mapping[str, tuple[SampleCall, ...]] = {
    "linear": (SampleCall(((3, 5), (2, 5), (2,))), SampleCall(((1, 33), (4, 33), (4,)))),
    "matmul": (SampleCall(((3, 5), (5, 2))), SampleCall(((2, 33), (33, 3))), SampleCall(((2, 3, 4), (2, 4, 1)))),
    "sum": (SampleCall(((3, 5),), {"axis": 1}), SampleCall(((37, 2),), {"axis": 0}), SampleCall(((2, 1),), {"axis": 1})),
}
"""How an override is tried, by op name. An override that is not here fails the suite."""


def check_laws(bench: Bench) -> None:
    """Each law's two sides are read alike."""
    for law in LAWS:
        operands = bench.columns(law.primitive, law.arity)
        left, right = (
            bench.outcomes(lambda *x, side=side: side(bench.domain, *x), operands) for side in (law.left, law.right)
        )
        bench.judge_same(law.name, law.primitive, left, right, operands)


def check_purity(bench: Bench) -> None:
    """No primitive writes to its operands."""
    for name, arity in bench.primitives.items():
        operands = bench.embed(_tame(arity, (7,)))
        before = [_snapshot(x) for x in operands]
        bench.primitive(name)(*operands)
        bench.recorder.case("pure", name, before == [_snapshot(x) for x in operands], "an operand was written to")


def check_shapes(bench: Bench) -> None:
    """Every primitive broadcasts as numpy does: columns with rows and scalars, transposed, empty and scalar arrays."""
    for name, arity in bench.primitives.items():
        for shapes in (((3, 1), (4,), ()), ((2, 3),) * 3, ((),) * 3, ((0,),) * 3):
            codes = [column.T for column in _tame(arity, *(shape[::-1] for shape in shapes[:arity]))]
            _check_shape(bench, name, bench.primitive(name), codes)


def check_select(bench: Bench) -> None:
    """select takes x where the truth holds and y elsewhere, all three broadcast."""
    for name in COMPARISONS:
        truth = getattr(bench.domain, name)
        codes = list(_tame(4, (3, 1), (), (4,), (2, 1, 1)))
        codes[1] = codes[0][1]  # of the three first operands, one is equal to this, others are less or greater
        _check_shape(bench, "select", lambda a, b, x, y, truth=truth: bench.domain.select(truth(a, b), x, y), codes)


def check_overrides(bench: Bench, derived: Derived, calls: Mapping[str, tuple[SampleCall, ...]]) -> None:
    """Every override gives what the op's derived meaning gives."""
    for name, override in sorted(bench.domain.overrides.items()):
        if name not in derived:
            bench.recorder.skipped.append(f"override {name}: no derived meaning was given")
            continue
        bench.recorder.case("override", name, name in calls, "missing sample call; add a row to SAMPLE_CALLS")
        for call in calls.get(name, ()):
            _check_call(bench, name, override, derived[name], call)


# -- helpers -------------------------------------------------------------------------------------------------------


def _one(domain: ScalarDomain, x: Array) -> Array:
    return domain.constant(np.full(np.shape(x), 1, dtype=object))


def _tame(arity: int, *shapes: tuple[int, ...]) -> Columns:
    """Distinct codes of numbers between 1/4 and 1, where every primitive is defined; the last shape is repeated."""
    rng = np.random.default_rng(arity)
    padded = (*shapes, *shapes[-1:] * arity)[:arity]
    return tuple(np.asarray(rng.uniform(0.25, 1, shape), np.float32).view(np.uint32) for shape in padded)


def _snapshot(x: Array) -> Any:
    """What an array holds: its scalars' identities, or its bytes."""
    return [id(element) for element in x.ravel()] if x.dtype.hasobject else x.tobytes()


def _check_shape(bench: Bench, name: str, compute: Callable[..., Array], codes: list[Codes]) -> None:
    """The result of broadcast operands has numpy's shape, and the scalars of the same call row by row."""
    shape = np.broadcast_shapes(*(x.shape for x in codes))
    flat = tuple(np.ascontiguousarray(np.broadcast_to(x, shape)).ravel() for x in codes)
    try:
        result = compute(*bench.embed(codes))
        found, readings = np.shape(result), bench.judge.read(result)
    except Exception as error:  # any error of the domain is a finding of the suite
        bench.recorder.case("shape", name, False, f"{[x.shape for x in codes]} raised {error!r}")
        return
    bench.recorder.case("shape", name, found == shape, f"{[x.shape for x in codes]} gave {found}, expected {shape}")
    if found == shape and flat[0].size:
        bench.judge_same("broadcast", name, readings, bench.outcomes(compute, flat), flat)


def _check_call(bench: Bench, name: str, override: Side, meaning: Side, call: SampleCall) -> None:
    rng = np.random.default_rng(bench.seed)
    codes = tuple(rng.standard_normal(shape).astype(np.float32).view(np.uint32) for shape in call.shapes)
    operands = bench.embed(codes)
    got, want = override(*operands, **call.attributes), meaning(bench.domain, *operands, **call.attributes)
    described = f"{call.shapes} {dict(call.attributes)}"
    bench.recorder.case(
        "override", name, np.shape(got) == np.shape(want), f"{described} gave shape {np.shape(got)}, not {np.shape(want)}"
    )
    for index, (a, b) in enumerate(zip(bench.judge.read(got), bench.judge.read(want))):
        shown = f"{described}, element {index} gave {bench.judge.show(a)}, derived {bench.judge.show(b)}"
        bench.recorder.case("override", name, bench.judge.same(a, b), shown)
