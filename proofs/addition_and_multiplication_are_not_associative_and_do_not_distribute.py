"""Laws of the real numbers that fail of floats, each with a witness whose results are finite.

The sides are computed to nearest even; a solver finds operands, and softfloat runs both sides on them before they count. So the
order of a sum, the order of a product, and taking a common factor out of a sum are choices that change the result.
"""

from typing import Any

from fpsem.smt.theorem import Run, Theorem, witnesses

Sides = tuple[Any, Any]


def _sum(of: Any, x: Any, y: Any, z: Any) -> Sides:
    return of.add(of.add(x, y), z), of.add(x, of.add(y, z))


def _product(of: Any, x: Any, y: Any, z: Any) -> Sides:
    return of.mul(of.mul(x, y), z), of.mul(x, of.mul(y, z))


def _distributed(of: Any, x: Any, y: Any, z: Any) -> Sides:
    return of.mul(x, of.add(y, z)), of.add(of.mul(x, y), of.mul(x, z))


LAWS = {
    "addition is not associative": _sum,
    "multiplication is not associative": _product,
    "multiplication does not distribute over addition": _distributed,
}
PLAN = (
    Run("toy6", cases=tuple(LAWS)),
    Run("bfloat16", cases=tuple(LAWS)),
    Run("binary16", cases=tuple(LAWS)),
    Run("binary32", cases=tuple(LAWS)),
)

THEOREM = Theorem(
    "not always fp.add(fp.add(x, y), z) equals fp.add(x, fp.add(y, z)), nor so with fp.mul, which does not distribute",
    witnesses(PLAN, LAWS, lambda f: (None, None, None)),
)
