"""Flags stay raised until they are taken."""

from __future__ import annotations

import numpy as np

from fpsem.softfloat import Flag, Raised
from fpsem.softfloat.raised import names


def test_flags_stay_raised_until_they_are_taken() -> None:
    raised = Raised()
    raised.raise_flags(np.array([[1, 0], [0, 16]], np.uint8))
    raised.raise_flags(np.array(0, np.uint8))
    assert raised.take() == Flag.INEXACT | Flag.INVALID
    assert raised.take() == Flag(0)


def test_they_are_named_as_the_standard_does_in_its_order() -> None:
    assert names(Flag(31)) == ("invalid operation", "division by zero", "overflow", "underflow", "inexact")
    assert names(Flag(0)) == ()
