"""Elementary functions on bits: exp, expm1, log, log1p, sin, cos, tanh, erf, correctly rounded."""
