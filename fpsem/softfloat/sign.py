"""Operations on codes that compute nothing: negate, abs, the neighbours, and the class of a code.

Negate and abs change the sign bit only, of NaNs too, and raise nothing. The neighbours raise invalid for signaling NaNs only.

Source: IEEE 754-2019 clauses 5.3.1 (nextUp, nextDown), 5.5.1 (negate, abs) and 5.7.2 (class).
"""

from __future__ import annotations

from fpsem.core.formats import Format
from fpsem.softfloat.attributes import Attributes
from fpsem.softfloat.special import Result, is_signaling, never, with_nans
from fpsem.softfloat.unpacked import infinity, is_infinite, is_nan, is_zero
from fpsem.softfloat.words.word import Word, select

CLASSES = (
    "signalingNaN", "quietNaN", "negativeInfinity", "negativeNormal", "negativeSubnormal", "negativeZero",
    "positiveZero", "positiveSubnormal", "positiveNormal", "positiveInfinity",
)  # fmt: skip
"""The classes, in the order of the numbers that ``classify`` gives."""


def neg(f: Format, mode: Attributes, a: Word) -> Result:
    """-a."""
    return Result(a ^ f.sign_mask, a & 0)


def absolute(f: Format, mode: Attributes, a: Word) -> Result:
    """|a|."""
    return Result(a & f.magnitude_mask, a & 0)


def next_up(f: Format, mode: Attributes, a: Word) -> Result:
    """The least number above a; of the largest infinity it is itself, or the NaN in a format without infinities."""
    return with_nans(f, mode, (a,), Result(_up(f, a), a & 0), never(a))


def next_down(f: Format, mode: Attributes, a: Word) -> Result:
    """The greatest number below a: the negative of the number above -a."""
    down = _up(f, a ^ f.sign_mask)
    return with_nans(f, mode, (a,), Result(select(is_nan(f, down), down, down ^ f.sign_mask), a & 0), never(a))


def _up(f: Format, a: Word) -> Word:
    code = select((a & f.sign_mask) == 0, a + 1, a - 1)
    code = select(a == f.max_finite, infinity(f, a & 0), code)
    code = select(is_zero(f, a), 1, code)
    return select(is_infinite(f, a) & ((a & f.sign_mask) == 0), a, code)


def classify(f: Format, mode: Attributes, a: Word) -> Result:
    """The place of the code's class in ``CLASSES``."""
    magnitude = a & f.magnitude_mask
    kind = select(magnitude == 0, 0, select(magnitude < f.min_normal, 1, select(magnitude <= f.max_finite, 2, 3)))
    number = select((a & f.sign_mask) == 0, kind + 6, 5 - kind)
    return Result(select(is_nan(f, a), select(is_signaling(f, a), 0, 1), number), a & 0)
