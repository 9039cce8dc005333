"""Bounds of FPCore formulas: their box rounded inward to binary32 numbers, their constraints kept.

Source: FPCore 1.2 and 2.0, https://fpbench.org/spec/fpcore-2.0.html.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
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
        return Unbounded(f"outside of the straight-line subset: {core.reason}")
    if not core.arguments:
        return Unbounded("it has no arguments")
    if core.free:
        return Unbounded(f"the precondition bounds no {', '.join(core.free)} on both sides")
    try:
        boxes = {name: inward(lo, hi) for name, (lo, hi) in core.box.items() if lo is not None and hi is not None}
        return error_bound(core.graph, {}, boxes, constraints=core.constraints, work=work, witness=True, advance=advance)
    except ValueError as error:
        return Unbounded(str(error))


def inward(lo: Fraction, hi: Fraction) -> Box:
    """The binary32 numbers between two reals. Raises ValueError where there are none that are finite."""
    low, high = (encode_array(exact_array(end), direction=to) for end, to in ((lo, Rounding.UPWARD), (hi, Rounding.DOWNWARD)))
    return Box(np.asarray(low, np.uint32), np.asarray(high, np.uint32))


def semantics_of(core: Core) -> str:
    """What is held for exact: the inputs are binary32 numbers, literals are rounded."""
    told = f"; left out of the precondition: {', '.join(core.dropped)}" if core.dropped else ""
    return f"inputs are binary32 numbers of the box, literals are rounded to binary32, the real value has them exact{told}"
