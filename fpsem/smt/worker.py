"""One solver over one SMT-LIB text: what a solver's own process runs.

As a program it reads the text from its standard input, asks the solver and prints one line of JSON: "status" ("sat", "unsat"
or "unknown"), "values" (the codes of all declared floating-point constants, when sat), "reason" (why unknown) and "seconds"
(of solving alone). It limits its own memory and processor time, and on Linux it dies with the process that started it.

It imports the standard library alone, then the one solver that it needs, so that it starts in hundredths of a second. It
trusts the solver: whether to believe an answer is for the one who asks.
"""

from __future__ import annotations

import ctypes
import json
import math
import os
import re
import signal
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

_PR_SET_PDEATHSIG = 1
"""From Linux's <sys/prctl.h>."""

_SYMBOL = r"(?:\|(?P<quoted>[^|]*)\||(?P<plain>[^\s()|]+))"
_CONSTANT = re.compile(
    rf"\((?:declare-const\s+{_SYMBOL}|declare-fun\s+{_SYMBOL.replace('P<', 'P<fun_')}\s*\(\s*\))"
    r"\s*\(_\s+FloatingPoint\s+(?P<exponent>\d+)\s+(?P<precision>\d+)\s*\)\s*\)"
)
_LOGIC = re.compile(r"\(set-logic\s+(\w+)\s*\)")
_PROPOSITIONAL = ("QF_BV", "QF_FP", "QF_BVFP")
"""Logics whose formulas turn into propositional ones."""


@dataclass(frozen=True)
class Reply:
    """What a solver said to one text.

    Args:
        status: "sat", "unsat" or "unknown".
        seconds: wall time of solving, without reading the text.
        values: codes by the name of the constant, when sat; a NaN is the canonical one.
        reason: why unknown.
        alive: what would take long to free and is left to the end of the process.
    """

    status: str
    seconds: float
    values: Mapping[str, int] = field(default_factory=dict)
    reason: str = ""
    alive: Any = field(default=None, repr=False, compare=False)


def constants(text: str) -> dict[str, tuple[int, int]]:
    """The floating-point constants that an SMT-LIB text declares: exponent bits and precision by name, without bars."""
    found = {}
    for match in _CONSTANT.finditer(text):
        names = ("quoted", "plain", "fun_quoted", "fun_plain")
        name = next(match[n] for n in names if match[n] is not None)
        found[name] = (int(match["exponent"]), int(match["precision"]))
    return found


def solve(solver: str, text: str, seconds: float) -> Reply:
    """Ask one solver in this process. A question that it refuses is "unknown", with what it says of it.

    Args:
        solver: a name of ``ENGINES``.
        text: SMT-LIB with set-logic and without check-sat.
        seconds: the time limit, as far as the solver keeps it.

    Raises:
        ImportError: the solver is not installed.
        MemoryError: it ran out of memory and could tell.
    """
    try:
        return ENGINES[solver](text, seconds)
    except (ImportError, MemoryError):
        raise
    except Exception as error:  # each solver has its own class of errors
        return Reply("unknown", 0.0, reason=f"it refused the question: {' '.join(str(error).split())}")


def fastest_z3() -> Any:
    """A z3 solver that turns floating point into bit-vectors and these into propositional logic."""
    import z3

    return z3.Then("simplify", "propagate-values", "fpa2bv", "simplify", "bit-blast", "sat").solver()


def _z3(text: str, seconds: float) -> Reply:
    import z3

    logic = _LOGIC.search(text)
    solver = fastest_z3() if logic and logic[1] in _PROPOSITIONAL else z3.Solver()
    solver.set("timeout", _milliseconds(seconds))
    solver.from_string(text)
    start = time.perf_counter()
    status = str(solver.check())
    took = time.perf_counter() - start
    if status != "sat":
        return Reply(status, took, reason=solver.reason_unknown() if status == "unknown" else "", alive=solver)
    model = solver.model()

    def bits(name: str, sort: tuple[int, int]) -> str:
        value = model.eval(z3.FP(name, z3.FPSort(*sort)), model_completion=True)
        if value.isNaN():
            return "1" * sum(sort)
        code: int = z3.simplify(z3.fpToIEEEBV(value)).as_long()
        return f"{code:0{sum(sort)}b}"

    return Reply("sat", took, _codes(text, bits), alive=solver)


def _bitwuzla(text: str, seconds: float) -> Reply:
    import bitwuzla

    options = bitwuzla.Options()
    options.set(bitwuzla.Option.PRODUCE_MODELS, True)
    options.set(bitwuzla.Option.TIME_LIMIT_PER, _milliseconds(seconds))
    parser = bitwuzla.Parser(bitwuzla.TermManager(), options)
    parser.parse(text, True, False)
    solver = parser.bitwuzla()
    start = time.perf_counter()
    status = str(solver.check_sat())
    took = time.perf_counter() - start
    if status != "sat":
        return Reply(status, took, alive=parser)
    terms = {_without_bars(term.symbol()): term for term in parser.get_declared_funs()}
    codes = _codes(text, lambda name, _: solver.get_value(terms[name]).value(2, False))
    return Reply("sat", took, codes, alive=parser)


def _cvc5(text: str, seconds: float) -> Reply:
    import cvc5

    manager = cvc5.TermManager()
    solver = cvc5.Solver(manager)
    solver.setOption("produce-models", "true")
    solver.setOption("tlimit-per", str(_milliseconds(seconds)))
    symbols = cvc5.SymbolManager(manager)
    parser = cvc5.InputParser(solver, symbols)
    parser.setStringInput(cvc5.InputLanguage.SMT_LIB_2_6, text, "query")
    while not (command := parser.nextCommand()).isNull():
        command.invoke(solver, symbols)
    start = time.perf_counter()
    result = solver.checkSat()
    took = time.perf_counter() - start
    if not result.isSat():
        return Reply("unsat" if result.isUnsat() else "unknown", took, alive=solver)
    terms = {_without_bars(term.getSymbol()): term for term in symbols.getDeclaredTerms()}

    def bits(name: str, _: tuple[int, int]) -> str:
        code: str = solver.getValue(terms[name]).getFloatingPointValue()[2].getBitVectorValue()
        return code

    return Reply("sat", took, _codes(text, bits), alive=solver)


ENGINES: Mapping[str, Callable[[str, float], Reply]] = {"z3": _z3, "bitwuzla": _bitwuzla, "cvc5": _cvc5}
"""Each takes the text and the seconds."""


def _milliseconds(seconds: float) -> int:
    return max(1, min(int(seconds * 1000), (1 << 32) - 2))  # z3 counts in 32 bits, and its greatest means for ever


def _without_bars(name: str) -> str:
    return name[1:-1] if name.startswith("|") else name


def _codes(text: str, bits: Callable[[str, tuple[int, int]], str]) -> dict[str, int]:
    """The codes of the declared constants from the bits that a solver gives for each."""
    return {name: _canonical(int(bits(name, sort), 2), *sort) for name, sort in constants(text).items()}


def _canonical(code: int, exponent: int, precision: int) -> int:
    """The code, or the quiet NaN without sign and payload for any NaN."""
    fraction = precision - 1
    infinity = ((1 << exponent) - 1) << fraction
    is_nan = code & ((1 << (exponent + fraction)) - 1) > infinity
    return infinity | 1 << (fraction - 1) if is_nan else code


def confine(seconds: float, memory: int, nice: int, parent: int) -> None:
    """Limit this process, and tie its life to its parent's. Memory and life so on Linux only.

    Args:
        seconds: of processor time; it is killed a little later.
        memory: bytes of address space.
        nice: by how much it yields to other processes.
        parent: the process that started this one; where it is gone already, this one ends.
    """
    import resource  # Unix has it; on other systems this module can be imported but not run

    os.nice(nice)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())  # the parent starts this process with signals held back

    def limit(kind: int, most: int) -> None:
        hard = resource.getrlimit(kind)[1]
        least = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (least, least))

    limit(resource.RLIMIT_CPU, math.ceil(seconds) + 1)
    limit(resource.RLIMIT_CORE, 0)
    if sys.platform == "linux":
        limit(resource.RLIMIT_AS, memory)
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit(f"the parent {parent} is gone")


def main(arguments: list[str]) -> None:
    """The program: solver, seconds, bytes, niceness and the parent's process id; the text on the standard input."""
    solver, seconds, memory, nice, parent = arguments
    confine(float(seconds), int(memory), int(nice), int(parent))
    text = sys.stdin.buffer.read().decode()
    reply = solve(solver, text, float(seconds))
    told = {name: getattr(reply, name) for name in ("status", "values", "reason", "seconds")}
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1:])
