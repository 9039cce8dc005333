"""fpsem: what a neural network, or any numerical graph, really computes.

One graph, many domains: ``run(graph, params, x, domain)`` interprets a model over exact reals, rounded reals, bit-exact
IEEE 754 binary32, z3 terms or the machine's floats. Heavy libraries are loaded when a name that needs them is used.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fpsem import data as data
    from fpsem import nn as nn
    from fpsem import optim as optim
    from fpsem import rand as rand
    from fpsem import softfloat as softfloat
    from fpsem import testing as testing
    from fpsem import verify as verify
    from fpsem.analysis.bounds import error_bound as error_bound
    from fpsem.core.region import Box as Box
    from fpsem.core.schedule import Blocked as Blocked
    from fpsem.core.schedule import Compensated as Compensated
    from fpsem.core.schedule import Exact as Exact
    from fpsem.core.schedule import Lanes as Lanes
    from fpsem.core.schedule import NumPyPairwise as NumPyPairwise
    from fpsem.core.schedule import Pairwise as Pairwise
    from fpsem.core.schedule import Reverse as Reverse
    from fpsem.core.schedule import Schedule as Schedule
    from fpsem.core.schedule import Sequential as Sequential
    from fpsem.core.schedule import SplitK as SplitK
    from fpsem.core.schedule import Tree as Tree
    from fpsem.core.schedule import WarpTree as WarpTree
    from fpsem.core.verdict import Proved as Proved
    from fpsem.core.verdict import Refuted as Refuted
    from fpsem.core.verdict import Unknown as Unknown
    from fpsem.discover import reveal as reveal
    from fpsem.domains.cupy_float32 import CuPyFloat32 as CuPyFloat32
    from fpsem.domains.error_bound import ErrorBound as ErrorBound
    from fpsem.domains.ieee32 import IEEE32Exec as IEEE32Exec
    from fpsem.domains.interval import Interval as Interval
    from fpsem.domains.numpy_float32 import NumPyFloat32 as NumPyFloat32
    from fpsem.domains.real import Real as Real
    from fpsem.domains.rounded_real import RoundedReal as RoundedReal
    from fpsem.domains.symbolic_fp32 import SymbolicFP32 as SymbolicFP32
    from fpsem.domains.symbolic_real import SymbolicReal as SymbolicReal
    from fpsem.graph import autodiff as autodiff
    from fpsem.graph.denote import denote as denote
    from fpsem.graph.denote import run as run
    from fpsem.graph.ir import Graph as Graph
    from fpsem.graph.ir import Node as Node
    from fpsem.graph.trace import Tensor as Tensor
    from fpsem.graph.trace import trace as trace
    from fpsem.interop.checkpoint import load as load
    from fpsem.interop.checkpoint import save as save
    from fpsem.report.compare import compare as compare
    from fpsem.smt.query import prove as prove
    from fpsem.smt.regions import Ball as Ball
    from fpsem.smt.regions import Such as Such
    from fpsem.smt.regions import Union as Union
    from fpsem.train.trainer import Trainer as Trainer

_HOME: Mapping[str, str] = {
    "Ball": "smt.regions",
    "Blocked": "core.schedule",
    "Box": "core.region",
    "Compensated": "core.schedule",
    "CuPyFloat32": "domains",
    "ErrorBound": "domains",
    "Exact": "core.schedule",
    "Graph": "graph.ir",
    "IEEE32Exec": "domains",
    "Interval": "domains",
    "Lanes": "core.schedule",
    "Node": "graph.ir",
    "NumPyFloat32": "domains",
    "NumPyPairwise": "core.schedule",
    "Pairwise": "core.schedule",
    "Proved": "core.verdict",
    "Real": "domains",
    "Refuted": "core.verdict",
    "Reverse": "core.schedule",
    "RoundedReal": "domains",
    "Schedule": "core.schedule",
    "Sequential": "core.schedule",
    "SplitK": "core.schedule",
    "Such": "smt.regions",
    "SymbolicFP32": "domains",
    "SymbolicReal": "domains",
    "Tensor": "graph.trace",
    "Trainer": "train.trainer",
    "Tree": "core.schedule",
    "Union": "smt.regions",
    "Unknown": "core.verdict",
    "WarpTree": "core.schedule",
    "autodiff": "graph.",
    "compare": "report.compare",
    "data": "",
    "denote": "graph.denote",
    "error_bound": "analysis.bounds",
    "load": "interop.checkpoint",
    "nn": "",
    "optim": "",
    "prove": "smt.query",
    "rand": "",
    "reveal": "discover",
    "run": "graph.denote",
    "save": "interop.checkpoint",
    "softfloat": "",
    "testing": "",
    "trace": "graph.trace",
    "verify": "",
}
"""Where each public name lives; a home that is empty or ends in a dot holds it as a module."""

__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'fpsem' has no attribute {name!r}")
    home = _HOME[name]
    is_module = not home or home.endswith(".")
    module = importlib.import_module(f"fpsem.{home}{name if is_module else ''}")  # noqa: TID251  loaded when used
    value = module if is_module else getattr(module, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME})
