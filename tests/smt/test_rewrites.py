"""Rewrites: true of the reals, kept or broken by binary32, each said with a proof or a witness that replays."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from fpsem.core.errors import PropertyError, UnknownNameError
from fpsem.core.verdict import Proved, Refuted
from fpsem.domains.real import Real
from fpsem.graph.denote import run
from fpsem.graph.trace import trace
from fpsem.smt.query import Effort
from fpsem.smt.rewrites import REWRITES, rewrite

KEPT = {"commute": (-2, 2), "vanish": (-1e30, 1e30), "fold-negation": (1, 1.25), "sentinel": (-400, 400)}
BROKEN = {
    "reciprocal": (-2, 2), "reassociate": (-2, 2), "distribute": (-2, 2), "cancel": (-2, 2), "square-difference": (-2, 2),
    "log-softmax": (-2, 2), "shift-softmax": (-2, 2), "sentinel": (-600, 600),
}  # fmt: skip


def test_every_rewrite_is_tried() -> None:
    assert KEPT.keys() | BROKEN.keys() == REWRITES.keys()


@pytest.mark.parametrize("name", KEPT)
def test_a_rewrite_that_keeps_every_bit_is_proved(name: str) -> None:
    assert isinstance(rewrite(name, *KEPT[name]), Proved)


@pytest.mark.parametrize("name", BROKEN)
def test_a_rewrite_that_changes_bits_is_refuted(name: str) -> None:
    verdict = rewrite(name, *BROKEN[name], effort=Effort(seconds=20))
    assert isinstance(verdict, Refuted)
    assert all(np.all((BROKEN[name][0] <= x) & (x <= BROKEN[name][1])) for x in verdict.witness.values())


@pytest.mark.parametrize("name", REWRITES)
def test_both_sides_are_one_real_function(name: str) -> None:
    rule, real = REWRITES[name], Real(bits=200)
    rng = np.random.default_rng(len(name))
    x = [rng.uniform(-2, 2, shape).astype(np.float32) for shape in rule.shapes]
    ends = []
    for side in (rule.left, rule.right):
        graph = trace(lambda *given, side=side: side(3.0, *given), *rule.shapes)
        ends.append(real.enclosure(run(graph, {}, dict(zip(graph.inputs, x)), real)))
    (low, high), (other_low, other_high) = ends
    slack = Fraction(name == "sentinel") / 10**400  # exp(-1000) is not 0
    assert ((low <= other_high + slack) & (other_low <= high + slack)).all()


def test_a_power_of_two_may_be_multiplied_by_its_reciprocal() -> None:
    assert isinstance(rewrite("reciprocal", -1e30, 1e30, constant=4.0), Proved)


def test_what_is_no_rewrite_is_refused() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'commute'"):
        rewrite("comute", 0, 1)
    with pytest.raises(ValueError, match="a box needs"):
        rewrite("commute", 1, 0)
    with pytest.raises(PropertyError, match="ulps"):
        rewrite("commute", 0, 1, ulps=-1)
