"""Regions: the sets of inputs that claims, bounds and questions are about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, eq=False)
class Box:
    """All binary32 arrays between two, element by element, ends included.

    Args:
        lo: float32 array, or numbers that are rounded to it.
        hi: likewise, of the same shape, nowhere below lo.

    Raises:
        ValueError: the shapes differ, an end is not finite, or the box is empty.
    """

    lo: npt.NDArray[np.float32]
    hi: npt.NDArray[np.float32]

    def __post_init__(self) -> None:
        lo, hi = np.array(self.lo, dtype=np.float32), np.array(self.hi, dtype=np.float32)
        if lo.shape != hi.shape:
            raise ValueError(f"a box needs ends of one shape, not {lo.shape} and {hi.shape}")
        bad = np.argwhere(~(np.isfinite(lo) & np.isfinite(hi) & (lo <= hi)))
        if len(bad):
            index = tuple(int(i) for i in bad[0])
            raise ValueError(
                f"a box needs finite ends with lo <= hi; at index {index} they are {lo[index]} and {hi[index]}"
            )
        object.__setattr__(self, "lo", lo)
        object.__setattr__(self, "hi", hi)

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of its elements."""
        return self.lo.shape

    @property
    def fixed(self) -> Any:
        """Where the two ends are the same number (and the same zero)."""
        return self.lo.view(np.uint32) == self.hi.view(np.uint32)

    def __str__(self) -> str:
        return f"box of shape {self.shape}, {int((~self.fixed).sum())} elements free"
