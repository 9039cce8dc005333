"""Batch invariance: whether a row's result depends on the rows it is computed with.

A library may add in another order when there are more rows; then the same question has different bits in another batch. Rows
are asked alone and in batches of several sizes, at every place that these give them, and compared bit for bit.

Does not: prove invariance: what was not run is not known. Different threads, builds and machines are other functions.

Source: He et al., "Defeating Nondeterminism in LLM Inference", Thinking Machines Lab, 2025, for the word and the problem.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from fpsem.core.claim import Evidence, Status
from fpsem.core.errors import PayloadError, ShapeError
from fpsem.core.protocol import ScalarDomain
from fpsem.graph.denote import Interpreter, named_inputs
from fpsem.graph.ir import Graph

Batches = Callable[[npt.NDArray[np.float32]], Any]
"""Takes (b, ...) rows, gives (b, ...) float32 results."""

SIZES = (2, 3, 4, 7, 8, 16, 32, 64)


def batch_invariance(function: Batches, rows: npt.NDArray[np.float32], sizes: Sequence[int] = SIZES) -> Evidence:
    """Compare rows alone with rows in batches.

    Args:
        function: what is asked.
        rows: (N, ...) float32; batches are cut from them, the last ones filled up from the first rows.
        sizes: how many rows a batch has.

    Returns:
        TESTED, with the number of results compared; ``failures`` names, for each size, the first difference.

    Raises:
        PayloadError: rows or results are not float32.
        ShapeError: a batch of b rows gives something else than b results; or there are no rows, or a size is below 1.
    """
    rows = np.asarray(rows)
    if rows.dtype != np.float32:
        raise PayloadError(f"rows have dtype {rows.dtype}, expected float32")
    if not rows.ndim or not len(rows) or not sizes or any(type(size) is not int or size < 1 for size in sizes):
        raise ShapeError(f"{len(rows)} rows in batches of {tuple(sizes)}: at least one row, and sizes of at least 1")
    alone = np.concatenate([_asked(function, rows[i : i + 1]) for i in range(len(rows))])
    failures, cases = [], 0
    for size in sizes:
        places = list(_batches(len(rows), size))
        cases += len(places) * size
        found = next(filter(None, (_difference(function, rows, alone, place) for place in places)), None)
        failures += [found] if found else []
    told = f"rows alone against rows in batches of {', '.join(map(str, sizes))}, bit for bit"
    return Evidence(Status.TESTED, cases, tuple(failures), told)


def of_graphs(lower: Callable[[int], Graph], params: Mapping[str, Any], domain: ScalarDomain) -> Batches:
    """A model over a domain as a function of batches.

    Args:
        lower: the graph for b rows, which are the first dimension of its one input and of its first output.
        params: its parameters.
        domain: what the operations mean; it must have codes.
    """

    def function(rows: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        graph = lower(len(rows))
        outputs = Interpreter(graph, domain)(params, named_inputs(graph, rows))
        return np.asarray(domain.to_bits(next(iter(outputs.values())))).view(np.float32)

    return function


def _batches(count: int, size: int) -> Iterator[npt.NDArray[np.intp]]:
    """Which rows are in each batch."""
    for start in range(0, count, size):
        yield np.arange(start, start + size) % count


def _asked(function: Batches, rows: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    found = np.asarray(function(rows.copy()))
    if found.dtype != np.float32:
        raise PayloadError(f"a batch of {len(rows)} rows gave {found.dtype}, expected float32")
    if not found.ndim or len(found) != len(rows):
        raise ShapeError(f"a batch of {len(rows)} rows gave shape {found.shape}, expected ({len(rows)}, ...)")
    return found


def _difference(
    function: Batches, rows: npt.NDArray[np.float32], alone: npt.NDArray[np.float32], place: npt.NDArray[np.intp]
) -> str | None:
    """The first element of a batch whose bits are not those of its row alone."""
    ours = np.ascontiguousarray(_asked(function, rows[place])).view(np.uint32)
    theirs = np.ascontiguousarray(alone[place]).view(np.uint32)
    if ours.shape != theirs.shape:
        raise ShapeError(f"a batch of {len(place)} rows gave shape {ours.shape}, one row at a time {theirs.shape}")
    other = np.argwhere(ours != theirs)
    if not len(other):
        return None
    at, element = tuple(int(i) for i in other[0]), [int(i) for i in other[0][1:]]
    where = f"batch of {len(place)}: row {place[at[0]]} at place {at[0]}, element {element}"
    return f"{where} gives {ours[at]:#010x}, alone {theirs[at]:#010x}"
