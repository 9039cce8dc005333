"""Node and Graph: the intermediate representation, checked when it is made and immutable from then on.

A graph is a list of nodes in an order in which every node comes after its inputs (static single assignment). Inputs and
parameters are leaves with a name; outputs are named nodes. A Graph that exists is well formed: its ops are known, their
attributes complete, and every shape is what the op's rule gives.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from math import prod
from types import MappingProxyType

from fpsem.core.errors import FpsemError, GraphError, ShapeError
from fpsem.graph.op import Attribute, Op, Shape, Sort
from fpsem.graph.ops import op_named

_MOST_ELEMENTS = 1 << 63
"""numpy counts elements in 64 bits."""


@dataclass(frozen=True)
class Node:
    """One operation.

    Args:
        op: the op's name.
        inputs: indices of the nodes whose values it takes.
        attributes: complete, in the op's own order.
        shape: the shape of its value.
        label: where it comes from (a layer, an ONNX node), for messages; it has no meaning.
    """

    op: str
    inputs: tuple[int, ...]
    attributes: Mapping[str, Attribute]
    shape: Shape
    label: str = ""

    def __hash__(self) -> int:
        return hash((self.op, self.inputs, frozenset(self.attributes.items()), self.shape))


def make_node(
    op_name: str,
    inputs: tuple[int, ...],
    shapes: tuple[Shape, ...],
    sorts: tuple[Sort, ...],
    attributes: Mapping[str, object],
    label: str,
    index: int,
) -> Node:
    """A checked node, given its inputs' shapes and sorts. Raises GraphError or ShapeError that names the node."""
    try:
        complete, shape = _by_rule(op_name, shapes, sorts, attributes) if attributes else _plain(op_name, shapes, sorts)
    except FpsemError as error:
        kind = ShapeError if isinstance(error, ShapeError) else GraphError
        raise kind(f"node %{index} ({op_name}{f', {label!r}' if label else ''}): {error}") from None
    return Node(op_name, inputs, complete, shape, label)


def _by_rule(
    op_name: str, shapes: tuple[Shape, ...], sorts: tuple[Sort, ...], attributes: Mapping[str, object]
) -> tuple[Mapping[str, Attribute], Shape]:
    """The attributes completed, and the shape."""
    op = op_named(op_name)
    complete = op.complete(len(shapes), attributes)
    _check_sorts(op, sorts)
    shape = op.shape(*shapes, **complete)
    if any(n < 1 for n in shape) or prod(shape) >= _MOST_ELEMENTS:
        raise ShapeError(f"shape {shape}; every dimension must be at least 1, and their product below 2^63")
    return MappingProxyType(complete), shape


@lru_cache(maxsize=1 << 12)
def _plain(op_name: str, shapes: tuple[Shape, ...], sorts: tuple[Sort, ...]) -> tuple[Mapping[str, Attribute], Shape]:
    """Where no attribute is given. Large graphs repeat few such nodes very often, so the rule is asked once."""
    complete, shape = _by_rule(op_name, shapes, sorts, {})
    return complete, tuple(map(int, shape))  # equal shapes share it, whatever the type of their numbers


def _check_sorts(op: Op, sorts: tuple[Sort, ...]) -> None:
    for position, sort in enumerate(sorts):
        wanted = op.input_sort(position)
        if sort is not wanted:
            raise GraphError(f"input {position} must be {wanted.value}, not {sort.value}")


@dataclass(frozen=True)
class Graph:
    """A well-formed graph.

    Args:
        nodes: in an order in which inputs come first.
        outputs: node index by output name.

    Raises:
        GraphError: an unknown op, a wrong attribute, an input that comes later, a name used twice, no output.
        ShapeError: a shape that the op's rule does not give.
    """

    nodes: tuple[Node, ...]
    outputs: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "nodes", tuple(self.nodes))
        object.__setattr__(self, "nodes", tuple(self._checked(index, node) for index, node in enumerate(self.nodes)))
        self._check_names()

    @classmethod
    def of_made(cls, nodes: Iterable[Node], outputs: Mapping[str, int]) -> Graph:
        """A graph of nodes each of which ``make_node`` gave, of those before it: they are not checked a second time."""
        graph = cls.__new__(cls)
        object.__setattr__(graph, "nodes", tuple(nodes))
        object.__setattr__(graph, "outputs", outputs)
        graph._check_names()
        return graph

    def _check_names(self) -> None:
        """Outputs are scalars that there are, and leaves have names of their own."""
        object.__setattr__(self, "outputs", MappingProxyType(dict(self.outputs)))
        if not self.outputs:
            raise GraphError("a graph needs at least one output")
        for name, index in self.outputs.items():
            if not (type(index) is int and 0 <= index < len(self.nodes)):
                raise GraphError(f"output {name!r} names node %{index}, but there are {len(self.nodes)} nodes")
            if self.op(index).sort is not Sort.SCALAR:
                raise GraphError(f"output {name!r} is of {self.op(index).sort.value}; outputs are scalars")
        names = [str(node.attributes["name"]) for node in self.nodes if op_named(node.op).is_leaf]
        twice = sorted({name for name in names if names.count(name) > 1}) if len(set(names)) < len(names) else []
        if twice:
            raise GraphError(f"inputs and parameters must have names of their own; used twice: {', '.join(twice)}")

    def _checked(self, index: int, node: Node) -> Node:
        """The node with its attributes complete."""
        late = [i for i in node.inputs if not 0 <= i < index]
        if late:
            raise GraphError(f"node %{index} ({node.op}): input %{late[0]} does not come before it")
        shapes = tuple(self.nodes[i].shape for i in node.inputs)
        sorts = tuple(self.op(i).sort for i in node.inputs)
        made = make_node(node.op, node.inputs, shapes, sorts, node.attributes, node.label, index)
        if made.shape != node.shape:
            raise ShapeError(f"node %{index} ({node.op}): shape {node.shape} is declared, its rule gives {made.shape}")
        return made

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def _hash(self) -> int:
        return hash((self.nodes, frozenset(self.outputs.items())))

    def _leaves(self, *ops: str) -> dict[str, Shape]:
        return {str(node.attributes["name"]): node.shape for node in self.nodes if node.op in ops}

    @cached_property
    def inputs(self) -> Mapping[str, Shape]:
        """The shape of every input, by name, in order of appearance."""
        return MappingProxyType(self._leaves("input", "integer_input"))

    @cached_property
    def integer_inputs(self) -> Mapping[str, Shape]:
        """Those of the inputs that are integers: labels and indices."""
        return MappingProxyType(self._leaves("integer_input"))

    @cached_property
    def parameters(self) -> Mapping[str, Shape]:
        """The shape of every payload tensor, by name, in order of appearance."""
        return MappingProxyType(self._leaves("parameter"))

    @cached_property
    def last_uses(self) -> tuple[tuple[int, ...], ...]:
        """For each node, those that no later node reads: of its inputs, and itself; outputs are always read."""
        last = {i: index for index, node in enumerate(self.nodes) for i in (index, *node.inputs)}
        ended: list[list[int]] = [[] for _ in self.nodes]
        for i in sorted(last.keys() - set(self.outputs.values())):
            ended[last[i]].append(i)
        return tuple(map(tuple, ended))

    def op(self, index: int) -> Op:
        """The op of a node."""
        return op_named(self.nodes[index].op)

    def name_of(self, index: int) -> str:
        """A readable name of a node: its own, its label, or its op and index."""
        node = self.nodes[index]
        return str(node.attributes.get("name") or node.label or f"{node.op}_{index}")

    def __str__(self) -> str:
        from fpsem.graph.text import print_graph

        return print_graph(self)

    def _repr_html_(self) -> str:
        from fpsem.graph.notebook import graph_html

        return graph_html(self)
