"""Schedules: the order in which a reduction adds its terms, as data.

A schedule is a rule that gives, for every n, a binary tree with the leaves 0 .. n-1. The tree is written as **steps**:
slots 0 .. n-1 hold the terms, and step s combines two slots into slot n + s; the last slot is the result. So a step
``(l, r)`` means ``add(slot[l], slot[r])``, in that order of operands.

For sums of products ``fused=True`` means: a step whose right operand is a term (a leaf) adds that product by one fused
multiply-add, rounding once; where the left operand is a leaf too, the left product is rounded on its own.
A sum of no terms is +0; a sum of one term is that term.

``accumulator="binary64"`` means: sums are held in that format, and the last is rounded once to the scalars'. Two kinds are no
trees, Compensated and Exact; see ``fpsem.core.schedule_kinds``, where the kinds are written down.

What this module does not do: adding. ``fold`` and ``fold_products`` walk the steps over any ``add``, ``mul`` and ``fma``;
``fpsem.core.reduction`` says what every schedule means over a domain.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any, ClassVar, TypeVar

from fpsem.core.errors import ScheduleError, UnknownNameError
from fpsem.core.formats import FORMATS, Format
from fpsem.core.schedule_kinds import (
    Blocked,
    Compensated,
    Exact,
    Lanes,
    Nested,
    NumPyPairwise,
    Pairwise,
    Reverse,
    Schedule,
    Sequential,
    SplitK,
    Steps,
    Tree,
    WarpTree,
)

__all__ = [
    "SCHEDULES",
    "AnyOrder",
    "Blocked",
    "Compensated",
    "Exact",
    "Lanes",
    "Nested",
    "NumPyPairwise",
    "Pairwise",
    "Reverse",
    "Schedule",
    "Sequential",
    "SplitK",
    "Steps",
    "Tree",
    "WarpTree",
    "fold",
    "fold_products",
    "parse_schedule",
    "schedule_from_json",
    "schedule_of",
    "schedule_or_any",
    "wider_accumulator",
]

T = TypeVar("T")

@dataclass(frozen=True)
class AnyOrder(Schedule):
    """Every tree of binary32 additions over the terms in every order, products fused or rounded: what a bound may hold for.

    Nothing runs in it; see ``schedule_or_any``.

    Raises:
        ScheduleError: ``fused``, which it leaves open, or an accumulator, which it does not cover.
    """

    name: ClassVar[str] = "any"
    has_tree: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if self.fused or self.accumulator is not None:
            raise ScheduleError("schedule any takes no parameters: products are fused or not, and sums are held in binary32")

    def heights(self, n: int) -> tuple[int, ...]:
        """n - 1 for every term: the longest path that a tree has."""
        return (max(n - 1, 0),) * n


SCHEDULES: dict[str, type[Schedule]] = {
    kind.name: kind
    for kind in (
        Sequential, Reverse, Pairwise, Lanes, WarpTree, Blocked, SplitK, NumPyPairwise, Tree, Compensated, Exact,
    )
}  # fmt: skip
"""Every kind of schedule by its name."""


def schedule_from_json(data: dict[str, Any]) -> Schedule:
    """The inverse of ``Schedule.to_json``. Raises UnknownNameError or ScheduleError for anything else."""
    parameters = {key: value for key, value in data.items() if key != "schedule"}
    kind = SCHEDULES.get(str(data.get("schedule")))
    if kind is None:
        raise UnknownNameError("schedule", data.get("schedule"), SCHEDULES)
    allowed = {f.name: f.default for f in fields(kind)}
    for key, value in parameters.items():
        if key not in allowed:
            raise UnknownNameError(f"parameter of schedule {kind.name}", key, allowed)
        if isinstance(allowed[key], bool) and not isinstance(value, bool):
            raise ScheduleError(f"{kind.name}: {key} must be true or false, not {value!r}")
    return kind(**parameters)


def parse_schedule(text: str) -> Schedule:
    """Read ``"lanes"``, ``"lanes:width=4,fused"`` or a schedule's JSON: the inverse of ``str(schedule)``.

    Raises:
        UnknownNameError: for an unknown kind or parameter.
        ScheduleError: for a value that does not fit.
    """
    if text.lstrip().startswith("{"):
        try:
            data = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise ScheduleError(f"{text[:60]!r} is no JSON: {error}") from None
        return schedule_from_json(data)
    name, _, rest = text.partition(":")
    data = {"schedule": name}
    rest, named, pairs = rest.partition("pairs=")  # the last parameter in a text, and the only one that holds commas
    if named:
        data["pairs"] = _parse_pairs(pairs)
    for item in filter(None, rest.split(",")):
        key, _, value = item.partition("=")
        if key in data:
            raise ScheduleError(f"{text[:60]!r} gives {key} twice")
        data[key] = {"": True, "True": True, "true": True, "False": False, "false": False}.get(value, value)
        if isinstance(data[key], str) and value.isascii() and value.isdigit():
            data[key] = int(value)
    return schedule_from_json(data)


def _parse_pairs(text: str) -> Any:
    try:
        return json.loads(text.replace("(", "[").replace(")", "]"))
    except (ValueError, RecursionError):
        raise ScheduleError(f"{text[:60]!r} is not a tree of nested pairs such as ((0, 1), 2)") from None


def schedule_of(given: Schedule | str) -> Schedule:
    """A schedule, or what its text says; see parse_schedule. Raises ScheduleError for anything else."""
    if not isinstance(given, (Schedule, str)):
        raise ScheduleError(f"a schedule is a Schedule or its text, not {given!r}")
    if isinstance(given, AnyOrder) or given == AnyOrder.name:
        raise ScheduleError("every order is none to run in: bounds hold for schedule any, executions take one order")
    return given if isinstance(given, Schedule) else parse_schedule(given)


def schedule_or_any(given: Schedule | str) -> Schedule:
    """As ``schedule_of``, of what is said of executions and not run: AnyOrder too, whose text is "any"."""
    return AnyOrder() if isinstance(given, AnyOrder) or given == AnyOrder.name else schedule_of(given)


def wider_accumulator(schedule: Schedule, scalars: Format) -> str | None:
    """The name of the accumulator's format; None where sums are held in the scalars' own.

    Raises:
        ScheduleError: the accumulator does not contain the scalars' format.
    """
    if schedule.accumulator is None or schedule.accumulator == scalars.name:
        return None
    wide = FORMATS[schedule.accumulator]
    reaches = wide.emin - wide.precision <= scalars.emin - scalars.precision and wide.emax >= scalars.emax
    if wide.precision < scalars.precision or not reaches:
        raise ScheduleError(f"schedule {schedule}: the accumulator {wide.name} does not hold every number of {scalars.name}")
    return wide.name


def fold(schedule: Schedule, terms: Sequence[T], add: Callable[[T, T], T]) -> T:
    """Combine terms with ``add`` in the schedule's order. Raises ScheduleError when there are none."""
    if not terms:
        raise ScheduleError("a reduction needs at least one term")
    slots: list[T | None] = list(terms)
    for left, right in schedule.steps(len(slots)):
        slots.append(add(_take(slots, left), _take(slots, right)))
    return _take(slots, -1)


def fold_products(
    schedule: Schedule,
    pairs: Sequence[tuple[T, T]],
    add: Callable[[T, T], T],
    mul: Callable[[T, T], T],
    fma: Callable[[T, T, T], T],
) -> T:
    """The sum of ``a * b`` over one or more pairs, in the schedule's order, fused where the schedule says so."""
    if not schedule.fused:
        return fold(schedule, [mul(a, b) for a, b in pairs], add)
    n = len(pairs)
    slots: list[T | None] = [None] * n
    for left, right in schedule.steps(n):
        held = mul(*pairs[left]) if left < n else _take(slots, left)
        slots.append(fma(*pairs[right], held) if right < n else add(held, _take(slots, right)))
    return _take(slots, -1) if n > 1 else mul(*pairs[0])


def _take(slots: list[T | None], index: int) -> T:
    """Read a slot and let it go: each is used once."""
    value, slots[index] = slots[index], None
    assert value is not None, "a schedule used a slot twice"
    return value
