"""The command line: ``fpsem run``, ``compare``, ``graph``, ``show``, ``proofs``, ``claims``.

Tables go to the standard output, or JSON with ``--json``; progress and errors go to the standard error. An error that fpsem
foresees is one line and exit code 2; a claim or proof that fails is exit code 1.
"""

from __future__ import annotations

import io
import json
import os
import sys
import textwrap
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.console import Console

from fpsem.core.errors import FileFormatError, FpsemError, PayloadError
from fpsem.core.schedule import Schedule, parse_schedule
from fpsem.domains import domain_named, domain_names
from fpsem.graph.ir import Graph
from fpsem.progress import progress_bar

app = typer.Typer(
    help="What a neural network, or any numerical graph, really computes.", no_args_is_help=True, add_completion=False
)
_errors = Console(stderr=True)

Model = Annotated[Path, typer.Argument(help="A model: NAME.json with NAME.safetensors, a folder with such a pair, or .onnx.")]
Input = Annotated[Path, typer.Option("--input", "-i", help="The input: .npy, or .npz with an array for each input.")]
Domains = Annotated[list[str] | None, typer.Option("--domain", "-d", help=f"One of {', '.join(domain_names())}; repeat it.")]
Schedules = Annotated[
    list[str] | None, typer.Option("--schedule", "-s", help="Order of sums, as pairwise or lanes:width=4,fused; repeat it.")
]
Index = Annotated[int, typer.Option("--index", help="Which row of the input file, when the model takes one row.")]
Report = Annotated[Path | None, typer.Option("--report", help="Also write a Markdown report to this file.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]

_BINARY32 = (np.float32, np.uint32)
"""The dtypes of an input: numbers, or their codes."""

_MAGIC = (b"\x93NUMPY", b"PK")
"""How .npy and .npz files begin."""

_MOST_INPUT = 1 << 32

_WIDE = 160
"""Columns of a table that goes to a file or a pipe."""

_DEFAULT_DOMAINS = ["real", "rounded_real", "ieee32", "numpy_float32"]


@app.command()
def run(
    model: Model, input: Input, domain: Domains = None, schedule: Schedules = None, index: Index = 0, as_json: AsJson = False
) -> None:
    """Run a model in several domains: values, ulp distances from the first domain, and the bound."""
    from fpsem.report.tables import output_tables

    comparison = _compare(model, input, domain, schedule, index)
    _show(comparison.to_json() if as_json else output_tables(comparison), as_json)
    _explain(comparison, as_json)


@app.command()
def compare(
    model: Model, input: Input, domain: Domains = None, schedule: Schedules = None, index: Index = 0, as_json: AsJson = False
) -> None:
    """Compare domains node by node: where they part, and by how many ulps."""
    from fpsem.report.tables import node_table

    comparison = _compare(model, input, domain, schedule, index)
    _show(comparison.to_json() if as_json else [] if comparison.reference.error else [node_table(comparison)], as_json)
    _explain(comparison, as_json)


@app.command()
def graph(
    model: Model,
    style: Annotated[str, typer.Option("--style", help="table, text, dot or json.")] = "table",
    as_json: AsJson = False,
) -> None:
    """Print a model's graph."""
    from fpsem.graph.graphviz import to_dot
    from fpsem.graph.serialize import to_json
    from fpsem.interop.checkpoint import load
    from fpsem.report.tables import graph_table

    ir, payload = load(model)
    if as_json or style == "json":
        _show(to_json(ir), as_json=True)
    elif style == "table":
        _show([graph_table(ir, payload)], as_json=False)
    elif style in ("text", "dot"):
        print(ir if style == "text" else to_dot(ir))
    else:
        raise FileFormatError(f"--style must be table, text, dot or json, not {style!r}")


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
    _show(facts if as_json else [facts_table(facts)], as_json)


@app.command()
def proofs(
    names: Annotated[list[str] | None, typer.Argument(help="Theorems by name; all when none is named.")] = None,
    fast: Annotated[bool, typer.Option("--fast", help="Only the goals that take seconds.")] = False,
    listing: Annotated[bool, typer.Option("--list", help="List the theorems and prove nothing.")] = False,
    report: Report = None,
    as_json: AsJson = False,
) -> None:
    """Prove the theorems about the algorithms that run."""
    from fpsem.core.verdict import Proved
    from fpsem.smt.theorem import load_theorems

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
        _write_report(report, "Proofs: the softfloat algorithms against SMT-LIB", rows)
    _show(rows if as_json else [_rows_table("proofs", rows)], as_json)
    if any(row.get("verdict", "Proved") != "Proved" for row in rows):
        raise typer.Exit(1)


@app.command()
def claims(
    names: Annotated[list[str] | None, typer.Argument(help="Claims by name; all when none is named.")] = None,
    check: Annotated[bool, typer.Option("--check", help="Gather the evidence again.")] = False,
    cases: Annotated[int, typer.Option("--cases", min=1, help="About how many cases a tested claim runs.")] = 20_000,
    seed: Annotated[int, typer.Option("--seed", help="What the cases are drawn from.")] = 0,
    report: Report = None,
    as_json: AsJson = False,
) -> None:
    """Print the ledger of claims; with --check, re-check them."""
    from fpsem.bridges import bridges_named
    from fpsem.report.tables import claims_table

    bridges = bridges_named(tuple(names or ()))
    evidence = {}
    with progress_bar("checking", len(bridges) if check else None) as advance:
        for name, bridge in bridges.items() if check else ():
            advance(name)
            evidence[name] = bridge.check(cases, seed)
    ledger = [bridge.claim for bridge in bridges.values()]
    if report is not None:
        _write_report(report, "Claims", [_claim_row(claim, evidence.get(claim.name)) for claim in ledger])
    _show(_claims_to_json(ledger, evidence) if as_json else [claims_table(ledger, evidence)], as_json)
    failures = [f"{name}: {failure}" for name, found in evidence.items() for failure in found.failures]
    for failure in failures:
        _errors.print(f"FAILED {failure}", markup=False)
    if failures:
        raise typer.Exit(1)


def main() -> None:
    """The entry point: foreseen errors become one line and exit code 2."""
    try:
        app()
    except (FpsemError, OSError, ValueError) as error:
        if os.environ.get("FPSEM_TRACEBACK"):
            raise
        _errors.print(f"error: {error}", style="red", markup=False, soft_wrap=True)
        sys.exit(2)
    except KeyboardInterrupt:
        _errors.print("interrupted")
        sys.exit(130)


def _compare(model: Path, input: Path, names: list[str] | None, schedules: list[str] | None, index: int) -> Any:
    """Every named domain, in every named schedule where it takes one."""
    from fpsem.interop.checkpoint import load
    from fpsem.report.compare import compare as compare_domains

    ir, payload = load(model)
    x = _load_input(input, ir, index)
    orders = [_order(text) for text in schedules or []]
    domains = []
    for name in names or _DEFAULT_DOMAINS:
        plain = domain_named(name)
        ordered = orders if "schedule" in vars(plain) else []
        domains += [domain_named(name, order) for order in ordered] or [plain]
    with progress_bar("reading", len(domains) + 1) as advance:
        return compare_domains(ir, payload, x, domains, advance)


def _order(text: str) -> Schedule | str:
    """A schedule, or "library", which one domain takes."""
    try:
        return text if text == "library" else parse_schedule(text)
    except ValueError as error:
        raise FileFormatError(f"--schedule {textwrap.shorten(text, 80)!r}: {error}") from None


def _load_input(path: Path, ir: Graph, index: int) -> dict[str, Any]:
    """The model's inputs by name. A lone input takes the file's only binary32 array where none has its name."""
    arrays = _read_arrays(path)
    if len(ir.inputs) == 1 and next(iter(ir.inputs)) not in arrays:
        fitting = [array for array in arrays.values() if len(arrays) == 1 or array.dtype in _BINARY32]
        arrays = {next(iter(ir.inputs)): fitting[0]} if len(fitting) == 1 else arrays
    return {name: _row(path, name, arrays, shape, index) for name, shape in ir.inputs.items()}


def _read_arrays(path: Path) -> dict[str, Any]:
    """The arrays of a file by name; the array of a .npy file has the name ''."""
    from fpsem.core.files import read

    data = read(path, _MOST_INPUT)
    if not data.startswith(_MAGIC):
        raise FileFormatError(f"{path}: not a .npy or .npz file; write one with numpy.save or numpy.savez")
    try:
        loaded = np.load(io.BytesIO(data), allow_pickle=False)
        return dict(loaded) if isinstance(loaded, np.lib.npyio.NpzFile) else {"": loaded}
    except Exception as error:  # numpy, zipfile and zlib each have their own
        raise FileFormatError(f"{path}: not a whole .npy or .npz file of numbers: {error}") from error


def _row(path: Path, name: str, arrays: dict[str, Any], shape: tuple[int, ...], index: int) -> Any:
    """One input: the array of that name, or its row where the model takes one row."""
    if name not in arrays:
        held = f"its arrays are {', '.join(arrays) or 'none'}" if "" not in arrays else "it is one array; give an .npz"
        raise PayloadError(f"{path} has no array for the input {name!r}: {held}")
    x = arrays[name]
    if x.dtype not in _BINARY32:
        remedy = "float32 (round it yourself: .astype(numpy.float32)) or uint32 codes"
        raise PayloadError(f"{path}: input {name!r} has dtype {x.dtype}, expected {remedy}")
    if shape[:1] == (1,) and x.ndim >= 1 and x[:1].size == np.prod(shape):
        if not -len(x) <= index < len(x):
            raise PayloadError(f"--index {index}: {path} has {len(x)} row{'s' * (len(x) > 1)}, counted from 0")
        x = x[index].reshape(shape)
    return x


def _show(content: Any, as_json: bool) -> None:
    if as_json:
        print(json.dumps(content, indent=1, allow_nan=False))
        return
    console = Console() if sys.stdout.isatty() else Console(width=_WIDE)
    for table in content:
        console.print(table)


def _explain(comparison: Any, as_json: bool) -> None:
    """Domains that had no reading, and a bound that does not exist: said on the standard error; all failing is an error."""
    failed = [reading for reading in comparison.readings if reading.error]
    for reading in failed:
        _errors.print(f"{reading.domain}: {reading.error}", markup=False, style="yellow", soft_wrap=True)
    if comparison.bound is None and not as_json:
        _errors.print(f"no bound: {comparison.bound_error}", markup=False, style="yellow", soft_wrap=True)
    if len(failed) == len(comparison.readings):
        raise typer.Exit(1)


def _claims_to_json(ledger: list[Any], evidence: dict[str, Any]) -> list[dict[str, Any]]:
    rows = []
    for claim in ledger:
        row = {"name": claim.name, "statement": claim.statement, "domains": list(claim.domains), "region": claim.region}
        row |= {"schedule": claim.schedule, "evidence": claim.evidence.value, "command": claim.command}
        if claim.name in evidence:
            found = evidence[claim.name]
            row |= {"holds": found.holds, "cases": found.cases, "failures": list(found.failures), "detail": found.detail}
        rows.append(row)
    return rows


def _claim_row(claim: Any, found: Any) -> dict[str, str]:
    said = claim.evidence.value if found is None else f"{found} {found.detail}".strip()
    return {
        "claim": claim.name,
        "statement": claim.statement,
        "region": claim.region,
        "schedule": claim.schedule,
        "evidence": said,
    }


def _write_report(path: Path, title: str, rows: list[dict[str, Any]]) -> None:
    from fpsem.report.written import write_report

    write_report(path, title, " ".join(["fpsem", *sys.argv[1:]]), rows)


def _rows_table(title: str, rows: list[dict[str, Any]]) -> Any:
    from rich.markup import escape
    from rich.table import Table

    table = Table(title=title)
    headings = [key for key in (rows[0] if rows else {}) if key != "statement"]
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*(escape(str(row[heading])) for heading in headings))
    return table
