"""Knuth's 2Sum: where s = a + b is finite and a is not the largest finite number, six operations find a + b - s exactly.

    s = a + b    a' = s - b    b' = s - a'    da = a - a'    db = b - b'    error = da + db        each rounded to nearest even

For every such pair of operands, subnormal ones too, proved in parts, of which a solver is asked one at a time. "b'", "da" and
"db": these three differences are exact, so da + db is ``a - a' + b - s + a'``, which is a + b - s. "s - x" and "y - (s - x)": x
being the operand of greater magnitude and y the other, both differences are exact too (that is Fast2Sum), so a + b - s is a
number of the format. The last addition, which rounds a number of the format, then gives it.

"in a wider sort" says the whole at once of a small format: ``s + error`` is ``a + b`` in a sort that holds both. In formats of 8
bits z3 was not done with that in 40 seconds.

Where s is finite and a is the largest number, of either sign, a' may overflow. "overflow" is a witness of that.

Source: Knuth, "The Art of Computer Programming", vol. 2, section 4.2.2; Boldo, Graillat and Muller, "On the Robustness of the
2Sum and Fast2Sum Algorithms", 2017.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
import z3

from fpsem.core.formats import format_named
from fpsem.smt.exact import WIDER
from fpsem.smt.theorem import NEAREST, Run, Theorem, Witness, as_number, code_symbols, differ_exactly, is_finite, planned
from fpsem.softfloat.arithmetic import arithmetic

SUMS = WIDER["toy6"]
"""Holds every sum of two numbers of toy6, and of a number and its error."""


def _two_sum(of: Any, a: Any, b: Any) -> tuple[Any, Any]:
    s = of.add(a, b)
    a_part = of.sub(s, b)
    b_part = of.sub(s, a_part)
    return s, of.add(of.sub(a, a_part), of.sub(b, b_part))


def _part(case: str, a: Any, b: Any) -> Any:
    """That a part of the proof is wrong for a and b."""
    s = NEAREST.add(a, b)
    a_part = NEAREST.sub(s, b)
    differences = {
        "b'": (s, a_part),
        "da": (a, a_part),
        "db": (b, NEAREST.sub(s, a_part)),
        "s - x": (s, a),
        "y - (s - x)": (b, NEAREST.sub(s, a)),
    }
    greater = [z3.fpLEQ(z3.fpAbs(b), z3.fpAbs(a))] if case in FAST_TWO_SUM else []
    return z3.And(*greater, z3.Not(differ_exactly(*differences[case])))


def _negation(name: str, case: str, two_sum: Any = _two_sum) -> Any:
    """Case: a part, or "in a wider sort". Another algorithm for the latter is for seeing it fail."""
    f = format_named(name)
    a, b = (as_number(f, code) for code in code_symbols(f, 2))
    finite = is_finite(a, b, NEAREST.add(a, b))
    largest = as_number(f, z3.BitVecVal(f.max_finite, f.width))
    below = z3.fpLT(z3.fpAbs(a), largest)
    if case in FAST_TWO_SUM:
        return z3.And(finite, _part(case, a, b))
    if case in PARTS:
        return z3.And(finite, below, _part(case, a, b))
    s, error, *operands = (z3.fpToFP(z3.RNE(), x, SUMS) for x in (*two_sum(NEAREST, a, b), a, b))
    return z3.And(finite, below, z3.Not(z3.fpEQ(NEAREST.add(s, error), NEAREST.add(*operands))))


def _overflow(name: str) -> Any:
    """a is the largest number and s is finite, but a' is not."""
    f = format_named(name)
    code, other = code_symbols(f, 2)
    b = as_number(f, other)
    s = NEAREST.add(as_number(f, z3.BitVecVal(f.max_finite, f.width)), b)
    return z3.And(code == f.max_finite, is_finite(b, s), z3.Not(is_finite(NEAREST.sub(s, b))))


def _overflows(name: str, found: Mapping[str, int]) -> bool:
    """Whether softfloat's 2Sum gives a finite s there, and an error that is not."""
    f = format_named(name)
    a, b = found["x0"], found["x1"]
    s, error = _two_sum(arithmetic(f, "integer"), *(np.array(code, f.dtype) for code in (a, b)))
    return a == f.max_finite and f.is_finite(b) and f.is_finite(int(s)) and not f.is_finite(int(error))


FAST_TWO_SUM = ("s - x", "y - (s - x)")
PARTS = ("b'", "da", "db", *FAST_TWO_SUM)
PLAN = (
    Run("toy6", cases=("in a wider sort",)),
    Run("toy6", cases=PARTS),
    Run("bfloat16", fast=False, cases=PARTS),
    Run("binary16", fast=False, cases=PARTS),
    Run("binary32", fast=False, cases=PARTS),
    Run("toy6", "bitwuzla", fast=False, cases=("in a wider sort",)),
    Run("binary32", "bitwuzla", fast=False, cases=PARTS),
    Run("binary64", "bitwuzla", fast=False, cases=PARTS),
)
OVERFLOWS = tuple(
    Witness(f"{name} overflow (z3)", partial(_overflow, name), replay=partial(_overflows, name))
    for name in ("toy6", "binary16", "binary32")
)

THEOREM = Theorem(
    "a + b equals fp.add(a, b) plus the error that 2Sum finds, exactly, if that is finite and a is not the largest number",
    planned(PLAN, _negation) + OVERFLOWS,
)
