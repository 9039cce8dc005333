"""Starting parameters: the same bits everywhere, and of the stated distribution."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from fpsem import nn
from fpsem.nn.random import uniform

MODEL = nn.Sequential(nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 10))

GOLDEN = {
    0: "20cea7987cf2b1885ee0965cc436c6c2f9c1fe2632842d3ca3bb1d23987b0fae",
    1: "865be72a17ca09b0c3514b3227d9a11837afee279724e8279a4452534f488df1",
}
"""SHA-256 of the little-endian bytes of all parameters in order; a change here changes every model in the world."""


@pytest.mark.parametrize("seed", GOLDEN)
def test_the_bits_are_those_they_have_always_been(seed: int) -> None:
    data = b"".join(array.astype("<f4").tobytes() for array in MODEL.init(seed).values())
    assert hashlib.sha256(data).hexdigest() == GOLDEN[seed]


def test_the_first_words_follow_the_definition() -> None:
    key = int.from_bytes(hashlib.sha256(b"5:w").digest()[:16], "little")
    word = int(np.random.Philox(counter=0, key=key).random_raw())
    expected = [np.float32(((part >> 8) - 2**23) / 2**23) for part in (word & 0xFFFFFFFF, word >> 32)]
    assert uniform(5, "w", (2,), 1.0).tolist() == expected


def test_parameters_are_float32_of_the_declared_shapes() -> None:
    params = MODEL.init()
    assert {name: array.shape for name, array in params.items()} == MODEL.parameters()
    assert {array.dtype for array in params.values()} == {np.dtype(np.float32)}


def test_seeds_and_names_give_streams_of_their_own() -> None:
    draws = [uniform(seed, name, (64,), 1.0) for seed, name in [(0, "a"), (1, "a"), (0, "b"), (-1, "a"), (2**80, "a")]]
    assert len({draw.tobytes() for draw in draws}) == len(draws)


def test_a_longer_tensor_starts_with_the_shorter_one() -> None:
    assert np.array_equal(uniform(0, "a", (7,), 1.0), uniform(0, "a", (3, 3), 1.0).ravel()[:7])


def test_numbers_are_uniform_over_the_bound() -> None:
    bound = np.float32(1 / 28)
    weight = MODEL.init()["0.weight"]
    assert weight.min() >= -bound
    assert weight.max() < bound
    counts = np.histogram(weight, bins=16, range=(-bound, bound))[0] / weight.size
    assert np.abs(counts - 1 / 16).max() < 0.002
