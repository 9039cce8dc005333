"""Thirty steps of every optimizer, and every rate, against torch.optim in float64.

Ours runs in float64 too, but parameters and slots are rounded to binary32 between steps, 30 times 6e-8 of numbers near 1, as
hyper-parameters are once: 2e-5.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fpsem import optim
from fpsem.graph.denote import denote

torch = pytest.importorskip("torch", reason="PyTorch is not installed: nothing to compare optimizers with")

STEPS, SHAPES = 30, {"w": (4, 3), "b": (4,)}

OPTIMIZERS: list[tuple[str, dict[str, Any]]] = [
    ("SGD", {"lr": 0.05}),
    ("SGD", {"lr": 0.05, "momentum": 0.9, "weight_decay": 0.1}),
    ("SGD", {"lr": 0.05, "momentum": 0.5, "nesterov": True}),
    ("Adam", {"lr": 0.01}),
    ("Adam", {"lr": 0.01, "betas": (0.5, 0.9), "eps": 1e-3, "weight_decay": 0.1}),
    ("AdamW", {"lr": 0.01}),
    ("AdamW", {"lr": 0.01, "betas": (0.8, 0.95), "weight_decay": 0.2}),
]


def drawn(step: int) -> dict[str, Any]:
    random = np.random.default_rng(step)
    return {name: random.standard_normal(shape).astype(np.float32) for name, shape in SHAPES.items()}


@pytest.mark.parametrize("clip", [None, 0.5])
@pytest.mark.parametrize(("name", "settings"), OPTIMIZERS)
def test_thirty_steps_are_pytorchs(name: str, settings: dict[str, Any], clip: float | None, float64: Any) -> None:
    theirs = {n: torch.nn.Parameter(torch.tensor(value).double()) for n, value in drawn(99).items()}
    stepper = getattr(torch.optim, name)(theirs.values(), **settings)
    ours = getattr(optim, name.lower())(**settings)
    graph = ours.lower(SHAPES, None if clip is None else optim.Clip(norm=clip))
    payload: dict[str, Any] = {**drawn(99), **ours.init(SHAPES)}
    for step in range(STEPS):
        for n, value in drawn(step).items():
            theirs[n].grad = torch.tensor(value).double()
        if clip is not None:
            torch.nn.utils.clip_grad_norm_(theirs.values(), clip)
        stepper.step()
        given = {f"grad.{n}": value for n, value in drawn(step).items()}
        found = denote(graph, payload, {**given, **ours.scalars(step)}, float64)
        payload = {n: found[n].astype(np.float32) for n in payload}
    assert all(np.abs(payload[n] - theirs[n].detach().numpy()).max() < 2e-5 for n in SHAPES)


@pytest.mark.parametrize(
    ("ours", "name", "settings"),
    [
        (optim.step(0.1, 7, 0.5), "StepLR", {"step_size": 7, "gamma": 0.5}),
        (optim.exponential(0.1, 0.9), "ExponentialLR", {"gamma": 0.9}),
        (optim.warmup_cosine(0.1, 1, 31), "CosineAnnealingLR", {"T_max": 30}),
    ],
)
def test_rates_are_pytorchs(ours: optim.Rate, name: str, settings: dict[str, Any]) -> None:
    stepper = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1)
    scheduler = getattr(torch.optim.lr_scheduler, name)(stepper, **settings)
    shift = 1 if isinstance(ours, optim.warmup_cosine) else 0  # its warm-up of one step
    for step in range(30):
        assert float(ours(step + shift)) == pytest.approx(scheduler.get_last_lr()[0], rel=1e-5, abs=1e-9)
        stepper.step()
        scheduler.step()
