"""The order of a sum is part of its meaning: three small shows of it.

1. 1e20 - 1e20 + 1 in two orders, step by step.
2. The digits classifier in four schedules: the same model, the same machine, other bits; where they part, and that no class
   changes.
3. Which order numpy uses, found by asking it, and replayed bit for bit; the same of PyTorch and of ONNX Runtime where they are
   installed, the latter for the whole classifier.

    python examples/orders/orders.py
"""

from __future__ import annotations

import importlib.util
import tempfile
from pathlib import Path

import numpy as np
from rich.console import Console

import fpsem
from fpsem.core.claim import Evidence
from fpsem.data import read_arrays
from fpsem.discover import reveal
from fpsem.report.parting import parting
from fpsem.report.tables import parting_table

DIGITS = Path(__file__).parents[1] / "digits"
SCHEDULES = ("sequential", "sequential:fused", "pairwise", "lanes:width=8")
CONSOLE = Console(width=130)


def show_absorption() -> None:
    """1e20 absorbs 1, unless -1e20 comes first."""
    graph, x = fpsem.trace(lambda x: x.sum(axis=0), (3,)), np.array([1e20, -1e20, 1], np.float32)
    found = parting(graph, {}, x, (fpsem.IEEE32Exec(), fpsem.IEEE32Exec(schedule="reverse")))
    assert found is not None, "the two orders differ"
    CONSOLE.print(parting_table(found))
    first, second = (np.uint32(code).view(np.float32) for code in found.codes)
    CONSOLE.print(f"1e20 - 1e20 + 1 is {first:g} from the left and {second:g} from the right.")


def show_digits() -> None:
    """How many logits of the test images have other bits in other schedules, and where the first of them parts."""
    graph, params = fpsem.load(DIGITS / "digits.json")
    images = read_arrays(DIGITS / "images.npz")["images"].reshape(-1, *graph.inputs["x"])
    bits = {s: np.array([fpsem.run(graph, params, x, fpsem.IEEE32Exec(schedule=s)) for x in images]) for s in SCHEDULES}
    plain = bits[SCHEDULES[0]]
    for schedule, codes in bits.items():
        moved = (codes.view(np.float32).argmax(axis=-1) != plain.view(np.float32).argmax(axis=-1)).sum()
        CONSOLE.print(f"{schedule}: {(codes != plain).sum()} of {codes.size} logits have other bits; {moved} classes change.")
    found = parting(graph, params, images[0], (fpsem.IEEE32Exec(), fpsem.IEEE32Exec(schedule=SCHEDULES[2])))
    assert found is not None, "the first image's bits part"
    CONSOLE.print(parting_table(found, limit=6))


def show_libraries() -> None:
    """What numpy's sum, dot and matmul do, and PyTorch's sum: each replayed on random vectors."""
    targets = [("numpy.sum", 1000), ("numpy.dot", 16), ("numpy.matmul", 64)]
    if importlib.util.find_spec("torch") is not None:
        targets.append(("torch.sum", 64))
    for target, n in targets:
        found = reveal(target, n)
        known = isinstance(found.evidence, Evidence)
        CONSOLE.print(f"{target} of {n} terms: {found.schedule if known else 'unknown'}; {found.evidence}")


def show_onnxruntime() -> None:
    """The whole classifier in ONNX Runtime, its order revealed layer by layer, its bits computed without it."""
    if importlib.util.find_spec("onnxruntime") is None or importlib.util.find_spec("onnx") is None:
        CONSOLE.print("ONNX Runtime is not installed (extras onnx and onnxruntime): its replay is left out.")
        return
    from fpsem.discover.onnxruntime import replay

    graph, params = fpsem.load(DIGITS / "digits.json")
    images = read_arrays(DIGITS / "images.npz")["images"].reshape(-1, *graph.inputs["x"])
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "digits.onnx"
        fpsem.save(file, graph, params)
        found = replay(*fpsem.load(file), file, list(images))
    equal = "equal" if found.evidence.holds else "other"
    CONSOLE.print(f"ONNX Runtime, {len(images)} images: {found.evidence}; {equal} bits.")


def main() -> None:
    """All of it."""
    for title, show in (
        ("one sum in two orders", show_absorption),
        ("one classifier in four schedules", show_digits),
        ("what libraries do", show_libraries),
        ("a runtime, replayed", show_onnxruntime),
    ):
        CONSOLE.rule(title)
        show()


if __name__ == "__main__":
    main()
