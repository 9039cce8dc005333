"""ErrorBound: scalars (lo, hi, err): the real value lies in [lo, hi], and the binary32 execution is within err of it.

Guarantees, for every input of the region that the leaves describe: the enclosure of the real value, and
``|binary32 - real| <= err`` for the execution in round-to-nearest with correctly rounded elementary functions (IEEE32Exec)
in this domain's schedule. Where overflow, a pole or an undefined result cannot be excluded, err is infinite, never a guess.
All bounds are doubles rounded outward, so they are theorems and not estimates.
Does not: track how errors correlate; an error made twice counts twice.

The float has a range of its own beside the real value's; the rules are those of ``fpsem.domains._error_rules``. Products carry
errors by ``|x|e_y + |y'|e_x``, quotients by ``(e_x + |x/y| e_y) / |y'|``, y' the float, functions by the mean value theorem.

Source: Higham, "Accuracy and Stability of Numerical Algorithms", 2nd ed., section 3.3 (running error analysis); Solovyev et al.,
"Rigorous estimation of floating-point round-off errors with symbolic Taylor expansions", 2019 (half-ulp steps).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import reduce
from typing import Any

import numpy as np

from fpsem.core.errors import UnableError, UndefinedError
from fpsem.core.exact import pi_bracket, round_to_bits
from fpsem.core.formats import BINARY32, FORMATS, format_named
from fpsem.core.protocol import EXACT, Accumulator, Array, Contract, Kind, own_accumulator
from fpsem.core.reduction import by_matrices, pairs_of, rows
from fpsem.core.region import Box
from fpsem.core.schedule import AnyOrder, Compensated, Schedule, Sequential, schedule_or_any, wider_accumulator
from fpsem.domains import _error_rules as rules
from fpsem.domains import _error_sums as error_sums
from fpsem.domains import _outward as outward
from fpsem.domains._compensated_bound import compensated_error, upper_sum
from fpsem.domains._error_rules import float_ends, real_ends
from fpsem.domains._outward import Ends


@dataclass(frozen=True)
class ErrorBound:
    """The domain.

    Args:
        schedule: the order of reductions that the bound holds for, a Schedule or its text; "any" for every order.
    """

    schedule: Schedule = Sequential()

    def __post_init__(self) -> None:
        object.__setattr__(self, "schedule", schedule_or_any(self.schedule))
        wider_accumulator(self.schedule, BINARY32)

    # -- identity ------------------------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        return "error_bound"

    @property
    def contract(self) -> Contract:
        return Contract(Kind.ENCLOSES)

    @property
    def overrides(self) -> Mapping[str, Callable[..., Array]]:
        """Compensated sums have a bound of their own: step by step, a bound cannot see that errors are added to be cancelled.
        Sums in a tree of binary32 additions are the derived ones, faster; those in any order have a rule in their place."""
        if isinstance(self.schedule, Compensated):
            return {"sum": self._compensated_sum, "matmul": self._compensated_product}
        one_format = wider_accumulator(self.schedule, BINARY32) is None
        if isinstance(self.schedule, AnyOrder) or (self.schedule.has_tree and one_format):
            return {"sum": self._sum, "matmul": self._product}
        return {}

    def refine(self, outputs: list[Array]) -> None:
        return None

    # -- embed and read ------------------------------------------------------------------------------------------

    def constant(self, values: Array) -> Array:
        made = np.array([_embed(Fraction(value)) for value in values.reshape(-1)], dtype=object).reshape(-1, 4)
        lo, hi, single, err = (made[:, i].astype(np.float64).reshape(values.shape) for i in range(4))
        return rules.settled((lo, hi), (single, single), err, rules.grid_of(single, single))

    def pi(self) -> Array:
        low, high = pi_bracket(64)
        bottom, _, single, error = _embed(low)
        ends = np.asarray(bottom), np.asarray(_embed(high)[1])
        return rules.settled(ends, (single, single), outward.up(error + float(high - low)), rules.grid_of(single, single))

    def from_bits(self, bits: Array) -> Array:
        return self.between(*[outward.numbers(bits)] * 2)

    def box(self, region: Box) -> Array:
        """Inputs that may be any binary32 numbers of a box."""
        return self.between(region.lo, region.hi)

    def between(self, lo: Array, hi: Array) -> Array:
        """Inputs that may be any binary32 numbers between two arrays of finite ones, the first nowhere above the second."""
        ends = np.asarray(lo, np.float64), np.asarray(hi, np.float64)
        return rules.pack(ends, ends, 0.0, rules.grid_of(*ends))

    def executed(self, x: Array) -> Array:
        """The floats alone, as if they were the real values: what an operation does to them is its own rounding."""
        return rules.pack(float_ends(x), float_ends(x), np.where(np.isfinite(x["err"]), 0.0, np.inf), x["grid"])

    def narrowed(self, x: Array, lo: Any, hi: Any) -> Array:
        """The rows, their real values known to lie between lo and hi, too; as they were where that is impossible."""
        low, high = np.maximum(x["lo"], lo), np.minimum(x["hi"], hi)
        real = np.where(low <= high, low, x["lo"]), np.where(low <= high, high, x["hi"])
        return rules.settled(real, float_ends(x), x["err"], x["grid"])

    def to_bits(self, x: Array) -> Array:
        raise UnableError("an error bound stands for many executions; read its enclosure, or run the domain ieee32")

    def to_float(self, x: Array) -> Array:
        return outward.middle(real_ends(x))

    def enclosure(self, x: Array) -> tuple[Array, Array]:
        bad = np.argwhere(~(np.isfinite(x["lo"]) & np.isfinite(x["hi"])))
        if len(bad):
            raise UndefinedError(f"the element at index {tuple(map(int, bad[0]))} may be undefined on this region")
        return outward.fractions(real_ends(x))

    # -- arithmetic ----------------------------------------------------------------------------------------------

    def add(self, x: Array, y: Array) -> Array:
        return rules.rounded(rules.sum_of(x, y))

    def sub(self, x: Array, y: Array) -> Array:
        return self.add(x, self.neg(y))

    def mul(self, x: Array, y: Array) -> Array:
        return rules.rounded(rules.product_of(x, y))

    def div(self, x: Array, y: Array) -> Array:
        return rules.rounded(rules.quotient_of(x, y))

    def fma(self, x: Array, y: Array, z: Array) -> Array:
        return rules.rounded(_fused(x, y, z))

    def sqrt(self, x: Array) -> Array:
        return rules.rounded(rules.root_of(x))

    def neg(self, x: Array) -> Array:
        return rules.pack((-x["hi"], -x["lo"]), (-x["fhi"], -x["flo"]), x["err"], x["grid"])

    def abs(self, x: Array) -> Array:
        real, floats = ((outward.least(*ends), outward.largest(*ends)) for ends in (real_ends(x), float_ends(x)))
        return rules.settled(real, floats, x["err"], x["grid"])

    def minimum(self, x: Array, y: Array) -> Array:
        return self.neg(self.maximum(self.neg(x), self.neg(y)))

    def maximum(self, x: Array, y: Array) -> Array:
        real, floats = ((np.maximum(x[lo], y[lo]), np.maximum(x[hi], y[hi])) for lo, hi in (("lo", "hi"), ("flo", "fhi")))
        (x_low, x_high), (y_low, y_high) = rules.both(x), rules.both(y)
        sure = [np.where(low >= high, z["err"], np.inf) for low, high, z in ((x_low, y_high, x), (y_low, x_high, y))]
        err = np.minimum(np.minimum(*sure), np.maximum(x["err"], y["err"]))
        err = np.where(np.isfinite(x["err"] + y["err"]), err, np.inf)
        return rules.settled(real, floats, err, np.minimum(x["grid"], y["grid"]))

    # -- elementary ----------------------------------------------------------------------------------------------

    def exp(self, x: Array) -> Array:
        return _function("exp", x)

    def expm1(self, x: Array) -> Array:
        return _function("expm1", x)

    def log(self, x: Array) -> Array:
        return _function("log", x)

    def log1p(self, x: Array) -> Array:
        return _function("log1p", x)

    def sin(self, x: Array) -> Array:
        return _function("sin", x)

    def cos(self, x: Array) -> Array:
        return _function("cos", x)

    def tan(self, x: Array) -> Array:
        return _function("tan", x)

    def atan(self, x: Array) -> Array:
        return _function("atan", x)

    def tanh(self, x: Array) -> Array:
        return _function("tanh", x)

    def erf(self, x: Array) -> Array:
        return _function("erf", x)

    # -- order and choice: true or false where the real and the float must agree, else unknown -------------------

    def less(self, x: Array, y: Array) -> Array:
        return _decided(x, y, lambda a, b: a[1] < b[0], lambda a, b: a[0] >= b[1])

    def less_equal(self, x: Array, y: Array) -> Array:
        return _decided(x, y, lambda a, b: a[1] <= b[0], lambda a, b: a[0] > b[1])

    def equal(self, x: Array, y: Array) -> Array:
        return _decided(x, y, lambda a, b: (a[1] == b[0]) & (b[1] == a[0]), lambda a, b: (a[1] < b[0]) | (a[0] > b[1]))

    def select(self, truth: Array, x: Array, y: Array) -> Array:
        real, floats = ((np.minimum(x[lo], y[lo]), np.maximum(x[hi], y[hi])) for lo, hi in (("lo", "hi"), ("flo", "fhi")))
        wide = np.finfo(np.float64).max  # the ranges alone say how far apart the two may be
        err = np.where(np.isfinite(x["err"] + y["err"]), wide, np.inf)
        either = rules.settled(real, floats, err, np.minimum(x["grid"], y["grid"]))
        return np.where(truth == outward.UNKNOWN, either, np.where(truth == outward.TRUE, x, y))

    # -- format --------------------------------------------------------------------------------------------------

    def cast(self, x: Array, format: str) -> Array:
        return rules.rounded(_itself(x), format_named(format))

    def is_nan(self, x: Array) -> Array:
        return np.where(np.isfinite(x["err"]), outward.FALSE, outward.UNKNOWN)

    def is_finite(self, x: Array) -> Array:
        return np.where(np.isfinite(x["err"]), outward.TRUE, outward.UNKNOWN)

    # -- reductions ----------------------------------------------------------------------------------------------

    def accumulator(self, format: str) -> Accumulator:
        """Sums held in binary64, each step with its own half ulp; or exactly, without any."""
        if format == BINARY32.name:
            return own_accumulator(self)

        def held(x: rules.Exact) -> Array:
            exact = format == EXACT
            return rules.pack(x.real, x.floats, x.carried, x.grid) if exact else rules.rounded(x, FORMATS[format])

        def add(x: Array, y: Array) -> Array:
            total = rules.sum_of(x, y)
            wide = outward.add(float_ends(x), float_ends(y)) if format == EXACT else total.floats
            return held(replace(total, floats=wide))

        return Accumulator(
            widen=np.asarray,
            narrow=lambda x: rules.rounded(_itself(x)),
            add=add,
            sub=lambda x, y: add(x, self.neg(y)),
            mul=lambda x, y: held(rules.product_of(x, y)),
            fma=lambda x, y, z: held(_fused(x, y, z)),
        )

    def _sum(self, x: Array, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> Array:
        terms, shape = rows(x, axis, keepdims)
        return (terms[0] if len(terms) == 1 else error_sums.total(terms, self.schedule)).reshape(shape)

    def _product(self, a: Array, b: Array) -> Array:
        return by_matrices(lambda x, y: error_sums.product(x, y, self.schedule), a, b)

    def _compensated_sum(self, x: Array, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> Array:
        terms, shape = rows(x, axis, keepdims)
        if len(terms) < 2:
            return terms.reshape(shape)
        return self._compensated(list(terms)).reshape(shape)

    def _compensated_product(self, a: Array, b: Array) -> Array:
        pairs = pairs_of(a, b)
        if len(pairs) == 1:
            return self.mul(*pairs[0])
        if not self.schedule.fused:
            return self._compensated([self.mul(x, y) for x, y in pairs])
        exact = [rules.product_of(x, y) for x, y in pairs]
        return self._compensated([rules.pack(p.real, p.floats, p.carried, p.grid) for p in exact], products=True)

    def _compensated(self, terms: list[Array], products: bool = False) -> Array:
        """The sum of terms, or of exact products."""
        f = FORMATS[self.schedule.accumulator or BINARY32.name]
        real, floats = (reduce(outward.add, [ends(term) for term in terms]) for ends in (real_ends, float_ends))
        carried = upper_sum(np.array([term["err"] for term in terms]))
        sizes = np.array([outward.largest(*float_ends(term)) for term in terms])
        moved = compensated_error(sizes, outward.largest(*floats), f, products)
        reached = outward.down(floats[0] - moved), outward.up(floats[1] + moved)
        held = rules.settled(real, reached, outward.up(carried + moved), rules.FREE)
        return held if f == BINARY32 else rules.rounded(_itself(held))


def _function(name: str, x: Array) -> Array:
    return rules.rounded(rules.function_of(name, x))


def _fused(x: Array, y: Array, z: Array) -> rules.Exact:
    """x y + z, which is rounded once."""
    product = rules.product_of(x, y)
    return rules.Exact(
        outward.add(product.real, real_ends(z)),
        outward.add(product.floats, float_ends(z)),
        np.minimum(product.grid, z["grid"]),
        rules.plus(product.carried, z["err"]),
    )


def _itself(x: Array) -> rules.Exact:
    return rules.Exact(real_ends(x), float_ends(x), x["grid"], x["err"])


def _decided(x: Array, y: Array, surely: Callable[[Ends, Ends], Any], surely_not: Callable[[Ends, Ends], Any]) -> Array:
    """The truth of a comparison, where the real values and the floats must agree on it."""
    a, b = rules.both(x), rules.both(y)
    known = np.isfinite(x["err"]) & np.isfinite(y["err"])
    return outward.decide(surely(a, b) & known, surely_not(a, b) & known)


def _embed(value: Fraction) -> tuple[float, float, float, float]:
    """Doubles around a number, the nearest float, and how far it is."""
    code = round_to_bits(value, BINARY32)
    if not BINARY32.is_finite(code):
        return (*outward.around(value), np.inf, np.inf)
    single = BINARY32.decode(code)
    error = abs(single - value)
    return (*outward.around(value), float(single), float(outward.up(float(error))) if error else 0.0)
