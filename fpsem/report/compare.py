"""One graph, one input, several domains: how far apart they are, node by node, and what bound holds.

The first domain that has a reading is the reference. Distances count binary32 numbers (ulps): a real or rational value counts
as the binary32 number nearest to it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fpsem.analysis.bounds import error_bound
from fpsem.core.bound import Bound
from fpsem.core.codes import ulp_distance
from fpsem.core.errors import FpsemError, PayloadError, ScheduleError
from fpsem.core.protocol import Array, Contract, Kind, ScalarDomain
from fpsem.core.rounding import Rounding
from fpsem.graph.denote import named_inputs, run
from fpsem.graph.ir import Graph
from fpsem.graph.op import Sort
from fpsem.report.parting import Parting, parting

Progress = Callable[[str], None]


@dataclass(frozen=True, eq=False)
class Reading:
    """A graph's values in one domain.

    Args:
        domain: its name and, where it has one that matters, its schedule.
        codes: for each node the binary32 codes nearest to its values, or None where the domain cannot read it and where
            it has truths or integers.
        floats: for each output by name its values as doubles.
        error: why there is no reading, else empty.
    """

    domain: str
    codes: tuple[Array | None, ...] = ()
    floats: Mapping[str, Array] | None = None
    error: str = ""


@dataclass(frozen=True)
class Row:
    """One node against the reference.

    Args:
        node: its index.
        name: its readable name.
        op: its op.
        ulps: for each domain the largest distance to the reference, or None where one of them has no reading.
        non_finite: for each domain how many infinities and NaNs it has.
    """

    node: int
    name: str
    op: str
    ulps: tuple[int | None, ...]
    non_finite: tuple[int | None, ...]


@dataclass(frozen=True, eq=False)
class Comparison:
    """What ``compare`` found.

    Args:
        graph: the graph.
        readings: one for each domain, in the order given.
        rows: one for each node that is not a leaf.
        bound: an a priori bound of ``|binary32 - real|`` at the output, for the first domain that it covers (binary32 to
            nearest even, correctly rounded, in its schedule), or None.
        bound_error: why there is no bound, else empty.
        partings: where each schedule's bits part from those of the first schedule of the same domain, where they do.
    """

    graph: Graph
    readings: tuple[Reading, ...]
    rows: tuple[Row, ...]
    bound: Bound | None
    bound_error: str = ""
    partings: tuple[Parting, ...] = ()

    @property
    def reference(self) -> Reading:
        """What the others are compared with: the first reading that there is, else the first of the errors."""
        return next((reading for reading in self.readings if not reading.error), self.readings[0])

    def output_codes(self, reading: Reading, name: str) -> Array | None:
        """An output's codes in one reading."""
        return reading.codes[self.graph.outputs[name]] if reading.codes else None

    def to_json(self) -> dict[str, Any]:
        """A plain dictionary: values as numbers and codes, non-finite values as strings."""
        return {
            "domains": [reading.domain for reading in self.readings],
            "errors": {r.domain: r.error for r in self.readings if r.error},
            "outputs": {name: self._output_to_json(name) for name in self.graph.outputs},
            "nodes": [
                {"node": r.node, "name": r.name, "op": r.op, "ulps": list(r.ulps), "non_finite": list(r.non_finite)}
                for r in self.rows
            ],
            "bound": None if self.bound is None else _plain(self.bound.absolute),
            "bound_schedule": None if self.bound is None else str(self.bound.schedule),
            "bound_error": self.bound_error or None,
            "partings": [one.to_json() for one in self.partings],
        }

    def _output_to_json(self, name: str) -> dict[str, Any]:
        found = {}
        for reading in self.readings:
            codes = self.output_codes(reading, name)
            if reading.floats is not None:
                bits = None if codes is None else [f"{int(code):#010x}" for code in codes.reshape(-1)]
                found[reading.domain] = {"values": _plain(reading.floats[name]), "bits": bits}
        return found


def compare(
    graph: Graph,
    params: Mapping[str, Any],
    inputs: Any,
    domains: Sequence[ScalarDomain],
    progress: Progress = lambda step: None,
) -> Comparison:
    """Read a graph in several domains and compare every node with the reference's.

    Args:
        graph: what to compute.
        params: float32 tensors by parameter name.
        inputs: one float32 tensor when the graph has one input, else tensors by name.
        domains: at least one; the first that has a reading is the reference.
        progress: told what is being done.

    Raises:
        PayloadError: a tensor does not fit.
        ValueError: no domain is given.
    """
    if not domains:
        raise ValueError("compare needs at least one domain")
    named = named_inputs(graph, inputs)
    labels = _labels(domains)
    readings = []
    for label, domain in zip(labels, domains):
        progress(f"reading in {label}")
        readings.append(_read(graph, params, named, domain, label))
    progress("bounding")
    bound, bound_error = _bound(graph, params, named, domains)
    rows = tuple(_row(graph, i, readings) for i in range(len(graph.nodes)) if not graph.op(i).is_leaf)
    partings = _partings(graph, params, named, domains, readings)
    return Comparison(graph, tuple(readings), rows, bound, bound_error, tuple(partings))


def _partings(
    graph: Graph,
    params: Mapping[str, Any],
    inputs: Mapping[str, Any],
    domains: Sequence[ScalarDomain],
    readings: Sequence[Reading],
) -> Iterator[Parting]:
    """Each reading with bits against the first of the same domain."""
    first: dict[str, tuple[str, ScalarDomain]] = {}
    for domain, reading in zip(domains, readings):
        if reading.error or domain.contract.kind is not Kind.IEEE or not domain.contract.concrete:
            continue
        label, other = first.setdefault(domain.name, (reading.domain, domain))
        found = None if other is domain else parting(graph, params, inputs, (other, domain), (label, reading.domain))
        if found is not None:
            yield found


def _labels(domains: Sequence[ScalarDomain]) -> list[str]:
    """Names, with the schedule where one name comes twice."""
    names = [domain.name for domain in domains]
    orders = [str(d.schedule) if d.contract.scheduled else "in an order of its own" for d in domains]
    return [f"{name} {order}" if names.count(name) > 1 else name for name, order in zip(names, orders)]


def _read(graph: Graph, params: Mapping[str, Any], inputs: Mapping[str, Any], domain: ScalarDomain, label: str) -> Reading:
    values: dict[int, Array] = {}
    try:
        run(graph, params, inputs, domain, observe=values.__setitem__)
        floats = {name: np.asarray(domain.to_float(values[index])) for name, index in graph.outputs.items()}
    except (PayloadError, ScheduleError):
        raise
    except FpsemError as error:
        return Reading(label, error=str(error))
    scalar = (graph.op(i).sort is Sort.SCALAR for i in range(len(graph.nodes)))
    return Reading(label, tuple(_codes(domain, values[i]) if is_scalar else None for i, is_scalar in enumerate(scalar)), floats)


def _codes(domain: ScalarDomain, value: Array) -> Array | None:
    try:
        return np.asarray(domain.to_bits(value))
    except FpsemError:
        return None


def _bound(
    graph: Graph, params: Mapping[str, Any], inputs: Mapping[str, Any], domains: Sequence[ScalarDomain]
) -> tuple[Bound | None, str]:
    """The bound for the first domain that it covers, in that domain's schedule."""
    if len(inputs) != 1:
        return None, f"a bound needs one input, not {len(inputs)}"
    covered = next((domain for domain in domains if _is_covered(domain.contract)), None)
    if covered is None:
        return None, "no domain here is binary32 to nearest even, with correctly rounded functions, in a stated order"
    try:
        return error_bound(graph, params, next(iter(inputs.values())), covered.schedule), ""
    except (FpsemError, ValueError) as error:
        return None, str(error)


def _is_covered(contract: Contract) -> bool:
    """Whether a domain is an execution that ErrorBound bounds; one without elementary functions has no wrong ones."""
    nearest = contract.rounding is Rounding.NEAREST_EVEN
    exact = nearest and not contract.elementary_ulps and contract.scheduled and contract.gradual_underflow
    return contract.kind is Kind.IEEE and exact


def _row(graph: Graph, index: int, readings: Sequence[Reading]) -> Row:
    codes = [reading.codes[index] if reading.codes else None for reading in readings]
    reference = next((c for c, reading in zip(codes, readings) if reading.codes), None)
    ulps = [None if c is None or reference is None else int(ulp_distance(c, reference).max()) for c in codes]
    counts = [None if c is None else int((~np.isfinite(c.view(np.float32))).sum()) for c in codes]
    return Row(index, graph.name_of(index), graph.nodes[index].op, tuple(ulps), tuple(counts))


def _plain(values: Any) -> list[Any]:
    """A flat list for JSON, which has no infinities and NaNs: those are strings."""
    return [float(v) if np.isfinite(v) else str(float(v)) for v in np.asarray(values, dtype=np.float64).reshape(-1)]
