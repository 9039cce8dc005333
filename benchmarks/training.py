"""Training, gradients and certificates against their peers, in one run: medians of interleaved rounds.

    python benchmarks/training.py [--rounds R] [--report FILE]

One training step of the digits classifier (64-32-10, ReLU, cross-entropy, plain gradient descent, batch of 64) in two domains
under the sequential schedule, beside the same step in plain numpy, whose products are too small for its threads, and, where it is
installed, PyTorch on one thread; the gradient graph of a chain of 16,000 nodes, built and run; one robustness certificate,
checked. Nothing is asserted: machines are noisy.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from measure import interleaved, tell

import fpsem
from fpsem import autodiff, nn, optim
from fpsem.train import Trainer
from fpsem.verify.checker import check
from fpsem.verify.robustness import certify

DIGITS = Path(__file__).parents[1] / "examples" / "digits"
MODEL = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))
BATCH, RATE, CHAIN = 64, 0.1, 16_000

Params = dict[str, np.ndarray]


def batch() -> tuple[np.ndarray, np.ndarray]:
    """The first test images and their labels."""
    with np.load(DIGITS / "images.npz") as data:
        return data["images"][:BATCH], data["labels"][:BATCH].astype(np.int64)


def numpy_step(x: np.ndarray, y: np.ndarray) -> Callable[[], object]:
    """The step by hand, with the library's matrix products."""
    params, rows = MODEL.init(0), np.arange(len(y))

    def step() -> Params:
        before = x @ params["0.weight"].T + params["0.bias"]
        hidden = np.maximum(before, 0)
        logits = hidden @ params["2.weight"].T + params["2.bias"]
        shifted = logits - logits.max(axis=1, keepdims=True)
        weights = np.exp(shifted)
        totals = weights.sum(axis=1, keepdims=True)
        _loss = -(shifted - np.log(totals))[rows, y].mean()
        above = weights / totals
        above[rows, y] -= 1
        above /= len(y)
        below = (above @ params["2.weight"]) * (before > 0)
        slopes = {"0.weight": below.T @ x, "0.bias": below.sum(0), "2.weight": above.T @ hidden, "2.bias": above.sum(0)}
        return {name: value - np.float32(RATE) * slopes[name] for name, value in params.items()}

    return step


def torch_step(x: np.ndarray, y: np.ndarray) -> Callable[[], object] | None:
    """The step in PyTorch on one thread; None where it is not installed."""
    try:
        import torch
    except ImportError:
        return None
    torch.set_num_threads(1)
    model = torch.nn.Sequential(torch.nn.Linear(64, 32), torch.nn.ReLU(), torch.nn.Linear(32, 10))
    rule = torch.optim.SGD(model.parameters(), RATE)
    inputs, targets = torch.from_numpy(x), torch.from_numpy(y)

    def step() -> float:
        rule.zero_grad()
        loss = torch.nn.functional.cross_entropy(model(inputs), targets)
        loss.backward()
        rule.step()
        return loss.item()

    return step


def our_step(domain: object, x: np.ndarray, y: np.ndarray) -> Callable[[], object]:
    """The step in a domain, from the same state each time."""
    trainer = Trainer(MODEL, "classification", optim.sgd(RATE), domain)  # type: ignore[arg-type]
    state = trainer.start()
    return lambda: trainer.step(state.params, state.opt_state, state.rng, "train", x, y)


def step_rows(rounds: int) -> list[dict[str, str]]:
    """A training step in each place, and its ratio to the peers."""
    x, y = batch()
    steps = {"numpy": numpy_step(x, y), "NumPyFloat32": our_step(fpsem.NumPyFloat32(), x, y)}
    steps["IEEE32Exec"] = our_step(fpsem.IEEE32Exec(), x, y)
    peer = torch_step(x, y)
    steps |= {"PyTorch": peer} if peer else {}
    medians = interleaved(steps, rounds)
    rows = []
    for name, seconds in medians.items():
        ratios = {f"times {other}": f"{seconds / medians[other]:.2f}" for other in ("numpy", "PyTorch") if other in medians}
        rows.append({"step": name, "microseconds": f"{seconds * 1e6:.0f}", **ratios})
    return rows


def chain() -> None:
    """Build the gradient graph of a chain and run it; print seconds and the process's peak of memory in MiB."""

    def function(x: fpsem.Tensor) -> fpsem.Tensor:
        for _ in range(CHAIN // 2):
            x = x.tanh()
            x = x + x
        return x.sum()

    start = time.perf_counter()
    graph = fpsem.trace(function, (4,))
    gradient = autodiff.grad(graph)
    fpsem.run(gradient, {}, np.full(4, 0.1, np.float32), fpsem.NumPyFloat32())
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{len(graph.nodes)} nodes, {len(gradient.nodes)} in the gradient: {seconds:.2f} s, {peak:.0f} MiB")


def certificate_note(rounds: int) -> str:
    """Seconds to make and to check the certificate of one image."""
    graph, params = fpsem.load(DIGITS / "digits")
    x, y = batch()
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "certificate.json"

        def prove() -> None:
            _, found = certify(graph, params, x[:1], "1/128", int(y[0]), model="digits.json")
            assert found is not None, "this image's label is certain at this radius"
            found.save(made)

        medians = interleaved({"made": prove, "checked": lambda: check(made, DIGITS / "digits.json")}, rounds)
    return f"one certificate (radius 1/128): made in {medians['made']:.3f} s, checked in {medians['checked']:.3f} s"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=201)
    parser.add_argument("--report", type=Path, help="also write a Markdown report to this file")
    parser.add_argument("--chain", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.chain:
        chain()
        return
    title = f"One training step of the digits classifier, batch {BATCH}, medians of {arguments.rounds} rounds"
    rows = step_rows(arguments.rounds)
    alone = subprocess.run([sys.executable, __file__, "--chain"], check=True, capture_output=True, text=True).stdout.strip()
    notes = [f"gradient of a chain, built and run: {alone}", certificate_note(9)]
    tell(title, rows, notes, arguments.report, 110)


if __name__ == "__main__":
    main()
