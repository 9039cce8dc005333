"""A batch is a function of its step, and an epoch gives each row once."""

from __future__ import annotations

import pickle
from itertools import chain, islice
from typing import Any

import numpy as np
import pytest

from fpsem import rand
from fpsem.core.errors import PayloadError
from fpsem.data import Dataset, Loader, batches

ROWS = np.arange(10, dtype=np.int64)
DATA = Dataset(ROWS[:, np.newaxis].astype(np.float32), ROWS, name="ten")
KEY = rand.key(0)


def seen(loader: Loader, steps: Any) -> list[list[int]]:
    return [loader.batch(step)[1].tolist() for step in steps]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("size", "drop_last", "lengths"),
    [(3, True, [3, 3, 3]), (3, False, [3, 3, 3, 1]), (5, False, [5, 5]), (99, False, [10])],
)
def test_an_epoch_gives_each_row_at_most_once(size: int, drop_last: bool, lengths: list[int]) -> None:
    loader = Loader(DATA, size, KEY, drop_last)
    for epoch in range(3):
        n = loader.batches_per_epoch
        found = seen(loader, range(epoch * n, epoch * n + n))
        assert [len(rows) for rows in found] == lengths
        assert sorted(chain(*found)) == sorted(KEY.split(epoch).permutation(10)[: sum(lengths)].tolist())


def test_a_batch_does_not_depend_on_those_before() -> None:
    in_order = seen(Loader(DATA, 3, KEY), range(20))
    backwards = seen(Loader(DATA, 3, KEY), reversed(range(20)))
    resumed = [y.tolist() for _, y in islice(Loader(DATA, 3, KEY).steps(7), 13)]  # type: ignore[union-attr]
    assert in_order == backwards[::-1]
    assert resumed == in_order[7:]


def test_epochs_and_keys_have_orders_of_their_own() -> None:
    orders = [seen(Loader(DATA, 10, key), [step])[0] for key in (KEY, rand.key(1)) for step in range(3)]
    assert len(set(map(tuple, orders))) == 6


def test_without_a_key_the_order_is_that_of_the_dataset() -> None:
    assert seen(Loader(DATA, 4, None, drop_last=False), range(4)) == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9], [0, 1, 2, 3]]


def test_x_and_y_belong_together() -> None:
    for x, y in batches(DATA, 3, KEY, epoch=2):
        assert x.ravel().tolist() == y.tolist()  # type: ignore[union-attr]


def test_the_batches_of_an_epoch_are_those_of_the_loader() -> None:
    found = [y.tolist() for _, y in batches(DATA, 4, KEY, epoch=3, drop_last=False)]  # type: ignore[union-attr]
    assert found == seen(Loader(DATA, 4, KEY, drop_last=False), range(9, 12))


def test_a_dataset_without_y_gives_none() -> None:
    assert Loader(Dataset(DATA.x), 2, KEY).batch(0)[1] is None


def test_changing_a_batch_changes_nothing_else() -> None:
    loader = Loader(DATA, 3, KEY)
    x, y = loader.batch(0)
    before = seen(loader, [0])
    x[:] = 0
    y[:] = 0  # type: ignore[index]
    assert seen(loader, [0]) == before
    with pytest.raises(ValueError, match="read-only"):
        loader.rows(0)[:] = 0


def test_a_loader_can_be_sent_elsewhere() -> None:
    loader = Loader(DATA, 3, KEY)
    first = seen(loader, range(5))
    assert seen(pickle.loads(pickle.dumps(loader)), range(5)) == first


@pytest.mark.parametrize(
    ("rows", "size", "told"),
    [(10, 0, "at least 1 row, not 0"), (10, 11, "10 rows give no batch of 11: take a smaller"), (0, 1, "nothing to load")],
)
def test_a_loader_without_batches_is_refused(rows: int, size: int, told: str) -> None:
    with pytest.raises(PayloadError, match=f"ten: .*{told}"):
        Loader(DATA[:rows], size, KEY)
    with pytest.raises(PayloadError, match=told):
        batches(DATA[:rows], size, KEY)


def test_a_negative_step_is_refused() -> None:
    with pytest.raises(PayloadError, match="counted from 0, not -1"):
        Loader(DATA, 3, KEY).batch(-1)
