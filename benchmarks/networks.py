"""Error bounds of networks over boxes, beside errors that a search finds; writes reports/bounds.md.

    python benchmarks/networks.py [--models FOLDER]

FOLDER (default: what FPSEM_MODELS names) holds NAME.npz or NAME.onnx and inputs_seed100.npz; without it only the dot product is
bounded. Exit code 1 where a bound is below an error that was found; times are told beside the bars and decide nothing.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fpsem import nn
from fpsem.analysis.bounds import error_bound
from fpsem.analysis.tensor_witness import tensor_witness
from fpsem.core.bound import Bound
from fpsem.core.errors import FpsemError
from fpsem.core.region import Box
from fpsem.domains.interval import Interval
from fpsem.graph.denote import run
from fpsem.graph.ir import Graph
from fpsem.graph.trace import Recorder, Tensor
from fpsem.interop.checkpoint import load
from fpsem.progress import progress_bar
from fpsem.report.written import table, write_report

REPORT = Path(__file__).parents[1] / "reports" / "bounds.md"
SCHEDULES = ("sequential", "pairwise", "any")
RUNS = 3
TERMS, TOKENS, WIDTH, HEADS, HIDDEN, CLASSES = 512, 8, 16, 2, 32, 4
BLOCK = "tfblock_T8_d16_h2_f32_c4_seed2"

_MEANINGS = [
    "bound: how far the binary32 execution may be from the real value of any output, for every input of the box; proved.",
    "found: the error at an input that a search found, rounded down: the largest there is lies between it and the bound.",
    "any: a bound for every order of the sums, beside an error found in the sequential one.",
    "mean width: of the outputs' real values over the box, as its affine forms have them; finite: no node may overflow.",
    f"seconds: median of {RUNS} runs, without the search.",
    "Below, by node: the largest magnitude of its real values, how far the execution may be from them, and by how much "
    "its own roundings move it at most; each the largest over its elements. These bounds go from node to node; the output's "
    "above is less where derivatives carry the errors more tightly.",
]
"""What the columns of the report say."""

Arrays = Mapping[str, npt.NDArray[Any]]


@dataclass(frozen=True)
class Case:
    """What is bounded.

    Args:
        name: what the report calls it.
        graph: with one output.
        params: float32 tensors by parameter name.
        boxes: the region by input name.
        seconds: how long one bound may take.
        evaluations: of the search for a witness.
    """

    name: str
    graph: Graph
    params: Mapping[str, Any]
    boxes: Mapping[str, Box]
    seconds: float
    evaluations: int = 200


def dot() -> Case:
    """A dot product of TERMS terms, both factors anywhere in [-1, 1]."""
    recorder, shapes = Recorder(), {"x": (1, TERMS), "w": (TERMS, 1)}
    x, w = (recorder.input(name, shape) for name, shape in shapes.items())
    boxes = {name: Box(np.full(shape, -1, np.float32), np.ones(shape, np.float32)) for name, shape in shapes.items()}
    return Case(f"dot product, {TERMS} terms in [-1, 1]", recorder.finish({"output": x @ w}), {}, boxes, 0.01, 2000)


def block() -> Graph:
    """A transformer block of TOKENS tokens, before whose sublayers the input is normalised, and a linear layer of the mean."""
    recorder = Recorder()

    def parameter(name: str, *shape: int) -> Tensor:
        return recorder.parameter(name, shape)

    def linear(name: str, x: Tensor, outputs: int) -> Tensor:
        return x.linear(parameter(f"{name}.weight", outputs, x.shape[-1]), parameter(f"{name}.bias", outputs))

    def normalised(which: int, x: Tensor) -> Tensor:
        return x.layer_norm(parameter(f"g{which}", WIDTH), parameter(f"b{which}", WIDTH), normalized_shape=(WIDTH,), eps=1e-5)

    def heads(x: Tensor) -> Tensor:
        return x.reshape(shape=(TOKENS, HEADS, WIDTH // HEADS)).transpose(axes=(1, 0, 2))

    x = recorder.input("x", (TOKENS, WIDTH))
    y = normalised(1, x)
    q, k, v = (heads(linear(name, y, WIDTH)) for name in "qkv")
    scores = q @ k.transpose(axes=(0, 2, 1)) / float(np.sqrt(WIDTH / HEADS))
    mixed = (scores.softmax(axis=-1) @ v).transpose(axes=(1, 0, 2)).reshape(shape=(TOKENS, WIDTH))
    x = x + linear("o", mixed, WIDTH)
    x = x + linear("f2", linear("f1", normalised(2, x), HIDDEN).relu(), WIDTH)
    return recorder.finish({"output": linear("c", x.mean(axis=0, keepdims=True), CLASSES)})


def block_by_numpy(p: Arrays, x: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """What the block computes, in binary64: a check of the graph."""

    def linear(name: str, x: Any) -> Any:
        return x @ p[f"{name}.weight"].T.astype(np.float64) + p[f"{name}.bias"]

    def normalised(which: int, x: Any) -> Any:
        return (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-5) * p[f"g{which}"] + p[f"b{which}"]

    q, k, v = (np.split(linear(name, normalised(1, x)), HEADS, axis=1) for name in "qkv")
    mixed = []
    for i in range(HEADS):
        weights = np.exp(q[i] @ k[i].T / np.sqrt(WIDTH / HEADS))
        mixed.append(weights / weights.sum(1, keepdims=True) @ v[i])
    x = x + linear("o", np.concatenate(mixed, axis=1))
    x = x + linear("f2", np.maximum(linear("f1", normalised(2, x)), 0))
    return np.asarray(linear("c", x.mean(0, keepdims=True)))


def around(x: npt.NDArray[np.float32], distance: float) -> Box:
    """All inputs no further than so from one, elementwise, the ends rounded to the nearest floats."""
    return Box(x - np.float32(distance), x + np.float32(distance))


def networks(folder: Path) -> Iterator[Case]:
    """The models of a folder at the first of their inputs.

    Raises:
        ValueError: the graph of the block is not what numpy computes.
    """
    inputs = np.load(folder / "inputs_seed100.npz")
    mlp = nn.Sequential(nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 256), nn.ReLU(), nn.Linear(256, 10))
    params = dict(np.load(folder / "mlp_784_256_256_10_seed0.npz"))
    yield Case("MLP 784-256-256-10, eps 0.02", mlp.lower((1, 784)), params, {"x": around(inputs["mlp"][:1], 0.02)}, 1)
    graph, params = load(folder / "cnn_16_32_100_10_seed1.onnx")
    ((name, shape),) = graph.inputs.items()
    yield Case("CNN 16-32-100-10, eps 0.02", graph, params, {name: around(inputs["cnn"][:1].reshape(shape), 0.02)}, 10)
    graph, params, x = block(), dict(np.load(folder / f"{BLOCK}.npz")), inputs["tf"][0]
    found, expected = run(graph, params, x, Interval()), block_by_numpy(params, x.astype(np.float64))
    if max(np.abs(found[end] - expected).max() for end in ("lo", "hi")) > 1e-5:
        raise ValueError(f"{BLOCK}: the graph gives {found}, numpy {expected}")
    yield Case("transformer block 8 x 16, 2 heads, eps 0.01", graph, params, {"x": around(x, 0.01)}, 10)


def timed(case: Case, schedule: str) -> tuple[Bound, float]:
    """The bound, and the median seconds of several runs."""
    seen = []
    for _ in range(RUNS):
        start = time.perf_counter()
        found = error_bound(case.graph, case.params, dict(case.boxes), schedule)
        seen.append(time.perf_counter() - start)
    return found, statistics.median(seen)


def row_of(case: Case, schedule: str, found: Bound, seconds: float) -> dict[str, Any]:
    """A bound beside what a search finds."""
    witness = tensor_witness(case.graph, case.params, case.boxes, {}, schedule, evaluations=case.evaluations)
    bound, observed = float(found.absolute.max()), None if witness is None else witness.error
    return {
        "graph": case.name,
        "schedule": schedule,
        "bound": f"{bound:.4g}",
        "found": "" if observed is None else f"{observed:.4g}",
        "bound / found": f"{bound / observed:.3g}" if observed else "",
        "too low": "TOO LOW" if observed is not None and observed > bound else "",
        "mean width": f"{float(np.mean(found.hi - found.lo)):.4g}",
        "finite": "yes" if found.finite else "no",
        "seconds": f"{seconds:.3g}",
        "bar": f"{case.seconds:g} s",
        "in time": "yes" if seconds < case.seconds else "no",
    }


def nodes_of(case: Case, found: Bound) -> str:
    """A section: what is known of each node that is not a leaf."""
    leaves = {"input", "parameter", "constant", "literal"}
    rows = [
        {
            "node": node.name,
            "op": node.op,
            "shape": " x ".join(map(str, node.shape)),
            "largest": f"{max(abs(node.lo), abs(node.hi)):.4g}",
            "bound": f"{node.absolute:.4g}",
            "its own": f"{node.own:.4g}",
        }
        for node in found.nodes
        if node.op not in leaves
    ]
    return "\n".join([f"## {case.name}, {found.schedule}", "", *table(rows)])


def main() -> None:
    """Bound all, write the report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", type=Path, default=os.environ.get("FPSEM_MODELS"))
    folder = parser.parse_args().models
    cases = [dot(), *(networks(Path(folder)) if folder else ())]
    rows, sections, refused = [], list[str](), list[str]()
    with progress_bar("bounding", len(cases) * len(SCHEDULES)) as advance:
        for case in cases:
            for schedule in SCHEDULES:
                advance(f"{case.name}, {schedule}")
                try:
                    found, seconds = timed(case, schedule)
                except FpsemError as error:
                    refused.append(f"No bound of {case.name} in schedule {schedule}: {error}.")
                    continue
                rows.append(row_of(case, schedule, found, seconds))
                sections += [nodes_of(case, found)] if schedule == SCHEDULES[0] else []
    notes = _MEANINGS + refused
    write_report(REPORT, "Error bounds of networks", "python benchmarks/networks.py", rows, [*notes, *sections])
    print("\n".join(table(rows)))
    sys.exit(any(row["too low"] for row in rows))


if __name__ == "__main__":
    main()
