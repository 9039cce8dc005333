"""Symbolic reals: each scalar is a sympy expression, so that a graph's output is a formula in its inputs.

Guaranteed: each expression equals, up to algebra, the value that real arithmetic gives, wherever that value exists.
Expressions without symbols over field operations stay exact rationals, and can be read.

An operation that is certainly without a value (x / 0, the root of a negative number, the logarithm of a number not
positive, the tangent of pi / 2) gives sympy's nan, which is reported only when it is read. Where sympy cannot tell, the
formula stands and is meant on its natural domain; sympy also cancels (``x / x`` becomes 1), so a formula may exist at points
where the graph has no value.

What this module does not do: enclose (the formula of an irrational constant raises UnableError when its bits or ends
are asked for: the real domain, which computes with balls, gives them), infinities, NaN, signed zeros. Comparisons of
irrational constants are decided by sympy's own numerics, which are careful and not rigorous.

Source: Meurer et al., "SymPy: symbolic computing in Python", PeerJ Computer Science 3:e103, 2017.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt
import sympy

from fpsem.core.codes import decode_array
from fpsem.core.errors import UnableError, UndefinedError
from fpsem.core.exact import round_to_bits
from fpsem.core.formats import BINARY32
from fpsem.core.protocol import Accumulator, Array, Contract, Kind, own_accumulator
from fpsem.core.schedule import Schedule, Sequential

_DIGITS = 100
"""Of evalf: enough to tell 1 + 2**-149 from 1, which its logarithm asks for."""


def symbols(name: str, shape: tuple[int, ...]) -> Array:
    """An array of real symbols ``name_i_j...`` to feed a graph with; of shape (), the one symbol ``name``."""
    out = np.empty(shape, dtype=object)
    for index in np.ndindex(*shape):
        out[index] = sympy.Symbol("_".join([name, *map(str, index)]), real=True)
    return out


@dataclass(frozen=True)
class SymbolicReal:
    """Formulas over the reals. Object arrays of sympy expressions; truths are sympy relations, true and false."""

    # -- identity ------------------------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        return "symbolic_real"

    @property
    def contract(self) -> Contract:
        return Contract(Kind.FORMULA, concrete=False)

    @property
    def schedule(self) -> Schedule:
        """Any order gives the same real sum; this is one of them."""
        return Sequential()

    @property
    def overrides(self) -> Mapping[str, Callable[..., Array]]:
        return {}

    def refine(self, outputs: list[Array]) -> SymbolicReal | None:
        """None: a formula is as sharp as it gets."""
        return None

    # -- embed and read ------------------------------------------------------------------------------------------

    def constant(self, values: Array) -> Array:
        return _map(lambda value: sympy.Rational(int(value.numerator), int(value.denominator)), values)

    def pi(self) -> Array:
        return np.array(sympy.pi, dtype=object)

    def from_bits(self, bits: npt.NDArray[np.uint32]) -> Array:
        """The number that each code stands for. Raises UndefinedError at an infinity or NaN, naming its index."""
        return self.constant(decode_array(bits))

    def to_bits(self, x: Array) -> npt.NDArray[np.uint32]:
        """The nearest-even binary32 codes of rational constants; +0 for zero. Raises as ``enclosure`` does."""
        return np.asarray(_map(lambda value: round_to_bits(value, BINARY32), _rationals(x)), dtype=np.uint32)

    def to_float(self, x: Array) -> npt.NDArray[np.float64]:
        """Doubles near expressions without symbols, by sympy's evalf; NaN where there is no real value.
        Raises UnableError at an expression with symbols, naming its index."""
        out = np.empty(np.shape(x), dtype=np.float64)
        for index, expression in np.ndenumerate(x):
            if expression.free_symbols:
                raise UnableError(f"element {list(index)} is a formula in {_names(expression)}: it has no one value")
            number = expression.evalf(_DIGITS)
            out[index] = float(number) if number.is_extended_real else np.nan
        return out

    def enclosure(self, x: Array) -> tuple[Array, Array]:
        """Rational constants themselves, twice. Raises UndefinedError where there is no value, and UnableError at any
        other formula, naming its index."""
        exact = _rationals(x)
        return exact, exact

    # -- arithmetic ----------------------------------------------------------------------------------------------

    def add(self, x: Array, y: Array) -> Array:
        return _map(lambda x, y: x + y, x, y)

    def sub(self, x: Array, y: Array) -> Array:
        return _map(lambda x, y: x - y, x, y)

    def mul(self, x: Array, y: Array) -> Array:
        return _map(lambda x, y: x * y, x, y)

    def div(self, x: Array, y: Array) -> Array:
        return _map(lambda x, y: sympy.nan if y.is_zero else x / y, x, y)

    def fma(self, x: Array, y: Array, z: Array) -> Array:
        return _map(lambda x, y, z: x * y + z, x, y, z)

    def sqrt(self, x: Array) -> Array:
        return _map(lambda x: sympy.nan if x.is_negative else sympy.sqrt(x), x)

    def neg(self, x: Array) -> Array:
        return _map(lambda x: -x, x)

    def abs(self, x: Array) -> Array:
        return _map(sympy.Abs, x)

    def minimum(self, x: Array, y: Array) -> Array:
        return _map(lambda x, y: sympy.nan if sympy.nan in (x, y) else sympy.Min(x, y), x, y)

    def maximum(self, x: Array, y: Array) -> Array:
        return _map(lambda x, y: sympy.nan if sympy.nan in (x, y) else sympy.Max(x, y), x, y)

    # -- elementary ----------------------------------------------------------------------------------------------

    def exp(self, x: Array) -> Array:
        return _map(sympy.exp, x)

    def expm1(self, x: Array) -> Array:
        return _map(lambda x: sympy.exp(x) - 1, x)

    def log(self, x: Array) -> Array:
        return _map(_logarithm, x)

    def log1p(self, x: Array) -> Array:
        return _map(lambda x: _logarithm(1 + x), x)

    def sin(self, x: Array) -> Array:
        return _map(sympy.sin, x)

    def cos(self, x: Array) -> Array:
        return _map(sympy.cos, x)

    def tan(self, x: Array) -> Array:
        return _map(_tangent, x)

    def atan(self, x: Array) -> Array:
        return _map(sympy.atan, x)

    def tanh(self, x: Array) -> Array:
        return _map(sympy.tanh, x)

    def erf(self, x: Array) -> Array:
        return _map(sympy.erf, x)

    # -- order and choice ----------------------------------------------------------------------------------------

    def less(self, x: Array, y: Array) -> Array:
        return _map(lambda x, y: _compare(sympy.Lt, x, y), x, y)

    def less_equal(self, x: Array, y: Array) -> Array:
        return _map(lambda x, y: _compare(sympy.Le, x, y), x, y)

    def equal(self, x: Array, y: Array) -> Array:
        return _map(lambda x, y: _compare(sympy.Eq, x, y), x, y)

    def select(self, truth: Array, x: Array, y: Array) -> Array:
        """``Piecewise((x, truth), (y, True))``, which is x or y itself where the truth is decided."""
        return _map(lambda truth, x, y: sympy.Piecewise((x, truth), (y, True)), truth, x, y)

    # -- format --------------------------------------------------------------------------------------------------

    def cast(self, x: Array, format: str) -> Array:
        """x: a format does not change a real number."""
        return x

    def is_nan(self, x: Array) -> Array:
        """Never: a real number is a number."""
        return np.full(np.shape(x), sympy.false, dtype=object)

    def is_finite(self, x: Array) -> Array:
        """Always."""
        return np.full(np.shape(x), sympy.true, dtype=object)

    # -- reductions ----------------------------------------------------------------------------------------------

    def accumulator(self, format: str) -> Accumulator:
        """The domain's own arithmetic: real sums depend on no accumulator."""
        return own_accumulator(self)


# -- on scalars ------------------------------------------------------------------------------------------------------


def _map(operation: Callable[..., Any], *operands: Array) -> Array:
    return np.asarray(np.frompyfunc(operation, len(operands), 1)(*operands), dtype=object)


def _logarithm(x: Any) -> Any:
    return sympy.nan if x.is_nonpositive else sympy.log(x)


def _tangent(x: Any) -> Any:
    value = sympy.tan(x)
    return sympy.nan if value is sympy.zoo else value


def _compare(relation: Callable[[Any, Any], Any], x: Any, y: Any) -> Any:
    """The relation; false where a value does not exist, which sympy refuses to compare."""
    return sympy.false if sympy.nan in (x, y) else relation(x, y)


def _rationals(x: Array) -> Array:
    """Fractions of an array of rational constants."""
    out = np.empty(np.shape(x), dtype=object)
    for index, expression in np.ndenumerate(x):
        if expression is sympy.nan:
            raise UndefinedError(f"element {list(index)} has no real value")
        if not expression.is_Rational:
            raise UnableError(
                f"element {list(index)} is the formula {sympy.sstr(expression)[:80]}, not a rational constant: "
                "run the graph on numbers in the real domain, which encloses every value"
            )
        out[index] = Fraction(int(expression.p), int(expression.q))
    return out


def _names(expression: Any) -> str:
    return ", ".join(sorted(str(symbol) for symbol in expression.free_symbols))
