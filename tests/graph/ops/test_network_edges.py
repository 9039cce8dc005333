"""The edges of the ops of networks: labels out of range, ignored rows, ties, padding, NaN, infinities and signed zeros."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import fpsem
from fpsem.core.errors import GraphError, PayloadError, ShapeError
from fpsem.domains import domain_named
from fpsem.graph import autodiff
from fpsem.graph.op import Sort
from fpsem.graph.ops import op_named
from fpsem.graph.trace import Recorder

RNG = np.random.default_rng(4)
IMAGES, MATRIX = (RNG.standard_normal(shape).astype(np.float32) for shape in ((2, 4, 5, 6), (5, 7)))
LABELS = np.array([6, 0, 3, 6, 2])
NUMPY, EXACT, REAL = fpsem.NumPyFloat32(), fpsem.IEEE32Exec(), fpsem.Real()


def computed(name: str, inputs: Any, attributes: Any, domain: Any = NUMPY) -> Any:
    """The op's graph, run."""
    recorder = Recorder()
    sorts = [op_named(name).input_sort(i) for i in range(len(inputs))]
    tensors = tuple(recorder.input(f"x{i}", x.shape, sort) for i, (x, sort) in enumerate(zip(inputs, sorts)))
    graph = recorder.finish({"y": recorder.apply(name, tensors, attributes)})
    return fpsem.run(graph, {}, {f"x{i}": x for i, x in enumerate(inputs)}, domain)


def code(name: str, inputs: Any, attributes: Any) -> list[int]:
    """The bits of the op's result, in the exact domain."""
    found: list[int] = EXACT.to_bits(computed(name, inputs, attributes, EXACT)).reshape(-1).tolist()
    return found


@pytest.mark.parametrize(
    ("name", "inputs", "attributes", "told"),
    [
        ("gather", (MATRIX, np.array([0, 5])), {}, r"index 5 at position 1 is not one of 0 \.\. 4"),
        ("gather", (MATRIX, np.array([[0, 1], [-1, 9]])), {"axis": 1}, r"index -1 at position \(1, 0\) is not one of 0 \.\. 6"),
        ("scatter_add", (MATRIX, np.array([0, 1, 2, 3, 4])), {"size": 4}, "index 4 at position 4"),
        ("scatter_add", (MATRIX, np.array([0, 1, 2, 3, -1])), {"size": 4}, "index -1 at position 4"),
        ("one_hot", (LABELS,), {"classes": 6}, r"label 6 at position 0 is not one of 0 \.\. 5"),
        ("one_hot", (-LABELS,), {"classes": 7, "ignore_index": -6}, r"label -3 at position 2 is not one of 0 \.\. 6 or -6"),
        ("cross_entropy", (MATRIX, LABELS + 1), {}, r"label 7 at row 0 is not one of 0 \.\. 6 or -100"),
        ("cross_entropy", (MATRIX, LABELS - 1), {}, "label -1 at row 1"),
    ],
)
def test_an_integer_out_of_range_is_refused_and_named(name: str, inputs: Any, attributes: Any, told: str) -> None:
    with pytest.raises(PayloadError, match=told):
        computed(name, inputs, attributes)


@pytest.mark.parametrize(
    ("name", "shapes", "attributes", "told"),
    [
        ("gather", ((2, 3), (4,)), {"axis": 2}, "axis 2 does not exist"),
        ("scatter_add", ((2, 3), (4,)), {"size": 5}, r"must have the axes of indices \(4,\) from axis 0 on"),
        ("scatter_add", ((2,), (2, 1)), {"size": 5}, "needs the axes of indices"),
        ("scatter_add", ((2, 3), (2,)), {"size": 0}, "every dimension must be at least 1"),
        ("cross_entropy", ((2, 3), (3,)), {}, "one label for each row"),
        ("cross_entropy", ((2, 3, 1), (2,)), {}, r"must be \(N, C\)"),
    ],
)
def test_indices_that_do_not_fit_are_refused(name: str, shapes: Any, attributes: Any, told: str) -> None:
    recorder = Recorder()
    tensors = (recorder.input("x", shapes[0]), recorder.input("i", shapes[1], Sort.INTEGER))
    with pytest.raises(ShapeError, match=told):
        recorder.apply(name, tensors, attributes)


def test_scalars_are_no_indices() -> None:
    recorder = Recorder()
    x = recorder.input("x", (2,))
    with pytest.raises(GraphError, match="input 1 must be integers"):
        x.gather(x)


def gradient(function: Any, inputs: dict[str, Any]) -> Any:
    """The gradient with respect to x in NumPyFloat32."""
    integers = [name for name, x in inputs.items() if x.dtype.kind == "i"]
    graph = autodiff.grad(fpsem.trace(function, *(x.shape for x in inputs.values()), integers=integers), ["x"])
    return fpsem.run(graph, {}, inputs, NUMPY)


def loss(x: Any, labels: Any) -> Any:
    return x.cross_entropy(labels, ignore_index=-1)

@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_an_ignored_row_holds_does_not_matter(bad: float) -> None:
    x, labels = MATRIX.copy(), np.array([6, 0, -1, 6, 2])
    clean = {"x": x.copy(), "labels": labels}
    x[2, 1:3] = bad
    spoilt = {"x": x, "labels": labels}
    losses = [code("cross_entropy", (given, labels), {"ignore_index": -1}) for given in (x, MATRIX)]
    assert losses[0] == losses[1]
    found, expected = gradient(loss, spoilt), gradient(loss, clean)
    assert found.tobytes() == expected.tobytes()
    assert (found[2] == 0).all()
    assert (found[[0, 1, 3, 4]] != 0).all()
    results = [seconds(given) for given in (spoilt, clean)]
    assert results[0] == results[1]


def seconds(given: dict[str, Any]) -> dict[str, bytes]:
    """Second derivatives of the loss, forward over reverse and reverse over reverse, as bytes; all must be finite."""
    direction = MATRIX[::-1].copy()
    graph = fpsem.trace(loss, MATRIX.shape, LABELS.shape, integers=["labels"])
    forward, reverse = autodiff.hvp(graph, ["x"]), autodiff.vjp(autodiff.vjp(graph, ["x"]), ["x", "cotangent.output"])
    found = {"forward": fpsem.run(forward, {}, {**given, "tangent.x": direction}, NUMPY)}
    back = {"cotangent.output": np.ones((), np.float32), "cotangent.vjp.x": direction}
    found |= fpsem.run(reverse, {}, {**given, **back}, NUMPY)
    assert len(found) == 3
    assert all(np.isfinite(x).all() for x in found.values())
    return {name: x.tobytes() for name, x in found.items()}


@pytest.mark.parametrize("name", ["real", "ieee32", "numpy_float32", "interval", "error_bound"])
def test_a_loss_of_ignored_rows_alone_is_zero_and_so_is_its_gradient(name: str) -> None:
    domain = domain_named(name)
    graph = autodiff.value_and_grad(fpsem.trace(loss, (5, 7), (5,), integers=["labels"]))
    found = fpsem.run(graph, {}, {"x": MATRIX, "labels": np.full(5, -1)}, domain)
    assert domain.to_float(found["output"]).item() == 0
    assert not domain.to_float(found["grad.x"]).any()
    assert not any(b"".join(seconds({"x": MATRIX, "labels": np.full(5, -1)}).values()).replace(b"\x80", b""))


def test_equal_parts_go_to_all_that_reach_the_maximum_of_a_window_and_none_to_the_padding() -> None:
    x = np.array([[[[-1, -1, -2], [-3, -1, -2]]]], np.float32)
    whole = gradient(lambda x: x.max_pool2d(kernel=(2, 3)).sum(), {"x": x})
    np.testing.assert_array_equal(whole[0, 0], np.array([[1, 1, 0], [0, 1, 0]], np.float32) / 3)
    edges = gradient(lambda x: x.max_pool2d(kernel=(2, 2), stride=(2, 2), padding=(1, 1)).sum(), {"x": x})
    # the windows hold [-1], [-1, -2], [-3] and [-1, -2]
    assert edges[0, 0].tolist() == [[1, 1, 0], [1, 1, 0]]


def test_the_gradient_of_a_maximum_of_balls_is_known_where_they_lie_apart() -> None:
    graph = autodiff.grad(fpsem.trace(lambda x: x.exp().max_pool2d(kernel=(2, 2)).sum(), (2, 4, 5, 6)))
    found = REAL.to_float(fpsem.run(graph, {}, IMAGES, REAL))
    assert np.isfinite(found).all()
    assert (found != 0).sum() == 2 * 4 * 2 * 3


def test_nan_and_infinity_go_where_the_ops_say() -> None:
    nan, inf = np.float32(np.nan), np.float32(np.inf)
    x = np.array([[nan, inf, -inf, 2]], np.float32)
    clipped = computed("clip", (x,), {"low": -1.0, "high": 1.0}, NUMPY)
    np.testing.assert_array_equal(clipped, [[nan, 1, -1, 1]])
    mask = np.array([[0, 0, 1, 1]], np.float32)
    np.testing.assert_array_equal(computed("dropout", (x, mask), {}, NUMPY), [[0, 0, -inf, 4]])
    pooled = computed("max_pool2d", (x.reshape(1, 1, 2, 2),), {"kernel": (1, 2)}, NUMPY)
    np.testing.assert_array_equal(pooled.reshape(-1), [nan, 2])
    ends = gradient(lambda x: x.clip(low=-1.0, high=1.0).sum(), {"x": np.array([-1, 1, np.nan], np.float32)})
    assert ends.tolist() == [1, 1, 0]


def test_sums_of_nothing_and_of_zeros_have_the_stated_sign() -> None:
    minus = np.array([-0.0], np.float32)
    assert code("scatter_add", (minus, np.array([1])), {"size": 3}) == [0, 1 << 31, 0]
    two = np.full((1, 4, 2), -0.0, np.float32)
    assert code("fold", (two,), {"output_size": (2, 3), "kernel": (2, 2)}) == [0] * 6
    assert code("fold", (two[:, :1],), {"output_size": (1, 2), "kernel": (1, 1)}) == [1 << 31] * 2


def test_a_dropped_infinity_leaves_no_nan_in_the_gradient() -> None:
    mask = np.array([0, 1], np.float32)
    found = gradient(lambda x, mask: (x * x).dropout(mask).sum(), {"x": np.array([3e38, 2], np.float32), "mask": mask})
    assert found.tolist() == [0, 8]
