"""Verdicts: the three answers to a question, none of which is a bool."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NoReturn


class _NoTruth:
    """Refuses to be a condition: unknown is neither true nor false."""

    def __bool__(self) -> NoReturn:
        raise TypeError(f"{type(self).__name__} has no truth value; match on Proved, Refuted or Unknown")


@dataclass(frozen=True)
class Proved(_NoTruth):
    """The statement holds for all of its region.

    Args:
        by: who says so: a solver with its version, an enumeration, an argument.
        seconds: how long it took.
    """

    by: str
    seconds: float = 0.0


@dataclass(frozen=True)
class Refuted(_NoTruth):
    """The statement fails at ``witness``, which has been replayed in the executable semantics.

    Args:
        witness: the counterexample, by input name.
        by: who found it.
        seconds: how long it took.
    """

    witness: dict[str, Any] = field(default_factory=dict)
    by: str = ""
    seconds: float = 0.0


@dataclass(frozen=True)
class Unknown(_NoTruth):
    """Neither, and why: a time limit, an unsupported operation, a witness that did not replay."""

    reason: str
    seconds: float = 0.0


Verdict = Proved | Refuted | Unknown
