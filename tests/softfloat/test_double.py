"""Binary64 numbers beside words: every machine gives the same bits, and what is made of them means what it says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from fpsem.softfloat.words import double
from fpsem.softfloat.words.c_compiler import compile_for_cpu
from fpsem.softfloat.words.cuda import Function
from fpsem.softfloat.words.double import Double, choose, from_bits
from fpsem.softfloat.words.integer import IntegerMachine
from fpsem.softfloat.words.machine import WIDTH, compile_program
from fpsem.softfloat.words.program import DOUBLES, FROM_DOUBLES, TRUTHS_OF_DOUBLES, record
from fpsem.softfloat.words.word import Word
from fpsem.testing.evaluate import evaluate

U64 = np.dtype(np.uint64)
NUMBERS = np.array([0.0, -0.0, 1.0, -1.5, 3.0, 1e300, -1e-300, 5e-324, 2.0**52 + 1, np.pi, np.inf, -np.inf, np.nan])

OPERATIONS: dict[str, tuple[Callable[[Any, Any], Any], Callable[[Any, Any], Any]]] = {
    "add": (lambda x, y: x + y, np.add),
    "sub": (lambda x, y: x - y, np.subtract),
    "mul": (lambda x, y: x * y, np.multiply),
    "div": (lambda x, y: x / y, np.divide),
    "constants": (lambda x, y: 1 - 2.5 * x / 3 + (0.1 / y), lambda x, y: 1 - 2.5 * x / 3 + (0.1 / y)),
    "square_root": (lambda x, y: double.square_root(x), lambda x, y: np.sqrt(x)),
    "neg": (lambda x, y: -x, lambda x, y: -x),
    "abs": (lambda x, y: abs(x), lambda x, y: abs(x)),
    "choose": (lambda x, y: choose(x < y, x, y), lambda x, y: np.where(x < y, x, y)),
    "equal": (lambda x, y: choose(x == y, 1.0, choose(x != y, 2.0, 3.0)), lambda x, y: np.where(x == y, 1.0, 2.0)),
    "clamp": (lambda x, y: double.clamp(x, -1.0, 2.0), lambda x, y: np.clip(x, -1.0, 2.0)),
    "signed_as": (lambda x, y: double.signed_as(abs(x), y), np.copysign),
    "is_nan": (lambda x, y: choose(double.is_nan(x), 1.0, 0.0), lambda x, y: np.isnan(x) * 1.0),
    "narrow": (
        lambda x, y: double.widened(double.narrowed(x)), lambda x, y: x.astype(np.float32).astype(np.float64),
    ),
}  # fmt: skip
"""Each over doubles and over numpy's."""

CALLED = {name: lambda a, b, f=f: double.bits(f(from_bits(a), from_bits(b))) for name, (f, _) in OPERATIONS.items()}


def pairs() -> tuple[np.ndarray, np.ndarray]:
    x, y = (axis.ravel() for axis in np.meshgrid(NUMBERS, NUMBERS))
    return x.view(np.uint64), y.view(np.uint64)


def over_integers(name: str, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    machine = IntegerMachine(64)
    rows = zip(a.tolist(), b.tolist(), strict=True)
    return np.array([CALLED[name](*(Word(machine, x) for x in row)).term for row in rows], np.uint64)


def compiled(name: str, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    made: np.ndarray = compile_program(f"double_{name}", record(CALLED[name], 2, WIDTH), (U64, U64), (U64,))(a, b)
    return made


def in_c(name: str, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    made: np.ndarray = compile_for_cpu([Function(name, record(CALLED[name], 2, WIDTH), (U64, U64), (U64,))])[name](a, b)
    return made


def as_arrays(name: str, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return evaluate(lambda x, y: (CALLED[name](x, y),), a, b)[0]


def test_every_operation_on_doubles_is_tried_here() -> None:
    tried = {step.operation for f in CALLED.values() for step in record(f, 2, WIDTH).instructions}
    assert tried >= DOUBLES | TRUTHS_OF_DOUBLES | FROM_DOUBLES


@pytest.mark.parametrize("machine", [over_integers, compiled, in_c, as_arrays])
@pytest.mark.parametrize("name", OPERATIONS)
def test_every_machine_has_ieee_754s_bits(name: str, machine: Callable[..., np.ndarray]) -> None:
    a, b = pairs()
    with np.errstate(all="ignore"):
        wanted = np.asarray(OPERATIONS[name][1](a.view(np.float64), b.view(np.float64)))
    found = machine(name, a, b).view(np.float64)
    same = (found.view(np.uint64) == wanted.view(np.uint64)) | (np.isnan(found) & np.isnan(wanted))
    assert same.all(), (a.view(np.float64)[~same], b.view(np.float64)[~same])


def test_products_and_sums_are_not_contracted() -> None:
    x = np.array([1 + 2.0**-30])
    made = compile_program(
        "double_uncontracted", record(lambda a: double.bits(from_bits(a) * from_bits(a) - 1.0), 1, WIDTH), (U64,), (U64,)
    )(x.view(np.uint64))
    assert made.view(np.float64)[0] == x[0] * x[0] - 1.0 != 2.0**-29 + 2.0**-60


@pytest.mark.parametrize("value", [0.0, 0.5, 1.5, -2.5, 1e9, -123456.75])
def test_the_nearest_integer_is_a_number_and_the_last_bits_of_a_word(value: float) -> None:
    rounded, word = double.nearest_integer(number(value))
    assert float(rounded.term) == np.rint(value)
    assert word.term & 0xFFFFFFFF == int(np.rint(value)) & 0xFFFFFFFF


@pytest.mark.parametrize("k", [-1022, -1, 0, 1, 1023])
def test_powers_of_two_come_from_integers_of_either_sign(k: int) -> None:
    machine = IntegerMachine(64)
    assert float(double.power_of_two(Word(machine, machine.constant(k))).term) == 2.0**k


@pytest.mark.parametrize("k", [0, 1, 12345, (1 << 52) - 1])
def test_integers_become_numbers(k: int) -> None:
    assert float(double.from_integer(Word(IntegerMachine(64), k)).term) == k


def test_a_double_has_no_truth_value() -> None:
    with pytest.raises(TypeError, match="branch-free"):
        bool(number(1.0))


def number(value: float) -> Double:
    return double.constant(IntegerMachine(64), value)
