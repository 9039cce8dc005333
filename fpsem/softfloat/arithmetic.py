"""The public face of the bit level: arrays of codes in, arrays of codes out.

    f32 = arithmetic("binary32")
    f32.add(a, b)                       # uint32 codes, nearest even
    f32.mul(a, b, rounding="upward")

An operation is compiled when it is first called: by numba over 64-bit words where they suffice, else run over Python
integers, slowly. Both run the same algorithm source.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import numpy as np

from fpsem.core.errors import UnknownNameError
from fpsem.core.formats import Format, format_named
from fpsem.core.protocol import Array
from fpsem.core.rounding import Rounding, rounding_named
from fpsem.softfloat import add, compare, convert, divide, fused, multiply, square_root
from fpsem.softfloat.words.integer import IntegerMachine
from fpsem.softfloat.words.machine import WIDTH, compile_program, print_scalar
from fpsem.softfloat.words.program import record
from fpsem.softfloat.words.word import Truth, Word


@dataclass(frozen=True)
class Operation:
    """An algorithm and what it needs.

    Args:
        algorithm: takes the format, the direction where it rounds, then one word for each operand.
        operands: how many.
        width: the least word width, given the format.
        rounds: whether it takes a direction.
        is_truth: whether it gives a truth.
    """

    algorithm: Callable[..., Any]
    operands: int
    width: Callable[[Format], int]
    rounds: bool = True
    is_truth: bool = False


OPERATIONS: Mapping[str, Operation] = {
    "add": Operation(add.add, 2, add.width),
    "sub": Operation(add.sub, 2, add.width),
    "mul": Operation(multiply.mul, 2, multiply.width),
    "div": Operation(divide.div, 2, divide.width),
    "fma": Operation(fused.fma, 3, fused.width),
    "sqrt": Operation(square_root.sqrt, 1, square_root.width),
    "neg": Operation(compare.neg, 1, compare.width, rounds=False),
    "abs": Operation(compare.absolute, 1, compare.width, rounds=False),
    "minimum": Operation(compare.minimum, 2, compare.width, rounds=False),
    "maximum": Operation(compare.maximum, 2, compare.width, rounds=False),
    "equal": Operation(compare.equal, 2, compare.width, rounds=False, is_truth=True),
    "less": Operation(compare.less, 2, compare.width, rounds=False, is_truth=True),
    "less_equal": Operation(compare.less_equal, 2, compare.width, rounds=False, is_truth=True),
}
"""Every operation on the codes of one format, by its name."""


class Arithmetic:
    """The operations of one format on arrays of its codes. Every operation of ``OPERATIONS`` is a method; those that
    round take ``rounding=``. Arrays broadcast as numpy's do; NaN results are the canonical NaN.

    Args:
        format: a format or its name.
        machine: "numba" for compiled 64-bit words, "integer" for Python integers; by default numba where 64 bits suffice.

    Raises:
        UnknownNameError: for an unknown format, machine, operation or direction.
        TypeError: for operands that are not unsigned integers of the format's dtype.
        ValueError: for integers that are no codes of the format.
    """

    def __init__(self, format: str | Format = "binary32", machine: str | None = None) -> None:
        if machine not in (None, "numba", "integer"):
            raise UnknownNameError("machine", machine, ("numba", "integer"))
        self.format = format_named(format)
        self.machine = machine

    def __repr__(self) -> str:
        return f"arithmetic({self.format.name!r})"

    def __getattr__(self, name: str) -> Callable[..., Array]:
        if name not in OPERATIONS:
            raise AttributeError(str(UnknownNameError("operation", name, OPERATIONS)))
        return partial(self._call, name)

    def _call(self, name: str, *operands: Any, rounding: str | Rounding | None = None) -> Array:
        operation = OPERATIONS[name]
        if len(operands) != operation.operands:
            raise TypeError(f"{name} takes {operation.operands} operands, {len(operands)} were given")
        if rounding is not None and not operation.rounds:
            raise TypeError(f"{name} is exact: it takes no rounding")
        codes = [_codes(operand, self.format, name) for operand in operands]
        direction = rounding_named(rounding or Rounding.NEAREST_EVEN) if operation.rounds else None
        return _kernel(name, self.format, direction, self.machine)(*codes)

    def source(self, name: str, rounding: str | Rounding = Rounding.NEAREST_EVEN, called: str = "") -> str:
        """An operation as the source of a function of scalars, under a name of its own or another, for kernels of numba."""
        operation = OPERATIONS[name]
        direction = [rounding_named(rounding)] if operation.rounds else []
        written = record(partial(operation.algorithm, self.format, *direction), operation.operands, WIDTH)
        return print_scalar(called or name, written, np.dtype(bool) if operation.is_truth else self.format.dtype)

    def convert(self, codes: Any, to: str | Format, rounding: str | Rounding = Rounding.NEAREST_EVEN) -> Array:
        """Codes of another format."""
        target = format_named(to)
        kernel = _conversion(self.format, target, rounding_named(rounding), self.machine)
        return kernel(_codes(codes, self.format, "convert"))


@cache
def arithmetic(format: str | Format = "binary32", machine: str | None = None) -> Arithmetic:
    """The arithmetic of a format; see Arithmetic."""
    return Arithmetic(format, machine)


def _codes(operand: Any, f: Format, name: str) -> Array:
    array = np.asarray(operand)
    fills = f.width == 8 * f.dtype.itemsize
    if array.dtype == f.dtype and fills:
        return array
    if array.dtype != f.dtype and not (array.dtype.kind == "i" and array.ndim == 0):
        raise TypeError(f"{name}: codes of {f.name} are {f.dtype}, not {array.dtype}; for floats use .view({f.dtype})")
    bad = array[(array < 0) | (array > f.sign_mask | f.magnitude_mask)]
    if bad.size:
        raise ValueError(f"{name}: codes of {f.name} have {f.width} bits; {int(bad.flat[0])} is none")
    return array.astype(f.dtype, copy=False)


@cache
def _kernel(name: str, f: Format, direction: Rounding | None, machine: str | None) -> Callable[..., Array]:
    operation = OPERATIONS[name]
    algorithm = partial(operation.algorithm, f, *([direction] if direction else []))
    label = "_".join([f.name, name, *([direction.value] if direction else [])])
    result = np.dtype(bool) if operation.is_truth else f.dtype
    return _build(label, algorithm, operation.operands, operation.width(f), f.dtype, result, machine)


@cache
def _conversion(f: Format, to: Format, direction: Rounding, machine: str | None) -> Callable[..., Array]:
    label = f"{f.name}_to_{to.name}_{direction.value}"
    return _build(
        label, partial(convert.convert, f, to, direction), 1, convert.width(f, to), f.dtype, to.dtype, machine
    )


def _build(
    label: str,
    algorithm: Callable[..., Any],
    operands: int,
    width: int,
    operand: np.dtype[Any],
    result: np.dtype[Any],
    machine: str | None,
) -> Callable[..., Array]:
    """The algorithm as a function of arrays, on the machine asked for."""
    if machine == "integer" or width > WIDTH:
        return _over_integers(algorithm, operands, width, result)
    return compile_program(label, record(algorithm, operands, WIDTH), operand, result)


def _over_integers(
    algorithm: Callable[..., Any], operands: int, width: int, result: np.dtype[Any]
) -> Callable[..., Array]:
    machine = IntegerMachine(width)

    def scalar(*codes: Any) -> Any:
        value: Word | Truth = algorithm(*(Word(machine, int(code)) for code in codes))
        return value.term

    elementwise = np.frompyfunc(scalar, operands, 1)
    return lambda *codes: np.asarray(elementwise(*codes)).astype(result)
