"""Explain a witness, an input at which a property of a graph's binary32 execution fails: its numbers in every notation, every
node in binary32 beside its real value, and a witness with shorter decimals.

Guarantees: executed codes are those of IEEE32Exec in the schedule given, bit for bit. A decimal of a real value is that value
correctly rounded to 17 significant digits, written only where both ends of the enclosure give it. What ``minimised`` returns lies
in the boxes, and the property failed there when it was last asked; its decimals mean "the binary32 number nearest to this".
Does not: find the shortest witness there is; a search that changes one element at a time stops where no single change helps.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import MAX_EMAX, MIN_EMIN, ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction
from itertools import islice
from math import ceil, floor, frexp, inf, ldexp
from typing import Any

import numpy as np
import numpy.typing as npt

from fpsem.core.errors import PayloadError, UnableError, UndefinedError, UnsupportedError
from fpsem.core.formats import BINARY32
from fpsem.core.protocol import Array
from fpsem.core.region import Box
from fpsem.core.schedule import Schedule, Sequential, schedule_of
from fpsem.domains.ieee32 import IEEE32Exec
from fpsem.domains.real import Real, Ternary
from fpsem.graph.denote import embed, evaluate, integers, run
from fpsem.graph.ir import Graph
from fpsem.graph.op import Sort
from fpsem.softfloat import arithmetic

Witness = Mapping[str, npt.NDArray[np.float32]]
"""A float32 array for each input, by name."""

_DIGITS = 17
"""Significant digits of a real value's decimal; as many tell any two doubles apart."""

_MOST_PLACES = 8
"""Significant digits of the longest decimals that are tried; of binary32 numbers none needs more than 9."""


# -- the numbers of a witness ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Number:
    """One element of a witness.

    Args:
        name: the input's.
        index: the element's.
        bits: its code, as 0x3f800000.
        decimal: the shortest decimal to which it is the nearest binary32 number.
        hexadecimal: its value exactly, as C's ``%a`` writes it.
    """

    name: str
    index: tuple[int, ...]
    bits: str
    decimal: str
    hexadecimal: str


def shown(x: Witness) -> list[Number]:
    """Every element of a witness, in C order, in every notation.

    Raises:
        PayloadError: an array of another dtype than float32.
    """
    rows = []
    for name, codes in _codes(x).items():
        notations = zip(arithmetic().to_decimal(codes).flat, arithmetic().to_hexadecimal(codes).flat)
        for (index, code), (decimal, hexadecimal) in zip(np.ndenumerate(codes), notations):
            rows.append(Number(name, index, f"{int(code):#010x}", str(decimal), str(hexadecimal)))
    return rows


def _codes(x: Witness) -> dict[str, npt.NDArray[np.uint32]]:
    arrays = {name: np.array(array, order="C") for name, array in x.items()}
    for name, array in arrays.items():
        if array.dtype != np.float32:
            raise PayloadError(f"input {name!r} has dtype {array.dtype}, expected float32")
    return {name: array.view(np.uint32) for name, array in arrays.items()}


# -- the trace -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class TraceRow:
    """One element of one node's value.

    Args:
        node: the node's name; its index is added where several share one.
        op: its op.
        index: the element's.
        code: the executed value's binary32 code; of an integer that integer, of a truth 0 or 1.
        value: the executed value.
        hexadecimal: it exactly, as C's ``%a`` writes it; of an integer its decimal, of a truth "true" or "false".
        real: the real value's decimal, short where it is exact and else of 17 digits; "undefined" where there is none, or none
            could be told from one that is undefined; "unknown" where it was not found to so many digits.
        error: ``|executed - real|`` to the nearest double, infinite beyond them; 0 where the two could not be told apart; None
            where either is no number, or too little is known of the real one, and of truths and integers.
        note: why the real value is undefined or unknown, else empty.
        left_out: how many more elements this node has that are not shown; 0 but at the last that is.
    """

    node: str
    op: str
    index: tuple[int, ...]
    code: int
    value: float
    hexadecimal: str
    real: str
    error: float | None
    note: str = ""
    left_out: int = 0


def trace_of(
    graph: Graph,
    params: Mapping[str, Any],
    x: Mapping[str, Any],
    schedule: Schedule | str = Sequential(),
    most_elements: int = 64,
) -> tuple[TraceRow, ...]:
    """Every node at one input, in binary32 and in the reals.

    Args:
        graph: what to compute.
        params: float32 tensors by parameter name.
        x: float32 arrays by input name, and integers where the graph takes them.
        schedule: the order of reductions in the execution; real sums have none.
        most_elements: how many elements of a node are shown, the first in C order.

    Returns:
        The rows, in the order of nodes and then of elements.

    Raises:
        PayloadError: a tensor is missing, unknown, or has the wrong shape or dtype.
        ValueError: ``most_elements`` is not positive.
    """
    if most_elements < 1:
        raise ValueError(f"most_elements must be at least 1, not {most_elements}")
    executed: dict[int, Array] = {}
    run(graph, params, x, IEEE32Exec(schedule=schedule_of(schedule)), observe=executed.__setitem__)
    names = [graph.name_of(index) for index in range(len(graph.nodes))]
    reals = _reals(graph, names, {**params, **x})
    rows: list[TraceRow] = []
    for index, name in enumerate(names):
        label = f"{name} %{index}" if names.count(name) > 1 else name
        rows.extend(_rows(graph, index, label, executed[index], reals, most_elements))
    return tuple(rows)


def _rows(graph: Graph, index: int, label: str, executed: Array, reals: _Reals, most: int) -> Iterator[TraceRow]:
    node, sort = graph.nodes[index], graph.op(index).sort
    elements = list(islice(np.ndindex(*node.shape), most))
    for at in elements:
        code, (real, bounds, note) = int(executed[at]), reals.at(index, at, sort)
        value, text, error = float(code), str(code), None
        if sort is Sort.TRUTH:
            text = str(bool(code)).lower()
        elif sort is Sort.SCALAR:
            value = float(np.uint32(code).view(np.float32))
            text = str(arithmetic().to_hexadecimal(np.uint32(code)))
            error = _error(code, bounds)
        left = executed.size - len(elements) if at == elements[-1] else 0
        yield TraceRow(label, node.op, at, code, value, text, real, error, note, left)


def _error(code: int, bounds: tuple[Fraction, Fraction] | None) -> float | None:
    """The distance of a code from a real value between bounds, where these decide it; 0 between bounds that are as one."""
    if bounds is None or not BINARY32.is_finite(code):
        return None
    value, (low, high) = BINARY32.decode(code), bounds
    if low <= value <= high:
        return 0.0 if _decimal(low) == _decimal(high) else None
    try:
        least, most = (float(abs(value - end)) for end in bounds)
    except OverflowError:
        return inf
    return least if least == most else None


@dataclass(frozen=True, eq=False)
class _Reals:
    """Each node's real value.

    Args:
        domain: as it was at last.
        values: arrays of its scalars, of truths or of integers; or why there is none.
        causes: for a node with an undefined element, why, so far as its inputs say.
    """

    domain: Real
    values: Sequence[Array | str]
    causes: Mapping[int, str]

    def at(self, index: int, element: tuple[int, ...], sort: Sort) -> tuple[str, tuple[Fraction, Fraction] | None, str]:
        """Of one element: the text, bounds where there are any, and the note where it is no number or not known."""
        value = self.values[index]
        if isinstance(value, str):
            return "undefined", None, value
        if sort is Sort.TRUTH:
            truth = Ternary(value[element])
            return truth.name.lower(), None, "" if truth is not Ternary.UNKNOWN else "operands too close to compare"
        if sort is Sort.INTEGER:
            return str(int(value[element])), None, ""
        try:
            ends = self.domain.enclosure(np.array([value[element]], dtype=object))
        except UndefinedError:
            return "undefined", None, self.causes[index]
        except UnableError:
            return "unknown", None, "no bound that can be written was found"
        bounds = (ends[0][0], ends[1][0])
        low, high = map(_decimal, bounds)
        return (low, bounds, "") if low == high else ("unknown", bounds, f"between {low} and {high}")


def _reals(graph: Graph, names: Sequence[str], leaves: Mapping[str, Any]) -> _Reals:
    """Every node's real value, in a domain sharpened until each is as sharp as it promises, or no more can be done."""
    finer: Real | None = Real()
    while finer is not None:
        domain, values = finer, list[Array | str]()
        for index in range(len(graph.nodes)):
            values.append(_real(graph, index, names, leaves, values, domain))
        finer = domain.refine([value for value in values if not isinstance(value, str)])
    return _Reals(domain, values, _causes(graph, names, values, domain))


def _real(
    graph: Graph, index: int, names: Sequence[str], leaves: Mapping[str, Any], before: Sequence[Array | str], domain: Real
) -> Array | str:
    """The value of one node, or why there is none."""
    node = graph.nodes[index]
    try:
        if graph.op(index).is_leaf:
            name = str(node.attributes["name"])
            if graph.op(index).sort is Sort.INTEGER:
                return integers(f"input {name!r}", leaves[name], node.shape)
            return embed(f"{node.op} {name!r}", leaves[name], node.shape, domain)
        arguments: list[Array] = []
        for i in node.inputs:
            value = before[i]
            if isinstance(value, str):
                return f"follows from {names[i]}"
            arguments.append(value)
        return evaluate(index, node, arguments, domain)
    except (UndefinedError, UnableError, UnsupportedError) as error:
        return str(error)


def _causes(graph: Graph, names: Sequence[str], values: Sequence[Array | str], domain: Real) -> dict[int, str]:
    """For each node with an undefined element: the first of its inputs that has one too, or else its own op."""
    causes: dict[int, str] = {}
    for index, value in enumerate(values):
        if isinstance(value, str) or graph.op(index).sort is not Sort.SCALAR or not np.isnan(domain.to_float(value)).any():
            continue
        sources = [names[i] for i in graph.nodes[index].inputs if i in causes]
        op = graph.nodes[index].op
        causes[index] = f"follows from {sources[0]}" if sources else f"{op} has no real value here, or none that could be told"
    return causes


def _decimal(x: Fraction) -> str:
    """A rational correctly rounded to 17 significant digits, to nearest even; with fewer digits where these are all."""
    context = Context(prec=_DIGITS, rounding=ROUND_HALF_EVEN, Emin=MIN_EMIN, Emax=MAX_EMAX)
    return str(context.divide(Decimal(x.numerator), Decimal(x.denominator))).lower()


# -- a shorter witness -----------------------------------------------------------------------------------------------


def minimised(
    x: Witness, fails: Callable[[Witness], bool], boxes: Mapping[str, Box], budget: int = 400
) -> dict[str, npt.NDArray[np.float32]]:
    """A witness with shorter decimals, at which the property still fails.

    All elements are rounded to fewer digits at once, where that can be done; then each in turn is replaced by the simplest
    number that serves, until none can be. Tried are 0, 1, -1, the two nearest integers, the nearest decimals of 1 to 8
    significant digits below and above, and the powers of two around it. Simpler is what has a shorter decimal text, and of
    texts of one length what is nearer to 0. The same arguments give the same witness.

    Args:
        x: float32 arrays by input name.
        fails: whether the property fails at an input, by exact replay; it is given arrays of its own.
        boxes: by input name, where the witness must stay.
        budget: how often ``fails`` is asked at most; the first time is for ``x`` itself.

    Returns:
        New arrays by input name.

    Raises:
        PayloadError: an array of another dtype, or one that is not in its box, or has none.
        ValueError: the property does not fail at ``x``; or the budget is not positive.
    """
    if budget < 1:
        raise ValueError(f"budget must be at least 1, not {budget}")
    codes = _codes(x)
    for name, given in codes.items():
        if name not in boxes:
            raise PayloadError(f"input {name!r} has no box; there are boxes for: {', '.join(sorted(boxes))}")
        if given.shape != boxes[name].shape or not boxes[name].contains(given.view(np.float32)):
            raise PayloadError(f"input {name!r}, of shape {given.shape}, is not in its {boxes[name]}")
    search = _Search(fails, boxes, codes, budget)
    if not search.accepts(codes):
        raise ValueError("there is nothing to minimise: the property does not fail at the input given")
    search.round_all()
    while search.left and search.simplify_each():
        pass
    return {name: found.view(np.float32) for name, found in search.codes.items()}


@dataclass
class _Search:
    """The best witness so far, as codes, and how often the property may still be asked."""

    fails: Callable[[Witness], bool]
    boxes: Mapping[str, Box]
    codes: dict[str, npt.NDArray[np.uint32]]
    left: int

    def accepts(self, codes: dict[str, npt.NDArray[np.uint32]]) -> bool:
        """Whether the property fails at a candidate, which then is the best."""
        if self.left == 0:
            return False
        self.left -= 1
        failed = bool(self.fails({name: array.view(np.float32).copy() for name, array in codes.items()}))
        self.codes = codes if failed else self.codes
        return failed

    def round_all(self) -> None:
        """All elements to the fewest digits that serve: a few questions for any number of elements, if more than one."""
        if sum(int((~self.boxes[name].fixed).sum()) for name in self.codes) < 2:
            return
        candidates = [self.codes]
        for digits in range(_MOST_PLACES, -1, -1):
            candidates.append({name: self._rounded(name, digits, longer) for name, longer in candidates[-1].items()})
        for candidate in reversed(candidates[1:]):
            if self.accepts(candidate):
                return

    def _rounded(self, name: str, digits: int, longer: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint32]:
        """An input to so many digits, none being 0; but as it is in a longer candidate where that is not in the box."""
        box, codes = self.boxes[name], self.codes[name]
        nearest = arithmetic().from_decimal(arithmetic().to_decimal(codes, digits=digits)) if digits else np.zeros_like(codes)
        x = nearest.view(np.float32)
        return np.where(~box.fixed & (box.lo <= x) & (x <= box.hi), nearest, longer)

    def simplify_each(self) -> bool:
        """Each element replaced by the simplest number that serves; whether any was."""
        changed = False
        for name in self.codes:
            for index in map(tuple, np.argwhere(~self.boxes[name].fixed)):
                changed |= self._simplify(name, index)
        return changed

    def _simplify(self, name: str, index: tuple[int, ...]) -> bool:
        if self.left == 0:
            return False
        low, high = self.boxes[name].lo[index], self.boxes[name].hi[index]
        for code in _simpler(int(self.codes[name][index])):
            if low <= np.uint32(code).view(np.float32) <= high:
                candidate = self.codes[name].copy()
                candidate[index] = code
                if self.accepts({**self.codes, name: candidate}):
                    return True
        return False


def _simpler(code: int) -> list[int]:
    """The codes to try in place of one, all simpler than it, simplest first."""
    value, text = float(np.uint32(code).view(np.float32)), str(arithmetic().to_decimal(np.uint32(code)))
    _, exponent = frexp(abs(value))
    whole = [0, 1, -1, floor(value), ceil(value)]
    powers = [Decimal(ldexp(1.0 if value > 0 else -1.0, power)) for power in (exponent - 1, exponent)]
    contexts = [Context(prec, way) for prec in range(1, _MOST_PLACES + 1) for way in (ROUND_FLOOR, ROUND_CEILING)]
    digits = [context.create_decimal(text) for context in contexts]
    codes = arithmetic().from_decimal([str(number) for number in (*whole, *digits, *powers)])
    finite = {int(c) for c in codes if BINARY32.is_finite(int(c))}
    keys = {c: _key(c) for c in (*finite, code)}
    return sorted((c for c in finite if keys[c] < keys[code]), key=keys.__getitem__)


def _key(code: int) -> tuple[int, int]:
    """Simplicity: the length of the shortest decimal text, positional or scientific; then the magnitude."""
    text = str(arithmetic().to_decimal(np.uint32(code)))
    scientific = f"{Decimal(text).normalize():e}".replace("e+", "e")
    return min(len(text), len(scientific)), code & BINARY32.magnitude_mask
