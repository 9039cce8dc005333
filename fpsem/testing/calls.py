"""How overrides are tried: sample calls of ops, in one place.

Sizes are odd on purpose: a kernel that works in blocks must get its remainders right.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class SampleCall:
    """One call of an op: the shapes of its operands and its attributes."""

    shapes: tuple[tuple[int, ...], ...]
    attributes: Mapping[str, Any] = field(default_factory=dict)


_REDUCTIONS = (
    *(SampleCall((s,), {"axis": axis, "keepdims": False}) for s in ((3, 5), (37, 2), (2, 1)) for axis in (0, 1, None)),
    SampleCall(((2, 3, 4),), {"axis": (0, 2), "keepdims": True}),
)

SAMPLE_CALLS: Mapping[str, tuple[SampleCall, ...]] = {
    "layer_norm": (
        SampleCall(((3, 5),), {"normalized_shape": (5,), "eps": 1e-5}),
        SampleCall(((2, 33), (33,), (33,)), {"normalized_shape": (33,), "eps": 1e-5}),
        SampleCall(((2, 3, 4), (3, 4)), {"normalized_shape": (3, 4), "eps": 0.5}),
    ),
    "linear": (SampleCall(((3, 5), (2, 5), (2,))), SampleCall(((1, 33), (4, 33), (4,)))),
    "max": _REDUCTIONS,
    "matmul": tuple(
        SampleCall(shapes)
        for shapes in (((3, 5), (5, 2)), ((2, 1), (1, 3)), ((2, 33), (33, 3)), ((2, 3, 4), (2, 4, 1)), ((2, 3, 4), (4, 2)))
    ),
    "softmax": tuple(SampleCall((s,), {"axis": axis}) for s, axis in (((3, 5), -1), ((37, 2), 0), ((2, 1), 1), ((2, 3, 4), 1))),
    "sum": _REDUCTIONS,
}
"""How an override is tried, by op name. An override that is not here fails the suite."""
