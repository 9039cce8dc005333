"""Writing ONNX: a graph and its payload as a model of operator set 20.

Parameters become initializers, their bits unchanged; constants keep every bit; integer inputs are int64; labels are the
names of nodes. What ``fpsem.interop.onnx`` reads back computes the same bits in every domain that has bits. An op that ONNX
cannot say is refused by name before anything is written. How each op is written is said in ``fpsem.interop._onnx_rules``.

Not here: open dimensions, the shapes written are the graph's; data outside the file; models of 2 GiB and more.

Source: Open Neural Network Exchange, https://onnx.ai/onnx/repo-docs/IR.html.
"""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fpsem.core import files
from fpsem.core.errors import GraphError, MissingExtraError, UnsupportedError
from fpsem.graph.ir import Graph
from fpsem.interop._onnx_rules import REFUSED, RULES, Site
from fpsem.interop._payload import checked

_OPSET, _IR = 20, 9
"""Gelu came with this operator set, and the set with this version of the file format."""

_MOST = (1 << 31) - (1 << 20)
"""Protocol buffers are shorter than 2 GiB; a part is left for what is not payload."""


def save_onnx(path: str | Path, graph: Graph, params: Mapping[str, npt.NDArray[np.float32]]) -> None:
    """Write a model to a ``.onnx`` file, or packed to ``.onnx.gz``. Raises as ``export_onnx`` does, and OSError."""
    path, data = Path(path), export_onnx(graph, params)
    files.write(path, gzip.compress(data, mtime=0) if path.suffix == ".gz" else data)


def export_onnx(graph: Graph, params: Mapping[str, npt.NDArray[np.float32]]) -> bytes:
    """A model as the bytes of a ``.onnx`` file: the same bytes whenever it is written.

    Args:
        graph: the graph.
        params: a float32 array for each of its parameters.

    Returns:
        The serialised ModelProto; ``onnx.load_model_from_string`` reads it.

    Raises:
        MissingExtraError: the package onnx is not installed.
        PayloadError: a parameter is missing, unknown, or of another shape or dtype.
        UnsupportedError: it has nodes that are not written (all are listed, with the reason), or is too large.
        GraphError: a name is empty, or an output has the name of an input or parameter that is another tensor.
    """
    try:
        from onnx import helper, numpy_helper
    except ImportError:
        raise MissingExtraError("onnx", "onnx") from None
    arrays = checked(graph, params)
    _check_names(graph)
    _check_ops(graph)
    if sum(array.nbytes for array in arrays.values()) > _MOST:
        raise UnsupportedError("the payload is too large for an ONNX file, which holds less than 2 GiB")
    writer = _Writer({*graph.inputs, *graph.parameters, *graph.outputs})
    values = _write_nodes(graph, writer)
    nodes = _with_outputs(writer, {name: values[index] for name, index in graph.outputs.items()})
    made = helper.make_graph(
        [_node(*node) for node in nodes],
        "fpsem",
        [_value_info(name, shape, name in graph.integer_inputs) for name, shape in graph.inputs.items()],
        [_value_info(name, graph.nodes[index].shape, False) for name, index in graph.outputs.items()],
        [numpy_helper.from_array(array, name) for name, array in arrays.items()],
    )
    opsets = [helper.make_opsetid("", _OPSET)]
    model = helper.make_model(made, producer_name="fpsem", opset_imports=opsets, ir_version=_IR)
    data: bytes = model.SerializeToString(deterministic=True)
    return data


def _check_names(graph: Graph) -> None:
    leaves = {str(node.attributes["name"]): i for i, node in enumerate(graph.nodes) if graph.op(i).is_leaf}
    if "" in leaves or "" in graph.outputs:
        raise GraphError("an input, parameter or output has an empty name, which in ONNX means that it is left out")
    taken = [name for name, index in graph.outputs.items() if leaves.get(name, index) != index]
    if taken:
        listed = ", ".join(map(repr, taken))
        raise GraphError(f"outputs {listed} have the names of inputs or parameters; in ONNX a name is one tensor: rename them")


def _check_ops(graph: Graph) -> None:
    told = []
    for index, node in enumerate(graph.nodes):
        if node.op not in RULES and node.op != "constant" and not graph.op(index).is_leaf:
            reason = REFUSED.get(node.op, "there is no rule for it")
            told.append(f"{_where(graph, index)}: {reason}")
    if told:
        raise UnsupportedError(f"not written as ONNX: {'; '.join(told)}")


def _where(graph: Graph, index: int) -> str:
    node = graph.nodes[index]
    return f"node %{index} ({node.op}{f', {node.label!r}' if node.label else ''})"


_Plain = tuple[str, tuple[str, ...], str, str, Mapping[str, Any]]
"""An ONNX node as plain data: op type, inputs, output, name, attributes."""


class _Writer:
    """Collects ONNX nodes, and gives each result a name that nothing else has."""

    def __init__(self, taken: set[str]) -> None:
        self.nodes: list[_Plain] = []
        self.label = ""
        self._taken, self._count = taken, 0

    def emit(self, op: str, *inputs: str, **attributes: Any) -> str:
        output = self._fresh(op)
        self.nodes.append((op, inputs, output, self.label, attributes))
        return output

    def constant(self, array: npt.NDArray[Any]) -> str:
        return self.emit("Constant", value=array)

    def _fresh(self, op: str) -> str:
        while (name := f"{op}_{self._count}") in self._taken:
            self._count += 1
        self._taken.add(name)
        return name


def _write_nodes(graph: Graph, writer: _Writer) -> list[str]:
    """The name of each node's value."""
    values: list[str] = []
    for index, node in enumerate(graph.nodes):
        writer.label = node.label
        if graph.op(index).is_leaf:
            values.append(str(node.attributes["name"]))
        elif node.op == "constant":
            values.append(writer.constant(_numbers(node.attributes)))
        else:
            site = Site(node, tuple(graph.nodes[i].shape for i in node.inputs), writer)
            try:
                values.append(RULES[node.op](site, *(values[i] for i in node.inputs)))
            except UnsupportedError as error:
                raise UnsupportedError(f"{_where(graph, index)}: {error}") from None
    return values


def _numbers(attributes: Mapping[str, Any]) -> npt.NDArray[np.float32]:
    """The array of a constant's hexadecimal floats, each of which is a binary32 number."""
    return np.array([float.fromhex(v) for v in attributes["values"]], np.float32).reshape(attributes["shape"])


def _with_outputs(writer: _Writer, outputs: Mapping[str, str]) -> list[_Plain]:
    """The nodes with values renamed to the outputs' names; what has a name already is repeated under the other."""
    made = {output for _, _, output, _, _ in writer.nodes}
    renamed: dict[str, str] = {}
    for name, value in outputs.items():
        if value in made:
            renamed.setdefault(value, name)
    nodes = [
        (op, tuple(renamed.get(i, i) for i in inputs), renamed.get(output, output), label, attributes)
        for op, inputs, output, label, attributes in writer.nodes
    ]
    sources = {name: renamed.get(value, value) for name, value in outputs.items()}
    return nodes + [("Identity", (source,), name, "", {}) for name, source in sources.items() if source != name]


def _node(op: str, inputs: tuple[str, ...], output: str, label: str, attributes: Mapping[str, Any]) -> Any:
    from onnx import helper, numpy_helper

    made = {k: numpy_helper.from_array(v) if isinstance(v, np.ndarray) else v for k, v in attributes.items()}
    return helper.make_node(op, inputs, [output], name=label or None, **made)


def _value_info(name: str, shape: tuple[int, ...], is_integer: bool) -> Any:
    from onnx import TensorProto, helper

    return helper.make_tensor_value_info(name, TensorProto.INT64 if is_integer else TensorProto.FLOAT, shape)
