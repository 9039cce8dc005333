"""The conformance suite: does a domain keep the promise of its contract?

The suite is a product of tables: every primitive of ``fpsem.core.protocol`` times corner and random operands, judged as
the kind of contract says, and every law, shape, cast and override beside it. It asks no truth for its ``bool``, and
what it finds is a report, not a first failure.

What it does not do: prove. A domain that passes was tested at the counted cases. Domains that flush subnormal numbers
or signal on NaN are outside of the four contracts.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping, Sequence

from fpsem.core.formats import format_named
from fpsem.core.protocol import Array, ScalarDomain
from fpsem.core.rounding import Rounding, rounding_named
from fpsem.testing import checks, laws
from fpsem.testing.arguments import require_count, require_domain
from fpsem.testing.bench import Bench
from fpsem.testing.calls import SAMPLE_CALLS, SampleCall
from fpsem.testing.judging import judge_of
from fpsem.testing.report import Recorder, Report

CHECKS: tuple[Callable[[Bench], None], ...] = (
    checks.check_identity,
    checks.check_constant,
    checks.check_pi,
    checks.check_readings,
    checks.check_special_readings,
    checks.check_arithmetic,
    checks.check_elementary,
    checks.check_comparisons,
    checks.check_predicates,
    checks.check_cast,
    laws.check_laws,
    laws.check_purity,
    laws.check_shapes,
    laws.check_select,
    laws.check_overrides,
)
"""Every check, in the order of the report."""


def check_domain(
    domain: ScalarDomain,
    *,
    samples: int = 200,
    seed: int = 0,
    rounding: str | Rounding = Rounding.NEAREST_EVEN,
    formats: Sequence[str] = ("binary16", "bfloat16"),
    derived: Mapping[str, Callable[..., Array]] | None = None,
    calls: Mapping[str, tuple[SampleCall, ...]] = SAMPLE_CALLS,
    raising: bool = True,
) -> Report:
    """Hold a domain to its contract.

    Args:
        domain: any implementation of the scalar protocol.
        samples: random rows of operands for each primitive, 1 or more, beside the corners. Domains of terms get fewer.
        seed: what the random rows are drawn from, 0 or more.
        rounding: the direction that a domain of the kinds IEEE and ROUNDS was made with.
        formats: the narrower formats whose casts are checked.
        derived: the derived meaning of ops, by name, called with the domain, the arrays and the op's attributes.
            Overrides of these ops are compared with it; other overrides are reported as skipped.
        calls: how each override is tried, by op name.
        raising: whether to raise when a case fails, so that a test which does no more than call this fails; with False the
            report of a broken domain is returned as any other, and ``report.raise_if_failed()`` raises when you will.

    Returns:
        The report.

    Raises:
        ConformanceError: when a case fails and ``raising`` holds; its message is the report.
        PayloadError: a number of samples or a seed that is out of its bounds.
        TypeError: what is given is no domain, but the name of one, or a class, or anything else.
        UnknownNameError: no such rounding or format.
    """
    require_domain(domain)
    require_count("samples", samples, 1)
    require_count("seed", seed)
    narrower = [format_named(each).name for each in formats]
    recorder = Recorder()
    judge = judge_of(domain, rounding_named(rounding))
    bench = Bench(domain, judge, recorder, samples, seed, narrower, derived or {}, calls)
    for check in CHECKS:
        _run(check, bench)
    report = recorder.report(domain.name)
    if raising:
        report.raise_if_failed()
    return report


def _run(check: Callable[[Bench], None], bench: Bench) -> None:
    """Run a check; an error of the domain that the check did not foresee is a failure of its own."""
    try:
        check(bench)
    except Exception as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        bench.recorder.case("completes", check.__name__, False, f"{error!r} from {place.filename}:{place.lineno}")
