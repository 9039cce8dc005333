"""The conformance checks: what there is to run, that they run, and that a mismatch is counted and shown."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from fpsem.bridges import conformance
from fpsem.bridges.conformance import Check, Part, checks, every_mode, every_operand, run
from fpsem.core.claim import Status
from fpsem.core.errors import FileFormatError
from fpsem.core.formats import FORMATS
from fpsem.softfloat import arithmetic


def named(name: str, **options: int) -> Check:
    return next(check for check in checks(exhaustive=True, **options) if check.name.startswith(name))


def test_what_is_run_is_named_once_and_exhaustive_checks_on_request_only() -> None:
    usual, all_of_them = ([c.name for c in checks(exhaustive=e)] for e in (False, True))
    assert len(set(all_of_them)) == len(all_of_them)
    assert set(usual) < set(all_of_them)
    assert {c.status for c in checks()} == {Status.TESTED, Status.EXHAUSTIVE}
    assert sum(name.startswith("TestFloat") for name in usual) == 21


def test_a_folder_without_vectors_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match="no vector files"):
        checks(tmp_path)


@pytest.mark.parametrize("name", ["TestFloat f32_rem", "toy8 add sub mul div sqrt: words", "binary32 mul", "binary32 fma"])
def test_a_check_holds_and_has_as_many_parts_as_it_says(name: str) -> None:
    check, steps = named(name, random=3_000), []
    line = run(check, steps.append)
    assert (line.mismatches, line.first) == (0, "")
    assert steps == [check.name] * check.steps
    assert line.row()["cases"] == f"{line.cases:,}"
    assert line.row()["evidence"] == check.status.value


@pytest.mark.parametrize(("count", "cases"), [(0, 0), (10, 10), ((1 << 20) + 5, (1 << 20) + 5)])
def test_as_many_random_operands_are_run_as_were_asked_for(count: int, cases: int) -> None:
    assert run(named("binary32 sub", random=count)).cases == cases


@pytest.mark.parametrize(("ours", "theirs"), [
    (arithmetic().sqrt, np.sqrt), (arithmetic().round_to_integral, np.rint),
    (lambda x: arithmetic().convert(x, "binary16"), conformance._to_half),
    (lambda x: arithmetic().convert(x, "bfloat16"), conformance._to_bfloat16),
])  # fmt: skip
def test_the_other_sides_of_binary32_agree_on_a_sample(ours: object, theirs: object) -> None:
    codes = np.arange(0, 1 << 32, 9973, dtype=np.uint32)
    assert conformance._against("sample", (codes,), ours, theirs)[1:] == (0, "")  # type: ignore[arg-type]


def test_a_mismatch_is_counted_and_the_first_is_shown() -> None:
    codes = np.array([0x3F800000, 0x40000000, 0x7FC00000], np.uint32)
    part = conformance._against("add", (codes, codes), arithmetic().add, np.subtract)
    assert part == Part(3, 2, "add (0x3f800000, 0x3f800000)")

    def parts() -> Iterator[Part]:
        yield from (Part(5, 0), part, Part(1, 1, "another"))

    line = run(Check("wrong", "here", Status.TESTED, 3, parts))
    assert (line.cases, line.mismatches, line.first) == (9, 3, part.first)


def test_random_operands_are_drawn_again_from_the_same_seed_and_near_ones_lie_near() -> None:
    draws = [conformance._drawn(np.random.default_rng(3), 1000, near=True) for _ in range(2)]
    assert np.array_equal(*draws)
    sizes = np.abs(draws[0].view(np.float32))
    assert 2.0**-9 < sizes.min() < sizes.max() < 2.0**9
    assert (draws[0] >> 31).any()


def test_every_operand_and_every_mode_are_what_they_say() -> None:
    a, b = every_operand(FORMATS["toy6"], 2)
    assert len(set(zip(a.tolist(), b.tolist()))) == 64 * 64
    assert len(set(every_mode())) == 6 * 2 * 4 * 2
