"""The ops of networks, against loops over scalars; and their bits in two domains and several schedules.

The loops say, for one output at a time, which terms are added in which order, in numpy's scalar float32: nothing of the windows,
columns and matrix products by which the ops do it.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import fpsem
from fpsem.core.schedule import Schedule, schedule_of
from fpsem.graph.ops import op_named
from fpsem.graph.trace import Recorder

RNG = np.random.default_rng(3)
SCHEDULES = ["sequential", "sequential:fused", "reverse", "pairwise", "lanes:width=4", "blocked:block=3,fused"]
NUMPY = fpsem.NumPyFloat32


def normal(*shape: int) -> Any:
    return RNG.standard_normal(shape).astype(np.float32)


IMAGES, MATRIX, LABELS = normal(2, 4, 5, 6), normal(5, 7), np.array([6, 0, 3, 6, 2])
IMAGES[0, 0, 0, 0] = IMAGES[0, 0, 0, 1]

CALLS: dict[str, list[tuple[tuple[Any, ...], dict[str, Any]]]] = {
    "avg_pool2d": [
        ((IMAGES,), {"kernel": (2, 3), "stride": (1, 2), "padding": (1, 1)}),
        ((IMAGES,), {"kernel": (3, 3), "padding": (1, 0), "count_include_pad": False}),
    ],
    "batch_norm": [((IMAGES, normal(4), abs(normal(4)), normal(4), normal(4)), {})],
    "clip": [((MATRIX,), {"low": -0.5, "high": 0.75})],
    "conv2d": [
        ((IMAGES, normal(6, 4, 3, 2), normal(6)), {"stride": (2, 1), "padding": (1, 1)}),
        ((IMAGES, normal(6, 2, 2, 3)), {"dilation": (2, 2), "groups": 2}),
        ((IMAGES, normal(4, 1, 5, 6), normal(4)), {"groups": 4}),
        ((IMAGES, normal(3, 4, 1, 1)), {}),
    ],
    "cos": [((MATRIX,), {})],
    "cross_entropy": [((MATRIX, LABELS), {}), ((MATRIX, LABELS), {"ignore_index": 6})],
    "dropout": [((MATRIX, (normal(5, 7) > 0).astype(np.float32)), {"p": 0.3})],
    "expm1": [((MATRIX,), {})],
    "fold": [
        (
            (normal(2, 3 * 6, 4 * 3),),
            {"output_size": (6, 5), "kernel": (3, 2), "stride": (2, 2), "padding": (2, 1), "dilation": (1, 2)},
        )
    ],
    "gather": [((MATRIX, LABELS), {"axis": 1}), ((MATRIX, np.array([[4, 0], [4, 4]])), {})],
    "layer_norm": [((MATRIX, normal(7), normal(7)), {"normalized_shape": (7,)}), ((IMAGES,), {"normalized_shape": (5, 6)})],
    "log1p": [((abs(MATRIX),), {})],
    "max_pool2d": [
        ((IMAGES,), {"kernel": (3, 2), "stride": (2, 1), "padding": (1, 1)}),
        ((IMAGES,), {"kernel": (2, 2)}),
    ],
    "mse_loss": [((MATRIX, normal(5, 7)), {})],
    "one_hot": [((LABELS,), {"classes": 7, "ignore_index": 0})],
    "scatter_add": [
        ((MATRIX, np.array([1, 1, 3, 1, 0])), {"size": 5}),
        ((MATRIX, np.array([2, 2, 2, 2, 0, 2, 2])), {"size": 3, "axis": 1}),
        ((normal(2, 3, 4), np.array([[0, 2, 0], [2, 0, 0]])), {"size": 3}),
    ],
    "sin": [((MATRIX,), {})],
    "soft_cross_entropy": [((MATRIX, abs(normal(5, 7))), {})],
    "unfold": [((IMAGES,), {"kernel": (3, 2), "stride": (2, 1), "padding": (0, 2), "dilation": (1, 3)})],
}
EACH = [(name, i) for name, calls in CALLS.items() for i in range(len(calls))]


def computed(name: str, inputs: Any, attributes: Any, domain: Any) -> Any:
    """The op's graph, run."""
    recorder = Recorder()
    sorts = [op_named(name).input_sort(i) for i in range(len(inputs))]
    tensors = tuple(recorder.input(f"x{i}", x.shape, sort) for i, (x, sort) in enumerate(zip(inputs, sorts)))
    graph = recorder.finish({"y": recorder.apply(name, tensors, attributes)})
    return fpsem.run(graph, {}, {f"x{i}": x for i, x in enumerate(inputs)}, domain)


# -- loops -----------------------------------------------------------------------------------------------------------


def total(terms: list[Any], schedule: Schedule) -> Any:
    slots = list(terms)
    for left, right in schedule.steps(len(slots)):
        slots.append(slots[left] + slots[right])
    return slots[-1] if slots else np.float32(0)


def pixel(x: Any, n: int, c: int, row: int, column: int) -> Any:
    """An element of an image, or 0 around it."""
    high, wide = x.shape[2:]
    return x[n, c, row, column] if 0 <= row < high and 0 <= column < wide else np.float32(0)


def counts(size: Any, kernel: Any, stride: Any, padding: Any, dilation: Any) -> list[int]:
    """How many starts there are, found by trying them."""
    return [
        sum(start % s == 0 and start + d * (k - 1) < n + 2 * p for start in range(n + 2 * p))
        for n, k, s, p, d in zip(size, kernel, stride, padding, dilation)
    ]


def conv2d(
    schedule: Schedule,
    x: Any,
    w: Any,
    b: Any = None,
    *,
    stride: Any = (1, 1),
    padding: Any = (0, 0),
    dilation: Any = (1, 1),
    groups: int = 1,
) -> Any:
    size = counts(x.shape[2:], w.shape[2:], stride, padding, dilation)
    out = np.empty((len(x), len(w), *size), np.float32)
    for n, o, r, q in np.ndindex(*out.shape):
        first, terms = o // (len(w) // groups) * w.shape[1], []
        for c, i, j in np.ndindex(*w.shape[1:]):
            row, column = (s * at - p + d * k for s, at, p, d, k in zip(stride, (r, q), padding, dilation, (i, j)))
            terms.append(w[o, c, i, j] * pixel(x, n, first + c, row, column))
        out[n, o, r, q] = total(terms, schedule) + (0 if b is None else b[o])
    return out


def unfold(_: Schedule, x: Any, kernel: Any, stride: Any = (1, 1), padding: Any = (0, 0), dilation: Any = (1, 1)) -> Any:
    size = counts(x.shape[2:], kernel, stride, padding, dilation)
    out = np.empty((len(x), x.shape[1], *kernel, *size), np.float32)
    for n, c, i, j, r, q in np.ndindex(*out.shape):
        row, column = (s * at - p + d * k for s, at, p, d, k in zip(stride, (r, q), padding, dilation, (i, j)))
        out[n, c, i, j, r, q] = pixel(x, n, c, row, column)
    return out.reshape(len(x), -1, size[0] * size[1])


def fold(schedule: Schedule, x: Any, output_size: Any, kernel: Any, stride: Any, padding: Any, dilation: Any) -> Any:
    size = counts(output_size, kernel, stride, padding, dilation)
    apart = x.reshape(len(x), -1, *kernel, *size)
    out = np.empty((*apart.shape[:2], *output_size), np.float32)
    for n, c, row, column in np.ndindex(*out.shape):
        terms = []
        for i, j in np.ndindex(*kernel):
            r, q = row + padding[0] - i * dilation[0], column + padding[1] - j * dilation[1]
            there = r % stride[0] == q % stride[1] == 0 and 0 <= r // stride[0] < size[0] and 0 <= q // stride[1] < size[1]
            terms.append(apart[n, c, i, j, r // stride[0], q // stride[1]] if there else np.float32(0))
        out[n, c, row, column] = total(terms, schedule)
    return out


def windows(x: Any, kernel: Any, stride: Any, padding: Any) -> Any:
    """Each output's index, and the rows and columns that its window has, off the image too."""
    size = counts(x.shape[2:], kernel, stride, padding, (1, 1))
    for n, c, r, q in np.ndindex(*x.shape[:2], *size):
        rows, columns = (range(s * at - p, s * at - p + k) for s, at, p, k in zip(stride, (r, q), padding, kernel))
        yield (n, c, r, q), [(row, column) for row in rows for column in columns]


def avg_pool2d(
    schedule: Schedule, x: Any, kernel: Any, stride: Any = None, padding: Any = (0, 0), count_include_pad: bool = True
) -> Any:
    found = {}
    for index, places in windows(x, kernel, stride or kernel, padding):
        inside = sum(0 <= row < x.shape[2] and 0 <= column < x.shape[3] for row, column in places)
        terms = [pixel(x, *index[:2], *place) for place in places]
        found[index] = total(terms, schedule) / np.float32(len(places) if count_include_pad else inside)
    return filled(found)


def max_pool2d(_: Schedule, x: Any, kernel: Any, stride: Any = None, padding: Any = (0, 0)) -> Any:
    found = {}
    for index, places in windows(x, kernel, stride or kernel, padding):
        found[index] = max(x[(*index[:2], r, q)] for r, q in places if 0 <= r < x.shape[2] and 0 <= q < x.shape[3])
    return filled(found)


def filled(found: dict[Any, Any]) -> Any:
    out = np.empty([n + 1 for n in max(found)], np.float32)
    for index, number in found.items():
        out[index] = number
    return out


def scatter_add(schedule: Schedule, x: Any, indices: Any, size: int, axis: int = 0) -> Any:
    lead, trail = x.shape[:axis], x.shape[axis + indices.ndim :]
    out = np.empty((*lead, size, *trail), np.float32)
    for before, i, after in itertools.product(np.ndindex(*lead), range(size), np.ndindex(*trail)):
        terms = [x[(*before, *place, *after)] for place in np.ndindex(*indices.shape) if indices[place] == i]
        out[(*before, i, *after)] = total(terms, schedule)
    return out


def layer_norm(
    schedule: Schedule, x: Any, weight: Any = None, bias: Any = None, *, normalized_shape: Any, eps: float = 1e-5
) -> Any:
    rows = x.reshape(-1, int(np.prod(normalized_shape)))
    count, out = np.float32(rows.shape[1]), np.empty_like(rows)
    for row, terms in enumerate(rows):
        mean = total(list(terms), schedule) / count
        variance = total([(v - mean) * (v - mean) for v in terms], schedule) / count
        out[row] = (terms - mean) / np.sqrt(variance + np.float32(eps))
        out[row] = out[row] * (1 if weight is None else weight) + (0 if bias is None else bias)
    return out.reshape(x.shape)


def mse_loss(schedule: Schedule, x: Any, y: Any) -> Any:
    return total([(a - b) * (a - b) for a, b in zip(x.flat, y.flat)], schedule) / np.float32(x.size)


LOOPS: dict[str, Callable[..., Any]] = {
    "avg_pool2d": avg_pool2d,
    "conv2d": conv2d,
    "fold": fold,
    "layer_norm": layer_norm,
    "max_pool2d": max_pool2d,
    "mse_loss": mse_loss,
    "scatter_add": scatter_add,
    "unfold": unfold,
}


@pytest.mark.parametrize("schedule", ["sequential", "reverse", "lanes:width=4"])
@pytest.mark.parametrize(("name", "i"), [each for each in EACH if each[0] in LOOPS])
def test_an_op_has_the_bits_of_a_loop_over_scalars(name: str, i: int, schedule: str) -> None:
    inputs, attributes = CALLS[name][i]
    expected = np.asarray(LOOPS[name](schedule_of(schedule), *inputs, **attributes), np.float32)
    found = computed(name, inputs, attributes, NUMPY(schedule=schedule))
    assert found.shape == expected.shape
    np.testing.assert_array_equal(found.view(np.uint32), expected.view(np.uint32))


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize(("name", "i"), EACH)
def test_an_op_has_the_same_bits_in_the_exact_domain_and_in_the_machines(name: str, i: int, schedule: str) -> None:
    exact, native = fpsem.IEEE32Exec(schedule=schedule), NUMPY(schedule=schedule, elementary="correctly_rounded")
    found, expected = (domain.to_bits(computed(name, *CALLS[name][i], domain)) for domain in (exact, native))
    np.testing.assert_array_equal(found, expected)


def test_a_schedule_is_kept_to() -> None:
    """Or the two tests above would compare one order with itself."""
    for name in ("avg_pool2d", "conv2d", "fold", "layer_norm", "mse_loss", "scatter_add"):
        seen = {computed(name, *CALLS[name][0], NUMPY(schedule=schedule)).tobytes() for schedule in SCHEDULES}
        assert len(seen) > 1, name


def test_a_convolution_is_the_matrix_product_that_the_domain_has_of_its_own() -> None:
    calls = []

    class Watched(NUMPY):  # type: ignore[misc]
        overrides = property(lambda self: {"matmul": lambda a, b: (calls.append((a.shape, b.shape)), a @ b)[1]})

    x, w, b = CALLS["conv2d"][1][0][0], CALLS["conv2d"][1][0][1], normal(6)
    found = computed("conv2d", (x, w, b), {"groups": 2}, Watched())
    assert calls == [((2, 2 * 4 * 4, 12), (2, 12, 3))]
    np.testing.assert_allclose(found, conv2d(schedule_of("sequential"), x, w, b, groups=2), rtol=1e-4, atol=1e-5)


def test_a_convolution_is_pytorchs() -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed: nothing to compare a convolution with")
    for inputs, attributes in CALLS["conv2d"]:
        expected = torch.nn.functional.conv2d(*(torch.tensor(x).double() for x in inputs), **attributes).numpy()
        found = fpsem.Real().to_float(computed("conv2d", inputs, attributes, fpsem.Real()))
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-13)


# -- transposes ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("forth", "back", "attributes"),
    [
        (
            ("unfold", CALLS["unfold"][0][0], CALLS["unfold"][0][1]),
            "fold",
            {**CALLS["unfold"][0][1], "output_size": (5, 6)},
        ),
        (("gather", (MATRIX, LABELS), {"axis": 1}), "scatter_add", {"axis": 1, "size": 7}),
        (("gather", (MATRIX, np.array([[4, 0], [4, 4]])), {"axis": 0}), "scatter_add", {"axis": 0, "size": 5}),
    ],
)
def test_an_op_and_its_transpose_are_adjoint(forth: Any, back: str, attributes: Any) -> None:
    """<A x, y> = <x, A' y>, exactly, over the reals."""
    name, (x, *indices), given = forth
    domain = fpsem.Real()
    there = domain.to_float(computed(name, (x, *indices), given, domain))
    y = normal(*there.shape)
    returned = domain.to_float(computed(back, (y, *indices), attributes, domain))
    assert (there * y.astype(float)).sum() == pytest.approx((x.astype(float) * returned).sum(), rel=1e-12)
