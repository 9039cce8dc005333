"""What a bridge is: a claim and the function that gathers its evidence."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fpsem.core.claim import Claim, Evidence, Status
from fpsem.core.formats import BINARY32

Codes = npt.NDArray[np.uint32]
Part = tuple[str, Codes, Codes, tuple[Codes, ...]]
"""An operation's name, the codes of one side, of the other, and its operands."""


@dataclass(frozen=True)
class Bridge:
    """A claim that can be checked.

    Args:
        claim: the statement.
        check: gathers evidence from about that many cases, drawn from the seed; exhaustive and proved claims ignore both.
    """

    claim: Claim
    check: Callable[[int, int], Evidence]


def agreement(
    parts: Iterator[Part], detail: str = "", status: Status = Status.TESTED
) -> Evidence:
    """Evidence that two arrays of codes agree bit for bit, all NaNs counting as one.

    Args:
        parts: for each operation its name, the codes of one side, of the other, and its operands.
        detail: what else to say.
        status: TESTED, or EXHAUSTIVE where the parts are every case.
    """
    cases, failures = 0, []
    for name, left, right, operands in parts:
        cases += left.size
        differ = (left != right) & ~(_is_nan(left) & _is_nan(right))
        for index in map(tuple, np.argwhere(differ)[:3]):
            shown = ", ".join(f"{int(x[index]):#x}" for x in operands)
            failures.append(f"{name}({shown}): {int(left[index]):#x} against {int(right[index]):#x}")
    return Evidence(status, cases, tuple(failures), detail)


def _is_nan(codes: Codes) -> npt.NDArray[np.bool_]:
    """NaNs of binary32; narrower codes are compared as they are, since their NaNs are canonical."""
    return (
        (codes & BINARY32.magnitude_mask) > BINARY32.overflow_code
        if codes.dtype == np.uint32
        else np.zeros(codes.shape, bool)
    )
