"""The operations of a format, by their names: which algorithm each is, what it takes and what it gives.

An algorithm takes the format, the attributes and a word for each operand, and gives a pair: a code, an integer or a truth, and
flags.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, wraps
from typing import Any

import numpy as np

from fpsem.core.formats import Format
from fpsem.softfloat import (
    add,
    compare,
    convert,
    divide,
    extremes,
    fused,
    integers,
    integral,
    multiply,
    remainder,
    scale,
    sign,
    square_root,
)
from fpsem.softfloat.attributes import Attributes, Flag
from fpsem.softfloat.words.word import Word

Dtype = Callable[[Format], np.dtype[Any]]

FLAGS = np.dtype(np.uint8)
"""The dtype of flags, bits of ``attributes.Flag``."""


def code(f: Format) -> np.dtype[Any]:
    """The dtype of the format's codes."""
    return f.dtype


def truth(f: Format) -> np.dtype[Any]:
    """The dtype of truths."""
    return np.dtype(bool)


def small(f: Format) -> np.dtype[Any]:
    """The dtype of classes."""
    return np.dtype(np.uint8)


def int32(f: Format) -> np.dtype[Any]:
    """The dtype of signed integers of 32 bits."""
    return np.dtype(np.int32)


def uint32(f: Format) -> np.dtype[Any]:
    """The dtype of unsigned integers of 32 bits."""
    return np.dtype(np.uint32)


def int64(f: Format) -> np.dtype[Any]:
    """The dtype of signed integers of 64 bits."""
    return np.dtype(np.int64)


def uint64(f: Format) -> np.dtype[Any]:
    """The dtype of unsigned integers of 64 bits."""
    return np.dtype(np.uint64)


@dataclass(frozen=True)
class Operation:
    """An algorithm and what it needs.

    Args:
        algorithm: takes the format, the attributes, then one word for each operand.
        takes: the dtype of each operand.
        width: the least word width, given the format.
        gives: the dtype of the result.
        rounds: whether it takes a direction.
        exact: for one whose algorithm raises inexact and which may be asked not to (``exact=``), whether it does by default;
            None for all others.
    """

    algorithm: Callable[..., Any]
    takes: tuple[Dtype, ...]
    width: Callable[[Format], int]
    gives: Dtype = code
    rounds: bool = True
    exact: bool | None = None

    @property
    def operands(self) -> int:
        """How many operands it takes."""
        return len(self.takes)

    def on_words(self, f: Format, mode: Attributes, with_flags: bool, exact: bool | None = None) -> Callable[..., Any]:
        """The algorithm as a function of words that gives what is wanted of it: nothing else will be recorded as live.

        Args:
            f: the format.
            mode: the direction and the other attributes.
            with_flags: whether flags are wanted, then beside the result.
            exact: whether inexact is among them, where the operation may be asked; None for its default.
        """
        told = self.exact if exact is None else exact

        def wanted(*words: Word) -> Any:
            made, flags = self.algorithm(f, mode, *words)
            if not with_flags:
                return made
            return made, flags & ~int(Flag.INEXACT) if told is False else flags

        return wanted

    @property
    def is_truth(self) -> bool:
        """Whether it gives a truth."""
        return self.gives is truth


@cache
def conversion(to: Format) -> Operation:
    """The row of the conversion to a format."""

    @wraps(convert.convert)
    def algorithm(f: Format, mode: Attributes, given: Word) -> Any:
        return convert.convert(f, to, mode, given)

    return Operation(algorithm, (code,), lambda f: convert.width(f, to), lambda f: to.dtype)


def _exact(algorithm: Callable[..., Any], operands: int, gives: Dtype = code) -> Operation:
    return Operation(algorithm, (code,) * operands, compare.width, gives, rounds=False)


def _to_integer(bits: int, signed: bool, gives: Dtype) -> Operation:
    return Operation(integers.to_integer(bits, signed), (code,), integers.width(bits), gives, exact=True)


def _from_integer(bits: int, signed: bool, takes: Dtype) -> Operation:
    return Operation(integers.from_integer(signed), (takes,), integers.width(bits))


OPERATIONS: Mapping[str, Operation] = {
    "add": Operation(add.add, (code, code), add.width),
    "sub": Operation(add.sub, (code, code), add.width),
    "mul": Operation(multiply.mul, (code, code), multiply.width),
    "div": Operation(divide.div, (code, code), divide.width),
    "fma": Operation(fused.fma, (code, code, code), fused.width),
    "sqrt": Operation(square_root.sqrt, (code,), square_root.width),
    "remainder": Operation(remainder.remainder, (code, code), remainder.width, rounds=False),
    "round_to_integral": Operation(integral.round_to_integral, (code,), compare.width, exact=False),
    "to_int32": _to_integer(32, True, int32),
    "to_uint32": _to_integer(32, False, uint32),
    "to_int64": _to_integer(64, True, int64),
    "to_uint64": _to_integer(64, False, uint64),
    "from_int32": _from_integer(32, True, int32),
    "from_uint32": _from_integer(32, False, uint32),
    "from_int64": _from_integer(64, True, int64),
    "from_uint64": _from_integer(64, False, uint64),
    "scale_b": Operation(scale.scale_b, (code, int32), scale.width),
    "log_b": Operation(scale.log_b, (code,), scale.width),
    "neg": _exact(sign.neg, 1),
    "abs": _exact(sign.absolute, 1),
    "next_up": _exact(sign.next_up, 1),
    "next_down": _exact(sign.next_down, 1),
    "classify": _exact(sign.classify, 1, small),
    "minimum": _exact(extremes.minimum, 2),
    "maximum": _exact(extremes.maximum, 2),
    "minimum_number": _exact(extremes.minimum_number, 2),
    "maximum_number": _exact(extremes.maximum_number, 2),
    "min_num": _exact(extremes.min_num, 2),
    "max_num": _exact(extremes.max_num, 2),
    "equal": _exact(compare.equal, 2, truth),
    "equal_signaling": _exact(compare.equal_signaling, 2, truth),
    "less": _exact(compare.less, 2, truth),
    "less_quiet": _exact(compare.less_quiet, 2, truth),
    "less_equal": _exact(compare.less_equal, 2, truth),
    "less_equal_quiet": _exact(compare.less_equal_quiet, 2, truth),
    "unordered": _exact(compare.unordered, 2, truth),
}
"""Every operation on the codes of one format, by its name."""
