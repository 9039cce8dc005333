"""The operations of a format as CUDA C: the same algorithms, recorded once and printed.

What is printed computes in integers only, so that no option of a compiler for floating point can change a bit of it.

Conversions to other formats have names too: ``to_binary16`` and the like.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields
from functools import partial
from typing import Any

from fpsem.core.errors import UnknownNameError, UnsupportedError
from fpsem.core.formats import FORMATS, Format
from fpsem.softfloat.attributes import Attributes
from fpsem.softfloat.operations import FLAGS, OPERATIONS, Operation, conversion
from fpsem.softfloat.words.cuda import WIDTH, Function, emit_module
from fpsem.softfloat.words.program import record


def c_source(
    names: Sequence[str], f: Format, mode: Attributes, with_flags: bool = False, exact: bool | None = None
) -> str:
    """A file of CUDA C that holds operations of a format, for nvcc, NVRTC and compilers of C99 and C++.

    For each name it holds a function of scalars, ``binary32_add(a0, a1)``, and a kernel over arrays of n elements,
    ``binary32_add_kernel(n, out0, a0, a1)``. A direction or attribute that is not the default one is part of the names. With
    flags, the function stores them by a last pointer, and the kernel in ``out1``, bits of ``attributes.Flag``.

    Args:
        names: of OPERATIONS, or ``to_`` and the name of a format.
        f: the format.
        mode: the direction and the other attributes.
        with_flags: whether flags are computed.
        exact: for operations that round to an integer, whether they raise inexact; by default each does as its row says.

    Raises:
        UnknownNameError: for a name that is none of these.
        UnsupportedError: for an operation that needs words of more than 64 bits.
    """
    return emit_module([operation_function(name, f, mode, with_flags, exact) for name in names], [
        f"{f.name}: {', '.join(names)}.",
        "",
        "Emitted by fpsem.softfloat.c_source from the algorithms in fpsem/softfloat, which say the same readably: change those.",
        "There are integers only, so no option for floating point (contraction, fast mathematics, flushing) can change a bit.",
    ])  # fmt: skip


def operation_function(
    name: str, f: Format, mode: Attributes, with_flags: bool = False, exact: bool | None = None
) -> Function:
    """An operation of a format as a function to be printed. Raises as ``c_source`` does."""
    operation = _operation(name, f)
    width = operation.width(f)
    if width > WIDTH:
        raise UnsupportedError(f"{name} of {f.name} needs words of {width} bits; C is printed for words of {WIDTH}")
    takes, gives = tuple(dtype(f) for dtype in operation.takes), operation.gives(f)
    told = exact if operation.exact is not None and exact is not None else operation.exact
    parts = ["exact" if told else "not_exact"] if with_flags and told != operation.exact else []
    label = "_".join([f.name, name, *_changed(mode, operation.rounds), *parts, *(["flags"] if with_flags else [])])
    program = record(operation.on_words(f, mode, with_flags, told), len(takes), WIDTH)
    about = [
        f"{f.name} {name}{' with flags' if with_flags else ''}; readable twin: {_twin(operation.algorithm)}.",
        f"{', '.join(_told(mode, operation.rounds))}.",
    ]
    return Function(label, program, takes, (gives, FLAGS) if with_flags else (gives,), about)


def _operation(name: str, f: Format) -> Operation:
    """The row of a name; for a conversion to a format, a row made for it."""
    conversions = {f"to_{to.name}": to for to in FORMATS.values() if to != f}
    if name in conversions:
        return conversion(conversions[name])
    if name not in OPERATIONS:
        raise UnknownNameError("operation", name, [*OPERATIONS, *conversions])
    return OPERATIONS[name]


def _told(mode: Attributes, rounds: bool) -> list[str]:
    """Every attribute with its value, the direction only where there is one."""
    values = {x.name: getattr(mode, x.name) for x in fields(mode) if rounds or x.name != "rounding"}
    return [f"{name} {getattr(value, 'value', value)}" for name, value in values.items()]


def _changed(mode: Attributes, rounds: bool) -> list[str]:
    """The attributes that are not the default ones, as parts of a name: ``upward``, ``nan_arm``, ``saturate``."""
    values = {x.name: getattr(mode, x.name) for x in fields(mode) if getattr(mode, x.name) != x.default}
    direction = values.pop("rounding", None)
    told = [name if value is True else f"{name}_{value.value}" for name, value in values.items()]
    return [direction.value, *told] if direction and rounds else told


def _twin(algorithm: Callable[..., Any]) -> str:
    """Where an algorithm is written: file and function."""
    while isinstance(algorithm, partial):
        algorithm = algorithm.func
    return f"{algorithm.__module__.replace('.', '/')}.py, {algorithm.__qualname__.split('.')[0]}"
