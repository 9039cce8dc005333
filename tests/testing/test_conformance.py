from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from fpsem.core.errors import PayloadError, UnableError, UnknownNameError
from fpsem.core.formats import BINARY32
from fpsem.core.protocol import ARITHMETIC, COMPARISONS, ELEMENTARY, Array, Contract, Kind
from fpsem.core.rounding import Rounding
from fpsem.graph.ops import sum as sum_op
from fpsem.graph.ops._shapes import axes_indices
from fpsem.testing import ConformanceError, HostileDomain, SampleCall, check_domain
from fpsem.testing.bench import PRIMITIVES
from fpsem.testing.checks import PREDICATES
from fpsem.testing.laws import LAWS
from fpsem.testing.report import Report

QUICK = {"samples": 40}


def planted(reference: type, **members: Any) -> Any:
    """A domain that differs from the reference in the given members only."""
    return type("Planted", (reference,), members)()


def broken(report: Report) -> set[str]:
    """The checks and primitives that failed, as ``check primitive``."""
    return {failure.partition(":")[0] for failure in report.failures}


def quietly(compute: Callable[..., Array]) -> Callable[..., Array]:
    @functools.wraps(compute)
    def method(self: Any, *operands: Array) -> Array:
        with np.errstate(all="ignore"):
            return np.asarray(compute(*operands)).astype(np.float32)

    return method


@quietly
def rounds_twice(x: Array, y: Array, z: Array) -> Array:
    return x * y + z


@quietly
def truncates(x: Array, y: Array) -> Array:
    exact = np.asarray(x, np.float64) + y
    near = exact.astype(np.float32)
    return np.where(abs(near.astype(np.float64)) > abs(exact), np.nextafter(near, np.float32(0)), near)


@quietly
def flushes(x: Array, y: Array) -> Array:
    product = np.multiply(x, y)
    return np.where(abs(product) < np.finfo(np.float32).smallest_normal, np.copysign(np.float32(0), product), product)


@quietly
def saturates(x: Array, y: Array) -> Array:
    top, total = np.finfo(np.float32).max, np.add(x, y)
    return np.where(np.isinf(total) & np.isfinite(x) & np.isfinite(y), np.copysign(top, total), total)


@quietly
def ignores_the_sign_of_zero(x: Array, y: Array) -> Array:
    return np.where(np.isnan(x) | np.isnan(y), np.float32(np.nan), np.where(np.less_equal(x, y), x, y))


@quietly
def ignores_nan(x: Array, y: Array) -> Array:
    return np.where(np.isnan(x), y, np.where(np.isnan(y), x, np.add(x, y)))


@quietly
def subtracts_from_zero(x: Array) -> Array:
    return np.subtract(np.float32(0), x)


@quietly
def reverses(x: Array, y: Array) -> Array:
    return np.subtract(y, x)


@quietly
def writes_to_its_operand(x: Array) -> Array:
    if x.ndim:
        np.abs(x, out=x)
    return np.abs(x)


@quietly
def forgets_the_sign(x: Array) -> Array:
    return np.tanh(abs(np.asarray(x, np.float64))) * np.where(x < 0, -1.0, 1.0)


def flattens(self: Any, x: Array, y: Array) -> Array:
    with np.errstate(all="ignore"):
        return np.multiply(x, y).ravel()


def not_greater(self: Any, x: Array, y: Array) -> Array:
    return ~np.greater(x, y)


def compares_bits(self: Any, x: Array, y: Array) -> Array:
    return np.equal(np.asarray(x).view(np.uint32), np.asarray(y).view(np.uint32))


def truncates_codes(self: Any, x: Array, format: str) -> Array:
    return (np.asarray(x).view(np.uint32) & np.uint32(0xFFFF0000)).view(np.float32)


def swaps(self: Any, truth: Array, x: Array, y: Array) -> Array:
    return np.where(truth, y, x)


PLANTED: Mapping[str, tuple[dict[str, Any], set[str]]] = {
    "add truncates": ({"add": truncates}, {"value add"}),
    "add ignores NaN": ({"add": ignores_nan}, {"value add"}),
    "add saturates": ({"add": saturates}, {"value add"}),
    "sub reverses its operands": ({"sub": reverses}, {"value sub", "adds the opposite sub"}),
    "mul flushes subnormal results": ({"mul": flushes}, {"value mul"}),
    "mul flattens its operands": ({"mul": flattens}, {"shape mul"}),
    "fma rounds twice": ({"fma": rounds_twice}, {"value fma"}),
    "minimum ignores the sign of zero": ({"minimum": ignores_the_sign_of_zero}, {"value minimum", "commutes minimum"}),
    "neg subtracts from zero": ({"neg": subtracts_from_zero}, {"value neg"}),
    "abs writes to its operand": ({"abs": writes_to_its_operand}, {"pure abs"}),
    "tanh forgets the sign of zero": ({"tanh": forgets_the_sign}, {"value tanh"}),
    "less_equal is not greater": ({"less_equal": not_greater}, {"truth less_equal"}),
    "equal compares bits": ({"equal": compares_bits}, {"truth equal"}),
    "is_finite is true of infinity": ({"is_finite": lambda self, x: ~np.isnan(x)}, {"truth is_finite"}),
    "is_nan is never true": ({"is_nan": lambda self, x: np.zeros(np.shape(x), bool)}, {"truth is_nan"}),
    "cast truncates": ({"cast": truncates_codes}, {"cast binary16", "cast bfloat16"}),
    "select swaps": ({"select": swaps}, {"chooses less", "truth less"}),
    "to_float reads half of it": (
        {"to_float": lambda self, x: np.asarray(x, np.float64) * (1 + 2**-50)},
        {"round trip to_float"},
    ),
    "to_bits gives 64 bits": (
        {"to_bits": lambda self, x: np.asarray(x).view(np.uint32).astype(np.uint64)},
        {"round trip to_bits"},
    ),
    "constant truncates": (
        {"constant": lambda self, x: np.array([int(v) for v in x.ravel()], np.float32).reshape(x.shape)},
        {"embed constant"},
    ),
    "the enclosure of an infinity is a number": (
        {"enclosure": lambda self, x: (np.full(np.shape(x), 0), np.full(np.shape(x), 0))},
        {"special enclosure", "round trip enclosure"},
    ),
    "refine gives a domain at once": ({"refine": lambda self, outputs: self}, {"identity refine"}),
}


def test_a_correct_ieee_domain_conforms(numpy_reference: type) -> None:
    report = check_domain(numpy_reference())
    assert report.conforms
    assert report.cases > 20_000


def test_every_primitive_of_the_tables_is_checked_in_value_shape_and_purity(numpy_reference: type) -> None:
    counts = check_domain(numpy_reference(), **QUICK).counts
    assert {name for check, name in counts if check == "value"} == {*ARITHMETIC, *ELEMENTARY}
    assert {name for check, name in counts if check == "truth"} == {*COMPARISONS, *PREDICATES}
    for check in ("pure", "shape", "broadcast"):
        assert {name for found, name in counts if found == check} >= set(PRIMITIVES), check
    assert {(law.name, law.primitive) for law in LAWS} <= counts.keys()


@pytest.mark.parametrize("bug", PLANTED)
def test_a_planted_bug_is_caught(bug: str, numpy_reference: type) -> None:
    members, caught_by = PLANTED[bug]
    assert broken(check_domain(planted(numpy_reference, **members), **QUICK, raising=False)) >= caught_by


def test_the_suite_asks_no_truth_for_its_bool(numpy_reference: type) -> None:
    check_domain(HostileDomain(numpy_reference()), **QUICK)


def test_elementary_functions_may_be_off_by_the_ulps_of_the_contract(numpy_reference: type) -> None:
    assert check_domain(numpy_reference("double"), **QUICK).conforms


def test_elementary_functions_may_be_off_by_no_more_than_the_contract_says(numpy_reference: type) -> None:
    def up_to_four_ulps_off(self: Any, x: Array) -> Array:
        with np.errstate(all="ignore"):
            exact = np.exp(np.asarray(x, np.float64))
            return np.where(np.equal(x, 0), 1, exact * (1 + 2**-22)).astype(np.float32)

    for contract, conforms in ((Contract(Kind.IEEE, 4), True), (Contract(Kind.IEEE, 2), False)):
        domain = planted(numpy_reference, exp=up_to_four_ulps_off, contract=contract)
        assert ("value exp" not in broken(check_domain(domain, **QUICK, raising=False))) == conforms


def test_a_domain_without_elementary_functions_must_say_so(numpy_reference: type) -> None:
    assert check_domain(numpy_reference("none"), **QUICK).conforms
    domain = planted(numpy_reference, contract=Contract(Kind.IEEE, None))
    assert broken(check_domain(domain, **QUICK, raising=False)) == {f"unsupported {name}" for name in ELEMENTARY}


@pytest.mark.parametrize("concrete", [True, False])
@pytest.mark.parametrize("kind", [Kind.ROUNDS, Kind.ENCLOSES, Kind.FORMULA])
def test_a_correct_domain_of_real_numbers_conforms(kind: Kind, concrete: bool, rational_reference: type) -> None:
    report = check_domain(rational_reference(kind, concrete), **QUICK)
    assert (report.cases > 3000) == concrete
    assert "undefined value" in {check for check, _ in report.counts}


@pytest.mark.parametrize("kind", [Kind.ROUNDS, Kind.ENCLOSES, Kind.FORMULA])
def test_a_wrong_real_number_is_caught(kind: Kind, rational_reference: type) -> None:
    def off(self: Any, x: Array) -> Array:
        return self._each(lambda pair: (pair[0] * (1 + 1e-7), pair[1] * (1 + 1e-7)), self._primitive("sqrt", x))

    def floats_only(self: Any, x: Array, y: Array) -> Array:
        return self._each(lambda a, b: (a[0] / b[0] if b[0] else a[0],) * 2, x, y)

    class Off(rational_reference):  # type: ignore[misc]
        sqrt, div = off, floats_only

    found = broken(check_domain(Off(kind), **QUICK, raising=False))
    assert {"value sqrt", "undefined value div"} <= found


def test_a_vacuous_enclosure_is_caught(rational_reference: type) -> None:
    def widely(self: Any, x: Array) -> Array:
        return self._each(lambda pair: (-1, 1), x)

    found = broken(check_domain(planted(rational_reference, sin=widely), **QUICK, raising=False))
    assert found == {"value sin"}


def test_a_result_that_is_not_rounded_is_caught(rational_reference: type) -> None:
    class Exact(rational_reference):  # type: ignore[misc]
        def mul(self, x: Array, y: Array) -> Array:
            return self._each(lambda a, b: (a[0] * b[0],) * 2, x, y)

    assert "value mul" in broken(check_domain(Exact(Kind.ROUNDS), **QUICK, raising=False))


def test_an_infinity_must_not_embed_in_the_reals(rational_reference: type) -> None:
    def lenient(self: Any, bits: Array) -> Array:
        finite = (bits & np.uint32(BINARY32.magnitude_mask)) <= BINARY32.max_finite
        return rational_reference.from_bits(self, np.where(finite, bits, 0))

    found = broken(check_domain(planted(rational_reference, from_bits=lenient), **QUICK, raising=False))
    assert found == {"special from_bits"}


def test_a_domain_that_encloses_may_be_unable_beyond_the_range_of_binary32_only(rational_reference: type) -> None:
    def unable_above(limit: Fraction) -> Callable[..., Any]:
        def result(self: Any, name: str, *operands: Any) -> Any:
            found = rational_reference.result(self, name, *operands)
            if name == "mul" and abs(found[0]) > limit:
                raise UnableError(name)
            return found

        return result

    largest = BINARY32.decode(BINARY32.max_finite)
    assert check_domain(planted(rational_reference, result=unable_above(largest)), **QUICK).conforms
    for limit, kind in ((largest / 2, Kind.ENCLOSES), (largest, Kind.ROUNDS)):
        domain = type("Planted", (rational_reference,), {"result": unable_above(limit)})(kind)
        assert broken(check_domain(domain, **QUICK, raising=False)) == {"value mul"}


def test_only_an_enclosure_may_withhold_its_bits(rational_reference: type, numpy_reference: type) -> None:
    def withhold(self: Any, x: Array) -> Array:
        raise UnableError("no one code")

    report = check_domain(planted(rational_reference, to_bits=withhold), **QUICK)
    assert report.skipped == ("to_bits: no one code",)
    assert "round trip to_bits" in broken(check_domain(planted(numpy_reference, to_bits=withhold), raising=False))


def test_the_rounding_direction_is_part_of_the_promise(numpy_reference: type) -> None:
    report = check_domain(numpy_reference(), **QUICK, rounding=Rounding.DOWNWARD, raising=False)
    assert {"value add", "value mul", "value exp", "embed constant"} <= broken(report)
    assert not any(failure.startswith(("cast", "truth", "value neg")) for failure in report.failures)


# -- overrides -----------------------------------------------------------------------------------------------------


def total(domain: Any, x: Array, *, axis: Any, keepdims: bool) -> Array:
    return sum_op.meaning(domain, x, axis=axis, keepdims=keepdims)


def reversed_total(x: Array, *, axis: Any, keepdims: bool) -> Array:
    axes = axes_indices(axis, x.ndim)
    rows = np.moveaxis(x, axes, range(len(axes))).reshape(-1, *(n for i, n in enumerate(x.shape) if i not in axes))
    return functools.reduce(operator.add, rows[::-1]).reshape(sum_op.shape(x.shape, axis=axis, keepdims=keepdims))


def with_override(reference: type, name: str, override: Callable[..., Array]) -> Any:
    return planted(reference, overrides=property(lambda self: {name: override}))


def test_an_override_that_gives_the_same_bits_conforms(numpy_reference: type) -> None:
    domain = with_override(numpy_reference, "sum", functools.partial(total, numpy_reference()))
    assert check_domain(domain, **QUICK, derived={"sum": total}).counts["override", "sum"] > 40


def test_an_override_that_adds_in_another_order_is_caught(numpy_reference: type) -> None:
    domain = with_override(numpy_reference, "sum", reversed_total)
    assert broken(check_domain(domain, **QUICK, derived={"sum": total}, raising=False)) == {"override sum"}


def test_an_override_without_a_sample_call_is_caught(numpy_reference: type) -> None:
    domain = with_override(numpy_reference, "spin", lambda x: x)
    derived = {"spin": lambda domain, x: x}
    report = check_domain(domain, **QUICK, derived=derived, raising=False)
    assert report.failures == ("override spin: missing sample call; add a row to SAMPLE_CALLS",)
    assert check_domain(domain, **QUICK, derived=derived, calls={"spin": (SampleCall(((2, 2),)),)}).conforms


def test_an_override_without_a_derived_meaning_is_reported_as_skipped(numpy_reference: type) -> None:
    report = check_domain(with_override(numpy_reference, "sum", reversed_total), **QUICK)
    assert report.skipped == ("override sum: no derived meaning was given",)


# -- report --------------------------------------------------------------------------------------------------------


def test_a_failure_raises_and_shows_operands_as_bits_and_floats(numpy_reference: type) -> None:
    with pytest.raises(ConformanceError) as caught:
        check_domain(planted(numpy_reference, neg=subtracts_from_zero), **QUICK)
    zero = "(0x00000000 (0x0.0p+0)) gave 0x00000000 (0x0.0p+0), expected 0x80000000 (-0x0.0p+0)"
    assert f"value neg: {zero}" in str(caught.value)
    assert isinstance(caught.value, AssertionError)


def test_an_error_of_the_domain_is_a_failure_with_its_operands(numpy_reference: type) -> None:
    def fails_on_one(self: Any, x: Array, y: Array) -> Array:
        if np.any((x == 1) & (y == 1)):
            raise KeyError("one")
        return numpy_reference.mul(self, x, y)

    report = check_domain(planted(numpy_reference, mul=fails_on_one), **QUICK, raising=False)
    text = "value mul: (0x3f800000 (0x1.0000000000000p+0), 0x3f800000 (0x1.0000000000000p+0)) gave KeyError('one')"
    assert str(report).count(text) == 1


def test_an_unforeseen_error_does_not_end_the_suite(numpy_reference: type) -> None:
    def refine(self: Any, outputs: Any) -> None:
        raise RuntimeError("no")

    report = check_domain(planted(numpy_reference, refine=refine), **QUICK, raising=False)
    assert broken(report) == {"completes check_identity"}
    assert ("value", "add") in report.counts


def test_failures_beyond_the_first_are_counted(numpy_reference: type) -> None:
    report = check_domain(planted(numpy_reference, neg=lambda self, x: np.asarray(x)), **QUICK, raising=False)
    assert sum(failure.startswith("value neg") for failure in report.failures) == 6
    assert any(failure.startswith("value neg: ") and failure.endswith(" more") for failure in report.failures)


def test_the_same_seed_gives_the_same_report(numpy_reference: type) -> None:
    domain = planted(numpy_reference, add=truncates)
    first, again, other = (str(check_domain(domain, samples=20, seed=seed, raising=False)) for seed in (1, 1, 2))
    assert first == again
    assert first.splitlines()[0] == other.splitlines()[0]


def test_the_report_of_a_broken_domain_can_be_held_and_raised_later(numpy_reference: type) -> None:
    report = check_domain(planted(numpy_reference, neg=subtracts_from_zero), **QUICK, raising=False)
    assert not report.conforms
    with pytest.raises(ConformanceError) as caught:
        report.raise_if_failed()
    assert str(caught.value) == str(report)


# -- arguments -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value", "least"), [("samples", 0, 1), ("samples", -1, 1), ("samples", 2.5, 1), ("seed", -1, 0)]
)
def test_a_count_out_of_its_bounds_is_no_finding_about_the_domain(
    name: str, value: float, least: int, numpy_reference: type
) -> None:
    with pytest.raises(PayloadError, match=f"{name}={value}: expected a whole number of at least {least}"):
        check_domain(numpy_reference(), raising=False, **{name: value})


@pytest.mark.parametrize("formats", [("binary16", "half"), "binary16"])
def test_a_format_that_is_not_known_is_no_finding_about_the_domain(formats: Any, numpy_reference: type) -> None:
    with pytest.raises(UnknownNameError, match=r"unknown format '(half|b)'"):
        check_domain(numpy_reference(), formats=formats, raising=False)


def test_one_sample_is_enough(numpy_reference: type) -> None:
    assert check_domain(numpy_reference("none"), samples=1).conforms


def test_what_is_no_domain_is_refused(numpy_reference: type) -> None:
    for given, message in (
        ("ieee32", "'ieee32' is text; expected a domain itself"),
        (numpy_reference, r"NumPyReference is a class; expected one of its instances, as NumPyReference\(\)"),
        (None, "expected an implementation of ScalarDomain, which has a Contract; not None of class NoneType"),
    ):
        with pytest.raises(TypeError, match=f"domain: {message}"):
            check_domain(given)
