"""Claims: statements with the evidence that stands behind them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Status(Enum):
    """How a claim is known, from the strongest to the weakest."""

    PROVED = "PROVED"
    """A solver or a checked argument covers the whole region."""
    EXHAUSTIVE = "EXHAUSTIVE"
    """Every input of the region was run."""
    TESTED = "TESTED"
    """A sample was run; ``cases`` says how many."""
    ASSUMED = "ASSUMED"
    """Taken from a document; nobody here has checked it."""


@dataclass(frozen=True)
class Evidence:
    """What a check found.

    Args:
        status: how the claim is known.
        cases: inputs that were run (0 for proofs and assumptions).
        failures: readable descriptions of the inputs at which the statement failed; empty when it held.
        detail: solver, version, tightness, or the document.
    """

    status: Status
    cases: int = 0
    failures: tuple[str, ...] = ()
    detail: str = ""

    @property
    def holds(self) -> bool:
        """Whether no failure was found."""
        return not self.failures

    def __str__(self) -> str:
        count = f" {self.cases:,}" if self.cases else ""
        return f"{self.status.value}{count}" + ("" if self.holds else f", FAILED {len(self.failures)}")


@dataclass(frozen=True)
class Claim:
    """A statement that relates two domains.

    Args:
        name: a short handle.
        statement: one sentence, quantified, with the arithmetic named.
        domains: the domains it relates.
        region: the inputs it covers.
        evidence: the kind of evidence that its command produces.
        schedule: the reduction order it holds for.
        full: the command that gathers all of the evidence, where ``check`` takes a sample of it only.
        primitives: the primitives of the scalar protocol whose results it is about, in every graph that uses them.
        ops: the ops whose results, as whole computations, it is about; by their primitives alone they are not listed.
    """

    name: str
    statement: str
    domains: tuple[str, ...]
    region: str
    evidence: Status
    schedule: str = "any"
    full: str = ""
    primitives: tuple[str, ...] = ()
    ops: tuple[str, ...] = ()

    @property
    def command(self) -> str:
        """The command that checks the claim again."""
        return self.full or f"fpsem claims --check {self.name}"
