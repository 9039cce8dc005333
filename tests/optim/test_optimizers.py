"""One step of each optimizer: its formula in float64 with the domain float64, in float32 with the machine's, and bits in both.

The formulas are written out here for numpy; in float32 each operation is rounded once, in the order that the docstrings give.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from fpsem import optim
from fpsem.core.errors import TrainingError
from fpsem.domains import IEEE32Exec, NumPyFloat32
from fpsem.graph.denote import denote

SHAPES = {"0.weight": (3, 2), "0.bias": (3,)}
STEPS = 6
LR, RATE = 0.1, float(np.float32(0.1))

Rule = Callable[[Any, Any, dict[str, Any], int, type], Any]


def f32(value: float) -> float:
    """A hyper-parameter, rounded to binary32."""
    return float(np.float32(value))


def sgd_rule(momentum: float = 0, nesterov: bool = False, decay: float = 0) -> Rule:
    def rule(p: Any, g: Any, state: dict[str, Any], step: int, kind: type) -> Any:
        if decay:
            g = g + p * kind(decay)
        if momentum:
            state["momentum_buffer"] = state["momentum_buffer"] * kind(momentum) + g
            g = g + state["momentum_buffer"] * kind(momentum) if nesterov else state["momentum_buffer"]
        return p - kind(RATE) * g

    return rule


def adam_rule(betas: tuple[float, float] = (0.9, 0.999), decay: float = 0, decoupled: bool = False) -> Rule:
    b1, b2 = (f32(beta) for beta in betas)

    def rule(p: Any, g: Any, state: dict[str, Any], step: int, kind: type) -> Any:
        if decay and decoupled:
            p = p - p * (kind(RATE) * kind(decay))
        elif decay:
            g = g + p * kind(decay)
        m = state["exp_avg"] = state["exp_avg"] * kind(b1) + g * kind(1 - b1)
        v = state["exp_avg_sq"] = state["exp_avg_sq"] * kind(b2) + g * g * kind(1 - b2)
        c1, c2 = (np.float32(1 - beta ** (step + 1)).astype(kind) for beta in (b1, b2))
        return p - kind(RATE) * (m / c1) / (np.sqrt(v / c2) + kind(f32(1e-8)))

    return rule


CASES: list[tuple[optim.Optimizer, Rule]] = [
    (optim.sgd(LR), sgd_rule()),
    (optim.sgd(LR, momentum=0.9), sgd_rule(0.9)),
    (optim.sgd(LR, weight_decay=0.01), sgd_rule(decay=0.01)),
    (optim.sgd(LR, momentum=0.5, nesterov=True, weight_decay=0.1), sgd_rule(0.5, True, 0.1)),
    (optim.adam(LR), adam_rule()),
    (optim.adam(LR, betas=(0.5, 0.75), weight_decay=0.125), adam_rule((0.5, 0.75), 0.125)),
    (optim.adam(LR, betas=(0.0, 0.0)), adam_rule((0.0, 0.0))),
    (optim.adamw(LR), adam_rule(decay=0.01, decoupled=True)),
    (optim.adamw(LR, weight_decay=0.0), adam_rule()),
]
IDS = [str(i) + str(optimizer) for i, (optimizer, _) in enumerate(CASES)]


def drawn(step: int) -> dict[str, Any]:
    """Parameters or gradients."""
    random = np.random.default_rng(step)
    return {name: random.standard_normal(shape).astype(np.float32) for name, shape in SHAPES.items()}


def gradients(step: int) -> dict[str, Any]:
    return {f"grad.{name}": value for name, value in drawn(step).items()}


def by_formula(optimizer: optim.Optimizer, rule: Rule, kind: type) -> list[dict[str, Any]]:
    """Parameters and slots after each step."""
    params = {name: value.astype(kind) for name, value in drawn(99).items()}
    slots = {name: np.zeros(value.shape, kind) for name, value in optimizer.init(SHAPES).items()}
    made = []
    for step in range(STEPS):
        for name in SHAPES:
            state = {slot: slots[f"{slot}.{name}"] for slot in optimizer.slots}
            params[name] = rule(params[name], gradients(step)[f"grad.{name}"].astype(kind), state, step, kind)
            slots |= {f"{slot}.{name}": value for slot, value in state.items()}
        made.append({**params, **slots})
    return made


def by_graph(optimizer: optim.Optimizer, domain: Any, clip: optim.Clip | None = None) -> list[dict[str, Any]]:
    graph = optimizer.lower(SHAPES, clip)
    payload: dict[str, Any] = {**drawn(99), **optimizer.init(SHAPES)}
    made = []
    for step in range(STEPS):
        found = denote(graph, payload, {**gradients(step), **optimizer.scalars(step)}, domain)
        made.append(found)
        payload = {name: domain.to_bits(found[name]).view(np.float32) for name in payload}
    return made


@pytest.mark.parametrize(("optimizer", "rule"), CASES, ids=IDS)
class TestEveryOptimizer:
    def test_is_its_formula_in_float32_bit_for_bit(self, optimizer: optim.Optimizer, rule: Rule) -> None:
        found, expected = by_graph(optimizer, NumPyFloat32()), by_formula(optimizer, rule, np.float32)
        for ours, formula in zip(found, expected):
            assert ours.keys() == formula.keys()
            assert all(formula[name].dtype == np.float32 for name in ours)
            assert all(np.array_equal(ours[name], formula[name]) for name in ours)

    def test_is_its_formula_in_float64(self, optimizer: optim.Optimizer, rule: Rule, float64: Any) -> None:
        # the first step alone: between steps numbers are rounded to binary32
        found, expected = by_graph(optimizer, float64)[0], by_formula(optimizer, rule, np.float64)[0]
        assert all(np.allclose(found[name], expected[name], rtol=1e-7, atol=1e-9) for name in expected)

    def test_gives_the_same_bits_in_both_executing_domains(self, optimizer: optim.Optimizer, rule: Rule) -> None:
        native, exact = (by_graph(optimizer, domain) for domain in (NumPyFloat32(), IEEE32Exec()))
        for ours, theirs in zip(native, exact):
            assert all(np.array_equal(ours[name].view(np.uint32), theirs[name]) for name in theirs)

    def test_starts_from_zeros_of_the_parameters_shapes(self, optimizer: optim.Optimizer, rule: Rule) -> None:
        slots = optimizer.init(SHAPES)
        assert {name: value.shape for name, value in slots.items()} == {
            f"{slot}.{name}": shape for slot in optimizer.slots for name, shape in SHAPES.items()
        }
        assert all(value.dtype == np.float32 and not value.any() for value in slots.values())

    def test_names_what_its_graph_takes_and_gives(self, optimizer: optim.Optimizer, rule: Rule) -> None:
        graph = optimizer.lower(SHAPES)
        assert set(graph.parameters) == {*SHAPES, *optimizer.init(SHAPES)} == set(graph.outputs)
        assert set(graph.inputs) == {*(f"grad.{name}" for name in SHAPES), *optimizer.scalars(0)}
        assert all(graph.nodes[i].shape == graph.parameters[name] for name, i in graph.outputs.items())

    def test_is_a_value(self, optimizer: optim.Optimizer, rule: Rule) -> None:
        assert type(optimizer)(**vars(optimizer)) == optimizer
        assert len({optimizer, type(optimizer)(**vars(optimizer))}) == 1


def test_the_rate_of_each_step_is_that_of_the_schedule() -> None:
    rate = optim.step(1.0, 2, 0.5)
    assert [float(optim.sgd(rate).scalars(step)["learning_rate"]) for step in range(5)] == [1, 1, 0.5, 0.5, 0.25]
    assert set(optim.adam(rate).scalars(3)) == {"learning_rate", "correction1", "correction2"}


def test_adams_corrections_stay_exact_where_binary32_powers_would_not() -> None:
    for step in (0, 1, 9, 999, 10**6):
        beta = f32(0.999)
        found = optim.adam(LR).scalars(step)["correction2"]
        assert float(found) == pytest.approx(-np.expm1((step + 1) * np.log(beta)), rel=6e-8)
    assert optim.adam(LR).scalars(0)["correction2"] == np.float32(1 - f32(0.999))


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: optim.sgd(0), "lr must be above 0"),
        (lambda: optim.sgd(1e-50), "lr must be above 0, not 1e-50, which is 0.0 in binary32"),
        (lambda: optim.sgd(0.1, momentum=1), "sgd: momentum must be at least 0 and below 1, not 1"),
        (lambda: optim.sgd(0.1, momentum=1 - 1e-9), "sgd: momentum .*, which is 1.0 in binary32"),
        (lambda: optim.sgd(0.1, momentum=-0.5), "sgd: momentum"),
        (lambda: optim.sgd(0.1, nesterov=True), "sgd: nesterov needs a momentum above 0"),
        (lambda: optim.sgd(0.1, momentum=1e-60, nesterov=True), "sgd: nesterov needs a momentum above 0"),
        (lambda: optim.sgd(0.1, momentum=0.5, nesterov="no"), "sgd: nesterov must be true or false"),
        (lambda: optim.sgd(0.1, weight_decay=-1), "sgd: weight_decay must be at least 0"),
        (lambda: optim.sgd(0.1, weight_decay=float("nan")), "sgd: weight_decay must be a finite number"),
        (lambda: optim.adam(0.1, betas=(1.0, 0.9)), "adam: beta1 must be at least 0 and below 1"),
        (lambda: optim.adam(0.1, betas=(0.9, 0.99999999)), "adam: beta2 .*0.99999999, which is 1.0 in binary32"),
        (lambda: optim.adam(0.1, betas=(0.9, -0.1)), "adam: beta2"),
        (lambda: optim.adam(0.1, betas=(0.9,)), "adam: betas must be two numbers"),
        (lambda: optim.adam(0.1, betas=0.9), "adam: betas must be two numbers"),
        (lambda: optim.adam(0.1, betas="09"), "adam: betas must be two numbers"),
        (lambda: optim.adam(0.1, eps=0), "adam: eps must be above 0"),
        (lambda: optim.adamw(0.1, eps=1e-50), "adamw: eps .* 0.0 in binary32"),
        (lambda: optim.adamw(0.1, weight_decay=-0.1), "adamw: weight_decay"),
        (lambda: optim.adam("fast"), "lr must be a finite number above 0"),
    ],
)  # fmt: skip
def test_numbers_out_of_their_bounds_are_refused_also_when_rounded(make: Any, told: str) -> None:
    with pytest.raises(TrainingError, match=told):
        make()


def clipped(clip: optim.Clip, domain: Any, scale: float = 1.0) -> tuple[dict[str, Any], dict[str, Any]]:
    """The gradients as sgd(1) subtracts them from zeros, negated; all outputs."""
    zeros = {name: np.zeros(shape, np.float32) for name, shape in SHAPES.items()}
    given = {name: value * np.float32(scale) for name, value in gradients(0).items()}
    optimizer = optim.sgd(1.0)
    found = denote(optimizer.lower(SHAPES, clip), zeros, {**given, **optimizer.scalars(0)}, domain)
    return {name: -domain.to_float(found[name]) for name in SHAPES}, found


def norm(tensors: Any) -> float:
    return float(np.sqrt(sum((np.asarray(t, np.float64) ** 2).sum() for t in tensors)))


def test_clipping_by_norm_scales_all_gradients_alike(float64: Any) -> None:
    found, outputs = clipped(optim.Clip(norm=0.5), float64)
    true = norm(gradients(0).values())
    assert true > 0.5
    assert outputs["gradient_norm"] == pytest.approx(true, rel=1e-12)
    for name, value in found.items():
        assert np.allclose(value, gradients(0)[f"grad.{name}"] * 0.5 / (true + 1e-6), rtol=1e-7)
    assert norm(found.values()) <= 0.5


@pytest.mark.parametrize("domain", [NumPyFloat32(), IEEE32Exec()], ids=["native", "exact"])
def test_gradients_below_the_norm_keep_their_bits(domain: Any) -> None:
    found, outputs = clipped(optim.Clip(norm=100.0), domain)
    assert all(np.array_equal(found[name], gradients(0)[f"grad.{name}"]) for name in found)
    assert domain.to_float(outputs["gradient_norm"]) == pytest.approx(norm(gradients(0).values()), rel=1e-6)


def test_clipping_by_value_bounds_each_element_and_comes_before_the_norm(float64: Any) -> None:
    found, outputs = clipped(optim.Clip(value=0.25), float64)
    assert "gradient_norm" not in outputs
    expected = {name: np.clip(gradients(0)[f"grad.{name}"], -0.25, 0.25) for name in found}
    assert all(np.array_equal(found[name], expected[name]) for name in found)
    _, both = clipped(optim.Clip(value=0.25, norm=0.5), float64)
    assert both["gradient_norm"] == pytest.approx(norm(expected.values()), rel=1e-12)


def test_no_clipping_adds_no_output() -> None:
    assert set(optim.sgd(0.1).lower(SHAPES, optim.Clip()).outputs) == set(SHAPES)


@pytest.mark.parametrize("bound", [0, -1, float("nan"), float("inf"), 1e-60, "1", True])
@pytest.mark.parametrize("name", ["value", "norm"])
def test_a_bound_that_is_not_positive_is_refused(name: str, bound: Any) -> None:
    with pytest.raises(TrainingError, match=f"clip: {name} must be"):
        optim.Clip(**{name: bound})
