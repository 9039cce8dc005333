"""Train the demo's classifier, 64-32-10 with ReLU, on the handwritten digits, and write what the demo reads.

Every operation of every step is IEEE 754's, sums are in one stated order, exp and log are correctly rounded: the trained bits
are the same on every machine. Learning rate, weight decay and number of steps were chosen on the validation images; the test
images are counted once. Writes digits.json, digits.safetensors (the model), images.npz (the test images) and training.json
(the log) beside this file, in seconds.

    python examples/digits/train.py
"""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from digits_data import FOLDER, learn, load_parts

import fpsem
from fpsem import nn, optim
from fpsem.core.files import write
from fpsem.core.protocol import ScalarDomain
from fpsem.train import Result

MODEL = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))
STEPS = 1500
OPTIMIZER = optim.adamw(optim.warmup_cosine(1e-2, warmup=75, total=STEPS), weight_decay=0.1)
DOMAIN = fpsem.NumPyFloat32(elementary="correctly_rounded")


def main(steps: int = STEPS, folder: Path = FOLDER, domain: ScalarDomain = DOMAIN) -> Result:
    """Train, report, write; fewer steps are the first ones of the same training."""
    parts = load_parts(64)
    trainer = fpsem.Trainer(MODEL, "classification", OPTIMIZER, domain, seed=0)
    result = learn(trainer, parts, steps, "digits 64-32-10")
    fpsem.save(folder / "digits", MODEL.lower((1, 64)), result.params)
    result.log.save(folder / "training.json")
    packed = io.BytesIO()
    np.savez_compressed(packed, images=parts.test.x, labels=np.asarray(parts.test.y).astype(np.uint8))
    write(folder / "images.npz", packed.getvalue())
    return result


if __name__ == "__main__":
    main()
