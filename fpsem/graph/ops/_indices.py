"""Concrete integers as indices: checked before use, never counted from the end."""

from __future__ import annotations

import numpy as np

from fpsem.core.errors import PayloadError
from fpsem.core.protocol import Array


def check_range(what: str, integers: Array, count: int, ignored: int | None = None, where: str = "position") -> None:
    """Raises PayloadError that names the first place and value outside 0 .. count - 1 which is not the ignored one."""
    outside = (integers < 0) | (integers >= count)
    if ignored is not None:
        outside &= integers != ignored
    if outside.any():
        place = tuple(int(i) for i in np.argwhere(outside)[0])
        allowed = f"0 .. {count - 1}" + ("" if ignored is None else f" or {ignored}")
        at = place[0] if len(place) == 1 else place
        raise PayloadError(f"{what} {int(integers[place])} at {where} {at} is not one of {allowed}")
