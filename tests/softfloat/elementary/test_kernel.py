"""The compiled functions against the judge: codes and flags, every direction; and what the rounding test leaves to the judge."""

from __future__ import annotations

from typing import Any

import flint
import numpy as np
import pytest

from fpsem.core.errors import ShapeError, UnknownNameError
from fpsem.core.formats import BINARY32, FORMATS, Format
from fpsem.core.rounding import Rounding
from fpsem.softfloat import Flag, arithmetic
from fpsem.softfloat.attributes import Attributes, NaN, Subnormals, Tininess
from fpsem.softfloat.elementary import kernel
from fpsem.softfloat.elementary.balls import ball
from fpsem.softfloat.elementary.functions import FUNCTIONS
from fpsem.softfloat.elementary.names import BINARY, ELEMENTARY, UNARY
from fpsem.softfloat.elementary.ziv import elementary_results
from fpsem.softfloat.words.c_compiler import compile_for_cpu
from fpsem.softfloat.words.cuda import Function
from fpsem.testing.evaluate import evaluate
from fpsem.testing.operands import corner_codes

F32 = arithmetic("binary32")
ONE, NEGATIVE = 0x3F800000, 0x80000000
UNDECIDED_AT_MOST = 20
"""Of 65,536 random arguments; exp leaves about one in 2**22 open."""


def codes_of(*numbers: float) -> np.ndarray:
    return np.array(numbers, np.float32).view(np.uint32)


def operands(name: str, count: int, seed: int = 0, f: Format = BINARY32) -> list[np.ndarray]:
    """Codes of all kinds, numbers of moderate size, and corners (every fifth pair of them, for two operands)."""
    rng = np.random.default_rng([seed, *name.encode()])
    corners = np.array(corner_codes(f), f.dtype)
    two = ELEMENTARY[name] == 2
    special = [x.ravel()[::5] for x in np.meshgrid(corners, corners)] if two else [corners]
    wide = [rng.integers(0, 1 << f.width, count).astype(f.dtype) for _ in special]
    moderate = [arithmetic().convert(codes_of(*(3 * rng.standard_normal(count))), f) for _ in special]
    return [np.concatenate(parts) for parts in zip(special, wide, moderate)]


def run(name: str, f: Format, mode: Attributes, *given: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Codes, flags and whether they are decided, without a compiler."""

    def algorithm(*words: Any) -> tuple[Any, ...]:
        result, decided = kernel.attempt(name, f, mode, True, *words)
        return result.code, result.flags, decided

    code, flags, decided = evaluate(algorithm, *given)
    return code, flags, decided


def assert_the_judge_agrees(name: str, f: Format, mode: Attributes, given: list[np.ndarray]) -> None:
    code, flags, decided = run(name, f, mode, *given)
    wanted, raised = elementary_results(name, given, f, mode)
    wrong = decided & ((code != wanted) | (flags != raised))
    first = [hex(x[wrong.argmax()]) for x in given]
    assert not wrong.any(), f"{name}({', '.join(first)}), {wrong.sum()} wrong"


def test_the_table_has_every_name_with_its_operands() -> None:
    assert list(FUNCTIONS) == list(ELEMENTARY) == [*UNARY, *BINARY]
    assert {name: f.__code__.co_argcount for name, f in FUNCTIONS.items()} == ELEMENTARY


@pytest.mark.parametrize("direction", Rounding)
@pytest.mark.parametrize("name", ELEMENTARY)
def test_what_is_decided_is_the_judges_result_with_its_flags(name: str, direction: Rounding) -> None:
    assert_the_judge_agrees(name, BINARY32, Attributes(direction), operands(name, 40, seed=len(direction.value)))


@pytest.mark.parametrize("name", UNARY)
@pytest.mark.parametrize("f", [FORMATS["e5m2"], FORMATS["e4m3"]], ids=str)
def test_8_bit_formats_have_the_judges_results_on_every_code(f: Format, name: str) -> None:
    assert_the_judge_agrees(name, f, Attributes(), [np.arange(256, dtype=np.uint8)])


@pytest.mark.parametrize("name", ["sin", "log2", "erfc", "pow"])
@pytest.mark.parametrize("f", [FORMATS["binary16"], FORMATS["bfloat16"]], ids=str)
def test_16_bit_formats_have_the_judges_results(f: Format, name: str) -> None:
    assert_the_judge_agrees(name, f, Attributes(Rounding.UPWARD), operands(name, 60, f=f))


@pytest.mark.parametrize(
    "mode",
    [
        Attributes(nan=NaN.X86),
        Attributes(nan=NaN.ARM),
        Attributes(nan=NaN.CUDA),
        Attributes(tininess=Tininess.BEFORE),
        Attributes(subnormals=Subnormals.FLUSH),
        Attributes(subnormals=Subnormals.FLUSH_INPUTS, rounding=Rounding.DOWNWARD),
        Attributes(saturate=True),
    ],
    ids=str,
)
@pytest.mark.parametrize("name", ["exp", "log1p", "sinh", "pow", "hypot"])
def test_every_attribute_is_honoured(name: str, mode: Attributes) -> None:
    assert_the_judge_agrees(name, BINARY32, mode, operands(name, 20))


@pytest.mark.parametrize("name", ELEMENTARY)
def test_compiled_functions_give_the_judges_codes(name: str) -> None:
    given = operands(name, 30, seed=3)
    assert np.array_equal(getattr(F32, name)(*given), elementary_results(name, given, BINARY32, Attributes())[0])


@pytest.mark.parametrize("rounding", ["upward", "nearest_even"])
@pytest.mark.parametrize("name", ["exp", "atan2"])
def test_compiled_functions_give_the_judges_flags(name: str, rounding: str) -> None:
    given = operands(name, 30, seed=4)
    codes, flags = getattr(F32, name)(*given, rounding=rounding, with_flags=True)
    wanted, raised = elementary_results(name, given, BINARY32, Attributes(Rounding(rounding)))
    assert np.array_equal(codes, wanted)
    assert np.array_equal(flags, raised)


@pytest.mark.parametrize(
    ("name", "arguments", "value"),
    [
        ("exp2", (-149,), 2.0**-149), ("exp10", (10,), 1e10), ("log2", (2.0**-149,), -149), ("log10", (1e10,), 10),
        ("cbrt", (-343,), -7), ("rsqrt", (0.0625,), 4), ("hypot", (3, -4), 5), ("hypot", (20, 21), 29), ("pow", (7, 3), 343),
        ("pow", (-0.5, -3), -8), ("pow", (81, 0.25), 3), ("pow", (3, 2), 9), ("logistic", (0,), 0.5), ("acos", (1,), 0),
        ("atan2", (0, 3), 0),
    ],
)  # fmt: skip
@pytest.mark.parametrize("rounding", Rounding)
def test_exact_results_raise_nothing(name: str, arguments: tuple[float, ...], value: float, rounding: Rounding) -> None:
    given = [codes_of(x) for x in arguments]
    codes, flags = getattr(F32, name)(*given, rounding=rounding, with_flags=True)
    assert (codes.view(np.float32)[0], flags[0]) == (np.float32(value), 0)


def test_a_number_between_the_ends_of_an_inexact_value_is_left_open() -> None:
    _, _, decided = run("exp10", BINARY32, Attributes(), codes_of(1.0))
    assert not decided[0], "10 lies between the ends: only the judge knows that it is the value"


def test_arguments_that_binary64_alone_would_misround_are_rounded_correctly() -> None:
    """The five of log whose correctly rounded binary64 values, rounded once more, are wrong."""
    codes = np.array([0x3C413D3A, 0x41178FEB, 0x4C5D65A5, 0x65D890D3, 0x6F31A8EC], np.uint32)
    plain = np.log(codes.view(np.float32).astype(np.float64)).astype(np.float32).view(np.uint32)
    assert (plain != F32.log(codes)).all()
    assert np.array_equal(F32.log(codes), elementary_results("log", [codes], BINARY32, Attributes())[0])


@pytest.mark.parametrize("name", UNARY)
def test_the_error_in_binary64_is_below_the_stated_bound(name: str) -> None:
    """Where no stand-in is in use: away from 0 and from limits."""
    rng = np.random.default_rng(1)
    x = {"acosh": rng.uniform(1, 50, 400), "log": rng.uniform(0, 9, 400), "tan": rng.uniform(-1e9, 1e9, 400)}.get(
        name, rng.uniform(0, 1, 400) if name in ("log2", "log10", "rsqrt", "asin", "acos", "atanh") else rng.uniform(-4, 4, 400)
    )
    x = x[np.abs(x) > 2.0**-10] if name != "log1p" else np.abs(x)
    codes = x.astype(np.float32).view(np.uint32)
    values, errors = kernel.approximation(name, codes)
    with flint.ctx.workprec(200):
        for argument, value, error in zip(codes.view(np.float32).tolist(), values.tolist(), errors.tolist(), strict=True):
            assert abs(ball(name, flint.arb(argument)) - value) <= error, (name, argument)


@pytest.mark.parametrize("name", ELEMENTARY)
def test_the_rounding_test_decides_nearly_always(name: str) -> None:
    rng = np.random.default_rng(2)
    ends = (1.1, 50) if name == "acosh" else (0.1, 0.9)
    given = [rng.uniform(*ends, 1 << 16).astype(np.float32).view(np.uint32) for _ in range(ELEMENTARY[name])]
    _, _, decided = run(name, BINARY32, Attributes(Rounding.UPWARD), *given)
    assert np.count_nonzero(~decided) <= UNDECIDED_AT_MOST


@pytest.mark.parametrize("direction", ["upward", "downward", "nearest_even"])
def test_small_quotients_of_atan2_that_are_exact_are_decided(direction: str) -> None:
    rng = np.random.default_rng(5)
    y = (rng.integers(1, 1 << 24, 500) * 2.0 ** -rng.integers(40, 170, 500)).astype(np.float32).view(np.uint32)
    x = np.full(500, 0x3F800000, np.uint32) + (rng.integers(0, 100, 500).astype(np.uint32) << np.uint32(23))
    mode = Attributes(Rounding(direction))
    code, flags, decided = run("atan2", BINARY32, mode, y, x)
    wanted, raised = elementary_results("atan2", [y, x], BINARY32, mode)
    assert np.count_nonzero(~decided) <= 5
    assert np.array_equal(code[decided], wanted[decided])
    assert np.array_equal(flags[decided], raised[decided])


def test_what_is_not_decided_is_asked_of_the_judge_and_nothing_else_is(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def judge(name: str, given: Any, f: Format, mode: Attributes) -> Any:
        asked.extend(given[0].tolist())
        return elementary_results(name, given, f, mode)

    monkeypatch.setattr("fpsem.softfloat.elementary.ziv.elementary_results", judge)
    assert F32.exp10(codes_of(0.5, 3.0, 0.0, np.inf), with_flags=True)[1].tolist() == [1, 0, 0, 0]
    assert asked == codes_of(3.0).tolist()


@pytest.mark.parametrize("name", UNARY)
def test_a_quiet_nan_raises_nothing_and_a_signaling_one_is_invalid(name: str) -> None:
    codes, flags = F32.__getattr__(name)(np.array([0x7FC00000, 0x7F800001], np.uint32), with_flags=True)
    assert codes.tolist() == [BINARY32.nan] * 2
    assert flags.tolist() == [0, Flag.INVALID]


@pytest.mark.parametrize("shape", [(), (0,), (2, 3)])
def test_shapes_are_kept_and_the_operand_is_left_alone(shape: tuple[int, ...]) -> None:
    codes = np.full(shape, 0x7FC00000, np.uint32)
    before = codes.copy()
    assert F32.exp(codes).shape == shape
    assert np.array_equal(codes, before)


def test_two_operands_broadcast_and_what_is_left_open_too() -> None:
    a, b = codes_of(3, 5)[:, None], codes_of(4, 12, 1)
    made = F32.hypot(a, b)
    assert made.shape == (2, 3)
    assert made.view(np.float32)[[0, 1], [0, 1]].tolist() == [5, 13]


@pytest.mark.parametrize("machine", [None, "integer"])
def test_formats_beyond_binary32_and_the_integer_machine_are_the_judges(machine: str | None) -> None:
    f = "binary64" if machine is None else "binary32"
    dtype = FORMATS[f].dtype
    given = np.array([1.5, 0.25]).astype(dtype.str.replace("u", "f")).view(dtype)
    wanted = elementary_results("exp", [given], FORMATS[f], Attributes(Rounding.DOWNWARD))
    codes, flags = arithmetic(f, machine).exp(given, rounding="downward", with_flags=True)
    assert np.array_equal(codes, wanted[0])
    assert np.array_equal(flags, wanted[1])


def test_bad_calls_are_refused() -> None:
    with pytest.raises(TypeError, match="pow takes 2 operands, 1 were given"):
        F32.pow(codes_of(1))
    with pytest.raises(TypeError, match="exp: codes of binary32 are uint32, not float32"):
        F32.exp(np.float32([1]))
    with pytest.raises(UnknownNameError, match="rounding direction 'up'"):
        F32.exp(codes_of(1), rounding="up")
    with pytest.raises(ShapeError, match="hypot: shapes"):
        F32.hypot(codes_of(1, 2), codes_of(1, 2, 3))
    with pytest.raises(AttributeError, match=r"operation 'gamma'.*erf.*exp"):
        _ = F32.gamma


@pytest.mark.parametrize("name", ["exp", "sin", "erf", "pow"])
def test_the_same_program_in_c_gives_the_same_bits(name: str) -> None:
    given = operands(name, 500, seed=6)
    written = kernel.program(name, BINARY32, Attributes(), True)
    u32, u8 = BINARY32.dtype, np.dtype(np.uint8)
    made = compile_for_cpu([Function(name, written, (u32,) * len(given), (u32, u8, np.dtype(bool)))])[name](*given)
    for theirs, ours in zip(made, run(name, BINARY32, Attributes(), *given), strict=True):
        assert np.array_equal(theirs, ours)


def test_a_wrong_coefficient_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """The comparison with the judge can fail."""
    from fpsem.softfloat.elementary import _exponential

    bent = (*_exponential.EXPM1[:5], _exponential.EXPM1[5] * (1 + 2.0**-12), *_exponential.EXPM1[6:])
    monkeypatch.setattr(_exponential, "EXPM1", bent)
    with pytest.raises(AssertionError, match="wrong"):
        assert_the_judge_agrees("exp", BINARY32, Attributes(Rounding.UPWARD), operands("exp", 2000))


