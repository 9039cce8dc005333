"""Bounds of FPCore formulas: their box rounded inward to binary32 numbers, without ends that are left out; constraints kept.

Source: FPCore 1.2 and 2.0, https://fpbench.org/spec/fpcore-2.0.html.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal
from fractions import Fraction
from typing import Any

import numpy as np

from fpsem.analysis.bounds import error_bound
from fpsem.core.bound import WORK, Bound
from fpsem.core.codes import encode_array
from fpsem.core.protocol import exact_array
from fpsem.core.region import Box
from fpsem.core.rounding import Rounding
from fpsem.interop.fpcore import Core, NotRead


@dataclass(frozen=True)
class Unbounded:
    """A core of which nothing is said.

    Args:
        reason: why.
    """

    reason: str


def core_bound(core: Core | NotRead, work: int = WORK, advance: Callable[[int], Any] = lambda n: None) -> Bound | Unbounded:
    """The bound of a core's binary32 execution, with a witness; infinite where none was found.

    Args:
        core: as ``load_fpcore`` gives it.
        work: how many parts of the box to bound at most, about.
        advance: is told how many parts were bounded.
    """
    if isinstance(core, NotRead):
        return Unbounded(core.reason if core.wrong else f"outside of the straight-line subset: {core.reason}")
    if not core.arguments:
        return Unbounded("it has no arguments")
    try:
        boxes = core_boxes(core)
        return error_bound(core.graph, {}, boxes, constraints=core.constraints, work=work, witness=True, advance=advance)
    except ValueError as error:
        return Unbounded(str(error))


def core_boxes(core: Core, least: Fraction | None = None, most: Fraction | None = None) -> dict[str, Box]:
    """The box of each argument: the binary32 numbers that the precondition leaves it.

    Args:
        core: as ``load_fpcore`` gives it.
        least: what every argument is at least, besides.
        most: what it is at most.

    Raises:
        ValueError: an argument is not bounded on both sides, or the region is empty; the message says which and why.
    """
    if core.nowhere:
        raise ValueError(f"the region is empty: {core.nowhere} holds nowhere")
    if core.free and (least is None or most is None):
        raise ValueError(core.unbounded)
    boxes = {}
    for name, (low, high) in core.box.items():
        lo = max(end for end in (low, least) if end is not None)
        hi = min(end for end in (high, most) if end is not None)
        before, after = core.strict[name]
        try:
            boxes[name] = inward(lo, hi, (before and lo == low, after and hi == high))
        except ValueError as error:
            raise ValueError(f"the region is empty in {name}: {error}") from None
    return boxes


def inward(lo: Fraction, hi: Fraction, strict: tuple[bool, bool] = (False, False)) -> Box:
    """The binary32 numbers between two reals, each of which may be left out. Raises ValueError where there are none."""
    left_out = "".join(f", {_told(end)} left out" for end, out in zip((lo, hi), strict) if out)
    if lo > hi or (lo == hi and any(strict)):
        raise ValueError(f"no number is at least {_told(lo)} and at most {_told(hi)}{left_out}")
    low, high = _rounded(lo, Rounding.UPWARD, strict[0], np.inf), _rounded(hi, Rounding.DOWNWARD, strict[1], -np.inf)
    if not (np.isfinite(low) and np.isfinite(high) and low <= high):
        raise ValueError(f"no binary32 number lies between {_told(lo)} and {_told(hi)}{left_out}")
    return Box(low, high)


def _rounded(end: Fraction, direction: Rounding, left_out: bool, to: float) -> Any:
    """The number that comes first from an end on; the one after it where the end is it and is left out."""
    number = np.asarray(encode_array(exact_array(end), direction=direction), np.uint32).view(np.float32)
    if not (left_out and np.isfinite(number) and Fraction(number.item()) == end):
        return number
    with np.errstate(over="ignore"):  # beyond the largest there is none
        return np.nextafter(number, np.float32(to))


def _told(end: Fraction) -> str:
    """A number in 17 digits; in fewer where these are all."""
    digits = Context(prec=17, Emin=MIN_EMIN, Emax=MAX_EMAX)
    number = digits.divide(Decimal(end.numerator), Decimal(end.denominator)).normalize(digits)
    return f"{number:f}" if -5 < number.adjusted() < 17 else f"{number:e}"


def semantics_of(core: Core) -> str:
    """What is held for exact: the inputs are binary32 numbers, literals are rounded."""
    told = f"; left out of the precondition: {', '.join(core.dropped)}" if core.dropped else ""
    return f"inputs are binary32 numbers of the box, literals are rounded to binary32, the real value has them exact{told}"
