"""The one interpreter. Running, proving, enclosing and bounding are this walk over different domains.

What a node computes is decided by the domain: its override of the op where it has one, else the op's meaning over the
domain's primitives. No node is treated specially, and no value is ever asked for its truth.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from fpsem.core.errors import FpsemError, PayloadError, UndefinedError
from fpsem.core.protocol import Array, ScalarDomain
from fpsem.graph.ir import Graph, Node
from fpsem.graph.op import Shape
from fpsem.graph.ops import op_named


@dataclass(frozen=True, slots=True)
class _Step:
    """One node: a leaf by its name, or a function of its inputs; and whose last use it is."""

    inputs: tuple[int, ...]
    ended: tuple[int, ...]
    compute: Callable[..., Array] | None = None
    name: str = ""


Observer = Callable[[int, Array], None]
"""Called with each node's index and value as it is computed."""


def denote(
    graph: Graph,
    payload: Mapping[str, Any],
    inputs: Mapping[str, Any],
    domain: ScalarDomain,
    observe: Observer | None = None,
) -> dict[str, Array]:
    """Interpret a graph over a domain.

    Args:
        graph: what to compute.
        payload: a tensor for each parameter: float32, or uint32 codes of binary32.
        inputs: a tensor for each input: float32, uint32 codes, or an array of the domain's own scalars; integers for those
            that are integers.
        domain: what the operations mean.
        observe: sees every node's value.

    Returns:
        The outputs by name, as arrays of the domain's scalars.

    Raises:
        PayloadError: a tensor is missing, unknown, or has the wrong shape or dtype.
    """
    return Interpreter(graph, domain)(payload, inputs, observe)


class Interpreter:
    """A graph over a domain, ready to be run many times: what each node computes is looked up once, and what depends on no leaf
    is computed once.

    Args:
        graph: what to compute.
        domain: what the operations mean.
    """

    def __init__(self, graph: Graph, domain: ScalarDomain) -> None:
        self.graph, self.domain = graph, domain
        overrides, fixed = domain.overrides, dict[int, Array]()
        self._steps = tuple(self._step(index, node, overrides, fixed) for index, node in enumerate(graph.nodes))

    def _step(
        self, index: int, node: Node, overrides: Mapping[str, Callable[..., Array]], fixed: dict[int, Array]
    ) -> _Step:
        """A leaf has a name, what depends on none a value (kept in ``fixed``), and any other node a function of its inputs."""
        ended = self.graph.last_uses[index]
        if op_named(node.op).is_leaf:
            return _Step(node.inputs, ended, name=str(node.attributes["name"]))
        compute = _computes(node, overrides.get(node.op), self.domain)
        if not all(i in fixed for i in node.inputs):
            return _Step(node.inputs, ended, compute)
        with _naming(index, node):
            value = fixed[index] = compute(*(fixed[i] for i in node.inputs))
        value.flags.writeable = False  # it is shared by all runs
        return _Step((), ended, lambda: value)

    def __call__(
        self, payload: Mapping[str, Any], inputs: Mapping[str, Any], observe: Observer | None = None
    ) -> dict[str, Array]:
        """The outputs by name, as ``denote`` gives them."""
        graph, domain = self.graph, self.domain
        parameters = embed_all("parameter", graph.parameters, payload, domain)
        return self.interpret({**parameters, **embed_inputs(graph, inputs, domain)}, observe)

    def interpret(self, leaves: Mapping[str, Array], observe: Observer | None = None) -> dict[str, Array]:
        """The outputs by name.

        Args:
            leaves: arrays of the domain's scalars, or integers, by name; of a graph whose nodes all have shape (), they may be
                rows, one element for each of many inputs.
            observe: sees every node's value.
        """
        graph, values = self.graph, dict[int, Array]()
        for index, step in enumerate(self._steps):
            if step.compute is None:
                values[index] = leaves[step.name]
            else:
                try:
                    values[index] = step.compute(*[values[i] for i in step.inputs])
                except FpsemError as error:
                    raise _named(error, index, graph.nodes[index]) from error.__cause__
            if observe is not None:
                observe(index, values[index])
            for i in step.ended:
                del values[i]
        return {name: values[index] for name, index in graph.outputs.items()}


def run(
    graph: Graph, payload: Mapping[str, Any], inputs: Any, domain: ScalarDomain, observe: Observer | None = None
) -> Any:
    """Interpret a graph, sharpening the domain until its outputs are as sharp as it promises.

    Args:
        graph: what to compute.
        payload: float32 tensors by parameter name.
        inputs: one tensor when the graph has one input, else tensors by name.
        domain: what the operations mean.
        observe: sees every node's value; of several passes the last one counts.

    Returns:
        The output, an array of the domain's scalars; a dictionary by name when there are several.

    Raises:
        PayloadError: a tensor is missing, unknown, or has the wrong shape or dtype.
    """
    named = named_inputs(graph, inputs)
    finer: ScalarDomain | None = domain
    while finer is not None:
        domain = finer
        outputs = denote(graph, payload, named, domain, observe)
        finer = domain.refine(list(outputs.values()))
    return next(iter(outputs.values())) if len(outputs) == 1 else outputs


def named_inputs(graph: Graph, inputs: Any) -> Mapping[str, Any]:
    """Inputs by name: a lone tensor stands for the only input."""
    if isinstance(inputs, Mapping):
        return inputs
    if len(graph.inputs) != 1:
        raise PayloadError(
            f"the graph has {len(graph.inputs)} inputs ({', '.join(graph.inputs)}); give a dictionary by name"
        )
    return {next(iter(graph.inputs)): inputs}


def evaluate(index: int, node: Node, arguments: list[Array], domain: ScalarDomain) -> Array:
    """The value of one node that is not a leaf: the domain's override of its op where there is one, else its meaning.

    Args:
        index: the node's index, for messages.
        node: the node.
        arguments: the values of its inputs.
        domain: what the op means.

    Raises:
        FpsemError: what the domain raises, the message led by the node.
    """
    with _naming(index, node):
        return _computes(node, domain.overrides.get(node.op), domain)(*arguments)


def _computes(node: Node, override: Callable[..., Array] | None, domain: ScalarDomain) -> Callable[..., Array]:
    """What a node computes of its inputs."""
    if override is not None:
        return partial(override, **node.attributes)
    return partial(op_named(node.op).module.meaning, domain, **node.attributes)


@contextmanager
def _naming(index: int, node: Node) -> Iterator[None]:
    try:
        yield
    except FpsemError as error:
        raise _named(error, index, node) from error.__cause__


def _named(error: FpsemError, index: int, node: Node) -> FpsemError:
    """The same error, its message led by the node."""
    error.args = (f"node %{index} ({node.op}{f', {node.label!r}' if node.label else ''}): {error}",)
    return error


def embed_all(
    kind: str, shapes: Mapping[str, Shape], given: Mapping[str, Any], domain: ScalarDomain
) -> dict[str, Array]:
    """Named tensors as arrays of the domain's scalars. Raises PayloadError that names each one that does not fit."""
    check_names(kind, shapes, given)
    return {name: embed(f"{kind} {name!r}", given[name], shape, domain) for name, shape in shapes.items()}


def embed_inputs(graph: Graph, given: Mapping[str, Any], domain: ScalarDomain) -> dict[str, Array]:
    """The inputs of a graph, by name: arrays of the domain's scalars, and int64 where integers are declared.

    Raises:
        PayloadError: one is missing, unknown, or of another shape or dtype.
    """
    check_names("input", graph.inputs, given)
    return {
        name: integers(f"input {name!r}", given[name], shape)
        if name in graph.integer_inputs
        else embed(f"input {name!r}", given[name], shape, domain)
        for name, shape in graph.inputs.items()
    }


def integers(what: str, value: Any, shape: Shape) -> npt.NDArray[np.int64]:
    """A tensor of plain integers. Raises PayloadError that names the tensor."""
    array = np.asarray(value)
    check_shape(what, array.shape, shape)
    if array.dtype.kind not in "iu" or not np.can_cast(array.dtype, np.int64):
        raise PayloadError(f"{what} has dtype {array.dtype}, expected integers: labels or indices, as int64")
    return array.astype(np.int64)


def check_names(kind: str, shapes: Mapping[str, Shape], given: Mapping[str, Any]) -> None:
    """Raises PayloadError when the names given are not those declared; ``kind`` is what to call them."""
    missing, unknown = sorted(set(shapes) - set(given)), sorted(set(given) - set(shapes))
    if missing or unknown:
        told = {"missing": missing, "not in the graph": unknown}
        listed = "; ".join(f"{what}: {', '.join(names)}" for what, names in told.items() if names)
        raise PayloadError(f"{kind}s do not match the graph; {listed}")


def check_shape(what: str, shape: Shape, expected: Shape) -> None:
    """Raises PayloadError, with a hint, when a tensor's shape is not the declared one; ``what`` is what to call it."""
    if shape != expected:
        hint = "; it looks transposed" if shape == expected[::-1] else ""
        raise PayloadError(f"{what} has shape {shape}, expected {expected}{hint}")


def embed(what: str, value: Any, shape: Shape, domain: ScalarDomain) -> Array:
    """A tensor as an array of the domain's scalars. Raises PayloadError that names the tensor and the remedy."""
    array = np.asarray(value)
    check_shape(what, array.shape, shape)
    if array.dtype.kind in "OV" and array.dtype == domain.from_bits(np.zeros(1, np.uint32)).dtype:
        return array.view()  # domains see by the array that two operands are one value: two inputs never are
    if array.dtype not in (np.float32, np.uint32):
        remedy = "float32 (round it yourself: .astype(numpy.float32)) or uint32 codes"
        raise PayloadError(f"{what} has dtype {array.dtype}, expected {remedy}")
    try:
        return domain.from_bits(np.ascontiguousarray(array).view(np.uint32).reshape(shape))
    except UndefinedError as error:
        raise UndefinedError(f"{what}: {error}") from error
