"""NaNs: which one an operation gives under each choice, with signaling and quiet ones in every place, and what is raised.

The rules are written out again here, from the manuals: RISC-V gives the canonical NaN, CUDA all ones; SSE the first operand that
is a NaN; Arm the first signaling one, else the first, and looks at the addend of a fused multiply-add before the factors.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from fpsem.core.formats import FORMATS
from fpsem.softfloat import arithmetic
from fpsem.softfloat.attributes import Flag
from fpsem.softfloat.operations import OPERATIONS, code

F = FORMATS["binary16"]
QUIET_BIT, SIGN = 0x0200, 0x8000
QUIET, SIGNALING, NUMBERS = (0x7E05, 0xFE40), (0x7C03, 0xFD00), (0x0000, 0x8000, 0x3C00, 0xC500, 0x7C00, 0xFC00, 0x0001)
CODES = (*QUIET, *SIGNALING, *NUMBERS)
POLICIES = ("canonical", "x86", "arm", "cuda")
DEFAULT = {"canonical": 0x7E00, "x86": 0xFE00, "arm": 0x7E00, "cuda": 0x7FFF}
NUMBER_WINS = {"minimum_number": True, "maximum_number": True, "min_num": False, "max_num": False}
"""Operations that give the number beside a NaN, and whether also beside a signaling one."""

PROPAGATE = [
    name for name, operation in OPERATIONS.items()
    if operation.gives is code and set(operation.takes) == {code} and name not in ("neg", "abs", "log_b", *NUMBER_WINS)
]  # fmt: skip


def is_nan(x: int) -> bool:
    return x & 0x7FFF > 0x7C00


def is_signaling(x: int) -> bool:
    return is_nan(x) and not x & QUIET_BIT


def chosen(policy: str, operands: tuple[int, ...]) -> int:
    """The NaN that operands give, one of which at least is a NaN."""
    nans = [x for x in operands if is_nan(x)]
    if policy == "arm" and len(operands) == 3:
        nans = [x for x in (operands[2], operands[0], operands[1]) if is_nan(x)]
    if policy == "arm":
        nans = [x for x in nans if is_signaling(x)] + nans
    return nans[0] | QUIET_BIT if policy in ("x86", "arm") else DEFAULT[policy]


def infinity_times_zero(row: tuple[int, ...]) -> bool:
    return len(row) == 3 and sorted(x & 0x7FFF for x in row[:2]) == [0, 0x7C00]


def rows_with_nans(arity: int) -> list[tuple[int, ...]]:
    return [row for row in itertools.product(CODES, repeat=arity) if any(map(is_nan, row))]


def run(name: str, rows: list[tuple[int, ...]], **attributes: Any) -> list[tuple[int, int]]:
    columns = [np.array(column, np.uint16) for column in zip(*rows)]
    made, flags = getattr(arithmetic("binary16", "integer", **attributes), name)(*columns, with_flags=True)
    return list(zip(made.tolist(), flags.tolist()))


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("name", PROPAGATE)
def test_a_nan_operand_gives_the_nan_of_the_choice_and_signals_if_one_signals(name: str, policy: str) -> None:
    rows = [row for row in rows_with_nans(OPERATIONS[name].operands) if not infinity_times_zero(row)]
    wanted = [(chosen(policy, row), Flag.INVALID * any(map(is_signaling, row))) for row in rows]
    found = run(name, rows, nan=policy)
    assert [x for x in zip(rows, found, wanted) if x[1] != x[2]][:5] == []


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("name", NUMBER_WINS)
def test_a_number_wins_over_a_nan_where_the_operation_says_so(name: str, policy: str) -> None:
    rows = rows_with_nans(2)

    def wanted(row: tuple[int, ...]) -> tuple[int, int]:
        numbers, signals = [x for x in row if not is_nan(x)], any(map(is_signaling, row))
        wins = numbers and (NUMBER_WINS[name] or not signals)
        return numbers[0] if wins else chosen(policy, row), Flag.INVALID * signals

    assert run(name, rows, nan=policy) == [wanted(row) for row in rows]


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize(("name", "row"), [
    ("add", (0x7C00, 0xFC00)), ("sub", (0x7C00, 0x7C00)), ("mul", (0x0000, 0xFC00)), ("div", (0x8000, 0x0000)),
    ("div", (0x7C00, 0xFC00)), ("sqrt", (0xBC00,)), ("sqrt", (0xFC00,)), ("fma", (0x7C00, 0x0000, 0x3C00)),
    ("fma", (0x7C00, 0x3C00, 0xFC00)), ("remainder", (0x7C00, 0x3C00)), ("remainder", (0x3C00, 0x8000)),
])  # fmt: skip
def test_an_invalid_operation_of_numbers_gives_the_default_nan(name: str, row: tuple[int, ...], policy: str) -> None:
    assert run(name, [row], nan=policy) == [(DEFAULT[policy], Flag.INVALID)]


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("addend", QUIET)
@pytest.mark.parametrize("row", [(0x7C00, 0x8000), (0x0000, 0xFC00)])
def test_zero_times_infinity_plus_a_quiet_nan(row: tuple[int, int], addend: int, policy: str) -> None:
    whole = (*row, addend)
    assert run("fma", [whole], nan=policy) == [(DEFAULT[policy], Flag.INVALID)]
    assert run("fma", [whole], nan=policy, infinity_times_zero="quiet") == [(chosen(policy, whole), 0)]


@pytest.mark.parametrize("addend", SIGNALING)
@pytest.mark.parametrize("row", [(0x7C00, 0x8000), (0x0000, 0xFC00)])
def test_zero_times_infinity_plus_a_signaling_nan(row: tuple[int, int], addend: int) -> None:
    """Intel's FMA3 gives the addend, made quiet; RISC-V the canonical NaN."""
    whole = (*row, addend)
    assert run("fma", [whole], nan="x86", infinity_times_zero="quiet") == [(addend | QUIET_BIT, Flag.INVALID)]
    assert run("fma", [whole], nan="canonical") == [(DEFAULT["canonical"], Flag.INVALID)]


@pytest.mark.parametrize("addend", SIGNALING)
def test_arm_looks_for_a_signaling_addend_before_zero_times_infinity(addend: int) -> None:
    assert run("fma", [(0x0000, 0xFC00, addend)], nan="arm") == [(addend | QUIET_BIT, Flag.INVALID)]


@pytest.mark.parametrize("policy", POLICIES)
def test_neg_and_abs_keep_a_signaling_nan_and_raise_nothing(policy: str) -> None:
    rows = [(x,) for x in (*QUIET, *SIGNALING)]
    assert run("neg", rows, nan=policy) == [(x ^ SIGN, 0) for (x,) in rows]
    assert run("abs", rows, nan=policy) == [(x & 0x7FFF, 0) for (x,) in rows]


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("name", ["add", "fma", "sqrt", "minimum"])
def test_compiled_nans_are_those_of_the_integer_machine(name: str, policy: str) -> None:
    rows = list(itertools.product(CODES, repeat=OPERATIONS[name].operands))
    columns = [np.array(column, np.uint16) for column in zip(*rows)]
    made, flags = getattr(arithmetic("binary16", "numba", nan=policy), name)(*columns, with_flags=True)
    assert list(zip(made.tolist(), flags.tolist())) == run(name, rows, nan=policy)


@pytest.mark.parametrize(("policy", "wanted"), [
    ("canonical", (0x7FC00000, 0x7FC00000, 0x7FC00000)), ("cuda", (0x7FFFFFFF,) * 3),
    ("x86", (0x7FC0A000, 0xFFC80000, 0x7FC06000)), ("arm", (0x7FC0A000, 0xFFC80000, 0x7FC06000)),
])  # fmt: skip
def test_a_conversion_keeps_sign_and_payload_where_nans_are_kept(policy: str, wanted: tuple[int, ...]) -> None:
    nans = np.array([0x7E05, 0xFE40, 0x7C03], np.uint16)
    wide, flags = arithmetic("binary16", nan=policy).convert(nans, "binary32", with_flags=True)
    assert tuple(wide.tolist()) == wanted
    assert flags.tolist() == [0, 0, Flag.INVALID]


@pytest.mark.parametrize("policy", POLICIES)
def test_a_format_with_one_nan_gives_it_and_has_no_signaling_one(policy: str) -> None:
    e4m3 = arithmetic("e4m3", nan=policy)
    made, flags = e4m3.add(np.array([0x7F, 0xFF], np.uint8), np.array([0x38, 0x38], np.uint8), with_flags=True)
    assert all(FORMATS["e4m3"].is_nan(x) for x in made.tolist())
    assert flags.tolist() == [0, 0]
