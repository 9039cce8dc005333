"""Replay: a schedule against the black box it was found in, on random vectors, bit for bit.

The vectors are of five kinds, in turn, so that roundings, cancellations, subnormal results and widely spread exponents all
occur; none overflows, for then there is no order left to see. The same seed gives the same vectors.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt

from fpsem.core.claim import Evidence, Status
from fpsem.core.protocol import Array
from fpsem.core.schedule import Schedule
from fpsem.discover.box import BlackBox, Unclear, Vector
from fpsem.domains.numpy_float32 import NumPyFloat32
from fpsem.graph.denote import run
from fpsem.graph.trace import trace

_REPEATS = 16
"""How often a vector that disagrees is asked again, before the schedule is blamed."""


def _normal(chance: np.random.Generator, n: int, terms: int) -> Array:
    return np.asarray(chance.standard_normal(n))


def _uniform(chance: np.random.Generator, n: int, terms: int) -> Array:
    return np.asarray(chance.random(n))


def _spread(chance: np.random.Generator, n: int, terms: int) -> Array:
    return np.asarray(chance.standard_normal(n) * 2.0 ** chance.integers(-20, 20, n))


def _cancelling(chance: np.random.Generator, n: int, terms: int) -> Array:
    half = chance.standard_normal((n + 1) // 2)
    other = -half * (1 + 1e-6 * chance.standard_normal(len(half)))
    return np.asarray(chance.permutation(np.concatenate([half, other])[:n]))


def _tiny(chance: np.random.Generator, n: int, terms: int) -> Array:
    """Sums near the smallest normal number."""
    return np.asarray(chance.standard_normal(n) * 2.0 ** (-132 / terms + chance.integers(-6, 6, n)))


KINDS: Mapping[str, Callable[[np.random.Generator, int, int], Array]] = {
    "normal": _normal,
    "uniform": _uniform,
    "spread exponents": _spread,
    "cancellation": _cancelling,
    "tiny": _tiny,
}
"""The distributions, by name; the last argument is how many operands a term is a product of."""


def vectors(n: int, count: int, operands: int = 1, seed: int = 0) -> tuple[Vector, ...]:
    """Random vectors: for each operand (count, n), vector v of the kind ``list(KINDS)[v % 5]``."""
    chance = np.random.default_rng(seed)
    kinds = list(KINDS.values())
    made = [[kinds[v % len(kinds)](chance, n, operands) for _ in range(operands)] for v in range(count)]
    return tuple(np.array([row[o] for row in made], np.float32).reshape(count, n) for o in range(operands))


def sums(schedule: Schedule, operands: tuple[Vector, ...], divides: bool = False) -> Vector:
    """What a schedule gives for each vector, on this machine's binary32: (count,)."""
    count, n = operands[0].shape
    domain = NumPyFloat32(schedule=schedule)
    if len(operands) == 1:
        graph, inputs = trace(lambda x: x.sum(axis=0), (n, count)), {"x": np.ascontiguousarray(operands[0].T)}
    else:
        graph = trace(lambda a, b: a @ b, (count, 1, n), (count, n, 1))
        inputs = {"a": operands[0][:, None, :], "b": operands[1][:, :, None]}
    total = np.asarray(run(graph, {}, inputs, domain), np.float32).reshape(count)
    return total / np.float32(n) if divides else total


def check_repeats(box: BlackBox, seed: int = 0) -> None:
    """Raises Unclear where the same vector gives different bits."""
    for v, vector in enumerate(zip(*vectors(box.n, len(KINDS), box.operands, seed))):
        _steady(box, v, vector, 3)


def replay(box: BlackBox, schedule: Schedule, count: int, seed: int = 0) -> Evidence:
    """Compare a schedule with its black box.

    Returns:
        Evidence that so many vectors agree.

    Raises:
        Unclear: the first disagreement, a NaN, or answers that change.
    """
    given = vectors(box.n, count, box.operands, seed)
    expected = sums(schedule, given, box.divides)
    for v, vector in enumerate(zip(*given)):
        answer = _steady(box, v, vector, 2)
        if bits(answer) != bits(expected[v]):
            _steady(box, v, vector, _REPEATS)
            raise Unclear(
                f"replay of {schedule_text(schedule)}: vector {v} ({kind_of(v)}, seed {seed}) gives {bits(answer):#010x} "
                f"({answer!r}), the schedule {bits(expected[v]):#010x} ({expected[v]!r}); {v} vectors before it agree"
            )
    kinds = ", ".join(list(KINDS)[:count])
    return Evidence(Status.TESTED, count, detail=f"vectors bit for bit in binary32 on this machine ({kinds}; seed {seed})")


def schedule_text(schedule: Schedule) -> str:
    """A schedule, elided where its tree is long."""
    text = str(schedule)
    return text if len(text) <= 100 else f"{text[:80]}... ({len(text)} characters)"


def kind_of(v: int) -> str:
    """The distribution of vector v."""
    return list(KINDS)[v % len(KINDS)]


def bits(x: npt.ArrayLike) -> int:
    """The code of a float32."""
    return int(np.asarray(x, np.float32).view(np.uint32))


def _steady(box: BlackBox, v: int, vector: tuple[Vector, ...], times: int) -> np.float32:
    """The answer to a vector, asked several times."""
    answers = [box.value(*vector) for _ in range(times)]
    if np.isnan(answers).any():
        raise Unclear(f"vector {v} ({kind_of(v)}) gives NaN, and its terms are finite and small")
    if len({bits(a) for a in answers}) > 1:
        shown = sorted({f"{bits(a):#010x}" for a in answers})
        raise Unclear(f"not deterministic: vector {v} ({kind_of(v)}), asked {times} times, gives {', '.join(shown[:4])}")
    return answers[0]
