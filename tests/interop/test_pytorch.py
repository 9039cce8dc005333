"""A state_dict goes in and out with every bit; names, order, shapes and dtypes that do not fit are refused by name."""

from __future__ import annotations

import json
import struct
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy

from fpsem import nn
from fpsem.core.errors import FileFormatError, MissingExtraError, PayloadError, UnsupportedError
from fpsem.domains.numpy_float32 import NumPyFloat32
from fpsem.interop.families import cnn, mlp
from fpsem.interop.pytorch import from_state_dict, save_state_dict, to_arrays, to_state_dict, torch_model

FAMILY = cnn((1, 8, 8), (2, 3), (4, 3), padding=1, batch_norm=True, pool="avg")
MODEL = FAMILY.model
PARAMS = {**MODEL.init(seed=2), "11.bias": np.array([0x7FC12345, 0x80000000, 1], np.uint32).view(np.float32)}


def same(a: Any, b: Any) -> bool:
    """Whether two mappings hold the same arrays in the same order, to the bit."""
    return list(a) == list(b) and all(
        np.asarray(a[n]).tobytes() == np.asarray(b[n]).tobytes() and np.shape(a[n]) == np.shape(b[n]) for n in a
    )


# -- without torch -----------------------------------------------------------------------------------------------------


def test_arrays_go_out_with_torchs_names_and_counters_and_come_back_with_every_bit() -> None:
    arrays = to_arrays(MODEL, PARAMS)
    assert list(arrays)[2:7] == ["1.weight", "1.bias", "1.running_mean", "1.running_var", "1.num_batches_tracked"]
    assert arrays["1.num_batches_tracked"].dtype == np.int64
    back = from_state_dict(MODEL, arrays)
    assert same(back, PARAMS)
    assert not any(np.shares_memory(back[name], arrays[name]) for name in back)


def test_a_state_dict_without_counters_is_taken() -> None:
    assert same(from_state_dict(MODEL, PARAMS), PARAMS)


def test_a_file_goes_out_and_comes_back_with_every_bit(tmp_path: Path) -> None:
    save_state_dict(tmp_path / "model.safetensors", MODEL, PARAMS)
    assert same(from_state_dict(MODEL, tmp_path / "model.safetensors"), PARAMS)
    assert set(safetensors.numpy.load_file(tmp_path / "model.safetensors")) == set(to_arrays(MODEL, PARAMS))
    safetensors.numpy.save_file(PARAMS, tmp_path / "plain.safetensors")
    assert same(from_state_dict(MODEL, str(tmp_path / "plain.safetensors")), PARAMS)


def test_an_array_that_is_not_contiguous_comes_in_c_order() -> None:
    strided = {**PARAMS, "9.weight": np.asfortranarray(PARAMS["9.weight"])}
    taken = from_state_dict(MODEL, strided)
    assert same(taken, PARAMS)
    assert taken["9.weight"].flags.c_contiguous


SWAPPED = {name: array for key in ("0.bias", "0.weight") for name, array in PARAMS.items() if name == key}
MISFITS: dict[str, tuple[Any, str]] = {
    "missing": ({n: a for n, a in PARAMS.items() if n != "0.bias"}, r"missing: 0\.bias"),
    "unknown": ({**PARAMS, "12.weight": np.zeros(1, np.float32)}, r"not in the graph: 12\.weight"),
    "order": ({**SWAPPED, **PARAMS}, r"another order .*number 0 is '0\.bias', expected '0\.weight'"),
    "transposed": ({**PARAMS, "9.weight": PARAMS["9.weight"].T}, r"'9\.weight' has shape .*; it looks transposed"),
    "shape": ({**PARAMS, "0.bias": np.zeros(3, np.float32)}, r"'0\.bias' has shape \(3,\), expected \(2,\)"),
    "float64": ({**PARAMS, "0.bias": np.zeros(2)}, r"'0\.bias' has dtype float64, .*round=True"),
    "float16": ({**PARAMS, "0.bias": np.zeros(2, np.float16)}, r"'0\.bias' has dtype float16, .*round=True"),
    "codes": ({**PARAMS, "0.bias": np.zeros(2, np.uint32)}, r"'0\.bias' has dtype uint32, expected float32$"),
    "counter": ({**to_arrays(MODEL, PARAMS), "1.num_batches_tracked": np.float32(3)}, r"'1\.num_batches_tracked' is float32"),
    "list": ({**PARAMS, "0.bias": [0.0, 1.0]}, r"'0\.bias' is neither a torch tensor nor a numpy array but a list"),
}


@pytest.mark.parametrize("case", MISFITS)
def test_a_state_dict_that_does_not_fit_is_refused_by_name(case: str) -> None:
    state_dict, told = MISFITS[case]
    with pytest.raises(PayloadError, match=told):
        from_state_dict(MODEL, state_dict)


@pytest.mark.parametrize("case", ["missing", "unknown", "transposed", "shape", "float64", "codes"])
def test_parameters_that_do_not_fit_do_not_go_out(case: str, tmp_path: Path) -> None:
    params, told = MISFITS[case]
    with pytest.raises(PayloadError, match=told.replace(", .*round=True", "")):
        save_state_dict(tmp_path / "model.safetensors", MODEL, params)
    assert not list(tmp_path.iterdir())


LINEAR = nn.Linear(2, 1)


def test_rounding_happens_only_when_asked_for_and_never_to_infinity() -> None:
    wide = {"weight": np.array([[0.1, 1 + 2**-24]]), "bias": np.array([-0.0])}
    rounded = from_state_dict(LINEAR, wide, round=True)
    assert same(rounded, {"weight": np.float32([[0.1, 1]]), "bias": np.float32([-0.0])})
    halves = {name: array.astype(np.float16) for name, array in wide.items()}
    assert same(from_state_dict(LINEAR, halves, round=True), {name: array.astype(np.float32) for name, array in halves.items()})
    with pytest.raises(PayloadError, match="'bias' holds finite numbers that float32 cannot hold"):
        from_state_dict(LINEAR, wide | {"bias": np.array([1e39])}, round=True)
    infinite = from_state_dict(LINEAR, wide | {"bias": np.array([np.inf])}, round=True)
    assert np.isposinf(infinite["bias"][0])
    with pytest.raises(PayloadError, match=r"'bias' has dtype int64, expected float32$"):
        from_state_dict(LINEAR, wide | {"bias": np.zeros(1, np.int64)}, round=True)


def half_file(path: Path) -> None:
    """Weights 1.5 and -2 and a bias 0.5 in bfloat16."""
    entries = {"weight": {"dtype": "BF16", "shape": [1, 2], "data_offsets": [0, 4]},
               "bias": {"dtype": "BF16", "shape": [1], "data_offsets": [4, 6]}}  # fmt: skip
    header = json.dumps(entries).encode()
    path.write_bytes(struct.pack("<Q", len(header)) + header + np.array([0x3FC0, 0xC000, 0x3F00], "<u2").tobytes())


def test_a_bfloat16_file_is_read_exactly_when_rounding_is_allowed(tmp_path: Path) -> None:
    half_file(tmp_path / "half.safetensors")
    read = from_state_dict(LINEAR, tmp_path / "half.safetensors", round=True)
    assert same(read, {"weight": np.float32([[1.5, -2]]), "bias": np.float32([0.5])})
    with pytest.raises(PayloadError, match=r"half\.safetensors: parameter 'weight' has dtype bfloat16, .*round=True"):
        from_state_dict(LINEAR, tmp_path / "half.safetensors")


def test_a_file_that_is_no_state_dict_is_refused_and_named(tmp_path: Path) -> None:
    (tmp_path / "bad.safetensors").write_bytes(b"\x80\x04K\x01.")
    with pytest.raises(FileFormatError, match=r"bad\.safetensors: not a safetensors file"):
        from_state_dict(LINEAR, tmp_path / "bad.safetensors")
    (tmp_path / "model.pt").write_bytes(b"\x80\x04K\x01.")
    with pytest.raises(PayloadError, match=r"model\.pt: a state_dict is read from \.safetensors only"):
        from_state_dict(LINEAR, tmp_path / "model.pt")
    with pytest.raises(PayloadError, match=r"model\.pt: a state_dict is written as \.safetensors only"):
        save_state_dict(tmp_path / "model.pt", LINEAR, LINEAR.init())
    with pytest.raises(FileNotFoundError, match=r"none\.safetensors"):
        from_state_dict(LINEAR, tmp_path / "none.safetensors")


def test_torch_that_is_missing_is_told_with_its_extra(monkeypatch: Any) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    for need in (lambda: to_state_dict(MODEL, PARAMS), lambda: torch_model(MODEL)):
        with pytest.raises(MissingExtraError, match=r"fpsem\[torch\]"):
            need()
    assert same(from_state_dict(MODEL, PARAMS), PARAMS)


# -- with torch --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def torch() -> Any:
    return pytest.importorskip("torch")


@pytest.mark.parametrize("family", [FAMILY, mlp((4, 5, 5, 3)), cnn((1, 9, 9), (2,), (3,), stride=2, pool="max")], ids=str)
def test_a_torch_model_of_the_same_layers_takes_and_gives_every_bit(family: Any, torch: Any) -> None:
    params = family.model.init(seed=1)
    module = torch_model(family.model)
    module.load_state_dict(to_state_dict(family.model, params), strict=True)
    assert list(module.state_dict()) == list(to_state_dict(family.model, params))
    assert same(from_state_dict(family.model, module.state_dict()), params)
    x = np.sin(np.arange(2 * np.prod(family.example))).astype(np.float32).reshape(2, *family.example)
    theirs = module.eval()(torch.from_numpy(x)).detach().numpy()
    np.testing.assert_allclose(family.model(params, x, NumPyFloat32()), theirs, rtol=1e-4, atol=1e-5)


def test_a_tensor_of_torch_is_taken_however_it_lies(torch: Any) -> None:
    weight = torch.arange(6, dtype=torch.float32).reshape(3, 2)
    bias = torch.zeros(2, requires_grad=True)
    taken = from_state_dict(nn.Linear(3, 2), {"weight": weight.T, "bias": bias})
    assert same(taken, {"weight": np.float32([[0, 2, 4], [1, 3, 5]]), "bias": np.zeros(2, np.float32)})


def test_what_goes_to_torch_shares_no_memory(torch: Any) -> None:
    params = LINEAR.init()
    before = params["bias"].copy()
    to_state_dict(LINEAR, params)["bias"].fill_(7)
    assert np.array_equal(params["bias"], before)


def test_dtypes_of_torch_are_refused_by_name_and_rounded_when_asked(torch: Any) -> None:
    state_dict = torch.nn.Linear(2, 1).state_dict()
    for dtype in (torch.float64, torch.float16, torch.bfloat16):
        narrow = {name: tensor.to(dtype) for name, tensor in state_dict.items()}
        with pytest.raises(PayloadError, match=rf"'weight' has dtype {str(dtype)[6:]}, expected float32: round=True"):
            from_state_dict(LINEAR, narrow)
        expected = {name: tensor.to(torch.float32).numpy() for name, tensor in narrow.items()}
        assert same(from_state_dict(LINEAR, narrow, round=True), expected)


def test_a_tensor_without_plain_data_is_refused(torch: Any) -> None:
    state_dict = torch.nn.Linear(2, 1).state_dict()
    for odd in (state_dict["weight"].to_sparse(), state_dict["weight"].to("meta")):
        with pytest.raises(PayloadError, match="'weight' has no plain data"):
            from_state_dict(LINEAR, state_dict | {"weight": odd})


def test_files_of_torchs_own_are_read(torch: Any, tmp_path: Path) -> None:
    module = torch_model(MODEL)
    safetensors_torch = pytest.importorskip("safetensors.torch")
    safetensors_torch.save_file(module.state_dict(), tmp_path / "theirs.safetensors")
    assert same(from_state_dict(MODEL, tmp_path / "theirs.safetensors"), from_state_dict(MODEL, module.state_dict()))
    save_state_dict(tmp_path / "ours.safetensors", MODEL, PARAMS)
    module.load_state_dict(safetensors_torch.load_file(tmp_path / "ours.safetensors"), strict=True)
    assert same(from_state_dict(MODEL, module.state_dict()), PARAMS)


def test_a_layer_of_ones_own_is_not_made_in_torch(torch: Any) -> None:
    class Own(nn.ReLU):
        pass

    with pytest.raises(UnsupportedError, match=r"is no layer of fpsem\.nn"):
        torch_model(Own())
