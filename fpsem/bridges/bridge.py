"""What a bridge is: a claim and the function that gathers its evidence."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from fpsem.core.claim import Claim, Evidence, Status
from fpsem.core.formats import BINARY32

Codes = npt.NDArray[np.uint32]
Part = tuple[str, Codes, Codes, tuple[Codes, ...]]
"""An operation's name, the codes of one side, of the other, and its operands."""

_MOST_SHOWN = 3
"""How many failures of an operation are written out."""


@dataclass(frozen=True)
class Bridge:
    """A claim that can be checked.

    Args:
        claim: the statement.
        check: gathers evidence from about that many cases, drawn from the seed; exhaustive and proved claims ignore both.
        seconds: about how long the check takes at the command's own number of cases, on one core. It says which checks come
            first, and which are not begun, where time is short; nothing else rests on it.
    """

    claim: Claim
    check: Callable[[int, int], Evidence]
    seconds: float = 0.5


@dataclass
class Tally:
    """What a check has found so far.

    Args:
        cases: how many cases were run.
        failures: the first ones of each operation, readable.
    """

    cases: int = 0
    failures: list[str] = field(default_factory=list)

    def judge(self, name: str, operands: Sequence[Codes], wrong: Any, tell: Callable[[Any], str]) -> None:
        """Count the cases of an operation, and write the first failures out.

        Args:
            name: the operation.
            operands: arrays of codes, of one shape.
            wrong: an array of that shape: where the statement failed.
            tell: says of an index what was found there.
        """
        self.cases += np.size(wrong)
        for place in map(tuple, np.argwhere(wrong)[:_MOST_SHOWN]):
            at = ", ".join(f"{int(x[place]):#x}" for x in operands)
            self.failures.append(f"{name}({at}): {tell(place)}")

    def evidence(self, detail: str = "", status: Status = Status.TESTED) -> Evidence:
        """The evidence that these cases are."""
        return Evidence(status, self.cases, tuple(self.failures), detail)


def agreement(parts: Iterator[Part], detail: str = "", status: Status = Status.TESTED) -> Evidence:
    """Evidence that two arrays of codes agree bit for bit, all NaNs counting as one.

    Args:
        parts: for each operation its name, the codes of one side, of the other, and its operands.
        detail: what else to say.
        status: TESTED, or EXHAUSTIVE where the parts are every case.
    """
    tally = Tally()
    for name, left, right, operands in parts:
        differ = (left != right) & ~(_is_nan(left) & _is_nan(right))
        tally.judge(name, operands, differ, partial(_difference, left, right))
    return tally.evidence(detail, status)


def _difference(left: Codes, right: Codes, place: Any) -> str:
    return f"{int(left[place]):#x} against {int(right[place]):#x}"


def _is_nan(codes: Codes) -> npt.NDArray[np.bool_]:
    """NaNs of binary32; narrower codes are compared as they are, since their NaNs are canonical."""
    return (
        (codes & BINARY32.magnitude_mask) > BINARY32.overflow_code
        if codes.dtype == np.uint32
        else np.zeros(codes.shape, bool)
    )
