"""What an op is: a module of ``fpsem/graph/ops`` with three functions, ``shape``, ``meaning`` and ``vjp``.

``shape`` says which inputs and attributes the op takes, and the shape of its result: its positional parameters are the
shapes of the inputs, its keyword-only parameters are the attributes, with their types and defaults. ``meaning`` says
what the op computes, over the primitives of any domain. ``vjp`` carries the gradient with respect to the result back to the
inputs, over Tensors, so that a gradient is a graph again; ops of truths have none. Tensors are of three sorts; a module whose
value is no scalar says its sort in ``GIVES``, one that takes other sorts says them, by position, in ``TAKES``. Nothing else in
fpsem lists ops, their attributes or arities.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from types import ModuleType
from typing import Any

import numpy as np

from fpsem.core.errors import GraphError
from fpsem.core.protocol import Array, ScalarDomain

Shape = tuple[int, ...]
Attribute = int | bool | float | str | tuple[int, ...] | tuple[str, ...] | None


class Sort(Enum):
    """What the elements of a tensor are; the value is what messages call them."""

    SCALAR = "scalars"
    TRUTH = "truths (of less, less_equal or equal)"
    INTEGER = "integers (of integer_input)"


_TYPES: Mapping[str, tuple[type, ...]] = {
    "int": (int,), "bool": (bool,), "str": (str,), "None": (type(None),), "float": (float, int)
}  # fmt: skip


@dataclass(frozen=True)
class Op:
    """One op, read off its module.

    Args:
        name: the module's name.
        module: the module itself; ``module.shape`` and, but for leaves, ``module.meaning``.
    """

    name: str
    module: ModuleType

    @cached_property
    def _shape(self) -> Callable[..., Shape]:
        shape: Callable[..., Shape] = self.module.shape
        return shape

    @cached_property
    def _signature(self) -> inspect.Signature:
        return inspect.signature(self._shape)

    @property
    def is_leaf(self) -> bool:
        """Whether its value comes from outside the graph (an input or a parameter), by name."""
        return "meaning" not in vars(self.module)

    @cached_property
    def attributes(self) -> tuple[str, ...]:
        """The attribute names in declared order."""
        return tuple(p.name for p in self._signature.parameters.values() if p.kind is p.KEYWORD_ONLY)

    @cached_property
    def max_inputs(self) -> float:
        """The most inputs it takes."""
        kinds = [p.kind for p in self._signature.parameters.values()]
        unbounded = inspect.Parameter.VAR_POSITIONAL in kinds
        return float("inf") if unbounded else sum(k is inspect.Parameter.POSITIONAL_OR_KEYWORD for k in kinds)

    @cached_property
    def sort(self) -> Sort:
        """The sort of its value."""
        return Sort(vars(self.module).get("GIVES", Sort.SCALAR))

    @cached_property
    def _takes(self) -> Mapping[int, Sort]:
        return dict(vars(self.module).get("TAKES", {}))

    def input_sort(self, position: int) -> Sort:
        """The sort that the input at a position must have."""
        return self._takes.get(position, Sort.SCALAR)

    @property
    def has_derivative(self) -> bool:
        """Whether it has a rule for gradients."""
        return "vjp" in vars(self.module)

    @property
    def splits_ties(self) -> bool:
        """Whether its gradient is shared out between equals (its module says SPLITS_TIES), which no range of values bounds."""
        return bool(vars(self.module).get("SPLITS_TIES", False))

    @property
    def summary(self) -> str:
        """The first line of its docstring."""
        return (self.module.__doc__ or "").strip().partition("\n")[0]

    def complete(self, inputs: int, attributes: Mapping[str, Any]) -> dict[str, Attribute]:
        """The attributes with defaults filled in and lists made tuples.

        Raises:
            GraphError: for a wrong number of inputs, an unknown, missing or ill-typed attribute.
        """
        unknown = sorted(set(attributes) - set(self.attributes))
        if unknown:
            raise GraphError(f"{self.name}: it has no attribute {unknown[0]!r}; it is {self.name}{self._signature}")
        try:
            bound = self._signature.bind(*[()] * inputs, **attributes)
        except TypeError as error:
            raise GraphError(f"{self.name}: {error}; it is {self.name}{self._signature}") from None
        bound.apply_defaults()
        return {name: self._checked(name, bound.arguments[name]) for name in self.attributes}

    def _checked(self, name: str, value: Any) -> Attribute:
        """The value if the annotation of the attribute allows it; floats rounded to binary32."""
        value = tuple(value) if isinstance(value, list) else value
        annotation = str(self._signature.parameters[name].annotation)
        for wanted in annotation.split(" | "):
            element, is_tuple, _ = wanted.removeprefix("tuple[").partition(", ...]")
            if is_tuple and isinstance(value, tuple) and all(type(v) in _TYPES[element] for v in value):
                return value
            if not is_tuple and type(value) in _TYPES[wanted]:
                return _binary32(f"{self.name}: attribute {name}", value) if wanted == "float" else value
        raise GraphError(f"{self.name}: attribute {name} must be {annotation}, not {value!r}")

    def shape(self, *shapes: Shape, **attributes: Attribute) -> Shape:
        """The shape of the result. Raises ShapeError with a remedy where the inputs do not fit."""
        return self._shape(*shapes, **attributes)

    def vjp(self, cotangent: Any, output: Any, *inputs: Any, **attributes: Attribute) -> tuple[Any, ...]:
        """For each input its gradient, or None: the transposed derivative applied to the result's gradient (Tensors).

        Raises:
            GraphError: the op has no derivative.
        """
        rule = vars(self.module).get("vjp")
        if rule is None:
            raise GraphError(f"{self.name} has no derivative")
        gradients: tuple[Any, ...] = rule(cotangent, output, *inputs, **attributes)
        return gradients

    def meaning(self, domain: ScalarDomain, *arrays: Array, **attributes: Attribute) -> Array:
        """What the op computes, over the domain's primitives."""
        result: Array = self.module.meaning(domain, *arrays, **attributes)
        return result


def _binary32(what: str, value: float) -> float:
    """The binary32 number nearest to an attribute. Raises GraphError where there is none that is finite."""
    with np.errstate(over="ignore"):
        rounded = float(np.float32(value))
    if not math.isfinite(rounded):
        raise GraphError(f"{what} must be a finite binary32 number, not {value!r}")
    return rounded
