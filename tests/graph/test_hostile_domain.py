"""Every op is written over the protocol alone: it runs in a domain whose truths have no bool, and uses what it computes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from fpsem.core.protocol import ARITHMETIC, COMPARISONS, ELEMENTARY
from fpsem.domains.ieee32 import IEEE32Exec
from fpsem.domains.numpy_float32 import NumPyFloat32
from fpsem.graph.denote import denote
from fpsem.graph.ir import Graph
from fpsem.graph.op import Sort
from fpsem.graph.ops import names, op_named
from fpsem.graph.trace import Recorder, Tensor
from fpsem.testing import HostileDomain

X = np.array([[0.5, -0.75, 2.0], [1.0, 0.25, -1.5]], np.float32)
Y = np.array([[1.5, -2.0, 0.5], [-1.0, 0.75, 3.0]], np.float32)
POSITIVE = np.abs(Y)
IMAGE = np.array([[[[0.5, -0.75, 2.0], [1.0, 0.25, -1.5]]]], np.float32)
TAPS = np.array([[[[1.5, -0.5], [0.25, 2.0]]]], np.float32)
COLUMNS = np.arange(1, 9, dtype=np.float32).reshape(1, 4, 2)
LABELS = np.array([2, 0])
LOGITS = np.array([[0.1, -0.7, 7.3], [6.9, 0.3, -1.1]], np.float32)
"""Sure of the labels: a small loss shows how its logarithms are rounded, which is all that a spoilt maximum changes."""


@dataclass(frozen=True)
class Call:
    """One call of an op on some inputs."""

    inputs: tuple[Any, ...]
    attributes: dict[str, Any] = field(default_factory=dict)


CALLS: dict[str, Call] = {
    "abs": Call((X,)),
    "add": Call((X, Y)),
    "atan": Call((X,)),
    "avg_pool2d": Call((IMAGE,), {"kernel": (2, 2), "padding": (1, 1), "count_include_pad": False}),
    "batch_norm": Call((X, Y[0], POSITIVE[0], Y[1], X[0])),
    "broadcast_to": Call((X,), {"shape": (2, 2, 3)}),
    "clip": Call((X,), {"low": -0.5, "high": 1.5}),
    "concat": Call((X, Y)),
    "constant": Call((), {"shape": (2,), "values": ("0x1p-1", "-0x1p+1")}),
    "conv2d": Call((IMAGE, TAPS, X[0, :1]), {"padding": (1, 0)}),
    "cos": Call((X,)),
    "cross_entropy": Call((LOGITS, LABELS)),
    "div": Call((X, POSITIVE)),
    "dropout": Call((X, (Y > 0).astype(np.float32))),
    "equal": Call((X, X.copy())),
    "erf": Call((X,)),
    "exp": Call((X,)),
    "expm1": Call((X,)),
    "fma": Call((X, Y, POSITIVE)),
    "fold": Call((COLUMNS,), {"output_size": (2, 3), "kernel": (2, 2)}),
    "gather": Call((X, LABELS), {"axis": 1}),
    "gelu": Call((X,)),
    "layer_norm": Call((X, Y[0], Y[1]), {"normalized_shape": (3,)}),
    "less": Call((X, Y)),
    "less_equal": Call((X, Y)),
    "linear": Call((X, Y, np.array([0.5, -3.0], np.float32))),
    "literal": Call((), {"shape": (2,), "value": "1/10"}),
    "log": Call((POSITIVE,)),
    "log1p": Call((POSITIVE,)),
    "log_softmax": Call((X,)),
    "matmul": Call((X, Y.T)),
    "max": Call((X,), {"axis": 1}),
    "max_pool2d": Call((IMAGE,), {"kernel": (2, 2), "stride": (1, 1), "padding": (1, 1)}),
    "maximum": Call((X, Y)),
    "mean": Call((X,), {"axis": 0}),
    "minimum": Call((X, Y)),
    "mse_loss": Call((X, Y)),
    "mul": Call((X, Y)),
    "neg": Call((X,)),
    "one_hot": Call((LABELS,), {"classes": 3}),
    "pi": Call((), {"shape": (2,)}),
    "relu": Call((X,)),
    "reshape": Call((X,), {"shape": (3, 2)}),
    "scatter_add": Call((X, LABELS * 0 + 1), {"size": 3}),
    "sigmoid": Call((X,)),
    "silu": Call((X,)),
    "sin": Call((X,)),
    "slice": Call((X,), {"starts": (1,), "stops": (2,), "steps": (1,)}),
    "soft_cross_entropy": Call((LOGITS, np.eye(3, dtype=np.float32)[LABELS])),
    "softmax": Call((X,)),
    "softplus": Call((X,)),
    "sqrt": Call((POSITIVE,)),
    "sub": Call((X, Y)),
    "sum": Call((X,), {"axis": 1}),
    "tan": Call((X,)),
    "tanh": Call((X,)),
    "transpose": Call((X,)),
    "unfold": Call((IMAGE,), {"kernel": (2, 2), "padding": (1, 1)}),
    "unslice": Call((X,), {"shape": (3, 3), "starts": (1,), "stops": (3,), "steps": (1,)}),
    "where": Call((X, Y, POSITIVE)),
}

MOVES = (
    "broadcast_to", "concat", "constant", "gather", "literal", "one_hot", "pi", "reshape", "slice", "transpose", "unfold",
    "unslice",
)  # fmt: skip
COMPARES = ("equal", "less", "less_equal", "where")
"""Ops that compute no number: they move scalars, or compare and choose."""

DOMAINS = [IEEE32Exec(), NumPyFloat32()]


def operand(recorder: Recorder, key: str, x: Any, sort: Sort) -> Tensor:
    """An input of the sort that the op takes; truths are those of x < 0."""
    tensor = recorder.input(key, x.shape, Sort.INTEGER if sort is Sort.INTEGER else Sort.SCALAR)
    return tensor.less(tensor.constant_like(0)) if sort is Sort.TRUTH else tensor


def graph_of(name: str) -> tuple[Graph, dict[str, Any]]:
    recorder, call = Recorder(), CALLS[name]
    inputs = {f"x{i}": x for i, x in enumerate(call.inputs)}
    tensors = tuple(operand(recorder, key, x, op_named(name).input_sort(i)) for i, (key, x) in enumerate(inputs.items()))
    result = recorder.apply(name, tensors, call.attributes)
    if result.sort is Sort.TRUTH:
        result = result.where(tensors[0].constant_like(1), tensors[0].constant_like(0))
    return recorder.finish({"y": result}), inputs


def output(name: str, domain: Any) -> Any:
    graph, inputs = graph_of(name)
    return domain.to_bits(denote(graph, {}, inputs, domain)["y"])


def test_every_op_has_a_call_and_every_call_an_op() -> None:
    listed = {name for name in names() if not op_named(name).is_leaf}
    assert not listed - set(CALLS), "ops without a call here"
    assert not set(CALLS) - listed, "calls without an op"


@pytest.mark.parametrize("domain", DOMAINS, ids=lambda domain: domain.name)
@pytest.mark.parametrize("name", CALLS)
def test_an_op_asks_no_truth_for_its_bool_and_means_the_same(name: str, domain: Any) -> None:
    hostile = HostileDomain(domain)
    assert np.array_equal(output(name, hostile), output(name, domain))
    assert (not computed(hostile)) == (name in MOVES + COMPARES)
    assert (hostile.calls["select"] > 0) or name not in COMPARES


@pytest.mark.parametrize("domain", DOMAINS, ids=lambda domain: domain.name)
@pytest.mark.parametrize("name", [name for name in CALLS if name not in MOVES + COMPARES])
def test_an_op_uses_every_result_that_it_computes(name: str, domain: Any) -> None:
    right, counted = output(name, domain), HostileDomain(domain)
    output(name, counted)
    unseen = [i for i in range(computed(counted)) if np.array_equal(output(name, HostileDomain(domain, i)), right)]
    assert not unseen, f"spoiling these of {computed(counted)} results changes nothing: {unseen}"


def computed(hostile: HostileDomain) -> int:
    """How many results of arithmetic and elementary primitives were given."""
    return sum(hostile.calls[primitive] for primitive in (*ARITHMETIC, *ELEMENTARY))


def test_comparisons_are_guarded_in_every_domain_here() -> None:
    for domain in DOMAINS:
        hostile = HostileDomain(domain)
        for name in COMPARISONS:
            truth = getattr(hostile, name)(hostile.from_bits(X.view(np.uint32)), hostile.from_bits(Y.view(np.uint32)))
            with pytest.raises(TypeError, match="asked for its bool"):
                bool(truth[0, 0])
