"""The box about a centre: what a claim of robustness is about, rounded so that the claim is never wider than it says.

For real inputs the box's exact ends are rounded outward to binary64, so that it holds every real input within the radius. For
binary32 inputs they are rounded inward to binary32: the numbers between are exactly the binary32 inputs within the radius.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from fpsem.core.errors import PayloadError, UnknownNameError
from fpsem.core.exact import round_to_bits
from fpsem.core.formats import FORMATS
from fpsem.core.protocol import Array
from fpsem.core.rounding import Rounding

Radius = int | float | str | Fraction
"""A number of at least 0, its exact value meant; a text such as "1/64" or "0.01" is a rational."""

SEMANTICS = {"real": "binary64", "binary32": "binary32"}
"""What inputs are, and the format that a box's ends are written in."""


def radius_of(radius: Radius) -> Fraction:
    """A radius as a rational. Raises PayloadError for what is no number, not finite or negative."""
    try:
        exact = Fraction(radius)
    except (TypeError, ValueError, OverflowError, ZeroDivisionError):
        raise PayloadError(f"a radius is a number of at least 0, or its text such as 1/64, not {radius!r}") from None
    if exact < 0:
        raise PayloadError(f"a radius is at least 0, not {radius}")
    return exact


def input_box(
    center: npt.NDArray[np.float32], radius: Radius, semantics: str = "real", clip: tuple[Radius, Radius] | None = None
) -> tuple[Array, Array]:
    """The inputs x with ``|x - center| <= radius`` in every element, and within the clip if there is one.

    Args:
        center: binary32 numbers.
        radius: how far each element may be from its centre, exactly.
        semantics: "real" (ends of dtype float64, rounded outward) or "binary32" (ends of dtype float32, rounded inward).
        clip: the least and the greatest value that an input may have, such as (0, 1).

    Returns:
        The lower and the upper ends.

    Raises:
        PayloadError: the centre is not binary32 or not finite, the radius no number, or the box is empty or not finite.
        UnknownNameError: no such semantics.
    """
    if semantics not in SEMANTICS:
        raise UnknownNameError("semantics", semantics, SEMANTICS)
    if center.dtype != np.float32 or not np.isfinite(center).all():
        raise PayloadError(f"the centre of a box must be finite float32 numbers, not {center.dtype} of which some are not finite")
    exact, numbers = radius_of(radius), np.unique(center)
    least, most = (None, None) if clip is None else (Fraction(end) for end in clip)
    rows = [_ends(Fraction(float(number)), exact, least, most, semantics) for number in numbers]
    table = np.array(rows, dtype=np.float64 if semantics == "real" else np.float32).reshape(-1, 2)
    lo, hi = (table[np.searchsorted(numbers, center), side] for side in (0, 1))
    bad = np.argwhere(~(np.isfinite(lo) & np.isfinite(hi) & (lo <= hi)))
    if len(bad):
        index = tuple(int(i) for i in bad[0])
        raise PayloadError(f"the box is empty or not finite in element {list(index)}: [{lo[index]}, {hi[index]}]")
    return lo, hi


def _ends(number: Fraction, radius: Fraction, least: Any, most: Any, semantics: str) -> tuple[float, float]:
    lo, hi = number - radius, number + radius
    lo, hi = (lo if least is None else max(lo, least)), (hi if most is None else min(hi, most))
    directions = (Rounding.DOWNWARD, Rounding.UPWARD) if semantics == "real" else (Rounding.UPWARD, Rounding.DOWNWARD)
    low, high = (_rounded(end, semantics, direction) for end, direction in zip((lo, hi), directions))
    return low, high


def _rounded(x: Fraction, semantics: str, direction: Rounding) -> float:
    f = FORMATS[SEMANTICS[semantics]]
    code = round_to_bits(x, f, direction)
    return float(f.decode(code)) if f.is_finite(code) else float("inf")
