"""Bridges: what they claim holds, and a domain that breaks a claim is found out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import fpsem.bridges
from fpsem.analysis.bounds import error_bound
from fpsem.bridges import all_bridges, bridge_modules, bridges_named, real_ieee32
from fpsem.bridges.bridge import agreement
from fpsem.bridges.primitives import PRIMITIVES
from fpsem.core.claim import Status
from fpsem.core.errors import PayloadError, UndefinedError, UnknownNameError
from fpsem.core.formats import BINARY32
from fpsem.core.protocol import ARITHMETIC
from fpsem.core.region import Box
from fpsem.core.schedule import Pairwise
from fpsem.core.verdict import Proved, Unknown
from fpsem.domains import domain_names
from fpsem.domains.error_bound import ErrorBound
from fpsem.domains.ieee32 import IEEE32Exec
from fpsem.domains.numpy_float32 import NumPyFloat32
from fpsem.domains.rounded_real import RoundedReal
from fpsem.domains.symbolic_fp32 import SymbolicFP32
from fpsem.graph.ops import names
from fpsem.graph.trace import trace
from fpsem.smt.theorem import Goal, load_theorems
from fpsem.softfloat import Arithmetic
from fpsem.testing import binary32_codes

CASES, SEED = 2_000, 1
BRIDGES = all_bridges()
PROVED = [name for name, bridge in BRIDGES.items() if bridge.claim.evidence is Status.PROVED]
ASSUMED = [name for name, bridge in BRIDGES.items() if bridge.claim.evidence is Status.ASSUMED]
RUN = [name for name in BRIDGES if name not in (*PROVED, *ASSUMED)]
FEW = {"symbolic-real-graphs-evaluate-to-real": 18, "real-overrides-are-derived-meanings": 42}
"""Claims of which fewer than a hundred cases are run here: formulas take long, and sample calls are so many."""

EXACT = IEEE32Exec()


def bits(*codes: int) -> Any:
    return np.array(codes, np.uint32)


def last_bit_flipped(method: Any) -> Any:
    return lambda self, *operands: method(self, *operands) ^ np.uint32(1)


# -- the ledger ------------------------------------------------------------------------------------------------------


def test_names_are_unique_across_files() -> None:
    import importlib

    modules = [importlib.import_module(f"fpsem.bridges.{m}") for m in bridge_modules()]  # noqa: TID251
    listed = [bridge.claim.name for module in modules for bridge in module.BRIDGES]
    assert sorted(listed) == sorted(BRIDGES)


def test_only_modules_that_say_so_hold_no_bridges() -> None:
    folder = Path(fpsem.bridges.__file__).parent
    holding = {path.stem for path in folder.glob("*.py") if "\nBRIDGES" in path.read_text(encoding="utf-8")}
    assert holding == set(bridge_modules())


@pytest.mark.parametrize("name", BRIDGES)
def test_a_claim_says_what_of_which_domains_and_where(name: str) -> None:
    claim = BRIDGES[name].claim
    assert claim.name == name
    assert len(claim.statement.split()) > 5
    assert claim.region
    assert len(claim.domains) == 2
    assert set(claim.domains) <= {*domain_names(), "exact", "softfloat", "derived"}
    assert set(claim.primitives) <= set(PRIMITIVES)
    assert set(claim.ops) <= set(names())


@pytest.mark.parametrize("name", ASSUMED)
def test_what_is_assumed_covers_nothing_and_says_where_it_is_from(name: str) -> None:
    bridge = BRIDGES[name]
    evidence = bridge.check(CASES, SEED)
    assert evidence.status is Status.ASSUMED
    assert (evidence.cases, bridge.seconds) == (0, 0)
    assert len(evidence.detail.split()) > 5
    assert bridge.claim.primitives == bridge.claim.ops == ()


def test_every_theorem_is_a_proved_claim() -> None:
    assert sorted(PROVED) == sorted(theorem.name.replace("_", "-") for theorem in load_theorems())


def test_bridges_are_found_by_name_and_an_unknown_one_is_answered_with_the_nearest() -> None:
    assert list(bridges_named(("ieee32-equals-numpy",))) == ["ieee32-equals-numpy"]
    assert bridges_named(()).keys() == BRIDGES.keys()
    with pytest.raises(UnknownNameError, match=r"unknown claim 'ieee32-equals-nump'\. Did you mean 'ieee32-equals-numpy'"):
        bridges_named(("ieee32-equals-nump",))


# -- the evidence ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", RUN)
def test_a_claim_that_is_run_holds(name: str) -> None:
    bridge = BRIDGES[name]
    evidence = bridge.check(CASES, SEED)
    assert evidence.holds, evidence.failures
    assert evidence.status is (Status.TESTED if bridge.claim.full else bridge.claim.evidence), "a sample is a sample"
    assert evidence.cases >= FEW.get(name, 100)


def test_a_claim_on_every_number_names_the_command_that_goes_through_them_all() -> None:
    claim = BRIDGES["tan-is-correctly-rounded"].claim
    assert (claim.evidence, claim.command) == (Status.EXHAUSTIVE, "fpsem sweep tan")
    assert "one run of codes" in BRIDGES[claim.name].check(CASES, SEED).detail


@pytest.mark.parametrize("name", ["tanh", "atan2"])
def test_a_wrong_last_bit_of_an_elementary_function_is_found(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    honest = Arithmetic._elementary

    def bent(self: Arithmetic, function: str, *x: Any, with_flags: bool = False, **options: Any) -> Any:
        made = honest(self, function, *x, with_flags=with_flags, **options)
        return (made[0] ^ np.uint32(1), made[1]) if with_flags else made ^ np.uint32(1)

    monkeypatch.setattr(Arithmetic, "_elementary", bent)
    evidence = BRIDGES[f"{name}-is-correctly-rounded"].check(CASES, SEED)
    assert not evidence.holds
    assert evidence.failures[0].startswith(f"{name}(0x")


QUICK = ["division-equals-smtlib-fp-div", "multiplication-equals-smtlib-fp-mul", "square-root-equals-smtlib-fp-sqrt"]
"""Proved claims whose fast goals take less than a second; tests/smt proves the fast goals of all."""


@pytest.mark.parametrize("name", QUICK)
def test_a_proved_claim_is_proved_again(name: str) -> None:
    bridge = BRIDGES[name]
    evidence = bridge.check(CASES, SEED)
    assert evidence.holds, evidence.failures
    assert evidence.status is bridge.claim.evidence is Status.PROVED
    assert evidence.cases == 0
    assert "(z3)" in evidence.detail


@pytest.mark.parametrize("theorem", list(load_theorems()), ids=lambda theorem: theorem.name)
def test_a_proved_claim_holds_when_all_of_its_fast_goals_do(theorem: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    fast = [goal.name for goal in theorem.goals if goal.fast]
    slow = [goal.name for goal in theorem.goals if not goal.fast]
    check = BRIDGES[theorem.name.replace("_", "-")].check
    monkeypatch.setattr(Goal, "prove", lambda self: Proved("a stub") if self.name in fast else pytest.fail("it is slow"))
    evidence = check(CASES, SEED)
    assert evidence.holds
    assert all(name in evidence.detail for name in fast)
    region = BRIDGES[theorem.name.replace("_", "-")].claim.region
    assert all(name in region for name in fast)
    assert not any(name in region for name in slow)
    assert all(f"not in this claim, see fpsem proofs: {name}" in evidence.detail for name in slow)
    monkeypatch.setattr(Goal, "prove", lambda self: Unknown("why") if self.name == fast[-1] else Proved("a stub"))
    (failure,) = check(CASES, SEED).failures
    assert failure.startswith(fast[-1])
    assert "why" in failure


@pytest.mark.parametrize("name", [name for name in RUN if name != "softfloat-equals-exact-on-toy8"])
def test_evidence_is_the_same_for_the_same_seed(name: str) -> None:
    check = BRIDGES[name].check
    assert check(300, 7) == check(300, 7)


# -- planted bugs ----------------------------------------------------------------------------------------------------


BITWISE = ["ieee32-equals-numpy", "ieee32-equals-exact", "symbolic-equals-ieee32", "rounded-real-equals-ieee32"]


@pytest.mark.parametrize("name", BITWISE)
@pytest.mark.parametrize("primitive", ["add", "fma", "sqrt"])
def test_a_wrong_last_bit_is_found_and_its_operands_are_named(
    name: str, primitive: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(IEEE32Exec, primitive, last_bit_flipped(getattr(IEEE32Exec, primitive)))
    evidence = BRIDGES[name].check(CASES, SEED)
    assert not evidence.holds
    assert {failure.split("(")[0] for failure in evidence.failures} == {primitive}
    assert all(failure.count("0x") == ARITHMETIC[primitive] + 2 for failure in evidence.failures)
    assert "FAILED" in str(evidence)


def test_an_execution_outside_of_its_bound_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Six last bits are more than the half ulp that one product costs."""
    honest = IEEE32Exec.mul
    monkeypatch.setattr(IEEE32Exec, "mul", lambda self, x, y: honest(self, x, y) ^ np.uint32(0x3F))
    evidence = BRIDGES["ieee32-within-bound-of-real"].check(CASES, SEED)
    assert not evidence.holds
    assert any(" under " in failure and " > " in failure for failure in evidence.failures)


def test_an_infinite_bound_counts_as_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = real_ieee32.error_bound

    def vacuous(*arguments: Any) -> Any:
        bound = honest(*arguments)
        bound.absolute[...] = np.inf
        return bound

    monkeypatch.setattr(real_ieee32, "error_bound", vacuous)
    assert not BRIDGES["ieee32-within-bound-of-real"].check(CASES, SEED).holds


def test_a_function_of_the_library_that_is_far_off_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = NumPyFloat32.tanh
    monkeypatch.setattr(NumPyFloat32, "tanh", lambda self, x: honest(self, x) * np.float32(1 + 2**-19))
    evidence = BRIDGES["numpy-tanh-within-4-ulps"].check(20 * CASES, SEED)
    assert {failure.split("(")[0] for failure in evidence.failures} == {"tanh"}
    assert "ulps" in evidence.failures[0]


def test_agreement_counts_nans_as_one_and_keeps_zeros_apart() -> None:
    nans, zeros = (bits(0x7FC00000), bits(0xFFC00001)), (bits(0), bits(0x80000000))
    assert agreement(iter([("op", *nans, (bits(1),))])).holds
    evidence = agreement(iter([("op", *nans, (bits(1),)), ("op", *zeros, (bits(1), bits(2)))]))
    assert evidence.failures == ("op(0x1, 0x2): 0x0 against 0x80000000",)
    assert evidence.cases == 2


def test_agreement_shows_three_failures_of_an_operation() -> None:
    left, right = np.arange(9, dtype=np.uint32), np.arange(1, 10, dtype=np.uint32)
    assert len(agreement(iter([("op", left, right, (left,))])).failures) == 3


# -- the same claims, on codes that shrink ---------------------------------------------------------------------------


@given(st.sampled_from(sorted(ARITHMETIC)), st.tuples(*[binary32_codes()] * 3))
def test_the_exact_domain_is_numpy(name: str, codes: tuple[int, ...]) -> None:
    operands, native = [bits(code) for code in codes[: ARITHMETIC[name]]], NumPyFloat32()
    found = getattr(EXACT, name)(*operands)
    expected = native.to_bits(getattr(native, name)(*map(native.from_bits, operands)))
    assert np.array_equal(found, expected) or (EXACT.is_nan(found).all() and EXACT.is_nan(expected).all())


@given(
    st.sampled_from(sorted(ARITHMETIC)),
    st.sampled_from(["nearest_even", "nearest_away", "toward_zero", "upward", "downward", "to_odd"]),
    st.tuples(*[binary32_codes(allow_nan=False, allow_infinity=False)] * 3),
)
def test_rounded_reals_are_the_exact_domain_where_it_is_finite(name: str, direction: str, codes: tuple[int, ...]) -> None:
    operands = [bits(code) for code in codes[: ARITHMETIC[name]]]
    exact, paper = IEEE32Exec(direction), RoundedReal(rounding=direction)
    found = getattr(exact, name)(*operands)
    assume(exact.is_finite(found).all())
    try:
        (low,), (high,) = paper.enclosure(getattr(paper, name)(*map(paper.from_bits, operands)))
    except UndefinedError:
        pytest.fail("the exact domain has a number where the real one has none")
    if abs(low) > BINARY32.decode(BINARY32.max_finite):  # rounded down to the largest number, which the reals are not
        assert int(found[0]) & BINARY32.magnitude_mask == BINARY32.max_finite
    else:
        assert low == high == BINARY32.decode(int(found[0]))


@given(
    st.sampled_from(sorted(set(ARITHMETIC) - {"neg", "abs"})),
    st.sampled_from(["nearest_even", "nearest_away", "toward_zero", "upward", "downward"]),
    st.tuples(*[binary32_codes()] * 3),
)
def test_a_closed_term_is_the_exact_domain(name: str, direction: str, codes: tuple[int, ...]) -> None:
    operands = [bits(code) for code in codes[: ARITHMETIC[name]]]
    terms = SymbolicFP32(rounding=direction)
    found = terms.to_bits(getattr(terms, name)(*map(terms.from_bits, operands)))
    assert np.array_equal(found, getattr(IEEE32Exec(direction), name)(*operands))


# -- bounds of graphs ------------------------------------------------------------------------------------------------


GRAPH = trace(lambda x: (x * x).sum(), (3,))


def test_a_bound_knows_what_it_depends_on() -> None:
    region = Box(np.full(3, -1), np.full(3, 2))
    bound = error_bound(GRAPH, {}, region, "pairwise")
    assert bound.schedule == Pairwise()
    assert bound.region is region
    assert bound.evidence is Status.PROVED
    assert bound.lo <= 0 < 12 <= bound.hi
    assert 0 < bound.absolute < 1e-5


def test_a_point_is_the_box_around_it_and_a_wider_box_has_a_wider_bound() -> None:
    x = np.array([1.5, -2.25, 0.1], np.float32)
    point, box, wide = (error_bound(GRAPH, {}, r).absolute for r in (x, Box(x, x), Box(x - 1, x + 1)))
    assert point == box < wide


def test_a_bound_of_a_box_that_may_overflow_is_infinite() -> None:
    assert np.isinf(error_bound(GRAPH, {}, Box(np.zeros(3), np.full(3, 2.0**66))).absolute)


def test_a_box_that_does_not_fit_is_refused() -> None:
    with pytest.raises(PayloadError, match=r"shape \(4,\), expected \(3,\)"):
        error_bound(GRAPH, {}, Box(np.zeros(4), np.ones(4)))
    with pytest.raises(ValueError, match="finite ends"):
        error_bound(GRAPH, {}, np.array([1, 2, np.inf], np.float32))


def test_the_bound_is_what_the_domain_says() -> None:
    x, domain = np.array([1.5, -2.25, 0.1], np.float32), ErrorBound()
    squares = domain.mul(domain.box(Box(x, x)), domain.box(Box(x, x)))
    expected = domain.add(domain.add(squares[:1], squares[1:2]), squares[2:])
    assert error_bound(GRAPH, {}, x).absolute == expected["err"][0]


def test_the_models_of_the_bound_use_every_op() -> None:
    used = {node.op for graph, _ in real_ieee32._graphs() for node in graph.nodes}
    assert set(names()) - used == {"equal", "less_equal", "parameter"}
