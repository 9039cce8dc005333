"""``fpsem show``, ``proofs``, ``conformance``, ``claims``: a number in every notation; what fpsem says of itself, and why."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from fpsem.cli._shared import AsJson, Report, app, command_line, emit, rows_table, warn
from fpsem.core.errors import FileFormatError
from fpsem.progress import progress_bar


@app.command(context_settings={"ignore_unknown_options": True})
def show(
    number: Annotated[str, typer.Argument(help="A code (0x3f800000), a hex float, a decimal, a fraction, inf or nan.")],
    format: Annotated[str, typer.Option("--format", help="binary32, binary16, bfloat16, e4m3, ...")] = "binary32",
    as_json: AsJson = False,
) -> None:
    """Show one number in every notation. No option has a short form: -inf is a number."""
    from fpsem.core.formats import format_named
    from fpsem.report.number import describe, parse_number
    from fpsem.report.tables import facts_table

    f = format_named(format)
    facts = describe(parse_number(number, f), f)
    emit(facts if as_json else [facts_table(facts)], as_json)


@app.command()
def proofs(
    names: Annotated[list[str] | None, typer.Argument(help="Theorems by name; all when none is named.")] = None,
    fast: Annotated[bool, typer.Option("--fast", help="Only the goals that take seconds.")] = False,
    listing: Annotated[bool, typer.Option("--list", help="List the theorems and prove nothing.")] = False,
    all_: Annotated[bool, typer.Option("--all", help="All of them, and the report goes to reports/proofs.md.")] = False,
    report: Report = None,
    as_json: AsJson = False,
) -> None:
    """Prove the theorems about the algorithms that run, and lemmas about the arithmetic."""
    from fpsem.core.verdict import Proved
    from fpsem.smt.theorem import load_theorems, proofs_folder

    if all_:
        if names or fast or listing:
            raise FileFormatError("--all is of all theorems: name none, and leave --fast and --list out")
        report = report or proofs_folder().parent / "reports" / "proofs.md"

    goals = [(t, g) for t in load_theorems(tuple(names or ())) for g in t.goals if g.fast or not fast]
    rows: list[dict[str, Any]] = []
    with progress_bar("proving", None if listing else len(goals)) as advance:
        for theorem, goal in goals:
            row: dict[str, Any] = {"theorem": theorem.name, "statement": theorem.statement, "goal": goal.name}
            if not listing:
                advance(f"{theorem.name}: {goal.name}")
                verdict = goal.prove()
                by = verdict.by if isinstance(verdict, Proved) else getattr(verdict, "reason", "")
                row |= {"verdict": type(verdict).__name__, "by": by, "seconds": round(verdict.seconds, 2)}
            rows.append(row)
    if report is not None:
        _write_report(report, "Proofs: the softfloat algorithms against SMT-LIB, and lemmas about the arithmetic", rows)
    emit(rows if as_json else [rows_table("proofs", rows)], as_json)
    if any(row.get("verdict", "Proved") != "Proved" for row in rows):
        raise typer.Exit(1)


@app.command()
def conformance(
    vectors: Annotated[Path | None, typer.Option("--vectors", help="A folder of TestFloat vectors, instead of our own.")] = None,
    exhaustive: Annotated[
        bool, typer.Option("--exhaustive", help="All binary32 numbers and all triples of 8-bit formats too: some eight minutes.")
    ] = False,
    random: Annotated[int, typer.Option("--random", min=0, help="About how many random operands for each.")] = 10_000_000,
    seed: Annotated[int, typer.Option("--seed", min=0, help="What they are drawn from.")] = 0,
    report: Report = None,
    as_json: AsJson = False,
) -> None:
    """Compare the bit level with published vectors, exact results and the processor."""
    from fpsem.bridges.conformance import checks, run

    planned = checks(vectors, exhaustive, random, seed)
    with progress_bar("conformance", sum(check.steps for check in planned)) as advance:
        lines = [run(check, advance) for check in planned]
    rows = [line.row() for line in lines]
    if report is not None:
        _write_report(report, "Conformance of the bit level", rows)
    emit(rows if as_json else [rows_table("conformance", rows)], as_json)
    for line in lines:
        if line.first:
            warn(f"FAILED {line.check.name}: {line.first}", style="red")
    if any(line.mismatches for line in lines):
        raise typer.Exit(1)


@app.command()
def claims(
    names: Annotated[list[str] | None, typer.Argument(help="Claims by name; all when none is named.")] = None,
    check: Annotated[bool, typer.Option("--check", help="Gather the evidence again.")] = False,
    budget: Annotated[float | None, typer.Option("--budget", min=0, help="Seconds for --check; cheapest first.")] = None,
    cases: Annotated[int | None, typer.Option("--cases", min=1, help="About how many cases a tested claim runs.")] = None,
    seed: Annotated[int | None, typer.Option("--seed", min=0, help="What the cases are drawn from; 0 unless given.")] = None,
    report: Report = None,
    as_json: AsJson = False,
) -> None:
    """Print the ledger of claims, what no claim covers, and what is trusted; with --check, re-check the claims."""
    from fpsem.bridges import all_bridges, bridges_named
    from fpsem.bridges import budget as budgets
    from fpsem.report import ledger, tables
    from fpsem.report.matrix import cells

    of_checks = {
        "--budget": (budget, "how long checks may take"),
        "--cases": (cases, "how many cases a check runs"),
        "--seed": (seed, "what they are drawn from"),
    }
    for option, (value, meaning) in of_checks.items():
        if value is not None and not check:
            raise FileFormatError(f"{option} is of --check: say {meaning}, and --check")
    bridges = bridges_named(tuple(names or ()))
    with progress_bar("checking", len(bridges) if check else None) as advance:
        checked = budgets.check(bridges if check else {}, cases or budgets.CASES, seed or 0, budget, advance)
    rows, everything = ([bridge.claim for bridge in some.values()] for some in (bridges, all_bridges()))
    pairs, covered = ledger.unbridged_pairs(everything), ledger.coverage(everything, cells())
    if as_json:
        gaps = [*(pair.row() for pair in pairs), *(gap.row() for gap in covered.gaps)]
        found = [ledger.json_row(claim, checked) for claim in rows]
        emit({"claims": found, "unbridged": gaps, "trusted": ledger.trusted_rows()}, True)
    else:
        others = [] if names else [*tables.unbridged_tables(pairs, covered), tables.trusted_table()]
        emit([tables.claims_table(rows, checked), *others], False)
    if report is not None and not checked.interrupted:
        lines = [ledger.report_row(claim, checked) for claim in rows]
        _write_report(report, "Claims", lines, ledger.report_notes(pairs, covered))
    _tell_left(checked, report)


def _tell_left(checked: Any, report: Path | None) -> None:
    """Say what was not checked and what failed, and end as that asks for."""
    for name, reason in checked.left.items():
        warn(f"{name}: {reason}")
    for failure in checked.failures:
        warn(f"FAILED {failure}", style="red")
    if checked.interrupted:
        if report is not None:
            warn(f"{report}: not written, for the checks were interrupted")
        raise typer.Exit(130)
    if checked.failures:
        raise typer.Exit(1)


def _write_report(path: Path, title: str, rows: list[dict[str, Any]], notes: Sequence[str] = ()) -> None:
    from fpsem.report.written import write_report

    write_report(path, title, command_line(), rows, notes)
