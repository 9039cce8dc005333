"""How far a compensated sum may be off: the a priori bounds of Sum2 and Dot2, in doubles rounded outward.

With u the unit roundoff and g = n u / (1 - n u): the errors q_i of the additions satisfy sum |q_i| <= g sum |x_i|, and adding
them errs by g times that at most; the last addition rounds once. So the computed sum is within
``u |sum x_i| + (1 + u) g**2 sum |x_i|``. With products, what they are rounded by (u times each, and below the least normal number
half of the least one, for the product and for its error) joins the second sum, itself in error by no more than the least number.

Guaranteed where nothing overflows, in rounding to nearest; infinite elsewhere.

Source: Ogita, Rump and Oishi, "Accurate sum and dot product", SIAM J. Sci. Comput. 26, 2005, propositions 4.5 and 5.5.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from fpsem.core.formats import Format
from fpsem.core.protocol import Array
from fpsem.domains import _outward as outward


def upper_sum(parts: Array) -> Any:
    """At least the sum along the first axis of numbers that are not negative."""
    total = parts[0]
    for part in parts[1:]:
        total = outward.up(total + part)
    return total


def compensated_error(magnitudes: Array, total: Any, f: Format, products: bool) -> Any:
    """At least the distance of the computed sum from the exact one.

    Args:
        magnitudes: (n, ...) at least the sizes of what is added; of the exact products, where there are products.
        total: at least the size of the exact sum.
        f: the format that sums are held in.
        products: whether the errors of products are added too.
    """
    n, unit, least = len(magnitudes) + 2, 2.0**-f.precision, float(f.decode(1))
    if n * unit > 0.5:
        return np.full(np.shape(total), np.inf)
    gamma = outward.up(n * unit / outward.down(1.0 - n * unit))
    sizes = upper_sum(magnitudes)
    underflow = outward.up(n * least) if products else 0.0
    carried = outward.up(gamma * sizes)
    if products:
        sizes = outward.up(outward.up(sizes * (1 + 2 * unit)) + underflow)
        carried = outward.up(outward.up(outward.up(gamma * sizes) + outward.up(unit * sizes)) + underflow)
    wrong = outward.up(outward.up(gamma * carried) + underflow)
    last = outward.up(unit * outward.up(total + wrong))
    safe = 8 * sizes <= float(f.decode(f.max_finite))
    return np.where(safe, outward.up(wrong + last), np.inf)
