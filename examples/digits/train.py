"""Train the demo's classifier, 64-32-10 with ReLU, on the UCI handwritten digits, and write what the demo reads.

Needs the extra `train` (scikit-learn ships the data set). Plain numpy and stochastic gradient descent; deterministic for
one numpy build. Writes digits.json, digits.safetensors (the model) and images.npz (the test images) beside this file.

    python examples/digits/train.py
"""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np

from fpsem import nn
from fpsem.core.errors import MissingExtraError
from fpsem.interop.checkpoint import save
from fpsem.core.files import write

FOLDER = Path(__file__).parent
TEST_IMAGES, EPOCHS, BATCH, RATE, SEED = 300, 60, 32, 0.2, 0


def load_images() -> tuple[np.ndarray, np.ndarray]:
    """Pixels in sixteenths, exact in binary32, and labels."""
    try:
        from sklearn.datasets import load_digits
    except ImportError:
        raise MissingExtraError("scikit-learn", "train") from None
    digits = load_digits()
    return (digits.data / 16).astype(np.float32), digits.target.astype(np.int64)


def gradients(params: dict[str, np.ndarray], x: np.ndarray, labels: np.ndarray) -> dict[str, np.ndarray]:
    """Of the mean cross-entropy, by hand."""
    hidden = np.maximum(x @ params["0.weight"].T + params["0.bias"], 0)
    logits = hidden @ params["2.weight"].T + params["2.bias"]
    weights = np.exp(logits - logits.max(axis=1, keepdims=True))
    above = weights / weights.sum(axis=1, keepdims=True)
    above[np.arange(len(labels)), labels] -= 1
    above /= len(labels)
    below = (above @ params["2.weight"]) * (hidden > 0)
    return {
        "0.weight": below.T @ x,
        "0.bias": below.sum(axis=0),
        "2.weight": above.T @ hidden,
        "2.bias": above.sum(axis=0),
    }


def main() -> None:
    """Train, report, write."""
    images, labels = load_images()
    random = np.random.default_rng(SEED)
    order = random.permutation(len(images))
    test, train = order[:TEST_IMAGES], order[TEST_IMAGES:]
    model = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))
    params = model.init(SEED)
    for epoch in range(EPOCHS):
        rate = RATE * (1 - epoch / EPOCHS)
        for batch in np.array_split(random.permutation(train), len(train) // BATCH):
            slopes = gradients(params, images[batch], labels[batch])
            params = {name: (value - rate * slopes[name]).astype(np.float32) for name, value in params.items()}
    hidden = np.maximum(images[test] @ params["0.weight"].T + params["0.bias"], 0)
    guesses = (hidden @ params["2.weight"].T + params["2.bias"]).argmax(axis=1)
    print(f"test accuracy {np.mean(guesses == labels[test]):.4f} over {TEST_IMAGES} images")
    save(FOLDER / "digits", model.lower((1, 64)), params)
    packed = io.BytesIO()
    np.savez_compressed(packed, images=images[test], labels=labels[test].astype(np.uint8))
    write(FOLDER / "images.npz", packed.getvalue())


if __name__ == "__main__":
    main()
