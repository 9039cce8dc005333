"""The reference against the judge: random points and block ends of every function, special arguments, values, lemmas."""

from __future__ import annotations

import zlib

import flint
import numpy as np
import pytest

from fpsem.bridges.sweep import lemmas, trigonometric
from fpsem.bridges.sweep.brackets import SPECIAL, UNDECIDED
from fpsem.bridges.sweep.direct import direct
from fpsem.bridges.sweep.pieces import BINADE, TARGET, evaluate, pieces
from fpsem.bridges.sweep.reference import CHUNK, judged, reference, runs
from fpsem.bridges.sweep.series import coefficients
from fpsem.core.errors import UnableError
from fpsem.core.formats import BINARY32
from fpsem.core.rounding import Rounding
from fpsem.softfloat.elementary.balls import ball
from fpsem.softfloat.elementary.names import UNARY

ONE = 127 << 23
SIGN = BINARY32.sign_mask


def places(name: str) -> list[int]:
    """First codes of some chunks: around 1, tiny, subnormal, large, of both signs."""
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    fixed = [0, ONE, ONE - CHUNK, (134 << 23) - CHUNK, 200 << 23, 30 << 23]
    more = [int(i) * CHUNK for i in rng.integers(0, (255 << 23) // CHUNK, 6)]
    return [*fixed, *(SIGN | start for start in fixed), *more]


def value(name: str, code: int) -> flint.arb:
    return ball(name, flint.arb(float(np.uint32(code).view(np.float32))))


@pytest.mark.parametrize("name", UNARY)
def test_brackets_values_and_flags_agree_with_the_judge(name: str) -> None:
    rng = np.random.default_rng(1)
    for start in places(name):
        found = reference(name, start, start + 1024) if start % SIGN == 0 else reference(name, start, start + 4096)
        where = np.unique([0, found.codes.size - 1, *rng.integers(0, found.codes.size, 2)])
        direction = list(Rounding)[int(rng.integers(6))]
        codes, flags = (made[where] for made in found.results(direction))
        expected, raised = judged(name, found.codes[where], direction)
        np.testing.assert_array_equal(codes, expected, err_msg=f"{name} {direction} {found.codes[where]}")
        np.testing.assert_array_equal(flags, raised, err_msg=f"{name} {direction} {found.codes[where]}")
        with flint.ctx.workprec(1500):
            for i in where:
                if found.state[i] < SPECIAL and np.isfinite(found.hi[i]) and np.isfinite(found.error[i]):
                    off = abs(value(name, int(found.codes[i])) - flint.arb(found.hi[i]) - flint.arb(found.lo[i]))
                    assert off <= flint.arb(found.error[i]), (name, hex(found.codes[i]))


@pytest.mark.parametrize("name", UNARY)
def test_special_arguments_agree_with_the_judge(name: str) -> None:
    infinity, nan = BINARY32.overflow_code, BINARY32.nan
    codes = [0, infinity, nan, nan + 5, infinity + 1, ONE, ONE + 1, 2 * ONE, BINARY32.max_finite]
    for start in (code | sign for code in codes for sign in (0, SIGN) if code < SIGN):
        found = reference(name, start, start + 1)
        for direction in (Rounding.NEAREST_EVEN, Rounding.DOWNWARD):
            (code,), (flags,) = found.results(direction)
            (expected,), (raised,) = judged(name, found.codes, direction)
            assert (hex(code), flags) == (hex(expected), raised), hex(start)


@pytest.mark.parametrize("name", UNARY)
def test_hardly_anything_is_left_to_the_judge(name: str) -> None:
    start = ONE + 5 * CHUNK if name not in ("asin", "acos", "atanh") else ONE - 5 * CHUNK
    assert reference(name, start, start + CHUNK).pending.size < 64


@pytest.mark.parametrize("name", ["exp", "log1p", "atanh", "tan", "erfc", "cbrt"])
def test_pieces_are_in_order_and_whole_and_as_good_as_they_say(name: str) -> None:
    start, stop = ONE - BINADE, ONE - BINADE + (BINADE >> 3)
    found = list(pieces(name, False, start, stop))
    assert [p.start for p in found] == [start, *(p.stop for p in found[:-1])]
    assert found[-1].stop == stop
    for piece in found[:3]:
        for code in (piece.start, piece.centre, piece.stop - 1):
            hi, lo, error = np.empty(1), np.empty(1), np.empty(1)
            evaluate(piece, code, hi, lo, error)
            with flint.ctx.workprec(300):
                true = value(name, code)
                assert abs(true - flint.arb(hi[0]) - flint.arb(lo[0])) <= flint.arb(error[0])
            assert error[0] <= TARGET * abs(hi[0])


@pytest.mark.parametrize("name", trigonometric.FUNCTIONS)
def test_large_arguments_are_reduced_exactly(name: str) -> None:
    """The second number is the closest of all to a multiple of pi/2 (Muller)."""
    for x in (4.0, 16367173 * 2.0**72, 1.5 * 2.0**100, -2.0**127, 11.0 * 2.0**20, 355.0, -710.0):
        codes = np.array([x], np.float32).view(np.uint32)
        hi, lo, error = np.empty(1), np.empty(1), np.empty(1)
        trigonometric.evaluate(name, codes, hi, lo, error)
        with flint.ctx.workprec(600):
            off = abs(value(name, int(codes[0])) - flint.arb(hi[0]) - flint.arb(lo[0]))
            assert off <= flint.arb(error[0])
        assert error[0] <= abs(hi[0]) * 2.0**-45


def test_lemmas_hold_and_one_that_does_not_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert {name for name in UNARY if lemmas.near_zero(name)} == set(UNARY) - {
        "log", "log2", "log10", "acos", "acosh", "erf", "cbrt", "rsqrt", "softplus",
    }  # fmt: skip
    assert lemmas.far_out("exp", True) is not None
    assert lemmas.far_out("log", False) is None
    lemmas.far_out.cache_clear()
    monkeypatch.setattr(lemmas, "_FAR_OUT", {("tanh", False): lemmas.FarOut(3, 1.0, False, 6)})
    with pytest.raises(UnableError, match="tanh: the lemma far out does not hold"):
        lemmas.far_out("tanh", False)
    lemmas.far_out.cache_clear()


@pytest.mark.parametrize("name", UNARY)
def test_the_series_of_a_function_are_its_derivatives(name: str) -> None:
    """The first coefficient is the function, and the second its slope, by a difference quotient."""
    at, step = flint.arb(1.25 if name == "acosh" else 0.625), flint.arb(2) ** -100
    with flint.ctx.workprec(400):
        a = coefficients(name, at, flint.arb(1), 3)
        f = [ball(name, at + k * step) for k in (-1, 0, 1)]
        assert a[0].overlaps(f[1])
        assert abs((f[2] - f[0]) / (2 * step) - a[1]) < flint.arb(2) ** -180
        assert abs((f[2] - 2 * f[1] + f[0]) / (2 * step * step) - a[2]) < flint.arb(2) ** -90


@pytest.mark.parametrize("name", UNARY)
def test_arb_alone_gives_the_same(name: str) -> None:
    codes = np.random.default_rng(3).integers(0, 1 << 32, 40, dtype=np.uint32)
    found = direct(name, codes)
    assert (found.state == UNDECIDED).sum() < 8
    codes_given, flags = found.results(Rounding.UPWARD)
    expected, raised = judged(name, codes, Rounding.UPWARD)
    assert codes_given.tolist() == expected.tolist()
    assert flags.tolist() == raised.tolist()


def test_runs_are_cut_at_multiples_and_cover_everything() -> None:
    assert list(runs(5, 20, 8)) == [(5, 8), (8, 16), (16, 20)]
    assert list(runs(8, 16, 8)) == [(8, 16)]
