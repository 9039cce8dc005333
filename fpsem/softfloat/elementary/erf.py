"""erf: ``_error_function.central`` up to 1, beyond it 1 - ``tail``, where the tail, below 0.16, brings in less than a fifth of
its error: below 4 BOUND throughout.

|x| is cut to 4.2, where erf is 1 - 2**-28.3, below 1 by less than half an ulp, as all beyond it are.

Source: C23 7.12.8.1; NIST Digital Library of Mathematical Functions, chapter 7.
"""

from __future__ import annotations

from fpsem.softfloat.elementary._error_function import central, tail
from fpsem.softfloat.elementary.approximation import BOUND, INFINITY, Approximation
from fpsem.softfloat.words.double import Double, choose, clamp


def erf(x: Double) -> Approximation:
    """The error function; zeros stay, 1 and -1 at the infinities."""
    size = clamp(abs(x), 0.0, 4.2)
    near = choose(size < 1.0, central(size), 1.0 - tail(clamp(size, 1.0, 4.2)))
    whole = Approximation(near, 4 * BOUND).odd(x).where(x == 0.0, x)
    return whole.where(abs(x) == INFINITY, choose(x < 0.0, -1.0, 1.0))
