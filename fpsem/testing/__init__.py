"""Testing tools, published for users: the conformance suite of domains, a hostile domain, Hypothesis strategies."""

from fpsem.testing.calls import SAMPLE_CALLS, SampleCall
from fpsem.testing.conformance import check_domain
from fpsem.testing.hostile import HostileDomain, HostileTruth
from fpsem.testing.operands import columns, corner_codes, random_codes
from fpsem.testing.profiles import PROFILES, load_profile
from fpsem.testing.report import ConformanceError, Report
from fpsem.testing.strategies import binary32_arrays, binary32_codes, codes, payloads, schedules

__all__ = [
    "PROFILES",
    "SAMPLE_CALLS",
    "ConformanceError",
    "HostileDomain",
    "HostileTruth",
    "Report",
    "SampleCall",
    "binary32_arrays",
    "binary32_codes",
    "check_domain",
    "codes",
    "columns",
    "corner_codes",
    "load_profile",
    "payloads",
    "random_codes",
    "schedules",
]
