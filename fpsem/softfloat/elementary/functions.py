"""The elementary functions by their names: each an algorithm of binary64 numbers that gives an Approximation."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from fpsem.softfloat.elementary.acos import acos
from fpsem.softfloat.elementary.acosh import acosh
from fpsem.softfloat.elementary.approximation import Approximation
from fpsem.softfloat.elementary.asin import asin
from fpsem.softfloat.elementary.asinh import asinh
from fpsem.softfloat.elementary.atan import atan
from fpsem.softfloat.elementary.atan2 import atan2
from fpsem.softfloat.elementary.atanh import atanh
from fpsem.softfloat.elementary.cbrt import cbrt
from fpsem.softfloat.elementary.cos import cos
from fpsem.softfloat.elementary.cosh import cosh
from fpsem.softfloat.elementary.erf import erf
from fpsem.softfloat.elementary.erfc import erfc
from fpsem.softfloat.elementary.exp import exp
from fpsem.softfloat.elementary.exp2 import exp2
from fpsem.softfloat.elementary.exp10 import exp10
from fpsem.softfloat.elementary.expm1 import expm1
from fpsem.softfloat.elementary.hypot import hypot
from fpsem.softfloat.elementary.log import log
from fpsem.softfloat.elementary.log1p import log1p
from fpsem.softfloat.elementary.log2 import log2
from fpsem.softfloat.elementary.log10 import log10
from fpsem.softfloat.elementary.logistic import logistic
from fpsem.softfloat.elementary.pow import pow
from fpsem.softfloat.elementary.rsqrt import rsqrt
from fpsem.softfloat.elementary.sin import sin
from fpsem.softfloat.elementary.sinh import sinh
from fpsem.softfloat.elementary.softplus import softplus
from fpsem.softfloat.elementary.tan import tan
from fpsem.softfloat.elementary.tanh import tanh

_ALL = (
    exp, exp2, exp10, expm1, log, log2, log10, log1p, sin, cos, tan, sinh, cosh, tanh, asin, acos, atan, asinh,
    acosh, atanh, erf, erfc, cbrt, rsqrt, logistic, softplus, pow, atan2, hypot,
)  # fmt: skip

FUNCTIONS: Mapping[str, Callable[..., Approximation]] = {f.__name__: f for f in _ALL}
