"""Words that write themselves down: an algorithm run once over a Recorder becomes a straight-line Program.

A program is what the emitters print: ``machine.py`` as Python for numba, ``cuda.py`` as C. One instruction is one
operation of the word, so a printer is a table with a line for each operation.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from fpsem.softfloat.words.word import Truth, Word

TRUTHS_OF_DOUBLES = frozenset({"double_less", "double_equal"})
"""The operations on binary64 numbers that give truths."""

DOUBLES = frozenset({
    "double_add", "double_sub", "double_mul", "double_div", "double_sqrt", "double_select", "double", "widen",
})  # fmt: skip
"""The operations that give binary64 numbers."""

FROM_DOUBLES = frozenset({"bits", "narrow"})
"""The operations that make words of them."""


@dataclass(frozen=True)
class Instruction:
    """``v{target} = operation(v{arguments}...)``; a constant has its value, a parameter its position."""

    operation: str
    arguments: tuple[int, ...] = ()
    value: int = 0


@dataclass(frozen=True)
class Program:
    """A straight-line function of words.

    Args:
        instructions: instruction i defines value i; the first ``parameters`` are the operands.
        parameters: how many operands.
        results: the indices of the values that are returned.
        truths: which of them are truths.
        width: bits of a word.
    """

    instructions: tuple[Instruction, ...]
    parameters: int
    results: tuple[int, ...]
    truths: tuple[bool, ...]
    width: int

    def live(self) -> Sequence[tuple[int, Instruction]]:
        """The instructions that the results depend on, in order."""
        needed = set(self.results)
        for index in range(len(self.instructions) - 1, -1, -1):
            if index in needed:
                needed.update(self.instructions[index].arguments)
        return [(i, instruction) for i, instruction in enumerate(self.instructions) if i in needed]


class Recorder:
    """The machine whose terms are instruction indices; equal instructions are shared.

    Args:
        width: bits of a word.
    """

    def __init__(self, width: int) -> None:
        self.width = width
        self.instructions: list[Instruction] = []
        self._known: dict[Instruction, int] = {}

    def _add(self, instruction: Instruction) -> int:
        if instruction not in self._known:
            self._known[instruction] = len(self.instructions)
            self.instructions.append(instruction)
        return self._known[instruction]

    def constant(self, value: int) -> int:
        return self._add(Instruction("constant", value=value % (1 << self.width)))

    def parameter(self, position: int) -> int:
        return self._add(Instruction("parameter", value=position))

    def operate(self, name: str, *terms: int) -> int:
        return self._add(Instruction(name, terms))


def record(algorithm: Callable[..., Any], operands: int, width: int) -> Program:
    """Run an algorithm of that many words once and write it down. It gives a word, a truth, or a tuple of these."""
    machine = Recorder(width)
    made = algorithm(*(Word(machine, machine.parameter(i)) for i in range(operands)))
    results = made if isinstance(made, tuple) else (made,)
    terms, truths = tuple(r.term for r in results), tuple(isinstance(r, Truth) for r in results)
    return Program(tuple(machine.instructions), operands, terms, truths, width)
