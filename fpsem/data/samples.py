"""Datasets that are made, not read: for examples and tests that need no download, the same bits on every machine.

All arithmetic is on integers, or + - * / of binary64, which IEEE 754 rounds correctly, rounded to binary32 at the end;
sines and cosines are sums of their series, not the library's. So nothing needs to be rounded to a coarse grid.

The one exception is the function that ``regression`` is given: its bits are its own.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from fpsem.core.errors import PayloadError, ShapeError
from fpsem.data.dataset import Dataset
from fpsem.rand import Key

_SERIES_TERMS = 10
"""Terms of sine and cosine at an angle of at most pi/4; the first left out is below 2**-68."""


def grid(low: Sequence[float], high: Sequence[float], counts: Sequence[int]) -> Dataset:
    """The points of a rectangle, its ends included, the last coordinate running fastest.

    Coordinate i of n is ((n - 1 - i) low + i high) / (n - 1) in binary64, so the ends are exact; of 1, it is low.

    Args:
        low: the lower end of each coordinate, rounded to binary32 first.
        high: the upper ends, likewise.
        counts: how many points along each coordinate, at least 1.

    Returns:
        x: float32 (product of counts, coordinates); no y.

    Raises:
        ShapeError: the three do not have one length, which is at least 1.
        PayloadError: a count is below 1, or an end is not finite.
    """
    if not len(low) == len(high) == len(counts) >= 1:
        raise ShapeError(f"grid: {len(low)} lower ends, {len(high)} upper ends and {len(counts)} counts")
    _at_least(1, "grid: counts", min(counts))
    with np.errstate(over="ignore"):
        lows, highs = (np.array(ends, np.float32).astype(np.float64) for ends in (low, high))
    if not np.isfinite([lows, highs]).all():
        raise PayloadError(f"grid: finite ends expected, not {tuple(low)} and {tuple(high)}")
    axes = []
    for start, stop, n in zip(lows, highs, counts):
        i = np.arange(n, dtype=np.float64)
        axes.append((((n - 1 - i) * start + i * stop) / (n - 1) if n > 1 else np.array([start])).astype(np.float32))
    points = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
    return Dataset(points.reshape(-1, len(axes)), name="grid")


def regression(
    function: Callable[[npt.NDArray[np.float32]], npt.NDArray[np.float32]],
    count: int,
    key: Key,
    low: float = -1.0,
    high: float = 1.0,
    features: int = 1,
    noise: float = 0.0,
) -> Dataset:
    """Points drawn uniformly, and a function of them with normal noise.

    Args:
        function: float32 (count, features) to float32 (count, ...). With + - * / of numpy its bits are the same everywhere;
            with numpy's sin, exp and the like they may not be.
        count: how many points, at least 1.
        key: what points and noise are drawn from.
        low: the lower end of every feature.
        high: the upper end, not drawn itself.
        features: how many, at least 1.
        noise: the standard deviation of what is added to y.

    Returns:
        x: float32 (count, features); y: float32 (count, ...).

    Raises:
        PayloadError: the function's value is not float32 with ``count`` rows, or not finite; or an argument is out of range.
    """
    _at_least(1, "regression: a count", count)
    _at_least(1, "regression: a number of features", features)
    x = key.split("x").uniform((count, features), low, high)
    y = np.asarray(function(x))
    if y.dtype != np.float32 or y.shape[:1] != (count,):
        raise PayloadError(f"regression: the function gave {y.dtype} of shape {y.shape}, expected float32 ({count}, ...)")
    return Dataset(x, _noisy(y.astype(np.float64), noise, key), name="regression")


def banded_images(count: int, key: Key, size: int = 8, noise: float = 0.0) -> Dataset:
    """Small images of bands, light and dark in turn: 0 horizontal, 1 vertical, 2 diagonal.

    Bands are 1 to size/4 + 1 pixels wide and start anywhere; pixels are 0 or 1 before the noise.

    Args:
        count: how many images, at least 1; labels come in turn.
        key: what widths, starts and noise are drawn from.
        size: rows, and columns, at least 2.
        noise: the standard deviation of what is added to each pixel.

    Returns:
        x: float32 (count, 1, size, size); y: int64 labels of 3 classes.

    Raises:
        PayloadError: an argument is out of range.
    """
    _at_least(1, "banded_images: a count", count)
    _at_least(2, "banded_images: a size", size)
    y = np.arange(count, dtype=np.int64) % 3
    width = 1 + key.split("width").below(size // 4 + 1, count)
    start = key.split("start").below(2 * size, count)
    row, column = np.indices((size, size))
    places = np.stack([row, column, row + column])[y]
    pixels = (places + start[:, np.newaxis, np.newaxis]) // width[:, np.newaxis, np.newaxis] % 2
    x = _noisy(pixels[:, np.newaxis].astype(np.float64), noise, key)
    return Dataset(x, y, classes=3, name="banded_images")


def spirals(count: int, key: Key, arms: int = 2, turns: float = 1.0, noise: float = 0.0) -> Dataset:
    """Points of interleaved spirals around 0 in the unit circle; the label is the arm.

    A point at the fraction t of its arm, drawn uniformly, is t (cos a, sin a) with a = t turns + arm / arms in full turns.

    Args:
        count: how many points, at least 1; labels come in turn.
        key: what the points and noise are drawn from.
        arms: how many, at least 1.
        turns: how many times an arm goes around, at most 1000.
        noise: the standard deviation of what is added to each coordinate.

    Returns:
        x: float32 (count, 2); y: int64 labels of ``arms`` classes.

    Raises:
        PayloadError: an argument is out of range.
    """
    _at_least(1, "spirals: a count", count)
    _at_least(1, "spirals: a number of arms", arms)
    if not abs(turns) <= 1000:
        raise PayloadError(f"spirals: {turns} turns, expected at most 1000")
    y = np.arange(count, dtype=np.int64) % arms
    t = key.split("x").uniform((count,)).astype(np.float64)
    points = t[:, np.newaxis] * _on_circle(t * turns + y / arms)
    return Dataset(_noisy(points, noise, key), y, classes=arms, name="spirals")


def _on_circle(turns: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The points (cos, sin) of angles in full turns, of shape (n, 2), to a few units of 2**-53, by + - * / alone."""
    quarters = np.rint(4.0 * turns)
    angle = (turns - 0.25 * quarters) * math.tau
    square, cosine, sine = angle * angle, np.zeros_like(angle), np.zeros_like(angle)
    for k in reversed(range(_SERIES_TERMS)):
        cosine = 1.0 - cosine * square / ((2 * k + 1) * (2 * k + 2))
        sine = 1.0 - sine * square / ((2 * k + 2) * (2 * k + 3))
    sine = sine * angle
    first = np.stack([cosine, sine], axis=-1)
    second = np.stack([-sine, cosine], axis=-1)
    quarter = quarters.astype(np.int64)[:, np.newaxis] % 4
    return np.where(quarter % 2 == 0, first, second) * np.where(quarter < 2, 1.0, -1.0)


def _noisy(exact: npt.NDArray[np.float64], noise: float, key: Key) -> npt.NDArray[np.float32]:
    """The numbers plus noise, rounded to binary32 once after a product and a sum in binary64."""
    if not 0 <= noise < math.inf:
        raise PayloadError(f"noise has a standard deviation of at least 0, not {noise}")
    drawn = key.split("noise").normal(exact.shape).astype(np.float64) if noise else 0.0
    with np.errstate(over="ignore"):  # an infinity is refused by the Dataset
        return (exact + noise * drawn).astype(np.float32)


def _at_least(least: int, what: str, number: int) -> None:
    if number < least:
        raise PayloadError(f"{what} of at least {least} expected, not {number}")
