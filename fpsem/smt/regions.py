"""Regions beyond one box: balls, unions, and inputs that satisfy a relation. A question is asked of each of their boxes.

Source: VNN-LIB's input constraints are boxes, unions of them, and relations between inputs: https://www.vnnlib.org.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from fpsem.core.codes import encode_array
from fpsem.core.errors import PayloadError
from fpsem.core.formats import BINARY32
from fpsem.core.protocol import exact_array
from fpsem.core.region import Box
from fpsem.core.rounding import Rounding

Relation = Callable[[Any], Any]
"""Takes the inputs' scalars and gives a formula; see ``fpsem.smt.formula``."""


@dataclass(frozen=True, eq=False)
class Ball:
    """All binary32 inputs that differ from the centre by the radius at most in every element, exactly.

    Args:
        center: finite float32 array.
        radius: at least 0; its exact value is meant, a text such as "1/64" is a rational.

    Raises:
        PayloadError: the radius is no number of at least 0, or the centre holds anything but finite binary32 numbers.
    """

    center: Any
    radius: int | float | str | Fraction

    def __post_init__(self) -> None:
        try:
            good = Fraction(self.radius) >= 0
        except (TypeError, ValueError, OverflowError, ZeroDivisionError):
            good = False
        if not good:
            raise PayloadError(f"a radius is a number of at least 0, or its text such as 1/64, not {self.radius!r}")
        if np.asarray(self.center).dtype != np.float32 or not np.isfinite(self.center).all():
            raise PayloadError("the centre of a ball must be finite float32 numbers")

    @property
    def box(self) -> Box:
        """The box of these inputs."""
        exact = exact_array([Fraction(float(c)) for c in np.ravel(self.center)]).reshape(np.shape(self.center))
        radius = Fraction(self.radius)
        lo = encode_array(exact - radius, direction=Rounding.UPWARD)
        lo = np.where(lo == 0, BINARY32.sign_mask, lo)  # both zeros are as far from the centre
        hi = encode_array(exact + radius, direction=Rounding.DOWNWARD)
        return Box(np.asarray(lo, np.uint32), np.asarray(hi, np.uint32))


@dataclass(frozen=True, eq=False)
class Union:
    """The inputs of any of several regions.

    Args:
        regions: one or more.
    """

    regions: tuple[Any, ...]

    def __post_init__(self) -> None:
        if not self.regions:
            raise PayloadError("a union is of one region or more")


@dataclass(frozen=True, eq=False)
class Such:
    """The inputs of a region that satisfy a relation.

    Args:
        region: a region.
        relation: a function of the inputs' scalars, ``x[0] <= x[1]`` say; of several inputs, ``x["name"][0]``.
    """

    region: Any
    relation: Relation


@dataclass(frozen=True, eq=False)
class Part:
    """Boxes by input name, and relations that hold in them."""

    boxes: Mapping[str, Box]
    relations: tuple[Relation, ...] = ()


def parts_of(region: Any, inputs: Mapping[str, tuple[int, ...]]) -> Iterator[Part]:
    """The boxes of a region.

    Args:
        region: a Box, Ball, Union or Such, or Boxes and Balls by input name.
        inputs: the shapes of the inputs.

    Raises:
        PayloadError: it is none of these, or does not fit the inputs.
    """
    if isinstance(region, Union):
        for one in region.regions:
            yield from parts_of(one, inputs)
    elif isinstance(region, Such):
        for part in parts_of(region.region, inputs):
            yield Part(part.boxes, (*part.relations, region.relation))
    else:
        yield Part(_boxes(region, inputs))


def _boxes(region: Any, inputs: Mapping[str, tuple[int, ...]]) -> Mapping[str, Box]:
    given = region if isinstance(region, Mapping) else {next(iter(inputs), ""): region}
    if set(given) != set(inputs):
        raise PayloadError(f"the region is of the inputs {', '.join(given)}; the graph's are {', '.join(inputs)}")
    boxes = {}
    for name, shape in inputs.items():
        box = given[name].box if isinstance(given[name], Ball) else given[name]
        if not isinstance(box, Box):
            kinds = "a Box or a Ball" if isinstance(region, Mapping) else "a Box, a Ball, a Union or a Such"
            raise PayloadError(f"input {name!r}: a region is {kinds}, not {type(box).__name__}")
        if box.shape != shape:
            raise PayloadError(f"input {name!r}: the region has shape {box.shape}, expected {shape}")
        boxes[name] = box
    return boxes
