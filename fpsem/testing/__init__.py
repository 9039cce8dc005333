"""Testing tools, published for users: the conformance suite of domains, a hostile domain, assertions, Hypothesis strategies."""

from fpsem.testing.asserts import assert_ulps, assert_within_bound
from fpsem.testing.calls import SAMPLE_CALLS, SampleCall
from fpsem.testing.conformance import check_domain
from fpsem.testing.graphs import SmallGraph, small_graphs
from fpsem.testing.hostile import HostileDomain, HostileTruth
from fpsem.testing.operands import columns, corner_codes, random_codes
from fpsem.testing.profiles import PROFILES, load_profile
from fpsem.testing.report import ConformanceError, Report
from fpsem.testing.strategies import binary32, binary32_arrays, binary32_codes, boxes, codes, inputs_in, payloads, schedules

__all__ = [
    "PROFILES",
    "SAMPLE_CALLS",
    "ConformanceError",
    "HostileDomain",
    "HostileTruth",
    "Report",
    "SampleCall",
    "SmallGraph",
    "assert_ulps",
    "assert_within_bound",
    "binary32",
    "binary32_arrays",
    "binary32_codes",
    "boxes",
    "check_domain",
    "codes",
    "columns",
    "corner_codes",
    "inputs_in",
    "load_profile",
    "payloads",
    "random_codes",
    "schedules",
    "small_graphs",
]
