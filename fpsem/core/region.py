"""Regions: the sets of inputs that claims, bounds and questions are about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

STRICT = " > 0"
"""How the name of a constraint ends that is above 0 in its region; what others say is at least 0."""

_NO_NUMBERS = "bcmMSU"
"""Kinds of dtypes that a cast to float32 would take, and silently change: truth values, complex numbers, dates and texts."""


def is_strict(constraint: str) -> bool:
    """Whether the constraint of that name is above 0 in its region, and not only at least 0."""
    return constraint.endswith(STRICT)


@dataclass(frozen=True, eq=False)
class Box:
    """All binary32 arrays between two, element by element, ends included.

    Where the two ends are one code, that code alone is meant, so +0 is not -0; elsewhere both zeros lie between ends on
    either side of them or at them.

    Args:
        lo: float32 array, uint32 codes, or other numbers that binary32 holds exactly.
        hi: likewise, of the same shape, nowhere below lo.

    Raises:
        ValueError: the shapes differ, an end is not a finite binary32 number, or the box is empty; an array holds truth
            values, complex numbers, dates or texts.
    """

    lo: npt.NDArray[np.float32]
    hi: npt.NDArray[np.float32]

    def __post_init__(self) -> None:
        lo, hi = _binary32(self.lo), _binary32(self.hi)
        if lo.shape != hi.shape:
            raise ValueError(f"a box needs ends of one shape, not {lo.shape} and {hi.shape}")
        bad = np.argwhere(~(np.isfinite(lo) & np.isfinite(hi) & (lo <= hi)))
        if len(bad):
            index = tuple(int(i) for i in bad[0])
            raise ValueError(
                f"a box needs finite ends with lo <= hi; at index {index} they are {lo[index]} and {hi[index]}"
            )
        lo.flags.writeable = hi.flags.writeable = False
        object.__setattr__(self, "lo", lo)
        object.__setattr__(self, "hi", hi)

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of its elements."""
        return self.lo.shape

    @property
    def fixed(self) -> Any:
        """Where the two ends are the same code."""
        return self.lo.view(np.uint32) == self.hi.view(np.uint32)

    def contains(self, x: npt.NDArray[np.float32]) -> bool:
        """Whether an array of this shape lies in the box."""
        same = x.view(np.uint32) == self.lo.view(np.uint32)
        return bool(np.where(self.fixed, same, (self.lo <= x) & (x <= self.hi)).all())

    def __str__(self) -> str:
        return f"box of shape {self.shape}, {int((~self.fixed).sum())} elements free"


def _binary32(numbers: Any) -> npt.NDArray[np.float32]:
    """A float32 array of its own; nothing is rounded."""
    array = np.array(numbers)
    if array.dtype == np.uint32:
        return array.view(np.float32)
    if array.dtype.kind in _NO_NUMBERS:
        raise ValueError(f"a box needs real numbers, or uint32 codes, not an array of dtype {array.dtype}")
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        narrow = array.astype(np.float32)
    if not np.array_equal(narrow.astype(np.float64), array.astype(np.float64), equal_nan=True):
        raise ValueError("a box needs binary32 numbers; round its ends yourself, outward, or by .astype(numpy.float32)")
    return narrow


def midpoints(lo: npt.NDArray[np.float32], hi: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Numbers from lo to below hi, lo where they are one: means, geometric where the ends are far apart."""
    a, b = lo.astype(np.float64), hi.astype(np.float64)
    with np.errstate(over="ignore", invalid="ignore"):  # at infinite ends, and below the least number
        apart = (a * b > 0) & (np.maximum(np.abs(a), np.abs(b)) > 4 * np.minimum(np.abs(a), np.abs(b)))
        mean = np.where(apart, np.sign(a) * np.sqrt(np.abs(a) * np.abs(b)), (a + b) / 2).astype(np.float32)
        return np.maximum(np.where(mean >= hi, np.nextafter(hi, np.float32(-np.inf)), mean), lo)
