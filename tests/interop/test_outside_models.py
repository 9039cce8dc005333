"""Fixed models, where they are at hand: FPSEM_MODELS names the folder that holds NAME.onnx, NAME.npz and inputs_seed100.npz.

The payload of a .npz file goes into the family of the same layers, so the .onnx file and the family must compute the same bits.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fpsem.domains.ieee32 import IEEE32Exec
from fpsem.domains.numpy_float32 import NumPyFloat32
from fpsem.graph.denote import denote
from fpsem.interop.checkpoint import load, save
from fpsem.interop.families import Family, cnn, mlp
from fpsem.interop.onnx import load_onnx
from fpsem.interop.pytorch import from_state_dict

onnx = pytest.importorskip("onnx")
reference = pytest.importorskip("onnx.reference")

FOLDER = Path(os.environ.get("FPSEM_MODELS", ""))

MODELS = {
    "cnn_16_32_100_10_seed1": cnn((1, 28, 28), (16, 32), (100, 10), kernel=4, stride=2, padding=1),
    "mlp_784_256_256_10_seed0": mlp((784, 256, 256, 10)),
}

pytestmark = [
    pytest.mark.outside,
    pytest.mark.skipif(not os.environ.get("FPSEM_MODELS"), reason="FPSEM_MODELS does not name a folder of models"),
]


@pytest.mark.parametrize(("name", "family"), MODELS.items())
def test_a_model_means_the_same_from_onnx_from_its_family_and_to_the_reference(
    name: str, family: Family, float64: Any, tmp_path: Path
) -> None:
    x = np.load(FOLDER / "inputs_seed100.npz")[family.name][:2]
    path = FOLDER / f"{name}.onnx"
    graph, params = load_onnx(path, batch=2)
    assert load(path)[0].outputs.keys() == graph.outputs.keys()
    ((given, shape),) = graph.inputs.items()
    x = x.reshape(shape)
    (expected,) = reference.ReferenceEvaluator(onnx.load(path)).run(None, {given: x})
    (found,) = denote(graph, params, {given: x}, float64).values()
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)

    own = from_state_dict(family.model, dict(np.load(FOLDER / f"{name}.npz")))
    for domain in (NumPyFloat32(), IEEE32Exec()):
        (bits,) = denote(graph, params, {given: x}, domain).values()
        assert np.array_equal(domain.to_bits(bits), domain.to_bits(family.model(own, x, domain)))

    save(tmp_path / "again.onnx", family.graph(2), own)
    again, read = load(tmp_path / "again.onnx")
    (after,), (before,) = (
        denote(*of, NumPyFloat32()).values() for of in ((again, read, {"x": x}), (graph, params, {given: x}))
    )
    assert np.array_equal(before, after)
