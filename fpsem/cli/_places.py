"""Where a question of ``fpsem ask`` is put: a graph with its parameters, and a box for each of its inputs, as options say.

Of an FPCore file the box is that of the precondition; its core has what else the precondition says.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import prod
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from fpsem.cli._shared import scheduled
from fpsem.core.errors import FileFormatError, PayloadError, UnknownNameError, UnsupportedError
from fpsem.core.region import Box
from fpsem.core.schedule import Schedule
from fpsem.graph.ir import Graph

Arrays = Mapping[str, Any]

_PANEL = "The region"
_NUMBER = re.compile(r"[+-]?(\d+/\d+|(\d+\.?\d*|\.\d+)(e[+-]?\d{1,4})?)", re.IGNORECASE)
_LONGEST = 400
"""Characters of a number: text that says more is a mistake, or an attack."""


@dataclass(frozen=True)
class Where:
    """The options that say what a question is about."""

    model: Annotated[Path, typer.Argument(help="NAME.json with its payload, a folder with such a pair, .onnx, or .fpcore.")]
    core: Annotated[str | None, typer.Option("--core", help="Which core of an .fpcore file.", rich_help_panel=_PANEL)] = None
    input: Annotated[
        Path | None, typer.Option("--input", "-i", help="The centre: .npy, or .npz by input name.", rich_help_panel=_PANEL)
    ] = None
    index: Annotated[int, typer.Option("--index", help="Which row of the input file.", rich_help_panel=_PANEL)] = 0
    eps: Annotated[
        str | None,
        typer.Option("--eps", help="How far elements may be from the centre: exactly 0.05, 1/64, ...", rich_help_panel=_PANEL),
    ] = None
    box: Annotated[
        str | None, typer.Option("--box", help="LO,HI: between these; with --eps both hold.", rich_help_panel=_PANEL)
    ] = None
    free: Annotated[
        list[str] | None,
        typer.Option("--free", help="0,5,17: elements in C order that move, no others; NAME:0,5 of several inputs.",
                     rich_help_panel=_PANEL),
    ] = None  # fmt: skip
    schedule: Annotated[
        str, typer.Option("--schedule", "-s", help="Order of sums, as pairwise or lanes:width=4,fused.", rich_help_panel=_PANEL)
    ] = "sequential"


@dataclass(frozen=True)
class Place:
    """A graph, and the region that a question about it is of.

    Args:
        graph: the graph.
        params: float32 tensors by parameter name.
        boxes: by input name.
        schedule: the order of sums.
        region: the boxes in words, with the core's constraints.
        center: the input that was given, where one was.
        core: the core that was read, where one was.
    """

    graph: Graph
    params: Arrays
    boxes: Mapping[str, Box]
    schedule: Schedule
    region: str
    center: Arrays | None = None
    core: Any = None


def place_of(where: Where, one_output: bool = True) -> Place:
    """The graph and the boxes that options say.

    Args:
        where: the options.
        one_output: whether several outputs are refused.

    Raises:
        FileFormatError: options that contradict each other, or are missing, or say nothing.
        PayloadError: a region that is empty, not of finite numbers, or of inputs that are integers.
        UnsupportedError: a core outside of the subset.
    """
    schedule = scheduled("--schedule", where.schedule)
    if where.model.suffix == ".fpcore":
        return _place_of_core(where, schedule)
    graph, params, _ = read(where.model, where.core)
    if one_output and len(graph.outputs) != 1:
        raise PayloadError(f"{where.model}: the question is of one output, and there are {', '.join(graph.outputs)}")
    if graph.integer_inputs:
        raise PayloadError(f"{where.model}: inputs that are integers cannot be asked about: {', '.join(graph.integer_inputs)}")
    ends = None if where.box is None else between("--box", where.box)
    free, center = _free(where, graph), _center(where, graph)
    boxes = {name: _box(where, name, shape, ends, center, free) for name, shape in graph.inputs.items()}
    return Place(graph, params, boxes, schedule, _told(boxes, _how(where)), center)


def read(path: Path, core: str | None) -> tuple[Graph, Arrays, Any]:
    """A model's graph and parameters, and the core that it is of where the file is one of cores."""
    from fpsem.interop.checkpoint import load
    from fpsem.interop.fpcore import NotRead, chosen, load_fpcore

    if path.suffix != ".fpcore":
        if core is not None:
            raise FileFormatError(f"{path}: --core is of a file of cores")
        return *load(path), None
    cores = load_fpcore(path)
    found = chosen(cores, core, str(path))
    if len(found) != 1:
        known = ", ".join(c.name for c in cores)
        raise FileFormatError(f"{path}: {len(found)} cores, expected one; name it with --core: {known}")
    (one,) = found
    if isinstance(one, NotRead) and one.wrong:
        raise FileFormatError(one.reason)
    if isinstance(one, NotRead):
        raise UnsupportedError(f"{path}: core {one.name!r} is outside of the straight-line subset: {one.reason}")
    return one.graph, {}, one


# -- cores -----------------------------------------------------------------------------------------------------------


def _place_of_core(where: Where, schedule: Schedule) -> Place:
    from fpsem.analysis.cores import core_boxes

    given = {"--input": where.input, "--eps": where.eps, "--free": where.free}
    if refused := [option for option, value in given.items() if value]:
        raise FileFormatError(f"{where.model}: {', '.join(refused)}: only for a model; a core's region is its precondition")
    graph, params, core = read(where.model, where.core)
    least, most = (None, None) if where.box is None else _ends("--box", where.box)
    try:
        boxes = core_boxes(core, least, most)
    except ValueError as error:
        remedy = "; say --box LO,HI" if core.free and where.box is None and not core.nowhere else ""
        raise PayloadError(f"{where.model}: {error}{remedy}") from None
    if not boxes:
        raise PayloadError(f"{where.model}: core {core.name!r} has no arguments")
    how = f"the precondition of core {core.name!r}" + ("" if where.box is None else f", between {where.box}")
    return Place(graph, params, boxes, schedule, _told(boxes, how + _besides(core)), core=core)


def _besides(core: Any) -> str:
    """What a core's precondition says beyond its box, in words."""
    from fpsem.smt.constraints import in_words

    constraints = "" if core.constraints is None else f", where {' and '.join(in_words(core.constraints))}"
    return constraints + (f"; left out of the precondition: {', '.join(core.dropped)}" if core.dropped else "")


# -- models ----------------------------------------------------------------------------------------------------------


def _center(where: Where, graph: Graph) -> dict[str, Any] | None:
    from fpsem.cli.models import load_input

    if where.input is None:
        missing = [option for option, value in {"--eps": where.eps, "--free": where.free}.items() if value]
        if missing:
            raise FileFormatError(f"{' and '.join(missing)}: around which input? say --input")
        if where.box is None:
            raise FileFormatError(f"{where.model}: a model needs a region: --input with --eps, or --box LO,HI")
        return None
    found = load_input(where.input, graph, where.index)
    center = {name: np.array(x, order="C").view(np.float32) for name, x in found.items()}
    for name, x in center.items():
        bad = np.argwhere(~np.isfinite(x))
        if x.shape != graph.inputs[name]:
            raise PayloadError(f"{where.input}: input {name!r} has shape {x.shape}, expected {graph.inputs[name]}")
        if len(bad):
            at = tuple(map(int, bad[0]))
            raise PayloadError(f"{where.input}: input {name!r} at index {list(at)} is {x[at]}: a region is of finite numbers")
    if where.free and where.eps is None and where.box is None:
        raise FileFormatError("--free: how far may they move? say --eps or --box")
    return center


def _free(where: Where, graph: Graph) -> dict[str, list[int]] | None:
    """The elements that may move, by input; None where all may."""
    if not where.free:
        return None
    found: dict[str, list[int]] = {name: [] for name in graph.inputs}
    for text in where.free:
        name, colon, places = text.rpartition(":")
        if not colon and len(found) > 1:
            raise FileFormatError(f"--free {text}: of which input? say NAME:{text}; there are {', '.join(found)}")
        name = name if colon else next(iter(found))
        if name not in found:
            raise UnknownNameError("input", name, found)
        size = prod(graph.inputs[name])
        for place in whole("--free", places):
            if place >= size:
                raise FileFormatError(f"--free {place}: input {name!r} has {size} elements, counted from 0")
            found[name].append(place)
    return found


def _box(
    where: Where, name: str, shape: tuple[int, ...], ends: Box | None, center: Arrays | None, free: dict[str, list[int]] | None
) -> Box:
    """The box of one input. Elements that do not move keep their codes, also those of zeros."""
    from fpsem.smt.regions import Ball

    if center is None:
        assert ends is not None
        return Box(np.full(shape, ends.lo), np.full(shape, ends.hi))
    x = center[name]
    if where.eps is None:
        lo, hi = (x, x) if ends is None else (np.full(shape, ends.lo), np.full(shape, ends.hi))
    else:
        ball = Ball(x, exact("--eps", where.eps)).box
        lo, hi = (ball.lo, ball.hi) if ends is None else (np.maximum(ball.lo, ends.lo), np.minimum(ball.hi, ends.hi))
    moves = np.ones(prod(shape), bool)
    if free is not None:
        moves = np.isin(np.arange(prod(shape)), free[name])
    stays = ~moves.reshape(shape) | ((lo == hi) & (lo == x))
    try:
        return Box(np.where(stays, x, lo), np.where(stays, x, hi))
    except ValueError as error:
        raise PayloadError(f"--eps and --box leave nothing of input {name!r}: {error}") from None


def _how(where: Where) -> str:
    row = f"{where.input}, row {where.index}" if where.input is not None else ""
    near = f"within {where.eps} of {row}" if where.eps is not None else f"at {row}" if where.box is None else ""
    between = f"between {' and '.join(where.box.split(','))}" if where.box is not None else ""
    return " and ".join(filter(None, [near, between])) + (f", else at {row}" if where.free and where.eps is None else "")


def _told(boxes: Mapping[str, Box], how: str) -> str:
    sizes = [f"{int((~box.fixed).sum())} of {box.fixed.size} elements of {name} move" for name, box in boxes.items()]
    return f"{', '.join(sizes)}: {how}"


# -- texts of options --------------------------------------------------------------------------------------------------


def exact(option: str, text: str) -> Fraction:
    """The number that a decimal or a fraction is. Raises FileFormatError that shows the text."""
    try:
        if len(text) <= _LONGEST and _NUMBER.fullmatch(text.strip()):
            return Fraction(text.strip())
    except ZeroDivisionError:
        pass
    raise FileFormatError(f"{option} {text[:60]!r}: a finite number is needed, as 0.05 or 1/64")


def between(option: str, text: str) -> Box:
    """The binary32 numbers between two numbers, LO,HI, as a box of shape (). Raises FileFormatError that shows the text."""
    from fpsem.analysis.cores import inward

    lo, hi = _ends(option, text)
    try:
        return inward(lo, hi)
    except ValueError:
        raise FileFormatError(f"{option} {text[:60]}: no binary32 number lies between them") from None


def _ends(option: str, text: str) -> tuple[Fraction, Fraction]:
    low, comma, high = text.partition(",")
    if not comma:
        raise FileFormatError(f"{option} {text[:60]!r}: give two numbers, LO,HI")
    lo, hi = exact(option, low), exact(option, high)
    if lo > hi:
        raise FileFormatError(f"{option} {text[:60]}: the lower end is above the upper one")
    return lo, hi


def whole(option: str, text: str) -> list[int]:
    """Whole numbers of at least 0 between commas. Raises FileFormatError that shows the text."""
    parts = [part.strip() for part in text.split(",")]
    if not all(re.fullmatch(r"[0-9]{1,9}", part) for part in parts):
        raise FileFormatError(f"{option} {text[:60]!r}: whole numbers between commas, counted from 0")
    return [int(part) for part in parts]
