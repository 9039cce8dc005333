"""Train a small convolutional network on the handwritten digits: the training of train.py with other layers.

Two convolutions with pooling and one linear layer, 1,898 parameters; the bits are the same on every machine. Settings were
chosen on the validation images, the test images are counted once. Writes cnn/cnn.json and cnn/cnn.safetensors, in seconds.

    python examples/digits/train_cnn.py
"""

from __future__ import annotations

from pathlib import Path

from digits_data import FOLDER, learn, load_parts

import fpsem
from fpsem import nn, optim
from fpsem.train import Result

MODEL = nn.Sequential(
    nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
    nn.Conv2d(8, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
    nn.Flatten(), nn.Linear(64, 10),
)  # fmt: skip
STEPS = 800
OPTIMIZER = optim.adamw(optim.warmup_cosine(1e-2, warmup=40, total=STEPS), weight_decay=0.01)
DOMAIN = fpsem.NumPyFloat32(elementary="correctly_rounded")


def main(steps: int = STEPS, folder: Path = FOLDER / "cnn") -> Result:
    """Train, report, write."""
    trainer = fpsem.Trainer(MODEL, "classification", OPTIMIZER, DOMAIN, seed=0)
    result = learn(trainer, load_parts(1, 8, 8), steps, "digits, convolutions")
    folder.mkdir(exist_ok=True)
    fpsem.save(folder / "cnn", MODEL.lower((1, 1, 8, 8)), result.params)
    return result


if __name__ == "__main__":
    main()
