"""Questions about the digits classifier, answered for every binary32 input of a region.

1. Does the class stay when four pixels of an image change by up to a sixteenth? And when they may be anything from 0 to 1?
2. Does no logit fall when one pixel grows? Of a network that is seldom so; the witness is two images.
3. Do two orders of sums give the same logits near an image?

    python examples/questions/questions.py
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

import fpsem
from fpsem.data import read_arrays
from fpsem.smt import questions
from fpsem.smt.query import Effort

DIGITS = Path(__file__).parents[1] / "digits"
PIXELS = (20, 21, 28, 29)
"""In the middle of the image."""
EFFORT = Effort(seconds=30)


def around(x: Any, lo: Any, hi: Any) -> fpsem.Box:
    """The images that differ from one in those pixels alone, each of them between two numbers."""
    moves = np.isin(np.arange(x.size), PIXELS).reshape(x.shape)
    return fpsem.Box(np.where(moves, lo, x), np.where(moves, hi, x))


def main(images: int = 3) -> dict[str, list[str]]:
    """Ask about so many images; the verdicts by question."""
    graph, params = fpsem.load(DIGITS / "digits.json")
    said: dict[str, list[str]] = {"a sixteenth": [], "anything": [], "monotone": [], "orders": []}
    for x in read_arrays(DIGITS / "images.npz")["images"][:images].reshape(-1, *graph.inputs["x"]):
        ball = fpsem.Ball(x, "1/16").box
        near, anywhere = around(x, ball.lo, ball.hi), around(x, np.float32(0), np.float32(1))
        verdicts = {
            "a sixteenth": questions.argmax_stable(graph, params, near, center=x, effort=EFFORT),
            "anything": questions.argmax_stable(graph, params, anywhere, center=x, effort=EFFORT),
            "monotone": questions.monotone(graph, params, near, "x", (0, PIXELS[0]), effort=EFFORT),
            "orders": questions.same_in_orders(graph, params, near, "sequential", "pairwise", effort=EFFORT),
        }
        for name, verdict in verdicts.items():
            by = verdict.reason if isinstance(verdict, fpsem.Unknown) else verdict.by
            print(f"{name}: {type(verdict).__name__}, {by}, {verdict.seconds:.1f} s")
            said[name].append(type(verdict).__name__)
    return said


if __name__ == "__main__":
    main()
