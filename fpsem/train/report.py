"""What a training run comes to: the loss before and after, and predictions of a few examples."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fpsem.train.log import json_number
from fpsem.train.state import Metrics


@dataclass(frozen=True)
class Report:
    """A training run's outcome.

    Args:
        title: what was trained.
        steps: how many steps were made.
        before: the evaluation before the first step.
        after: the evaluation after the last.
        probes: for a few examples the "target", and the prediction "before" and "after".
        notes: how it was trained.
    """

    title: str
    steps: int
    before: Metrics
    after: Metrics
    probes: tuple[Mapping[str, Any], ...]
    notes: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """A plain dictionary; what JSON has no number for is text."""
        metrics = {when: {name: json_number(value) for name, value in found.items()} for when, found in self._evaluations()}
        shown = [{key: _plain(value) for key, value in probe.items()} for probe in self.probes]
        return {"title": self.title, "steps": self.steps, **metrics, "probes": shown, "notes": list(self.notes)}

    def __str__(self) -> str:
        lines = [f"{self.title}: {self.steps} steps"]
        for name, value in self.after.items():
            lines.append(f"  {name}: {self.before[name]:.6g} before, {value:.6g} after")
        for probe in self.probes:
            target, before, after = (_short(probe[key]) for key in ("target", "before", "after"))
            lines.append(f"  example {probe['example']}: target {target}, predicted {before} before, {after} after")
        return "\n".join([*lines, *(f"  {note}" for note in self.notes)])

    def _evaluations(self) -> tuple[tuple[str, Metrics], ...]:
        return ("before", self.before), ("after", self.after)


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return json_number(value) if isinstance(value, float) else value


def _short(value: Any) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(_short(item) for item in value[:4]) + (", ...]" if len(value) > 4 else "]")
    return f"{value:.4g}" if isinstance(value, float) else str(value)
