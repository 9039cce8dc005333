"""A cheap attack: binary32 inputs drawn from a box, and whether the label loses at one of them.

Half of the inputs are corners (each element at one of its two ends), half are uniform; the first is the centre. An attack that
finds nothing proves nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from fpsem.core.protocol import Array, ScalarDomain
from fpsem.graph.denote import denote
from fpsem.graph.ir import Graph
from fpsem.rand import Key
from fpsem.verify.batch import batched

Floats = npt.NDArray[np.float32]


def candidates(center: Floats, box: tuple[Floats, Floats], count: int, key: Key) -> Floats:
    """Binary32 inputs of a box.

    Args:
        center: the first of them, moved into the box.
        box: lower and upper ends, float32 of the centre's shape.
        count: how many, at least 1.
        key: of the draws.

    Returns:
        (count, *shape) numbers, each within the box.
    """
    low, high = box
    corners, uniform = (count - 1) // 2, count - 1 - (count - 1) // 2
    at_low = key.split("corners").uniform((corners, *center.shape)) < 0.5
    share = key.split("uniform").uniform((uniform, *center.shape)).astype(np.float64)
    between = low + share * (high.astype(np.float64) - low)
    drawn = np.concatenate([center[None], np.where(at_low, low, high), between.astype(np.float32)])
    return np.asarray(np.clip(drawn, low, high), np.float32)


def outputs_at(graph: Graph, params: Mapping[str, Any], points: Floats, domain: ScalarDomain) -> Array:
    """The (points, classes) outputs, as the domain's scalars, at points of the shape (points, *input without its first axis).

    In one run where the graph keeps rows apart, else one by one."""
    (name,), (shape,) = graph.inputs, graph.inputs.values()
    whole = batched(graph, len(points)) if shape[:1] == (1,) else None
    if whole is not None:
        (y,) = denote(whole, params, {name: points.reshape(len(points), *shape[1:])}, domain).values()
        return np.reshape(y, (len(points), -1))
    rows = [next(iter(denote(graph, params, {name: x.reshape(shape)}, domain).values())) for x in points]
    return np.stack([row.reshape(-1) for row in rows])


def loses(y: npt.NDArray[np.float64], labels: Array) -> npt.NDArray[np.bool_]:
    """For each row of outputs whether the label is not above every other class; NaN anywhere loses."""
    own = np.take_along_axis(y, labels[:, None], axis=1)
    above = own > y
    above[np.arange(len(y)), labels] = ~np.isnan(own[:, 0])
    return np.asarray(~above.all(axis=1))
