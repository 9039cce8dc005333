"""Programs over registers are the schedules' trees: replayed over fractions, and compiled, bit for bit with the plain meaning."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from fpsem.core.errors import ScheduleError
from fpsem.core.reduction import total_of_products
from fpsem.core.schedule import (
    SCHEDULES,
    Blocked,
    Lanes,
    NumPyPairwise,
    Pairwise,
    Reverse,
    Schedule,
    Sequential,
    SplitK,
    Tree,
    WarpTree,
    fold,
    fold_products,
)
from fpsem.domains import IEEE32Exec, NumPyFloat32, _loops, _scheduled
from fpsem.domains._scheduled import program
from fpsem.graph.ops import op_named

MOST = 40
RANDOM = np.random.default_rng(0)


def tree(n: int, seed: int) -> Tree:
    """A random tree with shuffled leaves."""
    random = np.random.default_rng(seed)
    parts: list[Any] = [int(i) for i in random.permutation(n)]
    while len(parts) > 1:
        right, left = (parts.pop(int(random.integers(len(parts)))) for _ in range(2))
        parts.append((left, right))
    return Tree(pairs=parts[0])


FAMILIES: list[Schedule] = [
    Sequential(), Reverse(), Pairwise(), Pairwise(leaf=3), Lanes(width=4), Lanes(width=1), Lanes(width=50), Blocked(block=3),
    Blocked(block=1), NumPyPairwise(), WarpTree(width=1), WarpTree(width=8), SplitK(parts=3),
]  # fmt: skip


def schedules(n: int) -> Iterator[Schedule]:
    for family in (*FAMILIES, *(tree(n, seed) for seed in range(3))):
        yield family
        yield type(family)(**{**vars(family), "fused": True})


def test_every_family_is_tried() -> None:
    assert {type(schedule) for schedule in schedules(3)} == {kind for kind in SCHEDULES.values() if kind.has_tree}


class Term:
    """What was computed, as text: addition that neither commutes nor associates."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __add__(self, other: Any) -> Term:
        return Term(f"({self.text}+{other.text})")

    def __mul__(self, other: Any) -> Term:
        return Term(f"{self.text}*{other.text}")


def terms(n: int, columns: int) -> Any:
    return np.array([[Term(f"x{i}{j}") for j in range(columns)] for i in range(n)], dtype=object)


@pytest.mark.parametrize("n", range(2, MOST + 1))
def test_sums_are_the_schedules_tree_operand_by_operand(n: int) -> None:
    x = terms(n, 2)
    for schedule in schedules(n):
        plan = program(schedule, n)
        registers = np.empty((plan.registers, 2), object)
        _loops.sums(x, plan.steps, registers)
        for j in range(2):
            expected = fold(schedule, list(x[:, j]), lambda a, b: a + b)
            assert registers[plan.result, j].text == expected.text, schedule


def fused(a: Any, b: Any, c: Any) -> Term:
    return Term(f"fma({a.text},{b.text},{c.text})")


@pytest.mark.parametrize("n", range(2, MOST + 1))
def test_products_are_the_schedules_tree_fused_where_it_says_so(n: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_loops, "fma", fused)
    a, b = terms(1, n), terms(n, 1)
    for schedule in schedules(n):
        plan = program(schedule, n)
        registers = np.empty((plan.registers, 1, 1), object)
        _loops.products(a, b, plan.steps, registers, schedule.fused)
        pairs = list(zip(a[0], b[:, 0]))
        expected = fold_products(schedule, pairs, lambda x, y: x + y, lambda x, y: x * y, fused)
        assert registers[plan.result, 0, 0].text == expected.text, schedule


@pytest.mark.parametrize("n", [2, 3, 7, MOST])
def test_sums_and_products_are_exact_over_fractions(n: int) -> None:
    a = np.array([[Fraction(i + 1, j + 2) for j in range(n)] for i in range(2)], dtype=object)
    b = np.array([[Fraction(i - j, i + 1) for j in range(3)] for i in range(n)], dtype=object)
    for schedule in schedules(n):
        plan = program(schedule, n)
        whole, column = np.empty((plan.registers, 2, 3), object), np.empty((plan.registers, 3), object)
        _loops.products(a, b, plan.steps, whole, schedule.fused)
        _loops.sums(b, plan.steps, column)
        assert (whole[plan.result] == a @ b).all()
        assert (column[plan.result] == b.sum(axis=0)).all()


@pytest.mark.parametrize(
    ("schedule", "most"),
    [
        (Sequential(), lambda n: 1),
        (Reverse(), lambda n: 1),
        (Pairwise(), lambda n: int(np.ceil(np.log2(n)))),
        (Lanes(width=4), lambda n: 4),
        (NumPyPairwise(), lambda n: 8 + max(0, int(np.log2(n / 64)))),
    ],
    ids=["sequential", "reverse", "pairwise", "lanes", "numpy_pairwise"],
)
def test_a_program_needs_few_registers(schedule: Schedule, most: Any) -> None:
    for n in (2, 3, 8, 17, 40, 129, 1000):
        assert program(schedule, n).registers <= most(n), n


def test_programs_read_no_register_before_it_is_written_and_no_term_twice() -> None:
    for n in (2, 5, 17, MOST):
        for schedule in schedules(n):
            plan, read, written = program(schedule, n), [], set()
            for kind, left, right, target in plan.steps.tolist():
                for place, is_term in (
                    (left, kind in (_loops.TERMS, _loops.TERM_REGISTER)),
                    (right, kind in (_loops.TERMS, _loops.REGISTER_TERM)),
                ):
                    if is_term:
                        read.append(place)
                    else:
                        assert place in written
                        written.discard(place)
                written.add(target)
            assert sorted(read) == list(range(n))
            assert written == {plan.result}
            assert plan.steps.dtype == np.uint64


# -- compiled ------------------------------------------------------------------------------------------------------------


def domains() -> list[Any]:
    kinds: list[Any] = [
        lambda s: NumPyFloat32(schedule=s), lambda s: IEEE32Exec(schedule=s), lambda s: IEEE32Exec("upward", s)
    ]  # fmt: skip
    return [kind(schedule) for kind in kinds for schedule in ("sequential", "pairwise:leaf=2,fused", "blocked:block=3,fused")]


def drawn(domain: Any, *shape: int) -> Any:
    """Numbers of many magnitudes, so that every order of sums has bits of its own."""
    numbers = (RANDOM.standard_normal(shape) * 2.0 ** RANDOM.integers(-12, 13, shape)).astype(np.float32)
    return domain.from_bits(numbers.view(np.uint32))


def agree(domain: Any, op: str, *arrays: Any, **attributes: Any) -> bool:
    found = domain.overrides[op](*arrays, **attributes)
    expected = op_named(op).meaning(domain, *arrays, **attributes)
    return found.shape == expected.shape and np.array_equal(domain.to_bits(found), domain.to_bits(expected))


@pytest.mark.parametrize("domain", domains(), ids=str)
class TestCompiled:
    @pytest.mark.parametrize(
        ("a", "b"),
        [
            ((3, 5), (5, 4)), ((1, 7), (7, 1)), ((4, 2), (2, 4)), ((70, 5), (5, 71)), ((130, 6), (6, 3)), ((2, 6), (6, 130)),
            ((4, 1), (1, 3)), ((1, 1), (1, 1)), ((2, 3, 4, 5), (5, 6)), ((2, 3, 4, 5), (2, 3, 5, 2)), ((4, 5), (2, 3, 5, 6)),
            ((2, 4, 1), (2, 1, 3)), ((4, 1), (2, 1, 3)),
        ],
    )  # fmt: skip
    def test_products_are_the_plain_meaning(self, domain: Any, a: tuple[int, ...], b: tuple[int, ...]) -> None:
        assert agree(domain, "matmul", drawn(domain, *a), drawn(domain, *b))

    def test_products_of_arrays_that_are_not_contiguous(self, domain: Any) -> None:
        a, b = drawn(domain, 14, 9), drawn(domain, 18, 10)
        assert agree(domain, "matmul", a[::2, ::-1], b[::2, 1::3])
        assert agree(domain, "matmul", drawn(domain, 9, 7).T, np.asfortranarray(drawn(domain, 9, 11)))
        assert agree(domain, "matmul", np.broadcast_to(a[:1], (5, 9)), b[:9])

    @pytest.mark.parametrize("axis", [None, 0, 1, -1, (0, 2), (2, 0), (0, 1, 2), ()])
    @pytest.mark.parametrize("keepdims", [False, True])
    @pytest.mark.parametrize("op", ["sum", "max"])
    def test_reductions_are_the_plain_meaning(self, domain: Any, op: str, axis: Any, keepdims: bool) -> None:
        x = drawn(domain, 4, 5, 6)
        assert agree(domain, op, x, axis=axis, keepdims=keepdims)
        assert agree(domain, op, x.T[::-1, 1::2], axis=axis, keepdims=keepdims)

    def test_reductions_of_one_term_and_of_a_number(self, domain: Any) -> None:
        for op in ("sum", "max"):
            assert agree(domain, op, drawn(domain, 1, 3), axis=0, keepdims=False)
            assert agree(domain, op, drawn(domain, 1), axis=None, keepdims=False)
            assert agree(domain, op, drawn(domain), axis=None, keepdims=False)

    def test_arguments_are_left_as_they_were(self, domain: Any) -> None:
        a, b = drawn(domain, 70, 3), drawn(domain, 3, 4)
        before = a.copy(), b.copy()
        domain.overrides["matmul"](a, b)
        domain.overrides["sum"](a, axis=0)
        domain.overrides["max"](a)
        assert np.array_equal(a, before[0])
        assert np.array_equal(b, before[1])


def test_the_order_is_seen_in_the_bits() -> None:
    """What the comparisons above could not tell apart would prove nothing."""
    found = set()
    for schedule in ("sequential", "reverse", "pairwise", "lanes:width=4", "sequential:fused", "pairwise:fused"):
        domain = NumPyFloat32(schedule=schedule)
        random = np.random.default_rng(5)
        a, b = random.standard_normal((2, 8, 40)).astype(np.float32)
        found.add(domain.overrides["matmul"](a, b.T).tobytes())
    assert len(found) == 6


@pytest.mark.parametrize("make", [IEEE32Exec, NumPyFloat32])
@pytest.mark.parametrize("schedule", ["sequential:fused", "pairwise", "lanes:accumulator=binary64"])
def test_neither_threads_nor_tiles_change_a_bit(
    make: Callable[..., Any], schedule: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_scheduled, "_COLUMNS", 8)
    monkeypatch.setattr(_scheduled, "_ROWS", 4)
    rng = np.random.default_rng(0)
    a, b = (rng.standard_normal(shape).astype(np.float32) for shape in ((9, 17), (17, 19)))
    made = []
    for threads in (1, 3):
        domain = make(schedule=schedule, threads=threads)
        given = (domain.from_bits(x.view(np.uint32)) for x in (a, b))
        made.append(domain.to_bits(domain.overrides["matmul"](*given)))
    left, right = (domain.from_bits(x.view(np.uint32)) for x in (a.T.copy(), b))
    meant = total_of_products(domain, [(x[:, None], y[None]) for x, y in zip(left, right)])
    assert np.array_equal(*made)
    assert np.array_equal(made[0], domain.to_bits(meant))


@pytest.mark.parametrize("threads", [0, -1, 1.0, True])
@pytest.mark.parametrize("make", [IEEE32Exec, NumPyFloat32])
def test_threads_are_a_positive_number(make: Callable[..., Any], threads: Any) -> None:
    with pytest.raises(ScheduleError, match="threads="):
        make(threads=threads)


@pytest.mark.parametrize("nan", ["canonical", "x86", "arm", "cuda"])
@pytest.mark.parametrize("shape", [(3, 2, 1), (1, 2, 3)])
def test_a_product_gives_the_nan_that_its_meaning_gives(nan: str, shape: tuple[int, int, int]) -> None:
    """Whichever side is longer: where NaNs are propagated, the order of factors matters."""
    n, k, m = shape
    a, b = np.full((n, k), 0x3F800000, np.uint32), np.full((k, m), 0x3F800000, np.uint32)
    a[0, 0], b[0, 0] = 0x7FC00001, 0x7FC00002
    domain = IEEE32Exec(nan=nan)
    meant = total_of_products(domain, [(a[:, i, None], b[None, i, :]) for i in range(k)])
    assert np.array_equal(domain.overrides["matmul"](a, b), meant)
