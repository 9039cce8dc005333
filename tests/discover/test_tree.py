"""SumTree: counts, comparison up to swapped operands, text and pictures."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

from fpsem.core.schedule import Blocked, Lanes, NumPyPairwise, Reverse, Schedule, Sequential
from fpsem.discover.draw import tree_svg
from fpsem.discover.tree import SumTree, runs


def tree(schedule: Schedule, n: int) -> SumTree:
    return SumTree(n, schedule.steps(n))


def test_operands_that_are_swapped_are_the_same_order() -> None:
    known: dict[Any, int] = {}
    assert SumTree(3, ((1, 0), (2, 3))).key(known) == tree(Sequential(), 3).key(known)
    assert tree(Reverse(), 3).key(known) != tree(Sequential(), 3).key(known)


def test_the_side_of_a_fused_product_counts() -> None:
    known: dict[Any, int] = {}
    assert SumTree(3, ((0, 1), (2, 3))).key(known, fused=True) != SumTree(3, ((0, 1), (3, 2))).key(known, fused=True)
    assert SumTree(2, ((0, 1),)).key(known, fused=True) != SumTree(2, ((1, 0),)).key(known, fused=True)


@pytest.mark.parametrize("schedule", [Sequential(), NumPyPairwise(), Lanes(width=4), Blocked(block=7)])
def test_heights_and_counts_are_the_schedules(schedule: Schedule) -> None:
    held = tree(schedule, 50)
    assert held.height == schedule.height(50)
    assert held.counts[held.root] == 50


def test_without_the_last_term_the_others_keep_their_order() -> None:
    known: dict[Any, int] = {}
    assert tree(Sequential(), 9).without_last() == tree(Sequential(), 8)
    assert tree(Blocked(block=4), 9).without_last().key(known) == tree(Blocked(block=4), 8).key(known)
    assert tree(Lanes(width=4), 9).without_last().key(known) == tree(Lanes(width=4), 8).key(known)


def test_the_text_elides_runs_and_names_every_sum() -> None:
    assert tree(Sequential(), 100).text() == "100 terms, height 99: 0 1 .. 99 in sequence"
    assert tree(Blocked(block=50), 100).text().splitlines() == [
        "100 terms, height 50: these 2 sums",
        "  50 terms, height 49: 0 1 .. 49 in sequence",
        "  50 terms, height 49: 50 51 .. 99 in sequence",
    ]
    assert tree(NumPyPairwise(), 1000).text(5).splitlines()[-1].startswith("... ")


def test_runs_of_equal_steps_are_elided_and_nothing_is_lost() -> None:
    assert runs([0, 8, 16, 24, 32]) == "0 8 .. 32"
    assert runs([5, 1, 7]) == "5 1 7"
    assert runs([0, 1, 2, 3, 9, 4]) == "0 1 .. 3 9 4"


@pytest.mark.parametrize("n", [1, 2, 3, 64, 200])
def test_a_picture_has_a_line_for_every_operand(n: int) -> None:
    picture = ElementTree.fromstring(tree_svg(tree(NumPyPairwise(), n), "a < b"))
    names = [element.tag.rpartition("}")[2] for element in picture.iter()]
    assert names.count("path") == 2 * (n - 1)
    assert names.count("text") == (n if n <= 64 else 0)


def test_a_high_tree_needs_no_recursion() -> None:
    order = np.random.default_rng(0).permutation(5000).tolist()
    steps = [(order[0], order[1]), *((5000 + i, order[i + 2]) for i in range(4998))]
    held = SumTree(5000, tuple(steps))
    assert held.sorted().height == 4999
    assert held.text()
    assert tree_svg(held)
