"""The ledger's other half: what no claim covers, and how the rest is covered.

Two domains are bridged where a claim that was run, or proved, relates them. An op in a domain is covered where

* a claim that relates the domain to a reference lists the op; or
* the op is derived from its primitives, and a claim of that kind lists each of them; where the domain computes the op itself, or
  an op that it rests on, a claim must say that it does as the derived meaning does.

References are real, ieee32 and exact (the exact result, rounded once). Real itself is covered by any claim that relates it to
another domain. All else is a gap. Assumed claims close none.

What this module does not do: weigh evidence; tested cases close a gap as a proof does, and the ledger says which it was.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, NamedTuple

from fpsem.bridges.budget import Checked
from fpsem.bridges.trusted import TRUSTED
from fpsem.core.claim import Claim, Status
from fpsem.domains import domain_names
from fpsem.report.matrix import Cell

DERIVED = "derived"
"""What claims on overrides relate a domain to: the meaning of an op over the domain's primitives."""

_REFERENCES = frozenset({"real", "ieee32", "exact"})

UNSUPPORTED, GAP = "not supported", "unbridged"
CLAIMED, BY_PRIMITIVES, MOVES = "by a claim", "by its primitives", "moves elements only"
HOW = (CLAIMED, BY_PRIMITIVES, MOVES, UNSUPPORTED, GAP)
"""How an op is covered in a domain."""


@dataclass(frozen=True)
class PairGap:
    """Two domains that no claim relates.

    Args:
        domains: the two, sorted.
        through: domains that each of them is bridged to.
    """

    domains: tuple[str, str]
    through: tuple[str, ...]

    def row(self) -> dict[str, Any]:
        """For machines."""
        return {"kind": "pair", "domains": list(self.domains), "through": list(self.through)}

    def __str__(self) -> str:
        return f"{self.domains[0]} and {self.domains[1]}" + (f" (both with {', '.join(self.through)})" if self.through else "")


@dataclass(frozen=True)
class OpGap:
    """An op that a domain supports and no claim covers.

    Args:
        op: the op.
        domain: the domain.
        primitives: the primitives of its meaning that no claim covers.
        overrides: the ops computed by the domain itself that no claim holds to their meaning.
    """

    op: str
    domain: str
    primitives: tuple[str, ...]
    overrides: tuple[str, ...]

    def row(self) -> dict[str, Any]:
        """For machines."""
        missing = {"primitives": list(self.primitives), "overrides": list(self.overrides)}
        return {"kind": "op", "op": self.op, "domain": self.domain, **missing}

    def __str__(self) -> str:
        missing = [*self.primitives, *(f"its own {op}" for op in self.overrides)]
        return f"{self.op} in {self.domain} ({', '.join(missing)})"


@dataclass(frozen=True)
class Coverage:
    """How every op is covered in every domain.

    Args:
        how: by op and domain, a word of HOW.
        gaps: the ops that are not.
    """

    how: Mapping[str, Mapping[str, str]]
    gaps: tuple[OpGap, ...]

    def counts(self) -> list[dict[str, str]]:
        """For each domain how many ops are covered in each way."""
        found = {domain: Counter(row[domain] for row in self.how.values()) for domain in domain_names()}
        return [{"domain": domain, **{how: str(count[how]) for how in HOW}} for domain, count in found.items()]


def unbridged_pairs(claims: Sequence[Claim]) -> list[PairGap]:
    """Every pair of domains without a claim, in order."""
    known = {frozenset(claim.domains) for claim in _run(claims)}
    others = {name: {other for other in domain_names() if frozenset((name, other)) in known} for name in domain_names()}
    missing = [pair for pair in combinations(domain_names(), 2) if frozenset(pair) not in known]
    return [PairGap(pair, tuple(sorted(others[pair[0]] & others[pair[1]]))) for pair in missing]


def coverage(claims: Sequence[Claim], matrix: Mapping[str, Mapping[str, Cell]]) -> Coverage:
    """How the cells of the matrix of ops and domains are covered.

    Args:
        claims: the ledger.
        matrix: what ``fpsem.report.matrix.cells`` gives.
    """
    known = {name: _known(claims, name) for name in domain_names()}
    how: dict[str, dict[str, str]] = {op: {} for op in matrix}
    gaps = []
    for op, row in matrix.items():
        for domain, cell in row.items():
            there = known[domain]
            missing = [tuple(sorted(cell.primitives - there.primitives)), tuple(sorted(cell.overrides - there.overrides))]
            how[op][domain] = _how(cell, op in there.ops, any(missing))
            if how[op][domain] == GAP:
                gaps.append(OpGap(op, domain, *missing))
    return Coverage(how, tuple(gaps))


class _Known(NamedTuple):
    """What claims cover in a domain."""

    primitives: set[str]
    ops: set[str]
    overrides: set[str]


def _known(claims: Sequence[Claim], domain: str) -> _Known:
    referring = _referring(claims, domain)
    held = [claim for claim in _run(claims) if set(claim.domains) == {domain, DERIVED}]
    return _Known(
        {primitive for claim in referring for primitive in claim.primitives},
        {op for claim in referring for op in claim.ops},
        {op for claim in held for op in claim.ops},
    )


def _how(cell: Cell, claimed: bool, missing: bool) -> str:
    if not cell.word.isalpha():
        return UNSUPPORTED
    if claimed:
        return CLAIMED
    if missing:
        return GAP
    return BY_PRIMITIVES if cell.primitives or cell.overrides else MOVES


def _run(claims: Sequence[Claim]) -> list[Claim]:
    return [claim for claim in claims if claim.evidence is not Status.ASSUMED]


def _referring(claims: Sequence[Claim], domain: str) -> list[Claim]:
    """The claims that relate a domain to a reference."""
    references = {*domain_names(), "exact"} if domain == "real" else _REFERENCES
    return [claim for claim in _run(claims) if domain in claim.domains and set(claim.domains) & (references - {domain})]


# -- rows, for machines and for reports ------------------------------------------------------------------------------


def evidence_of(claim: Claim, checked: Checked) -> str:
    """What was found, or why nothing was; the kind of evidence where nothing was asked for."""
    if claim.name in checked.left:
        return f"{claim.evidence.value}, {checked.left[claim.name]}"
    found = checked.evidence.get(claim.name)
    return claim.evidence.value if found is None else f"{found} {found.detail}".strip()


def json_row(claim: Claim, checked: Checked) -> dict[str, Any]:
    """A claim, with what was found of it."""
    row: dict[str, Any] = {
        "name": claim.name, "statement": claim.statement, "domains": list(claim.domains), "region": claim.region,
        "schedule": claim.schedule, "evidence": claim.evidence.value, "command": claim.command,
        "primitives": list(claim.primitives), "ops": list(claim.ops),
    }  # fmt: skip
    if claim.name in checked.left:
        row["left"] = checked.left[claim.name]
    if claim.name in checked.evidence:
        found = checked.evidence[claim.name]
        row |= {"holds": found.holds, "found": found.status.value, "cases": found.cases}
        row |= {"failures": list(found.failures), "detail": found.detail}
    return row


def report_row(claim: Claim, checked: Checked) -> dict[str, str]:
    """A line of the report."""
    return {
        "claim": claim.name, "statement": claim.statement, "region": claim.region, "schedule": claim.schedule,
        "evidence": evidence_of(claim, checked), "command": f"`{claim.command}`",
    }  # fmt: skip


def trusted_rows() -> list[dict[str, str]]:
    """The trusted base."""
    return [{"trusted": of.name, "rests": of.rests, "narrowed": of.narrowed} for of in TRUSTED]


def report_notes(pairs: Sequence[PairGap], covered: Coverage) -> list[str]:
    """The sections of a report under its table of claims."""
    from fpsem.report.written import table

    shown = [f"* {gap}" for gap in covered.gaps] or ["Every op that a domain supports is covered."]
    sections = {
        "Unbridged: pairs of domains": [f"* {pair}" for pair in pairs] or ["None."],
        "Unbridged: ops in domains": [*shown, "", "How the ops of each domain are covered:", "", *table(covered.counts())],
        "Trusted": table(trusted_rows()),
    }
    return ["\n".join([f"## {title}", "", *lines]) for title, lines in sections.items()]
