"""The reference: brackets, and values to some 60 bits, of a function of one argument on a run of codes.

The codes are of one sign and exponent. Their values come from Taylor polynomials (``pieces``), from exact reduction where
arguments of sin, cos and tan are large (``trigonometric``), or from a limit far out; their brackets from the values, from
lemmas where no value would tell (``lemmas``), and from a table of special arguments (``specials``). Nothing of the
implementation takes part, and the judge (Ziv's loop over Arb) only where all this does not decide.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from fpsem.bridges.sweep import lemmas, trigonometric
from fpsem.bridges.sweep.brackets import UNDECIDED, Codes, Doubles, States, bracket, rounded
from fpsem.bridges.sweep.pieces import BINADE, Piece, evaluate, pieces
from fpsem.bridges.sweep.specials import DOMAIN, set_specials
from fpsem.core.errors import UnableError
from fpsem.core.formats import BINARY32
from fpsem.core.rounding import Rounding
from fpsem.softfloat.attributes import Attributes

CHUNK = 1 << 17
"""How many codes are done at a time: what they need fits a processor's cache."""

_MOST_PENDING = CHUNK // 8
"""More undecided arguments than this in a chunk would mean that the reference is broken."""


@dataclass(frozen=True, eq=False)
class Reference:
    """What is known of a function's values at some codes.

    Args:
        name: the function.
        codes: the arguments.
        code, state: the brackets.
        hi, lo, error: the value is within error of hi + lo; meaningless where the state is SPECIAL; NaN or an infinite error
            where nothing is known.
    """

    name: str
    codes: Codes
    code: Codes
    state: States
    hi: Doubles
    lo: Doubles
    error: Doubles

    @property
    def pending(self) -> npt.NDArray[np.intp]:
        """Where the judge is asked."""
        return np.flatnonzero(self.state == UNDECIDED)

    def results(self, direction: Rounding) -> tuple[Codes, npt.NDArray[np.uint8]]:
        """Correctly rounded results and their flags."""
        codes, flags = rounded(self.code, self.state, direction)
        where = self.pending
        if where.size:
            codes[where], flags[where] = judged(self.name, self.codes[where], direction)
        return codes, flags


def judged(name: str, codes: Codes, direction: Rounding) -> tuple[Codes, npt.NDArray[np.uint8]]:
    """The judge's results and flags, each argument by itself."""
    from fpsem.softfloat.elementary.ziv import elementary_results

    made = elementary_results(name, [codes], BINARY32, Attributes(rounding=direction))
    return np.asarray(made[0], np.uint32), np.asarray(made[1], np.uint8)


def runs(start: int, stop: int, size: int = CHUNK) -> Iterator[tuple[int, int]]:
    """The codes from start to stop, cut at multiples of a power of two."""
    while start < stop:
        end = min((start // size + 1) * size, stop)
        yield start, end
        start = end


def reference(name: str, start: int, stop: int) -> Reference:
    """The reference on a run of codes.

    Args:
        name: one of ``names.UNARY``.
        start: the first code.
        stop: the one after the last; all are of one sign and exponent.

    Raises:
        UnableError: a lemma does not hold, or hardly anything is decided.
    """
    codes = np.arange(start, stop, dtype=np.uint32)
    size = codes.size
    found = Reference(
        name, codes, np.zeros(size, np.uint32), np.full(size, UNDECIDED, np.uint8),
        np.full(size, np.nan), np.zeros(size), np.full(size, np.inf),
    )  # fmt: skip
    negative, exponent = start >= BINARY32.sign_mask, _exponent(start)
    if exponent < BINARY32.bias + 1 and _is_defined(name, start):
        _set_values(found, negative, exponent)
        bracket(found.hi, found.lo, found.error, found.code, found.state)
        _set_by_lemmas(found, negative, exponent)
    set_specials(name, codes, found.code, found.state)
    if found.pending.size > max(_MOST_PENDING, 64):
        raise UnableError(f"{name}: the reference decides too few of the codes from {start:#x} to {stop:#x}")
    return found


def _set_values(found: Reference, negative: bool, exponent: int) -> None:
    name, codes = found.name, found.codes
    far = lemmas.far_out(name, negative)
    if far is not None and exponent >= far.values_exponent:
        lemmas.set_far_values(name, negative, codes, found.hi, found.lo, found.error)
    elif name in trigonometric.FUNCTIONS and exponent >= trigonometric.LARGE:
        trigonometric.evaluate(name, codes, found.hi, found.lo, found.error)
    else:
        sign = BINARY32.sign_mask if negative else 0
        first, last = int(codes[0]) - sign, int(codes[-1]) - sign
        for piece in _pieces(name, negative, first // BINADE):
            start, stop = max(piece.start, first), min(piece.stop, last + 1)
            if start < stop:
                here = slice(start - first, stop - first)
                evaluate(piece, start, found.hi[here], found.lo[here], found.error[here])


def _set_by_lemmas(found: Reference, negative: bool, exponent: int) -> None:
    near, far = lemmas.near_zero(found.name), lemmas.far_out(found.name, negative)
    if near is not None and exponent < near.exponent:
        lemmas.set_near_zero(near, found.codes, found.code, found.state)
    if far is not None and exponent >= far.exponent:
        lemmas.set_far_out(far, found.codes, found.code, found.state)


@lru_cache(maxsize=4)
def _pieces(name: str, negative: bool, binade: int) -> tuple[Piece, ...]:
    start = max(binade * BINADE, 1)
    return tuple(pieces(name, negative, start, (binade + 1) * BINADE))


def _exponent(code: int) -> int:
    """The exponent of a run's numbers; of subnormal ones, and of what is no number, that of their neighbours."""
    return ((code & BINARY32.magnitude_mask) >> BINARY32.fraction_bits) - BINARY32.bias


def _is_defined(name: str, code: int) -> bool:
    """Whether the function is defined between the numbers of this one's exponent; their ends are 0, -1, 1 or infinite."""
    low, high = DOMAIN.get(name, (-np.inf, np.inf))
    inner = np.uint32(code | BINARY32.implicit_bit >> 1).view(np.float32)
    return bool(low < inner < high)
