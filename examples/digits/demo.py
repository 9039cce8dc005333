"""One trained classifier, read in every domain.

Loads the 64-32-10 digits classifier, reads it over exact reals, rounded reals, bit-exact IEEE 754, z3 terms and the machine's
floats, prints where they differ and the a priori bound, classifies all test images twice, and asks a solver one question.

    python examples/digits/demo.py
"""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
from rich.console import Console

import fpsem
from fpsem import nn
from fpsem.report.compare import compare
from fpsem.report.tables import node_table, output_tables

FOLDER = Path(__file__).parent
SHOWN = (0, 1, 2)
CONSOLE = Console(width=150)

MODEL = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))
DOMAINS = (
    fpsem.Real(),
    fpsem.RoundedReal(),
    fpsem.IEEE32Exec(),
    fpsem.SymbolicFP32(),
    fpsem.NumPyFloat32(),
    fpsem.NumPyFloat32(schedule=fpsem.Pairwise()),
)


def show_image(graph: fpsem.Graph, params: dict[str, np.ndarray], image: np.ndarray, label: int, number: int) -> None:
    """Logits and classes of one image in every domain, ulps from the real value, and the bound."""
    with CONSOLE.status(f"image {number}"):
        found = compare(graph, params, image.reshape(1, 64), DOMAINS)
    assert found.bound is not None, found.bound_error
    CONSOLE.rule(f"image {number}, a handwritten {label}")
    CONSOLE.print(*output_tables(found))
    if number == SHOWN[0]:
        CONSOLE.print(node_table(found))
    classes = {reading.domain: int(np.argmax(reading.floats["output"])) for reading in found.readings if reading.floats}
    codes = np.array([found.output_codes(reading, "output") for reading in found.readings])
    parted = int((codes != codes[0]).any(axis=0).sum())
    CONSOLE.print(
        f"Class {', '.join(map(str, sorted(set(classes.values()))))} in all {len(classes)} readings; "
        f"they disagree in the bits of {parted} of {codes[0].size} logits."
        if len(set(classes.values())) == 1
        else f"The classes differ: {classes}"
    )


def show_bound(graph: fpsem.Graph, params: dict[str, np.ndarray], image: np.ndarray) -> None:
    """The a priori bound of |IEEE32Exec - Real| for one image, and how much of it is reached."""
    x, real, ieee = image.reshape(1, 64), fpsem.Real(), fpsem.IEEE32Exec()
    bound = fpsem.error_bound(graph, params, x)
    low, high = real.enclosure(fpsem.run(graph, params, x, real))
    seen, _ = ieee.enclosure(fpsem.run(graph, params, x, ieee))
    error = np.maximum(abs(seen - low), abs(seen - high)).astype(np.float64)
    assert (error <= bound.absolute).all(), "the bound is broken"
    CONSOLE.print(
        f"Bound, sequential order: every logit of image {SHOWN[0]} is within {bound.absolute.max():.3g} of the real value; "
        f"the largest error there is {error.max():.3g}: {(error / bound.absolute).max():.1%} of its bound at most."
    )


def show_accuracy(params: dict[str, np.ndarray], images: np.ndarray, labels: np.ndarray) -> None:
    """Test accuracy in two domains, bit for bit."""
    graph = MODEL.lower(images.shape)
    codes, seconds = {}, {}
    for domain in (fpsem.IEEE32Exec(), fpsem.NumPyFloat32()):
        start = time.perf_counter()
        codes[domain.name] = domain.to_bits(fpsem.run(graph, params, images, domain))
        seconds[domain.name] = time.perf_counter() - start
        accuracy = np.mean(codes[domain.name].view(np.float32).argmax(axis=1) == labels)
        CONSOLE.print(f"{domain.name}: {accuracy:.2%} of {len(labels)} test images right, {seconds[domain.name]:.3f} s")
    differ = int((codes["ieee32"] != codes["numpy_float32"]).sum())
    CONSOLE.print(f"Their {codes['ieee32'].size} logits, summed in the same order, differ in {differ} bit patterns.")
    library = fpsem.NumPyFloat32(schedule="library")
    other = library.to_bits(fpsem.run(graph, params, images, library))
    CONSOLE.print(f"numpy's own matmul, in an order of its own, differs in {int((other != codes['ieee32']).sum())} of them.")


def ask_question(params: dict[str, np.ndarray], image: np.ndarray) -> None:
    """May the last three hidden units move freely by half a unit without the runner-up winning?"""
    below = nn.Sequential(nn.Linear(64, 32), nn.ReLU()).lower((1, 64))
    hidden = fpsem.run(below, _first(params), image.reshape(1, 64), fpsem.NumPyFloat32())
    layer, weights = nn.Linear(32, 10).lower((1, 32)), {"weight": params["2.weight"], "bias": params["2.bias"]}
    order = fpsem.run(layer, weights, hidden, fpsem.NumPyFloat32())[0].argsort()
    first, second = int(order[-1]), int(order[-2])
    free = np.arange(32) >= 29
    box = fpsem.Box(np.where(free, np.maximum(hidden - 0.5, 0), hidden), np.where(free, hidden + 0.5, hidden))
    with CONSOLE.status("asking"):
        verdict = fpsem.prove(layer, weights, box, lambda y: y[first] > y[second])
    CONSOLE.print(
        f"A question: hidden units 29 to 31 of image {SHOWN[0]} each anywhere within 0.5 of their value, all else fixed: "
        f"does class {first} stay above {second}, in binary32, sequential order?"
    )
    CONSOLE.print(verdict)


def _first(params: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {name: value for name, value in params.items() if name.startswith("0.")}


def main() -> None:
    """Everything, in order."""
    graph, params = fpsem.load(FOLDER / "digits.json")
    data = np.load(FOLDER / "images.npz")
    images, labels = data["images"], data["labels"]
    for number in SHOWN:
        show_image(graph, params, images[number], int(labels[number]), number)
    show_bound(graph, params, images[SHOWN[0]])
    show_accuracy(params, images, labels)
    ask_question(params, images[SHOWN[0]])


if __name__ == "__main__":
    main()
