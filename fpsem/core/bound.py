"""Bounds: how far an execution may be from the real value, with everything that the number depends on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fpsem.core.claim import Status
from fpsem.core.errors import ContradictionError
from fpsem.core.region import Box
from fpsem.core.schedule import Schedule

WORK = 20_000
"""How many parts of a region a formula is bounded over unless told otherwise, about."""

EVALUATIONS = 200
"""How many inputs of a graph of tensors a search for a witness looks at unless told otherwise."""


@dataclass(frozen=True)
class NodeBound:
    """What is known of a node, over all of its elements.

    Args:
        name: its own, its label, or its op and index.
        op: its op.
        shape: of its value.
        lo: its least real value.
        hi: its greatest real value.
        absolute: how far the execution may be from the real value at most; infinite where overflow, a pole or an undefined
            result cannot be excluded.
        own: how far its own roundings move it at most, its inputs being what they are in the execution.
    """

    name: str
    op: str
    shape: tuple[int, ...]
    lo: float
    hi: float
    absolute: float
    own: float


@dataclass(frozen=True, eq=False)
class Bound:
    """``|binary32 execution - real value| <= absolute``, element by element, for every input of the region.

    Args:
        absolute: the bound, float64; infinite where overflow or an undefined result cannot be excluded.
        lo: least real value, float64, rounded down.
        hi: greatest real value, float64, rounded up.
        region: the inputs: a Box, or boxes by name.
        schedule: the order of reductions in the execution.
        semantics: the execution that it holds for.
        evidence: how it is known; PROVED: computed with outward rounding by rules that are theorems.
        nodes: what is known of each node of numbers, in the graph's order. Where a region was cut into parts, that of the
            region as a whole, which is wider.
        contributors: nodes, the first with the largest share of a bound by derivatives, and what they contribute at most.
        witness: an input of the region with a large error, by input name; None where none was looked for or found.
        observed: the error there, rounded down; infinite where the execution is not finite and the real value is.

    Raises:
        ContradictionError: the error that was observed is larger than the bound.
    """

    absolute: npt.NDArray[np.float64]
    lo: npt.NDArray[np.float64]
    hi: npt.NDArray[np.float64]
    region: Box | Mapping[str, Box]
    schedule: Schedule
    semantics: str = "binary32, round to nearest even, correctly rounded elementary functions"
    evidence: Status = Status.PROVED
    nodes: tuple[NodeBound, ...] = ()
    contributors: tuple[tuple[str, float], ...] = ()
    witness: Mapping[str, npt.NDArray[np.float32]] | None = None
    observed: float | None = None

    def __post_init__(self) -> None:
        if self.observed is not None and not self.observed <= np.max(self.absolute):
            most, told = float(np.max(self.absolute)), {name: x.tolist() for name, x in (self.witness or {}).items()}
            said = f"an error of {self.observed} was found where {most} is the bound"
            raise ContradictionError(f"{said}, at {told}; please report it")

    @property
    def finite(self) -> bool:
        """Whether no node may overflow, or be undefined, anywhere in the region: proved where it holds, else unknown."""
        return all(np.isfinite(node.absolute) for node in self.nodes)

    @property
    def tightness(self) -> float | None:
        """The largest bound divided by the error that was found; None where nothing was found."""
        return float(np.max(self.absolute)) / self.observed if self.observed else None
