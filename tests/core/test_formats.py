from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest

from fpsem.core.errors import UnknownNameError
from fpsem.core.formats import BINARY32, FORMATS, Format, NonFinite, format_named

NUMPY = {"binary16": np.float16, "binary32": np.float32, "binary64": np.float64}
ML_DTYPES = {"bfloat16": "bfloat16", "e5m2": "float8_e5m2", "e4m3": "float8_e4m3fn"}
SMALL = [fmt for fmt in FORMATS.values() if fmt.width <= 8]


def decoded(fmt: Format) -> list[Fraction | None]:
    return [fmt.decode(code) if fmt.is_finite(code) else None for code in range(1 << fmt.width)]


def as_fractions(values: np.ndarray) -> list[Fraction | None]:
    return [Fraction(float(value)) if np.isfinite(value) else None for value in values]


@pytest.mark.parametrize("name", NUMPY)
def test_derived_constants_are_those_of_numpy(name: str) -> None:
    fmt, info = FORMATS[name], np.finfo(NUMPY[name])
    assert fmt.width == info.bits
    assert fmt.fraction_bits == info.nmant
    assert fmt.decode(fmt.max_finite) == Fraction(float(info.max))
    assert fmt.decode(fmt.min_normal) == Fraction(float(info.smallest_normal))
    assert fmt.decode(1) == Fraction(float(info.smallest_subnormal))
    assert Fraction(2) ** fmt.emin == Fraction(float(info.smallest_normal))
    assert Fraction(2) ** fmt.emax <= Fraction(float(info.max)) < Fraction(2) ** (fmt.emax + 1)
    assert fmt.dtype.itemsize * 8 == info.bits


@pytest.mark.parametrize("name", NUMPY)
def test_special_codes_are_those_of_numpy(name: str) -> None:
    fmt, kind = FORMATS[name], NUMPY[name]
    assert int(np.array(np.inf, kind).view(fmt.dtype)) == fmt.overflow_code
    assert np.isnan(np.array(fmt.nan, fmt.dtype).view(kind))
    assert int(np.array(-0.0, kind).view(fmt.dtype)) == fmt.sign_mask


@pytest.mark.parametrize("name", ML_DTYPES)
def test_derived_constants_are_those_of_ml_dtypes(name: str) -> None:
    ml_dtypes = pytest.importorskip("ml_dtypes")
    fmt, info = FORMATS[name], ml_dtypes.finfo(getattr(ml_dtypes, ML_DTYPES[name]))
    assert fmt.width == info.bits
    assert fmt.fraction_bits == info.nmant
    assert fmt.decode(fmt.max_finite) == Fraction(float(info.max))
    assert fmt.decode(fmt.min_normal) == Fraction(float(info.smallest_normal))
    assert fmt.decode(1) == Fraction(float(info.smallest_subnormal))


@pytest.mark.parametrize("name", ML_DTYPES)
def test_every_code_means_what_ml_dtypes_says(name: str) -> None:
    ml_dtypes = pytest.importorskip("ml_dtypes")
    fmt = FORMATS[name]
    codes = np.arange(1 << fmt.width).astype(fmt.dtype).view(getattr(ml_dtypes, ML_DTYPES[name]))
    with np.errstate(invalid="ignore"):  # signalling NaNs
        values = codes.astype(np.float64)
    assert decoded(fmt) == as_fractions(values)
    assert [fmt.is_nan(code) for code in range(1 << fmt.width)] == np.isnan(values).tolist()
    assert all(np.signbit(v) == bool(c & fmt.sign_mask) for c, v in enumerate(values) if not np.isnan(v))


def test_every_code_of_binary16_means_what_numpy_says() -> None:
    fmt, values = FORMATS["binary16"], np.arange(1 << 16).astype(np.uint16).view(np.float16)
    assert decoded(fmt) == as_fractions(values)
    assert [fmt.is_nan(code) for code in range(1 << 16)] == np.isnan(values).tolist()


def test_random_binary32_and_binary64_codes_mean_what_numpy_says() -> None:
    rng = np.random.default_rng(0)
    for name, kind in (("binary32", np.float32), ("binary64", np.float64)):
        fmt = FORMATS[name]
        codes = rng.integers(0, 1 << fmt.width, 2000, dtype=fmt.dtype)
        assert [fmt.decode(c) if fmt.is_finite(c) else None for c in codes.tolist()] == as_fractions(codes.view(kind))


@pytest.mark.parametrize("fmt", SMALL, ids=lambda fmt: fmt.name)
def test_positive_codes_are_in_the_order_of_their_numbers(fmt: Format) -> None:
    numbers = [fmt.decode(code) for code in range(fmt.max_finite + 1)]
    assert all(low < high for low, high in pairwise(numbers))


@pytest.mark.parametrize("fmt", FORMATS.values(), ids=FORMATS)
def test_masks_partition_the_code(fmt: Format) -> None:
    assert fmt.sign_mask ^ fmt.exponent_mask ^ fmt.fraction_mask == (1 << fmt.width) - 1
    assert fmt.sign_mask & fmt.exponent_mask == fmt.exponent_mask & fmt.fraction_mask == 0
    assert fmt.exponent_mask.bit_count() == fmt.exponent_bits
    assert fmt.decode(fmt.bias << fmt.fraction_bits) == 1


@pytest.mark.parametrize("fmt", FORMATS.values(), ids=FORMATS)
def test_infinities_and_nans_are_no_numbers(fmt: Format) -> None:
    specials = {fmt.nan, fmt.overflow_code, fmt.overflow_code | fmt.sign_mask}
    for code in specials:
        assert not fmt.is_finite(code)
        with pytest.raises(ValueError, match="is not finite in"):
            fmt.decode(code)
    assert fmt.is_nan(fmt.nan)
    assert fmt.is_nan(fmt.overflow_code) != fmt.has_infinity


def test_a_format_without_infinity_has_one_nan_of_each_sign() -> None:
    fmt = Format("custom", 4, 3, NonFinite.FINITE_AND_NAN)
    nans = [code for code in range(1 << fmt.width) if fmt.is_nan(code)]
    assert nans == [fmt.magnitude_mask, fmt.magnitude_mask | fmt.sign_mask]


def test_a_name_or_a_format_is_looked_up() -> None:
    assert format_named("binary32") is BINARY32
    assert format_named(BINARY32) is BINARY32
    assert all(name == fmt.name for name, fmt in FORMATS.items())


def test_an_unknown_format_is_answered_with_the_nearest_name() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'bfloat16'"):
        format_named("bfloat_16")


@pytest.mark.parametrize(("exponent_bits", "precision"), [(4, 9), (3, 5), (3, 1), (1, 2), (0, 0)])
def test_a_format_that_the_algorithms_do_not_cover_is_refused(exponent_bits: int, precision: int) -> None:
    with pytest.raises(ValueError, match="precision of at most the bias"):
        Format("odd", exponent_bits, precision)
