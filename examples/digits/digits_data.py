"""The 1,797 handwritten digits of ``digits_data.npz``, how they are shared out, and what both trainings do with them.

300 test images are drawn first, then 197 validation images from the rest; 1,300 are left to learn from: the same rows on every
machine. Settings of a training are chosen on the validation images, the test images are counted once, at the end. See DATA.md
for where the digits come from.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
from rich.console import Console

import fpsem
from fpsem import data, rand
from fpsem.train import Result, evaluate

FOLDER = Path(__file__).parent
CLASSES, WHITE = 10, 16
TEST, VALIDATION = 300, 197
BATCH, EVERY = 32, 100
CONSOLE = Console(width=130, highlight=False)


class Parts(NamedTuple):
    """Who sees which images."""

    train: data.Dataset
    validation: data.Dataset
    test: data.Dataset


def load_parts(*shape: int) -> Parts:
    """The three parts, each image float32 of this shape: (64,) for rows, (1, 8, 8) for convolutions.

    Pixels are counts from 0 to 16 divided by 16, exact in binary32; labels are 0 to 9.
    """
    read = data.labelled(FOLDER / "digits_data.npz", CLASSES, x="images", y="labels")
    images = (read.x.astype(np.float32) / WHITE).reshape(len(read), *shape)
    digits = data.Dataset(images, read.y, classes=CLASSES, name="digits")
    test, others = digits.split(TEST, rand.key(0).split("test images"))
    validation, train = others.split(VALIDATION, rand.key(0).split("validation images"))
    return Parts(train, validation, test)


def learn(trainer: fpsem.Trainer, parts: Parts, steps: int, title: str) -> Result:
    """Train, with the validation images evaluated now and then; print the report, the seconds and the test accuracy."""
    start = time.perf_counter()
    result = trainer.train(parts.train, steps, BATCH, validation=parts.validation, evaluate_every=EVERY, title=title)
    seconds = time.perf_counter() - start
    CONSOLE.print(str(result.report))
    tested, count = evaluate(trainer, result.params, parts.test), len(parts.test)
    CONSOLE.print(f"{seconds:.1f} s; test accuracy {tested['accuracy']:.2%} of {count} images, loss {tested['loss']:.4f}")
    return result
