"""Random streams with keys: one seed gives the same bits on every machine, for every version of numpy.

A key names a stream of 32-bit words. A draw is a function of the key and of what is asked for, nothing else: it starts at
the first word of the stream, so two draws from one key share their words. Whoever needs independent numbers splits the key.

    key = rand.key(0)
    weight = key.split("0.weight").uniform((32, 64), -0.125, 0.125)
    order = key.split("shuffle").split(epoch).permutation(1000)

A key is a text. ``key(seed)`` is the seed in decimal. The child of a key with the text t is named by a hash of t, a mark
that tells kinds of names apart, and the name: ":" before a string, "#" before an integer. Its text is "x" and the first
16 bytes of that SHA-256 as a little-endian number of 32 hexadecimal digits. Decimals and such texts hold neither mark, so
what is hashed reads back in one way only: two children are the same only if parents and names are, or SHA-256 collides.

The stream is Philox 4x64-10 from the counter 0 with that number as its key (of a seed itself: the hash of its text). Each
64-bit word gives two 32-bit words, the lower first. Whole words w are the only thing taken from numpy; all that is made
of them here uses integers and the operations + - * / and the square root of binary64, which IEEE 754 rounds correctly.

Not here: secrecy (whoever has the key has the stream), and distributions beyond those that starting, dropping out and
shuffling need.

Source: Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3", 2011; Claessen and Palka,
"Splittable pseudorandom number generators using cryptographic hashing", 2013; NEP 19 (raw words of a numpy bit generator
do not change between versions, distributions may); Marsaglia and Bray, "A convenient method for generating normal
variables", 1964.
"""

from __future__ import annotations

import hashlib
import math
import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fpsem.core.errors import FileFormatError, PayloadError

Shape = tuple[int, ...]
Floats = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int64]

_TEXT = re.compile(r"0|-?[1-9][0-9]{0,999}|x[0-9a-f]{32}")
_LN2 = 0.6931471805599453
"""ln 2 rounded to binary64."""

_LOG_TERMS = 12
"""Terms of the series of the inverse hyperbolic tangent; the first left out is below 2**-64 of the sum."""


def key(seed: int) -> Key:
    """The key of a seed: any integer of at most a thousand digits. Raises PayloadError beyond, TypeError for no integer."""
    return Key(str(operator.index(seed)))


@dataclass(frozen=True)
class Key:
    """A stream of random words. Make one by ``key(seed)`` and ``split``, or ``from_json``.

    Args:
        text: a seed in decimal, or "x" and the 32 hexadecimal digits of a Philox key.

    Raises:
        PayloadError: it is neither.
    """

    text: str

    def __post_init__(self) -> None:
        if not isinstance(self.text, str) or not _TEXT.fullmatch(self.text):
            raise PayloadError(f"a key is a decimal seed or x and 32 hexadecimal digits, not {str(self.text)[:80]!r}")

    @property
    def value(self) -> int:
        """The 128-bit key of Philox."""
        return int(self.text[1:], 16) if self.text.startswith("x") else _hash(self.text)

    def split(self, name: str | int) -> Key:
        """The child key of this name. A string and an integer are never the same name."""
        named = f":{name}" if isinstance(name, str) else f"#{operator.index(name)}"
        return Key(f"x{_hash(self.text + named):032x}")

    def to_json(self) -> str:
        """Its text, for a checkpoint."""
        return self.text

    @staticmethod
    def from_json(data: Any) -> Key:
        """The key of that text. Raises FileFormatError for anything else."""
        try:
            return Key(data)
        except PayloadError as error:
            raise FileFormatError(str(error)) from None

    # -- draws ---------------------------------------------------------------------------------------------------

    def words(self, count: int) -> npt.NDArray[np.uint32]:
        """The first ``count`` 32-bit words of the stream."""
        return _halves(self._wide((_count(count) + 1) // 2))[:count]

    def uniform(self, shape: Shape, low: float = 0.0, high: float = 1.0) -> Floats:
        """Numbers of [low, high) in float32: low + (high - low) m 2^-24, where m is the upper 24 bits of a word.

        The formula is worked out in binary64 from left to right and rounded to binary32; with normal low = -high only that
        last rounding does anything. A number that it brings up to ``high`` becomes the largest one below.

        Args:
            shape: the array's shape, filled in C order.
            low: the lower end, rounded to binary32 first.
            high: the upper end, likewise; where it equals low, all numbers are low.

        Raises:
            PayloadError: an end is not finite, or low > high.
        """
        ends = _ends(low, high)
        integers = (self.words(_size(shape)) >> np.uint32(8)).astype(np.float64)
        drawn = (ends[0] + (ends[1] - ends[0]) * integers * 2.0**-24).astype(np.float32)
        largest = np.nextafter(np.float32(ends[1]), np.float32(ends[0]))
        return np.where(drawn >= largest, largest, drawn).reshape(shape)

    def below(self, n: int, count: int) -> Integers:
        """Integers of 0 .. n - 1, each exactly as likely: 64-bit words modulo n, in order of the stream, without those
        beyond the largest multiple of n that 64 bits hold.

        Args:
            n: from 1 to 2^63.
            count: how many.

        Raises:
            PayloadError: n is out of range, or count is negative.
        """
        if not 1 <= n <= 1 << 63:
            raise PayloadError(f"integers are drawn below a number from 1 to 2**63, not below {n}")
        last = np.uint64((1 << 64) // n * n - 1)

        def accept(size: int) -> Integers:
            wide = self._wide(size)
            return (wide[wide <= last] % np.uint64(n)).astype(np.int64)

        return _at_least(_count(count), accept)

    def permutation(self, n: int) -> Integers:
        """The integers 0 .. n - 1 in random order: the order that sorts n 64-bit words, equal words staying in place.

        Every order is as likely but for equal words, which come with probability below n^2 2^-65.
        """
        return np.argsort(self._wide(_count(n)), kind="stable").astype(np.int64)

    def mask(self, shape: Shape, keep: float) -> Floats:
        """Ones and zeros in float32: 1 where a word is below floor(keep 2^32), so with that probability over 2^32, exactly.

        Raises:
            PayloadError: ``keep`` is not within [0, 1].
        """
        if not 0 <= keep <= 1:
            raise PayloadError(f"a mask keeps a fraction from 0 to 1, not {keep}")
        threshold = np.uint64(math.floor(float(keep) * 2.0**32))
        return (self.words(_size(shape)) < threshold).astype(np.float32).reshape(shape)

    def normal(self, shape: Shape) -> Floats:
        """Numbers of the standard normal distribution in float32, the same bits everywhere: the polar method.

        Words w, w' in pairs give u = (2 w + 1) 2^-32 - 1 and v likewise; pairs with s = u^2 + v^2 >= 1 are left out, and
        u f, v f with f = sqrt(-2 ln s / s) are two numbers. All in binary64, ln by a series of its own; then rounded to
        binary32. No number is beyond 9.4.
        """
        count = _size(shape)
        return _at_least(count, lambda size: _polar(self.words(2 * size)).ravel())[:count].reshape(shape)

    def _wide(self, count: int) -> npt.NDArray[np.uint64]:
        return np.random.Philox(counter=0, key=self.value).random_raw(count)


def _hash(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], "little")


def _halves(wide: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint32]:
    """The lower and the upper half of each word in turn."""
    return np.stack([wide & np.uint64(0xFFFFFFFF), wide >> np.uint64(32)], axis=-1).ravel().astype(np.uint32)


def _count(count: int) -> int:
    if count < 0:
        raise PayloadError(f"a draw needs a count of at least 0, not {count}")
    return operator.index(count)


def _size(shape: Shape) -> int:
    if any(size < 0 for size in shape):
        raise PayloadError(f"a draw needs a shape of sizes of at least 0, not {shape}")
    return math.prod(shape)


def _ends(low: float, high: float) -> tuple[float, float]:
    """The two ends, each rounded to binary32; -0 becomes +0, so that no number's sign depends on how ends were written."""
    with np.errstate(over="ignore"):
        ends = float(np.float32(low)) + 0.0, float(np.float32(high)) + 0.0
    if not (math.isfinite(ends[0]) and math.isfinite(ends[1]) and ends[0] <= ends[1]):
        raise PayloadError(f"uniform numbers need finite ends with low <= high, not {low} and {high}")
    return ends


def _at_least(count: int, drawn: Callable[[int], npt.NDArray[Any]]) -> npt.NDArray[Any]:
    """The first ``count`` of what is left of a longer and longer draw, so that the length of the draw does not matter."""
    size = count
    while True:
        found = drawn(size)
        if len(found) >= count:
            return found[:count]
        size += size // 2 + 8


def _polar(words: npt.NDArray[np.uint32]) -> Floats:
    """The pairs of normal numbers that an even number of words gives, of shape (pairs kept, 2)."""
    points = (words.reshape(-1, 2).astype(np.float64) * 2.0 + 1.0) * 2.0**-32 - 1.0
    squared = points[:, 0] * points[:, 0] + points[:, 1] * points[:, 1]
    points, squared = points[squared < 1.0], squared[squared < 1.0]
    factor = np.sqrt(-2.0 * _log(squared) / squared)
    return (points * factor[:, np.newaxis]).astype(np.float32)


def _log(x: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """ln x of positive normal numbers, to a few units in the last place, by operations that IEEE 754 rounds correctly.

    x = 2^e m with m of [1/2 sqrt 2, sqrt 2), and ln m = 2 artanh t with t = (m - 1) / (m + 1), |t| < 0.172.
    """
    m, e = np.frexp(x)
    small = m < 0.7071067811865476
    m, e = np.where(small, 2.0 * m, m), (e - small).astype(np.float64)
    t = (m - 1.0) / (m + 1.0)
    square, series = t * t, np.zeros_like(t)
    for k in reversed(range(_LOG_TERMS)):
        series = series * square + 1.0 / (2 * k + 1)
    return 2.0 * t * series + e * _LN2
