"""The central promise: training in two domains that agree in every operation gives the same bits at every step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from fpsem import data, nn, optim, rand
from fpsem.domains import IEEE32Exec, NumPyFloat32
from fpsem.train import Trainer

Bits = Callable[[Any], dict[str, bytes]]
SCHEDULES = ("sequential", "lanes:width=4,fused")


def history(trainer: Trainer, dataset: data.Dataset, steps: int, batch: int, bits: Bits) -> list[dict[str, bytes]]:
    """The bits of all parameters and slots after each step."""
    seen: list[dict[str, bytes]] = []
    trainer.train(dataset, steps, batch, callbacks=[lambda event: seen.append(bits(event.state))], progress=False)
    return seen


@pytest.mark.parametrize("optimizer", [optim.sgd(0.05, momentum=0.9), optim.adam(0.01)], ids=["sgd", "adam"])
def test_two_hundred_steps_of_a_relu_regression_have_the_same_bits_in_both_domains(
    optimizer: optim.Optimizer, make: Any, curve: data.Dataset, bits: Bits
) -> None:
    ended = set()
    for schedule in SCHEDULES:
        native, exact = (
            history(make(optimizer=optimizer, domain=domain), curve, 200, 16, bits)
            for domain in (NumPyFloat32(schedule=schedule), IEEE32Exec(schedule=schedule))
        )
        assert len(native) == len(exact) == 200
        assert [step for step in range(200) if native[step] != exact[step]] == []
        assert len({step["0.weight"] for step in native}) == 200, "every step moved"
        ended.add(tuple(native[-1].values()))
    assert len(ended) == len(SCHEDULES), "the order of sums is seen in the bits"


def test_with_clipping_batch_norm_dropout_and_accumulation_too(make: Any, curve: data.Dataset, bits: Bits) -> None:
    settings = {"noisy": True, "clip_norm": 0.5, "clip_value": 0.25, "accumulate": 2, "optimizer": optim.adamw(0.01)}
    native, exact = (history(make(domain=d, **settings), curve, 30, 8, bits) for d in (NumPyFloat32(), IEEE32Exec()))
    assert native == exact


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_a_classification_has_them_where_exp_and_log_are_correctly_rounded(schedule: str, bits: Bits) -> None:
    model = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 2))
    dataset = data.spirals(12, rand.key(0))
    native, exact = (
        history(Trainer(model, "classification", optim.adam(0.1), domain), dataset, 6, 4, bits)
        for domain in (NumPyFloat32(schedule, elementary="correctly_rounded"), IEEE32Exec(schedule=schedule))
    )
    assert native == exact
    assert len(native) == 6


def test_another_rounding_gives_other_bits(make: Any, curve: data.Dataset, bits: Bits) -> None:
    """The comparison above can fail."""
    nearest, upward = (history(make(domain=IEEE32Exec(rounding=r)), curve, 3, 16, bits) for r in ("nearest_even", "upward"))
    assert nearest != upward
