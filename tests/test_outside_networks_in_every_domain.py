"""The ACAS Xu networks of VNN-COMP, read in every domain: all agree with the reals within the a priori bound."""

from __future__ import annotations

import os
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

import fpsem
from fpsem.domains import domain_named

pytestmark = pytest.mark.outside

FOLDER = Path(os.environ.get("FPSEM_VNN", "")) / "acasxu" / "onnx"
NETWORKS = sorted(FOLDER.glob("*.onnx.gz"))[::9] if os.environ.get("FPSEM_VNN") else []
NUMERIC = ("ieee32", "numpy_float32", "rounded_real", "symbolic_fp32")


@pytest.mark.skipif(not NETWORKS, reason="FPSEM_VNN does not name a folder of VNN-COMP benchmarks")
def test_acas_xu_networks_run_in_every_domain_and_keep_to_the_bound() -> None:
    for path in NETWORKS:
        graph, params = fpsem.load(path)
        (shape,) = graph.inputs.values()
        x = np.random.default_rng(0).uniform(-0.5, 0.5, shape).astype(np.float32)
        real = fpsem.Real()
        exact, same = real.enclosure(fpsem.run(graph, params, x, real))
        assert (exact == same).all(), "sums, products and maxima are exact rationals"
        bound = fpsem.error_bound(graph, params, x)
        bits = {name: domain_named(name).to_bits(fpsem.run(graph, params, x, domain_named(name))) for name in NUMERIC}
        for name in NUMERIC[1:]:
            assert np.array_equal(bits[name], bits["ieee32"]), name
        seen, _ = fpsem.IEEE32Exec().enclosure(bits["ieee32"])
        limits = np.frompyfunc(Fraction, 1, 1)(bound.absolute)
        assert (abs(seen - exact) <= limits).all()
        formula = domain_named("symbolic_real")
        assert np.allclose(formula.to_float(fpsem.run(graph, params, x, formula)), exact.astype(float), rtol=1e-12)
