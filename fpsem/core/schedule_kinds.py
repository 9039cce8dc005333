"""The kinds of schedules: what ``fpsem.core.schedule`` says of them, and gives to others, is written here.

Most are trees, and a tree is all that they are. Two are not: Compensated carries the errors of its additions along, Exact rounds
once. What these mean is said by ``fpsem.core.reduction``, as is what an accumulator of a wider format means.

Source: Higham, "Accuracy and Stability of Numerical Algorithms", 2nd ed., chapter 4; Ogita, Rump and Oishi, "Accurate sum and
dot product", SIAM J. Sci. Comput. 26, 2005 (Sum2 and Dot2); numpy's ``loops_utils.h.src`` for the order of ``numpy.add.reduce``;
the CUDA C++ Programming Guide, section 10.22 (warp shuffle functions), for reductions over a warp.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, fields
from functools import lru_cache
from typing import Any, ClassVar

from fpsem.core.errors import ScheduleError, UnknownNameError
from fpsem.core.formats import FORMATS

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

    def shuffle_down(self, slots: list[int], width: int) -> int:
        """Slot j is joined by slot j + width/2 where there is one, then by slot j + width/4, and so on."""
        while width > 1:
            width //= 2
            joined = [self.join(slots[j], slots[j + width]) for j in range(min(width, len(slots) - width))]
            slots = joined + slots[len(joined) : width]
        return slots[0]


@dataclass(frozen=True)
class Schedule:
    """The order of a reduction. Use one of the subclasses.

    Args:
        fused: whether products join a running sum by fused multiply-add.
        accumulator: the name of the format that sums are held in, from the first addition to the last, and rounded once from;
            None for the scalars' own. Terms, and products that are not fused, are scalars; fused products are rounded in the
            accumulator only.

    Raises:
        UnknownNameError: no such format.
        ScheduleError: a parameter that does not fit.
    """

    name: ClassVar[str] = ""
    has_tree: ClassVar[bool] = True
    """Whether the sum is a tree of additions; where it is not, maxima are taken in sequence."""

    fused: bool = False
    accumulator: str | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        if type(self.fused) is not bool:
            raise ScheduleError(f"schedule {self.name}: fused must be true or false, not {self.fused!r}")
        if self.accumulator is not None and (not isinstance(self.accumulator, str) or self.accumulator not in FORMATS):
            raise UnknownNameError(f"accumulator of schedule {self.name}", self.accumulator, FORMATS)

    def _build(self, tree: _Builder, n: int) -> object:
        raise NotImplementedError

    def steps(self, n: int) -> Steps:
        """The n - 1 steps for n terms (none for n < 2). Raises ScheduleError where the schedule is no tree."""
        if not self.has_tree:
            raise ScheduleError(f"schedule {self} is no tree of additions: it has no steps")
        return _steps(self, n)

    def heights(self, n: int) -> tuple[int, ...]:
        """For each term, how many additions in the accumulator it passes through: the length of its path to the root."""
        depth = [0] * max(2 * n - 1, n)
        for slot, (left, right) in reversed(list(enumerate(self.steps(n), start=n))):
            depth[left] = depth[right] = depth[slot] + 1
        return tuple(depth[:n])

    def height(self, n: int) -> int:
        """The longest path: the h of the error bound ``|computed - exact| <= ((1 + u)**h - 1) sum |x_i|``, where u is the
        accumulator's; the rounding of an accumulator's sum to the scalars' format is not counted."""
        return max(self.heights(n), default=0)

    def to_json(self) -> dict[str, Any]:
        """A plain dictionary: the schedule's name and its parameters, the accumulator where there is one."""
        parameters = asdict(self)
        if self.accumulator is None:
            del parameters["accumulator"]
        return {"schedule": self.name, **parameters}

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
        super().__post_init__()
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
        super().__post_init__()
        _require_positive(self, "width")

    def _build(self, tree: _Builder, n: int) -> object:
        return tree.halve([tree.chain(range(lane, n, self.width)) for lane in range(min(self.width, n))])


@dataclass(frozen=True)
class WarpTree(Schedule):
    """``width`` running sums, term i into sum i mod width, then halved as ``__shfl_down_sync`` does: sum j is joined by sum
    j + width/2, then by sum j + width/4, and so on.

    A sum that no term goes into takes no part; a warp whose idle lanes hold +0 gives the same bits, but for a sum of -0 alone.

    Raises:
        ScheduleError: when the width is no power of two.
    """

    name: ClassVar[str] = "warp_tree"
    width: int = 32

    def __post_init__(self) -> None:
        super().__post_init__()
        _require_positive(self, "width")
        if self.width & (self.width - 1):
            raise ScheduleError(f"WarpTree(width={self.width}): must be a power of two")

    def _build(self, tree: _Builder, n: int) -> object:
        lanes = [tree.chain(range(lane, n, self.width)) for lane in range(min(self.width, n))]
        return tree.shuffle_down(lanes, self.width)


@dataclass(frozen=True)
class Blocked(Schedule):
    """Blocks of ``block`` consecutive terms, each summed in sequence; then the block sums in sequence."""

    name: ClassVar[str] = "blocked"
    block: int = 128

    def __post_init__(self) -> None:
        super().__post_init__()
        _require_positive(self, "block")

    def runs(self, n: int) -> list[int]:
        """Where the blocks of n terms end, n last."""
        return [*range(self.block, n, self.block), n]

    def _build(self, tree: _Builder, n: int) -> object:
        return _chain_of_runs(tree, self.runs(n))


@dataclass(frozen=True)
class SplitK(Schedule):
    """``parts`` runs of consecutive terms, as equal as they can be (the first are the longer ones), each summed in sequence;
    then the sums of the runs in sequence. Runs without a term take no part."""

    name: ClassVar[str] = "split_k"
    parts: int = 4

    def __post_init__(self) -> None:
        super().__post_init__()
        _require_positive(self, "parts")

    def runs(self, n: int) -> list[int]:
        """Where the runs of n terms end, n last."""
        parts = min(self.parts, n)
        return [(i * (n // parts)) + min(i, n % parts) for i in range(1, parts + 1)]

    def _build(self, tree: _Builder, n: int) -> object:
        return _chain_of_runs(tree, self.runs(n))


def _chain_of_runs(tree: _Builder, ends: list[int]) -> int:
    return tree.chain([tree.chain(range(start, stop)) for start, stop in zip([0, *ends], ends)])


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
        super().__post_init__()
        try:
            object.__setattr__(self, "pairs", _as_tuples(self.pairs))
            hash(self.pairs)
        except RecursionError:
            raise ScheduleError("this tree is nested too deeply; a schedule with a name may have the same steps") from None
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


@dataclass(frozen=True)
class Compensated(Schedule):
    """In sequence, with the error of every addition: TwoSum (Knuth) finds it, the errors are added in sequence to a second sum,
    which is added to the first at the end. ``fused=True`` adds the errors of the products too, each found by one fused
    multiply-add (Dot2): after every addition, its error plus the product's error joins the second sum.

    In rounding to nearest this is Neumaier's sum: his algorithm compares magnitudes so that Fast2Sum finds the error, and both
    that and TwoSum find it exactly, so errors and bits are the same; an infinite sum is NaN in both. In other directions TwoSum's
    error may itself be rounded; then only the algorithm written here is meant.

    ``heights`` is not a count of additions: it is the least h that the bound of Ogita, Rump and Oishi gives, so that
    ``((1 + u)**h - 1) sum |x_i|`` bounds the error in nearest rounding for precisions of 24 bits and more: 2 up to 2897 terms.
    """

    name: ClassVar[str] = "compensated"
    has_tree: ClassVar[bool] = False

    def heights(self, n: int) -> tuple[int, ...]:
        """The h of the error bound for every term; see the class. Raises ScheduleError beyond 2**22 terms."""
        if n > 1 << 22:
            raise ScheduleError(f"no height is known of a compensated sum of {n} terms; at most 2**22 are bounded")
        return (0 if n < 2 else 2 + ((n - 1) ** 2 >> 23),) * n


@dataclass(frozen=True)
class Exact(Schedule):
    """The exact sum, rounded once: of the products as they are rounded, or with ``fused=True`` of the exact products.

    A sum of zeros of one sign is that zero; any other sum that is 0 is +0 (-0 when rounding downward). A NaN among the
    terms, an infinity times 0, or infinities of both signs give NaN. ``heights`` is 1 for two terms and more: the one rounding.

    Raises:
        ScheduleError: an accumulator, which the exact sum has no use for.
    """

    name: ClassVar[str] = "exact"
    has_tree: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if self.accumulator is not None:
            raise ScheduleError(f"schedule exact takes no accumulator, such as {self.accumulator!r}: the sum is rounded once")
        super().__post_init__()

    def heights(self, n: int) -> tuple[int, ...]:
        """1 for every term, the one rounding; 0 for a single one."""
        return (int(n > 1),) * n


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
