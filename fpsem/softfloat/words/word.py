"""The abstract machine word: what the algorithms of ``fpsem.softfloat`` are written over.

A Word is an unsigned integer of the machine's width; arithmetic wraps. A Truth is what a comparison gives; it has no
``bool``, so an algorithm cannot branch on it: it chooses with ``select``. An algorithm is therefore straight-line, and
means the same on every machine.

Laws, w being the width: ``+ - * << & | ^`` are modulo 2**w; ``>>`` shifts zeros in; a shift amount must be below w and
a divisor must not be 0 (the integer machine checks both); ``<`` compares unsigned, ``signed_less`` as two's complement;
``count_leading_zeros(0) = w``.
"""

from __future__ import annotations

from typing import Any, NoReturn, Protocol


class Machine(Protocol):
    """Gives words a meaning. Terms are the machine's own."""

    width: int

    def constant(self, value: int) -> Any:
        """The term of a number, taken modulo 2**width."""

    def operate(self, name: str, *terms: Any) -> Any:
        """The term of an operation: add sub mul div and or xor shift_left shift_right count_leading_zeros (words),
        less signed_less equal (truths of words), all any not (truths of truths), select (truth, word, word). A machine of
        64-bit words may have binary64 numbers too (``double.py``): double_add double_sub double_mul double_div double_sqrt,
        double_less double_equal, double_select, and between them and words bits double widen narrow."""


class Truth:
    """The result of a comparison; ``&``, ``|`` and ``~`` combine truths."""

    __slots__ = ("machine", "term")

    def __init__(self, machine: Machine, term: Any) -> None:
        self.machine, self.term = machine, term

    def __and__(self, other: Truth) -> Truth:
        return Truth(self.machine, self.machine.operate("all", self.term, other.term))

    def __or__(self, other: Truth) -> Truth:
        return Truth(self.machine, self.machine.operate("any", self.term, other.term))

    def __invert__(self) -> Truth:
        return Truth(self.machine, self.machine.operate("not", self.term))

    def __bool__(self) -> NoReturn:
        raise TypeError("a Truth has no bool: the algorithms are branch-free, use select")


class Word:
    """An unsigned integer of the machine's width. Python integers join in as constants."""

    __slots__ = ("machine", "term")

    def __init__(self, machine: Machine, term: Any) -> None:
        self.machine, self.term = machine, term

    def _lift(self, other: Word | int) -> Any:
        return other.term if isinstance(other, Word) else self.machine.constant(other)

    def _word(self, name: str, other: Word | int) -> Word:
        return Word(self.machine, self.machine.operate(name, self.term, self._lift(other)))

    def _truth(self, name: str, other: Word | int) -> Truth:
        return Truth(self.machine, self.machine.operate(name, self.term, self._lift(other)))

    def __add__(self, other: Word | int) -> Word:
        return self._word("add", other)

    def __sub__(self, other: Word | int) -> Word:
        return self._word("sub", other)

    def __rsub__(self, other: int) -> Word:
        return Word(self.machine, self.machine.operate("sub", self.machine.constant(other), self.term))

    def __mul__(self, other: Word | int) -> Word:
        return self._word("mul", other)

    def __floordiv__(self, other: Word | int) -> Word:
        return self._word("div", other)

    def __and__(self, other: Word | int) -> Word:
        return self._word("and", other)

    def __or__(self, other: Word | int) -> Word:
        return self._word("or", other)

    def __xor__(self, other: Word | int) -> Word:
        return self._word("xor", other)

    def __lshift__(self, other: Word | int) -> Word:
        return self._word("shift_left", other)

    def __rshift__(self, other: Word | int) -> Word:
        return self._word("shift_right", other)

    def __lt__(self, other: Word | int) -> Truth:
        return self._truth("less", other)

    def __gt__(self, other: Word | int) -> Truth:
        return Truth(self.machine, self.machine.operate("less", self._lift(other), self.term))

    def __le__(self, other: Word | int) -> Truth:
        return ~(self > other)

    def __ge__(self, other: Word | int) -> Truth:
        return ~(self < other)

    def __eq__(self, other: Word | int) -> Truth:  # type: ignore[override]
        return self._truth("equal", other)

    def __ne__(self, other: Word | int) -> Truth:  # type: ignore[override]
        return ~(self == other)

    __hash__ = None  # type: ignore[assignment]

    def __bool__(self) -> NoReturn:
        raise TypeError("a Word has no bool: the algorithms are branch-free, use select")


def signed_less(x: Word, y: Word) -> Truth:
    """x < y, both read as two's complement."""
    return Truth(x.machine, x.machine.operate("signed_less", x.term, y.term))


def select(truth: Truth, x: Word | int, y: Word | int) -> Word:
    """x where the truth holds, else y."""
    terms = [v.term if isinstance(v, Word) else truth.machine.constant(v) for v in (x, y)]
    return Word(truth.machine, truth.machine.operate("select", truth.term, *terms))


def count_leading_zeros(x: Word) -> Word:
    """Zeros above the leading one; the width for 0."""
    return Word(x.machine, x.machine.operate("count_leading_zeros", x.term))


def lesser(x: Word, y: Word | int) -> Word:
    """The lesser of two, unsigned."""
    return select(x < y, x, y)


def indicator(truth: Truth) -> Word:
    """1 where the truth holds, else 0."""
    return select(truth, 1, 0)
