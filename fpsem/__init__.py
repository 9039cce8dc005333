"""fpsem: what a neural network, or any numerical graph, really computes.

One graph, many domains: ``run(graph, params, x, domain)`` interprets a model over exact reals, rounded reals, bit-exact
IEEE 754 binary32, z3 terms or the machine's floats. Heavy libraries are loaded when a domain that needs them is made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fpsem.core.schedule import Blocked as Blocked
from fpsem.core.schedule import Lanes as Lanes
from fpsem.core.schedule import NumPyPairwise as NumPyPairwise
from fpsem.core.schedule import Pairwise as Pairwise
from fpsem.core.schedule import Reverse as Reverse
from fpsem.core.schedule import Schedule as Schedule
from fpsem.core.schedule import Sequential as Sequential
from fpsem.core.schedule import Tree as Tree
from fpsem.core.verdict import Proved as Proved
from fpsem.core.verdict import Refuted as Refuted
from fpsem.core.verdict import Unknown as Unknown
from fpsem.graph.denote import denote as denote
from fpsem.graph.denote import run as run
from fpsem.graph.ir import Graph as Graph
from fpsem.graph.ir import Node as Node
from fpsem.graph.trace import Tensor as Tensor
from fpsem.graph.trace import trace as trace
