"""How an answer to a question of ``fpsem ask`` is found and told: its options, the verdict, the witness, what is written.

A witness is told in bits, decimals and hexadecimal floats. Where it is made shorter it was replayed again. JSON has numbers that
are not finite by their codes alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from fpsem.cli._shared import AsJson, counting, emit, rows_table, warn
from fpsem.core import files
from fpsem.core.errors import FileFormatError, UnsupportedError
from fpsem.core.formats import BINARY32
from fpsem.core.verdict import Proved, Refuted, Unknown, Verdict
from fpsem.progress import progress_bar

Arrays = Mapping[str, Any]

CODES: Mapping[type, int] = {Proved: 0, Refuted: 1, Unknown: 3}
"""Exit codes; 2 is for what could not be asked."""
_SEMANTICS = "binary32, to nearest even, with subnormals; elementary functions correctly rounded"
_ANSWER = "The answer"
_SHOWN, _TRACED = 64, 8
"""How many elements of a witness a table has, and of a node's value."""


@dataclass(frozen=True)
class How:
    """The options that say what an answer may cost and how it is told."""

    seconds: Annotated[float, typer.Option("--seconds", help="For the whole question.", rich_help_panel=_ANSWER)] = 60.0
    memory: Annotated[
        int, typer.Option("--memory", min=1, help="MiB, of all solvers together.", rich_help_panel=_ANSWER)
    ] = 4096
    solver: Annotated[
        list[str] | None,
        typer.Option("--solver", help="z3, bitwuzla, cvc5; repeat it; else all installed.", rich_help_panel=_ANSWER),
    ] = None
    confirm: Annotated[bool, typer.Option("--confirm", help="A second solver must agree.", rich_help_panel=_ANSWER)] = False
    no_bounds: Annotated[
        bool, typer.Option("--no-bounds", help="Ask solvers at once: no executions, no intervals.", rich_help_panel=_ANSWER)
    ] = False
    format: Annotated[
        str,
        typer.Option("--format", help="Or e5m2, bfloat16, ...: every result is rounded to it.", rich_help_panel=_ANSWER),
    ] = BINARY32.name
    smtlib: Annotated[
        Path | None, typer.Option("--smtlib", help="Write what a solver would be asked to this file.", rich_help_panel=_ANSWER)
    ] = None
    export_only: Annotated[
        bool, typer.Option("--export-only", help="With --smtlib: write it, and answer nothing.", rich_help_panel=_ANSWER)
    ] = False
    short: Annotated[
        bool, typer.Option("--short", help="Make the witness's decimals shorter.", rich_help_panel=_ANSWER)
    ] = False
    trace: Annotated[
        bool, typer.Option("--trace", help="Every node at the witness, in binary32 and in the reals.", rich_help_panel=_ANSWER)
    ] = False
    out: Annotated[Path | None, typer.Option("--out", help="Save the witness as this .npz.", rich_help_panel=_ANSWER)] = None
    as_json: AsJson = False


@dataclass(frozen=True)
class Statement:
    """What is asked.

    Args:
        says: the statement, in words.
        region: its region.
        schedule: in which order sums are added.
        decided: gives the verdict; takes what all questions take: ``effort``, ``advance`` and ``ask``.
        core: whose precondition inputs satisfy, where one was read.
    """

    says: str
    region: str
    schedule: str
    decided: Callable[..., Verdict]
    core: Any = None


@dataclass(frozen=True)
class Asked:
    """What a question came down to: the arguments of ``fpsem.smt.query.decide``."""

    executions: Mapping[str, Any]
    region: Mapping[str, Any]
    holds: Callable[[Any], Any]


def answer(name: str, state: Callable[[], Statement], how: How) -> None:
    """Ask, and tell the verdict. Raises typer.Exit with its code."""
    effort = _effort(how)
    _check_format(name, how)
    statement = state()
    if how.smtlib is not None:
        _export(how.smtlib, name, statement, effort, how.format)
    if how.export_only:
        emit({"question": name, "statement": statement.says, "smtlib": str(how.smtlib)} if how.as_json else [], how.as_json)
        return
    asked: list[Asked] = []
    with progress_bar("asking", effort.boxes) as advance:
        more = counting(advance, name)
        verdict = statement.decided(effort=effort, advance=more, ask=partial(_decide, asked, statement.core, how.format))
    if isinstance(verdict, Refuted) and how.short:
        verdict = replace(verdict, witness=_shortened(verdict.witness, asked[0], statement))
    witness = verdict.witness if isinstance(verdict, Refuted) else None
    if how.out is not None:
        _save(how.out, witness)
    told = _told(name, statement, verdict, how.format)
    if witness is not None:
        told["witness"] = _numbers(witness, asked[0])
        told |= {"trace": _traces(witness, asked[0])} if how.trace else {}
    emit(told if how.as_json else _tables(told), how.as_json)
    raise typer.Exit(CODES[type(verdict)])


def _effort(how: How) -> Any:
    from fpsem.smt.query import Effort
    from fpsem.smt.solver import require

    if not (math.isfinite(how.seconds) and how.seconds > 0):
        raise FileFormatError(f"--seconds {how.seconds}: a number above 0 is needed")
    if how.export_only and how.smtlib is None:
        raise FileFormatError("--export-only: to which file? say --smtlib FILE")
    for solver in how.solver or ():
        require(solver)
    return Effort(how.seconds, how.memory << 20, tuple(how.solver or ()), how.confirm, not how.no_bounds)


def _check_format(name: str, how: How) -> None:
    """Refuse what is of binary32 alone, where another format is asked about."""
    if how.format == BINARY32.name:
        return
    from fpsem.smt.narrow import require_narrow

    require_narrow(how.format)
    own = [said for said, given in (("--short", how.short), ("--trace", how.trace), ("monotone", name == "monotone")) if given]
    if own:
        raise FileFormatError(f"--format {how.format}: {' and '.join(own)} can be had in {BINARY32.name} only")


def _decide(
    asked: list[Asked], core: Any, format: str, executions: Any, region: Any, holds: Any, effort: Any, advance: Any
) -> Verdict:
    """Decides, of the inputs that satisfy a core's precondition where there is one, and keeps what was asked."""
    from fpsem.smt.constraints import decide_where
    from fpsem.smt.query import decide

    asked.append(Asked(executions, region, holds))
    decides = partial(decide_where, core.constraints) if _is_constrained(core) else decide
    verdict = decides(executions, region, holds, effort, advance, format=format)
    if isinstance(verdict, Refuted) and core is not None and core.dropped:
        left_out = ", ".join(core.dropped)
        return Unknown(f"it fails; whether at an input of the precondition is unknown: {left_out}", verdict.seconds)
    return verdict


def _is_constrained(core: Any) -> bool:
    return core is not None and core.constraints is not None


def _export(path: Path, name: str, statement: Statement, effort: Any, format: str) -> None:
    """Write the question as solvers read it, satisfiable where the statement fails."""
    from fpsem.smt.constraints import relaxed
    from fpsem.smt.query import smtlib_of

    def write(executions: Any, region: Any, holds: Any, effort: Any, advance: Any) -> Verdict:
        lines = [f"fpsem ask {name}: {statement.says}", statement.region, f"{_semantics(format)}; schedule {statement.schedule}"]
        lines.append("unsat: it holds. sat: it may fail; a model is to be replayed, for elementary functions are only enclosed")
        question = executions, region, holds
        if _is_constrained(statement.core):
            question = relaxed(statement.core.constraints, *question, format)
            lines.append("constraints are relaxed by what rounding may do to them: a model is to be tried in them, too")
        told = "".join(f"; {' '.join(line.split())}\n" for line in lines)
        files.write(path, f"{told}{smtlib_of(*question, format=format).text.rstrip()}\n(check-sat)\n".encode())
        return Unknown("it was written, not asked")

    try:
        statement.decided(effort=replace(effort, bounds=False), ask=write)
    except UnsupportedError as error:
        raise UnsupportedError(f"{path}: not written: {error}") from error


def _shortened(witness: Any, asked: Asked, statement: Statement) -> dict[str, Any]:
    from fpsem.smt.constraints import surely_hold
    from fpsem.smt.explain import minimised
    from fpsem.smt.query import fails

    broken, core = fails(asked.executions, asked.holds), statement.core

    def counts(x: Arrays) -> bool:
        return broken(x) and (not _is_constrained(core) or surely_hold(core.constraints, asked.executions, x))

    return dict(minimised(witness, counts, asked.region))


def _save(path: Path, witness: Arrays | None) -> None:
    from fpsem.interop import _payload

    if witness is None:
        warn(f"{path}: not written, for there is no witness")
    else:
        files.write(path, _payload.encode(_payload.NPZ, witness))


# -- what is told ------------------------------------------------------------------------------------------------------


def _told(name: str, statement: Statement, verdict: Verdict, format: str) -> dict[str, Any]:
    reason = verdict.reason if isinstance(verdict, Unknown) else None
    return {
        "question": name,
        "statement": statement.says,
        "verdict": type(verdict).__name__,
        "by": None if isinstance(verdict, Unknown) else verdict.by,
        "reason": reason,
        "seconds": round(verdict.seconds, 3),
        "region": statement.region,
        "constraints": _constraints(statement.core),
        "schedule": statement.schedule,
        "semantics": _semantics(format),
        "witness": None,
    }


def _constraints(core: Any) -> list[str]:
    """What the region has beyond its boxes."""
    from fpsem.smt.constraints import in_words

    return list(in_words(core.constraints)) if _is_constrained(core) else []


def _semantics(format: str) -> str:
    return _SEMANTICS + ("" if format == BINARY32.name else f"; each result rounded once more, to {format}")


def _numbers(witness: Any, asked: Asked) -> list[dict[str, Any]]:
    """Each element in every notation, and whether it may move."""
    from fpsem.smt.explain import shown

    moves = {name: ~box.fixed for name, box in asked.region.items()}
    return [asdict(number) | {"moves": bool(moves[number.name][number.index])} for number in shown(witness)]


def _traces(witness: Any, asked: Asked) -> list[dict[str, Any]]:
    """Each execution, node by node; what is not finite is told by its hexadecimal alone."""
    from fpsem.smt.explain import trace_of

    rows = []
    for key, execution in asked.executions.items():
        for row in trace_of(execution.graph, execution.params, execution.reads(witness), execution.schedule, _TRACED):
            told = asdict(row)
            told["value"], told["error"] = _finite(row.value), _finite(row.error)
            rows.append({"execution": key or "first", **told})
    return rows


def _finite(x: float | None) -> float | None:
    return x if x is not None and math.isfinite(x) else None


def _tables(told: Mapping[str, Any]) -> list[Any]:
    from rich.text import Text

    words = {key: value for key, value in told.items() if key not in ("constraints", "witness", "trace") and value is not None}
    tables: list[Any] = [Text(f"{key:<10} {value}") for key, value in words.items()]
    moving = [row for row in told["witness"] or () if row["moves"]] or list(told["witness"] or ())
    if moving:
        left = f", the first {_SHOWN} of {len(moving)} that move" if len(moving) > _SHOWN else ""
        keys = ("bits", "decimal", "hexadecimal")
        rows = [{"input": f"{row['name']}{list(row['index'])}", **{key: row[key] for key in keys}} for row in moving]
        tables.append(rows_table(f"witness{left}", rows[:_SHOWN]))
    return tables + ([rows_table("trace", [_traced(row) for row in told["trace"]])] if told.get("trace") else [])


def _traced(row: Mapping[str, Any]) -> dict[str, str]:
    error, more = row["error"], f", and {row['left_out']} more" if row["left_out"] else ""
    return {
        "execution": row["execution"],
        "node": f"{row['node']}{list(row['index'])}{more}",
        "op": row["op"],
        "binary32": row["hexadecimal"],
        "real": row["real"],
        "error": "" if error is None else f"{error:.3g}",
        "note": row["note"],
    }
