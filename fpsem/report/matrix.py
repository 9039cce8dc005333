"""The matrix of ops and domains, found by running every op once in every domain."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from fpsem.bridges.primitives import PRIMITIVES
from fpsem.core.errors import UnsupportedError
from fpsem.core.protocol import ELEMENTARY, Kind, ScalarDomain
from fpsem.domains import domain_named, domain_names
from fpsem.domains.cupy_float32 import CuPyFloat32
from fpsem.graph.op import Op, Sort
from fpsem.graph.ops import names, op_named
from fpsem.testing.calls import SampleCall

_IMAGE = (1, 1, 2, 3)

_CALLS: Mapping[str, SampleCall] = {
    "avg_pool2d": SampleCall((_IMAGE,), {"kernel": (2, 2)}),
    "batch_norm": SampleCall(((2, 2), (2,), (2,), (2,), (2,))),
    "broadcast_to": SampleCall(((2,),), {"shape": (3, 2)}),
    "clip": SampleCall(((2, 2),), {"low": 0.0, "high": 1.0}),
    "constant": SampleCall((), {"shape": (1,), "values": ("0x1p-1",)}),
    "conv2d": SampleCall((_IMAGE, (2, 1, 2, 2), (2,))),
    "cross_entropy": SampleCall(((2, 2), (2,))),
    "fold": SampleCall(((1, 4, 2),), {"output_size": (2, 3), "kernel": (2, 2)}),
    "layer_norm": SampleCall(((2, 2), (2,), (2,)), {"normalized_shape": (2,)}),
    "linear": SampleCall(((1, 2), (3, 2), (3,))),
    "literal": SampleCall((), {"shape": (1,), "value": "1/10"}),
    "matmul": SampleCall(((1, 2), (2, 3))),
    "max_pool2d": SampleCall((_IMAGE,), {"kernel": (2, 2)}),
    "one_hot": SampleCall(((2,),), {"classes": 2}),
    "pi": SampleCall((), {"shape": (1,)}),
    "reshape": SampleCall(((2, 2),), {"shape": (4,)}),
    "scatter_add": SampleCall(((2, 2), (2,)), {"size": 2}),
    "slice": SampleCall(((3,),), {"starts": (1,), "stops": (3,), "steps": (1,)}),
    "unfold": SampleCall((_IMAGE,), {"kernel": (2, 2)}),
    "unslice": SampleCall(((2,),), {"shape": (3,), "starts": (1,), "stops": (3,), "steps": (1,)}),
}
"""Calls of the ops that (2, 2) operands and default attributes do not suit."""

_WORDS: Mapping[Kind, str] = {
    Kind.ENCLOSES: "encloses",
    Kind.ROUNDS: "rounded",
    Kind.IEEE: "bits",
    Kind.FORMULA: "formula",
}

LEGEND = (
    "*encloses*: an exact rational, a ball or a bound that contains the real value. "
    "*rounded*: each operation exact, then rounded once, no overflow. "
    "*bits*: the bits of IEEE 754 binary32. "
    "*library*: bits but for elementary functions, which are the library's. "
    "*term*: a z3 term whose every value is the bits. "
    "*formula*: a sympy expression. "
    "A dash: not supported, and said so."
)


@dataclass(frozen=True)
class Cell:
    """An op in a domain.

    Args:
        word: what the domain gives, a word of LEGEND; "-" where the op is not supported.
        primitives: the domain's primitives that the op's meaning asked for.
        overrides: the ops that the domain computes itself and this op rests on, itself included.
    """

    word: str
    primitives: frozenset[str] = frozenset()
    overrides: frozenset[str] = frozenset()


def cells() -> dict[str, dict[str, Cell]]:
    """The matrix: for each op that computes, in order, for each domain its cell."""
    computing = [op_named(name) for name in names() if not op_named(name).is_leaf]
    return {op.name: {name: _cell(op, _domain(name)) for name in domain_names()} for op in computing}


def matrix_markdown() -> str:
    """A table in Markdown, ops down, domains across."""
    columns = domain_names()
    rows = [[op, *(row[name].word for name in columns)] for op, row in cells().items()]
    lines = [["op", *columns], ["---"] * (len(columns) + 1), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _domain(name: str) -> ScalarDomain:
    """The domain; that of a GPU as it is built for the CPU, so that the table is the same everywhere."""
    return CuPyFloat32(device="cpu") if name == "cupy_float32" else domain_named(name)


def _cell(op: Op, domain: ScalarDomain) -> Cell:
    watched = _Watched(domain)
    try:
        _run(op, domain, watched)
    except UnsupportedError:
        return Cell("-")
    used = frozenset((op.name, *watched.overrides.asked)) & domain.overrides.keys()
    return Cell(_word(domain, watched), frozenset(watched.primitives), used)


def _word(domain: ScalarDomain, watched: _Watched) -> str:
    if domain.contract.kind is Kind.IEEE and not domain.contract.concrete:
        return "term"
    inexact = domain.contract.elementary_ulps and watched.primitives & set(ELEMENTARY)
    return "library" if inexact else _WORDS[domain.contract.kind]


def _run(op: Op, domain: ScalarDomain, watched: _Watched) -> None:
    """Run the op's meaning."""
    shapes = _CALLS.get(op.name, SampleCall(((2, 2),) * int(min(op.max_inputs, 3)))).shapes
    attributes: dict[str, Any] = dict(_CALLS[op.name].attributes) if op.name in _CALLS else {}
    half = np.float32(0.5).view(np.uint32)
    operands = [domain.from_bits(np.full(shape, half, dtype=np.uint32)) for shape in shapes]
    for position, operand in enumerate(operands):
        if op.input_sort(position) is Sort.TRUTH:
            operands[position] = domain.equal(operand, operand)
        elif op.input_sort(position) is Sort.INTEGER:
            operands[position] = np.zeros(operand.shape, np.int64)
    op.meaning(cast(ScalarDomain, watched), *operands, **op.complete(len(operands), attributes))


class _Asked(dict[str, Any]):
    """A table of overrides that has none, and notes which were asked for."""

    def __init__(self) -> None:
        self.asked: set[str] = set()

    def get(self, name: str, default: Any = None) -> Any:
        self.asked.add(name)
        return default


class _Watched:
    """A domain without overrides that notes which of its primitives, and of the overrides, were asked for."""

    def __init__(self, domain: ScalarDomain) -> None:
        self._domain = domain
        self.primitives: set[str] = set()
        self.overrides = _Asked()

    def __getattr__(self, name: str) -> Any:
        self.primitives |= {name} & PRIMITIVES.keys()
        return getattr(self._domain, name)
