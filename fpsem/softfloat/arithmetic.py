"""The public face of the bit level: arrays of codes in, arrays of codes out.

    f32 = arithmetic("binary32")
    f32.add(a, b)                                              # uint32 codes, nearest even
    f32.exp(a)                                                 # elementary functions too, correctly rounded
    bits, flags = f32.mul(a, b, rounding="upward", with_flags=True)
    x86 = arithmetic("binary32", nan="x86", subnormals="flush")

An operation is compiled when it is first called: by numba over 64-bit words where they suffice, else run over Python
integers, slowly. Both run the same algorithm source. Elementary functions are compiled for the formats that binary32 contains;
elsewhere, and on the integer machine, all of their results are the judge's (``elementary.ziv``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from functools import cache, partial
from typing import Any

import numpy as np

from fpsem.core.errors import ShapeError, UnknownNameError
from fpsem.core.formats import Format, format_named
from fpsem.core.protocol import Array
from fpsem.core.rounding import Rounding, rounding_named
from fpsem.softfloat import c_source as emitter
from fpsem.softfloat import text
from fpsem.softfloat.attributes import Attributes, InfinityTimesZero, Integers, NaN, Subnormals, Tininess, choice
from fpsem.softfloat.elementary.names import ELEMENTARY
from fpsem.softfloat.operations import FLAGS, OPERATIONS, Dtype, Operation, code, conversion
from fpsem.softfloat.words.integer import IntegerMachine
from fpsem.softfloat.words.machine import WIDTH, Dtypes, compile_program, print_scalar
from fpsem.softfloat.words.program import record
from fpsem.softfloat.words.word import Word


class Arithmetic:
    """The operations of one format on arrays of its codes. Every operation of ``OPERATIONS`` is a method, and so is every
    function of ``elementary.names.ELEMENTARY``: exp, log, sin, tanh, erf, pow, ...

    Those that round take ``rounding=``, all take ``with_flags=``: then the result is a pair, codes and flags (uint8: 1 inexact,
    2 underflow, 4 overflow, 8 divide by zero, 16 invalid). Those that round to an integer take ``exact=``, whether they raise
    inexact. Arrays broadcast as numpy's do.

    Args:
        format: a format or its name.
        machine: "numba" for compiled 64-bit words, "integer" for Python integers; by default numba where 64 bits suffice.
        nan: which NaN operations give: "canonical", "x86", "arm" or "cuda".
        tininess: when a result is tiny: "after" rounding or "before".
        subnormals: "keep", "flush_inputs", "flush_outputs" or "flush".
        infinity_times_zero: what fma(0, infinity, quiet NaN) is: "invalid" or "quiet".
        integers: what conversions to integers give where there is none: "x86", "riscv" or "arm".
        saturate: whether what overflows becomes the largest finite number.

    Raises:
        UnknownNameError: for an unknown format, machine, operation, direction or attribute.
        TypeError: for operands that are not unsigned integers of the format's dtype.
        ValueError: for integers that are no codes of the format.
    """

    def __init__(
        self,
        format: str | Format = "binary32",
        machine: str | None = None,
        *,
        nan: str | NaN = NaN.CANONICAL,
        tininess: str | Tininess = Tininess.AFTER,
        subnormals: str | Subnormals = Subnormals.KEEP,
        infinity_times_zero: str | InfinityTimesZero = InfinityTimesZero.INVALID,
        integers: str | Integers = Integers.X86,
        saturate: bool = False,
    ) -> None:
        if machine not in (None, "numba", "integer"):
            raise UnknownNameError("machine", machine, ("numba", "integer"))
        self.format = format_named(format)
        self.machine = machine
        self.attributes = Attributes(
            nan=choice("choice of NaN", NaN, nan),
            tininess=choice("rule of tininess", Tininess, tininess),
            subnormals=choice("treatment of subnormals", Subnormals, subnormals),
            infinity_times_zero=choice("value of infinity times zero", InfinityTimesZero, infinity_times_zero),
            integers=choice("rule for integers", Integers, integers),
            saturate=bool(saturate),
        )

    def __repr__(self) -> str:
        told = [f"{name}={value!r}" for name, value in _changed(self.attributes).items()]
        return f"arithmetic({', '.join([repr(self.format.name), *told])})"

    def __getattr__(self, name: str) -> Callable[..., Array]:
        if name in ELEMENTARY:
            return partial(self._elementary, name)
        if name not in OPERATIONS:
            raise AttributeError(str(UnknownNameError("operation", name, [*OPERATIONS, *ELEMENTARY])))
        return partial(self._call, name)

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *OPERATIONS, *ELEMENTARY]

    def _call(
        self,
        name: str,
        *operands: Any,
        rounding: str | Rounding | None = None,
        exact: bool | None = None,
        with_flags: bool = False,
    ) -> Any:
        operation = OPERATIONS[name]
        given = self._operands(name, operands, operation.takes)
        if rounding is not None and not operation.rounds:
            raise TypeError(f"{name} is exact: it takes no rounding")
        if exact is not None and operation.exact is None:
            raise TypeError(f"{name} takes no exact")
        told = exact if with_flags else None
        return _kernel(name, operation, self.format, self._mode(rounding), with_flags, told, self.machine)(*given)

    def _elementary(self, name: str, *operands: Any, rounding: str | Rounding | None = None, with_flags: bool = False) -> Any:
        given = self._operands(name, operands, (code,) * ELEMENTARY[name])
        return _elementary_kernel(name, self.format, self._mode(rounding), with_flags, self.machine)(*given)

    def _operands(self, name: str, operands: Sequence[Any], takes: Sequence[Dtype]) -> list[Array]:
        if len(operands) != len(takes):
            raise TypeError(f"{name} takes {len(takes)} operand{'s' * (len(takes) > 1)}, {len(operands)} were given")
        places = [name] if len(operands) == 1 else [f"{name}, operand {place}" for place in "abc"]
        given = [_operand(x, self.format, dtype, place) for x, dtype, place in zip(operands, takes, places)]
        _check_shapes(name, given)
        return given

    def _mode(self, rounding: str | Rounding | None) -> Attributes:
        return self.attributes if rounding is None else replace(self.attributes, rounding=rounding_named(rounding))

    def source(self, name: str, rounding: str | Rounding = Rounding.NEAREST_EVEN, called: str = "") -> str:
        """An operation as the source of a function of scalars, under a name of its own or another, for kernels of numba. Raises
        UnknownNameError for another name; elementary functions are not printed."""
        if name not in OPERATIONS:
            raise UnknownNameError("operation to be printed", name, OPERATIONS)
        operation, f, mode = OPERATIONS[name], self.format, self._mode(rounding)
        written = record(lambda *words: operation.algorithm(f, mode, *words)[0], len(operation.takes), WIDTH)
        return print_scalar(called or name, written, operation.gives(f))

    def c_source(
        self, *names: str, rounding: str | Rounding | None = None, with_flags: bool = False, exact: bool | None = None
    ) -> str:
        """Operations, and conversions named ``to_binary16`` and the like, as CUDA C; see ``fpsem.softfloat.c_source``. Elementary
        functions are not printed."""
        return emitter.c_source(names, self.format, self._mode(rounding), with_flags, exact)

    def convert(
        self, codes: Any, to: str | Format, rounding: str | Rounding = Rounding.NEAREST_EVEN, with_flags: bool = False
    ) -> Array:
        """Codes of another format; with flags, a pair."""
        target, mode = format_named(to), self._mode(rounding)
        kernel = _kernel(f"to_{target.name}", conversion(target), self.format, mode, with_flags, None, self.machine)
        made: Array = kernel(_operand(codes, self.format, code, "convert"))
        return made

    def from_decimal(self, texts: Any, rounding: str | Rounding | None = None, with_flags: bool = False) -> Any:
        """Codes of decimal texts, each rounded once; see ``text`` for what is read. With flags, a pair."""
        made = text.read(texts, self.format, self._mode(rounding), text.decimal_magnitude, "decimal")
        return made if with_flags else made[0]

    def from_hexadecimal(self, texts: Any, rounding: str | Rounding | None = None, with_flags: bool = False) -> Any:
        """Codes of texts as C's ``%a`` writes them, each rounded once. With flags, a pair."""
        made = text.read(texts, self.format, self._mode(rounding), text.hexadecimal_magnitude, "hexadecimal")
        return made if with_flags else made[0]

    def to_decimal(self, codes: Any, digits: int | str | None = None, rounding: str | Rounding | None = None) -> Array:
        """Decimal texts of codes.

        Args:
            codes: an array of codes.
            digits: how many significant digits, correctly rounded; "exact" for all; None for as few as read back, to nearest
                even, as the code.
            rounding: the direction, where a number of digits is given.
        """
        f, direction = self.format, self._mode(rounding).rounding
        given = _operand(codes, f, code, "to_decimal")
        if digits is None:
            return text.write(given, f, lambda m, negative: text.shortest_decimal(m, f))
        if digits == "exact":
            return text.write(given, f, lambda m, negative: text.exact_decimal(f.decode(m)))
        if not isinstance(digits, int) or digits < 1:
            raise ValueError(f"to_decimal: digits is a positive number, 'exact' or None, not {digits!r}")
        return text.write(given, f, lambda m, negative: text.rounded_decimal(m, negative, f, digits, direction))

    def to_hexadecimal(self, codes: Any) -> Array:
        """Exact texts of codes, as C's ``%a`` writes them."""
        f = self.format
        return text.write(_operand(codes, f, code, "to_hexadecimal"), f, lambda m, negative: text.hexadecimal(f.decode(m)))


@cache
def arithmetic(format: str | Format = "binary32", machine: str | None = None, **attributes: Any) -> Arithmetic:
    """The arithmetic of a format; see Arithmetic."""
    return Arithmetic(format, machine, **attributes)


def _check_shapes(name: str, operands: Sequence[Array]) -> None:
    """Raises ShapeError where the operands do not broadcast; it is a ValueError, as numpy's is."""
    shapes = {x.shape for x in operands}
    if len(shapes) > 1:
        try:
            np.broadcast_shapes(*shapes)
        except ValueError:
            raise ShapeError(f"{name}: shapes {', '.join(str(x.shape) for x in operands)} do not broadcast") from None


def _operand(operand: Any, f: Format, takes: Dtype, name: str) -> Array:
    """An array of codes, or of the integers that an operation takes."""
    array, dtype = np.asarray(operand), takes(f)
    full = takes is not code or f.width == 8 * dtype.itemsize
    if array.dtype == dtype and full:
        return array
    if array.dtype != dtype and not (array.dtype.kind == "i" and array.ndim == 0):
        what, hint = (f"codes of {f.name}", f"; for floats use .view({dtype})") if takes is code else ("integers here", "")
        raise TypeError(f"{name}: {what} are {dtype}, not {array.dtype}{hint}")
    least, most = (np.iinfo(dtype).min, np.iinfo(dtype).max) if full else (0, f.sign_mask | f.magnitude_mask)
    bad = array[(array < least) | (array > most)]
    if bad.size:
        of, bits = (f"codes of {f.name}", f.width) if takes is code else (f"integers of {dtype}", 8 * dtype.itemsize)
        raise ValueError(f"{name}: {of} have {bits} bits; {int(bad.flat[0])} is none")
    return array.astype(dtype, copy=False)


@cache
def _kernel(
    name: str, operation: Operation, f: Format, mode: Attributes, with_flags: bool, exact: bool | None, machine: str | None
) -> Callable[..., Any]:
    """The operation as a function of arrays, on the machine asked for; without flags, these are not even computed."""
    takes, gives = tuple(dtype(f) for dtype in operation.takes), operation.gives(f)
    results, algorithm = (gives, FLAGS) if with_flags else (gives,), operation.on_words(f, mode, with_flags, exact)
    if machine == "integer" or operation.width(f) > WIDTH:
        return _over_integers(algorithm, operation.width(f), len(takes), results)
    label = _label(f.name, name, mode if operation.rounds else replace(mode, rounding=Rounding.NEAREST_EVEN))
    told = "" if exact is None else "_exact" if exact else "_not_exact"
    return compile_program(f"{label}{told}{'_flags' if with_flags else ''}", record(algorithm, len(takes), WIDTH), takes, results)


@cache
def _elementary_kernel(name: str, f: Format, mode: Attributes, with_flags: bool, machine: str | None) -> Callable[..., Any]:
    from fpsem.softfloat.elementary import kernel

    if machine == "integer" or not kernel.compiles(f):
        return kernel.judged(name, f, mode, with_flags)
    label = _label(f.name, name, mode) + ("_flags" if with_flags else "")
    return kernel.kernel(name, f, mode, with_flags, label)


def _label(format: str, name: str, mode: Attributes) -> str:
    return "_".join([format, name, *(str(value) for value in _changed(mode).values())])


def _changed(mode: Attributes) -> dict[str, str | bool]:
    """The attributes that are not the default ones."""
    values = {f.name: (getattr(mode, f.name), f.default) for f in fields(mode)}
    return {name: getattr(value, "value", value) for name, (value, usual) in values.items() if value != usual}


def _over_integers(algorithm: Callable[..., Any], width: int, operands: int, results: Dtypes) -> Callable[..., Any]:
    machine = IntegerMachine(width)

    def scalar(*values: Any) -> Any:
        made = algorithm(*(Word(machine, machine.constant(int(value))) for value in values))
        return tuple(r.term for r in made) if len(results) > 1 else made.term

    elementwise = np.frompyfunc(scalar, operands, len(results))

    def call(*operands: Array) -> Any:
        made = elementwise(*operands)
        if len(results) == 1:
            return _cut(made, results[0])
        return tuple(_cut(m, dtype) for m, dtype in zip(made, results))

    return call


def _cut(words: Any, dtype: np.dtype[Any]) -> Array:
    """Wide words as a narrower dtype, two's complement where it is signed."""
    array = np.asarray(words, dtype=object)
    if dtype.kind != "i":
        return array.astype(dtype)
    unsigned = np.dtype(f"u{dtype}")
    return np.asarray(array & np.iinfo(unsigned).max, dtype=object).astype(unsigned).view(dtype)
