"""The polynomials of the elementary functions: computes their coefficients and prints fpsem/softfloat/elementary/coefficients.py.

    python tools/coefficients.py [--check]

Each polynomial interpolates its function, in 200-bit arithmetic, at the zeros of a Chebyshev polynomial, which comes within a
small factor of the best approximation; then every coefficient is rounded to binary64. The error that is printed beside it is
that of the rounded polynomial, relative to the function, the largest at 4000 points: an observation, not a bound. What counts
is the error of the whole function, and that is enumerated (`fpsem sweep`).

With --check nothing is written, and the exit status says whether the file is what would be written.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mpmath
from mpmath import mp, mpf

from fpsem.core.files import write

FILE = Path(__file__).parents[1] / "fpsem" / "softfloat" / "elementary" / "coefficients.py"
_BITS, _POINTS = 200, 4000


@dataclass(frozen=True)
class Polynomial:
    """A polynomial to be found.

    Args:
        name: of the constant.
        meaning: what it approximates, of which argument, on which interval.
        function: of an mpf.
        low, high: the interval.
        degree: of the polynomial.
    """

    name: str
    meaning: str
    function: Callable[[Any], Any]
    low: Any
    high: Any
    degree: int


def _quotient(function: Callable[[Any], Any], limit: Any) -> Callable[[Any], Any]:
    """function(x) / x, and its limit at 0."""
    return lambda x: function(x) / x if x else mpf(limit)


def _of_square(function: Callable[[Any], Any], limit: Any) -> Callable[[Any], Any]:
    """function(x) / x for an odd function, as a function of x**2."""
    return lambda z: function(mp.sqrt(z)) / mp.sqrt(z) if z else mpf(limit)


def _scaled_erfc(x: Any) -> Any:
    return (x + 2) * mp.exp(x * x) * mp.erfc(x)


def _polynomials() -> list[Polynomial]:
    wider = 1 + mpf(2) ** -20
    half_ln_2, root = mp.log(2) / 2 * wider, (mp.sqrt(2) - 1) / (mp.sqrt(2) + 1)
    return [
        Polynomial(
            "EXPM1", "(e**r - 1) / r for |r| <= ln(2)/2", _quotient(mp.expm1, 1), -half_ln_2, half_ln_2, 10,
        ),
        Polynomial(
            "LOG", "ln((1+s) / (1-s)) / s, in s**2, for |s| <= (sqrt 2 - 1) / (sqrt 2 + 1)",
            _of_square(lambda s: mp.log1p(s) - mp.log1p(-s), 2), 0, root**2 * wider, 7,
        ),
        Polynomial(
            "CBRT", "cbrt(m) for 1 <= m < 2", mp.cbrt, 1, 2, 5,
        ),
        Polynomial(
            "SIN", "sin(r) / r, in r**2, for |r| <= pi/2", _of_square(mp.sin, 1), 0, (mp.pi / 2) ** 2 * wider, 8,
        ),
        Polynomial(
            "ATAN", "atan(t) / t, in t**2, for |t| <= sqrt(2) - 1", _of_square(mp.atan, 1), 0, (mp.sqrt(2) - 1) ** 2 * wider, 11,
        ),
        Polynomial(
            "ERF", "erf(x) / x, in x**2, for |x| <= 1", _of_square(mp.erf, 2 / mp.sqrt(mp.pi)), 0, wider, 11,
        ),
        Polynomial(
            "ERFC", "e**(x**2) erfc(x) (x + 2), in t = (x - 2) / (x + 2), for 1 <= x <= 10.5",
            lambda t: _scaled_erfc(2 * (1 + t) / (1 - t)), -mpf(1) / 3, mpf(17) / 25, 18,
        ),
    ]  # fmt: skip


def interpolate(p: Polynomial) -> list[float]:
    """The coefficients, from the constant on, in binary64."""
    count = p.degree + 1
    middle, half = (mpf(p.low) + p.high) / 2, (mpf(p.high) - p.low) / 2
    nodes = [middle + half * mp.cos(mp.pi * (2 * k + 1) / (2 * count)) for k in range(count)]
    matrix = mpmath.matrix([[node**j for j in range(count)] for node in nodes])
    solved = mpmath.lu_solve(matrix, mpmath.matrix([p.function(node) for node in nodes]))
    return [float(c) for c in solved]


def observed_error(p: Polynomial, coefficients: list[float]) -> float:
    """The largest error relative to the function, seen at points between the ends."""
    points = [p.low + (mpf(p.high) - p.low) * k / _POINTS for k in range(_POINTS + 1)]
    exact = [mpf(c) for c in reversed(coefficients)]
    return float(max(abs(mpmath.polyval(exact, x) / p.function(x) - 1) for x in points))


def print_module() -> str:
    """The text of the file."""
    lines = [
        '"""Coefficients of polynomials, from the constant on. Printed by tools/coefficients.py; edit that."""',
        "",
    ]
    with mp.workprec(_BITS):
        for p in _polynomials():
            found = interpolate(p)
            error = mp.log(observed_error(p, found), 2)
            lines += [f"{p.name} = ("]
            lines += [f"    {c!r}," for c in found]
            lines += [")", f'"""{p.meaning}; within 2**{float(error):.1f}."""', ""]
    return "\n".join(lines)


def main() -> None:
    """Write the file, or check it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; fail where the file differs")
    arguments, text = parser.parse_args(), print_module()
    if not arguments.check:
        write(FILE, text.encode())
    elif FILE.read_text(encoding="utf-8") != text:
        sys.exit(f"{FILE} is not what this script prints")


if __name__ == "__main__":
    main()
