"""``fpsem bound``: how far the binary32 execution of a formula or a model may be from the real value.

What is told is that of ``fpsem.Bound``; ``docs/bounds.md`` says how to read it. In JSON what is infinite or unknown is null.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from fpsem.cli._shared import AsJson, Index, app, counting, emit, rows_table, warn
from fpsem.core import files
from fpsem.core.bound import EVALUATIONS, WORK, Bound, NodeBound
from fpsem.core.errors import FileFormatError, PayloadError, ScheduleError, UnknownNameError
from fpsem.core.formats import BINARY32
from fpsem.core.schedule import Schedule, schedule_or_any
from fpsem.progress import progress_bar

Target = Annotated[Path, typer.Argument(help="FILE.fpcore, or a model: NAME.json with its payload, or .onnx.")]
Arrays = Mapping[str, Any]
Row = dict[str, Any]

_FIRST = "sequential"
_SHOWN = 5
"""How many contributors are told."""


@app.command()
def bound(
    target: Target,
    core: Annotated[str | None, typer.Option("--core", help="Which core of the file, by name; all when none is named.")] = None,
    format: Annotated[str, typer.Option("--format", help="The format of the execution; binary32.")] = BINARY32.name,
    work: Annotated[int, typer.Option("--work", min=1, help="How many parts of a formula's box to look at, about.")] = WORK,
    input: Annotated[Path | None, typer.Option("--input", "-i", help="Of a model: the middle of the region.")] = None,
    eps: Annotated[float, typer.Option("--eps", min=0, help="Of a model: how far inputs may be from the middle.")] = 0.0,
    index: Index = 0,
    schedule: Annotated[str, typer.Option("--schedule", "-s", help="Of a model: the order of sums; any: all orders.")] = _FIRST,
    nodes: Annotated[bool, typer.Option("--nodes", help="Also what is known of each node.")] = False,
    witness: Annotated[Path | None, typer.Option("--witness", help="Save the witness as this .npz; JSON has its bits.")] = None,
    no_witness: Annotated[bool, typer.Option("--no-witness", help="Of a model: look for no input of large error.")] = False,
    as_json: AsJson = False,
) -> None:
    """Bound the rounding error of a formula or a model over a region, and look for an input that shows how tight the bound is.

    Exit code 0: everything asked for has a bound; 1: something has none, and the reason is told; 2: it could not be asked;
    130: interrupted, and nothing was printed.
    """
    if format != BINARY32.name:
        raise FileFormatError(f"--format {textwrap.shorten(format, 40)}: only executions in binary32 are bounded")
    if witness is not None and no_witness:
        raise FileFormatError("--witness saves what --no-witness does not look for")
    options = {"--input": input is not None, "--eps": eps > 0, "--schedule": schedule != _FIRST, "--no-witness": no_witness}
    if target.suffix == ".fpcore":
        _refuse(target, "a model", [option for option, is_given in options.items() if is_given])
        rows = _cores(target, core, work, nodes, witness)
    else:
        _refuse(target, "a file of cores", ["--core"] if core is not None else [])
        found, middle = _model(target, input, eps, index, _order(schedule), work, not no_witness)
        rows = [_row(target.name, found, middle, nodes, witness)]
    emit((rows[0] if len(rows) == 1 else rows) if as_json else _tables(rows), as_json)
    if any(row["absolute"] is None for row in rows):
        raise typer.Exit(1)


def _refuse(path: Path, of: str, options: list[str]) -> None:
    if options:
        raise FileFormatError(f"{path}: {', '.join(options)}: only for {of}")


def _order(text: str) -> Schedule:
    try:
        return schedule_or_any(text)
    except (ScheduleError, UnknownNameError) as error:
        raise FileFormatError(f"--schedule {textwrap.shorten(text, 80)!r}: {error}; or any, for all orders") from None


# -- formulas --------------------------------------------------------------------------------------------------------


def _cores(path: Path, name: str | None, work: int, nodes: bool, witness: Path | None) -> list[Row]:
    from fpsem.interop.fpcore import chosen, load_fpcore

    cores = load_fpcore(path)
    if not cores:
        raise FileFormatError(f"{path}: no core in it, expected (FPCore (argument ...) property ... expression)")
    found = chosen(cores, name, str(path))
    if len(found) == 1:
        with progress_bar("bounding", work) as advance:
            return [_core(found[0], work, counting(advance, found[0].name), nodes, witness)]
    if witness is not None:
        raise FileFormatError(f"{path}: --witness is of one core, and {len(found)} are bounded: say --core NAME")
    rows = []
    with progress_bar("bounding", len(found)) as advance:
        for c in found:
            advance(c.name)
            rows.append(_core(c, work, lambda count: None, nodes, None))
    return rows


def _core(core: Any, work: int, advance: Callable[[int], None], nodes: bool, witness: Path | None) -> Row:
    from fpsem.analysis.cores import Unbounded, core_bound, semantics_of

    found = core_bound(core, work, advance)
    if isinstance(found, Unbounded):
        unknown = {"absolute": None, "evidence": "UNKNOWN", "reason": found.reason, "finite": None, "witness": None}
        return {"name": core.name, **unknown} | ({"nodes": []} if nodes else {})
    return _row(core.name, found, {}, nodes, witness) | {"holds_for": semantics_of(core), "note": _note(core)}


def _note(core: Any) -> str | None:
    """That a core declares another precision than the one that it is bounded in."""
    if core.precision in ("", BINARY32.name):
        return None
    return f"core asks for {textwrap.shorten(core.precision, 40)}: bounded in {BINARY32.name}, as --format says"


# -- models ----------------------------------------------------------------------------------------------------------


def _model(
    path: Path, input: Path | None, eps: float, index: int, order: Schedule, work: int, witness: bool
) -> tuple[Bound, Arrays]:
    """The bound around an input, and the input."""
    from fpsem.analysis.bounds import error_bound
    from fpsem.analysis.scalars import is_formula
    from fpsem.cli.models import load_input
    from fpsem.core.region import Box
    from fpsem.interop.checkpoint import load

    graph, params = load(path)
    if input is None:
        raise FileFormatError(f"{path}: a model needs --input, the middle of the region")
    middle = load_input(input, graph, index)
    boxes = {n: x if n in graph.integer_inputs else Box(*_ends(f"{input}: input {n!r}", x, eps)) for n, x in middle.items()}
    with progress_bar("bounding", work if is_formula(graph) else EVALUATIONS) as advance:
        more = counting(advance, path.name)
        return error_bound(graph, params, boxes, order, work=work, witness=witness, advance=more), middle


def _ends(what: str, x: Any, eps: float) -> tuple[Any, Any]:
    """A tensor moved by a distance both ways, the ends rounded away from it; its own codes where the distance is 0."""
    middle = np.asarray(x, order="C").view(np.float32)
    _check_finite(what, middle)
    if not eps:
        return middle, middle
    with np.errstate(over="ignore"):
        moved = [(np.asarray(middle + np.float64(by)).astype(np.float32), np.copysign(np.inf, by)) for by in (-eps, eps)]
    lo, hi = (np.nextafter(end, np.float32(to)) for end, to in moved)
    for end in (lo, hi):
        _check_finite(what, end, f", moved by --eps {eps:g},")
    return lo, hi


def _check_finite(what: str, x: Any, moved: str = "") -> None:
    bad = np.argwhere(~np.isfinite(x))
    if len(bad):
        at = tuple(map(int, bad[0]))
        raise PayloadError(f"{what} at index {list(at)}{moved} is {x[at]}: a region is of finite binary32 numbers")


# -- what is told ------------------------------------------------------------------------------------------------------


def _row(name: str, found: Bound, middle: Arrays, nodes: bool, witness: Path | None) -> Row:
    """A bound as JSON; saves the witness where a file is named."""
    largest = float(np.max(found.absolute))
    is_bounded, finite = math.isfinite(largest), _finite(found)
    row: Row = {"name": name, "absolute": _number(largest), "evidence": found.evidence.value if is_bounded else "UNKNOWN"}
    if not (is_bounded and finite):
        row["reason"] = _reason(found)
    row["finite"], row["may_overflow"] = finite, None if finite else _first_not_finite(found)
    if np.size(found.absolute) > 1:
        row["outputs"] = [_number(v) for v in np.ravel(found.absolute)]
    row["enclosure"] = [_number(np.min(found.lo)), _number(np.max(found.hi))]
    row |= _told(found.witness, middle, witness)
    row["observed"] = _number(found.observed)
    row["tightness"] = _number(found.tightness)
    row["contributors"] = [[node, _number(share)] for node, share in found.contributors[:_SHOWN]]
    row |= {"schedule": str(found.schedule), "semantics": found.semantics}
    return row | ({"nodes": [_node(node) for node in found.nodes]} if nodes else {})


def _finite(found: Bound) -> bool | None:
    """Whether no node may overflow or be undefined: False where the witness shows one, None where it is not known."""
    return True if found.finite else False if found.observed == math.inf else None


def _first_not_finite(found: Bound) -> str | None:
    return next((node.name for node in found.nodes if not math.isfinite(node.absolute)), None)


def _reason(found: Bound) -> str:
    if found.observed == math.inf:
        return "there is no bound: at the witness the execution is not finite, and the real value is"
    first = _first_not_finite(found)
    at = f"; the first node at which they may be is {first}" if first else ""
    return f"overflow, a pole or an undefined result could not be excluded on the whole region{at}"


def _told(witness: Arrays | None, middle: Arrays, file: Path | None) -> Row:
    """A witness: of a scalar its value and bits; of a tensor its element that is furthest from the middle. Saved, all bits."""
    if witness is None:
        if file is not None:
            warn(f"{file}: not written, for no witness was found")
        return {"witness": None, "witness_bits": None}
    arrays = {name: np.asarray(x, np.float32) for name, x in witness.items()}
    if file is not None:
        _save(file, {**middle, **arrays})
    bits = {name: _bits(x) for name, x in arrays.items() if x.ndim == 0 or file is not None}
    told = {name: float(x) if x.ndim == 0 else _furthest(x, middle[name]) for name, x in arrays.items()}
    return {"witness": told, "witness_bits": bits}


def _furthest(x: Any, middle: Any) -> Row:
    moved = x.astype(np.float64) - np.asarray(middle, order="C").view(np.float32)
    at = np.unravel_index(np.argmax(np.abs(moved)), x.shape)
    place = {"shape": list(x.shape), "index": [int(i) for i in at]}
    return place | {"value": float(x[at]), "bits": _bits(x[at]), "from_middle": float(moved[at])}


def _bits(x: Any) -> Any:
    """Codes as text, in lists as the array has axes."""
    return f"{int(np.asarray(x, np.float32).view(np.uint32)):#010x}" if np.ndim(x) == 0 else [_bits(part) for part in x]


def _save(path: Path, arrays: Arrays) -> None:
    from fpsem.interop import _payload

    files.write(path, _payload.encode(_payload.NPZ, arrays))


def _node(node: NodeBound) -> Row:
    told = {"name": node.name, "op": node.op, "shape": list(node.shape), "enclosure": [_number(node.lo), _number(node.hi)]}
    bounded = {"bound": _number(node.absolute), "own": _number(node.own), "finite": math.isfinite(node.absolute) or None}
    return told | bounded


def _number(value: Any) -> float | None:
    return float(value) if value is not None and math.isfinite(value) else None


def _tables(rows: list[Row]) -> list[Any]:
    held = [(row["name"], [_node_shown(node) for node in row["nodes"]]) for row in rows if row.get("nodes")]
    tables = [rows_table("bounds", [_shown(row) for row in rows]), *_notes(rows)]
    return [*tables, *(rows_table(f"nodes of {name}", some) for name, some in held)]


def _notes(rows: list[Row]) -> list[Any]:
    """Each note once, with the rows that it is of."""
    from rich.text import Text

    notes = dict.fromkeys(row["note"] for row in rows if row.get("note"))
    return [Text(f"{', '.join(row['name'] for row in rows if row.get('note') == note)}: {note}") for note in notes]


def _shown(row: Row) -> dict[str, str]:
    largest = row.get("contributors") or [["", None]]
    finite = "yes" if row["finite"] else "no" if row["finite"] is False else "UNKNOWN"
    is_bounded = row["absolute"] is not None
    return {
        "name": row["name"],
        "absolute": _text(row["absolute"], 6) or "none",
        "evidence": row["evidence"],
        "finite": f"{finite}: {row['may_overflow']}" if is_bounded and not row["finite"] else finite,
        "observed": _text(row.get("observed"), 6),
        "tightness": _text(row.get("tightness"), 3),
        "most from": largest[0][0],
        "witness": _place(row["witness"]) if is_bounded else row["reason"],
    }


def _place(witness: Mapping[str, Any] | None) -> str:
    """A witness in one line."""
    return ", ".join(
        f"{name}{x['index']} = {x['value'].hex()}, furthest of {math.prod(x['shape'])}"
        if isinstance(x, dict)
        else f"{name} = {x.hex()}"
        for name, x in (witness or {}).items()
    )


def _node_shown(node: Row) -> dict[str, str]:
    lo, hi = (_text(end, 4) or sign for end, sign in zip(node["enclosure"], ("-inf", "inf")))
    return {
        "name": node["name"],
        "op": node["op"],
        "shape": " x ".join(map(str, node["shape"])),
        "enclosure": f"[{lo}, {hi}]",
        "bound": _text(node["bound"], 4) or "none",
        "own": _text(node["own"], 4) or "none",
        "finite": "yes" if node["finite"] else "may overflow",
    }


def _text(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:.{digits}g}"
