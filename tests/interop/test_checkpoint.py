"""A pair is read back bit for bit; what does not fit is refused by name, what is no pair by file."""

from __future__ import annotations

import json
import shutil
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
from hypothesis import given
from hypothesis import strategies as st

from fpsem import nn
from fpsem.core.errors import FileFormatError, FpsemError, PayloadError
from fpsem.graph.serialize import to_json
from fpsem.interop.checkpoint import load, save

MODEL = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))
GRAPH = MODEL.lower((1, 3))
PARAMS = {**MODEL.init(), "2.bias": np.array([0x7FC12345, 0x80000000], np.uint32).view(np.float32)}


@pytest.fixture
def pair(tmp_path: Path) -> Path:
    """The folder with model.json and model.safetensors."""
    save(tmp_path / "model", GRAPH, PARAMS)
    return tmp_path


def put(pair: Path, tensors: dict[str, Any]) -> None:
    (pair / "model.safetensors").write_bytes(safetensors.numpy.save(tensors))


@pytest.mark.parametrize("name", ["model", "model.json", "model.safetensors", ""])
def test_a_pair_is_read_back_bit_for_bit_by_any_of_its_names(pair: Path, name: str) -> None:
    graph, params = load(pair / name)
    assert graph == GRAPH
    assert list(params) == list(GRAPH.parameters)
    for key, array in PARAMS.items():
        assert params[key].dtype == np.float32
        assert np.array_equal(params[key].view(np.uint32), array.view(np.uint32))
        params[key][...] = 0  # what is read is the caller's own


@pytest.mark.parametrize("name", ["model", "model.json", "model.safetensors", "v1.2", "model.json.json"])
def test_every_name_of_a_pair_writes_the_same_two_files(tmp_path: Path, name: str) -> None:
    save(str(tmp_path / name), GRAPH, PARAMS)
    stem = {"v1.2": "v1.2", "model.json.json": "model.json"}.get(name, "model")
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"{stem}.json", f"{stem}.safetensors"]
    assert load(tmp_path / name)[0] == GRAPH


def test_the_files_are_plain_json_and_safetensors(pair: Path) -> None:
    assert json.loads((pair / "model.json").read_text()) == to_json(GRAPH)
    assert set(safetensors.numpy.load_file(pair / "model.safetensors")) == set(PARAMS)


def test_a_strided_parameter_is_written_in_c_order(tmp_path: Path) -> None:
    turned = {**PARAMS, "0.weight": np.asfortranarray(PARAMS["0.weight"])}
    save(tmp_path / "model", GRAPH, turned)
    assert np.array_equal(load(tmp_path)[1]["0.weight"], PARAMS["0.weight"])


def test_a_graph_without_parameters_is_a_pair_too(tmp_path: Path) -> None:
    save(tmp_path / "relu", nn.ReLU().lower((2,)), {})
    assert load(tmp_path) == (nn.ReLU().lower((2,)), {})


MISFITS: dict[str, tuple[dict[str, Any], str]] = {
    "missing": ({"0.bias": None}, "missing: 0.bias"),
    "extra": ({"3.weight": np.zeros(1, np.float32)}, "not in the graph: 3.weight"),
    "transposed": ({"0.weight": PARAMS["0.weight"].T.copy()}, r"'0\.weight' has shape .*; it looks transposed"),
    "shape": ({"0.bias": np.zeros(5, np.float32)}, r"'0\.bias' has shape \(5,\), expected \(4,\)"),
    "float64": ({"0.bias": np.zeros(4)}, r"'0\.bias' has dtype (F64|float64), expected (F32|float32)"),
    "float16": ({"0.bias": np.zeros(4, np.float16)}, r"'0\.bias' has dtype (F16|float16)"),
    "codes": ({"0.bias": np.zeros(4, np.uint32)}, r"'0\.bias' has dtype (U32|uint32)"),
}


@pytest.mark.parametrize("case", MISFITS)
def test_a_payload_that_does_not_fit_is_refused_by_name(pair: Path, case: str) -> None:
    change, told = MISFITS[case]
    params = {name: array for name, array in {**PARAMS, **change}.items() if array is not None}
    before = (pair / "model.safetensors").read_bytes()
    with pytest.raises(PayloadError, match=told):
        save(pair / "model", GRAPH, params)
    assert (pair / "model.safetensors").read_bytes() == before
    put(pair, params)
    with pytest.raises(PayloadError, match=rf"model\.safetensors: .*{told}"):
        load(pair)


def test_files_that_are_not_there_are_named(pair: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"other\.json"):
        load(pair / "other")
    (pair / "model.safetensors").unlink()
    with pytest.raises(FileNotFoundError, match=r"model\.safetensors"):
        load(pair / "model.json")
    with pytest.raises(FileNotFoundError, match=r"no pair NAME\.json and NAME\.safetensors"):
        load(pair)


def test_a_folder_with_two_pairs_needs_a_name(pair: Path) -> None:
    for suffix in (".json", ".safetensors"):
        shutil.copy(pair / f"model{suffix}", pair / f"again{suffix}")
    with pytest.raises(FileFormatError, match=r"more than one model; name one of again\.json, model\.json"):
        load(pair)
    assert load(pair / "again")[0] == GRAPH


def header(text: bytes, data: bytes = b"", length: int | None = None) -> bytes:
    return struct.pack("<Q", len(text) if length is None else length) + text + data


def entry(*offsets: int, shape: tuple[int, ...] = (1,)) -> dict[str, Any]:
    return {"dtype": "F32", "shape": shape, "data_offsets": offsets}


HOSTILE_TENSORS = {
    "empty": b"",
    "header beyond the file": header(b"{}", length=100),
    "huge header": header(b"{}", length=2**63),
    "not UTF-8": header(b'{"\xff": 1}'),
    "not an object": header(b"[]"),
    "deep": header(b"[" * 100_000),
    "overlapping": header(json.dumps({"a": entry(0, 4), "b": entry(0, 4)}).encode(), bytes(4)),
    "hole": header(json.dumps({"a": entry(4, 8)}).encode(), bytes(8)),
    "beyond the end": header(json.dumps({"a": entry(0, 8, shape=(2,))}).encode(), bytes(4)),
    "left over": header(json.dumps({"a": entry(0, 4)}).encode(), bytes(8)),
    "huge shape": header(json.dumps({"a": entry(0, 4, shape=(2**62, 2**62))}).encode(), bytes(4)),
    "a pickle": b"\x80\x04\x95\x0f\x00\x00\x00\x00\x00\x00\x00\x8c\x02os\x94",
}


@pytest.mark.parametrize("case", HOSTILE_TENSORS)
def test_hostile_safetensors_are_refused_and_named(pair: Path, case: str) -> None:
    (pair / "model.safetensors").write_bytes(HOSTILE_TENSORS[case])
    with pytest.raises(FileFormatError, match=r"model\.safetensors: not a safetensors file"):
        load(pair)


HOSTILE_GRAPHS = {
    "empty": (b"", "Expecting value"),
    "not JSON": (b"\x80\x04K\x01.", "codec can't decode"),
    "deep": (b"[" * 200_000, "nested too deeply"),
    "deep object": (b'{"a":' * 200_000, "nested too deeply"),
    "NaN": (b'{"format": NaN}', "NaN is not JSON"),
    "twice": (b'{"format": 1, "format": "fpsem.ir.v1"}', "a key twice"),
    "huge number": (b'{"format": ' + b"1" * 10_000 + b"}", "digits|limit"),
    "another format": (b"{}", "not a graph of format"),
    "no nodes": (b'{"format": "fpsem.ir.v1", "nodes": [], "outputs": {}}', "at least one output"),
}


@pytest.mark.parametrize("case", HOSTILE_GRAPHS)
def test_hostile_json_is_refused_and_named(pair: Path, case: str) -> None:
    data, told = HOSTILE_GRAPHS[case]
    (pair / "model.json").write_bytes(data)
    with pytest.raises(FileFormatError, match=rf"model\.json: .*({told})"):
        load(pair)


@pytest.mark.parametrize("name", ["model.json", "model.safetensors"])
def test_a_file_that_is_cut_short_is_refused(pair: Path, name: str) -> None:
    whole = (pair / name).read_bytes()
    for cut in range(0, len(whole) - 1, 13):
        (pair / name).write_bytes(whole[:cut])
        with pytest.raises(FileFormatError, match=name.replace(".", r"\.")):
            load(pair)


@pytest.fixture(scope="module")
def one_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("flips")
    save(folder / "model", GRAPH, PARAMS)
    return folder


@given(st.sampled_from([".json", ".safetensors"]), st.integers(0, 10_000), st.integers(1, 255))
def test_a_flipped_byte_gives_a_fitting_model_or_a_refusal(one_folder: Path, suffix: str, at: int, flip: int) -> None:
    path = one_folder / f"model{suffix}"
    whole = path.read_bytes()
    data = bytearray(whole)
    data[at % len(data)] ^= flip
    path.write_bytes(data)
    try:
        graph, params = load(path)
        assert {name: array.shape for name, array in params.items()} == dict(graph.parameters)
    except FpsemError as error:
        if path.name not in str(error) and "model.safetensors" not in str(error):
            raise
    finally:
        path.write_bytes(whole)
