"""Real, IEEE32Exec and ErrorBound: the enclosure contains the real value; and the matrix products that bounds may rest on.

Primitives are tried at points, graphs on boxes through ``error_bound``.

Source: Higham, "Accuracy and Stability of Numerical Algorithms", 2nd ed., section 3.5: the bound of a conventional product holds
in any order of summation, and no such elementwise bound holds of Strassen's method.
"""

from __future__ import annotations

from fpsem.analysis.bounds import error_bound
from fpsem.bridges._enclosing import REAL, judge_graph, judge_real, share
from fpsem.bridges._graphs import Sample
from fpsem.bridges._sampled import graphs_bridge, on_graphs, on_primitives, primitives_bridge
from fpsem.bridges.bridge import Bridge, Tally
from fpsem.bridges.primitives import Primitive
from fpsem.core.claim import Claim, Evidence, Status
from fpsem.domains.error_bound import ErrorBound
from fpsem.testing.operands import Columns


def _judge_primitive(tally: Tally, primitive: Primitive, operands: Columns, seed: int) -> int:
    domain = ErrorBound()
    ends = primitive.apply(domain, *map(domain.from_bits, operands))
    values = primitive.apply(REAL, *map(REAL.from_bits, operands))
    return judge_real(tally, primitive.name, operands, values, ends["lo"], ends["hi"])


def _judge_graph(tally: Tally, sample: Sample) -> int:
    found = error_bound(sample.graph, {}, sample.box, sample.schedule)
    return judge_graph(tally, sample, found.lo, found.hi)


def _assume_conventional(cases: int, seed: int) -> Evidence:
    told = "how the BLAS that numpy is built with is known to work; no document of OpenBLAS or MKL promises it"
    return Evidence(Status.ASSUMED, detail=told)


_PAIR = ("real", "error_bound")

BRIDGES = (
    primitives_bridge(
        "real-lies-in-error-bound",
        "Real's value of every primitive, at finite binary32 operands, lies in ErrorBound's enclosure",
        _PAIR,
        on_primitives(_judge_primitive, share),
    ),
    graphs_bridge(
        "real-graphs-lie-in-error-bound",
        "Real's value of a graph, at every point of a box, lies in the lo .. hi of error_bound(graph, box)",
        _PAIR,
        on_graphs(_judge_graph, share),
        seconds=5,
    ),
    Bridge(
        Claim(
            "blas-products-are-conventional",
            "an entry of numpy's float64 matrix product is a sum of its products, in some order, fused or not; no Strassen",
            _PAIR,
            "finite float64 matrices, where a bound is computed by the library's product",
            Status.ASSUMED,
            "unknown: the library's",
        ),
        _assume_conventional,
        seconds=0,
    ),
)
