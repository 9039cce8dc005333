"""Whether the bit level conforms: vectors of others, every operand of small formats, every binary32 number, random operands.

Four kinds of checks, each of which counts cases and mismatches of codes, and of flags where the other side has them:

* vectors of Berkeley TestFloat (``softfloat_vectors``);
* 8-bit formats: every pair, in every direction, compiled; the same under every attribute; every triple of fma; against
  ``fpsem.testing.neighbours``;
* every binary32 number: square root, rounding to an integer, conversion to binary16 by the processor, to bfloat16 by the
  integer formula;
* random pairs and triples of binary32 against the processor, to nearest even.

What this module does not do: the processor is asked in nearest even only, and for values only; every NaN counts as one there.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from fpsem.bridges.bridge import Bridge
from fpsem.bridges.softfloat_vectors import compare_file, function_of, vector_files
from fpsem.core.claim import Status
from fpsem.core.formats import BINARY32, FORMATS, Format
from fpsem.core.protocol import Array
from fpsem.core.rounding import Rounding
from fpsem.softfloat import arithmetic
from fpsem.softfloat.attributes import Attributes, Subnormals, Tininess
from fpsem.softfloat.operations import OPERATIONS
from fpsem.testing.evaluate import evaluate
from fpsem.testing.neighbours import expected

BRIDGES: tuple[Bridge, ...] = ()
"""None: these checks take minutes, and have a command of their own."""

SMALL: Mapping[str, int] = {"add": 2, "sub": 2, "mul": 2, "div": 2, "sqrt": 1}
"""Operations that are run on every operand of the 8-bit formats, and how many operands they take."""

EIGHT_BITS = ("toy8", "e4m3", "e5m2")
_CHUNK = 1 << 20
"""Operands that are run at a time."""


class Part(NamedTuple):
    """What a piece of a check found."""

    cases: int
    mismatches: int
    first: str = ""


@dataclass(frozen=True)
class Check:
    """Something to run.

    Args:
        name: what is compared with what.
        region: on which operands.
        status: EXHAUSTIVE where these are all there are.
        steps: how many parts there will be.
        parts: runs them.
    """

    name: str
    region: str
    status: Status
    steps: int
    parts: Callable[[], Iterator[Part]]


@dataclass(frozen=True)
class Line:
    """A check that was run.

    Args:
        check: what.
        cases: operands, times the directions and attributes they were run in.
        mismatches: how many differed.
        seconds: how long it took, compilation included.
        first: the first mismatch, readable; empty where there is none.
    """

    check: Check
    cases: int
    mismatches: int
    seconds: float
    first: str = ""

    def row(self) -> dict[str, str]:
        """The line of a table."""
        return {
            "check": self.check.name, "operands": self.check.region, "evidence": self.check.status.value,
            "cases": f"{self.cases:,}", "mismatches": f"{self.mismatches:,}", "seconds": f"{self.seconds:.1f}",
        }  # fmt: skip


def own_vectors() -> Path:
    """The vectors of the source checkout."""
    return Path(__file__).parents[2] / "tests" / "softfloat" / "vectors"


def checks(vectors: Path | None = None, exhaustive: bool = False, random: int = 10_000_000, seed: int = 0) -> list[Check]:
    """What to run.

    Args:
        vectors: a folder of vector files; by default that of the source checkout.
        exhaustive: whether to run all binary32 numbers and all triples of 8-bit formats too.
        random: about how many random operands for each operation.
        seed: what they are drawn from.

    Raises:
        FileFormatError: the folder holds no vectors.
    """
    found = [*_vector_checks(vectors or own_vectors()), *(c for name in EIGHT_BITS for c in _small_checks(FORMATS[name]))]
    if exhaustive:
        found += [*(_triples(FORMATS[name]) for name in EIGHT_BITS), *_whole_checks()]
    return [*found, *_random_checks(random, seed)]


def run(check: Check, advance: Callable[[str], None] = lambda step: None) -> Line:
    """Run a check, and say as each part begins what it is."""
    start, cases, mismatches, first = time.perf_counter(), 0, 0, ""
    advance(check.name)
    for number, part in enumerate(check.parts(), 1):
        cases, mismatches, first = cases + part.cases, mismatches + part.mismatches, first or part.first
        if number < check.steps:
            advance(check.name)
    return Line(check, cases, mismatches, time.perf_counter() - start, first)


# -- vectors ---------------------------------------------------------------------------------------------------------


def _vector_checks(folder: Path) -> Iterator[Check]:
    for path in vector_files(folder):
        region = "vectors: all directions, x86, RISC-V and ARM, both rules of tininess"
        yield Check(f"TestFloat {function_of(path)}", region, Status.TESTED, 1, partial(_vector_parts, path))


def _vector_parts(path: Path) -> Iterator[Part]:
    compared = list(compare_file(path))
    first = next((c.first for c in compared if c.first), "")
    yield Part(sum(c.cases for c in compared), sum(c.mismatches for c in compared), first)


# -- small formats ---------------------------------------------------------------------------------------------------


def _small_checks(f: Format) -> Iterator[Check]:
    plain = [Attributes(direction) for direction in Rounding]
    modes = list(every_mode())
    names, count = " ".join(SMALL), len(SMALL)
    yield Check(
        f"{f.name} {names}: compiled and exact", "every operand, every direction, with flags", Status.EXHAUSTIVE,
        count * len(plain), partial(_small_parts, f, plain, _compiled),
    )  # fmt: skip
    yield Check(
        f"{f.name} {names}: words and exact", f"every operand, {len(modes)} choices of attributes, with flags",
        Status.EXHAUSTIVE, count * len(modes), partial(_small_parts, f, modes, _over_words),
    )  # fmt: skip


def every_mode() -> Iterator[Attributes]:
    """Every choice of direction, tininess, treatment of subnormals and saturation."""
    for direction, tininess, subnormals, saturate in itertools.product(Rounding, Tininess, Subnormals, (False, True)):
        yield Attributes(direction, tininess=tininess, subnormals=subnormals, saturate=saturate)


def every_operand(f: Format, operands: int) -> tuple[Array, ...]:
    """Every tuple of codes of a narrow format, as one array for each operand."""
    codes = np.arange(1 << f.width).astype(f.dtype)
    return tuple(np.ascontiguousarray(axis.ravel()) for axis in np.meshgrid(*[codes] * operands, indexing="ij"))


def _compiled(name: str, f: Format, mode: Attributes, operands: tuple[Array, ...]) -> tuple[Array, ...]:
    made: tuple[Array, ...] = getattr(arithmetic(f), name)(*operands, rounding=mode.rounding, with_flags=True)
    return made


def _over_words(name: str, f: Format, mode: Attributes, operands: tuple[Array, ...]) -> tuple[Array, ...]:
    return evaluate(partial(OPERATIONS[name].algorithm, f, mode), *operands)


def _small_parts(f: Format, modes: Sequence[Attributes], made_by: Callable[..., Any]) -> Iterator[Part]:
    for name, arity in SMALL.items():
        operands = every_operand(f, arity)
        for mode in modes:
            made, wanted = made_by(name, f, mode, operands), expected(name, f, mode, *operands)
            yield _part(f"{name} {mode}", operands, (made[0] != wanted.codes) | (made[1] != wanted.flags))


def _triples(f: Format) -> Check:
    steps = (1 << f.width) * len(Rounding)
    return Check(
        f"{f.name} fma: compiled and exact", "every triple, every direction, with flags", Status.EXHAUSTIVE, steps,
        partial(_triple_parts, f),
    )  # fmt: skip


def _triple_parts(f: Format) -> Iterator[Part]:
    a, b = every_operand(f, 2)
    for direction, last in itertools.product(Rounding, range(1 << f.width)):
        operands, mode = (a, b, np.full(a.shape, last, f.dtype)), Attributes(direction)
        made, wanted = _compiled("fma", f, mode, operands), expected("fma", f, mode, *operands)
        yield _part(f"fma {direction.value}", operands, (made[0] != wanted.codes) | (made[1] != wanted.flags))


# -- binary32 and the processor --------------------------------------------------------------------------------------


def _whole_checks() -> Iterator[Check]:
    region, steps = "every binary32 number, nearest even", (1 << BINARY32.width) // _CHUNK
    for name, ours, theirs in (
        ("sqrt: compiled and the processor", arithmetic().sqrt, np.sqrt),
        ("round_to_integral: compiled and the processor", arithmetic().round_to_integral, np.rint),
        ("to binary16: compiled and the processor", partial(arithmetic().convert, to="binary16"), _to_half),
        ("to bfloat16: compiled and the integer formula", partial(arithmetic().convert, to="bfloat16"), _to_bfloat16),
    ):
        yield Check(f"binary32 {name}", region, Status.EXHAUSTIVE, steps, partial(_whole_parts, name, ours, theirs))


def _whole_parts(name: str, ours: Callable[..., Any], theirs: Callable[..., Any]) -> Iterator[Part]:
    for start in range(0, 1 << BINARY32.width, _CHUNK):
        codes = np.arange(start, start + _CHUNK, dtype=np.uint32)
        yield _against(name, (codes,), ours, theirs)


def _to_half(x: Array) -> Array:
    return x.astype(np.float16)


def _to_bfloat16(x: Array) -> Array:
    """Half a unit less one is added to the code, and one more where the last bit that stays is set; then it is cut."""
    codes, to = x.view(np.uint32), FORMATS["bfloat16"]
    cut = BINARY32.width - to.width
    even = (codes >> cut) & 1
    moved = (codes.astype(np.uint64) + ((1 << (cut - 1)) - 1) + even) >> cut
    return np.asarray(np.where(np.isnan(x), to.nan, moved).astype(to.dtype))


_HARDWARE: Mapping[str, Callable[..., Any]] = {"add": np.add, "sub": np.subtract, "mul": np.multiply, "div": np.divide}


def _random_checks(count: int, seed: int) -> Iterator[Check]:
    from fpsem.domains._hardware import fma

    sizes = [min(_CHUNK, count - start) for start in range(0, count, _CHUNK)]
    for name, theirs in {**_HARDWARE, "fma": fma}.items():
        yield Check(
            f"binary32 {name}: compiled and the processor", "random, of all and of near exponents, nearest even",
            Status.TESTED, len(sizes), partial(_random_parts, name, theirs, sizes, seed),
        )  # fmt: skip


def _random_parts(name: str, theirs: Callable[..., Any], sizes: Sequence[int], seed: int) -> Iterator[Part]:
    rng, arity = np.random.default_rng([seed, *name.encode()]), OPERATIONS[name].operands
    for step, size in enumerate(sizes):
        operands = tuple(_drawn(rng, size, near=step % 2 == 1) for _ in range(arity))
        yield _against(name, operands, getattr(arithmetic(), name), theirs)


def _drawn(rng: np.random.Generator, count: int, near: bool) -> Array:
    """Random codes: all alike, or of exponents so near to one another that sums cancel and products stay normal."""
    f, codes = BINARY32, rng.integers(0, 1 << BINARY32.width, count, dtype=np.uint32)
    if not near:
        return codes
    span = np.uint32(f.sign_mask | f.fraction_mask | (15 << f.fraction_bits))
    return np.asarray((codes & span) + np.uint32((f.bias - 8) << f.fraction_bits))


def _against(name: str, operands: tuple[Array, ...], ours: Callable[..., Any], theirs: Callable[..., Any]) -> Part:
    made = ours(*operands)
    with np.errstate(all="ignore"):
        wanted = theirs(*(x.view(np.float32) for x in operands))
        nan = np.isnan(wanted) if wanted.dtype.kind == "f" else np.zeros(made.shape, bool)
    f = {2: FORMATS["binary16"], 4: BINARY32}[made.dtype.itemsize]
    return _part(name, operands, made != np.where(nan, made.dtype.type(f.nan), wanted.view(made.dtype)))


def _part(name: str, operands: tuple[Array, ...], differ: Array) -> Part:
    count = int(np.count_nonzero(differ))
    shown = ", ".join(hex(x[differ.argmax()]) for x in operands) if count else ""
    return Part(differ.size, count, f"{name} ({shown})" if count else "")
