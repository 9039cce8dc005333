"""The fast path gives what Ziv's loop gives, and its stated error bound holds."""

from __future__ import annotations

from fractions import Fraction

import flint
import numpy as np
import pytest

from fpsem.core.formats import BINARY32
from fpsem.core.protocol import ELEMENTARY
from fpsem.core.rounding import Rounding
from fpsem.softfloat.elementary import fast
from fpsem.softfloat.elementary.fast import correctly_rounded
from fpsem.softfloat.elementary.ziv import elementary_bits
from fpsem.testing.operands import corner_codes

QUICK = ("exp", "log")
HALF = 1 << 31


def arguments(name: str, count: int, seed: int = 0) -> np.ndarray:
    """Codes where the function is neither 0 nor infinite, corners, and codes of all kinds."""
    rng = np.random.default_rng(seed)
    inside = rng.uniform(-104, 89, count) if name == "exp" else np.exp(rng.uniform(-103, 88, count))
    near = rng.normal(0 if name == "exp" else 1, 2.0 ** rng.integers(-30, 1, count))
    floats = np.concatenate([inside, near]).astype(np.float32)
    corners = np.array(corner_codes(BINARY32), np.uint32)
    return np.concatenate([floats.view(np.uint32), corners, rng.integers(0, 1 << 32, count, dtype=np.uint32)])


@pytest.mark.parametrize("name", QUICK)
def test_it_gives_the_bits_of_zivs_loop(name: str) -> None:
    codes = arguments(name, 4000)
    assert np.array_equal(correctly_rounded(name, codes), elementary_bits(name, codes, BINARY32))


def test_arguments_that_binary64_alone_would_misround_are_rounded_correctly() -> None:
    """All five of them, found by going through every code; exp has none."""
    codes = np.array([0x3C413D3A, 0x41178FEB, 0x4C5D65A5, 0x65D890D3, 0x6F31A8EC], np.uint32)
    true = elementary_bits("log", codes, BINARY32)
    assert np.array_equal(correctly_rounded("log", codes), true)
    plain = fast._QUICK["log"](codes.view(np.float32).astype(np.float64)).astype(np.float32)
    assert (plain.view(np.uint32) != true).all()


@pytest.mark.parametrize("name", QUICK)
def test_the_error_in_binary64_is_below_the_stated_bound(name: str) -> None:
    with np.errstate(invalid="ignore"):
        x = arguments(name, 1500, seed=1).view(np.float32).astype(np.float64)
    x = x[(x > -109) & (x < 89)] if name == "exp" else x[(x > 0) & (x < np.inf) & (x != 1)]
    found = fast._QUICK[name](x)
    with flint.ctx.workprec(160):
        for argument, value in zip(x.tolist(), found.tolist(), strict=True):
            true = getattr(flint.arb(argument), name)()
            assert abs(flint.arb(value) - true) < abs(true) * 2.0**-47


def test_the_two_parts_of_ln_2_are_ln_2_to_90_bits() -> None:
    with flint.ctx.workprec(200):
        error = flint.arb(fast._HIGH) + flint.arb(fast._LOW) - flint.arb(2).log()
        assert abs(error) < flint.arb(2) ** -90
    assert Fraction(fast._HIGH) * 2**42 % 1 == 0


@pytest.mark.parametrize("name", QUICK)
def test_the_fast_path_decides_nearly_always(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(2)
    x = rng.uniform(-80, 80, 50_000) if name == "exp" else np.exp(rng.uniform(-80, 80, 50_000))
    asked: list[int] = []
    monkeypatch.setattr(fast, "elementary_bits", lambda n, codes, f: asked.append(len(codes)) or elementary_bits(n, codes, f))
    correctly_rounded(name, x.astype(np.float32).view(np.uint32))
    assert sum(asked) < 5


@pytest.mark.parametrize("direction", [d for d in Rounding if d is not Rounding.NEAREST_EVEN])
@pytest.mark.parametrize("name", QUICK)
def test_other_directions_are_zivs(name: str, direction: Rounding) -> None:
    codes = arguments(name, 20)
    assert np.array_equal(correctly_rounded(name, codes, direction), elementary_bits(name, codes, BINARY32, direction))


@pytest.mark.parametrize("name", [name for name in ELEMENTARY if name not in QUICK])
def test_other_functions_are_zivs(name: str) -> None:
    codes = np.array([0, HALF, 0x3F800000, 0x7F800000], np.uint32)
    assert np.array_equal(correctly_rounded(name, codes), elementary_bits(name, codes, BINARY32))


@pytest.mark.parametrize("shape", [(), (0,), (2, 3)])
def test_shapes_are_kept_and_the_operand_is_left_alone(shape: tuple[int, ...]) -> None:
    codes = np.full(shape, 0x7FC00000, np.uint32)
    before = codes.copy()
    assert correctly_rounded("exp", codes).shape == shape
    assert np.array_equal(codes, before)
