"""The bench that checks work on: a domain, its judge, operands in its scalars, and what each row of a call gave."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from fpsem.core.errors import UnableError
from fpsem.core.protocol import ARITHMETIC, COMPARISONS, ELEMENTARY, Array, ScalarDomain, exact_array
from fpsem.testing.calls import SampleCall
from fpsem.testing.judging import Judge, rows, show_code
from fpsem.testing.operands import Codes, Columns, columns
from fpsem.testing.report import Recorder

PRIMITIVES: Mapping[str, int] = {**ARITHMETIC, **dict.fromkeys(ELEMENTARY, 1), **dict.fromkeys(COMPARISONS, 2)}
"""Every primitive of the protocol's tables and how many operands it takes."""

_TERMS = 20
"""Rows of operands for a domain of terms, whose arithmetic is slow."""


@dataclass(frozen=True)
class Bench:
    """What every check is given.

    Args:
        domain: the domain on trial.
        judge: the judge of its contract.
        recorder: where cases go.
        samples: random rows of operands for each primitive.
        seed: what the random rows are drawn from.
        formats: the narrower formats whose casts are checked.
        derived: the derived meaning of ops, by name.
        calls: how each override is tried, by op name.
    """

    domain: ScalarDomain
    judge: Judge
    recorder: Recorder
    samples: int
    seed: int
    formats: Sequence[str]
    derived: Mapping[str, Callable[..., Array]]
    calls: Mapping[str, tuple[SampleCall, ...]]

    # -- operands ------------------------------------------------------------------------------------------------

    @property
    def primitives(self) -> Mapping[str, int]:
        """The primitives that the domain has a meaning for."""
        absent = ELEMENTARY if self.domain.contract.elementary_ulps is None else ()
        return {name: arity for name, arity in PRIMITIVES.items() if name not in absent}

    def columns(self, name: str, arity: int) -> Columns:
        """The operands at which a primitive of so many operands is tried."""
        limit = None if self.domain.contract.concrete else _TERMS
        drawn = columns(arity, self.samples, self.seed, self.judge.special, limit)
        kept = np.array([self.judge.takes(name, row) for row in rows(drawn)])
        return tuple(column[kept] for column in drawn)

    def embed(self, operands: Iterable[Codes]) -> list[Array]:
        """Codes as the domain's scalars."""
        return [self.domain.from_bits(codes) for codes in operands]

    def numbers(self, value: int, shape: tuple[int, ...]) -> Array:
        """An array of one small integer in the domain's scalars."""
        return self.domain.constant(exact_array(np.full(shape, value, dtype=object)))

    # -- calls ---------------------------------------------------------------------------------------------------

    def primitive(self, name: str) -> Callable[..., Array]:
        """A primitive by its name; comparisons come with the choice that makes their truths numbers: 1 or 0."""
        method: Callable[..., Array] = getattr(self.domain, name)
        return self._chosen(method) if name in COMPARISONS else method

    def _chosen(self, truth: Callable[..., Array]) -> Callable[..., Array]:
        def choose(*operands: Array) -> Array:
            shape = np.broadcast_shapes(*(np.shape(x) for x in operands))
            return self.domain.select(truth(*operands), self.numbers(1, shape), self.numbers(0, shape))

        return choose

    def predicate(self, name: str) -> Callable[..., Array]:
        """A predicate of one operand as numbers: 1 or 0."""
        return self._chosen(getattr(self.domain, name))

    def outcomes(self, compute: Callable[..., Array], operands: Columns) -> list[Any]:
        """What was read of each row; where a row raises, the exception."""
        try:
            readings = self.judge.read(compute(*self.embed(operands)))
        except Exception as error:  # any error of the domain is a finding of the suite
            return self._halves(compute, operands, error)
        n = operands[0].size
        return readings if len(readings) == n else [ValueError(f"{len(readings)} results for {n} rows")] * n

    def _halves(self, compute: Callable[..., Array], operands: Columns, error: Exception) -> list[Any]:
        n = operands[0].size
        if n == 1:
            return [error]
        cut = [slice(0, n // 2), slice(n // 2, n)]
        found = [reading for part in cut for reading in self.outcomes(compute, tuple(c[part] for c in operands))]
        return found if any(isinstance(reading, Exception) for reading in found) else [error, *found[1:]]

    # -- verdicts ------------------------------------------------------------------------------------------------

    def judge_rows(
        self, check: str, name: str, compute: Callable[..., Array], operands: Columns, wants: list[Any], ulps: int = 0
    ) -> None:
        """Run the rows and record a case for each: undefined ones one by one, the others together."""
        defined = np.array([want is not None for want in wants], dtype=bool)
        together = tuple(column[defined] for column in operands)
        gots = iter(self.outcomes(compute, together) if defined.any() else [])
        for index, (row, want) in enumerate(zip(rows(operands), wants)):
            if want is None:
                got = self.outcomes(compute, tuple(column[index : index + 1] for column in operands))[0]
                self._record(f"undefined {check}", name, row, got, "UndefinedError", self.judge.refuses(got))
            else:
                got = next(gots)
                self._record(check, name, row, got, want, self.meets(got, want, ulps, row))

    def meets(self, got: Any, want: Any, ulps: int = 0, row: Sequence[int] = ()) -> bool:
        """Whether an outcome is what was expected, or one that the judge excuses."""
        if isinstance(got, Exception):
            return isinstance(got, UnableError) and self.judge.excuses(want)
        return self.judge.meets(got, want, ulps, row)

    def _record(self, check: str, name: str, row: tuple[int, ...], got: Any, want: Any, passed: bool) -> None:
        description = ""
        if not passed:
            expected = want if isinstance(want, str) else self.judge.show(want)
            description = f"({', '.join(map(show_code, row))}) gave {self.judge.show(got)}, expected {expected}"
        self.recorder.case(check, name, passed, description)

    def judge_same(self, check: str, name: str, gots: list[Any], wants: list[Any], operands: Columns) -> None:
        """Record a case for each pair of readings that must be of one and the same result."""
        for row, got, want in zip(rows(operands), gots, wants, strict=True):
            self._record(check, name, row, got, want, self._same(got, want))

    def _same(self, got: Any, want: Any) -> bool:
        if isinstance(got, Exception) or isinstance(want, Exception):
            return type(got) is type(want)
        return self.judge.same(got, want)

    def exactly(self, value: int | Fraction) -> Any:
        """What the number must be when it is embedded."""
        return self.judge.number(Fraction(value))
