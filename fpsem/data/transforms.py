"""Transforms: values that take a Dataset and give a Dataset, with no state and no chance in them.

Most act on x alone; these have ``array`` too, for what comes without a Dataset, such as one input at run time.

    prepare = data.Compose((data.Crop(8, 8), data.Flatten(), data.Normalise(0, 255)))
    images = data.labelled("images.npz", classes=10).map(prepare)

Not here: random augmentation.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import reduce

import numpy as np
import numpy.typing as npt

from fpsem.core.errors import PayloadError, ShapeError
from fpsem.data.dataset import Dataset, Numbers

_EXACT = 1 << 24
"""Up to this magnitude every integer is a binary32 number."""


class Transform(ABC):
    """A transform of x. Subclasses give ``array``."""

    @abstractmethod
    def array(self, x: Numbers) -> Numbers:
        """What becomes of examples, along the first axis as ever. Raises ShapeError or PayloadError where x does not fit."""

    def __call__(self, dataset: Dataset) -> Dataset:
        """The dataset with its x transformed. Raises as ``array`` does; the message names the dataset."""
        try:
            x = self.array(dataset.x)
        except (ShapeError, PayloadError) as error:
            raise type(error)(f"{dataset.name}: {error}") from None
        return replace(dataset, x=x)


@dataclass(frozen=True, eq=False)
class Normalise(Transform):
    """(x - mean) / scale in float32: a difference and a quotient, each rounded once.

    Args:
        mean: a number, or an array that broadcasts to one example; rounded to binary32.
        scale: likewise; not zero.

    x is float32, or integers that binary32 holds, such as pixels.

    Raises:
        PayloadError: a mean or scale is not finite, or a scale is 0.
    """

    mean: npt.ArrayLike
    scale: npt.ArrayLike

    def __post_init__(self) -> None:
        with np.errstate(over="ignore"):
            mean, scale = np.array(self.mean, np.float32), np.array(self.scale, np.float32)
        if not (np.isfinite(mean).all() and np.isfinite(scale).all() and (scale != 0).all()):
            raise PayloadError("Normalise needs finite means, and finite scales other than 0")
        mean.flags.writeable = scale.flags.writeable = False
        object.__setattr__(self, "mean", mean)
        object.__setattr__(self, "scale", scale)

    @staticmethod
    def fitted(dataset: Dataset, pooled: tuple[int, ...] = ()) -> Normalise:
        """With the mean and the standard deviation (divided by n) of a dataset; a feature that is constant has the scale 1.

        The sums are binary64 sums in order of the examples, then of the pooled axes in C order: the same bits everywhere.

        Args:
            dataset: what it is fitted to.
            pooled: axes of x, besides the first, whose features share a mean: (2, 3) for each channel of (n, c, h, w).

        Raises:
            ShapeError: a pooled axis is none of x.
            PayloadError: there are no numbers, or x does not fit.
        """
        x = _floats(dataset.x)
        if not all(0 < axis < x.ndim for axis in pooled) or len(set(pooled)) < len(pooled):
            raise ShapeError(f"{dataset.name}: the axes {pooled} of x of shape {x.shape} cannot be pooled")
        if x.size == 0:
            raise PayloadError(f"{dataset.name}: nothing can be fitted to x of shape {x.shape}")
        axes = tuple(axis - 1 for axis in pooled)
        mean = _mean((row.astype(np.float64) for row in x), len(x), axes)
        variance = _mean(((row - mean) * (row - mean) for row in x), len(x), axes)
        scale = np.sqrt(variance).astype(np.float32)
        return Normalise(mean, np.where(scale == 0, np.float32(1), scale))

    def array(self, x: Numbers) -> Numbers:
        mean, scale = np.asarray(self.mean, np.float32), np.asarray(self.scale, np.float32)
        if not _broadcasts(mean.shape, x.shape[1:]) or not _broadcasts(scale.shape, x.shape[1:]):
            found = f"a mean of {mean.shape} and a scale of {scale.shape}"
            raise ShapeError(f"Normalise: {found} do not fit examples of {x.shape[1:]}")
        with np.errstate(over="ignore", under="ignore"):  # an infinity is refused by the Dataset
            return ((_floats(x) - mean) / scale).astype(np.float32, copy=False)


@dataclass(frozen=True)
class Flatten(Transform):
    """Each example becomes one row of numbers, in C order."""

    def array(self, x: Numbers) -> Numbers:
        return x.reshape(len(x), math.prod(x.shape[1:]))


@dataclass(frozen=True)
class Crop(Transform):
    """A rectangle of the last two axes.

    Args:
        height: rows that are kept.
        width: columns that are kept.
        top: the first row; None: as many are left out above as below, or one fewer.
        left: the first column; None: likewise.

    ``array`` raises ShapeError where x has no such rectangle.
    """

    height: int
    width: int
    top: int | None = None
    left: int | None = None

    def array(self, x: Numbers) -> Numbers:
        if x.ndim < 3:
            raise ShapeError(f"Crop: x of shape {x.shape} has no rows and columns")
        rows = self._kept("rows", x.shape[-2], self.height, self.top)
        columns = self._kept("columns", x.shape[-1], self.width, self.left)
        return x[..., rows, columns]

    @staticmethod
    def _kept(what: str, there: int, kept: int, start: int | None) -> slice:
        first = (there - kept) // 2 if start is None else start
        if kept < 1 or first < 0 or first + kept > there:
            raise ShapeError(f"Crop: {kept} {what} from {first} on are not within {there} {what}")
        return slice(first, first + kept)


@dataclass(frozen=True)
class OneHot:
    """Labels y become float32 rows of one 1 and zeros; a label that is ignored becomes a row of zeros."""

    def __call__(self, dataset: Dataset) -> Dataset:
        """The dataset with y of shape (..., classes). Raises PayloadError where y holds no labels."""
        if dataset.classes is None or dataset.y is None:
            raise PayloadError(f"{dataset.name}: OneHot needs labels: give the number of classes")
        y = (dataset.y[..., np.newaxis] == np.arange(dataset.classes)).astype(np.float32)
        return replace(dataset, y=y, classes=None, ignore=None)


@dataclass(frozen=True)
class Compose:
    """Transforms one after the other.

    Args:
        transforms: the first to act comes first.
    """

    transforms: tuple[Callable[[Dataset], Dataset], ...]

    def __call__(self, dataset: Dataset) -> Dataset:
        """What the last one gives. Raises as they do."""
        for transform in self.transforms:
            dataset = transform(dataset)
        return dataset


def _floats(x: Numbers) -> npt.NDArray[np.float32]:
    """x in float32. Raises PayloadError for an integer that binary32 cannot hold."""
    if x.dtype == np.int64 and ((x > _EXACT) | (x < -_EXACT)).any():
        raise PayloadError("Normalise: x holds integers beyond 2**24, which binary32 would round")
    return x.astype(np.float32, copy=False)


def _mean(rows: Iterable[npt.NDArray[np.float64]], count: int, axes: tuple[int, ...]) -> npt.NDArray[np.float64]:
    """The mean of ``count`` rows, and over these axes of a row, which stay with length 1: one addition after another."""
    total = np.asarray(reduce(np.add, rows), np.float64)
    kept = [axis for axis in range(total.ndim) if axis not in axes]
    pooled = total.transpose(*kept, *axes).reshape(*(total.shape[axis] for axis in kept), -1)
    summed = np.add.accumulate(pooled, axis=-1)[..., -1]
    return np.asarray(np.expand_dims(summed, axes) / (count * pooled.shape[-1]), np.float64)


def _broadcasts(shape: tuple[int, ...], to: tuple[int, ...]) -> bool:
    return len(shape) <= len(to) and all(a in (1, b) for a, b in zip(shape[::-1], to[::-1]))
