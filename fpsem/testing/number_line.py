"""Arrays between two others on the number line of binary32; and how codes are shown to people."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from fpsem.core.codes import codes_at, places
from fpsem.core.region import Box
from fpsem.testing.judging import show_code

SHARES = 1 << 30
"""The parts that ``between`` divides a box into; with the 2**32 places of the line they multiply within 64 bits."""

_SHOWN = 24
"""Elements of an array that are written out."""


def between(box: Box, shares: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
    """One array of a box, element by element as far from the lower end, in places, as its share of ``SHARES`` says."""
    low, high = places(box.lo.view(np.uint32)), places(box.hi.view(np.uint32))
    return codes_at(low + (high - low) * shares // SHARES).view(np.float32)


def show_number(code: int) -> str:
    """A code as bits, hexadecimal float and the shortest decimal that means it: ``0x4b800000 (0x1.0...p+24) = 16777216.0``."""
    return f"{show_code(code)} = {float(str(np.uint32(code).view(np.float32)))}"


def show_numbers(values: Any) -> str:
    """float32 numbers or uint32 codes, one or an array of them, in the notation of ``show_number``, each led by its index."""
    codes = np.asarray(values)
    codes = np.ascontiguousarray(codes).view(np.uint32).reshape(codes.shape)
    if codes.ndim == 0:
        return show_number(int(codes))
    lines = [f"  {list(index)} {show_number(int(code))}" for index, code in list(np.ndenumerate(codes))[:_SHOWN]]
    return "\n".join([f"shape {codes.shape}", *lines, *([f"  and {codes.size - _SHOWN} more"] if codes.size > _SHOWN else [])])
