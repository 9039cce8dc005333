"""Properties of outputs as formulas: written once in Python, read over z3 terms and over numbers alike.

A property is a function of the output's scalars. It is called once, with scalars that only compare; what it returns is a
formula, which ``evaluate`` reads over any domain through that domain's own comparisons. So ``==`` is IEEE equality in the
solver and in the replay: false on NaN, and -0 equals +0.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, NoReturn

import numpy as np

from fpsem.core.errors import PropertyError
from fpsem.core.protocol import Array, ScalarDomain, exact_array


class _NoBool:
    def __bool__(self) -> NoReturn:
        raise PropertyError(
            "a property is a formula, not a bool: join comparisons with & | ~ instead of and, or, not, and write "
            "(a < b) & (b < c) instead of a < b < c"
        )

    __hash__ = None  # type: ignore[assignment]


@dataclass(frozen=True, eq=False)
class Truth(_NoBool):
    """A comparison of two scalars, or truths joined by ``&``, ``|``, ``~`` or ``implies``."""

    kind: str
    parts: tuple[Any, ...]

    def __and__(self, other: Truth) -> Truth:
        return Truth("all", (self, _truth(other)))

    def __or__(self, other: Truth) -> Truth:
        return Truth("any", (self, _truth(other)))

    def __invert__(self) -> Truth:
        return Truth("not", (self,))

    def implies(self, other: Truth) -> Truth:
        """False only where this holds and the other does not."""
        return ~self | other


@dataclass(frozen=True, eq=False)
class Scalar(_NoBool):
    """An output's element by its place, or a number, rounded to the domain; all it can do is compare."""

    place: int | None = None
    number: Fraction | None = None

    def __lt__(self, other: Any) -> Truth:
        return Truth("less", (self, _scalar(other)))

    def __le__(self, other: Any) -> Truth:
        return Truth("less_equal", (self, _scalar(other)))

    def __gt__(self, other: Any) -> Truth:
        return Truth("less", (_scalar(other), self))

    def __ge__(self, other: Any) -> Truth:
        return Truth("less_equal", (_scalar(other), self))

    def __eq__(self, other: Any) -> Truth:  # type: ignore[override]
        return Truth("equal", (self, _scalar(other)))

    def __ne__(self, other: Any) -> Truth:  # type: ignore[override]
        return Truth("not", (Truth("equal", (self, _scalar(other))),))


def formula_of(holds: Callable[[Any], Any], count: int) -> Truth:
    """The formula of a property of that many scalars; a list of truths means that all hold.

    Raises:
        PropertyError: it returns anything else, or asks a scalar for its bool.
    """
    result = holds(tuple(Scalar(place=place) for place in range(count)))
    if isinstance(result, (list, tuple)) and result:
        return Truth("all", tuple(_truth(part) for part in result))
    return _truth(result)


def evaluate(formula: Truth, domain: ScalarDomain, outputs: Array, connectives: Sequence[Callable[..., Any]]) -> Any:
    """The formula over a domain's flat outputs.

    Args:
        formula: of ``formula_of``.
        domain: whose comparisons are meant.
        outputs: its scalars.
        connectives: all, any and not of the domain's truths, each of positional arguments.
    """
    joins = dict(zip(("all", "any", "not"), connectives))
    if formula.kind in joins:
        return joins[formula.kind](*(evaluate(part, domain, outputs, connectives) for part in formula.parts))
    operands = [_operand(scalar, domain, outputs) for scalar in formula.parts]
    return getattr(domain, formula.kind)(*operands)[0]


def _operand(scalar: Scalar, domain: ScalarDomain, outputs: Array) -> Array:
    if scalar.place is None:
        return domain.constant(exact_array([scalar.number]))
    return outputs[scalar.place : scalar.place + 1]


def _scalar(value: Any) -> Scalar:
    if isinstance(value, Scalar):
        return value
    exact = _exact(value)
    if exact is not None:
        return Scalar(number=exact)
    raise PropertyError(f"an output is compared with an output or a finite number, not with {value!r}")


def _exact(value: Any) -> Fraction | None:
    """The number that a Python or numpy number stands for; None for infinities, NaN, bools and all else."""
    if isinstance(value, (bool, np.bool_)):
        return None
    if isinstance(value, (int, Fraction)):
        return Fraction(value)
    if isinstance(value, (float, np.floating, np.integer)) and np.isfinite(value):
        return Fraction(*float(value).as_integer_ratio())
    return None


def _truth(value: Any) -> Truth:
    if isinstance(value, Truth):
        return value
    raise PropertyError(f"a property gives a comparison of outputs, or a list of them, not {value!r}")
