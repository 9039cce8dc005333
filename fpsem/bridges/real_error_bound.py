"""Real, IEEE32Exec and ErrorBound: the enclosure contains the real value; and the matrix products that bounds may rest on.

Primitives are tried at points, graphs on boxes through ``error_bound``.

Source: Higham, "Accuracy and Stability of Numerical Algorithms", 2nd ed., section 3.5: the bound of a conventional product holds
in any order of summation, and no such elementwise bound holds of Strassen's method.
"""

from __future__ import annotations

from fpsem.analysis.bounds import error_bound
from fpsem.bridges._enclosing import REAL, judge_graph, judge_real, share
from fpsem.bridges._graphs import STEPS, ops_of, samples
from fpsem.bridges.bridge import Bridge, Tally
from fpsem.bridges.primitives import PRIMITIVES, draw
from fpsem.core.claim import Claim, Evidence, Status
from fpsem.domains.error_bound import ErrorBound


def _check_primitives(cases: int, seed: int) -> Evidence:
    tally, bounded, domain = Tally(), 0, ErrorBound()
    for primitive, operands in draw(cases, seed, special=False):
        ends = primitive.apply(domain, *map(domain.from_bits, operands))
        values = primitive.apply(REAL, *map(REAL.from_bits, operands))
        bounded += judge_real(tally, primitive.name, operands, values, ends["lo"], ends["hi"])
    return tally.evidence(share(bounded))


def _check_graphs(cases: int, seed: int) -> Evidence:
    tally, bounded = Tally(), 0
    for sample in samples(max(1, cases // 100), seed):
        found = error_bound(sample.graph, {}, sample.box, sample.schedule)
        bounded += judge_graph(tally, sample, found.lo, found.hi)
    return tally.evidence(share(bounded))


def _assume_conventional(cases: int, seed: int) -> Evidence:
    told = "how the BLAS that numpy is built with is known to work; no document of OpenBLAS or MKL promises it"
    return Evidence(Status.ASSUMED, detail=told)


BRIDGES = (
    Bridge(
        Claim(
            "real-lies-in-error-bound",
            "Real's value of every primitive, at finite binary32 operands, lies in ErrorBound's enclosure",
            ("real", "error_bound"),
            "finite codes; arguments of exp and expm1 up to 512",
            Status.TESTED,
            primitives=tuple(PRIMITIVES),
        ),
        _check_primitives,
        seconds=2,
    ),
    Bridge(
        Claim(
            "real-graphs-lie-in-error-bound",
            "Real's value of a graph, at every point of a box, lies in the lo .. hi of error_bound(graph, box)",
            ("real", "error_bound"),
            "random graphs of four steps on (3, 3) tensors; boxes up to 2**-10 wide, relatively",
            Status.TESTED,
            ops=ops_of(STEPS),
        ),
        _check_graphs,
        seconds=5,
    ),
    Bridge(
        Claim(
            "blas-products-are-conventional",
            "an entry of numpy's float64 matrix product is a sum of its products, in some order, fused or not; no Strassen",
            ("real", "error_bound"),
            "finite float64 matrices, where a bound is computed by the library's product",
            Status.ASSUMED,
            "unknown: the library's",
        ),
        _assume_conventional,
        seconds=0,
    ),
)
