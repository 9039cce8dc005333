"""The names of the elementary functions of the bit level, those of one argument and those of two.

Source: IEEE 754-2019 table 9.1 for all but erf, erfc, cbrt (C23 7.12) and logistic, softplus (PyTorch's sigmoid and softplus).
"""

UNARY = (
    "exp", "exp2", "exp10", "expm1", "log", "log2", "log10", "log1p", "sin", "cos", "tan", "sinh", "cosh", "tanh",
    "asin", "acos", "atan", "asinh", "acosh", "atanh", "erf", "erfc", "cbrt", "rsqrt", "logistic", "softplus",
)  # fmt: skip

BINARY = ("pow", "atan2", "hypot")

ELEMENTARY = {**dict.fromkeys(UNARY, 1), **dict.fromkeys(BINARY, 2)}
"""How many arguments each takes."""
