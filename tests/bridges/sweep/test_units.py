"""Units of a sweep, ledgers and who does them: planted errors are found, what is done is not done again, crashes are survived."""

from __future__ import annotations

import json
import os
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fpsem.bridges.sweep import Dask, Ledger, Local, Plan, Serial, Unit, run_units, summary, sweep, sweep_unit
from fpsem.bridges.sweep.bound import check_bound
from fpsem.bridges.sweep.reference import reference
from fpsem.bridges.sweep.units import SIZE, softfloat
from fpsem.core.claim import Status
from fpsem.core.errors import MissingExtraError, UnableError, UnknownNameError
from fpsem.core.formats import BINARY32
from fpsem.softfloat.attributes import Flag
from fpsem.softfloat.elementary.kernel import approximation
from fpsem.softfloat.elementary.names import UNARY

ONE = 127 << 23
BAD = ONE + 4321
UNIT = Unit("exp", "codes", ONE // SIZE)
PART = {"start": ONE + 4000, "stop": ONE + 5000}


def wrong_code(name: str, codes: Any, direction: str, with_flags: bool) -> Any:
    made, flags = softfloat(name, codes, direction, True)
    made = made + ((codes == BAD) & (direction == "upward")).astype(np.uint32)
    return (made, flags) if with_flags else made


def wrong_flag(name: str, codes: Any, direction: str, with_flags: bool) -> Any:
    made = softfloat(name, codes, direction, with_flags)
    if with_flags:
        made[1][codes == BAD] |= np.uint8(Flag.UNDERFLOW)
    return made


# -- a unit ----------------------------------------------------------------------------------------------------------


def test_a_right_function_has_no_mismatch_and_keeps_its_bound() -> None:
    record = sweep_unit(Plan(random=1 << 22, **PART), UNIT)
    assert (record["inputs"], record["random"], record["random_wrong"], record["violations"]) == (1000, 0, 0, 0)
    assert set(map(tuple, record["wrong"].values())) == {(0, 0)}
    assert 0 < record["ratio"] < 1
    assert PART["start"] <= record["ratio_at"] < PART["stop"]
    json.dumps(record, allow_nan=False)


def test_one_wrong_code_is_found_and_shown() -> None:
    record = sweep_unit(Plan(tested=wrong_code, stated=None, **PART), UNIT)
    assert record["wrong"] == {**{d: [0, 0] for d in record["wrong"]}, "upward": [1, 0]}
    ((code, direction, got, _, expected, flags),) = record["first"]
    assert (code, direction, got - expected, flags) == (BAD, "upward", 1, Flag.INEXACT)


def test_one_wrong_flag_is_found() -> None:
    record = sweep_unit(Plan(("to_odd",), tested=wrong_flag, stated=None, **PART), UNIT)
    assert record["wrong"] == {"to_odd": [0, 1]}


def test_random_codes_find_an_error_without_the_polynomials() -> None:
    plan = Plan(("upward",), random=1 << 32, start=BAD, stop=BAD + 4, tested=wrong_code, stated=None)
    record = sweep_unit(plan, UNIT)
    assert record["random"] == 4
    assert record["wrong"]["upward"][0] == 1 + record["random_wrong"]


@pytest.mark.parametrize(("factor", "violations"), [(1.0, 0), (1 + 2.0**-44, 1000)])
def test_a_bound_that_is_too_small_is_found(factor: float, violations: int) -> None:
    def stated(name: str, codes: Any) -> Any:
        y, e = approximation(name, codes)
        return y * factor, e

    found = check_bound(reference("exp", PART["start"], PART["stop"]), stated)
    assert len(found.violations) == violations


def test_a_number_beside_stands_in_for_a_function_that_tends_to_it_and_only_there() -> None:
    def stated(name: str, codes: Any) -> Any:
        return np.full(codes.size, 1 + 2.0**-40), np.full(codes.size, 2.0**-50)

    tiny, larger = reference("exp", 50 << 23, (50 << 23) + 100), reference("exp", 104 << 23, (104 << 23) + 100)
    assert (check_bound(tiny, stated).stand_ins, check_bound(tiny, stated).violations) == (100, [])
    assert len(check_bound(larger, stated).violations) == 100
    wrong_side = check_bound(reference("exp", BINARY32.sign_mask | 50 << 23, (BINARY32.sign_mask | 50 << 23) + 100), stated)
    assert len(wrong_side.violations) == 100


@pytest.mark.parametrize("name", ["sin", "tanh", "log1p", "atan"])
def test_a_stand_in_beside_the_smallest_normal_number_is_one(name: str) -> None:
    """The reference leaves this bracket to the judge, for the sake of the underflow flag."""
    assert reference(name, BINARY32.min_normal, BINARY32.min_normal + 1).pending.size == 1
    found = check_bound(reference(name, BINARY32.min_normal, BINARY32.min_normal + 2), approximation)
    assert (found.stand_ins, found.violations) == (2, [])


@pytest.mark.parametrize("start", [BINARY32.overflow_code, BINARY32.overflow_code | BINARY32.sign_mask])
@pytest.mark.parametrize("name", UNARY)
def test_the_bound_is_checked_at_infinities_too(name: str, start: int) -> None:
    assert check_bound(reference(name, start, start + 2), approximation).violations == []


@pytest.mark.parametrize(("name", "start"), [("log2", 254 << 23), ("log2", 200 << 23), ("cbrt", 253 << 23), ("exp2", 133 << 23)])
def test_an_exact_value_is_its_own_proof(name: str, start: int) -> None:
    """Powers of two and the like, whose stated error is 0 or whose value is a number of binary32."""
    assert check_bound(reference(name, start, start + 2), approximation).violations == []


# -- ledgers ---------------------------------------------------------------------------------------------------------

UNITS = [Unit("exp", "codes", i) for i in range(4)]


def work(unit: Unit) -> dict[str, Any]:
    return {"square": unit.index**2}


def refuse(unit: Unit) -> dict[str, Any]:
    raise AssertionError(f"{unit} was done before")


def test_units_that_are_done_are_not_done_again(tmp_path: Path) -> None:
    ledger, told = Ledger(tmp_path / "new", {"exp": "a"}), list[str]()
    run_units(UNITS[:2], work, ledger, Serial())
    found = run_units(UNITS[:2], refuse, ledger, Serial(), told.append)
    assert found == {unit: {"square": unit.index**2} for unit in UNITS[:2]}
    assert told == ["exp codes 0", "exp codes 1"]
    with pytest.raises(AssertionError, match="exp codes 2 was done before"):
        run_units(UNITS, refuse, ledger, Serial())
    with pytest.raises(AssertionError, match="exp codes 0"):
        run_units(UNITS[:1], refuse, Ledger(tmp_path / "new", {"exp": "another"}), Serial())


TORN = (b'{"unit": ["exp", "codes", 2], "rec', b"[]\n", b"7", b'{"unit": [], "record": {}}', b"\xff\x00")


@pytest.mark.parametrize("torn", TORN)
def test_a_line_that_is_not_whole_is_no_line(tmp_path: Path, torn: bytes) -> None:
    ledger = Ledger(tmp_path, {"exp": "a"})
    ledger.append(UNITS[0], {"x": 1})
    with ledger.path("exp").open("ab") as file:
        file.write(torn)
    assert ledger.load(UNITS) == {UNITS[0]: {"x": 1}}
    ledger.append(UNITS[1], {"x": 2})
    assert ledger.load(UNITS) == {UNITS[0]: {"x": 1}, UNITS[1]: {"x": 2}}


# -- who does them ---------------------------------------------------------------------------------------------------


def die_once(folder: Path, unit: Unit) -> dict[str, Any]:
    mark = folder / f"died-{unit.index}"
    if unit.index == 2 and not mark.exists():
        mark.touch()
        os._exit(1)
    return work(unit)


def die_always(unit: Unit) -> dict[str, Any]:
    return os._exit(1) if unit.index == 2 else work(unit)


def fail(unit: Unit) -> dict[str, Any]:
    raise UnableError(f"{unit} fails")


def test_a_worker_that_dies_is_replaced(tmp_path: Path) -> None:
    found = run_units(UNITS, partial(die_once, tmp_path), Ledger(tmp_path, {"exp": "a"}), Local(2))
    assert found == {unit: work(unit) for unit in UNITS}


def test_a_unit_that_kills_every_worker_is_named_and_the_others_are_done(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path, {"exp": "a"})
    with pytest.raises(UnableError, match="exp codes 2: its worker died 3 times"):
        run_units(UNITS[:3], die_always, ledger, Local(1))
    assert set(ledger.load(UNITS)) == set(UNITS[:2])


def test_an_error_of_the_work_is_the_error_of_the_run(tmp_path: Path) -> None:
    with pytest.raises(UnableError, match="exp codes 0 fails"):
        run_units(UNITS[:1], fail, Ledger(tmp_path, {"exp": "a"}), Local(1))


def test_dask_needs_its_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "distributed", None)
    with pytest.raises(MissingExtraError, match="dask"):
        run_units(UNITS, work, Ledger(tmp_path, {"exp": "a"}), Dask())


@pytest.mark.filterwarnings("ignore")  # of Dask's own
def test_a_scheduler_that_does_not_answer_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("distributed")
    monkeypatch.setattr("fpsem.bridges.sweep.executors._SECONDS_TO_ANSWER", 0.5)
    with pytest.raises(UnableError, match="no scheduler of Dask answers at 'tcp://127"):
        run_units(UNITS, work, Ledger(tmp_path, {"exp": "a"}), Dask("tcp://127.0.0.1:9"))


@pytest.mark.filterwarnings("ignore")  # of Dask's own
def test_dask_does_the_units_too_when_a_worker_dies(tmp_path: Path) -> None:
    pytest.importorskip("distributed")
    found = run_units(UNITS, partial(die_once, tmp_path), Ledger(tmp_path, {"exp": "a"}), Dask(workers=1))
    assert found == {unit: work(unit) for unit in UNITS}


# -- whole sweeps ----------------------------------------------------------------------------------------------------


def test_a_part_is_never_exhaustive_and_its_summary_says_what_was_found(tmp_path: Path) -> None:
    plan = Plan(("upward", "to_odd"), tested=wrong_code, **PART)
    (found,) = sweep(["exp"], plan, Serial(), tmp_path)
    assert (found.status, found.holds) == (Status.TESTED, False)
    assert [row["wrong codes"] for row in found.rows()] == ["1", "0"]
    assert found.failures() == [next(f for f in found.failures() if f.startswith(f"exp({BAD:#010x}) upward: got 0x"))]
    assert any("Stated bound: the largest error is 0.0" in note for note in found.notes())
    (again,) = sweep(["exp"], plan, Serial(), tmp_path)
    assert again == found


def test_a_whole_sweep_without_mismatch_is_exhaustive() -> None:
    record = sweep_unit(Plan(**PART), UNIT)
    whole = summary.Summary("exp", Plan(), [record])
    assert (whole.status, whole.holds) == (Status.EXHAUSTIVE, True)
    assert len(Plan().units("exp")) * SIZE == 1 << 32
    assert not summary.Summary("exp", Plan(), [record | {"violations": 1, "violated": [7]}]).holds


def test_records_of_another_plan_or_kernel_are_not_taken() -> None:
    plans = [Plan(), Plan(("upward",)), Plan(random=1), Plan(start=1), Plan(tested=wrong_code)]
    assert len({summary.tag("exp", plan) for plan in plans} | {summary.tag("log", Plan())}) == len(plans) + 1


def test_unknown_names_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="argument 'exq'"):
        sweep(["exq"], Plan(), Serial(), tmp_path)
    with pytest.raises(UnknownNameError, match="rounding direction 'up'"):
        sweep(["exp"], Plan(("up",)), Serial(), tmp_path)
