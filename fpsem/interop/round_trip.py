"""Whether parameters came back from a trip as they left: outputs on probes are compared bit for bit, and a weight that was
transposed on the way is named.

A transposed weight is claimed only when it has been verified: with it turned back, all outputs on the probes agree again.
That outputs agree on the probes says nothing about other inputs; so parameters whose bits changed are told too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fpsem.core.codes import ulp_distance
from fpsem.core.errors import PayloadError
from fpsem.core.protocol import ScalarDomain
from fpsem.domains.numpy_float32 import NumPyFloat32
from fpsem.graph.denote import named_inputs, run
from fpsem.graph.ir import Graph
from fpsem.nn.module import Module

Codes = npt.NDArray[np.uint32]


@dataclass(frozen=True)
class Difference:
    """Of one tensor, before and after.

    Args:
        name: of an output or a parameter.
        elements: how many it has.
        differing: how many of them have other bits.
        most_ulps: the largest distance in ulps, 2**32 where only one is NaN; 0 for zeros of either sign.
    """

    name: str
    elements: int
    differing: int
    most_ulps: int

    def __str__(self) -> str:
        far = "one is NaN, the other is not" if self.most_ulps >= 1 << 32 else f"by {self.most_ulps} ulps at most"
        return f"{self.name!r} differs in {self.differing} of {self.elements} elements, {far}"


@dataclass(frozen=True)
class RoundTrip:
    """What was found.

    Args:
        probes: by input name, the shape of what was tried.
        domain: the name of the domain it was tried in.
        outputs: the outputs that differ.
        parameters: the parameters whose bits differ.
        transposed: the parameters that look transposed: with all of them turned back, every output agrees again.
    """

    probes: Mapping[str, tuple[int, ...]]
    domain: str
    outputs: tuple[Difference, ...]
    parameters: tuple[Difference, ...]
    transposed: tuple[str, ...]

    @property
    def agrees(self) -> bool:
        """Whether every output has the same bits on the probes."""
        return not self.outputs

    def __str__(self) -> str:
        tried = ", ".join(f"{name} {shape}" for name, shape in self.probes.items())
        head = f"outputs {'agree bit for bit' if self.agrees else 'differ'} on {tried} in {self.domain}"
        told = [f"output {output}" for output in self.outputs]
        if self.transposed:
            names, look = ", ".join(map(repr, self.transposed)), "looks" if len(self.transposed) == 1 else "look"
            back = "it is" if len(self.transposed) == 1 else "they are"
            told.append(f"weight {names} {look} transposed: outputs agree again when {back} transposed back")
        else:
            told += [f"parameter {parameter}" for parameter in self.parameters]
        return "\n  ".join([head, *told])


def check_round_trip(
    model: Module | Graph,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    probes: Any,
    domain: ScalarDomain | None = None,
) -> RoundTrip:
    """Compare what a network computes with its parameters before and after a trip.

    Args:
        model: a graph, or a model with one input.
        before: its parameters as they left, float32.
        after: as they came back.
        probes: the inputs to try, as ``fpsem.run`` takes them.
        domain: one that has bits; by default NumPyFloat32.

    Returns:
        What differs. Square matrices whose bits changed, and layers of weights (O, C, kh, kw) with O = C, are tried
        transposed: each alone, then all together.

    Raises:
        PayloadError: parameters or probes do not fit; the message names the tensors.
    """
    domain = NumPyFloat32() if domain is None else domain
    graph = model if isinstance(model, Graph) else model.lower(_only_shape(probes))
    inputs = named_inputs(graph, probes)
    expected, found = (_outputs(graph, params, inputs, domain) for params in (before, after))
    parameters = tuple(_differences({n: _codes(before[n]) for n in graph.parameters}, {n: _codes(after[n]) for n in before}))
    outputs = tuple(_differences(expected, found))
    transposed: tuple[str, ...] = ()
    for names in _suspects(parameters, after) if outputs else ():
        turned = {name: _turned(array) if name in names else array for name, array in after.items()}
        if not list(_differences(expected, _outputs(graph, turned, inputs, domain))):
            transposed = names
            break
    shapes = {name: np.shape(x) for name, x in inputs.items()}
    return RoundTrip(shapes, domain.name, outputs, parameters, transposed)


def _only_shape(probes: Any) -> tuple[int, ...]:
    if not isinstance(probes, Mapping):
        return np.shape(probes)
    if len(probes) != 1:
        raise PayloadError(f"a model has one input, not {len(probes)}: {', '.join(map(str, probes))}")
    return np.shape(next(iter(probes.values())))


def _outputs(graph: Graph, params: Mapping[str, Any], inputs: Mapping[str, Any], domain: ScalarDomain) -> dict[str, Codes]:
    values = run(graph, params, inputs, domain)
    named = values if len(graph.outputs) > 1 else {next(iter(graph.outputs)): values}
    return {name: domain.to_bits(value) for name, value in named.items()}


def _codes(array: Any) -> Codes:
    given = np.ascontiguousarray(array)
    return given.view(np.uint32).reshape(np.shape(array))


def _differences(before: Mapping[str, Codes], after: Mapping[str, Codes]) -> Iterator[Difference]:
    for name, codes in before.items():
        differing = int((codes != after[name]).sum())
        if differing:
            yield Difference(name, codes.size, differing, int(ulp_distance(codes, after[name]).max()))


def _suspects(changed: tuple[Difference, ...], after: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    """Which changed weights to turn back: each alone, then all that can be."""
    shapes = {change.name: np.shape(after[change.name]) for change in changed}
    square = [name for name, shape in shapes.items() if len(shape) >= 2 and shape[0] == shape[1] > 1]
    yield from ((name,) for name in square)
    if len(square) > 1:
        yield tuple(square)


def _turned(array: Any) -> Any:
    return np.ascontiguousarray(np.swapaxes(array, 0, 1))
