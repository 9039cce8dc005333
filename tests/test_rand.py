"""Keyed random streams: the same bits everywhere, and of the stated distribution."""

from __future__ import annotations

import hashlib
import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fpsem import nn, rand
from fpsem.core.errors import FileFormatError, PayloadError
from fpsem.rand import Key

MODEL = nn.Sequential(nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 10))

GOLDEN = {
    0: "20cea7987cf2b1885ee0965cc436c6c2f9c1fe2632842d3ca3bb1d23987b0fae",
    1: "865be72a17ca09b0c3514b3227d9a11837afee279724e8279a4452534f488df1",
}
"""SHA-256 of the little-endian bytes of all parameters in order; a change here changes every model in the world."""

KEY = rand.key(5).split("test")

DRAWS = {
    "words": KEY.words(101),
    "uniform": KEY.uniform((11, 3), -0.1, 3.7),
    "below": KEY.below(3 << 61, 101),
    "permutation": KEY.permutation(101),
    "mask": KEY.mask((101,), 0.3),
    "normal": KEY.normal((101, 7)),
    "nested": KEY.split(7).split("a").words(4),
}

PINNED = {
    "words": "425aea7d9a224321",
    "uniform": "3ab339940c81c1ac",
    "below": "177383022e0acd09",
    "permutation": "19dc21a4287e795f",
    "mask": "b8ff64edbd4093ff",
    "normal": "e9b1b840ec0a17c8",
    "nested": "59ee0a6575df91e9",
}
"""SHA-256 of the little-endian bytes of each draw, in 16 digits; a change here changes every run in the world."""


def digest(array: Any) -> str:
    return hashlib.sha256(array.astype(array.dtype.newbyteorder("<")).tobytes()).hexdigest()[:16]


class TestBits:
    @pytest.mark.parametrize("seed", GOLDEN)
    def test_parameters_start_as_they_always_have(self, seed: int) -> None:
        data = b"".join(array.astype("<f4").tobytes() for array in MODEL.init(seed).values())
        assert hashlib.sha256(data).hexdigest() == GOLDEN[seed]

    @pytest.mark.parametrize("name", DRAWS)
    def test_draws_are_as_they_always_have_been(self, name: str) -> None:
        assert digest(DRAWS[name]) == PINNED[name]

    def test_the_first_words_follow_the_definition(self) -> None:
        value = int.from_bytes(hashlib.sha256(b"5:w").digest()[:16], "little")
        word = int(np.random.Philox(counter=0, key=value).random_raw())
        halves = [word & 0xFFFFFFFF, word >> 32]
        key = rand.key(5).split("w")
        assert key.words(2).tolist() == halves
        assert key.uniform((2,), -1.0, 1.0).tolist() == [((half >> 8) - 2**23) / 2**23 for half in halves]

    def test_a_grandchild_follows_the_definition(self) -> None:
        child = hashlib.sha256(b"5:w").digest()[15::-1].hex()
        assert rand.key(5).split("w").text == f"x{child}"
        grandchild = int.from_bytes(hashlib.sha256(f"x{child}#3".encode()).digest()[:16], "little")
        assert rand.key(5).split("w").split(3).value == grandchild

    def test_a_draw_is_a_function_of_its_key(self) -> None:
        key = rand.key(1)
        first = key.words(5)
        key.normal((100,))
        assert np.array_equal(key.words(5), first)

    @pytest.mark.parametrize(
        "draw", [Key.words, lambda k, n: k.uniform((n,)), lambda k, n: k.below(3 << 61, n), lambda k, n: k.normal((n,))]
    )
    def test_a_longer_draw_starts_with_the_shorter_one(self, draw: Any) -> None:
        longest = draw(KEY, 200)
        assert all(np.array_equal(draw(KEY, n), longest[:n]) for n in (0, 1, 2, 3, 7, 8, 63, 199))


class TestKeys:
    def test_children_are_told_apart_by_name_kind_and_parent(self) -> None:
        parents = [rand.key(0), rand.key(1), rand.key(-1), rand.key(10), rand.key(2**80), rand.key(0).split("a")]
        keys = parents + [p.split(name) for p in parents for name in ("b", "0", 0, 1, -1, "", ":a", "#0", "a:b", "0:a")]
        keys += [rand.key(0).split("b").split("a"), rand.key(0).split(0).split(0), rand.key(0).split("0").split(0)]
        assert len(set(keys)) == len(keys)
        assert len({key.value for key in keys}) == len(keys)
        assert len({key.words(4).tobytes() for key in keys}) == len(keys)

    def test_a_key_comes_back_from_json(self) -> None:
        for key in (rand.key(-3), rand.key(0).split("a")):
            assert Key.from_json(key.to_json()) == key

    @pytest.mark.parametrize("data", ["", "05", "-0", "x12", "x" + "G" * 32, "5:w", "٣", "5\n", 5, None, ["5"], "9" * 1001])
    def test_what_is_no_key_is_refused(self, data: Any) -> None:
        with pytest.raises(FileFormatError, match="a key is a decimal seed or x and 32"):
            Key.from_json(data)

    def test_a_key_prints_shortly(self) -> None:
        assert repr(rand.key(7)) == "Key(text='7')"
        assert len(repr(KEY)) < 50

    def test_a_seed_is_an_integer(self) -> None:
        assert rand.key(np.int64(3)) == rand.key(3)
        with pytest.raises(TypeError):
            rand.key(0.5)  # type: ignore[arg-type]


class TestUniform:
    def test_numbers_are_uniform_over_the_bound(self) -> None:
        bound = np.float32(1 / 28)
        weight = MODEL.init()["0.weight"]
        assert weight.min() >= -bound
        assert weight.max() < bound
        counts = np.histogram(weight, bins=16, range=(-bound, bound))[0] / weight.size
        assert np.abs(counts - 1 / 16).max() < 0.002

    def test_parameters_are_float32_of_the_declared_shapes(self) -> None:
        params = MODEL.init()
        assert {name: array.shape for name, array in params.items()} == MODEL.parameters()
        assert {array.dtype for array in params.values()} == {np.dtype(np.float32)}

    @given(st.floats(2.0**-126, 2.0**100, width=32))
    def test_a_symmetric_range_rounds_once(self, bound: float) -> None:
        units = [Fraction(int(word >> 8) - 2**23, 2**23) for word in KEY.words(20)]
        exact = [float(np.float32(float(unit * Fraction(bound)))) for unit in units]
        assert KEY.uniform((20,), -bound, bound).tolist() == exact

    def test_a_number_that_would_round_up_to_the_end_stays_below(self) -> None:
        drawn = KEY.uniform((1000,), 1.0, np.nextafter(np.float32(1), np.float32(2)))
        assert set(drawn.tolist()) == {1.0}
        assert set(KEY.uniform((9,), 2.0, 2.0).tolist()) == {2.0}
        assert not np.signbit(KEY.uniform((9,), -0.0, 0.0)).any()

    @pytest.mark.parametrize(("low", "high"), [(1, 0), (math.nan, 1), (0, math.inf), (0, 1e39)])
    def test_ends_that_bound_nothing_are_refused(self, low: float, high: float) -> None:
        with pytest.raises(PayloadError, match="finite ends with low <= high"):
            KEY.uniform((2,), low, high)


class TestBelow:
    def test_words_beyond_the_last_multiple_are_left_out(self) -> None:
        n = 3 << 61  # a quarter of the words is beyond
        halves = KEY.words(4000).astype(object)
        wide = [int(low) + (int(high) << 32) for low, high in zip(halves[::2], halves[1::2])]
        kept = [word % n for word in wide if word < (2**64 // n) * n]
        assert len(kept) < 1600
        assert KEY.below(n, 1000).tolist() == kept[:1000]

    @pytest.mark.parametrize("n", [1, 2, 3, 10, 2**63])
    def test_integers_are_within_their_range(self, n: int) -> None:
        drawn = KEY.below(n, 1000)
        assert drawn.dtype == np.int64
        assert drawn.min() >= 0
        assert int(drawn.max()) < n

    def test_each_integer_is_as_likely(self) -> None:
        assert np.abs(np.bincount(KEY.below(7, 70_000)) - 10_000).max() < 400

    @pytest.mark.parametrize("n", [0, -1, 2**63 + 1])
    def test_a_range_that_is_none_is_refused(self, n: int) -> None:
        with pytest.raises(PayloadError, match="from 1 to"):
            KEY.below(n, 1)


class TestPermutation:
    def test_equal_words_stay_in_place(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(Key, "_wide", lambda key, count: np.arange(count, dtype=np.uint64)[::-1] // np.uint64(40))
        assert KEY.permutation(100).tolist() == [*range(60, 100), *range(20, 60), *range(20)]

    @pytest.mark.parametrize("n", [0, 1, 2, 1000])
    def test_each_index_comes_once(self, n: int) -> None:
        drawn = KEY.permutation(n)
        assert drawn.dtype == np.int64
        assert sorted(drawn.tolist()) == list(range(n))

    def test_every_order_of_three_is_as_likely(self) -> None:
        orders = [tuple(KEY.split(i).permutation(3).tolist()) for i in range(3000)]
        assert len(set(orders)) == 6
        assert all(abs(orders.count(order) - 500) < 100 for order in set(orders))


class TestMask:
    @pytest.mark.parametrize("keep", [0.0, 2.0**-33, 0.25, 0.9, 1.0 - 2.0**-33, 1.0])
    def test_the_threshold_is_exact(self, keep: float) -> None:
        threshold = math.floor(Fraction(keep) * 2**32)
        expected = [float(int(word) < threshold) for word in KEY.words(500)]
        mask = KEY.mask((20, 25), keep)
        assert (mask.dtype, mask.shape) == (np.float32, (20, 25))
        assert mask.ravel().tolist() == expected

    def test_the_threshold_is_rounded_down(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(Key, "words", lambda key, count: np.arange(count, dtype=np.uint32))
        assert KEY.mask((4,), 2.75 * 2.0**-32).tolist() == [1, 1, 0, 0]

    def test_the_ends_keep_all_and_nothing(self) -> None:
        assert KEY.mask((1000,), 1.0).all()
        assert not KEY.mask((1000,), 0.0).any()

    @pytest.mark.parametrize("keep", [-0.1, 1.1, math.nan])
    def test_what_is_no_fraction_is_refused(self, keep: float) -> None:
        with pytest.raises(PayloadError, match="a fraction from 0 to 1"):
            KEY.mask((1,), keep)


class TestNormal:
    def test_the_distribution_is_the_standard_normal(self) -> None:
        drawn = np.sort(KEY.normal((200, 500)).ravel().astype(np.float64))
        expected = [0.5 * (1 + math.erf(x / math.sqrt(2))) for x in drawn[::100]]
        reached = np.arange(0, drawn.size, 100) / drawn.size
        assert np.abs(np.array(expected) - reached).max() < 0.005  # Kolmogorov and Smirnov: 1.63 / sqrt(n) at 1 percent
        assert abs(drawn.mean()) < 0.015
        assert abs(drawn.std() - 1) < 0.01

    def test_neighbours_are_not_correlated(self) -> None:
        drawn = KEY.normal((100_000,))
        assert abs(np.corrcoef(drawn[::2], drawn[1::2])[0, 1]) < 0.015
        assert abs(np.corrcoef(drawn[:-2], drawn[2:])[0, 1]) < 0.015

    @given(st.lists(st.floats(2.0**-64, 1.0), min_size=1, max_size=50))
    def test_its_logarithm_is_that_of_the_library_to_a_few_units(self, xs: list[float]) -> None:
        for found, x in zip(rand._log(np.array(xs)).tolist(), xs):
            assert abs(found - math.log(x)) <= 4 * math.ulp(math.log(x))

    def test_the_least_point_gives_a_finite_number(self) -> None:
        points = np.array([2**31, 2**31, 0, 0, 0, 2**31 + 2**28, 2**31 - 1, 2**31], np.uint32)
        found = rand._polar(points)
        assert found.shape == (2, 2)  # the two in the middle lie outside the circle
        assert np.isfinite(found).all()
        assert abs(found).max() < 9.4


@pytest.mark.parametrize(
    "draw",
    [KEY.words, KEY.permutation, lambda n: KEY.normal((n,)), lambda n: KEY.below(3, n), lambda n: KEY.mask((2, n), 1)],
)
def test_a_negative_size_is_refused(draw: Any) -> None:
    with pytest.raises(PayloadError, match="at least 0"):
        draw(-1)
