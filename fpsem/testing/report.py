"""What the conformance suite found: how many cases ran for each check and primitive, and which of them failed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

_SHOWN = 5
"""Failures written out for each check and primitive; the rest are counted."""


class ConformanceError(AssertionError):
    """A domain breaks its contract; the message is the report."""


@dataclass(frozen=True)
class Report:
    """The outcome of ``check_domain``.

    Args:
        domain: the name of the domain.
        counts: cases run, by (check, primitive).
        failures: readable descriptions; empty when the domain conforms.
        skipped: what could not be checked, and why.
    """

    domain: str
    counts: Mapping[tuple[str, str], int]
    failures: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()

    @property
    def conforms(self) -> bool:
        """Whether no case failed."""
        return not self.failures

    @property
    def cases(self) -> int:
        """How many cases ran."""
        return sum(self.counts.values())

    def raise_if_failed(self) -> None:
        """Raise ConformanceError unless the domain conforms."""
        if not self.conforms:
            raise ConformanceError(str(self))

    def __str__(self) -> str:
        verdict = "conforms" if self.conforms else "BREAKS ITS CONTRACT"
        lines = [f"{self.domain} {verdict}: {self.cases:,} cases of {len(self.counts)} checks"]
        return "\n  ".join([*lines, *self.failures, *(f"skipped: {reason}" for reason in self.skipped)])


@dataclass
class Recorder:
    """Collects cases while the suite runs."""

    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    failed: Counter[tuple[str, str]] = field(default_factory=Counter)
    shown: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)

    def case(self, check: str, primitive: str, passed: bool, description: str) -> None:
        """Count a case, and describe it when it failed."""
        key = (check, primitive)
        self.counts[key] += 1
        if not passed:
            self.failed[key] += 1
            if self.failed[key] <= _SHOWN:
                self.shown.append(f"{check} {primitive}: {description}")

    def report(self, domain: str) -> Report:
        """The frozen outcome."""
        rest = [f"{' '.join(key)}: {n - _SHOWN} more" for key, n in self.failed.items() if n > _SHOWN]
        return Report(domain, dict(self.counts), (*self.shown, *rest), tuple(self.skipped))
