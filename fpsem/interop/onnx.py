"""Reading ONNX: a feed-forward network as a graph and its payload.

Initializers become parameters under their own names, their bits unchanged; integer tensors are read while loading, as
the shapes and bounds that they are; integer inputs stay inputs, of integers; labels are the names of ONNX's nodes.
Initializers that no node reads are left out. The ops that are read are the functions of ``fpsem.interop._onnx_ops`` and its
neighbours; what they mean is inference, never training.

Not here: writing, see ``fpsem.interop.onnx_export``; control flow; weights that are not float32; data outside the file;
quantised or sparse tensors.

Source: Open Neural Network Exchange, https://onnx.ai/onnx/repo-docs/IR.html and Operators.html.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fpsem.core import files
from fpsem.core.errors import (
    FileFormatError,
    FpsemError,
    GraphError,
    MissingExtraError,
    PayloadError,
    UnsupportedError,
)
from fpsem.core.protocol import Array
from fpsem.graph.ir import Graph
from fpsem.graph.op import Shape, Sort
from fpsem.graph.trace import Recorder, Tensor, constant_tensor, labelled
from fpsem.interop import _onnx_ops
from fpsem.interop._onnx_call import Call, Concrete, Value

_MOST = (1 << 31) - 1
"""Protocol buffers are no longer than this."""

_OLDEST_OPSET = 7
"""Before it, broadcasting was said by attributes."""

_OWN = ("", "ai.onnx")
"""The names of ONNX's own operator set."""


def load_onnx(path: str | Path, batch: int = 1) -> tuple[Graph, dict[str, npt.NDArray[np.float32]]]:
    """Read a model.

    Args:
        path: a ``.onnx`` file, or one packed as ``.onnx.gz``.
        batch: the first dimension of inputs that leave it open. A dimension that the file fixes stays.

    Returns:
        The graph, and its parameters as float32 arrays.

    Raises:
        MissingExtraError: the package onnx is not installed.
        FileNotFoundError: there is no such file.
        FileFormatError: the file is truncated, hostile, or not a model.
        UnsupportedError: it has nodes that are not read (all are listed, by op type and name), data outside the file,
            or an open dimension other than the first.
        PayloadError: a tensor that must be float32 is not; the message names it.
    """
    path = Path(path)
    model = _decode(path, files.read_gzip(path, _MOST) if path.suffix == ".gz" else files.read(path, _MOST))
    try:
        return _Reader(model, batch).read()
    except (PayloadError, UnsupportedError) as error:
        raise type(error)(f"{path}: {error}") from error
    except (FpsemError, ValueError, TypeError, LookupError, OverflowError, MemoryError) as error:
        raise FileFormatError(f"{path}: not a well-formed model: {error}") from error


def _decode(path: Path, data: bytes) -> Any:
    """The checked protocol buffer."""
    try:
        import onnx
    except ImportError:
        raise MissingExtraError("onnx", "onnx") from None
    try:
        model = onnx.load_model_from_string(data)
        tensors = [*model.graph.initializer, *(a.t for node in model.graph.node for a in node.attribute)]
        outside = [t.name for t in tensors if t.data_location == onnx.TensorProto.EXTERNAL]
        if not outside:
            onnx.checker.check_model(model)
    except Exception as error:
        raise FileFormatError(f"{path}: not an ONNX model: {error}") from error
    if outside:
        raise UnsupportedError(f"{path}: the data of {', '.join(outside)} lies outside the file; save it inside")
    return model


class _Reader:
    """One walk over a model's nodes."""

    def __init__(self, model: Any, batch: int) -> None:
        self._graph, self._batch = model.graph, batch
        self._opset = max((o.version for o in model.opset_import if o.domain in _OWN), default=0)
        self._recorder = Recorder()
        self._values: dict[str, Value] = {}
        self._stored = {t.name: t for t in self._graph.initializer}
        self._tensors: dict[Concrete, Tensor] = {}
        self._left_out: dict[str, str] = {}
        self._params: dict[str, npt.NDArray[np.float32]] = {}

    def read(self) -> tuple[Graph, dict[str, npt.NDArray[np.float32]]]:
        self._refuse_unsupported()
        for value in self._graph.input:
            if value.name not in self._stored:
                self._values[value.name] = self._input(value)
        for node in self._graph.node:
            self._convert(node)
        outputs = {value.name: self._output(value.name) for value in self._graph.output}
        return self._recorder.finish(outputs), self._params

    def _output(self, name: str) -> Tensor:
        return self._call("output", name, {}).tensor(self._value(name))

    def _call(self, op: str, name: str, attributes: Mapping[str, Any]) -> Call:
        return Call(op, name, self._opset, self._recorder, attributes, self._record)

    def _record(self, value: Concrete) -> Tensor:
        """The tensor of a float32 array: a parameter or a constant, made when it is first read."""
        if value not in self._tensors and value.is_stored:
            self._params[value.name] = value.array
            self._tensors[value] = self._recorder.parameter(value.name, value.array.shape)
        elif value not in self._tensors:
            self._tensors[value] = constant_tensor(self._recorder, value.array, value.name)
        return self._tensors[value]

    def _refuse_unsupported(self) -> None:
        if self._graph.sparse_initializer:
            raise UnsupportedError("it has sparse initializers")
        if self._opset < _OLDEST_OPSET:
            raise UnsupportedError(f"operator set {self._opset}; {_OLDEST_OPSET} is the oldest that is read")
        unknown = [n for n in self._graph.node if n.domain not in _OWN or n.op_type not in _onnx_ops.CONVERTERS]
        if unknown:
            listed = ", ".join(f"{node.op_type} ({_label(node)!r})" for node in unknown)
            raise UnsupportedError(f"not read: {listed}; what is read: {', '.join(sorted(_onnx_ops.CONVERTERS))}")

    def _input(self, value: Any) -> Tensor:
        described = value.type.tensor_type
        if described.elem_type not in _SORTS:
            raise PayloadError(f"input {value.name!r} is neither a float32 tensor nor one of int32 or int64")
        sizes = [dim.dim_value if dim.HasField("dim_value") else None for dim in described.shape.dim]
        if None in sizes[1:]:
            raise UnsupportedError(f"input {value.name!r}: its shape is open; only the first dimension may be")
        shape: Shape = tuple(self._batch if size is None else size for size in sizes)
        return self._recorder.input(value.name, shape, _SORTS[described.elem_type])

    def _convert(self, node: Any) -> None:
        name = _label(node)
        call = self._call(node.op_type, name, _attributes(node))
        try:
            with labelled(self._recorder, name):
                inputs = [self._value(i) if i else None for i in node.input]
                result = _onnx_ops.CONVERTERS[node.op_type](call, *inputs)
        except (PayloadError, UnsupportedError):
            raise
        except (ValueError, TypeError, LookupError, OverflowError) as error:
            raise FileFormatError(f"node {name!r} ({node.op_type}): {error}") from error
        self._values[node.output[0]] = result
        self._left_out |= {output: str(call) for output in node.output[1:] if output}

    def _value(self, name: str) -> Value:
        """What a name stands for."""
        if name in self._left_out:
            raise UnsupportedError(f"{self._left_out[name]}: only its first output is read, not {name!r}")
        if name not in self._values and name not in self._stored:
            raise GraphError(f"{name!r} is read, but nothing defines it")
        if name not in self._values:
            self._values[name] = Concrete(name, _array(self._stored[name]), is_stored=True)
        return self._values[name]


_SORTS: Mapping[int, Sort] = {1: Sort.SCALAR, 6: Sort.INTEGER, 7: Sort.INTEGER}
"""The inputs that are read, by TensorProto's numbers: FLOAT, INT32, INT64."""


def _label(node: Any) -> str:
    return str(node.name or next(iter(node.output), ""))


def _attributes(node: Any) -> Mapping[str, Any]:
    """Attributes by name: numbers, strings, lists of them, and tensors as arrays."""
    from onnx.helper import get_attribute_value

    return {a.name: _array(a.t) if a.type == a.TENSOR else get_attribute_value(a) for a in node.attribute}


def _array(tensor: Any) -> Array:
    from onnx.numpy_helper import to_array

    return np.array(to_array(tensor))
