"""Examples as a value: checked arrays with one leading axis, and what is made of them by choosing rows.

A Dataset that exists is sound: x and y are of the stated dtypes and of one length, every number is finite, every label
names a class. Its arrays are read-only views, so nobody changes rows through it; whoever keeps a writable array that was
given to it can still break that promise.

Not here: lazy or streamed data. Rows live in memory, or behind a ``numpy.memmap``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from fpsem.core.errors import PayloadError
from fpsem.rand import Key

Numbers = npt.NDArray[np.float32] | npt.NDArray[np.int64]
"""What x and y hold: binary32 numbers, or integers (ids, labels)."""

_DTYPES = (np.dtype(np.float32), np.dtype(np.int64))


@dataclass(frozen=True, eq=False)
class Dataset:
    """Examples: x, and what is to be said of each where that is known.

    Args:
        x: float32 or int64 of shape (n, ...): one example along the first axis.
        y: float32 or int64 of shape (n, ...), or None.
        classes: where y holds labels: how many classes there are; y is then int64 of 0 .. classes - 1.
        ignore: a further label that stands for "leave this one out", such as -100.
        name: what messages call it, a file's path for one that was read.

    Raises:
        PayloadError: an array is of another dtype or length, or holds a number that is not finite or a label of no class;
            the message gives its index.
    """

    x: Numbers
    y: Numbers | None = None
    classes: int | None = None
    ignore: int | None = None
    name: str = "dataset"

    def __post_init__(self) -> None:
        object.__setattr__(self, "x", self._checked("x", self.x))
        if self.y is not None:
            object.__setattr__(self, "y", self._checked("y", self.y))
            if len(self.y) != len(self.x):
                raise PayloadError(f"{self.name}: x has {len(self.x)} examples, y has {len(self.y)}")
        if self.classes is not None:
            self._check_labels(self.classes)
        elif self.ignore is not None:
            raise PayloadError(f"{self.name}: ignore={self.ignore} needs labels: give the number of classes")

    def __len__(self) -> int:
        return len(self.x)

    def __getitem__(self, rows: slice | npt.ArrayLike) -> Dataset:
        """Those rows: a slice, an array of indices (from -n to n - 1), or of one bool for each row.

        Raises:
            PayloadError: anything else; a single index too, since a Dataset has no single rows: take ``[i:i + 1]``.
        """
        chosen = rows if isinstance(rows, slice) else self._indices(rows)
        return replace(self, x=self.x[chosen], y=None if self.y is None else self.y[chosen])

    def split(self, part: float | int, key: Key) -> tuple[Dataset, Dataset]:
        """Two datasets that share out the rows, drawn at random.

        Args:
            part: how many rows the first has, an int; or a float of (0, 1), which times the length is rounded to nearest.
            key: what the rows are drawn from.

        Raises:
            PayloadError: one of the two would have no rows.
        """
        count = round(part * len(self)) if isinstance(part, float) else part
        if not 0 < count < len(self):
            raise PayloadError(f"{self.name}: a split by {part} of {len(self)} rows leaves one side empty")
        order = key.permutation(len(self))
        return self[order[:count]], self[order[count:]]

    def shuffled(self, key: Key) -> Dataset:
        """The same rows in a random order."""
        return self[key.permutation(len(self))]

    def map(self, transform: Callable[[Dataset], Dataset]) -> Dataset:
        """What the transform makes of it. See ``fpsem.data.transforms``."""
        return transform(self)

    # -- checks --------------------------------------------------------------------------------------------------

    def _checked(self, which: str, array: Any) -> Numbers:
        """A read-only view of the array."""
        if not isinstance(array, np.ndarray) or array.dtype not in _DTYPES:
            found = f"dtype {array.dtype}" if isinstance(array, np.ndarray) else f"a {type(array).__name__}"
            remedy = "an array of float32 (round it yourself: .astype(numpy.float32)) or int64"
            raise PayloadError(f"{self.name}: {which} is {found}, expected {remedy}")
        if array.ndim == 0:
            raise PayloadError(f"{self.name}: {which} is one number, expected an array with an axis of examples")
        if not np.isfinite(array).all():
            at = _first(~np.isfinite(array))
            raise PayloadError(f"{self.name}: {which}{list(at)} is {array[at]}, expected a finite number")
        view = array.view()
        view.flags.writeable = False
        return view

    def _check_labels(self, classes: int) -> None:
        y = self.y
        if y is None or y.dtype != np.int64:
            found = "there is no y" if y is None else f"y has dtype {y.dtype}"
            raise PayloadError(f"{self.name}: {found}, expected int64 labels of {classes} classes")
        if classes < 1:
            raise PayloadError(f"{self.name}: {classes} classes, expected at least 1")
        bad = (y < 0) | (y >= classes)
        bad = bad if self.ignore is None else bad & (y != self.ignore)
        if bad.any():
            at, also = _first(bad), "" if self.ignore is None else f" or {self.ignore}"
            raise PayloadError(f"{self.name}: label y{list(at)} is {y[at]}, expected 0 to {classes - 1}{also}")

    def _indices(self, rows: Any) -> npt.NDArray[Any]:
        """Row indices, or one bool for each row."""
        chosen = np.asarray(rows)
        chosen = chosen.astype(np.int64) if chosen.size == 0 else chosen
        whole = chosen.dtype.kind in "iu" and bool(((chosen >= -len(self)) & (chosen < len(self))).all())
        if chosen.ndim == 1 and (whole or (chosen.dtype == bool and len(chosen) == len(self))):
            return chosen
        asked = str(rows) if chosen.ndim == 0 else f"{chosen.dtype} of shape {chosen.shape}"
        raise PayloadError(
            f"{self.name}: rows are chosen by a slice, one bool for each, or indices below {len(self)}, not by {asked}"
        )


def _first(bad: npt.NDArray[np.bool_]) -> tuple[int, ...]:
    """The index of the first True."""
    return tuple(int(i) for i in np.unravel_index(int(np.argmax(bad)), bad.shape))
