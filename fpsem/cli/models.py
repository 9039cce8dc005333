"""``fpsem run``, ``compare`` and ``graph``: a model read in several domains, and looked at."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from fpsem.cli import revealing
from fpsem.cli._shared import (
    AsJson,
    Domains,
    Index,
    Input,
    Model,
    Schedules,
    app,
    command_line,
    emit,
    order,
    warn,
)
from fpsem.core.errors import FileFormatError, PayloadError
from fpsem.core.files import write
from fpsem.domains import domain_named
from fpsem.graph.ir import Graph
from fpsem.progress import progress_bar

_BINARY32 = (np.float32, np.uint32)
"""The dtypes of an input: numbers, or their codes."""

_DEFAULT_DOMAINS = ["real", "rounded_real", "ieee32", "numpy_float32"]


@app.command()
def run(
    model: Model,
    input: Input,
    domain: Domains = None,
    schedule: Schedules = None,
    index: Index = 0,
    flags: Annotated[bool, typer.Option("--flags", help="Instead: which exceptions are raised, and at which node.")] = False,
    as_json: AsJson = False,
) -> None:
    """Run a model in several domains: values, ulp distances from the first domain, and the bound."""
    from fpsem.report.tables import output_tables

    if flags:
        _flags(model, input, domain, schedule, index, as_json)
        return
    comparison = _compare(model, input, domain, schedule, index)
    emit(comparison.to_json() if as_json else output_tables(comparison), as_json)
    _explain(comparison, as_json)


@app.command()
def compare(
    model: Model,
    input: Input,
    domain: Domains = None,
    schedule: Schedules = None,
    index: Index = 0,
    html: Annotated[Path | None, typer.Option("--html", help="Also write a page: the graph, tables, curves.")] = None,
    log: Annotated[Path | None, typer.Option("--log", help="With --html: the log of a training run, to show its curves.")] = None,
    as_json: AsJson = False,
) -> None:
    """Compare domains node by node: by how many ulps they differ, and the first sum at which schedules of one domain part."""
    from fpsem.report.tables import node_table, parting_table

    if log is not None and html is None:
        raise FileFormatError("--log needs --html: it is shown on the page")
    training = None if log is None else _read_log(log)
    comparison = _compare(model, input, domain, schedule, index)
    if html is not None:
        from fpsem.report.html import comparison_page

        page = comparison_page(comparison, f"{model.stem}: where the readings part", training, command_line())
        write(html, page.encode())
    tables = [] if comparison.reference.error else [node_table(comparison), *map(parting_table, comparison.partings)]
    emit(comparison.to_json() if as_json else tables, as_json)
    _explain(comparison, as_json)


@app.command()
def graph(
    model: Model,
    style: Annotated[str, typer.Option("--style", help="table, text, dot, svg or json.")] = "table",
    out: Annotated[Path | None, typer.Option("--out", help="Write it to this file; an .svg means --style svg.")] = None,
    as_json: AsJson = False,
) -> None:
    """Print or draw a model's graph."""
    from fpsem.graph.graphviz import to_dot
    from fpsem.graph.svg import to_svg
    from fpsem.interop.checkpoint import load
    from fpsem.report.tables import graph_table

    ir, payload = load(model)
    style = "json" if as_json else "svg" if out is not None and out.suffix == ".svg" else style
    drawn: dict[str, Callable[[Graph], str]] = {"text": str, "dot": to_dot, "svg": to_svg, "json": _json}
    if style == "table" and out is None:
        emit([graph_table(ir, payload)], as_json=False)
    elif style not in drawn:
        known = "text, dot, svg or json" if style == "table" else "table, text, dot, svg or json"
        raise FileFormatError(f"--style must be {known}, not {style!r}{' with --out' if out else ''}")
    elif out is None:
        print(drawn[style](ir))
    else:
        write(out, f"{drawn[style](ir)}\n".encode())


def _flags(
    model: Path, input: Path, names: list[str] | None, schedules: list[str] | None, index: int, as_json: bool
) -> None:
    """The exceptions of one bit-exact run. Raises FileFormatError for another domain or several schedules."""
    from dataclasses import asdict

    from fpsem.interop.checkpoint import load
    from fpsem.report.flags import raised_flags
    from fpsem.report.tables import flags_table

    if (names or ["ieee32"]) != ["ieee32"] or len(schedules or []) > 1:
        raise FileFormatError("--flags is of one run in ieee32, in one schedule")
    ir, payload = load(model)
    found = raised_flags(ir, payload, load_input(input, ir, index), order((schedules or ["sequential"])[0]))
    emit([asdict(row) for row in found] if as_json else [flags_table(found)], as_json)


def _json(ir: Graph) -> str:
    from fpsem.graph.serialize import to_json

    return json.dumps(to_json(ir), indent=1)


def _read_log(path: Path) -> Any:
    from fpsem.train.log import read_log

    return read_log(path)


def _compare(model: Path, input: Path, names: list[str] | None, schedules: list[str] | None, index: int) -> Any:
    """Every named domain, in every named schedule where it takes one."""
    from fpsem.interop.checkpoint import load
    from fpsem.report.compare import compare as compare_domains

    ir, payload = load(model)
    x = load_input(input, ir, index)
    runtime = _as_runtime(model, ir, names, schedules)
    ir = ir if runtime is None else runtime.graph
    orders = [order(text) for text in schedules or [] if text != revealing.RUNTIME]
    domains: list[Any] = []
    for name in names or _DEFAULT_DOMAINS:
        plain = domain_named(name)
        ordered = [domain_named(name, given) for given in orders] if "schedule" in vars(plain) else []
        revealed = [runtime.domain] if runtime is not None and name == "ieee32" else []
        domains += [*ordered, *revealed] or [plain]
    with progress_bar("reading", len(domains) + 1) as advance:
        comparison = compare_domains(ir, payload, x, domains, advance)
    if runtime is not None:
        revealing.say_whether_equal(model, runtime, payload, x)
    return comparison


def _as_runtime(model: Path, ir: Graph, names: list[str] | None, schedules: list[str] | None) -> Any:
    """The model as ONNX Runtime executes it, where that is asked for. Raises FileFormatError without the domain for it."""
    if revealing.RUNTIME not in (schedules or []):
        return None
    if "ieee32" not in (names or _DEFAULT_DOMAINS):
        raise FileFormatError(f"--schedule {revealing.RUNTIME} is an order of --domain ieee32")
    return revealing.as_runtime(model, ir)


def load_input(path: Path, ir: Graph, index: int) -> dict[str, Any]:
    """The model's inputs by name. A lone input takes the file's only binary32 array where none has its name."""
    from fpsem.data import read_arrays

    arrays = read_arrays(path)
    if len(ir.inputs) == 1 and next(iter(ir.inputs)) not in arrays:
        fitting = [array for array in arrays.values() if len(arrays) == 1 or array.dtype in _BINARY32]
        arrays = {next(iter(ir.inputs)): fitting[0]} if len(fitting) == 1 else arrays
    return {name: _row(path, name, arrays, shape, index) for name, shape in ir.inputs.items()}


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


def _explain(comparison: Any, as_json: bool) -> None:
    """Domains that had no reading, and a bound that does not exist: said on the standard error; all failing is an error."""
    failed = [reading for reading in comparison.readings if reading.error]
    for reading in failed:
        warn(f"{reading.domain}: {reading.error}")
    if comparison.bound is None and not as_json:
        warn(f"no bound: {comparison.bound_error}")
    if len(failed) == len(comparison.readings):
        raise typer.Exit(1)
