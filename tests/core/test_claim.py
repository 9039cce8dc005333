from __future__ import annotations

import pytest

from fpsem.core.claim import Claim, Evidence, Status


def test_evidence_holds_until_a_failure_is_found() -> None:
    assert Evidence(Status.TESTED, cases=10).holds
    assert not Evidence(Status.TESTED, cases=10, failures=("x = 3",)).holds


@pytest.mark.parametrize(
    ("evidence", "text"),
    [
        (Evidence(Status.PROVED, detail="z3"), "PROVED"),
        (Evidence(Status.EXHAUSTIVE, cases=65536), "EXHAUSTIVE 65,536"),
        (Evidence(Status.TESTED, cases=7, failures=("a", "b")), "TESTED 7, FAILED 2"),
        (Evidence(Status.ASSUMED), "ASSUMED"),
    ],
)
def test_evidence_prints_its_status_cases_and_failures(evidence: Evidence, text: str) -> None:
    assert str(evidence) == text


def test_a_claim_names_the_command_that_checks_it_again() -> None:
    claim = Claim("add_is_exact", "x + 0 = x", ("ieee32", "real"), "all finite x", Status.PROVED)
    assert claim.command == "fpsem claims --check add_is_exact"
    assert claim.schedule == "any"
    assert claim.primitives == claim.ops == ()


def test_a_claim_with_a_command_of_its_own_names_that() -> None:
    claim = Claim("exp", "exp is exp", ("ieee32", "real"), "all x", Status.EXHAUSTIVE, full="fpsem sweep exp")
    assert claim.command == "fpsem sweep exp"


def test_statuses_are_listed_from_the_strongest_to_the_weakest() -> None:
    assert [status.value for status in Status] == ["PROVED", "EXHAUSTIVE", "TESTED", "ASSUMED"]
