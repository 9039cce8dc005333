"""The status flags: what exceptions were raised since they were last looked at.

Source: IEEE 754-2019 clause 7.1; here they are an object that whoever wants them makes and passes on, not a state of the machine.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fpsem.softfloat.attributes import Flag


class Raised:
    """Flags that only ever get raised, until they are taken."""

    def __init__(self) -> None:
        self.flags = Flag(0)

    def __repr__(self) -> str:
        return "Raised()"

    def raise_flags(self, flags: npt.NDArray[np.uint8]) -> None:
        """Raise what any element raises."""
        self.flags |= Flag(int(np.bitwise_or.reduce(flags, axis=None)))

    def take(self) -> Flag:
        """The flags that are raised; they are lowered."""
        taken, self.flags = self.flags, Flag(0)
        return taken


def names(flags: Flag) -> tuple[str, ...]:
    """The exceptions by the standard's names, in its order."""
    return tuple(name for flag, name in _NAMES.items() if flag in flags)


_NAMES = {
    Flag.INVALID: "invalid operation",
    Flag.DIVIDE_BY_ZERO: "division by zero",
    Flag.OVERFLOW: "overflow",
    Flag.UNDERFLOW: "underflow",
    Flag.INEXACT: "inexact",
}
