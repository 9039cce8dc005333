"""What no claim covers is found; what claims cover is said to be, and how."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fpsem.bridges import all_bridges
from fpsem.bridges.budget import SPENT, Checked
from fpsem.bridges.trusted import TRUSTED
from fpsem.core.claim import Claim, Evidence, Status
from fpsem.domains import domain_names
from fpsem.report.ledger import (
    BY_PRIMITIVES,
    CLAIMED,
    GAP,
    MOVES,
    UNSUPPORTED,
    OpGap,
    coverage,
    evidence_of,
    json_row,
    report_row,
    trusted_rows,
    unbridged_pairs,
)
from fpsem.report.matrix import Cell, cells

CLAIMS = [bridge.claim for bridge in all_bridges().values()]
CLAIM = Claim(
    "a-claim", "one is one", ("interval", "real"), "everywhere", Status.TESTED, primitives=("add", "mul"), ops=("softmax",)
)
MATRIX = {
    "mul": {"interval": Cell("encloses", frozenset({"mul"}))},
    "softmax": {"interval": Cell("encloses", frozenset({"exp"}))},
    "exp": {"interval": Cell("encloses", frozenset({"exp", "mul"}))},
    "reshape": {"interval": Cell("encloses")},
    "erf": {"interval": Cell("-")},
    "sum": {"interval": Cell("encloses", frozenset({"add"}), frozenset({"sum"}))},
}


def how(*claims: Claim) -> dict[str, str]:
    return {op: row["interval"] for op, row in coverage(claims, MATRIX).how.items()}


def test_an_op_is_covered_by_a_claim_or_by_its_primitives_or_not() -> None:
    covered = coverage([CLAIM], MATRIX)
    assert how(CLAIM) == {
        "mul": BY_PRIMITIVES, "softmax": CLAIMED, "exp": GAP, "reshape": MOVES, "erf": UNSUPPORTED, "sum": GAP
    }  # fmt: skip
    assert covered.gaps == (OpGap("exp", "interval", ("exp",), ()), OpGap("sum", "interval", (), ("sum",)))
    assert [str(gap) for gap in covered.gaps] == ["exp in interval (exp)", "sum in interval (its own sum)"]


def test_what_a_domain_computes_itself_is_held_to_its_meaning_by_a_claim_of_that_kind() -> None:
    derived = replace(CLAIM, domains=("interval", "derived"), primitives=(), ops=("sum",))
    assert how(CLAIM, derived)["sum"] == BY_PRIMITIVES
    assert how(derived)["sum"] == GAP, "its primitives are not covered"


@pytest.mark.parametrize(
    "claim", [replace(CLAIM, evidence=Status.ASSUMED), replace(CLAIM, domains=("interval", "rounded_real"))], ids=str
)
def test_an_assumed_claim_and_one_about_no_reference_cover_nothing(claim: Claim) -> None:
    assert how(claim) == {"mul": GAP, "softmax": GAP, "exp": GAP, "reshape": MOVES, "erf": UNSUPPORTED, "sum": GAP}


def test_real_is_covered_by_any_claim_on_it() -> None:
    claim = replace(CLAIM, domains=("rounded_real", "real"))
    assert coverage([claim], {"mul": {"real": Cell("encloses", frozenset({"mul"}))}}).how["mul"]["real"] == BY_PRIMITIVES


def test_pairs_without_a_claim_say_through_which_domains_they_meet() -> None:
    second = replace(CLAIM, domains=("real", "rounded_real"))
    gaps = {gap.domains: gap.through for gap in unbridged_pairs([CLAIM, second])}
    assert len(gaps) == len(domain_names()) * (len(domain_names()) - 1) // 2 - 2
    assert gaps["interval", "rounded_real"] == ("real",)
    assert gaps["cupy_float32", "ieee32"] == ()
    assert ("interval", "real") not in gaps


def test_every_op_of_every_domain_is_covered() -> None:
    covered = coverage(CLAIMS, cells())
    assert not covered.gaps, "bridge the primitives, or hold the override to its meaning"
    assert {row["domain"] for row in covered.counts()} == set(domain_names())


@pytest.mark.parametrize("name", [claim.name for claim in CLAIMS if claim.domains[-1] == "derived"])
def test_without_a_claim_on_overrides_their_ops_are_gaps(name: str) -> None:
    left = [claim for claim in CLAIMS if claim.name != name]
    (claim,) = (claim for claim in CLAIMS if claim.name == name)
    gaps = coverage(left, cells()).gaps
    assert {gap.domain for gap in gaps} <= {claim.domains[0]}
    assert gaps or claim.domains[0] in ("error_bound", "ieee32", "real"), "its claims on graphs, or only under some schedules"


def test_a_row_says_what_was_found_or_why_nothing_was() -> None:
    found = Checked({"a-claim": Evidence(Status.TESTED, 7, ("at 3",), "by hand")}, {})
    assert evidence_of(CLAIM, found) == "TESTED 7, FAILED 1 by hand"
    assert evidence_of(CLAIM, Checked({}, {})) == "TESTED"
    assert evidence_of(CLAIM, Checked({}, {"a-claim": SPENT})) == "TESTED, not checked: budget spent"
    row = json_row(CLAIM, found)
    assert (row["holds"], row["found"], row["cases"], row["failures"]) == (False, "TESTED", 7, ["at 3"])
    assert json_row(CLAIM, Checked({}, {"a-claim": SPENT}))["left"] == SPENT
    assert report_row(CLAIM, found)["command"] == "`fpsem claims --check a-claim`"


def test_what_is_trusted_is_named_once_with_what_rests_on_it() -> None:
    assert len({of.name for of in TRUSTED}) == len(TRUSTED)
    assert all(of.rests for of in TRUSTED)
    assert [row["trusted"] for row in trusted_rows()] == [of.name for of in TRUSTED]


def test_claims_that_the_trusted_base_names_exist() -> None:
    known = {claim.name for claim in CLAIMS}
    named = {word.strip("(),;:") for of in TRUSTED for word in (of.rests + " " + of.narrowed).split() if word.count("-") >= 2}
    assert named
    assert named <= known
