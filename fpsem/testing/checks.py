"""Checks of values: each primitive, embedding, reading, cast and predicate against the exact result.

Source: the docstrings of ``fpsem.core.protocol``; a check's name is the first column of the report.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from fpsem.core.errors import UnableError, UndefinedError, UnsupportedError
from fpsem.core.exact import pi_bracket
from fpsem.core.formats import BINARY32, FORMATS
from fpsem.core.protocol import ARITHMETIC, COMPARISONS, ELEMENTARY, Contract, Kind, exact_array
from fpsem.core.schedule import Schedule
from fpsem.testing.bench import Bench
from fpsem.testing.expected import comparison
from fpsem.testing.judging import rows, show_code
from fpsem.testing.operands import Codes, is_finite

_NUMBERS: Sequence[int | Fraction] = (
    *(0, 1, -1, 7, 2**24 + 1, -(2**24) - 3, 2**127),
    *(Fraction(1, 3), Fraction(-22, 7), Fraction(1, 2**149), Fraction(-3, 2**150), Fraction(10**9 + 7, 3 * 10**30)),
    *(1 + Fraction(1, 2**24), 1 + Fraction(3, 2**24), 2**128 - Fraction(2**103), -Fraction(2**200)),
    Fraction(1, 2**151),
)
"""Numbers to embed: representable, ties, subnormal, and beyond binary32's range at both ends."""

PREDICATES: Mapping[str, Callable[[int], bool]] = {"is_nan": BINARY32.is_nan, "is_finite": BINARY32.is_finite}
"""The predicates, as functions of a code."""


# -- primitives ----------------------------------------------------------------------------------------------------

_PI_BITS = 1000
"""Bits of pi that stand for pi itself: more than any enclosure here resolves."""


def check_arithmetic(bench: Bench) -> None:
    """Every arithmetic primitive gives the exact result under the domain's own rounding."""
    for name, arity in ARITHMETIC.items():
        operands = bench.columns(name, arity)
        bench.judge_rows("value", name, bench.primitive(name), operands, bench.judge.expect(name, operands))


def check_elementary(bench: Bench) -> None:
    """Every elementary primitive is as near the real value as the contract says, or says that it is unsupported."""
    ulps = bench.domain.contract.elementary_ulps
    for name in ELEMENTARY:
        if ulps is None:
            _refuses(bench, "unsupported", name, bench.primitive(name), UnsupportedError)
            continue
        codes = bench.columns(name, 1)[0]
        ordinary = is_finite(codes) & (codes & np.uint32(BINARY32.magnitude_mask) != 0)
        for part, slack in ((codes[~ordinary], 0), (codes[ordinary], ulps)):  # no slack at zeros and infinities
            wants = bench.judge.expect(name, (part,))
            bench.judge_rows("value", name, bench.primitive(name), (part,), wants, slack)


def check_comparisons(bench: Bench) -> None:
    """Every comparison's truth chooses between 1 and 0 as the exact order does."""
    for name in COMPARISONS:
        operands = bench.columns(name, 2)
        wants = [bench.exactly(comparison(name, row)) for row in rows(operands)]
        bench.judge_rows("truth", name, bench.primitive(name), operands, wants)


def check_predicates(bench: Bench) -> None:
    """is_nan and is_finite say what the code says."""
    codes = bench.columns("is_nan", 1)
    for name, holds in PREDICATES.items():
        wants = [bench.exactly(holds(code)) for (code,) in rows(codes)]
        bench.judge_rows("truth", name, bench.predicate(name), codes, wants)


def check_cast(bench: Bench) -> None:
    """A cast rounds to the narrower format's grid; in an exact domain it keeps the number."""
    codes = bench.columns("cast", 1)
    for name in bench.formats:
        wants = [bench.judge.cast(code, FORMATS[name]) for (code,) in rows(codes)]
        bench.judge_rows("cast", name, lambda x, name=name: bench.domain.cast(x, name), codes, wants)


# -- embed and read ------------------------------------------------------------------------------------------------


def check_constant(bench: Bench) -> None:
    """``constant(x)`` is x under the domain's own rounding."""
    for value in _NUMBERS:
        got = bench.outcomes(lambda _, value=value: bench.domain.constant(exact_array([value])), (_codes(0),))[0]
        want = bench.exactly(value)
        _record(bench, "embed", "constant", f"{value}", bench.meets(got, want), got, bench.judge.show(want))


def check_pi(bench: Bench) -> None:
    """``pi()`` is pi under the domain's own rounding."""
    value = pi_bracket(_PI_BITS)[0]
    got = bench.outcomes(lambda _: bench.domain.pi().reshape(1), (_codes(0),))[0]
    _record(bench, "embed", "pi", "pi", bench.meets(got, bench.exactly(value)), got, "pi")


def check_readings(bench: Bench) -> None:
    """Codes embed exactly, and read back as bits, as doubles and as enclosures."""
    codes = bench.columns("to_bits", 1)[0]
    finite = codes[is_finite(codes)]
    bits = _attempt(lambda: _bits(bench, codes), len(codes))
    if bench.domain.contract.kind is Kind.ENCLOSES and isinstance(bits[0], UnableError):
        bench.recorder.skipped.append(f"to_bits: {bits[0]}")  # an enclosure need not stand for one code
        bits = []
    for code, got in zip(codes.tolist(), bits):
        passed = not isinstance(got, Exception) and _same_bits(bench, got, code)
        _record(bench, "round trip", "to_bits", show_code(code), passed, got, show_code(code))
    for code, got in zip(finite.tolist(), _attempt(lambda: _doubles(bench, finite), len(finite))):
        near = not isinstance(got, Exception) and abs(got - _value(code)) <= math.ulp(_value(code))
        _record(bench, "round trip", "to_float", show_code(code), near, got, _value(code))
    for code, got in zip(finite.tolist(), _attempt(lambda: _enclosures(bench, finite), len(finite))):
        want = BINARY32.decode(code)
        _record(bench, "round trip", "enclosure", show_code(code), got == (want, want), got, want)


def check_special_readings(bench: Bench) -> None:
    """Infinities and NaN have no enclosure, and do not embed in a domain of real numbers."""
    for code in (BINARY32.overflow_code, BINARY32.overflow_code | BINARY32.sign_mask, BINARY32.nan):
        if bench.judge.special:
            _refuses(bench, "special", "enclosure", bench.domain.enclosure, UndefinedError, code)
        else:
            read = bench.domain.from_bits
            _refuses(bench, "special", "from_bits", lambda _, read=read, code=code: read(_codes(code)), UndefinedError)


def check_identity(bench: Bench) -> None:
    """The domain says who it is, and does not ask to be refined where its outputs are exact."""
    domain = bench.domain
    for member, passed in {
        "name": isinstance(domain.name, str) and bool(domain.name),
        "contract": isinstance(domain.contract, Contract),
        "schedule": isinstance(domain.schedule, Schedule),
        "overrides": isinstance(domain.overrides, Mapping),
        "refine": domain.refine([bench.numbers(1, (2,))]) is None,
    }.items():
        bench.recorder.case("identity", member, passed, f"unexpected {getattr(domain, member)!r}")


# -- helpers -------------------------------------------------------------------------------------------------------


def _codes(*codes: int) -> Codes:
    return np.array(codes, np.uint32)


def _value(code: int) -> float:
    return float(BINARY32.decode(code))


def _bits(bench: Bench, codes: Codes) -> list[Any]:
    bits = bench.domain.to_bits(bench.domain.from_bits(codes))
    if bits.dtype != np.uint32 or bits.shape != codes.shape:
        raise TypeError(f"to_bits gave {bits.dtype} of shape {bits.shape}, expected uint32 of shape {codes.shape}")
    return list(bits.tolist())


def _doubles(bench: Bench, codes: Codes) -> list[Any]:
    doubles = bench.domain.to_float(bench.domain.from_bits(codes))
    if doubles.dtype != np.float64 or doubles.shape != codes.shape:
        raise TypeError(f"to_float gave {doubles.dtype} of shape {doubles.shape}, expected float64")
    return list(doubles.tolist())


def _enclosures(bench: Bench, codes: Codes) -> list[Any]:
    low, high = bench.domain.enclosure(bench.domain.from_bits(codes))
    return list(zip(low.tolist(), high.tolist(), strict=True))


def _same_bits(bench: Bench, got: int, code: int) -> bool:
    is_zero = not code & BINARY32.magnitude_mask
    both_zero = is_zero and not got & BINARY32.magnitude_mask
    return got == code or (BINARY32.is_nan(got) and BINARY32.is_nan(code)) or (both_zero and not bench.judge.special)


def _attempt(read: Callable[[], list[Any]], count: int) -> list[Any]:
    """What was read, or the exception in the place of every reading."""
    try:
        return read()
    except Exception as error:  # any error of the domain is a finding of the suite
        return [error] * count


def _refuses(bench: Bench, check: str, name: str, compute: Callable[..., Any], error: type[Exception], code: int = 0) -> None:
    got = _attempt(lambda: [compute(*bench.embed((_codes(code),)))], 1)[0]
    _record(bench, check, name, show_code(code), isinstance(got, error), got, error.__name__)


def _record(bench: Bench, check: str, name: str, operand: str, passed: bool, got: Any, want: Any) -> None:
    description = "" if passed else f"({operand}) gave {bench.judge.show(got)}, expected {want}"
    bench.recorder.case(check, name, passed, description)
