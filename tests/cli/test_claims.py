"""``fpsem claims``: the ledger, what it does not cover, what is trusted; checks within a budget."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from fpsem.bridges import all_bridges, budget
from fpsem.bridges.trusted import TRUSTED
from fpsem.core.claim import Evidence, Status

Run = Callable[..., str]
Call = Callable[..., tuple[int, str, str]]
QUICK = ("blas-products-are-conventional", "ieee32-equals-numpy")


def test_the_ledger_is_claims_gaps_and_what_is_trusted(printed: Run) -> None:
    told = json.loads(printed("claims", "--json"))
    assert list(told) == ["claims", "unbridged", "trusted"]
    assert {row["name"] for row in told["claims"]} == set(all_bridges())
    assert [row["trusted"] for row in told["trusted"]] == [of.name for of in TRUSTED]
    assert all(row["kind"] in ("pair", "op") for row in told["unbridged"])
    assert {"kind": "pair", "domains": ["symbolic_fp32", "symbolic_real"], "through": []} in told["unbridged"]


def test_the_tables_print_every_gap_and_what_is_trusted(printed: Run) -> None:
    shown = printed("claims")
    gaps = [row for row in json.loads(printed("claims", "--json"))["unbridged"] if row["kind"] == "pair"]
    assert f"UNBRIDGED: {len(gaps)} pairs of domains" in shown
    assert all(" and ".join(gap["domains"]) in shown for gap in gaps)
    assert "ops in domains that no claim covers" in shown
    assert "by its primitives" in shown
    assert "the trusted base" in shown
    assert "$ fpsem claims --check" in shown
    assert "$ fpsem sweep exp" in shown


def test_a_named_claim_is_printed_alone(printed: Run) -> None:
    shown = printed("claims", QUICK[0])
    assert "no Strassen" in " ".join(shown.split())
    assert "UNBRIDGED" not in shown
    assert "trusted base" not in shown


def test_what_does_not_fit_into_the_budget_is_named_and_is_no_failure(call: Call, tmp_path: Path) -> None:
    report = tmp_path / "claims.md"
    code, out, err = call("claims", "--check", "--budget", "0", "--json", "--report", report, *QUICK)
    assert code == 0
    rows = {row["name"]: row for row in json.loads(out)["claims"]}
    assert rows[QUICK[0]]["holds"]
    assert rows[QUICK[1]]["left"] == budget.SPENT
    assert "holds" not in rows[QUICK[1]]
    assert f"{QUICK[1]}: not checked: budget spent" in err
    assert "TESTED, not checked: budget spent" in report.read_text()


@pytest.mark.parametrize("option", ["--budget", "--cases", "--seed"])
def test_an_option_of_checks_is_refused_without_one(option: str, refused: Run) -> None:
    assert f"{option} is of --check: say " in refused("claims", option, "1", QUICK[0])


@pytest.mark.parametrize("command", [["claims", "--check", QUICK[0]], ["conformance"]], ids=["claims", "conformance"])
def test_a_negative_seed_is_refused_by_its_name(command: list[str], call: Call) -> None:
    code, out, err = call(*command, "--seed", "-5")
    assert (code, out) == (2, "")
    assert "--seed" in err


def test_a_seed_of_none_is_zero(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    seeds: list[int] = []

    def checked(cases: int, seed: int) -> Evidence:
        seeds.append(seed)
        return Evidence(Status.TESTED, cases)

    checked_by(checked, monkeypatch)
    for given in ([], ["--seed", "0"], ["--seed", "7"]):
        assert call("claims", "--check", *given, QUICK[1])[0] == 0
    assert seeds == [0, 0, 7]


def test_a_report_has_the_gaps_and_what_is_trusted(printed: Run, tmp_path: Path) -> None:
    printed("claims", QUICK[0], "--report", str(tmp_path / "claims.md"))
    text = (tmp_path / "claims.md").read_text()
    sections = [line for line in text.splitlines() if line.startswith("#")]
    assert sections == ["# Claims", "## Unbridged: pairs of domains", "## Unbridged: ops in domains", "## Trusted"]
    assert "| blas-products-are-conventional |" in text
    assert "* interval and symbolic_real (both with real)" in text


def checked_by(check: Callable[[int, int], Evidence], monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a check in the place of every claim's own."""
    bridges = {name: replace(bridge, check=check) for name, bridge in all_bridges().items()}
    monkeypatch.setattr("fpsem.bridges.bridges_named", lambda names: {name: bridges[name] for name in names})


def test_a_claim_that_fails_ends_with_one(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    checked_by(lambda cases, seed: Evidence(Status.TESTED, cases, ("at 7",)), monkeypatch)
    code, _, err = call("claims", "--check", QUICK[1])
    assert code == 1
    assert f"FAILED {QUICK[1]}: at 7" in err


def test_an_interrupted_check_says_so_and_leaves_an_old_report_alone(
    call: Call, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def stopped(cases: int, seed: int) -> Evidence:
        raise KeyboardInterrupt

    checked_by(stopped, monkeypatch)
    report = tmp_path / "claims.md"
    report.write_text("old")
    code, _, err = call("claims", "--check", "--report", report, QUICK[1])
    assert code == 130
    assert f"{QUICK[1]}: not checked: interrupted" in err
    assert "not written" in err
    assert report.read_text() == "old"
