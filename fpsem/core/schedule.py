"""Schedules: the order in which a reduction adds its terms, as data.

A schedule is a rule that gives, for every n, a binary tree with the leaves 0 .. n-1. The tree is written as **steps**:
slots 0 .. n-1 hold the terms, and step s combines two slots into slot n + s; the last slot is the result. So a step
``(l, r)`` means ``add(slot[l], slot[r])``, in that order of operands.

For sums of products ``fused=True`` means: a step whose right operand is a term (a leaf) adds that product by one fused
multiply-add, rounding once; where the left operand is a leaf too, the left product is rounded on its own.
A sum of no terms is +0; a sum of one term is that term.

What this module does not do: adding. ``fold`` and ``fold_products`` walk the steps over any ``add``, ``mul`` and ``fma``.

Source: Higham, "Accuracy and Stability of Numerical Algorithms", 2nd ed., chapter 4; numpy's ``loops_utils.h.src`` for
the pairwise order of ``numpy.add.reduce``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from functools import lru_cache
from typing import Any, ClassVar, TypeVar

from fpsem.core.errors import ScheduleError, UnknownNameError

T = TypeVar("T")
Steps = tuple[tuple[int, int], ...]
Nested = int | tuple["Nested", "Nested"]


class _Builder:
    """Hands out slots while a tree is being written down."""

    def __init__(self, n: int) -> None:
        self.steps: list[tuple[int, int]] = []
        self._n = n

    def join(self, left: int, right: int) -> int:
        self.steps.append((left, right))
        return self._n + len(self.steps) - 1

    def chain(self, slots: Iterable[int]) -> int:
        """((s0 + s1) + s2) + ..."""
        first, *rest = slots
        for slot in rest:
            first = self.join(first, slot)
        return first

    def halve(self, slots: Sequence[int]) -> int:
        """Neighbours first: (s0 + s1) + (s2 + s3), the larger half on the left when the count is odd."""
        if len(slots) == 1:
            return slots[0]
        middle = (len(slots) + 1) // 2
        return self.join(self.halve(slots[:middle]), self.halve(slots[middle:]))


@dataclass(frozen=True)
class Schedule:
    """The order of a reduction. Use one of the subclasses.

    Args:
        fused: whether products join a running sum by fused multiply-add.
    """

    name: ClassVar[str] = ""
    fused: bool = False

    def _build(self, tree: _Builder, n: int) -> object:
        raise NotImplementedError

    def steps(self, n: int) -> Steps:
        """The n - 1 steps for n terms (none for n < 2)."""
        return _steps(self, n)

    def heights(self, n: int) -> tuple[int, ...]:
        """For each term, how many additions it passes through: the length of its path to the root."""
        depth = [0] * max(2 * n - 1, n)
        for slot, (left, right) in reversed(list(enumerate(self.steps(n), start=n))):
            depth[left] = depth[right] = depth[slot] + 1
        return tuple(depth[:n])

    def height(self, n: int) -> int:
        """The longest path: the h of the error bound ``|computed - exact| <= ((1 + u)**h - 1) sum |x_i|``."""
        return max(self.heights(n), default=0)

    def to_json(self) -> dict[str, Any]:
        """A plain dictionary: the schedule's name and its parameters."""
        return {"schedule": self.name, **asdict(self)}

    def __str__(self) -> str:
        changed = [f"{f.name}={getattr(self, f.name)}" for f in fields(self) if getattr(self, f.name) != f.default]
        return ":".join([self.name, ",".join(changed)]) if changed else self.name


@lru_cache(maxsize=256)
def _steps(schedule: Schedule, n: int) -> Steps:
    if n < 2:
        return ()
    tree = _Builder(n)
    schedule._build(tree, n)
    return tuple(tree.steps)


@dataclass(frozen=True)
class Sequential(Schedule):
    """((x0 + x1) + x2) + ...: a plain loop."""

    name: ClassVar[str] = "sequential"

    def _build(self, tree: _Builder, n: int) -> object:
        return tree.chain(range(n))


@dataclass(frozen=True)
class Reverse(Schedule):
    """A plain loop from the last term to the first."""

    name: ClassVar[str] = "reverse"

    def _build(self, tree: _Builder, n: int) -> object:
        return tree.chain(reversed(range(n)))


@dataclass(frozen=True)
class Pairwise(Schedule):
    """Halve until at most ``leaf`` terms are left, which are added in sequence."""

    name: ClassVar[str] = "pairwise"
    leaf: int = 1

    def __post_init__(self) -> None:
        _require_positive(self, "leaf")

    def _build(self, tree: _Builder, n: int) -> object:
        def build(start: int, stop: int) -> int:
            if stop - start <= self.leaf:
                return tree.chain(range(start, stop))
            middle = start + (stop - start + 1) // 2
            return tree.join(build(start, middle), build(middle, stop))

        return build(0, n)


@dataclass(frozen=True)
class Lanes(Schedule):
    """``width`` running sums, term i into sum i mod width, then the sums are added pairwise (neighbours first)."""

    name: ClassVar[str] = "lanes"
    width: int = 8

    def __post_init__(self) -> None:
        _require_positive(self, "width")

    def _build(self, tree: _Builder, n: int) -> object:
        return tree.halve([tree.chain(range(lane, n, self.width)) for lane in range(min(self.width, n))])


@dataclass(frozen=True)
class Blocked(Schedule):
    """Blocks of ``block`` consecutive terms, each summed in sequence; then the block sums in sequence."""

    name: ClassVar[str] = "blocked"
    block: int = 128

    def __post_init__(self) -> None:
        _require_positive(self, "block")

    def _build(self, tree: _Builder, n: int) -> object:
        return tree.chain([tree.chain(range(start, min(start + self.block, n))) for start in range(0, n, self.block)])


@dataclass(frozen=True)
class NumPyPairwise(Schedule):
    """The order of ``numpy.add.reduce`` along a contiguous axis: up to 7 terms in sequence; up to 128 in eight lanes
    joined as ((0+1)+(2+3))+((4+5)+(6+7)), then the n mod 8 last terms in sequence; above, halves cut at a multiple of 8.

    The bits are numpy's but for a sum of -0 alone, which numpy starts from +0."""

    name: ClassVar[str] = "numpy_pairwise"

    def _build(self, tree: _Builder, n: int) -> object:
        def build(start: int, n: int) -> int:
            if n < 8:
                return tree.chain(range(start, start + n))
            if n <= 128:
                whole = start + n - n % 8
                lanes = tree.halve([tree.chain(range(start + lane, whole, 8)) for lane in range(8)])
                return tree.chain([lanes, *range(whole, start + n)])
            half = n // 2 - (n // 2) % 8
            return tree.join(build(start, half), build(start + half, n - half))

        return build(0, n)


@dataclass(frozen=True)
class Tree(Schedule):
    """An explicit tree of nested pairs, such as ``((0, 1), (2, 3))``; it fits sums of exactly that many terms.

    Raises:
        ScheduleError: when the leaves are not a permutation of 0 .. n-1, or n is not the number of terms.
    """

    name: ClassVar[str] = "tree"
    pairs: Nested = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "pairs", _as_tuples(self.pairs))
        leaves = list(_leaves(self.pairs))
        if sorted(leaves) != list(range(len(leaves))):
            raise ScheduleError(f"the leaves of a tree must be a permutation of 0 .. n-1; these are {leaves}")

    def steps(self, n: int) -> Steps:
        count = sum(1 for _ in _leaves(self.pairs))
        if n != count:
            raise ScheduleError(f"this tree adds {count} terms, the reduction has {n}")
        return super().steps(n)

    def _build(self, tree: _Builder, n: int) -> object:
        def build(node: Nested) -> int:
            return node if isinstance(node, int) else tree.join(build(node[0]), build(node[1]))

        return build(self.pairs)


def _require_positive(schedule: Schedule, field: str) -> None:
    value = getattr(schedule, field)
    if type(value) is not int or value < 1:
        raise ScheduleError(f"{type(schedule).__name__}({field}={value!r}): must be a positive integer")


def _as_tuples(node: Any) -> Nested:
    if isinstance(node, int) and not isinstance(node, bool):
        return node
    if isinstance(node, (list, tuple)) and len(node) == 2:
        return (_as_tuples(node[0]), _as_tuples(node[1]))
    raise ScheduleError(f"a tree is a term's index or a pair of trees, not {node!r}")


def _leaves(node: Nested) -> Iterator[int]:
    if isinstance(node, int):
        yield node
    else:
        yield from _leaves(node[0])
        yield from _leaves(node[1])


SCHEDULES: dict[str, type[Schedule]] = {
    kind.name: kind for kind in (Sequential, Reverse, Pairwise, Lanes, Blocked, NumPyPairwise, Tree)
}
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
        return schedule_from_json(json.loads(text))
    name, _, rest = text.partition(":")
    data: dict[str, Any] = {"schedule": name}
    rest, _, pairs = rest.partition("pairs=")  # the last parameter in a text, and the only one that holds commas
    if pairs:
        data["pairs"] = _parse_pairs(pairs)
    for item in filter(None, rest.split(",")):
        key, _, value = item.partition("=")
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
    return given if isinstance(given, Schedule) else parse_schedule(given)


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
