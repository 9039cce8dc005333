"""Datasets from files: arrays with labels, arrays with targets, tables.

Everything is checked before a row is used, and nothing is rounded in silence: integers become int64, which is exact;
float16 becomes float32, which is exact; float64 is refused. Decimals of a CSV file are rounded once, to nearest.

    images = data.labelled("images.npz", classes=10, x="images", y="labels")
    houses = data.tabular("houses.csv", target="price")
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fpsem.core.errors import PayloadError
from fpsem.data.arrays import read_arrays
from fpsem.data.dataset import Dataset, Numbers
from fpsem.data.table import read_table


def labelled(path: str | Path, classes: int, x: str = "x", y: str = "y", ignore: int | None = None) -> Dataset:
    """Examples with integer labels from a .npz file.

    Args:
        path: the file.
        classes: how many classes there are; labels are 0 to classes - 1.
        x: the name of the array of examples, (n, ...).
        y: the name of the array of labels, integers of shape (n, ...).
        ignore: see ``Dataset``.

    Raises:
        FileNotFoundError: there is no such file.
        FileFormatError: it cannot be read as arrays.
        PayloadError: an array is missing, empty, or not what a Dataset needs; the message names file, array and index.
    """
    return replace(supervised(path, x, y), classes=classes, ignore=ignore)


def supervised(path: str | Path, x: str = "x", y: str = "y") -> Dataset:
    """Examples with targets from a .npz file. Arguments and errors are those of ``labelled``."""
    arrays = read_arrays(path)
    return Dataset(_named(path, arrays, x), _named(path, arrays, y), name=str(path))


def unlabelled(path: str | Path, x: str = "") -> Dataset:
    """Examples alone: a .npy file, or the named array of a .npz file. Errors are those of ``labelled``."""
    return Dataset(_named(path, read_arrays(path), x), name=str(path))


def tabular(
    path: str | Path,
    target: str | int | Sequence[str | int] | None = None,
    classes: int | None = None,
    header: bool | None = None,
    delimiter: str = ",",
) -> Dataset:
    """Examples from a CSV file: a row is an example.

    Args:
        path: the file.
        target: the column of y, by name or index, or several columns; all the others are x, in order. None: there is no y.
        classes: where the target holds labels: how many classes there are.
        header: whether the first row names the columns; None: it does if some cell of it is no number.
        delimiter: one character between cells.

    Returns:
        x: float32 (rows, columns); y: float32 (rows, targets), or int64 labels (rows,).

    Raises:
        FileNotFoundError: there is no such file.
        FileFormatError: it is not a rectangular table of numbers; the message gives line and column.
        UnknownNameError: there is no such column.
        PayloadError: no column is left for x, there are several columns of labels, or a label is of no class.
    """
    table = read_table(path, header, delimiter)
    named = [] if target is None else [target] if isinstance(target, (str, int)) else target
    targets = [table.column(which) for which in named]
    features = [i for i in range(len(table.columns)) if i not in targets]
    if not features:
        raise PayloadError(f"{path}: every column is a target, none is left for x")
    if classes is not None and len(targets) != 1:
        raise PayloadError(f"{path}: labels are one column, not {len(targets)}")
    x, y = table.floats(features), None
    if targets:
        y = table.floats(targets) if classes is None else table.integers(targets)[:, 0]
    return Dataset(x, y, classes=classes, name=str(path))


def _named(path: str | Path, arrays: Mapping[str, npt.NDArray[Any]], name: str) -> Numbers:
    """The array of that name as float32 or int64."""
    if name not in arrays:
        held = f"its arrays are {', '.join(arrays) or 'none'}" if "" not in arrays else "it is one array"
        raise PayloadError(f"{path} has no array {name!r}: {held}")
    array = arrays[name]
    if array.size == 0:
        raise PayloadError(f"{path}: array {name!r} of shape {array.shape} is empty")
    if array.dtype.kind == "f" and array.dtype.itemsize <= 4:
        return array.astype(np.float32, copy=False)
    if array.dtype.kind not in "biu":
        remedy = "float32 (round it yourself: .astype(numpy.float32)) or integers"
        raise PayloadError(f"{path}: array {name!r} has dtype {array.dtype}, expected {remedy}")
    if array.dtype == np.uint64 and array.max() > np.iinfo(np.int64).max:
        raise PayloadError(f"{path}: array {name!r} holds {array.max()}, which is beyond 64 bits with a sign")
    return array.astype(np.int64, copy=False)
