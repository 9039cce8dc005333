"""Tensors that record or compute: run a function of tensors once, get a Graph; or run it eagerly over a domain.

Every op is a method of Tensor by its own name, ``x.softmax(axis=-1)``; the operators are numpy's. Shapes never
broadcast by themselves, but a Python number takes the shape of the tensor that it meets (rounded to binary32 first).
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol

import numpy as np

from fpsem.core.errors import GraphError, PayloadError, UnknownNameError
from fpsem.core.protocol import ScalarDomain
from fpsem.graph.denote import evaluate
from fpsem.graph.ir import Graph, Node, make_node
from fpsem.graph.op import Op, Shape, Sort
from fpsem.graph.ops import constant, names, op_named


class Backend(Protocol):
    """Where ops on tensors go.

    Args:
        label: given to every node that is made while it is set, see ``labelled``.
    """

    label: str

    def apply(self, op: str, inputs: tuple[Tensor, ...], attributes: Mapping[str, Any], label: str = "") -> Tensor:
        """The result of one op."""


class Tensor:
    """A tensor of known shape, recorded in a graph or held as an array of some domain's scalars.

    Args:
        backend: where ops go.
        shape: the tensor's shape.
        handle: the backend's own: a node's index, or an array.
        sort: what its elements are.
    """

    def __init__(self, backend: Backend, shape: Shape, handle: Any, sort: Sort = Sort.SCALAR) -> None:
        self.backend, self.shape, self.handle, self.sort = backend, shape, handle, sort

    def apply(self, op: str, *others: Any, **attributes: Any) -> Tensor:
        """Apply an op to this tensor and others; numbers and arrays become constants."""
        return self.backend.apply(op, (self, *(self._lift(other) for other in others)), attributes)

    def _lift(self, other: Any) -> Tensor:
        if isinstance(other, Tensor):
            if other.backend is not self.backend:
                raise GraphError("these tensors belong to different traces")
            return other
        lifted = constant_tensor(self.backend, other)
        return lifted if np.ndim(other) or not self.shape else lifted.broadcast_to(self.shape)

    def __getattr__(self, name: str) -> Callable[..., Tensor]:
        if name not in names():
            raise AttributeError(str(UnknownNameError("op", name, names())))
        op = op_named(name)
        return lambda *arguments, **attributes: self._call(op, arguments, attributes)

    def constant_like(self, value: float) -> Tensor:
        """A number, rounded to binary32, in every element of this tensor's shape."""
        return self._lift(value)

    def pi_like(self) -> Tensor:
        """The number pi, as the domain has it, in every element of this tensor's shape."""
        return self.backend.apply("pi", (), {"shape": self.shape})

    def _call(self, op: Op, arguments: tuple[Any, ...], attributes: dict[str, Any]) -> Tensor:
        tensors = [a for a in arguments if isinstance(a, Tensor)]
        room = 0 if op.max_inputs == float("inf") else int(op.max_inputs) - 1
        count = max(len(tensors), min(room, len(arguments)))
        positional = dict(zip(op.attributes, arguments[count:]))
        return self.apply(op.name, *arguments[:count], **positional, **attributes)

    @property
    def ndim(self) -> int:
        """The number of dimensions."""
        return len(self.shape)

    @property
    def T(self) -> Tensor:
        """The axes reversed."""
        return self.apply("transpose")

    def __add__(self, other: Any) -> Tensor:
        return self.apply("add", other)

    def __sub__(self, other: Any) -> Tensor:
        return self.apply("sub", other)

    def __mul__(self, other: Any) -> Tensor:
        return self.apply("mul", other)

    def __truediv__(self, other: Any) -> Tensor:
        return self.apply("div", other)

    def __radd__(self, other: Any) -> Tensor:
        return self._lift(other).apply("add", self)

    def __rsub__(self, other: Any) -> Tensor:
        return self._lift(other).apply("sub", self)

    def __rmul__(self, other: Any) -> Tensor:
        return self._lift(other).apply("mul", self)

    def __rtruediv__(self, other: Any) -> Tensor:
        return self._lift(other).apply("div", self)

    def __neg__(self) -> Tensor:
        return self.apply("neg")

    def __abs__(self) -> Tensor:
        return self.apply("abs")

    def __matmul__(self, other: Any) -> Tensor:
        return self.apply("matmul", other)

    def __getitem__(self, key: Any) -> Tensor:
        keys = key if isinstance(key, tuple) else (key,)
        if len(keys) > self.ndim or not all(isinstance(k, (int, slice)) for k in keys):
            raise GraphError(f"a tensor of shape {self.shape} takes up to {self.ndim} integers and slices, not {key!r}")
        parts = [_part(k, n) for k, n in zip(keys, self.shape)]
        starts, stops, steps = ([p[i] for p in parts] for i in range(3))
        cut = self.apply("slice", starts=starts, stops=stops, steps=steps)
        kept = [n for n, k in zip(cut.shape, keys) if not isinstance(k, int)] + list(cut.shape[len(keys) :])
        return cut if len(kept) == cut.ndim else cut.apply("reshape", shape=kept)

    def __iter__(self) -> Any:
        if not self.shape:
            raise GraphError("a scalar cannot be iterated")
        return (self[i] for i in range(self.shape[0]))

    def __bool__(self) -> bool:
        raise GraphError("a tensor has no truth while it is traced; use maximum, minimum or select instead of if")

    def __repr__(self) -> str:
        return f"Tensor(shape={self.shape})"

    def _repr_html_(self) -> str:
        from fpsem.graph.notebook import tensor_html

        return tensor_html(self)


def _part(key: int | slice, n: int) -> tuple[int, int, int]:
    if isinstance(key, slice):
        return key.indices(n)
    if not -n <= key < n:
        raise GraphError(f"index {key} is out of range for a dimension of {n}")
    return key % n, key % n + 1, 1


def constant_tensor(backend: Backend, value: Any, label: str = "") -> Tensor:
    """A number or array, rounded to binary32, as a constant. Raises GraphError for anything else."""
    try:
        with np.errstate(over="ignore", under="ignore"):
            array = np.asarray(value, dtype=np.float64).astype(np.float32)
    except (TypeError, ValueError):
        raise GraphError(f"{value!r} is neither a tensor nor a number") from None
    return backend.apply(constant.__name__.rpartition(".")[2], (), constant.attributes(array), label)


@contextmanager
def labelled(backend: Backend, part: str) -> Iterator[None]:
    """Label what is made inside; the parts of nested labels are joined by dots, and an empty part adds nothing."""
    outer = backend.label
    backend.label = ".".join(filter(None, (outer, part)))
    try:
        yield
    finally:
        backend.label = outer


class Recorder:
    """The backend that writes nodes down."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self.label = ""

    def apply(self, op: str, inputs: tuple[Tensor, ...], attributes: Mapping[str, Any], label: str = "") -> Tensor:
        indices, shapes, sorts = (tuple(getattr(t, of) for t in inputs) for of in ("handle", "shape", "sort"))
        node = make_node(op, indices, shapes, sorts, attributes, label or self.label, len(self.nodes))
        self.nodes.append(node)
        return Tensor(self, node.shape, len(self.nodes) - 1, op_named(op).sort)

    def input(self, name: str, shape: Shape, sort: Sort = Sort.SCALAR) -> Tensor:
        """A new input, of scalars or of integers."""
        op = "integer_input" if sort is Sort.INTEGER else "input"
        return self.apply(op, (), {"name": name, "shape": tuple(shape)})

    def parameter(self, name: str, shape: Shape) -> Tensor:
        """A new payload tensor."""
        return self.apply("parameter", (), {"name": name, "shape": tuple(shape)})

    def finish(self, outputs: Mapping[str, Tensor]) -> Graph:
        """The graph of what was recorded."""
        return Graph(tuple(self.nodes), {name: t.handle for name, t in outputs.items()})


class Eager:
    """The backend that computes at once over a domain."""

    def __init__(self, domain: ScalarDomain) -> None:
        self.domain = domain
        self.label = ""

    def apply(self, op: str, inputs: tuple[Tensor, ...], attributes: Mapping[str, Any], label: str = "") -> Tensor:
        shapes, sorts = tuple(t.shape for t in inputs), tuple(t.sort for t in inputs)
        node = make_node(op, tuple(range(len(inputs))), shapes, sorts, attributes, label or self.label, len(inputs))
        value = evaluate(len(inputs), node, [t.handle for t in inputs], self.domain)
        return Tensor(self, node.shape, value, op_named(op).sort)


def trace(function: Callable[..., Any], *shapes: Shape, integers: Collection[str] = ()) -> Graph:
    """Run a function of tensors once and record its graph.

    Args:
        function: takes one Tensor for each shape; returns a Tensor, a tuple of them, or a dictionary by name.
        shapes: the shapes of its arguments, whose names become the inputs' names.
        integers: the names of those arguments that are integers (labels, indices).

    Raises:
        PayloadError: the function takes another number of arguments.
        UnknownNameError: an integer argument that the function does not have.
        GraphError: it returns something else, or asks a tensor for its truth.
    """
    recorder = Recorder()
    parameters = list(inspect.signature(function).parameters.values())
    if any(p.kind is p.VAR_POSITIONAL for p in parameters):
        arguments = [f"x{i}" for i in range(len(shapes))]
    else:
        arguments = [p.name for p in parameters]
    if len(arguments) != len(shapes):
        raise PayloadError(
            f"the function takes {len(arguments)} tensors ({', '.join(arguments)}), {len(shapes)} shapes were given"
        )
    for name in integers:
        if name not in arguments:
            raise UnknownNameError("argument", name, arguments)
    sorts = [Sort.INTEGER if name in integers else Sort.SCALAR for name in arguments]
    returned = function(*(recorder.input(*of) for of in zip(arguments, shapes, sorts)))
    return recorder.finish(_named(returned))


def _named(returned: Any) -> dict[str, Tensor]:
    if isinstance(returned, Tensor):
        return {"output": returned}
    if isinstance(returned, (tuple, list)):
        returned = {f"output_{i}": value for i, value in enumerate(returned)}
    if isinstance(returned, dict) and returned and all(isinstance(v, Tensor) for v in returned.values()):
        return returned
    raise GraphError(f"a traced function returns a Tensor, a tuple of them or a dictionary by name, not {returned!r}")
