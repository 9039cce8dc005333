"""Bounds: how far an execution may be from the real value, with everything that the number depends on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fpsem.core.claim import Status
from fpsem.core.region import Box
from fpsem.core.schedule import Schedule


@dataclass(frozen=True, eq=False)
class Bound:
    """``|binary32 execution - real value| <= absolute``, element by element, for every input of the region.

    Args:
        absolute: the bound, float64; infinite where overflow or an undefined result cannot be excluded.
        lo: least real value, float64, rounded down.
        hi: greatest real value, float64, rounded up.
        region: the inputs.
        schedule: the order of reductions in the execution.
        semantics: the execution that it holds for.
        evidence: how it is known; PROVED: computed with outward rounding by rules that are theorems.
    """

    absolute: npt.NDArray[np.float64]
    lo: npt.NDArray[np.float64]
    hi: npt.NDArray[np.float64]
    region: Box
    schedule: Schedule
    semantics: str = "binary32, round to nearest even, correctly rounded elementary functions"
    evidence: Status = Status.PROVED
