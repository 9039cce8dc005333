"""Rounding-direction attributes, each with the inequality that defines it.

Write ``lo <= x <= hi`` for the two neighbours of a real x in a format of unbounded exponent (``lo == hi == x`` when x
is representable). A direction chooses one of them.

Source: IEEE 754-2019 clause 4.3; to_odd: Boldo and Melquiond, "Emulation of FMA and correctly rounded sums", 2008.
"""

from __future__ import annotations

from enum import Enum

from fpsem.core.errors import UnknownNameError


class Rounding(Enum):
    """A rounding-direction attribute; the value is the name that the public interface takes."""

    NEAREST_EVEN = "nearest_even"
    """The nearer neighbour; of two equally near ones, the one with an even significand."""
    NEAREST_AWAY = "nearest_away"
    """The nearer neighbour; of two equally near ones, the larger in magnitude."""
    TOWARD_ZERO = "toward_zero"
    """The neighbour r with ``|r| <= |x|``."""
    UPWARD = "upward"
    """The neighbour r with ``r >= x``."""
    DOWNWARD = "downward"
    """The neighbour r with ``r <= x``."""
    TO_ODD = "to_odd"
    """x itself when representable, else the neighbour with an odd significand."""

    def rounds_away(self, negative: bool, odd: bool, remainder: int, half: int) -> bool:
        """Whether a magnitude ``q + remainder / (2 * half)`` goes to ``q + 1`` rather than q.

        Args:
            negative: the sign of the number.
            odd: whether q is odd.
            remainder: what was cut off, ``0 <= remainder < 2 * half``.
            half: half a unit of q.
        """
        match self:
            case Rounding.NEAREST_EVEN:
                return remainder > half or (remainder == half and odd)
            case Rounding.NEAREST_AWAY:
                return remainder >= half
            case Rounding.TOWARD_ZERO:
                return False
            case Rounding.UPWARD:
                return remainder > 0 and not negative
            case Rounding.DOWNWARD:
                return remainder > 0 and negative
            case Rounding.TO_ODD:
                return remainder > 0 and not odd

    def overflows_to_infinity(self, negative: bool) -> bool:
        """Whether a magnitude beyond the largest finite number becomes infinite (IEEE 754-2019 clause 7.4)."""
        match self:
            case Rounding.NEAREST_EVEN | Rounding.NEAREST_AWAY:
                return True
            case Rounding.TOWARD_ZERO | Rounding.TO_ODD:
                return False
            case Rounding.UPWARD:
                return not negative
            case Rounding.DOWNWARD:
                return negative


def rounding_named(name: str | Rounding) -> Rounding:
    """Look a direction up; a Rounding passes through. Raises UnknownNameError that lists the names there are."""
    if isinstance(name, Rounding):
        return name
    names = {direction.value: direction for direction in Rounding}
    if name not in names:
        raise UnknownNameError("rounding direction", name, names)
    return names[name]
