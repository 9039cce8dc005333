"""A priori error bounds of graphs: denote over ErrorBound, read the outputs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from fpsem.core.bound import Bound
from fpsem.core.errors import PayloadError
from fpsem.core.region import Box
from fpsem.core.schedule import Schedule, Sequential, schedule_of
from fpsem.domains.error_bound import ErrorBound
from fpsem.graph.denote import run
from fpsem.graph.ir import Graph


def error_bound(
    graph: Graph,
    params: Mapping[str, Any],
    region: Box | Any,
    schedule: Schedule | str = Sequential(),
) -> Bound:
    """How far the binary32 execution of a graph may be from its real value.

    Args:
        graph: with one input and one output.
        params: float32 tensors by parameter name.
        region: a Box of inputs, or one input: float32, or uint32 codes.
        schedule: the order of reductions in the execution.

    Raises:
        PayloadError: the region or a parameter does not fit the graph, or the graph has several outputs.
        ValueError: the region holds anything but finite binary32 numbers.
    """
    if len(graph.outputs) != 1:
        raise PayloadError(f"a bound is of one output, this graph has {len(graph.outputs)}: {', '.join(graph.outputs)}")
    box = region if isinstance(region, Box) else Box(region, region)
    domain = ErrorBound(schedule=schedule_of(schedule))
    out = run(graph, params, domain.box(box.lo, box.hi), domain)
    return Bound(np.array(out["err"]), np.array(out["lo"]), np.array(out["hi"]), box, domain.schedule)
