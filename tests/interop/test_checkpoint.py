"""A pair is read back bit for bit; what does not fit is refused by name, what is no pair by file."""

from __future__ import annotations

import io
import json
import shutil
import struct
import warnings
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
from hypothesis import given
from hypothesis import strategies as st

from fpsem import nn
from fpsem.core.errors import FileFormatError, FpsemError, PayloadError
from fpsem.graph.ir import Graph
from fpsem.graph.serialize import to_json
from fpsem.graph.trace import Recorder
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
    with pytest.raises(FileFormatError, match=r"more than one model; name one of again\.safetensors, model\.safetensors"):
        load(pair)
    assert load(pair / "again")[0] == GRAPH


# -- payloads of numpy's own kind ---------------------------------------------------------------------------------------


@pytest.fixture
def npz(tmp_path: Path) -> Path:
    """The folder with model.json and model.npz."""
    save(tmp_path / "model.npz", GRAPH, PARAMS)
    return tmp_path


@pytest.mark.parametrize("name", ["model", "model.json", "model.npz", ""])
def test_a_pair_with_npz_is_read_back_bit_for_bit_by_any_of_its_names(npz: Path, name: str) -> None:
    assert sorted(path.name for path in npz.iterdir()) == ["model.json", "model.npz"]
    graph, params = load(npz / name)
    assert graph == GRAPH
    assert {key: array.tobytes() for key, array in params.items()} == {key: a.tobytes() for key, a in PARAMS.items()}
    assert list(params) == list(GRAPH.parameters)


def test_numpy_reads_what_is_written_and_writes_what_is_read(npz: Path) -> None:
    written = (npz / "model.npz").read_bytes()
    with np.load(npz / "model.npz", allow_pickle=False) as read:
        arrays = dict(read)
    assert {key: array.tobytes() for key, array in arrays.items()} == {key: a.tobytes() for key, a in PARAMS.items()}
    for write in (np.savez, np.savez_compressed):
        write(npz / "model.npz", **{name: np.asfortranarray(array) for name, array in arrays.items()})
        assert np.array_equal(load(npz / "model.npz")[1]["0.weight"], PARAMS["0.weight"])
    save(npz / "model.npz", GRAPH, PARAMS)
    assert (npz / "model.npz").read_bytes() == written


def test_two_payloads_of_one_name_need_the_one_that_is_meant(npz: Path) -> None:
    save(npz / "model.safetensors", GRAPH, {name: 2 * array for name, array in PARAMS.items()})
    for name in ("model", "model.json"):
        with pytest.raises(FileFormatError, match=r"both model\.safetensors and model\.npz are there"):
            load(npz / name)
    with pytest.raises(FileFormatError, match=r"more than one model; name one of model\.npz, model\.safetensors"):
        load(npz)
    assert np.array_equal(load(npz / "model.npz")[1]["0.weight"], PARAMS["0.weight"])
    assert np.array_equal(load(npz / "model.safetensors")[1]["0.weight"], 2 * PARAMS["0.weight"])


def test_a_parameter_may_have_any_name_that_a_zip_can_hold(tmp_path: Path) -> None:
    for name in ("file", "allow_pickle", "a.npy", "a/b", "μ"):
        graph = trace_parameter(name)
        save(tmp_path / "odd.npz", graph, {name: np.ones(2, np.float32)})
        assert list(load(tmp_path / "odd.npz")[1]) == [name]
    with pytest.raises(PayloadError, match=r"'a\\x00b': a \.npz file cannot hold this name"):
        save(tmp_path / "nul.npz", trace_parameter("a\0b"), {"a\0b": np.ones(2, np.float32)})


def trace_parameter(name: str) -> Graph:
    recorder = Recorder()
    return recorder.finish({"output": recorder.parameter(name, (2,)).relu()})


@pytest.mark.parametrize("case", MISFITS)
def test_an_npz_that_does_not_fit_is_refused_by_name(npz: Path, case: str) -> None:
    change, told = MISFITS[case]
    params = {name: array for name, array in {**PARAMS, **change}.items() if array is not None}
    with pytest.raises(PayloadError, match=told):
        save(npz / "model.npz", GRAPH, params)
    np.savez(npz / "model.npz", **params)
    with pytest.raises(PayloadError, match=rf"model\.npz: .*{told}"):
        load(npz)


def zipped(*members: tuple[str, bytes]) -> bytes:
    out = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        warnings.simplefilter("ignore", UserWarning)  # zipfile warns of a name that comes twice
        for name, data in members:
            archive.writestr(name, data)
    return out.getvalue()


def npy(array: Any) -> bytes:
    out = io.BytesIO()
    np.save(out, array, allow_pickle=True)
    return out.getvalue()


ONE = npy(np.zeros(4, np.float32))
HOSTILE_NPZ = {
    "empty": (b"", "not a .npy or .npz file"),
    "a pickle": (b"\x80\x04K\x01.", "not a .npy or .npz file"),
    "an array": (ONE, "an array without a name"),
    "twice": (zipped(("0.bias.npy", ONE), ("0.bias.npy", ONE)), "two arrays have the name '0.bias'"),
    "twice in two ways": (zipped(("0.bias.npy", ONE), ("0.bias", ONE)), "two arrays have the name '0.bias'"),
    "objects": (zipped(("0.bias.npy", npy(np.array([print])))), "never read"),
    "promises": (zipped(("0.bias.npy", ONE.replace(b"(4,)", b"(9,)"))), "36 bytes, 16 are there"),
    "left over": (zipped(("0.bias.npy", ONE + b"more")), "16 bytes, 20 are there"),
    "no array": (zipped(("0.bias.npy", b"hello")), "magic string"),
    "no zip": (b"PK\x03\x04" + bytes(100), "not a zip file"),
}


@pytest.mark.parametrize("case", HOSTILE_NPZ)
def test_hostile_npz_are_refused_and_named(npz: Path, case: str) -> None:
    data, told = HOSTILE_NPZ[case]
    (npz / "model.npz").write_bytes(data)
    with pytest.raises(FileFormatError, match=rf"model\.npz: .*{told}"):
        load(npz)


def test_an_npz_that_is_cut_short_is_refused(npz: Path) -> None:
    whole = (npz / "model.npz").read_bytes()
    for cut in range(0, len(whole) - 1, 29):
        (npz / "model.npz").write_bytes(whole[:cut])
        with pytest.raises(FileFormatError, match=r"model\.npz"):
            load(npz)


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
    save(folder / "other.npz", GRAPH, PARAMS)
    return folder


@given(st.sampled_from(["model.json", "model.safetensors", "other.npz"]), st.integers(0, 10_000), st.integers(1, 255))
def test_a_flipped_byte_gives_a_fitting_model_or_a_refusal(one_folder: Path, name: str, at: int, flip: int) -> None:
    path = one_folder / name
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
