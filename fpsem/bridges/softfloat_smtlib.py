"""The softfloat algorithms and SMT-LIB: proved, by the theorems in ``proofs/``.

Checking a claim runs its goals that take seconds; ``fpsem proofs`` runs all.
"""

from __future__ import annotations

from functools import partial

from fpsem.bridges.bridge import Bridge
from fpsem.core.claim import Claim, Evidence, Status
from fpsem.core.errors import FileFormatError
from fpsem.core.verdict import Proved
from fpsem.smt.theorem import Theorem, load_theorems


def _check(theorem: Theorem, cases: int, seed: int) -> Evidence:
    goals = [goal for goal in theorem.goals if goal.fast]
    verdicts = [(goal, goal.prove()) for goal in goals]
    failures = tuple(f"{goal.name}: {verdict}" for goal, verdict in verdicts if not isinstance(verdict, Proved))
    left = [goal.name for goal in theorem.goals if not goal.fast]
    detail = ", ".join(goal.name for goal in goals) + "".join(f"; not in this claim, see fpsem proofs: {name}" for name in left)
    return Evidence(Status.PROVED, failures=failures, detail=detail)


def _bridge(theorem: Theorem) -> Bridge:
    region = "every operand of " + ", ".join(goal.name for goal in theorem.goals if goal.fast)
    claim = Claim(theorem.name.replace("_", "-"), theorem.statement, ("ieee32", "symbolic_fp32"), region, Status.PROVED)
    return Bridge(claim, partial(_check, theorem), seconds=10)


def _bridges() -> tuple[Bridge, ...]:
    try:
        return tuple(_bridge(theorem) for theorem in load_theorems() if any(goal.fast for goal in theorem.goals))
    except FileFormatError:
        return ()  # an installed package comes without the proofs


BRIDGES = _bridges()
