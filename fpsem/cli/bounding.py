"""``fpsem bound``: how far the binary32 execution of a formula or a model may be from the real value."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from fpsem.cli._shared import AsJson, Index, OneSchedule, app, emit, order, rows_table
from fpsem.core.bound import WORK
from fpsem.core.errors import FileFormatError
from fpsem.core.formats import BINARY32
from fpsem.progress import progress_bar

Target = Annotated[Path, typer.Argument(help="FILE.fpcore, or a model: NAME.json with its payload, or .onnx.")]


@app.command()
def bound(
    target: Target,
    core: Annotated[str | None, typer.Option("--core", help="Which core of the file, by name; all when none is named.")] = None,
    format: Annotated[str, typer.Option("--format", help="The format of the execution; binary32.")] = BINARY32.name,
    work: Annotated[int, typer.Option("--work", min=1, help="How many parts of a formula's box to look at, about.")] = WORK,
    input: Annotated[Path | None, typer.Option("--input", "-i", help="Of a model: the middle of the region.")] = None,
    eps: Annotated[float, typer.Option("--eps", min=0, help="Of a model: how far inputs may be from the middle.")] = 0.0,
    index: Index = 0,
    schedule: OneSchedule = "sequential",
    as_json: AsJson = False,
) -> None:
    """Bound the rounding error of a formula or a model over a region; exit code 1 where a core has no bound."""
    if format != BINARY32.name:
        raise FileFormatError(f"--format {format}: only executions in binary32 are bounded")
    if target.suffix == ".fpcore":
        rows = _cores(target, core, work)
        emit((rows[0] if len(rows) == 1 else rows) if as_json else [_table(rows)], as_json)
    else:
        rows = [_model(target, input, eps, index, schedule)]
        emit(rows[0] if as_json else [_table(rows)], as_json)
    if any(row["absolute"] is None for row in rows):
        raise typer.Exit(1)


def _cores(path: Path, name: str | None, work: int) -> list[dict[str, Any]]:
    from fpsem.analysis.cores import Unbounded, core_bound, semantics_of
    from fpsem.core.errors import UnknownNameError
    from fpsem.interop.fpcore import NotRead, load_fpcore

    cores = load_fpcore(path)
    chosen = [c for c in cores if name in (None, c.name)]
    if not chosen:
        raise UnknownNameError(f"core of {path}", name, sorted({c.name for c in cores}))
    rows = []
    with progress_bar("bounding", len(chosen)) as advance:
        for c in chosen:
            advance(c.name)
            found = core_bound(c, work)
            if isinstance(found, Unbounded) or isinstance(c, NotRead):
                reason = getattr(found, "reason", "")
                rows.append({"name": c.name, "absolute": None, "evidence": "UNKNOWN", "reason": reason, "witness": None})
            else:
                rows.append({"name": c.name, **_row(found), "holds_for": semantics_of(c)})
    return rows


def _model(path: Path, input: Path | None, eps: float, index: int, schedule: str) -> dict[str, Any]:
    from fpsem.analysis.bounds import error_bound
    from fpsem.cli.models import load_input
    from fpsem.core.region import Box
    from fpsem.interop.checkpoint import load

    if input is None:
        raise FileFormatError(f"{path}: a model needs --input, the middle of the region")
    graph, params = load(path)
    middle = load_input(input, graph, index)
    boxes = {n: x if n in graph.integer_inputs else Box(_moved(x, -eps), _moved(x, eps)) for n, x in middle.items()}
    return {"name": path.name, **_row(error_bound(graph, params, boxes, order(schedule)))}


def _moved(x: Any, by: float) -> Any:
    """The float32 input moved by a distance, rounded away from it."""
    values = np.ascontiguousarray(x).view(np.float32)
    return np.nextafter((values + np.float64(by)).astype(np.float32), np.float32(math.copysign(math.inf, by))) if by else values


def _row(found: Any) -> dict[str, Any]:
    """A bound as JSON; what is infinite is null, with the reason."""
    largest = float(np.max(found.absolute))
    finite = math.isfinite(largest)
    row: dict[str, Any] = {"absolute": largest if finite else None, "evidence": found.evidence.value if finite else "UNKNOWN"}
    if not finite:
        row["reason"] = _reason(found)
    if np.size(found.absolute) > 1:
        row["outputs"] = [_number(v) for v in np.ravel(found.absolute)]
    row["enclosure"] = [_number(np.min(found.lo)), _number(np.max(found.hi))]
    row["witness"] = None if found.witness is None else {name: float(x) for name, x in found.witness.items()}
    row["witness_bits"] = None if found.witness is None else _bits(found.witness)
    row["observed"] = _number(found.observed) if found.observed is not None else None
    row["tightness"] = _number(found.tightness) if found.tightness is not None else None
    row["contributors"] = [[name, _number(share)] for name, share in found.contributors[:5]]
    return row | {"schedule": str(found.schedule), "semantics": found.semantics}


def _reason(found: Any) -> str:
    if found.observed == math.inf:
        return "there is no bound: at the witness the execution is not finite, and the real value is"
    return "overflow, a pole or an undefined result could not be excluded on the whole region"


def _bits(witness: Mapping[str, Any]) -> dict[str, str]:
    return {name: f"{int(np.float32(x).view(np.uint32)):#010x}" for name, x in witness.items()}


def _number(value: Any) -> float | None:
    return float(value) if math.isfinite(value) else None


def _table(rows: list[dict[str, Any]]) -> Any:
    shown = []
    for row in rows:
        said = row.get("witness_bits") or {}
        largest = row.get("contributors") or [["", None]]
        shown.append({
            "name": row["name"],
            "absolute": "none" if row["absolute"] is None else f"{row['absolute']:.6g}",
            "evidence": row["evidence"],
            "observed": f"{row['observed']:.6g}" if row.get("observed") is not None else "",
            "tightness": f"{row['tightness']:.3g}" if row.get("tightness") is not None else "",
            "most from": largest[0][0],
            "witness": row.get("reason") or ", ".join(f"{n} = {float(row['witness'][n]).hex()}" for n in said),
        })  # fmt: skip
    return rows_table("bounds", shown)
