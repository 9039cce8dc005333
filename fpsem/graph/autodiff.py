"""Derivatives as graphs: each transform takes a graph and gives a graph, which any domain, verifier or transform reads.

Reverse mode walks the graph backwards with each op's ``vjp`` rule; forward mode is the transpose of the transpose: the vjp
is linear in the cotangent, so differentiating it again in the cotangent gives the jvp, without a second set of rules.

Conventions where no derivative exists: relu'(0) = 0, |x|' at 0 is 0, minimum and maximum of equal operands give half to
each, max over an axis and max_pool2d give equal parts to all that reach it, where gives all to the chosen side, clip passes at
its ends, the mask of dropout gets none.

Leaves keep their names. New outputs are named ``grad.NAME``, ``vjp.NAME`` and so on, NAME being a leaf's or an output's.

Source: Griewank and Walther, "Evaluating Derivatives", 2nd ed., chapters 3 and 4; for the double transpose, Townsend,
"A new trick for calculating Jacobian vector products", 2017.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from math import prod

import numpy as np

from fpsem.core.errors import GraphError, ShapeError, UnknownNameError
from fpsem.graph.ir import Graph
from fpsem.graph.op import Sort
from fpsem.graph.simplify import simplified
from fpsem.graph.trace import Recorder, Tensor, constant_tensor, labelled


def grad(graph: Graph, wrt: Iterable[str] | None = None, of: str | None = None) -> Graph:
    """The gradient of a scalar output.

    Args:
        graph: with an output of one element.
        wrt: names of inputs and parameters; all but integers when None.
        of: the output's name; the only one when None.

    Returns:
        A graph with an output ``grad.NAME`` for each, of the leaf's shape.

    Raises:
        ShapeError: the output is not a scalar.
        UnknownNameError: no such leaf or output.
        GraphError: several outputs and none named, or an op without a derivative on the way.
    """
    recorder, values = _replay(graph)
    return _finish(recorder, _prefixed("grad", _scalar_gradient(graph, values, _leaves(graph, wrt), of)))


def value_and_grad(graph: Graph, wrt: Iterable[str] | None = None, of: str | None = None) -> Graph:
    """All outputs of the graph, and those of ``grad``, in one graph. Takes and raises what ``grad`` does."""
    recorder, values = _replay(graph)
    gradients = _prefixed("grad", _scalar_gradient(graph, values, _leaves(graph, wrt), of))
    return _finish(recorder, {**{name: values[i] for name, i in graph.outputs.items()}, **gradients})


def vjp(graph: Graph, wrt: Iterable[str] | None = None) -> Graph:
    """The transposed Jacobian times a vector: new inputs ``cotangent.OUTPUT``, outputs ``vjp.NAME`` of the leaves' shapes.

    Raises:
        UnknownNameError: no such leaf.
        GraphError: an op without a derivative on the way.
    """
    recorder, values = _replay(graph)
    leaves = _leaves(graph, wrt)
    return _finish(recorder, _prefixed("vjp", _named_vjp(recorder, graph, values, leaves, "cotangent")))


def jvp(graph: Graph, wrt: Iterable[str] | None = None) -> Graph:
    """The Jacobian times a vector: new inputs ``tangent.NAME`` of the leaves' shapes, outputs ``jvp.OUTPUT``.

    Raises:
        UnknownNameError: no such leaf.
        GraphError: an op without a derivative on the way.
    """
    leaves = _leaves(graph, wrt)
    backward = vjp(graph, leaves)
    cotangents = {name: f"cotangent.{name}" for name in graph.outputs}
    recorder, values = _replay(backward, skip=cotangents.values())
    tangents = {f"vjp.{name}": recorder.input(f"tangent.{name}", graph.nodes[i].shape) for name, i in leaves.items()}
    places = {name: _leaf_index(backward, leaf) for name, leaf in cotangents.items()}
    seeds = {backward.outputs[name]: tangent for name, tangent in tangents.items()}
    return _finish(recorder, _prefixed("jvp", _backward(backward, values, seeds, places)))


def jacobian(graph: Graph, wrt: Iterable[str] | None = None) -> Graph:
    """All partial derivatives of one output: outputs ``jacobian.NAME`` of the output's shape followed by the leaf's.

    The rows are built one by one, so the graph grows with the number of elements of the output.

    Raises:
        UnknownNameError: no such leaf.
        GraphError: several outputs, or an op without a derivative on the way.
    """
    recorder, values = _replay(graph)
    leaves, output = _leaves(graph, wrt), _only_output(graph)
    shape = graph.nodes[output].shape
    rows: dict[str, list[Tensor]] = {name: [] for name in leaves}
    for index in range(prod(shape)):
        one = np.zeros(shape, np.float32)
        one.reshape(-1)[index] = 1
        found = _backward(graph, values, {output: constant_tensor(recorder, one)}, leaves)
        for name, row in found.items():
            rows[name].append(row.reshape(shape=(1, *row.shape)))
    stacked = {name: _joined(parts).reshape(shape=(*shape, *graph.nodes[leaves[name]].shape)) for name, parts in rows.items()}
    return _finish(recorder, _prefixed("jacobian", stacked))


def hvp(graph: Graph, wrt: Iterable[str] | None = None) -> Graph:
    """The Hessian of a scalar output times a vector: new inputs ``tangent.NAME``, outputs ``hvp.NAME``, of the leaves' shapes.

    Raises:
        ShapeError: the output is not a scalar.
        UnknownNameError: no such leaf.
        GraphError: several outputs, or an op without a derivative on the way.
    """
    names = list(_leaves(graph, wrt))
    forward = jvp(grad(graph, names), names)
    renamed = {f"hvp.{name.removeprefix('jvp.grad.')}": index for name, index in forward.outputs.items()}
    return Graph(forward.nodes, renamed)


def adjoints(graph: Graph, stop: Collection[int] = ()) -> Graph:
    """The derivative of the outputs by the value of every node, as a function of these values.

    So that a domain may give the values (ranges that hold more than one execution, say), and none is computed again.

    Args:
        graph: with outputs that are scalars of the domain.
        stop: nodes through which nothing flows back.

    Returns:
        A graph of inputs ``value.I``, the value of node I, for each node that is no truth, and ``cotangent.OUTPUT``; its outputs
        ``adjoint.I`` are of the shapes of the nodes that compute scalars.

    Raises:
        GraphError: an op without a derivative on the way.
    """
    recorder, values = Recorder(), list[Tensor]()
    for index, node in enumerate(graph.nodes):
        sort = graph.op(index).sort
        if sort is Sort.TRUTH:
            values.append(recorder.apply(node.op, tuple(values[i] for i in node.inputs), node.attributes))
        else:
            values.append(recorder.input(f"value.{index}", node.shape, sort))
    seeds: dict[int, Tensor] = {}
    for name, index in graph.outputs.items():
        cotangent = recorder.input(f"cotangent.{name}", graph.nodes[index].shape)
        seeds[index] = seeds[index] + cotangent if index in seeds else cotangent
    computed = [i for i in range(len(graph.nodes)) if graph.op(i).sort is Sort.SCALAR and not graph.op(i).is_leaf]
    places = {str(i): i for i in computed}
    return _finish(recorder, _prefixed("adjoint", _backward(graph, values, seeds, places, stop)))


def _replay(graph: Graph, skip: Iterable[str] = ()) -> tuple[Recorder, list[Tensor]]:
    """The graph written down anew, one tensor for each node; the leaves named in ``skip`` become zeros."""
    recorder, values, skipped = Recorder(), [], set(skip)
    for index, node in enumerate(graph.nodes):
        if graph.op(index).is_leaf and node.attributes["name"] in skipped:
            values.append(constant_tensor(recorder, np.zeros(node.shape, np.float32)))
        else:
            values.append(recorder.apply(node.op, tuple(values[i] for i in node.inputs), node.attributes, node.label))
    return recorder, values


def _backward(
    graph: Graph, values: Sequence[Tensor], seeds: Mapping[int, Tensor], leaves: Mapping[str, int], stop: Collection[int] = ()
) -> dict[str, Tensor]:
    """The gradients that arrive at the leaves when seeds start at their nodes and stop at some; zeros where nothing arrives."""
    needed = _reaching(graph, leaves.values())
    arrived = dict(seeds)
    for index in range(len(graph.nodes) - 1, -1, -1):
        node, cotangent = graph.nodes[index], arrived.get(index)
        if cotangent is None or index not in needed or not node.inputs or index in stop:
            continue
        with labelled(cotangent.backend, f"vjp {graph.name_of(index)}"):
            inputs = [values[i] for i in node.inputs]
            for i, part in zip(node.inputs, graph.op(index).vjp(cotangent, values[index], *inputs, **node.attributes)):
                if part is not None and i in needed:
                    arrived[i] = arrived[i] + part if i in arrived else part
    return {name: arrived[i] if i in arrived else values[i].constant_like(0) for name, i in leaves.items()}


def _reaching(graph: Graph, leaves: Iterable[int]) -> set[int]:
    """The nodes whose values depend on a leaf."""
    reaching = set(leaves)
    for index, node in enumerate(graph.nodes):
        if reaching.intersection(node.inputs):
            reaching.add(index)
    return reaching


def _scalar_gradient(
    graph: Graph, values: Sequence[Tensor], leaves: Mapping[str, int], of: str | None
) -> dict[str, Tensor]:
    output = _only_output(graph) if of is None else _output(graph, of)
    shape = graph.nodes[output].shape
    if prod(shape) != 1:
        raise ShapeError(f"a gradient is of a scalar, the output has shape {shape}; sum it, or use vjp or jacobian")
    return _backward(graph, values, {output: values[output].constant_like(1)}, leaves)


def _named_vjp(
    recorder: Recorder, graph: Graph, values: Sequence[Tensor], leaves: Mapping[str, int], prefix: str
) -> dict[str, Tensor]:
    seeds: dict[int, Tensor] = {}
    for name, index in graph.outputs.items():
        cotangent = recorder.input(f"{prefix}.{name}", graph.nodes[index].shape)
        seeds[index] = seeds[index] + cotangent if index in seeds else cotangent
    return _backward(graph, values, seeds, leaves)


def _leaves(graph: Graph, wrt: Iterable[str] | None) -> dict[str, int]:
    """The leaves to differentiate by: their node indices by name."""
    names = [name for name in (*graph.inputs, *graph.parameters) if name not in graph.integer_inputs]
    chosen = list(names if wrt is None else wrt)
    for name in chosen:
        if name not in names:
            raise UnknownNameError("input or parameter", name, names)
    return {name: _leaf_index(graph, name) for name in chosen}


def _leaf_index(graph: Graph, name: str) -> int:
    return next(i for i, n in enumerate(graph.nodes) if graph.op(i).is_leaf and n.attributes["name"] == name)


def _only_output(graph: Graph) -> int:
    if len(graph.outputs) != 1:
        raise GraphError(f"one output is needed, this graph has {len(graph.outputs)}: {', '.join(graph.outputs)}")
    return next(iter(graph.outputs.values()))


def _output(graph: Graph, name: str) -> int:
    if name not in graph.outputs:
        raise UnknownNameError("output", name, graph.outputs)
    return graph.outputs[name]


def _finish(recorder: Recorder, outputs: Mapping[str, Tensor]) -> Graph:
    """The graph of the outputs: rules also record gradients that nobody asked for, and the same constants again."""
    return simplified(recorder.nodes, {name: tensor.handle for name, tensor in outputs.items()})


def _prefixed(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {f"{prefix}.{name}": tensor for name, tensor in tensors.items()}


def _joined(parts: Sequence[Tensor]) -> Tensor:
    return parts[0] if len(parts) == 1 else parts[0].concat(*parts[1:], axis=0)
