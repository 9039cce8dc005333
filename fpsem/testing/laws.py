"""Checks of laws: algebra, purity, shapes, choice, and overrides against what they replace.

Laws are claimed, never inherited: addition commutes in every kind of domain and associates in none that rounds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from fpsem.core.formats import BINARY32
from fpsem.core.protocol import COMPARISONS, Array, Kind, ScalarDomain
from fpsem.testing.bench import Bench
from fpsem.testing.calls import SampleCall
from fpsem.testing.expected import comparison
from fpsem.testing.judging import rows
from fpsem.testing.operands import Codes, Columns, corner_codes

Side = Callable[..., Array]


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


def check_laws(bench: Bench) -> None:
    """Each law's two sides are read alike."""
    for law in LAWS:
        operands = bench.columns(law.primitive, law.arity)
        left, right = (bench.outcomes(lambda *x, side=side: side(bench.domain, *x), operands) for side in (law.left, law.right))
        bench.judge_same(law.name, law.primitive, left, right, operands)


def check_purity(bench: Bench) -> None:
    """No primitive writes to its operands, or needs to: arrays of a memory-mapped payload are read-only."""
    for name, arity in bench.primitives.items():
        operands = bench.embed(_tame(arity, (7,)))
        before = [x.copy() for x in operands]
        for writeable in (True, False):
            for x in operands:
                x.flags.writeable = writeable
            try:
                bench.primitive(name)(*operands)
                passed, found = all(map(_untouched, operands, before)), "an operand was written to"
            except Exception as error:  # any error of the domain is a finding of the suite
                passed, found = False, f"raised {error!r}"
            bench.recorder.case("pure", name, passed, f"writeable={writeable}: {found}")


def check_shapes(bench: Bench) -> None:
    """Every primitive broadcasts as numpy does: columns with rows and scalars, transposed, empty and scalar arrays."""
    for name, arity in bench.primitives.items():
        for shapes in (((3, 1), (4,), ()), ((2, 3),) * 3, ((),) * 3, ((0,),) * 3):
            codes = [column.T for column in _tame(arity, *(shape[::-1] for shape in shapes[:arity]))]
            _check_shape(bench, name, bench.primitive(name), codes)


def check_select(bench: Bench) -> None:
    """select takes x where the truth holds and y elsewhere, special values included, all three broadcast."""
    for name in COMPARISONS:
        choose = _chooser(bench.domain, name)
        a, b = bench.columns(name, 2)
        x, y = np.roll(b, 1), np.roll(a, 2)
        holds = np.array([comparison(name, row) for row in rows((a, b))])
        chosen = bench.outcomes(lambda codes: codes, (np.where(holds, x, y),))
        bench.judge_same("chooses", name, bench.outcomes(choose, (a, b, x, y)), chosen, (a, b, x, y))
        _check_shape(bench, "select", choose, list(_tame(4, (3, 1), (), (4,), (2, 1, 1))))


def check_overrides(bench: Bench) -> None:
    """Every override gives what the op's derived meaning gives."""
    for name, override in sorted(bench.domain.overrides.items()):
        if name not in bench.derived:
            bench.recorder.skipped.append(f"override {name}: no derived meaning was given")
            continue
        bench.recorder.case("override", name, name in bench.calls, "missing sample call; add a row to SAMPLE_CALLS")
        for call in bench.calls.get(name, ()):
            for corners in (0.0, 0.1) if bench.domain.contract.kind is Kind.IEEE else (0.0,):
                _check_call(bench, name, override, bench.derived[name], call, corners)


# -- helpers -------------------------------------------------------------------------------------------------------


def _one(domain: ScalarDomain, x: Array) -> Array:
    return domain.constant(np.full(np.shape(x), 1, dtype=object))


def _chooser(domain: ScalarDomain, comparison: str) -> Side:
    """x where a and b compare so, else y."""
    truth = getattr(domain, comparison)
    return lambda a, b, x, y: domain.select(truth(a, b), x, y)


def _tame(arity: int, *shapes: tuple[int, ...]) -> Columns:
    """Distinct codes of numbers between 1/4 and 1, where every primitive is defined; the last shape is repeated."""
    rng = np.random.default_rng(arity)
    padded = (*shapes, *shapes[-1:] * arity)[:arity]
    return tuple(np.asarray(rng.uniform(0.25, 1, shape), np.float32).view(np.uint32) for shape in padded)


def _untouched(x: Array, before: Array) -> bool:
    """Whether an array still holds the scalars of its copy: the same objects, or the same bytes."""
    if x.dtype.names is not None:
        return all(_untouched(x[field], before[field]) for field in x.dtype.names)
    if x.dtype == object:
        return all(now is then for now, then in zip(x.ravel().tolist(), before.ravel().tolist(), strict=True))
    return x.tobytes() == before.tobytes()


def _check_shape(bench: Bench, name: str, compute: Callable[..., Array], codes: list[Codes]) -> None:
    """The result of broadcast operands has numpy's shape, and the scalars of the same call row by row."""
    shape = np.broadcast_shapes(*(x.shape for x in codes))
    flat = tuple(np.broadcast_to(x, shape).flatten() for x in codes)
    try:
        result = compute(*(np.transpose(x) for x in bench.embed([column.T for column in codes])))
        found, readings = np.shape(result), bench.judge.read(result)
    except Exception as error:  # any error of the domain is a finding of the suite
        bench.recorder.case("shape", name, False, f"{[x.shape for x in codes]} raised {error!r}")
        return
    bench.recorder.case("shape", name, found == shape, f"{[x.shape for x in codes]} gave {found}, expected {shape}")
    if found == shape and flat[0].size:
        bench.judge_same("broadcast", name, readings, bench.outcomes(compute, flat), flat)


def _check_call(bench: Bench, name: str, override: Side, meaning: Side, call: SampleCall, corners: float) -> None:
    """One call on N(0,1), that part of the operands being corners: zeros of both signs, infinities, NaN, subnormals."""
    rng = np.random.default_rng(bench.seed)
    pool = np.array(corner_codes(BINARY32), np.uint32)
    normal = [rng.standard_normal(shape).astype(np.float32).view(np.uint32) for shape in call.shapes]
    codes = tuple(np.where(rng.random(x.shape) < corners, rng.choice(pool, x.shape), x) for x in normal)
    operands = bench.embed(codes)
    got, want = override(*operands, **call.attributes), meaning(bench.domain, *operands, **call.attributes)
    described, found, shape = f"{call.shapes} {dict(call.attributes)}", np.shape(got), np.shape(want)
    bench.recorder.case("override", name, found == shape, f"{described} gave shape {found}, not {shape}")
    for index, (a, b) in enumerate(zip(bench.judge.read(got), bench.judge.read(want))):
        shown = f"{described}, element {index} gave {bench.judge.show(a)}, derived {bench.judge.show(b)}"
        bench.recorder.case("override", name, bench.judge.same(a, b), shown)
