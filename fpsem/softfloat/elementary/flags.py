"""The flags of an elementary function, read off its argument and its correctly rounded result.

These functions are exact at one argument only (``ziv`` says why), so a finite result at any other is inexact. Tininess is
judged by the rounded result: a value just below the smallest normal number, which rounds to that, does not count as tiny.

Source: IEEE 754-2019 clauses 7 and 9.2.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fpsem.core.formats import BINARY32
from fpsem.softfloat.attributes import Flag
from fpsem.softfloat.elementary.ziv import RATIONAL_AT

Codes = npt.NDArray[np.uint32]


def elementary_flags(name: str, codes: Codes, results: Codes) -> npt.NDArray[np.uint8]:
    """The flags of each element.

    Args:
        name: one of ``protocol.ELEMENTARY``.
        codes: the arguments.
        results: the function's values, correctly rounded.
    """
    magnitude, value = codes & BINARY32.magnitude_mask, results & BINARY32.magnitude_mask
    nan, finite = magnitude > BINARY32.overflow_code, magnitude < BINARY32.overflow_code
    signaling = nan & (codes & (BINARY32.implicit_bit >> 1) == 0)
    invalid = signaling | (~nan & (value > BINARY32.overflow_code))
    pole = finite & (value == BINARY32.overflow_code) & (results & BINARY32.sign_mask != 0)
    inexact = finite & ~invalid & ~pole & (_number(codes) != RATIONAL_AT[name][0])
    raised = {
        Flag.INEXACT: inexact,
        Flag.UNDERFLOW: inexact & (value < BINARY32.min_normal),
        Flag.OVERFLOW: inexact & (value >= BINARY32.max_finite),  # no number below has this value, rounded
        Flag.DIVIDE_BY_ZERO: pole,
        Flag.INVALID: invalid,
    }
    return np.asarray(sum(np.where(where, np.uint8(flag), np.uint8(0)) for flag, where in raised.items()), np.uint8)


def _number(codes: Codes) -> npt.NDArray[np.float32]:
    return np.asarray(codes).view(np.float32)
