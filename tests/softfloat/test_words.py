"""Words: each machine gives the same meaning to each operation, and the algorithms stay inside of what is defined."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import z3

from fpsem.core.formats import FORMATS, Format
from fpsem.core.rounding import Rounding
from fpsem.softfloat import arithmetic, convert
from fpsem.softfloat.attributes import Attributes
from fpsem.softfloat.operations import OPERATIONS, code
from fpsem.softfloat.words import integer, machine, symbolic
from fpsem.softfloat.words.integer import IntegerMachine
from fpsem.softfloat.words.program import DOUBLES, FROM_DOUBLES, TRUTHS_OF_DOUBLES, record
from fpsem.softfloat.words.symbolic import SymbolicMachine
from fpsem.softfloat.words.word import Truth, Word, count_leading_zeros, indicator, lesser, select, signed_less
from fpsem.testing.operands import corner_codes

WIDTH = 64
UINT64 = np.dtype(np.uint64)

WORDS: dict[str, Callable[..., Any]] = {
    "add": lambda x, y: x + y,
    "add_constant": lambda x, y: x + 12345,
    "sub": lambda x, y: x - y,
    "sub_from_constant": lambda x, y: 5 - x,
    "mul": lambda x, y: x * y,
    "div": lambda x, y: x // (y | 1),
    "and": lambda x, y: x & y,
    "or": lambda x, y: x | y,
    "xor": lambda x, y: x ^ y,
    "shift_left": lambda x, y: x << (y & 7),
    "shift_right": lambda x, y: x >> (y & 7),
    "shift_left_most": lambda x, y: x << (x.machine.width - 1),
    "shift_right_most": lambda x, y: x >> (x.machine.width - 1),
    "count_leading_zeros": lambda x, y: count_leading_zeros(x),
    "less": lambda x, y: indicator(x < y),
    "less_equal": lambda x, y: indicator(x <= y),
    "greater": lambda x, y: indicator(x > y),
    "greater_equal": lambda x, y: indicator(x >= y),
    "less_than_constant": lambda x, y: indicator(x < 7),
    "signed_less": lambda x, y: indicator(signed_less(x, y)),
    "equal": lambda x, y: indicator(x == y),
    "unequal": lambda x, y: indicator(x != y),
    "all": lambda x, y: indicator((x < 9) & (y < 9)),
    "any": lambda x, y: indicator((x < 9) | (y < 9)),
    "not": lambda x, y: indicator(~(x < y)),
    "select": lambda x, y: select(x < y, x, y + 1),
    "select_constants": lambda x, y: select(x == y, 3, -1),
    "lesser": lesser,
}
"""Every operation of a word, as a function of two words that is defined everywhere."""


def operands(width: int) -> list[tuple[int, int]]:
    """Pairs of words: corners, small ones, equal ones, and random ones of every length."""
    rng, most = np.random.default_rng(width), (1 << width) - 1
    corners = sorted({0, 1, 2, 7, 8, most, most - 1, most >> 1, (most >> 1) + 1, 1 << (width // 2)})
    drawn = [int(rng.integers(0, 1 << 63)) & most for _ in range(120)]
    shortened = [x >> int(rng.integers(0, width)) for x in drawn]
    return [(x, y) for x in corners for y in corners] + list(zip(shortened, reversed(drawn))) + [(x, x) for x in shortened[:9]]


def over_integers(function: Callable[..., Any], width: int, rows: list[tuple[int, ...]]) -> list[Any]:
    ints = IntegerMachine(width)
    return [terms_of(function(*(Word(ints, ints.constant(x)) for x in row))) for row in rows]


def over_terms(function: Callable[..., Any], width: int, rows: list[tuple[int, ...]]) -> list[Any]:
    """One term of variables, or a tuple of them, in which each row is put."""
    terms = SymbolicMachine(width)
    variables = [z3.BitVec(f"x{i}", width) for i in range(len(rows[0]))]
    made = terms_of(function(*(Word(terms, variable) for variable in variables)))
    put = [[(v, z3.BitVecVal(x, width)) for v, x in zip(variables, row)] for row in rows]
    if not isinstance(made, tuple):
        return [value_of(made, pairs) for pairs in put]
    return [tuple(value_of(term, pairs) for term in made) for pairs in put]


def value_of(term: Any, pairs: Any) -> Any:
    return z3.simplify(z3.substitute(term, *pairs)).as_long()


def terms_of(made: Any) -> Any:
    return tuple(word.term for word in made) if isinstance(made, tuple) else made.term


def over_numba(name: str, function: Callable[..., Any], rows: list[tuple[int, ...]]) -> list[int]:
    columns = [np.array(column, np.uint64) for column in zip(*rows)]
    kernel = machine.compile_program(name, record(function, len(columns), WIDTH), (UINT64,) * len(columns), (UINT64,))
    return list(kernel(*columns).tolist())


# -- operations ------------------------------------------------------------------------------------------------------


def test_every_operation_of_the_machines_is_tried_here() -> None:
    tried = {step.operation for f in WORDS.values() for step in record(f, 2, WIDTH).instructions}
    doubles = DOUBLES | TRUTHS_OF_DOUBLES | FROM_DOUBLES
    tables = {"integer": set(integer._MEANING) - doubles, "machine": set(machine._PRINTED) - doubles}
    tables["symbolic"] = {*symbolic._MEANING, "count_leading_zeros"}
    for name, table in tables.items():
        assert tried - {"constant", "parameter"} == table, f"operations of words/{name}.py and of this file differ"


@pytest.mark.parametrize("width", [11, 32, 48, WIDTH])
@pytest.mark.parametrize("name", WORDS)
def test_terms_mean_what_integers_mean(name: str, width: int) -> None:
    rows = operands(width)
    assert over_terms(WORDS[name], width, rows) == over_integers(WORDS[name], width, rows)


@pytest.mark.parametrize("name", WORDS)
def test_compiled_code_means_what_integers_mean(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FPSEM_CACHE", str(tmp_path))
    rows = operands(WIDTH)
    assert over_numba(name, WORDS[name], rows) == over_integers(WORDS[name], WIDTH, rows)


@pytest.mark.parametrize("width", [11, WIDTH])
def test_integers_mean_what_arithmetic_modulo_a_power_of_two_means(width: int) -> None:
    rows, modulus = operands(width), 1 << width
    meanings: dict[str, Callable[[int, int], int]] = {
        "add": lambda x, y: x + y, "sub": lambda x, y: x - y, "mul": lambda x, y: x * y, "div": lambda x, y: x // (y | 1),
        "sub_from_constant": lambda x, y: 5 - x, "shift_left": lambda x, y: x << (y & 7),
        "count_leading_zeros": lambda x, y: len(f"{x:0{width}b}".split("1")[0]), "less": lambda x, y: x < y,
        "signed_less": lambda x, y: (x ^ modulus >> 1) < (y ^ modulus >> 1), "equal": lambda x, y: x == y,
    }  # fmt: skip
    for name, meaning in meanings.items():
        assert over_integers(WORDS[name], width, rows) == [int(meaning(*row)) % modulus for row in rows], name


# -- refusals --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("amount", [8, 9, 255])
def test_the_integer_machine_refuses_to_shift_by_the_width_or_more(amount: int) -> None:
    word = Word(IntegerMachine(8), 1)
    for shift in (lambda: word << amount, lambda: word >> amount, lambda: word >> Word(word.machine, amount)):
        with pytest.raises(ValueError, match=f"a word of 8 bits is shifted by {amount}"):
            shift()


def test_the_integer_machine_refuses_to_divide_by_zero() -> None:
    with pytest.raises(ZeroDivisionError):
        Word(IntegerMachine(8), 1) // 0


@pytest.mark.parametrize("words", [IntegerMachine(8), SymbolicMachine(8)])
def test_neither_a_word_nor_a_truth_has_a_bool(words: Any) -> None:
    word = Word(words, words.constant(1))
    for value in (word, word == word, word < 2, ~(word < 2)):
        with pytest.raises(TypeError, match="branch-free, use select"):
            bool(value)
    with pytest.raises(TypeError, match="branch-free"):
        0 < word < 2  # noqa: B015
    with pytest.raises(TypeError, match="unhashable"):
        {word}  # noqa: B018


def test_a_constant_is_taken_modulo_the_width() -> None:
    assert IntegerMachine(8).constant(-1) == 255
    assert z3.simplify(SymbolicMachine(8).constant(-1)).as_long() == 255
    assert record(lambda x: x + (-1), 1, 8).instructions[1].value == 255


# -- programs --------------------------------------------------------------------------------------------------------


def test_a_recorded_program_shares_equal_instructions_and_lists_only_live_ones() -> None:
    def algorithm(x: Word, y: Word) -> Word:
        dead = x * y
        assert dead is not None
        return (x + y) ^ ((x + y) << 1)

    program = record(algorithm, 2, WIDTH)
    assert [step.operation for _, step in program.live()] == ["parameter", "parameter", "add", "constant", "shift_left", "xor"]
    assert len(program.instructions) == 7
    assert program.truths == (False,)
    assert record(lambda x: x < 1, 1, WIDTH).truths == (True,)


# -- algorithms ------------------------------------------------------------------------------------------------------


def sampled(f: Format, takes: tuple[Any, ...], count: int) -> list[tuple[int, ...]]:
    """Rows of operands: corners of every kind, and random ones."""
    drawn = [drawn_codes(f, i, count) if dtype is code else drawn_integers(dtype(f), count) for i, dtype in enumerate(takes)]
    return list(zip(*drawn))


def drawn_codes(f: Format, seed: int, count: int) -> list[int]:
    rng, corners = np.random.default_rng(seed), np.array(corner_codes(f), np.uint64)
    codes = [corners[rng.integers(0, len(corners), count)], rng.integers(0, 1 << f.width, count, dtype=np.uint64)]
    return [int(x) for x in np.concatenate(codes)]


def drawn_integers(dtype: np.dtype[Any], count: int) -> list[int]:
    rng, limits = np.random.default_rng(count), np.iinfo(dtype)
    corners = np.array([limits.min, limits.min + 1, 0, 1, 2, 3, limits.max - 1, limits.max], dtype)
    random = rng.integers(limits.min, limits.max, count, dtype, endpoint=True)
    near_zero = random >> rng.integers(0, limits.bits, count).astype(dtype)
    return [int(x) for x in np.concatenate([corners[rng.integers(0, len(corners), count)], near_zero])]


def algorithm_of(name: str, f: Format, direction: Rounding) -> Callable[..., Any]:
    """The operation's algorithm as a function of words that gives two words, the result and the flags."""

    def algorithm(*words: Word) -> Any:
        return as_words(OPERATIONS[name].algorithm(f, Attributes(direction), *words))

    return algorithm


def as_words(made: Any) -> tuple[Word, Word]:
    result, flags = made
    return (indicator(result) if isinstance(result, Truth) else result), flags


def of_dtype(values: list[int], dtype: np.dtype[Any], width: int) -> list[int]:
    """Words as the dtype's values: a code or a truth is itself, a signed integer a number modulo its width."""
    if dtype.kind != "i":
        return values
    bits = min(width, 8 * dtype.itemsize)
    return [((v & (1 << bits) - 1) ^ 1 << (bits - 1)) - (1 << (bits - 1)) for v in values]


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("name", OPERATIONS)
def test_an_algorithm_never_shifts_out_of_range_and_gives_a_code_in_its_least_word_and_in_64_bits(name: str, format: str) -> None:
    f, operation = FORMATS[format], OPERATIONS[name]
    rows, gives = sampled(f, operation.takes, 60), operation.gives(f)
    for direction in Rounding if operation.rounds else [Rounding.NEAREST_EVEN]:
        algorithm, narrow = algorithm_of(name, f, direction), operation.width(f)
        least, flags = zip(*over_integers(algorithm, narrow, rows))
        if operation.gives is code:
            assert max(least) >> f.width == 0
        assert max(flags) < 32
        wide = max(WIDTH, narrow)
        wider, same_flags = zip(*over_integers(algorithm, wide, rows))
        assert of_dtype(list(wider), gives, wide) == of_dtype(list(least), gives, narrow)
        assert same_flags == flags


@pytest.mark.parametrize("source", FORMATS)
@pytest.mark.parametrize("target", FORMATS)
def test_a_conversion_never_shifts_out_of_range_and_gives_a_code(source: str, target: str) -> None:
    f, to = FORMATS[source], FORMATS[target]
    rows = sampled(f, (code,), 60)
    for direction in Rounding:
        algorithm = partial(convert.convert, f, to, Attributes(direction))
        found, flags = zip(*over_integers(algorithm, convert.width(f, to), rows))
        assert max(found) >> to.width == 0
        assert max(flags) < 32


@pytest.mark.parametrize("format", ["binary32", "e4m3", "toy6"])
@pytest.mark.parametrize("name", OPERATIONS)
def test_an_algorithm_means_the_same_on_integers_terms_and_compiled_code(name: str, format: str) -> None:
    f, operation = FORMATS[format], OPERATIONS[name]
    rows, gives = sampled(f, operation.takes, 15), operation.gives(f)
    algorithm, width = algorithm_of(name, f, Rounding.NEAREST_EVEN), operation.width(f)
    expected = over_integers(algorithm, width, rows)
    assert over_terms(algorithm, width, rows) == expected
    columns = [np.array(column, takes(f)) for column, takes in zip(zip(*rows), operation.takes)]
    inexact_too = {} if operation.exact is None else {"exact": True}
    codes, flags = getattr(arithmetic(f, "numba"), name)(*columns, with_flags=True, **inexact_too)
    assert codes.tolist() == of_dtype([c for c, _ in expected], gives, width)
    assert flags.tolist() == [raised for _, raised in expected]
