"""The interpreter: what it asks of payloads, domains and their overrides."""

from __future__ import annotations

import dataclasses
import weakref
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from fpsem.core.errors import PayloadError, UndefinedError, UnknownNameError, UnsupportedError
from fpsem.core.schedule import Reverse
from fpsem.domains import IEEE32Exec, RoundedReal
from fpsem.graph.denote import Interpreter, denote, run
from fpsem.graph.ir import Graph
from fpsem.graph.trace import trace

W = np.arange(12, dtype=np.float32).reshape(4, 3)
X = np.array([[1.0, -2.0, 3.0], [0.5, 4.0, -8.0]], np.float32)


def test_every_node_is_observed_in_order(graph: Graph, float64: Any) -> None:
    seen: list[tuple[int, tuple[int, ...]]] = []
    denote(graph, {"w": W}, {"x": X}, float64, observe=lambda i, value: seen.append((i, value.shape)))
    assert seen == [(i, node.shape) for i, node in enumerate(graph.nodes)]


def test_outputs_come_by_name_and_a_lone_one_by_itself(graph: Graph, float64: Any) -> None:
    assert set(run(graph, {"w": W}, X, float64)) == {"y", "y'", "same"}
    assert run(trace(lambda x: x, (2,)), {}, X[0, :2], float64).tolist() == [1.0, -2.0]


def test_bits_floats_and_the_domains_own_scalars_are_taken() -> None:
    graph, exact = trace(lambda x: x, (1,)), RoundedReal()
    own = np.array([Fraction(1, 3)], dtype=object)
    assert denote(graph, {}, {"x": own}, exact)["output"].tolist() == [Fraction(1, 3)]
    with pytest.raises(PayloadError, match="dtype object, expected float32"):
        denote(graph, {}, {"x": own}, IEEE32Exec())


@pytest.mark.parametrize("given", [X.view(np.uint32), X, np.asfortranarray(X), X[::1]])
def test_codes_are_the_floats_they_encode(given: Any, float64: Any) -> None:
    assert np.array_equal(run(trace(lambda x: x, (2, 3)), {}, given, float64), X)


@pytest.mark.parametrize(
    ("payload", "inputs", "told"),
    [
        ({}, {"x": X}, "parameters do not match the graph; missing: w"),
        ({"w": W, "v": W}, {"x": X}, "not in the graph: v"),
        ({"W": W}, {"x": X}, "missing: w; not in the graph: W"),
        ({"w": W.T}, {"x": X}, r"parameter 'w' has shape \(3, 4\), expected \(4, 3\); it looks transposed"),
        ({"w": W[:2]}, {"x": X}, r"parameter 'w' has shape \(2, 3\), expected \(4, 3\)$"),
        ({"w": W.astype(np.float64)}, {"x": X}, r"has dtype float64, expected float32 \(round it yourself"),
        ({"w": W.astype(np.int32)}, {"x": X}, "has dtype int32"),
        ({"w": W}, {"z": X}, "inputs do not match the graph; missing: x; not in the graph: z"),
        ({"w": W}, {"x": X[0]}, r"input 'x' has shape \(3,\)"),
    ],
)
def test_tensors_that_do_not_fit_are_refused_by_name(
    graph: Graph, payload: Any, inputs: Any, told: str, float64: Any
) -> None:
    with pytest.raises(PayloadError, match=told):
        denote(graph, payload, inputs, float64)


def test_a_lone_tensor_needs_a_lone_input(float64: Any) -> None:
    with pytest.raises(PayloadError, match=r"2 inputs \(x, y\)"):
        run(trace(lambda x, y: x + y, (3,), (3,)), {}, X[0], float64)


def test_an_override_is_preferred_to_the_derived_meaning(float64: Any) -> None:
    domain = dataclasses.replace(float64, overrides={"sum": lambda x, *, axis, keepdims: x.sum(axis=axis) + 100})
    assert run(trace(lambda x: x.sum(), (3,)), {}, X[0], domain) == 102


def test_linear_uses_the_override_of_matmul(graph: Graph, float64: Any) -> None:
    domain = dataclasses.replace(float64, overrides={"matmul": lambda a, b: 0 * (a @ b)})
    assert run(graph, {"w": W}, X, domain)["y'"] == 0


def test_reductions_add_in_the_domains_schedule(float64: Any) -> None:
    x = np.array([1e20, 1.0, -1e20, 1.0], np.float32)
    total = trace(lambda x: x.sum(), (4,))
    assert run(total, {}, x, float64) == 1.0
    assert run(total, {}, x, dataclasses.replace(float64, schedule=Reverse())) == 0.0


def test_a_domain_is_refined_until_it_says_that_its_outputs_are_sharp(float64: Any) -> None:
    class Sharpening(type(float64)):  # type: ignore[misc]
        def refine(self, outputs: Any) -> Any:
            return None if self.name == "sharp" else dataclasses.replace(self, name="sharp")

        def exp(self, x: Any) -> Any:
            return np.exp(x) if self.name == "sharp" else x

    assert run(trace(lambda x: x.exp(), (1,)), {}, np.float32([1.0]), Sharpening()) == np.exp(1.0)


@pytest.mark.parametrize(
    "error", [UndefinedError("a pole"), UnsupportedError("a pole"), UnknownNameError("pole", "a", ["b"])]
)
def test_an_error_of_the_domain_is_led_by_the_node(error: Exception, float64: Any) -> None:
    def fail(x: Any) -> Any:
        raise error

    domain = dataclasses.replace(float64, overrides={"exp": fail})
    with pytest.raises(type(error), match=r"node %1 \(exp\): .*pole"):
        run(trace(lambda x: x.exp(), (1,)), {}, np.float32([1.0]), domain)


def test_what_no_input_can_be_is_told_by_the_inputs_name(float64: Any) -> None:
    class Reals(type(float64)):  # type: ignore[misc]
        def from_bits(self, bits: Any) -> Any:
            raise UndefinedError("NaN is not a real number")

    with pytest.raises(UndefinedError, match="input 'x': NaN is not"):
        run(trace(lambda x: x, (1,)), {}, np.float32([np.nan]), Reals())


# -- a graph that is run many times --------------------------------------------------------------------------------------


def counting(float64: Any) -> tuple[Any, list[str]]:
    """The float64 domain, and a list that tells each look at its overrides and each constant that is made."""
    told: list[str] = []

    class Counting(type(float64)):  # type: ignore[misc]
        def constant(self, values: Any) -> Any:
            told.append("constant")
            return super().constant(values)

        def from_bits(self, bits: Any) -> Any:
            told.append("bits")
            return super().from_bits(bits)

    return Counting(), told


def test_an_interpreter_gives_what_denote_does_each_time(graph: Graph, float64: Any) -> None:
    again = Interpreter(graph, float64)
    for scale in (1, 2, 1, -3):
        payload, inputs = {"w": W * scale}, {"x": X + scale}
        expected = denote(graph, payload, inputs, float64)
        found = again(payload, inputs)
        assert list(found) == list(expected)
        assert all(np.array_equal(found[name], expected[name]) for name in expected)


def test_constants_are_made_once_and_cannot_be_changed(float64: Any) -> None:
    domain, told = counting(float64)
    again = Interpreter(trace(lambda x: {"y": x + 0.5, "half": x.constant_like(0.5), "pi": x.pi_like()}, ()), domain)
    made = len(told)
    assert made > 0
    first = again({}, {"x": X[0, 0]})
    assert told[made:] == ["bits"], "the input alone is embedded anew"
    for name in ("half", "pi"):
        with pytest.raises(ValueError, match="read-only"):
            first[name][...] = 0
    assert again({}, {"x": X[0, 0]})["y"] == first["y"]


def test_a_constant_that_a_domain_refuses_is_led_by_its_node(float64: Any) -> None:
    def fail() -> Any:
        raise UndefinedError("no such number")

    domain = dataclasses.replace(float64, overrides={"pi": lambda **_: fail()})
    with pytest.raises(UndefinedError, match=r"^node %1 \(pi\): no such number$"):
        Interpreter(trace(lambda x: x.pi_like(), (2,)), domain)


def test_every_run_can_be_observed_and_checks_its_tensors(graph: Graph, float64: Any) -> None:
    again, seen = Interpreter(graph, float64), []
    again({"w": W}, {"x": X}, lambda index, value: seen.append((index, value.shape)))
    assert seen == [(i, node.shape) for i, node in enumerate(graph.nodes)]
    with pytest.raises(PayloadError, match="looks transposed"):
        again({"w": W.T}, {"x": X})
    assert set(again({"w": W}, {"x": X})) == set(graph.outputs)


def test_an_error_in_one_run_leaves_the_next_alone(float64: Any) -> None:
    def reject(x: Any) -> Any:
        if x.max() > 2:
            raise UndefinedError("too large")
        return x

    again = Interpreter(trace(lambda x: x.exp() + 1, (2,)), dataclasses.replace(float64, overrides={"exp": reject}))
    for _ in range(2):  # the message is led by the node once, not once more at each run
        with pytest.raises(UndefinedError, match=r"^node %1 \(exp\): too large$"):
            again({}, {"x": np.float32([1, 3])})
    assert again({}, {"x": np.float32([1, 2])})["output"].tolist() == [2, 3]


def test_values_are_let_go_after_their_last_use(float64: Any) -> None:
    alive: list[weakref.ref[Any]] = []
    most = 0

    def watch(index: int, value: Any) -> None:
        nonlocal most
        alive.append(weakref.ref(value))
        most = max(most, sum(ref() is not None for ref in alive))

    def chain(x: Any) -> Any:
        for _ in range(30):
            x = x.abs()
        return x

    Interpreter(trace(chain, (2,)), float64)({}, {"x": X[0, :2]}, watch)
    assert most <= 4
