"""Every bridge that is run can fail: a domain that is broken on purpose is found out by its claim."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
import pytest
import sympy

from fpsem.bridges import all_bridges
from fpsem.core.claim import Status
from fpsem.domains.cupy_float32 import CuPyFloat32
from fpsem.domains.error_bound import ErrorBound
from fpsem.domains.ieee32 import IEEE32Exec
from fpsem.domains.interval import Interval
from fpsem.domains.numpy_float32 import LIBRARY_ULPS, NumPyFloat32
from fpsem.domains.real import Real
from fpsem.domains.rounded_real import RoundedReal
from fpsem.domains.symbolic_real import SymbolicReal
from fpsem.softfloat import Arithmetic

BRIDGES = {name: b for name, b in all_bridges().items() if b.claim.evidence not in (Status.PROVED, Status.ASSUMED)}
"""The claims that are run; ``test_bridges`` has what is proved."""

Method = Callable[..., Any]


# -- ways to be wrong ------------------------------------------------------------------------------------------------


def last_bit(honest: Method) -> Method:
    return lambda self, *x: honest(self, *x) ^ np.uint32(1)


def last_bit_of_floats(honest: Method) -> Method:
    return lambda self, *x: (honest(self, *x).view(np.uint32) ^ np.uint32(1)).view(np.float32)


def six_last_bits(honest: Method) -> Method:
    """More than the half ulp that one product costs."""
    return lambda self, *x: honest(self, *x) ^ np.uint32(0x3F)


def last_bit_of_codes(honest: Method) -> Method:
    def bent(self: Arithmetic, function: str, *x: Any, with_flags: bool = False, **options: Any) -> Any:
        made = honest(self, function, *x, with_flags=with_flags, **options)
        return (made[0] ^ 1, made[1]) if with_flags else made ^ 1

    return bent


def one_part_in_a_half_million(honest: Method) -> Method:
    return lambda self, x: honest(self, x) * np.float32(1 + 2**-19)


def one_ulp_of_one(honest: Method) -> Method:
    return lambda self, *x: honest(self, *x) * Fraction(2**23 + 1, 2**23)


def lower_end_inward(honest: Method) -> Method:
    def bent(self: Any, *x: Any) -> Any:
        out = honest(self, *x).copy()
        with np.errstate(over="ignore"):
            moved = np.nextafter(out["lo"], np.inf, dtype=out["lo"].dtype)
        out["lo"] = np.where(np.isfinite(out["lo"]), moved, out["lo"])
        return out

    return bent


def both_ends_away(honest: Method) -> Method:
    def bent(self: Any, *x: Any) -> Any:
        out = honest(self, *x).copy()
        for end in ("lo", "hi"):
            out[end] = out[end] * (1 + 2.0**-40)
        return out

    return bent


def half_of_the_error(honest: Method) -> Method:
    def bent(self: Any, *x: Any) -> Any:
        out = honest(self, *x).copy()
        out["err"] /= 2
        return out

    return bent


def cosine(honest: Method) -> Method:
    return lambda self, x: np.frompyfunc(sympy.cos, 1, 1)(x)


def negated(honest: Method) -> Method:
    return lambda self, *x: -honest(self, *x)


class Fault(NamedTuple):
    """A method of a domain, and what is made of it."""

    owner: type
    method: str
    bend: Callable[[Method], Method]


FAULTS: Mapping[str, Fault] = {
    "softfloat-equals-exact-on-toy8": Fault(Arithmetic, "_call", last_bit_of_codes),
    "ieee32-equals-exact": Fault(IEEE32Exec, "sub", last_bit),
    "ieee32-equals-numpy": Fault(IEEE32Exec, "minimum", last_bit),
    "ieee32-equals-kernels": Fault(CuPyFloat32, "cast", last_bit_of_floats),
    "symbolic-equals-ieee32": Fault(IEEE32Exec, "constant", last_bit),
    "rounded-real-equals-ieee32": Fault(IEEE32Exec, "erf", last_bit),
    "rounded-real-is-real-rounded-once": Fault(RoundedReal, "tanh", one_ulp_of_one),
    "real-lies-in-interval": Fault(Interval, "mul", lower_end_inward),
    "real-graphs-lie-in-interval": Fault(Interval, "mul", lower_end_inward),
    "ieee32-lies-in-interval": Fault(Interval, "div", lower_end_inward),
    "ieee32-graphs-lie-in-interval": Fault(Interval, "mul", lower_end_inward),
    "real-lies-in-error-bound": Fault(ErrorBound, "mul", both_ends_away),
    "real-graphs-lie-in-error-bound": Fault(ErrorBound, "mul", both_ends_away),
    "ieee32-within-error-bound": Fault(ErrorBound, "div", half_of_the_error),
    "ieee32-graphs-within-error-bound": Fault(IEEE32Exec, "mul", six_last_bits),
    "ieee32-graphs-within-error-bound-of-any-order": Fault(IEEE32Exec, "mul", six_last_bits),
    "ieee32-within-bound-of-real": Fault(IEEE32Exec, "mul", six_last_bits),
    "error-bound-meets-interval": Fault(ErrorBound, "add", both_ends_away),
    "symbolic-real-evaluates-to-real": Fault(SymbolicReal, "sin", cosine),
    "symbolic-real-graphs-evaluate-to-real": Fault(SymbolicReal, "sub", negated),
    "ieee32-overrides-are-derived-meanings": Fault(IEEE32Exec, "add", last_bit),
    "numpy-float32-overrides-are-derived-meanings": Fault(NumPyFloat32, "add", last_bit_of_floats),
    "cupy-float32-overrides-are-derived-meanings": Fault(CuPyFloat32, "add", last_bit_of_floats),
    "real-overrides-are-derived-meanings": Fault(Real, "add", negated),
    "error-bound-overrides-are-derived-meanings": Fault(ErrorBound, "add", both_ends_away),
    **{name: Fault(Arithmetic, "_elementary", last_bit_of_codes) for name in BRIDGES if name.endswith("-is-correctly-rounded")},
    **{
        name: Fault(NumPyFloat32, name.split("-")[1], one_part_in_a_half_million)
        for name in BRIDGES
        if name.startswith("numpy-") and name.endswith(f"-within-{LIBRARY_ULPS}-ulps")
    },
}
"""For each claim a fault that breaks it."""


def test_every_claim_that_is_run_has_a_fault() -> None:
    assert FAULTS.keys() == BRIDGES.keys()


@pytest.mark.parametrize("name", FAULTS)
def test_a_broken_domain_breaks_the_claim(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    fault = FAULTS[name]
    monkeypatch.setattr(fault.owner, fault.method, fault.bend(getattr(fault.owner, fault.method)))
    evidence = BRIDGES[name].check(4_000, 1)
    assert not evidence.holds
    assert "FAILED" in str(evidence)
    assert any("(" in failure or " under " in failure for failure in evidence.failures), "it is said at what"
