"""A network's parameters leave fpsem, are changed by another program, and come back: what is checked at each of five steps.

The other program is PyTorch where it is installed, which trains the network; else numpy, which edits the file of weights.

    python examples/round_trip/round_trip.py
"""

from __future__ import annotations

import importlib.util
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.numpy

import fpsem
from fpsem import data, rand
from fpsem.interop.families import Family, mlp
from fpsem.interop.pytorch import from_state_dict, save_state_dict, to_state_dict, torch_model
from fpsem.interop.round_trip import check_round_trip

SPIRALS = data.spirals(150, rand.key(0), arms=3, noise=0.02)
STEPS, RATE = 150, 0.02

Arrays = Mapping[str, np.ndarray]
Outside = Callable[[Family, Arrays, Path], Arrays]
"""The other program: takes the parameters to a file of its own, and says which parameters it has at its end."""


def say(step: int, what: str, *lines: str) -> None:
    """One step and what was checked."""
    print(f"{step}. {what}", *(f"   {line}" for line in lines), sep="\n")


def accuracy(family: Family, params: Arrays) -> float:
    """How many of the points get the label of their arm."""
    outputs = fpsem.run(family.graph(len(SPIRALS.x)), params, SPIRALS.x, fpsem.NumPyFloat32())
    return float(np.mean(outputs.argmax(axis=1) == SPIRALS.y))


def train_with_torch(family: Family, start: Arrays, file: Path) -> Arrays:
    """Train a torch.nn.Sequential of the same layers, and write its state_dict."""
    import safetensors.torch
    import torch

    module = torch_model(family.model)
    module.load_state_dict(to_state_dict(family.model, start), strict=True)
    say(2, "Agree on names and shapes: load_state_dict(strict=True) took every tensor", ", ".join(module.state_dict()))
    x, y = torch.from_numpy(SPIRALS.x.copy()), torch.from_numpy(SPIRALS.y.copy())
    optimizer, loss = torch.optim.Adam(module.parameters(), lr=RATE), torch.nn.CrossEntropyLoss()
    for _ in range(STEPS):
        optimizer.zero_grad()
        loss(module(x), y).backward()
        optimizer.step()
    learnt = from_state_dict(family.model, module.state_dict())
    theirs = module(x).detach().numpy()
    ours = fpsem.run(family.graph(len(x)), learnt, SPIRALS.x, fpsem.NumPyFloat32())
    say(
        3,
        f"Train outside: {STEPS} steps of Adam in torch {torch.__version__}",
        f"right: {accuracy(family, start):.0%} before, {accuracy(family, learnt):.0%} after",
        f"torch's outputs and fpsem's lie {np.abs(ours - theirs).max():.1e} apart at most: sums in another order",
    )
    safetensors.torch.save_file(module.state_dict(), file)
    return learnt


def edit_with_numpy(family: Family, start: Arrays, file: Path) -> Arrays:
    """Set the smallest weights to zero in a file that numpy reads and writes."""
    save_state_dict(file, family.model, start)
    arrays = safetensors.numpy.load_file(file)
    from_state_dict(family.model, {name: arrays[name] for name in family.shapes})
    say(2, "Agree on names and shapes: the file of weights has every one of them, and no other", ", ".join(sorted(arrays)))
    edited = {name: np.where(np.abs(array) < 0.1, np.float32(0), array) for name, array in arrays.items()}
    zeros = sum(int((array == 0).sum()) for array in edited.values())
    say(3, f"Edit outside (torch is not installed): numpy set {zeros} weights below 0.1 to zero")
    safetensors.numpy.save_file(edited, file)
    return edited


def show_catch(family: Family, params: Arrays) -> None:
    """What the check says of a square weight that was transposed on the way: no shape gives it away."""
    turned = {**params, "2.weight": np.ascontiguousarray(params["2.weight"].T)}
    found = check_round_trip(family.model, params, turned, SPIRALS.x)
    assert found.transposed == ("2.weight",)
    print("   Had the square weight been transposed on the way:", *str(found).splitlines(), sep="\n     ")


def main() -> None:
    """The five steps."""
    family = mlp((2, 16, 16, 3))
    start: dict[str, Any] = family.model.init(seed=0)
    shapes = ", ".join(f"{name} {shape}" for name, shape in family.shapes.items())
    say(1, f"Choose a family: {family.name}, {family.model}", shapes)
    outside: Outside = train_with_torch if importlib.util.find_spec("torch") else edit_with_numpy
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "outside.safetensors"
        theirs = outside(family, start, file)
        say(4, f"Serialise: {file.name}, {file.stat().st_size} bytes")
        params = from_state_dict(family.model, file)
        found = check_round_trip(family.model, theirs, params, SPIRALS.x)
        assert found.agrees
        assert not found.parameters
        say(5, "Re-import: names, shapes, dtypes and every bit are as they left", str(found))
        for name in ("model.npz", "model.onnx") if importlib.util.find_spec("onnx") else ("model.npz",):
            fpsem.save(Path(folder) / name, family.graph(len(SPIRALS.x)), params)
            graph, again = fpsem.load(Path(folder) / name)
            (given,) = graph.inputs
            assert check_round_trip(graph, params, again, {given: SPIRALS.x}).agrees
            print(f"   {name}: written, read again, {len(again)} tensors: outputs agree bit for bit")
    show_catch(family, params)


if __name__ == "__main__":
    main()
