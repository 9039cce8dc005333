"""Double-double arithmetic: a real number as the unevaluated sum h + l of two binary64 numbers, h the sum rounded to nearest.

Scalar functions for numba's kernels, inlined where they are called. ``two_sum``, ``fast_two_sum`` and ``two_prod`` are exact; the
others have a relative error of at most the bound in their docstring, in units of u = 2^-53, for operands that are normalised
(h = fl(h + l)) and as long as nothing overflows or underflows. The bounds are theorems of the papers below, and the tests
measure against exact rationals that they hold.

What is relied on: binary64 operations round to nearest, and LLVM contracts no product and sum of its own accord (numba asks for
no fast-math); the only fused operation is the one written ``fma`` here. It does not look at infinities, NaNs or signed zeros.

Source: Joldes, Muller and Popescu, "Tight and rigorous error bounds for basic building blocks of double-word arithmetic", ACM
TOMS 44(2), 2017 (its algorithms by number below); for the root Lefevre, Louvet, Muller, Picot and Rideau, "Accurate calculation
of Euclidean norms using double-word arithmetic", ACM TOMS 49(1), 2023.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
from numba.core import types
from numba.extending import intrinsic

Function = TypeVar("Function", bound=Callable[..., Any])
Pair = tuple[float, float]


def scalar(function: Function) -> Function:
    """A function for numba's kernels: compiled where it is used and inlined there."""
    return cast(Function, numba.njit(error_model="numpy", nogil=True, forceinline=True)(function))


@intrinsic  # type: ignore[untyped-decorator]
def fma(typing_context: Any, x: Any, y: Any, z: Any) -> Any:
    """x y + z, rounded once: llvm.fma of binary64."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.fma(*arguments)

    return types.float64(types.float64, types.float64, types.float64), generate


# -- exact -----------------------------------------------------------------------------------------------------------


@scalar
def fast_two_sum(a: float, b: float) -> Pair:
    """a + b exactly, where a is 0 or the exponent of a is not below that of b (algorithm 1)."""
    s = a + b
    return s, b - (s - a)


@scalar
def two_sum(a: float, b: float) -> Pair:
    """a + b exactly (algorithm 2)."""
    s = a + b
    aa = s - b
    bb = s - aa
    return s, (a - aa) + (b - bb)


@scalar
def two_prod(a: float, b: float) -> Pair:
    """a b exactly (algorithm 3)."""
    p = a * b
    return p, fma(a, b, -p)


# -- a double-double and a double ------------------------------------------------------------------------------------


@scalar
def add_double(xh: float, xl: float, y: float) -> Pair:
    """x + y, error at most 2 u^2 (algorithm 4)."""
    sh, sl = two_sum(xh, y)
    return fast_two_sum(sh, xl + sl)


@scalar
def mul_double(xh: float, xl: float, y: float) -> Pair:
    """x y, error at most 2 u^2 (algorithm 9)."""
    ch, cl = two_prod(xh, y)
    return fast_two_sum(ch, fma(xl, y, cl))


@scalar
def div_double(xh: float, xl: float, y: float) -> Pair:
    """x / y, error at most 3 u^2 (algorithm 15; its exact remainder xh - th y is one fma here)."""
    th = xh / y
    return fast_two_sum(th, (fma(-th, y, xh) + xl) / y)


@scalar
def quotient(x: float, y: float) -> Pair:
    """x / y of two doubles, error at most u^2: the remainder is exact, so only its quotient, at most u |x / y|, is rounded."""
    th = x / y
    return th, fma(-th, y, x) / y


# -- two double-doubles ----------------------------------------------------------------------------------------------


@scalar
def add(xh: float, xl: float, yh: float, yl: float) -> Pair:
    """x + y, error at most 3 u^2 + 13 u^3 (algorithm 6)."""
    sh, sl = two_sum(xh, yh)
    th, tl = two_sum(xl, yl)
    vh, vl = fast_two_sum(sh, sl + th)
    return fast_two_sum(vh, tl + vl)


@scalar
def mul(xh: float, xl: float, yh: float, yl: float) -> Pair:
    """x y, error at most 5 u^2 (algorithm 12)."""
    ch, cl = two_prod(xh, yh)
    return fast_two_sum(ch, cl + fma(xl, yh, fma(xh, yl, xl * yl)))


@scalar
def div(xh: float, xl: float, yh: float, yl: float) -> Pair:
    """x / y, error at most 15 u^2 + 56 u^3 (algorithm 17, with algorithm 7 for the product)."""
    th = xh / yh
    ch, cl = two_prod(yh, th)
    ph, pl = fast_two_sum(ch, yl * th)
    rh, rl = fast_two_sum(ph, pl + cl)
    return fast_two_sum(th, ((xh - rh) + (xl - rl)) / yh)


@scalar
def sqrt(xh: float, xl: float) -> Pair:
    """The root of x > 0, error at most 25/8 u^2 (SQRTDWtoDW of the second paper)."""
    sh = math.sqrt(xh)
    return fast_two_sum(sh, (fma(-sh, sh, xh) + xl) / (2.0 * sh))
