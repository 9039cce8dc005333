"""Batches without end, each a pure function of its step: a run that resumes at step n sees what it would have seen.

Epoch e goes through the rows in the order ``key.split(e).permutation(n)``. Step s is batch ``s mod batches_per_epoch`` of epoch
``s div batches_per_epoch``. A checkpoint needs the step and the key, nothing else.

Not here: threads, prefetching, weights of examples.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count

import numpy as np
import numpy.typing as npt

from fpsem.core.errors import PayloadError
from fpsem.data.dataset import Dataset, Numbers
from fpsem.rand import Key

Batch = tuple[Numbers, Numbers | None]
"""x and y of some rows: arrays of their own."""


@dataclass(frozen=True, eq=False)
class Loader:
    """The batches of a dataset.

    Args:
        dataset: the examples.
        batch_size: rows of a batch, at least 1.
        key: what the order of each epoch is drawn from; None: every epoch has the order of the dataset.
        drop_last: whether rows that do not fill a batch are left out of the epoch; else they are a last, short batch.

    Raises:
        PayloadError: there is no batch.
    """

    dataset: Dataset
    batch_size: int
    key: Key | None
    drop_last: bool = True
    _last: tuple[int, npt.NDArray[np.int64]] | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        if self.batch_size < 1:
            raise PayloadError(f"{self.dataset.name}: a batch has at least 1 row, not {self.batch_size}")
        if self.batches_per_epoch == 0:
            remedy = "take a smaller batch, or drop_last=False" if len(self.dataset) else "there is nothing to load"
            raise PayloadError(f"{self.dataset.name}: {len(self.dataset)} rows give no batch of {self.batch_size}: {remedy}")

    @property
    def batches_per_epoch(self) -> int:
        """How many batches there are between two new orders."""
        rows = len(self.dataset)
        return rows // self.batch_size if self.drop_last else -(-rows // self.batch_size)

    def rows(self, step: int) -> npt.NDArray[np.int64]:
        """The indices of the rows of a batch, read-only. Raises PayloadError for a negative step."""
        if step < 0:
            raise PayloadError(f"{self.dataset.name}: steps are counted from 0, not {step}")
        epoch, index = divmod(step, self.batches_per_epoch)
        return self._order(epoch)[index * self.batch_size : (index + 1) * self.batch_size]

    def batch(self, step: int) -> Batch:
        """x and y of a step, counted from 0. Raises PayloadError for a negative step."""
        rows, y = self.rows(step), self.dataset.y
        return self.dataset.x[rows], None if y is None else y[rows]

    def steps(self, start: int = 0) -> Iterator[Batch]:
        """The batches from a step on, without end."""
        return map(self.batch, count(start))

    def _order(self, epoch: int) -> npt.NDArray[np.int64]:
        """The order of an epoch. The last one asked for is kept, as one value, so that threads cannot see half of it."""
        last = self._last
        if last is None or last[0] != epoch:
            n = len(self.dataset)
            order = np.arange(n, dtype=np.int64) if self.key is None else self.key.split(epoch).permutation(n)
            order.flags.writeable = False
            last = (epoch, order)
            object.__setattr__(self, "_last", last)
        return last[1]


def batches(
    dataset: Dataset, batch_size: int, key: Key | None = None, epoch: int = 0, drop_last: bool = True
) -> Iterator[Batch]:
    """The batches of one epoch: those of a Loader with the same arguments. Raises PayloadError as it does."""
    loader = Loader(dataset, batch_size, key, drop_last)
    first = epoch * loader.batches_per_epoch
    return map(loader.batch, range(first, first + loader.batches_per_epoch))
