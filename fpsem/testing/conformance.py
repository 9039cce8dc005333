"""The conformance suite: does a domain keep the promise of its contract?

The suite is a product of tables: every primitive of ``fpsem.core.protocol`` times corner and random operands, judged as
the kind of contract says, and every law, shape, cast and override beside it. It asks no truth for its ``bool``, and
what it finds is a report, not a first failure.

What it does not do: prove. A domain that passes was tested at the counted cases. Domains that flush subnormal numbers
or signal on NaN are outside of the four contracts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from fpsem.core.protocol import ScalarDomain
from fpsem.core.rounding import Rounding, rounding_named
from fpsem.testing import checks, laws
from fpsem.testing.bench import Bench
from fpsem.testing.judging import judge_of
from fpsem.testing.laws import SAMPLE_CALLS, Derived, SampleCall
from fpsem.testing.report import Recorder, Report

CHECKS: tuple[Callable[[Bench], None], ...] = (
    checks.check_identity,
    checks.check_constant,
    checks.check_readings,
    checks.check_special_readings,
    checks.check_arithmetic,
    checks.check_elementary,
    checks.check_comparisons,
    checks.check_predicates,
    laws.check_laws,
    laws.check_purity,
    laws.check_shapes,
    laws.check_select,
)
"""The checks that need nothing but the domain."""


def check_domain(
    domain: ScalarDomain,
    *,
    samples: int = 200,
    seed: int = 0,
    rounding: str | Rounding = Rounding.NEAREST_EVEN,
    formats: Sequence[str] = ("binary16", "bfloat16"),
    derived: Derived | None = None,
    calls: Mapping[str, tuple[SampleCall, ...]] = SAMPLE_CALLS,
    raising: bool = True,
) -> Report:
    """Hold a domain to its contract.

    Args:
        domain: any implementation of the scalar protocol.
        samples: random rows of operands for each primitive, beside the corners. Domains of terms get fewer.
        seed: what the random rows are drawn from.
        rounding: the direction that a domain of the kinds IEEE and ROUNDS was made with.
        formats: the narrower formats whose casts are checked.
        derived: the derived meaning of ops, by name, called with the domain, the arrays and the op's attributes.
            Overrides of these ops are compared with it; other overrides are reported as skipped.
        calls: how each override is tried, by op name.
        raising: whether to raise when a case fails.

    Returns:
        The report.

    Raises:
        ConformanceError: when a case fails and ``raising`` holds; its message is the report.
    """
    recorder = Recorder()
    bench = Bench(domain, judge_of(domain, rounding_named(rounding)), recorder, samples, seed)
    for check in CHECKS:
        check(bench)
    checks.check_cast(bench, formats)
    laws.check_overrides(bench, derived or {}, calls)
    report = recorder.report(domain.name)
    if raising:
        report.raise_if_failed()
    return report
