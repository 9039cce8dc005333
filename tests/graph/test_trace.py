"""Tensors record and compute alike."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fpsem.core.errors import GraphError, PayloadError, ShapeError
from fpsem.graph.denote import denote
from fpsem.graph.trace import Eager, Recorder, Tensor, labelled, trace

X = np.array([[1.0, -2.0, 3.0], [0.5, 4.0, -8.0]], np.float32)

FUNCTIONS: dict[str, Any] = {
    "arithmetic": lambda x: (2 * x + 1 - x / 4) * (1 - x) / (3 / (x * x + 1)) - (-x),
    "methods": lambda x: abs(x).maximum(x * 0.5).sum(axis=0, keepdims=True).reshape((3, 1)),
    "matrices": lambda x: x @ x.T,
    "positional attributes": lambda x: x.softmax(0).transpose((1, 0)),
    "parts": lambda x: x[1, ::2] + x[0][1:],
    "elements": lambda x: x[-1, -1] * x[0, 1],
    "rows": lambda x: sum(row for row in x),
    "scalars": lambda x: 2.0 / (x.sum() + 20) - 1,
    "arrays": lambda x: x * np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]),
}
MEANT: dict[str, Any] = {
    **FUNCTIONS,
    "methods": lambda x: np.maximum(abs(x), x * 0.5).sum(axis=0).reshape(3, 1),
    "positional attributes": lambda x: (np.exp(x) / np.exp(x).sum(axis=0)).T,
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_traced_function_means_what_it_means_on_arrays(name: str, float64: Any) -> None:
    graph = trace(FUNCTIONS[name], X.shape)
    found = denote(graph, {}, {"x": X}, float64)["output"]
    np.testing.assert_allclose(found, MEANT[name](X.astype(float)), rtol=1e-12)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_running_at_once_gives_what_the_trace_gives(name: str, float64: Any) -> None:
    x = Tensor(Eager(float64), X.shape, X.astype(float))
    expected = denote(trace(FUNCTIONS[name], X.shape), {}, {"x": X}, float64)["output"]
    assert np.array_equal(FUNCTIONS[name](x).handle, expected)


def test_arguments_name_the_inputs_and_outputs_are_named_by_what_is_returned() -> None:
    assert list(trace(lambda a, b: a + b, (2,), (2,)).inputs) == ["a", "b"]
    assert list(trace(lambda *t: t[0] + t[1], (2,), (2,)).inputs) == ["x0", "x1"]
    assert list(trace(lambda a: (a, -a), (2,)).outputs) == ["output_0", "output_1"]
    assert list(trace(lambda a: {"up": a, "down": -a}, (2,)).outputs) == ["up", "down"]


def test_a_number_is_rounded_to_binary32() -> None:
    values = trace(lambda x: x + 0.1, (1,)).nodes[1].attributes["values"]
    assert values == (float(np.float32(0.1)).hex(),)


REFUSED: dict[str, tuple[Any, type[Exception], str]] = {
    "truth": (lambda x: x if x else -x, GraphError, "no truth"),
    "shapes": (lambda x: x + x.T, ShapeError, "broadcast_to or reshape"),
    "index": (lambda x: x[5], GraphError, "index 5 is out of range for a dimension of 2"),
    "too many indices": (lambda x: x[0, 0, 0], GraphError, "up to 2 integers and slices"),
    "index by a list": (lambda x: x[[0, 1]], GraphError, "integers and slices"),
    "iteration": (lambda x: list(x.sum()), GraphError, "cannot be iterated"),
    "operand": (lambda x: x + "one", GraphError, "neither a tensor nor a number"),
    "result": (lambda x: 3, GraphError, "returns a Tensor"),
    "no result": (lambda x: {}, GraphError, "returns a Tensor"),
    "method": (lambda x: x.sofmax(), AttributeError, "Did you mean 'softmax'"),
    "arguments": (lambda x, y: x, PayloadError, r"takes 2 tensors \(x, y\), 1 shapes"),
    "foreign": (lambda x: x + Recorder().input("z", (2, 3)), GraphError, "different traces"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_a_graph_cannot_say_is_refused(case: str) -> None:
    function, error, told = REFUSED[case]
    with pytest.raises(error, match=told):
        trace(function, X.shape)


def test_labels_nest_and_end_with_their_block() -> None:
    recorder = Recorder()
    x = recorder.input("x", (2,))
    with labelled(recorder, "block"):
        with labelled(recorder, ""), labelled(recorder, "0"):
            x = x.relu()
        x = x.tanh()
    graph = recorder.finish({"y": x.exp()})
    assert [node.label for node in graph.nodes] == ["", "block.0", "block", ""]


def test_a_label_is_put_back_after_an_error() -> None:
    recorder = Recorder()
    with pytest.raises(ShapeError, match="'here'"), labelled(recorder, "here"):
        recorder.input("x", (2,)).sum(axis=3)
    assert recorder.label == ""
