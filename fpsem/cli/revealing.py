"""``fpsem reveal`` and ``replay``: the order in which a library adds, found by asking it, and whole models run in it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from fpsem.cli._shared import AsJson, Report, app, emit, rows_table, warn
from fpsem.core.errors import FileFormatError
from fpsem.core.files import write
from fpsem.progress import progress_bar

RUNTIME = "onnxruntime"
"""The schedule of ``fpsem run`` that is ONNX Runtime's own."""

Terms = Annotated[int, typer.Option("-n", "--terms", help="How many terms.")]
Shape = Annotated[str, typer.Option("--shape", help="Of a matrix product (M, n) x (n, P): M,P.")]
Element = Annotated[str, typer.Option("--element", help="Row and column of the product that is looked at: I,J.")]
Count = Annotated[int, typer.Option("--vectors", min=1, help="Random vectors to replay the schedule on, bit for bit.")]
Seed = Annotated[int, typer.Option("--seed", min=0, help="Of the random vectors.")]
Draw = Annotated[Path | None, typer.Option("--draw", help="Draw the tree into this .svg file.")]
Whole = Annotated[bool, typer.Option("--tree", help="Print the whole tree, however long.")]

_FEW_LINES = 24


@app.command()
def reveal(
    target: Annotated[str, typer.Argument(help="numpy.sum, numpy.dot, numpy.matmul, torch.sum, onnxruntime.MatMul, ...")],
    n: Terms = 1000,
    shape: Shape = "",
    element: Element = "0,0",
    vectors: Count = 200,
    seed: Seed = 0,
    draw: Draw = None,
    tree: Whole = False,
    as_json: AsJson = False,
) -> None:
    """Find the order in which a library adds its terms, as a schedule that replays its bits."""
    from fpsem.discover import reveal as discover
    from fpsem.discover.draw import tree_svg

    if draw is not None and draw.suffix != ".svg":
        raise FileFormatError(f"--draw {draw}: the picture is an .svg")
    size = _pair("--shape", shape) if shape else None
    found = discover(target, n, shape=size, element=_pair("--element", element), vectors=vectors, seed=seed)
    if draw is not None and found.tree is not None:
        write(draw, tree_svg(found.tree, f"{target}, {n} terms").encode())
    elif draw is not None:
        warn("--draw: no tree was found; nothing is drawn")
    if as_json:
        emit(found.to_json(), as_json)
    else:
        print("\n".join(_lines(found, len(found.tree.steps) + 1 if tree and found.tree is not None else _FEW_LINES)))
    if found.schedule is None:
        raise typer.Exit(1)


def _pair(option: str, text: str) -> tuple[int, int]:
    """Two integers. Raises FileFormatError that shows the text."""
    parts = text.split(",")
    if len(parts) != 2 or not all(p.strip().isascii() and p.strip().isdigit() for p in parts):
        raise FileFormatError(f"{option} {text!r}: two numbers, as 16,16")
    return int(parts[0]), int(parts[1])


def _lines(found: Any, most: int) -> list[str]:
    """What was found, as text."""
    from fpsem.discover.replay import schedule_text

    told = found.to_json()
    lines = [
        f"target    {found.target}, {found.n} terms",
        f"schedule  {'none' if found.schedule is None else schedule_text(found.schedule)}",
        f"evidence  {told['evidence']}: {told['detail']}",
    ]
    lines += [f"same here {', '.join(told['same'])}"] if found.same else []
    lines += [f"{key}: {value}" for key, value in found.probes.items()]
    lines += [f"{found.calls:,} calls, {found.seconds:.2f} s"]
    return lines if found.tree is None else [*lines, "", found.tree.text(most)]


Models = Annotated[list[Path], typer.Argument(help="ONNX models, .onnx or .onnx.gz.")]
Optimisation = Annotated[str, typer.Option("--optimisation", help="Of ONNX Runtime's session: all (its default) or off.")]


@app.command()
def replay(
    models: Models,
    inputs: Annotated[int, typer.Option("--inputs", min=1, help="Random inputs of each model, uniform in [-1, 1].")] = 200,
    seed: Seed = 0,
    optimisation: Optimisation = "all",
    report: Report = None,
    as_json: AsJson = False,
) -> None:
    """Run models in ieee32 in the order that ONNX Runtime is seen to add in, and compare every output with its bits."""
    from fpsem.discover._onnx_boxes import load_runtime
    from fpsem.report.written import write_report

    for model in models:
        _require_onnx("replay", model)
    version = load_runtime().__version__
    with progress_bar("replaying", len(models)) as advance:
        found = [_replayed(model, inputs, seed, optimisation, advance) for model in models]
    rows = [row for row, _ in found]
    title = f"ONNX Runtime {version} on the CPU, one thread, optimisation {optimisation}: replayed bit for bit in ieee32"
    if report is not None:
        options = f"--inputs {inputs} --seed {seed} --optimisation {optimisation} --report {report}"
        names = " ".join(model.name for model in models)
        write_report(report, title, f"fpsem replay {names} {options}", rows, _notes(found))
    emit(rows if as_json else [rows_table(title, rows)], as_json)
    for model, (_, replayed) in zip(models, found):
        for text in replayed.evidence.failures[:3]:
            warn(f"{model.name}: {text}", style="red")
    if any(not replayed.evidence.holds for _, replayed in found):
        raise typer.Exit(1)


def _replayed(model: Path, count: int, seed: int, optimisation: str, advance: Any) -> tuple[dict[str, Any], Any]:
    """A row of the table, and the replay."""
    from fpsem.discover.onnxruntime import replay as replay_model
    from fpsem.domains.ieee32 import IEEE32Exec
    from fpsem.graph.denote import Interpreter
    from fpsem.interop.checkpoint import load

    advance(model.name)
    graph, params = load(model)
    chance = np.random.default_rng(seed)
    given = [{k: chance.uniform(-1, 1, s).astype(np.float32) for k, s in graph.inputs.items()} for _ in range(count)]
    begun = time.perf_counter()
    found = replay_model(graph, params, model, given, optimisation)
    seconds = time.perf_counter() - begun
    plain = Interpreter(graph, IEEE32Exec())
    in_order = [plain(params, x) for x in given]
    same = sum(int((np.array([y[k] for y in in_order]) == bits).sum()) for k, bits in found.runtime.items())
    cases = found.evidence.cases
    row = {
        "model": model.name.removesuffix(".gz"),
        "inputs": count,
        "outputs": cases,
        "equal bits": f"{found.equal} ({100 * found.equal / cases:.1f} %)",
        "in sequence, not fused": f"{100 * same / cases:.1f} %",
        "seconds": round(seconds, 2),
    }
    return row, found


def _notes(found: list[tuple[dict[str, Any], Any]]) -> list[str]:
    """What was revealed, each rule once."""
    rules = dict.fromkeys(rule for _, replayed in found for rule in replayed.reading.rules)
    told = "Each rule was found at run time, by masks and probes on a model of that one layer, and replayed on random vectors:"
    return [told, *(f"* {rule}" for rule in rules)]


def as_runtime(model: Path, graph: Any) -> Any:
    """A model as ONNX Runtime is seen to execute it. Raises FileFormatError for a model that is not an ONNX file."""
    from fpsem.discover.onnxruntime import read_as_runtime

    _require_onnx(f"--schedule {RUNTIME}", model)
    reading = read_as_runtime(graph, model)
    for text in reading.unknown:
        warn(f"{RUNTIME}: the order is unknown of {text}")
    return reading


def _require_onnx(what: str, model: Path) -> None:
    if not model.name.endswith((".onnx", ".onnx.gz")):
        raise FileFormatError(f"{what} needs an ONNX file, not {model.name}")


def say_whether_equal(model: Path, reading: Any, payload: Any, x: Any) -> None:
    """Run the model in ONNX Runtime too, and say on the standard error whether the bits are its own."""
    from fpsem.discover.onnxruntime import replay as replay_model

    found = replay_model(reading.graph, payload, model, [x], reading=reading)
    cases, same = found.evidence.cases, found.equal
    warn(f"{RUNTIME}: {same} of {cases} outputs have its own bits on this machine", style="green" if same == cases else "red")
    for text in found.evidence.failures[:3]:
        warn(f"{RUNTIME}: {text}", style="red")
