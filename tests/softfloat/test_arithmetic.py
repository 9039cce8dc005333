"""The public face of the bit level: what it takes, what it refuses, and that its machines and the hardware agree."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fpsem.core.errors import UnknownNameError
from fpsem.core.formats import BINARY32, FORMATS
from fpsem.core.protocol import ARITHMETIC, COMPARISONS
from fpsem.core.rounding import Rounding
from fpsem.domains.numpy_float32 import NumPyFloat32
from fpsem.softfloat import Arithmetic, arithmetic
from fpsem.softfloat.operations import OPERATIONS
from fpsem.testing.expected import arithmetic_code
from fpsem.testing.operands import columns, corner_codes

ONE, TWO, THREE, HALF = 0x3F800000, 0x40000000, 0x40400000, 0x3F000000
BINARY64 = FORMATS["binary64"]
HARDWARE = {
    "add": np.add, "sub": np.subtract, "mul": np.multiply, "div": np.divide, "sqrt": np.sqrt, "neg": np.negative,
    "abs": np.abs, "equal": np.equal, "less": np.less, "less_equal": np.less_equal,
}  # fmt: skip
"""numpy's function for each operation that it has with one meaning: its minimum and maximum leave opposite zeros open."""


ROUNDED = [name for name in ARITHMETIC if OPERATIONS[name].rounds]


def bits(*codes: int) -> Any:
    return np.array(codes, np.uint32)


def nan_as_one(codes: Any) -> Any:
    """The codes with every NaN made the canonical one; truths as they are."""
    if codes.dtype == bool:
        return codes
    f = BINARY32 if codes.dtype == np.uint32 else BINARY64
    return np.where((codes & codes.dtype.type(f.magnitude_mask)) > f.overflow_code, codes.dtype.type(f.nan), codes)


def binary64_columns(arity: int, count: int) -> list[Any]:
    """Corner codes against each other, then random codes of three kinds."""
    rng = np.random.default_rng(arity)
    corners = np.array(corner_codes(BINARY64), np.uint64)
    kinds = [
        rng.integers(0, 1 << 64, (count, arity), dtype=np.uint64),
        rng.standard_normal((count, arity)).view(np.uint64),
        corners[rng.integers(0, len(corners), (count, arity))],
    ]
    return [np.ascontiguousarray(column) for column in np.concatenate(kinds).T]


# -- what it takes ---------------------------------------------------------------------------------------------------


def test_the_arithmetic_and_the_comparisons_of_the_protocol_are_operations() -> None:
    found = {name: operation.operands for name, operation in OPERATIONS.items()}
    assert found.items() >= {**ARITHMETIC, **dict.fromkeys(COMPARISONS, 2)}.items()


@pytest.mark.parametrize("one", [ONE, np.uint32(ONE), bits(ONE)[0], np.array(ONE, np.uint32)])
def test_a_lone_code_is_an_operand_and_gives_an_array_without_dimensions(one: Any) -> None:
    result = arithmetic().add(one, ONE)
    assert result.shape == ()
    assert result.dtype == np.uint32
    assert result == TWO


def test_arrays_broadcast_as_those_of_numpy_do() -> None:
    column, row = bits(ONE, TWO).reshape(2, 1), bits(ONE, TWO, HALF)
    result = arithmetic().mul(column, row)
    assert result.tolist() == [[ONE, TWO, HALF], [TWO, 0x40800000, ONE]]
    assert arithmetic().fma(column, row, ONE).shape == (2, 3)
    assert arithmetic("binary32", "integer").mul(column, row).tolist() == result.tolist()


@pytest.mark.parametrize("shape", [(0,), (3, 0), (1, 0, 2)])
@pytest.mark.parametrize("machine", ["numba", "integer"])
def test_empty_arrays_give_empty_arrays(machine: str, shape: tuple[int, ...]) -> None:
    empty = np.zeros(shape, np.uint32)
    f32 = arithmetic("binary32", machine)
    assert f32.add(empty, empty).shape == f32.convert(empty, "binary16").shape == shape
    assert f32.convert(empty, "binary16").dtype == np.uint16
    assert f32.less(empty, empty).dtype == bool


def test_operands_may_be_strided_transposed_and_read_only() -> None:
    table = np.random.default_rng(0).integers(0, 1 << 32, (6, 8), dtype=np.uint32)
    table.flags.writeable = False
    views = (table[::2, ::-1], table.T[:, ::-2].T)
    assert np.array_equal(arithmetic().add(*views), arithmetic().add(*(view.copy() for view in views)))


def test_operands_are_not_written_to() -> None:
    x, y = bits(ONE, 0x7F800001), bits(TWO, ONE)
    kept = x.copy(), y.copy()
    arithmetic().add(x, y)
    assert np.array_equal(x, kept[0])
    assert np.array_equal(y, kept[1])


@pytest.mark.parametrize("direction", Rounding)
def test_a_direction_may_be_given_or_named(direction: Rounding) -> None:
    x, y = columns(2, 100, seed=1)
    assert np.array_equal(arithmetic().div(x, y, rounding=direction), arithmetic().div(x, y, rounding=direction.value))


def test_directions_differ_where_they_should() -> None:
    found = {d.value: int(arithmetic().div(ONE, THREE, rounding=d)) for d in Rounding}
    down, up = 0x3EAAAAAA, 0x3EAAAAAB
    assert found == {
        "nearest_even": up, "nearest_away": up, "toward_zero": down, "upward": up, "downward": down, "to_odd": up,
    }  # fmt: skip


def test_an_arithmetic_is_made_once_for_each_format_and_machine() -> None:
    assert arithmetic("binary32") is arithmetic("binary32")
    assert arithmetic(BINARY32).format is BINARY32
    assert repr(arithmetic("e4m3")) == "arithmetic('e4m3')"


# -- what it refuses -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("operand", [
    1.0, True, "0x3f800000", None, np.ones(2, np.float32), bits(1).astype(np.int32), bits(1).astype(np.uint64),
    bits(1).astype(np.uint16), bits(1).astype(">u4"), np.uint64(1), 2**64,
])  # fmt: skip
def test_operands_of_another_dtype_are_refused_with_the_remedy(operand: Any) -> None:
    with pytest.raises(TypeError, match=r"add, operand [ab]: codes of binary32 are uint32, not .*\.view\(uint32\)"):
        arithmetic().add(ONE, operand)
    with pytest.raises(TypeError, match="convert: codes of binary32 are uint32"):
        arithmetic().convert(operand, "binary16")


@pytest.mark.parametrize(("format", "operand"), [
    ("binary32", -1), ("binary32", 1 << 32), ("toy6", 64), ("toy6", np.uint8(64)), ("tf32", np.uint32(1 << 19)),
    ("toy6", np.array([1, 255], np.uint8)), ("tf32", np.array([[0], [1 << 31]], np.uint32)),
])  # fmt: skip
def test_numbers_that_are_no_codes_of_the_format_are_refused(format: str, operand: Any) -> None:
    with pytest.raises(ValueError, match=f"codes of {format} have {FORMATS[format].width} bits"):
        arithmetic(format).neg(operand)


def test_a_wrong_number_of_operands_is_refused() -> None:
    with pytest.raises(TypeError, match="fma takes 3 operands, 2 were given"):
        arithmetic().fma(ONE, ONE)
    with pytest.raises(TypeError, match="sqrt takes 1 operand, 2 were given"):
        arithmetic().sqrt(ONE, ONE)


def test_an_unknown_operation_is_answered_with_the_nearest() -> None:
    with pytest.raises(AttributeError, match=r"unknown operation 'sqrtt'\. Did you mean 'sqrt'"):
        arithmetic().sqrtt(ONE)


def test_an_unknown_format_machine_or_direction_is_answered_with_the_known_ones() -> None:
    with pytest.raises(UnknownNameError, match=r"unknown format 'binary33'\. Did you mean 'binary32'"):
        arithmetic("binary33")
    with pytest.raises(UnknownNameError, match=r"unknown machine 'cuda'\. .*Known: integer, numba"):
        Arithmetic("binary32", "cuda")
    with pytest.raises(UnknownNameError, match=r"unknown rounding direction 'up'"):
        arithmetic().add(ONE, ONE, rounding="up")
    with pytest.raises(UnknownNameError, match=r"unknown rounding direction 'nearest'"):
        arithmetic().convert(ONE, "binary16", rounding="nearest")
    with pytest.raises(UnknownNameError, match="unknown format 'half'"):
        arithmetic().convert(ONE, "half")


def test_arrays_that_do_not_broadcast_are_refused() -> None:
    with pytest.raises(ValueError, match="broadcast"):
        arithmetic().add(bits(1, 2), bits(1, 2, 3))


# -- machines and hardware agree -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", OPERATIONS)
def test_the_numba_and_the_integer_machine_agree(name: str) -> None:
    operation = OPERATIONS[name]
    drawn = columns(operation.operands, 150, seed=2, limit=300)
    operands = [integers(x, takes(BINARY32)) for x, takes in zip(drawn, operation.takes)]
    fast, slow = (
        getattr(arithmetic("binary32", machine), name)(*operands, with_flags=True) for machine in ("numba", "integer")
    )
    assert fast[0].dtype == slow[0].dtype == operation.gives(BINARY32)
    assert fast[1].dtype == slow[1].dtype == np.uint8
    assert np.array_equal(fast[0], slow[0])
    assert np.array_equal(fast[1], slow[1])
    assert np.array_equal(getattr(arithmetic(), name)(*operands), fast[0])


def integers(codes: Any, dtype: np.dtype[Any]) -> Any:
    """Codes as operands of a dtype: themselves, or integers of every size."""
    if codes.dtype == dtype:
        return codes
    numbers = np.nan_to_num(np.ldexp(codes.view(np.float32).astype(np.float64), 20), posinf=2.0**63, neginf=-(2.0**63))
    limits = np.iinfo(dtype)
    clipped = np.clip(numbers, float(limits.min) * (1 - 2.0**-52), float(limits.max) * (1 - 2.0**-52))
    return clipped.astype(dtype)


@pytest.mark.parametrize("name", ROUNDED)
@pytest.mark.parametrize("direction", [d for d in Rounding if d is not Rounding.NEAREST_EVEN])
def test_every_direction_is_the_exact_result_rounded_once(name: str, direction: Rounding) -> None:
    operands = columns(OPERATIONS[name].operands, 200, seed=3, limit=600)
    found = getattr(arithmetic(), name)(*operands, rounding=direction)
    expected = [arithmetic_code(name, row, direction) for row in zip(*(x.tolist() for x in operands))]
    assert found.tolist() == expected


@pytest.mark.parametrize("name", HARDWARE)
def test_binary32_is_the_hardware_on_many_codes(name: str) -> None:
    operands = columns(OPERATIONS[name].operands, 200_000, seed=4)
    found = getattr(arithmetic(), name)(*operands)
    with np.errstate(all="ignore"):
        native = HARDWARE[name](*(x.view(np.float32) for x in operands))
    expected = native if native.dtype == bool else native.view(np.uint32)
    assert np.array_equal(nan_as_one(found), nan_as_one(expected))


def test_binary32_fma_is_the_hardware_on_many_codes() -> None:
    operands = columns(3, 60_000, seed=5)
    native = NumPyFloat32()
    expected = native.to_bits(native.fma(*(x.view(np.float32) for x in operands)))
    assert np.array_equal(arithmetic().fma(*operands), nan_as_one(expected))


@pytest.mark.parametrize("name", ["minimum", "maximum"])
def test_binary32_extremes_are_the_hardware_but_for_opposite_zeros(name: str) -> None:
    x, y = columns(2, 200_000, seed=6)
    found = getattr(arithmetic(), name)(x, y)
    with np.errstate(all="ignore"):
        expected = getattr(np, name)(x.view(np.float32), y.view(np.float32)).view(np.uint32)
    zeros = ((x | y) & np.uint32(BINARY32.magnitude_mask)) == 0
    assert np.array_equal(found[~zeros], nan_as_one(expected)[~zeros])
    assert np.array_equal(found[zeros], ((x | y) if name == "minimum" else (x & y))[zeros])


@pytest.mark.parametrize("name", HARDWARE)
def test_binary64_is_the_hardware(name: str) -> None:
    operands = binary64_columns(OPERATIONS[name].operands, 300)
    found = getattr(arithmetic("binary64"), name)(*operands)
    with np.errstate(all="ignore"):
        native = HARDWARE[name](*(x.view(np.float64) for x in operands))
    expected = native if native.dtype == bool else native.view(np.uint64)
    assert found.dtype == expected.dtype
    assert np.array_equal(nan_as_one(found), nan_as_one(expected))


@pytest.mark.parametrize("direction", Rounding)
def test_binary64_fma_is_the_exact_result_rounded_once(direction: Rounding) -> None:
    operands = binary64_columns(3, 60)
    found = arithmetic("binary64").fma(*operands, rounding=direction)
    rows = zip(*(x.tolist() for x in operands))
    assert found.tolist() == [arithmetic_code("fma", row, direction, BINARY64) for row in rows]


@pytest.mark.parametrize("name", [name for name in ARITHMETIC if name not in ("neg", "abs")])
def test_every_nan_result_but_of_sign_operations_is_the_canonical_one(name: str) -> None:
    operands = columns(OPERATIONS[name].operands, 2_000, seed=7)
    found = getattr(arithmetic(), name)(*operands)
    nans = (found & BINARY32.magnitude_mask) > BINARY32.overflow_code
    assert nans.any()
    assert set(found[nans].tolist()) == {BINARY32.nan}


def test_neg_and_abs_change_the_sign_bit_of_a_nan_and_nothing_else() -> None:
    nans = bits(0x7F800001, 0xFFC12345, BINARY32.nan)
    assert arithmetic().neg(nans).tolist() == [0xFF800001, 0x7FC12345, 0xFFC00000]
    assert arithmetic().abs(nans).tolist() == [0x7F800001, 0x7FC12345, 0x7FC00000]


def test_an_exact_operation_takes_no_rounding() -> None:
    with pytest.raises(TypeError, match="neg is exact: it takes no rounding"):
        arithmetic().neg(np.zeros(1, np.uint32), rounding="upward")


def test_operations_are_printed_as_c_under_names_that_say_what_is_not_usual() -> None:
    printed = arithmetic("binary32", nan="cuda").c_source("add", "to_binary16", rounding="upward", with_flags=True)
    assert "binary32_add_upward_nan_cuda_flags(" in printed
    assert "binary32_to_binary16_upward_nan_cuda_flags(" in printed
