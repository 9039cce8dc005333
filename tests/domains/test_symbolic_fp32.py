"""SymbolicFP32 beyond its contract: terms stay terms until they are closed, and what SMT-LIB lacks is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import z3
from hypothesis import example, given

from fpsem.core.errors import UnableError, UnknownNameError, UnsupportedError
from fpsem.core.formats import BINARY32
from fpsem.core.protocol import ELEMENTARY, exact_array
from fpsem.core.rounding import Rounding
from fpsem.domains.ieee32 import IEEE32Exec
from fpsem.domains.symbolic_fp32 import SymbolicFP32
from fpsem.graph.denote import run
from fpsem.graph.trace import trace
from fpsem.testing import binary32_codes

TERMS = SymbolicFP32()
SMTLIB = [direction for direction in Rounding if direction is not Rounding.TO_ODD]


def bits(*codes: int) -> Any:
    return np.array(codes, np.uint32)


def test_to_odd_is_no_direction_of_smtlib() -> None:
    with pytest.raises(UnknownNameError, match=r"SMT-LIB rounding direction 'to_odd'.*nearest_away"):
        SymbolicFP32(rounding="to_odd")
    with pytest.raises(UnknownNameError, match="rounding direction 'odd'"):
        SymbolicFP32(rounding="odd")


@pytest.mark.parametrize("name", ELEMENTARY)
def test_elementary_functions_are_refused_with_domains_that_have_them(name: str) -> None:
    with pytest.raises(UnsupportedError, match=f"SMT-LIB has no {name}; use the domains real, ieee32"):
        getattr(TERMS, name)(TERMS.from_bits(bits(0)))


def test_a_variable_has_no_bits() -> None:
    x = TERMS.symbols("x", (2, 1))
    assert [str(term) for term in x.ravel()] == ["|x[0,0]|", "|x[1,0]|"]
    assert str(TERMS.symbols("x", ())[()]) == "x"
    for read in (TERMS.to_bits, TERMS.to_float, TERMS.enclosure):
        with pytest.raises(UnableError, match=r"has variables: it stands for many numbers; ask a solver"):
            read(TERMS.add(x, x))


def test_a_term_has_its_value_when_its_variables_do() -> None:
    x = TERMS.symbols("x", ())
    three = TERMS.constant(exact_array(3))
    put = z3.substitute(TERMS.div(x, three)[()], (x[()], z3.FPVal(1.0, z3.FPSort(8, 24))))
    assert TERMS.to_bits(np.array(put, dtype=object)) == 0x3EAAAAAB


def test_a_graph_is_one_term_for_each_output() -> None:
    x = TERMS.symbols("x", (2,))
    out = run(trace(lambda x: (x * x).sum(), (2,)), {}, x, TERMS)
    assert isinstance(out[()], z3.FPRef)
    expected = z3.fpAdd(z3.RNE(), *(z3.fpMul(z3.RNE(), v, v) for v in x))
    assert out[()].eq(expected)


@pytest.mark.parametrize("direction", SMTLIB)
def test_a_direction_is_that_of_smtlib(direction: Rounding) -> None:
    one, three = bits(0x3F800000, 0xBF800000), bits(0x40400000)
    terms = SymbolicFP32(rounding=direction)
    found = terms.to_bits(terms.div(terms.from_bits(one), terms.from_bits(three)))
    assert np.array_equal(found, IEEE32Exec(direction).div(one, three))


@given(binary32_codes(), binary32_codes())
@example(0, 0x80000000)
@example(0x80000000, 0)
@example(BINARY32.nan, 0)
@example(0, BINARY32.nan)
def test_extremes_order_zeros_and_keep_nan(a: int, b: int) -> None:
    x, y = bits(a), bits(b)
    for name in ("minimum", "maximum"):
        found = TERMS.to_bits(getattr(TERMS, name)(TERMS.from_bits(x), TERMS.from_bits(y)))
        assert np.array_equal(found, getattr(IEEE32Exec(), name)(x, y))


@given(binary32_codes(allow_nan=False))
def test_a_cast_is_the_one_of_the_exact_domain(code: int) -> None:
    for format in ("binary16", "bfloat16", "tf32", "e5m2", "toy8", "toy6"):
        found = TERMS.to_bits(TERMS.cast(TERMS.from_bits(bits(code)), format))
        assert np.array_equal(found, IEEE32Exec().cast(bits(code), format)), format


def test_a_cast_to_a_format_without_infinities_is_refused() -> None:
    with pytest.raises(UnsupportedError, match="no format like e4m3"):
        TERMS.cast(TERMS.from_bits(bits(0)), "e4m3")


def test_every_nan_is_the_one_nan() -> None:
    assert TERMS.to_bits(TERMS.from_bits(bits(0x7F800001, 0xFFFFFFFF))).tolist() == [BINARY32.nan] * 2


def test_truths_are_terms_and_choose() -> None:
    x = TERMS.symbols("x", (1,))
    truth = TERMS.less(x, x)
    assert isinstance(truth[0], z3.BoolRef)
    assert isinstance(TERMS.select(truth, x, TERMS.neg(x))[0], z3.FPRef)
