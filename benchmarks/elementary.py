"""Correctly rounded elementary functions beside libraries that promise less, in one run: medians of interleaved rounds.

    python benchmarks/elementary.py [--elements N] [--rounds R] [--report FILE]

Prints nanoseconds per element on N(0,1) mapped into the function's domain: ours without flags and with; numpy's binary64
function between conversions, that is ``numpy.f(x.astype(float64)).astype(float32)``; numpy's float32 function; scipy's, in an
environment that has it; and the system's C library, whose float function is called in a compiled loop. Nothing is asserted:
machines are noisy.
"""

from __future__ import annotations

import argparse
import ctypes
import ctypes.util
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numba
import numpy as np
from measure import interleaved, tell

from fpsem.softfloat import arithmetic
from fpsem.softfloat.elementary.names import BINARY, ELEMENTARY

F32 = arithmetic("binary32")

NUMPY = {"asin": "arcsin", "acos": "arccos", "atan": "arctan", "asinh": "arcsinh", "acosh": "arccosh", "atanh": "arctanh"}
NUMPY |= {"pow": "power", "atan2": "arctan2"}
SCIPY = {"logistic": "expit"}
"""Names that differ from ours."""

DOMAIN: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    **dict.fromkeys(("log", "log2", "log10", "log1p", "rsqrt"), np.abs),
    "acosh": lambda x: 1 + np.abs(x),
    **dict.fromkeys(("asin", "acos", "atanh"), np.tanh),
}
"""How N(0,1) is mapped into the domain, where that is not the line; of pow, the base is made positive."""


def operands(name: str, count: int) -> list[np.ndarray]:
    """Arguments in float32."""
    rng = np.random.default_rng(0)
    drawn = [rng.standard_normal(count).astype(np.float32) for _ in range(ELEMENTARY[name])]
    if name == "pow":
        return [np.abs(drawn[0]), drawn[1]]
    return [DOMAIN.get(name, lambda x: x)(x) for x in drawn]


def peers(name: str, given: list[np.ndarray]) -> dict[str, Callable[[], object]]:
    """What does the same elsewhere, as far as it is there."""
    found: dict[str, Callable[[], object]] = {}
    numpys = getattr(np, NUMPY.get(name, name), None)
    if numpys is not None:
        found["numpy, binary64 between"] = lambda: numpys(*(x.astype(np.float64) for x in given)).astype(np.float32)
        found["numpy float32"] = partial(numpys, *given)
    try:
        from scipy import special
    except ImportError:
        special = None
    scipys = getattr(special, SCIPY.get(name, name), None)
    if scipys is not None:
        found["scipy float32"] = partial(scipys, *given)
    libm = c_library(name)
    if libm is not None:
        found["C library"] = partial(libm, *given)
    return found


def c_library(name: str) -> Callable[..., np.ndarray] | None:
    """The float function of the system's mathematical library, element by element in a compiled loop."""
    file = ctypes.util.find_library("m")
    function: Any = getattr(ctypes.CDLL(file), f"{name}f", None) if file else None
    if function is None:
        return None
    arity = ELEMENTARY[name]
    function.restype, function.argtypes = ctypes.c_float, [ctypes.c_float] * arity
    scalars = ", ".join("xy"[:arity])
    scope = {"call": function, "numba": numba}
    exec(f"loop = numba.vectorize(lambda {scalars}: call({scalars}))", scope)
    return scope["loop"]  # type: ignore[no-any-return]


def row(name: str, count: int, rounds: int) -> dict[str, str]:
    """One function: ours and all others, interleaved."""
    given = operands(name, count)
    codes = [x.view(np.uint32) for x in given]
    ours = getattr(F32, name)
    functions = {
        "ours": partial(ours, *codes), "with flags": partial(ours, *codes, with_flags=True),
        "upward": partial(ours, *codes, rounding="upward"), **peers(name, given),
    }  # fmt: skip
    with np.errstate(all="ignore"):
        medians = {key: 1e9 * seconds / count for key, seconds in interleaved(functions, rounds).items()}
    columns = ("ours", "with flags", "upward", "numpy, binary64 between", "numpy float32", "scipy float32", "C library")
    shown = {key: f"{medians[key]:.2f}" if key in medians else "none" for key in columns}
    between = medians.get("numpy, binary64 between")
    return {"function": name, **shown, "ours / binary64 between": f"{medians['ours'] / between:.2f}" if between else "none"}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--elements", type=int, default=65_536)
    parser.add_argument("--rounds", type=int, default=51)
    parser.add_argument("--report", type=Path, help="also write a Markdown report to this file")
    arguments = parser.parse_args()
    title = (
        f"Elementary functions, nanoseconds per element, {arguments.elements} elements, medians of {arguments.rounds} rounds"
    )
    rows = [row(name, arguments.elements, arguments.rounds) for name in ELEMENTARY]
    note = (
        "ours: correctly rounded, nearest even unless said; all others promise no bits. "
        f"Of {', '.join(BINARY)} both arguments are random. scipy is measured where it is installed."
    )
    tell(title, rows, [note], arguments.report, 130)


if __name__ == "__main__":
    main()
