"""Arrays of codes and arrays of exact numbers, each from the other; and codes on the number line.

Source: IEEE 754-2019 clause 3.4: the codes of one sign are in the order of their magnitudes.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import numpy.typing as npt

from fpsem.core.errors import UndefinedError
from fpsem.core.exact import round_to_bits
from fpsem.core.formats import BINARY32, Format
from fpsem.core.protocol import Array
from fpsem.core.rounding import Rounding


def decode_array(codes: Array, f: Format = BINARY32) -> Array:
    """The numbers that finite codes stand for, as an object array of Fractions.

    Raises:
        UndefinedError: a code is infinite or NaN; the message gives its index.
    """
    wide = codes.astype(np.uint64) & np.uint64(f.magnitude_mask)
    bad = np.argwhere(wide > np.uint64(f.max_finite))
    if len(bad):
        index = tuple(int(i) for i in bad[0])
        what = "NaN" if f.is_nan(int(codes[index])) else "infinite"
        raise UndefinedError(f"element {list(index)} is {what} ({int(codes[index]):#x}): this domain needs a number")
    out = np.empty(codes.shape, dtype=object)
    for index, code in np.ndenumerate(codes):
        out[index] = f.decode(int(code))
    return out


def encode_array(values: Array, f: Format = BINARY32, direction: Rounding = Rounding.NEAREST_EVEN) -> Array:
    """Exact numbers rounded to codes."""
    out = np.empty(values.shape, dtype=f.dtype)
    for index, value in np.ndenumerate(values):
        out[index] = round_to_bits(Fraction(value), f, direction)
    return out


def places(codes: Array, f: Format = BINARY32) -> npt.NDArray[np.int64]:
    """The place of each code: +0 has 0, -0 has -1, and the next number up the next place. NaNs lie beyond the infinities."""
    magnitude = (codes & f.magnitude_mask).astype(np.int64)
    return np.asarray(np.where(codes & f.sign_mask, -1 - magnitude, magnitude))


def codes_at(line: npt.NDArray[np.int64], f: Format = BINARY32) -> Array:
    """The code at each place."""
    return np.where(line < 0, (-1 - line) | f.sign_mask, line).astype(f.dtype)


def ulp_distance(a: Array, b: Array) -> npt.NDArray[np.int64]:
    """How many binary32 numbers lie between two codes, element by element: 0 for equal numbers (both zeros, any two NaNs),
    and 2**32 where only one is a NaN."""
    left, right = ordinals(a), ordinals(b)
    return np.asarray(np.minimum(np.abs(left - right), 1 << BINARY32.width))


def ordinals(codes: Array) -> npt.NDArray[np.int64]:
    """How many ulps each code of binary32 is from zero, negative below it; both zeros are 0, a NaN is far beyond all."""
    magnitude = (codes & BINARY32.magnitude_mask).astype(np.int64)
    placed = np.where(codes & BINARY32.sign_mask, -magnitude, magnitude)
    return np.where(magnitude > BINARY32.overflow_code, 1 << 40, placed)
