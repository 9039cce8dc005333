"""The command line: what it prints, and one clear line and exit code 2 for whatever is wrong with what it is given."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
from typer.testing import CliRunner

import fpsem
from fpsem import cli, nn

DIGITS = Path(__file__).parents[2] / "examples" / "digits"
IMAGES = DIGITS / "images.npz"
Run = Callable[..., str]


@pytest.fixture(scope="module")
def image() -> Any:
    with np.load(IMAGES) as data:
        return data["images"][:1]


@pytest.fixture
def pair(tmp_path: Path) -> Callable[..., Path]:
    """Writes a pair of files: the digits classifier's, but for what is given."""

    def write(graph: bytes | None = None, payload: bytes | None = None) -> Path:
        (tmp_path / "m.json").write_bytes((DIGITS / "digits.json").read_bytes() if graph is None else graph)
        whole = (DIGITS / "digits.safetensors").read_bytes()
        (tmp_path / "m.safetensors").write_bytes(whole if payload is None else payload)
        return tmp_path / "m"

    return write


def test_run_prints_the_logits_in_every_domain(printed: Run) -> None:
    said = printed("run", DIGITS, "--input", IMAGES)
    assert all(name in said for name in ("real", "rounded_real", "ieee32", "numpy_float32", "|binary32 - real|"))
    assert said.count("[0, ") == 10


def test_run_as_json_gives_values_and_bits(printed: Run, image: Any) -> None:
    data = json.loads(printed("run", DIGITS, "-i", IMAGES, "-d", "ieee32", "-s", "pairwise", "-s", "lanes:width=4", "--json"))
    assert data["domains"] == ["ieee32 pairwise", "ieee32 lanes:width=4"]
    graph, params = fpsem.load(DIGITS)
    bits = fpsem.run(graph, params, image, fpsem.IEEE32Exec(schedule=fpsem.Pairwise()))
    assert data["outputs"]["output"]["ieee32 pairwise"]["bits"] == [f"{int(code):#010x}" for code in bits.reshape(-1)]


@pytest.mark.parametrize("index", [1, -1])
def test_index_picks_the_row(printed: Run, tmp_path: Path, index: int) -> None:
    with np.load(IMAGES) as data:
        np.save(tmp_path / "one.npy", data["images"][[index]])
    chosen = printed("run", DIGITS, "-i", IMAGES, "--index", index, "-d", "ieee32", "--json")
    assert chosen == printed("run", DIGITS, "-i", tmp_path / "one.npy", "-d", "ieee32", "--json")


def test_compare_goes_node_by_node(printed: Run) -> None:
    said = printed("compare", DIGITS, "-i", IMAGES, "-d", "ieee32", "-d", "numpy_float32")
    assert all(name in said for name in ("0.Linear", "1.ReLU", "2.Linear"))


def test_codes_are_read_as_the_numbers_they_are(printed: Run, tmp_path: Path, image: Any) -> None:
    np.save(tmp_path / "codes.npy", image.view(np.uint32))
    np.save(tmp_path / "floats.npy", image)
    said = [printed("run", DIGITS, "-i", tmp_path / name, "-d", "ieee32", "--json") for name in ("codes.npy", "floats.npy")]
    assert said[0] == said[1]


def test_nan_stops_the_reals_and_the_others_still_answer(call: Any, tmp_path: Path, image: Any) -> None:
    image = image.copy()
    image[0, 3] = np.nan
    np.save(tmp_path / "nan.npy", image)
    code, out, err = call("run", DIGITS, "-i", tmp_path / "nan.npy")
    assert code == 0
    assert "distance" in out
    assert "ieee32" in out
    assert re.search(r"^real: .*NaN", err, flags=re.MULTILINE)


@pytest.mark.parametrize("command", ["run", "compare"])
@pytest.mark.parametrize("as_json", [True, False])
def test_when_every_domain_fails_the_exit_code_is_1(call: Any, tmp_path: Path, command: str, as_json: bool) -> None:
    np.save(tmp_path / "nan.npy", np.full((1, 64), np.nan, np.float32))
    code, out, err = call(command, DIGITS, "-i", tmp_path / "nan.npy", "-d", "real", *(["--json"] if as_json else []))
    assert code == 1
    assert re.search(r"^real: .*NaN", err, flags=re.MULTILINE)
    assert "NaN" in json.loads(out)["errors"]["real"] if as_json else out == ""


def test_json_has_no_number_that_is_not_json(printed: Run, tmp_path: Path) -> None:
    graph = fpsem.trace(lambda x: 1 / x, (3,))
    fpsem.save(tmp_path / "inverse", graph, {})
    np.save(tmp_path / "x.npy", np.float32([0, -0.0, np.nan]))
    said = printed("run", tmp_path / "inverse", "-i", tmp_path / "x.npy", "-d", "ieee32", "--json")
    data = json.loads(said, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    assert data["outputs"]["output"]["ieee32"]["values"] == ["inf", "-inf", "nan"]


def test_models_with_two_inputs_and_two_outputs_run(printed: Run, tmp_path: Path) -> None:
    fpsem.save(tmp_path / "two", fpsem.trace(lambda a, b: (a + b, a * b), (2,), (2,)), {})
    np.savez(tmp_path / "x.npz", b=np.float32([1, 2]), a=np.float32([3, 4]))
    data = json.loads(printed("run", tmp_path / "two", "-i", tmp_path / "x.npz", "-d", "ieee32", "--json"))
    assert [data["outputs"][f"output_{i}"]["ieee32"]["values"] for i in range(2)] == [[4, 6], [3, 8]]


def test_an_onnx_model_runs(printed: Run, tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    onnx_model(tmp_path / "m.onnx", "Gemm")
    assert "ieee32" in printed("run", tmp_path / "m.onnx", "-i", IMAGES)


def onnx_model(path: Path, op: str) -> None:
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    weights = [numpy_helper.from_array(np.ones(shape, np.float32), name) for name, shape in (("w", (64, 2)), ("b", (2,)))]
    ends = [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in (("x", [1, 64]), ("y", [1, 2]))]
    graph = helper.make_graph([helper.make_node(op, ["x", "w", "b"], ["y"])], "g", ends[:1], ends[1:], weights)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)

ARRAYS: dict[str, tuple[Any, str]] = {
    "another shape": (np.zeros((3, 7), np.float32), r"has shape \(3, 7\), expected \(1, 64\)"),
    "transposed": (np.zeros((64, 1), np.float32), "transposed"),
    "no rows": (np.zeros((0, 64), np.float32), r"shape \(0, 64\)"),
    "a scalar": (np.float32(1), r"shape \(\)"),
    "float64": (np.zeros((1, 64)), "dtype float64, expected float32 .*astype"),
    "integers": (np.zeros((1, 64), np.int64), "dtype int64, expected float32"),
    "strings": (np.array(["a"]), "dtype <U1, expected float32"),
    "records": (np.zeros((1, 64), [("a", "f4")]), "expected float32"),
}


@pytest.mark.parametrize("kind", ARRAYS)
def test_an_array_that_does_not_fit_is_refused(refused: Run, tmp_path: Path, kind: str) -> None:
    array, told = ARRAYS[kind]
    np.save(tmp_path / "x.npy", array)
    assert re.search(told, refused("run", DIGITS, "-i", tmp_path / "x.npy"))


def broken_files() -> dict[str, bytes]:
    whole = IMAGES.read_bytes()
    return {
        "nothing": b"",
        "text": b"hello",
        "a truncated npz": whole[:5000],
        "an npz with a changed byte": whole[:600] + bytes([whole[600] ^ 0xFF]) + whole[601:],
        "a truncated npy": b"\x93NUMPY\x01\x00v\x00{'descr': '<f4', ",
        "an npy with a hostile header": b"\x93NUMPY\x01\x00" + (5000).to_bytes(2, "little") + b"(" * 5000,
        "an npy that promises too much": npy_header((1 << 50,)),
    }


def npy_header(shape: tuple[int, ...]) -> bytes:
    header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header


@pytest.mark.parametrize("kind", broken_files())
def test_a_broken_input_file_is_refused_by_name(refused: Run, tmp_path: Path, kind: str) -> None:
    (tmp_path / "x.npz").write_bytes(broken_files()[kind])
    assert "x.npz: not a" in refused("run", DIGITS, "-i", tmp_path / "x.npz")


def test_an_array_of_objects_is_never_unpickled(refused: Run, tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.array([{}, 1], object), allow_pickle=True)
    assert "Object arrays" in refused("run", DIGITS, "-i", tmp_path / "x.npy")


def test_an_input_that_is_no_file_is_refused(refused: Run, tmp_path: Path) -> None:
    assert "there is no file" in refused("run", DIGITS, "-i", tmp_path / "x.npy")
    assert "not a regular file" in refused("run", DIGITS, "-i", tmp_path)


def test_an_npz_that_could_mean_several_things_is_refused(refused: Run, tmp_path: Path, image: Any) -> None:
    np.savez(tmp_path / "x.npz", a=image, b=image)
    assert "no array for the input 'x': its arrays are a, b" in refused("run", DIGITS, "-i", tmp_path / "x.npz")
    np.savez(tmp_path / "none.npz")
    assert "its arrays are none" in refused("run", DIGITS, "-i", tmp_path / "none.npz")


def test_one_array_for_two_inputs_is_refused(refused: Run, tmp_path: Path) -> None:
    fpsem.save(tmp_path / "two", fpsem.trace(lambda a, b: a + b, (2,), (2,)), {})
    np.save(tmp_path / "x.npy", np.ones(2, np.float32))
    assert "it is one array; give an .npz" in refused("run", tmp_path / "two", "-i", tmp_path / "x.npy")


@pytest.mark.parametrize("index", [300, -301, 999])
def test_a_row_that_is_not_there_is_refused(refused: Run, index: int) -> None:
    assert f"--index {index}: " in refused("run", DIGITS, "-i", IMAGES, "--index", index)


def test_a_file_of_one_row_has_only_that_row(refused: Run, tmp_path: Path, image: Any) -> None:
    np.save(tmp_path / "x.npy", image)
    assert "has 1 row," in refused("run", DIGITS, "-i", tmp_path / "x.npy", "--index", 5)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["-d", "reel"], "unknown domain 'reel'. Did you mean 'real'"),
        (["-s", "pairwize"], "unknown schedule 'pairwize'. Did you mean 'pairwise'"),
        (["-s", ""], "unknown schedule ''"),
        (["-s", "lanes:wide=4"], "unknown parameter of schedule lanes 'wide'"),
        (["-s", "lanes:width=0"], "--schedule 'lanes:width=0': "),
        (["-s", "lanes:width=x"], "must be a positive integer"),
        (["-s", '{"schedule":'], "--schedule '{\"schedule\":': "),
        (["-s", "tree:pairs=((0,1),"], "--schedule 'tree:pairs=((0,1),': "),
        (["-s", f"tree:pairs={'(' * 5000}"], "--schedule '"),
        (["-d", "ieee32", "-s", "tree:pairs=((0,1),2)"], "this tree adds 3 terms, the reduction has 64"),
    ],
)
def test_an_option_that_does_not_fit_is_refused(refused: Run, options: list[str], told: str) -> None:
    assert told in refused("run", DIGITS, "-i", IMAGES, *options)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["proofs", "nosuch"], "unknown theorem 'nosuch'"),
        (["claims", "nosuch"], "unknown claim 'nosuch'"),
        (["graph", DIGITS, "--style", "nonsense"], "--style must be table, text, dot, svg or json, not 'nonsense'"),
        (["show", "1", "--format", "nonsense"], "unknown format 'nonsense'"),
        (["show", "1", "--format", "Binary32"], "Did you mean 'binary32'"),
        (["show", "0x1ffffffff"], "more than the 32 bits of binary32"),
        (["show", ""], "'' is not a code"),
        (["show", "nonsense"], "'nonsense' is not a code"),
        (["graph", "nosuch"], "there is no file 'nosuch.json'"),
        (["graph", "nosuch.onnx"], "there is no file 'nosuch.onnx'"),
    ],
)
def test_an_unknown_name_is_refused(refused: Run, arguments: list[object], told: str) -> None:
    assert told in refused(*arguments)


@pytest.mark.parametrize("arguments", [["nosuch"], ["run"], ["run", str(DIGITS)], ["show", "1", "--format"]])
def test_wrong_usage_is_exit_code_2(arguments: list[str]) -> None:
    assert CliRunner().invoke(cli.app, arguments).exit_code == 2

GRAPHS: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "m.json: "),
    "text": (b"hello", "m.json: "),
    "not text": (b"\xff\xfe\x00", "m.json: "),
    "deep": (b"[" * 100_000, "m.json: nested too deeply"),
    "a number too long": (b'{"format":"fpsem.ir.v1","nodes":[],"outputs":{"y":' + b"9" * 5000 + b"}}", "m.json: "),
    "an unknown op": (
        b'{"format":"fpsem.ir.v1","nodes":[{"op":"__import__","inputs":[],"shape":[1]}],"outputs":{"y":0}}',
        "unknown op '__import__'",
    ),
}


@pytest.mark.parametrize("kind", GRAPHS)
def test_a_hostile_graph_is_refused_by_name(refused: Run, pair: Any, kind: str) -> None:
    text, told = GRAPHS[kind]
    assert told in refused("run", pair(graph=text), "-i", IMAGES)


def test_a_truncated_payload_is_refused_by_name(refused: Run, pair: Any) -> None:
    half = (DIGITS / "digits.safetensors").read_bytes()[:500]
    assert "m.safetensors: not a safetensors file" in refused("run", pair(payload=half), "-i", IMAGES)


def test_the_payload_of_another_model_is_refused(refused: Run, pair: Any) -> None:
    other = safetensors.numpy.save(nn.Sequential(nn.Linear(3, 2)).init(seed=0))
    assert "missing: 2.bias, 2.weight" in refused("run", pair(payload=other), "-i", IMAGES)


def test_a_transposed_weight_is_refused_with_a_hint(refused: Run, pair: Any) -> None:
    _, params = fpsem.load(DIGITS)
    params["2.weight"] = np.ascontiguousarray(params["2.weight"].T)
    assert "it looks transposed" in refused("run", pair(payload=safetensors.numpy.save(params)), "-i", IMAGES)


def test_an_onnx_op_that_is_not_read_is_named(refused: Run, tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    onnx_model(tmp_path / "m.onnx", "LSTM")
    assert "not read: LSTM" in refused("run", tmp_path / "m.onnx", "-i", IMAGES)


def test_a_broken_onnx_file_is_refused(refused: Run, tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    (tmp_path / "m.onnx").write_bytes(b"hello")
    assert "not an ONNX model" in refused("run", tmp_path / "m.onnx", "-i", IMAGES)


def test_graph_prints_every_style(printed: Run) -> None:
    graph, _ = fpsem.load(DIGITS)
    assert "2.weight" in printed("graph", DIGITS)
    assert printed("graph", DIGITS, "--style", "text") == f"{graph}\n"
    assert printed("graph", DIGITS, "--style", "dot").startswith("digraph")
    assert json.loads(printed("graph", DIGITS, "--json")) == json.loads((DIGITS / "digits.json").read_bytes())


@pytest.mark.parametrize(
    ("number", "code"),
    [("1", "0x3f800000"), ("-1", "0xbf800000"), ("-0", "0x80000000"), ("-inf", "0xff800000"), ("-0x1.fp0", "0xbff80000")],
)
def test_show_takes_numbers_with_a_sign(printed: Run, number: str, code: str) -> None:
    assert json.loads(printed("show", number, "--json"))["code"] == code
    assert code in printed("show", number)


def test_listed_proofs_are_the_files_of_the_folder(printed: Run) -> None:
    rows = json.loads(printed("proofs", "--list", "--json"))
    folder = Path(__file__).parents[2] / "proofs"
    assert {row["theorem"] for row in rows} == {path.stem for path in folder.glob("*.py") if not path.stem.startswith("_")}
    assert all("verdict" not in row for row in rows)


def test_the_ledger_names_the_command_of_every_claim(printed: Run) -> None:
    rows = json.loads(printed("claims", "--json"))["claims"]
    assert rows
    again = {row["name"]: row["command"] for row in rows}
    sweeps = {name for name, command in again.items() if command.startswith("fpsem sweep ")}
    assert all(command == f"fpsem claims --check {name}" for name, command in again.items() if name not in sweeps)
    assert {"exp-is-correctly-rounded", "numpy-exp-within-4-ulps"} <= sweeps


def test_a_checked_claim_says_how_many_cases_it_ran(printed: Run) -> None:
    (row,) = json.loads(printed("claims", "--check", "--cases", "200", "--json", "ieee32-equals-numpy"))["claims"]
    assert row["holds"]
    assert row["cases"] > 0


def test_a_closed_pipe_makes_no_traceback() -> None:
    read, write = os.pipe()
    os.close(read)
    command = [sys.executable, "-m", "fpsem", "show", "1"]
    done = subprocess.run(command, stdout=write, stderr=subprocess.PIPE, text=True, check=False)
    os.close(write)
    assert "Traceback" not in done.stderr


def test_the_traceback_is_there_for_those_who_ask() -> None:
    asked = {**os.environ, "FPSEM_TRACEBACK": "1"}
    done = subprocess.run([sys.executable, "-m", "fpsem", "show", "x"], capture_output=True, text=True, env=asked, check=False)
    assert done.returncode != 0
    assert "Traceback" in done.stderr


# -- flags and conformance -----------------------------------------------------------------------------------------


def test_the_flags_of_a_run_are_told_by_node(printed: Run) -> None:
    rows = json.loads(printed("run", DIGITS / "digits", "--input", IMAGES, "--flags", "--json"))
    assert {row["op"] for row in rows} == {"linear"}
    assert all(row["flags"] == ["inexact"] for row in rows)
    assert "inexact" in printed("run", DIGITS / "digits", "--input", IMAGES, "--flags", "-s", "pairwise")


def test_flags_are_of_one_bit_exact_run(refused: Run) -> None:
    ask = ("run", DIGITS / "digits", "--input", IMAGES, "--flags")
    assert "one run in ieee32" in refused(*ask, "-d", "real")
    assert "one run in ieee32" in refused(*ask, "-s", "pairwise", "-s", "reverse")


def test_conformance_is_counted_and_reported(printed: Run, tmp_path: Path) -> None:
    rows = json.loads(printed("conformance", "--random", 1000, "--json", "--report", tmp_path / "report.md"))
    assert rows
    assert all(str(row["mismatches"]) == "0" for row in rows)
    assert (tmp_path / "report.md").read_text().startswith("# Conformance of the bit level")


def test_all_proofs_are_not_asked_for_by_name(refused: Run) -> None:
    assert "--all is of all theorems" in refused("proofs", "--all", "--fast")
