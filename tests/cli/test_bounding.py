"""``fpsem bound``: what it prints and saves of formulas and models, its exit codes, and what it refuses."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fpsem
from fpsem import nn
from fpsem.analysis import cores
from fpsem.cli import bounding
from fpsem.data import read_arrays

WORK = ("--work", 200)
QUOTIENT = '(FPCore (x y) :name "quotient" :pre (and (<= 0 x 1) (<= 1 y 2)) (/ x y))'
POLE = '(FPCore (x) :name "pole" :pre (<= -1 x 1) (/ 1 x))'
FREE = '(FPCore (x) :name "free" (+ x 1))'
LOOP = '(FPCore (x) :name "loop" :pre (<= 0 x 1) (while (< x 1) ([x x (+ x 1)]) x))'
EMPTY = '(FPCore (x) :name "empty" :pre (and (<= 0 x 1) (<= 2 x 3)) (+ x 1))'


@pytest.fixture
def file(tmp_path: Path) -> Callable[[str], Path]:
    """Writes a file of cores."""

    def write(text: str) -> Path:
        path = tmp_path / "some.fpcore"
        path.write_text(text)
        return path

    return write


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A model of two layers, and beside it an input x.npy."""
    layers = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))
    fpsem.save(tmp_path / "model", layers.lower((1, 3)), layers.init(seed=0))
    np.save(tmp_path / "x.npy", np.array([[0.5, -1, 3], [0.1, 0.2, 0.3]], np.float32))
    return tmp_path / "model.json"


@pytest.fixture
def bars(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int | None, list[str]]]:
    """The bars that were made: the steps that each was made for, and those that came."""
    made: list[tuple[int | None, list[str]]] = []

    @contextmanager
    def bar(title: str, total: int | None) -> Iterator[Callable[[str], None]]:
        made.append((total, []))
        yield made[-1][1].append

    monkeypatch.setattr(bounding, "progress_bar", bar)
    return made


def around(model: Path, *options: object) -> tuple[object, ...]:
    return ("bound", model, "--input", model.with_name("x.npy"), *options)


# -- formulas --------------------------------------------------------------------------------------------------------


def test_a_core_is_bounded_with_a_witness_in_numbers_and_bits(printed: Any, file: Any) -> None:
    row = json.loads(printed("bound", file(QUOTIENT), "--format", "binary32", "--json", *WORK))
    assert (row["name"], row["evidence"], row["finite"], row["may_overflow"]) == ("quotient", "PROVED", True, None)
    assert 0 < row["observed"] <= row["absolute"] < 2.0**-24
    x, y = (np.float32(row["witness"][name]) for name in "xy")
    assert row["witness_bits"] == {name: f"{v.view(np.uint32):#010x}" for name, v in (("x", x), ("y", y))}
    assert float(abs(Fraction(float(x / y)) - Fraction(float(x)) / Fraction(float(y)))) >= row["observed"]
    assert "nodes" not in row


def test_several_cores_are_a_list_and_one_of_them_can_be_named(call: Any, file: Any) -> None:
    path = file(QUOTIENT + FREE)
    code, out, _ = call("bound", path, "--json", *WORK)
    assert (code, [row["name"] for row in json.loads(out)]) == (1, ["quotient", "free"])
    code, out, _ = call("bound", path, "--core", "quotient", "--json", *WORK)
    assert (code, json.loads(out)["name"]) == (0, "quotient")


@pytest.mark.parametrize(
    ("core", "reason"),
    [
        (FREE, "the precondition bounds no x on both sides"),
        (LOOP, "outside of the straight-line subset: while"),
        (EMPTY, "the region is empty in x: no number is at least 2 and at most 1"),
        ('(FPCore (x) :pre (or (<= 0 x 1) (<= 2 x 3)) (+ x 1))', "what could not be read: (or (<= 0 x 1) (<= 2 x 3))"),
        ('(FPCore (x) :pre (<= 0.1 x 0.1) (+ x 1))', "no binary32 number lies between 0.1 and 0.1"),
        ('(FPCore (x) :pre (<= 0 x 1) (+ x z))', "some.fpcore:1:34: unknown name 'z'; known here: x"),
        ('(FPCore () :name "none" (+ 1 2))', "it has no arguments"),
    ],
)
def test_a_core_that_is_not_bounded_is_unknown_with_the_reason(call: Any, file: Any, core: str, reason: str) -> None:
    code, out, _ = call("bound", file(core), "--json", "--nodes", *WORK)
    row = json.loads(out)
    assert code == 1
    assert (row["absolute"], row["evidence"], row["finite"], row["witness"], row["nodes"]) == (None, "UNKNOWN", None, None, [])
    assert reason in row["reason"]
    code, out, _ = call("bound", file(core), "--nodes", *WORK)
    assert code == 1
    assert "UNKNOWN" in out
    assert "nodes of" not in out


def test_a_core_that_is_wrong_costs_its_own_row(call: Any, file: Any) -> None:
    wrong = '(FPCore (x) :name "unknown" (+ x y)) (FPCore (x) :name "infinite" :pre (< -INFINITY x 1) x)'
    code, out, _ = call("bound", file(f"{wrong} {QUOTIENT}"), "--json", *WORK)
    unknown, infinite, quotient = json.loads(out)
    assert code == 1
    assert "unknown name 'y'" in unknown["reason"]
    assert "unknown name '-INFINITY'" in infinite["reason"]
    assert quotient["evidence"] == "PROVED"


def test_a_core_is_found_by_its_symbol_as_by_its_name(printed: Any, file: Any) -> None:
    path = file(QUOTIENT.replace("FPCore", "FPCore good") + POLE)
    for name in ("good", "quotient"):
        assert json.loads(printed("bound", path, "--core", name, "--json", *WORK))["name"] == "quotient"


def test_that_a_core_asks_for_another_precision_is_told(printed: Any, file: Any) -> None:
    double, half = (QUOTIENT.replace(":pre", f":precision {p} :pre").replace("quo", p) for p in ("binary64", "binary16"))
    single = QUOTIENT.replace(":pre", ":precision binary32 :pre")
    note = "core asks for binary64: bounded in binary32, as --format says"
    rows = json.loads(printed("bound", file(double + half + single + QUOTIENT), "--json", *WORK))
    assert [row["note"] for row in rows] == [note, note.replace("64", "16"), None, None]
    said = " ".join(printed("bound", file(double + half + double), *WORK).split())
    assert f"binary64tient, binary64tient: {note}" in said
    assert "binary16tient: core asks for binary16" in said
    assert "asks for" not in printed("bound", file(single + QUOTIENT), *WORK)


def test_a_pole_is_refuted_by_its_witness(call: Any, file: Any) -> None:
    code, out, _ = call("bound", file(POLE), "--json", *WORK)
    row = json.loads(out)
    assert (code, row["absolute"], row["finite"], row["may_overflow"]) == (1, None, False, "div_2")
    assert "at the witness the execution is not finite" in row["reason"]
    with np.errstate(over="ignore"):
        assert np.isinf(np.float32(1) / np.float32(row["witness"]["x"]))


def test_one_part_of_work_is_enough_for_a_bound(printed: Any, file: Any) -> None:
    assert json.loads(printed("bound", file(QUOTIENT), "--work", 1, "--json"))["evidence"] == "PROVED"


def test_the_table_has_the_bound_the_witness_and_the_nodes(call: Any, file: Any) -> None:
    code, out, _ = call("bound", file(QUOTIENT + POLE), "--nodes", *WORK)
    assert code == 1
    assert "2.98023e-08" in out
    assert "x = 0x1." in out
    assert "nodes of quotient" in out
    assert "nodes of pole" in out
    assert "[-inf, inf]" in out
    assert out.count("may overflow") == 1


def test_the_witness_of_a_core_is_saved(printed: Any, file: Any) -> None:
    path = file(QUOTIENT)
    row = json.loads(printed("bound", path, "--json", "--witness", path.with_name("w.npz"), *WORK))
    held = read_arrays(path.with_name("w.npz"))
    assert {name: float(x) for name, x in held.items()} == row["witness"]


# -- models ----------------------------------------------------------------------------------------------------------


def test_a_model_is_bounded_and_its_witness_told_by_one_element(printed: Any, model: Path) -> None:
    row = json.loads(printed(*around(model, "--eps", 0.25, "--json")))
    assert (row["evidence"], row["finite"], row["schedule"], row["witness_bits"]) == ("PROVED", True, "sequential", {})
    assert 0 < row["observed"] <= row["absolute"] == max(row["outputs"])
    assert row["tightness"] == row["absolute"] / row["observed"]
    told = row["witness"]["x"]
    assert told["shape"] == [1, 3]
    assert 0 < abs(told["from_middle"]) <= 0.25 * (1 + 2**-20)
    assert f"{np.float32(told['value']).view(np.uint32):#010x}" == told["bits"]
    assert told["value"] == np.load(model.with_name("x.npy"))[0, told["index"][1]] + told["from_middle"]


def test_the_saved_witness_has_the_bits_and_the_error_that_are_told(printed: Any, model: Path) -> None:
    saved = model.with_name("witness.npz")
    row = json.loads(printed(*around(model, "--eps", 0.25, "--witness", saved, "--json")))
    x = read_arrays(saved)["x"]
    assert row["witness_bits"]["x"] == [[f"{code:#010x}" for code in x.view(np.uint32)[0]]]
    graph, params = fpsem.load(model)
    real, ieee = fpsem.Real(), fpsem.IEEE32Exec()
    exact = real.enclosure(np.ravel(fpsem.run(graph, params, x, real)))
    floats = np.ravel(fpsem.run(graph, params, x, ieee).view(np.float32))
    errors = [min(abs(Fraction(float(y)) - end) for end in ends) for y, ends in zip(floats, zip(*exact))]
    assert max(errors) >= Fraction(row["observed"])
    assert "real" in printed("run", model, "--input", saved, "--domain", "real")


def test_the_element_that_is_told_is_the_one_furthest_from_the_middle() -> None:
    middle, x = np.zeros((2, 2), np.float32), np.array([[0.5, 1], [-2, 1]], np.float32)
    told = bounding._furthest(x, middle)
    assert told == {"shape": [2, 2], "index": [1, 0], "value": -2.0, "bits": "0xc0000000", "from_middle": -2.0}


def test_the_row_that_is_the_middle_can_be_chosen(printed: Any, model: Path) -> None:
    lows = [json.loads(printed(*around(model, "--index", i, "--json")))["enclosure"][0] for i in (0, 1)]
    assert lows[0] != lows[1]


def test_a_bound_for_any_order_is_above_those_of_the_orders(printed: Any, model: Path) -> None:
    orders = ("any", "sequential", "reverse", "pairwise")
    rows = [json.loads(printed(*around(model, "--eps", 0.25, "-s", order, "--json"))) for order in orders]
    assert [row["schedule"] for row in rows] == list(orders)
    assert rows[0]["absolute"] >= max(row["absolute"] for row in rows[1:])
    assert rows[0]["witness"] is not None


def test_nodes_tell_of_every_node_and_which_may_overflow(call: Any, model: Path) -> None:
    code, out, _ = call(*around(model, "--eps", 3e38, "--nodes", "--no-witness", "--json"))
    row = json.loads(out)
    nodes = {node["name"]: node for node in row["nodes"]}
    assert code == 1
    assert (row["absolute"], row["evidence"], row["finite"], row["may_overflow"]) == (None, "UNKNOWN", None, "0.Linear")
    assert row["reason"].endswith("the first node at which they may be is 0.Linear")
    assert [nodes[name]["finite"] for name in ("x", "0.Linear", "1.ReLU", "2.Linear")] == [True, None, None, None]
    assert nodes["1.ReLU"] | {"enclosure": 0} == {
        "name": "1.ReLU", "op": "relu", "shape": [1, 4], "enclosure": 0, "bound": None, "own": None, "finite": None,
    }  # fmt: skip
    assert nodes["1.ReLU"]["enclosure"][0] == 0


def test_overflow_that_the_search_finds_is_said_not_to_be_finite(call: Any, model: Path) -> None:
    code, out, _ = call(*around(model, "--eps", 3.4e38, "--json"))
    row = json.loads(out)
    assert (code, row["absolute"], row["finite"], row["observed"]) == (1, None, False, None)


def test_without_a_witness_nothing_is_looked_for(printed: Any, model: Path) -> None:
    row = json.loads(printed(*around(model, "--no-witness", "--json")))
    assert (row["witness"], row["observed"], row["tightness"]) == (None, None, None)


def test_a_model_of_scalars_is_bounded_as_a_formula(printed: Any, tmp_path: Path) -> None:
    fpsem.save(tmp_path / "square", fpsem.trace(lambda x: x * x + x, ()), {})
    np.save(tmp_path / "half.npy", np.float32(0.5))
    options = ("--input", tmp_path / "half.npy", "--eps", 0.25, "--json", *WORK)
    row = json.loads(printed("bound", tmp_path / "square.json", *options))
    assert 0.25 <= row["witness"]["x"] <= 0.75 + 2**-20
    assert row["tightness"] < 1.1


@pytest.mark.parametrize("eps", [1e-9, 0.1, 1e-45, 2.0])
def test_the_region_holds_every_number_within_eps(eps: float) -> None:
    x = np.array([0.1, -3, 0, 1e-40], np.float32)
    lo, hi = bounding._ends("x", x, eps)
    for low, middle, high in zip(lo, x, hi):
        assert Fraction(float(low)) <= Fraction(float(middle)) - Fraction(eps)
        assert Fraction(float(high)) >= Fraction(float(middle)) + Fraction(eps)


def test_without_eps_the_region_is_the_codes_of_the_input() -> None:
    codes = np.array([0x80000000, 0x00000001], np.uint32)
    assert all(np.array_equal(end.view(np.uint32), codes) for end in bounding._ends("x", codes, 0.0))


# -- while it works --------------------------------------------------------------------------------------------------


def test_a_bar_counts_cores_or_the_parts_of_one(call: Any, file: Any, bars: Any) -> None:
    call("bound", file(QUOTIENT + POLE), *WORK)
    call("bound", file(POLE), *WORK)
    (of_two, names), (of_one, parts) = bars
    assert (of_two, names) == (2, ["quotient", "pole"])
    assert of_one == 200
    assert set(parts) == {"pole"}
    assert len(parts) > 10


def test_a_bar_of_a_model_counts_the_inputs_that_are_looked_at(printed: Any, model: Path, bars: Any) -> None:
    printed(*around(model, "--eps", 0.25))
    ((total, steps),) = bars
    assert len(steps) == total == 200


def test_an_interrupt_leaves_no_output_and_no_file(
    call: Any, file: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def interrupt(*given: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(cores, "core_bound", interrupt)
    code, out, err = call("bound", file(QUOTIENT), "--witness", tmp_path / "w.npz")
    assert (code, out) == (130, "")
    assert "Traceback" not in err
    assert [path.name for path in tmp_path.iterdir()] == ["some.fpcore"]


# -- what is refused ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("", (), "no core in it"),
        ("(FPCore (x) (+ x", (), "some.fpcore:1:13: '(' is never closed"),
        (QUOTIENT, ("--core", "qotient"), "Did you mean 'quotient'? Known: quotient"),
        (QUOTIENT, ("--format", "binary64"), "--format binary64: only executions in binary32"),
        (QUOTIENT, ("--eps", 0.5, "--no-witness"), "--eps, --no-witness: only for a model"),
        (QUOTIENT, ("--schedule", "any"), "--schedule: only for a model"),
        (QUOTIENT + POLE, ("--witness", "w.npz"), "--witness is of one core, and 2 are bounded: say --core NAME"),
    ],
)
def test_a_file_of_cores_that_cannot_be_asked(
    refused: Any, file: Any, text: str, options: tuple[object, ...], message: str
) -> None:
    assert message in refused("bound", file(text), *options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--schedule", "foo"), "--schedule 'foo': unknown schedule 'foo'."),
        (("--schedule", "library"), "or any, for all orders"),
        (("--schedule", "lanes:width=0"), "--schedule 'lanes:width=0'"),
        (("--index", 2), "--index 2"),
        (("--core", "a"), "--core: only for a file of cores"),
        (("--witness", "w.npz", "--no-witness"), "--witness saves what --no-witness does not look for"),
        (("--eps", 1e39), "input 'x' at index [0, 0], moved by --eps 1e+39, is -inf: a region is of finite"),
        (("--eps", "inf"), "moved by --eps inf, is -inf"),
    ],
)
def test_a_model_that_cannot_be_asked(refused: Any, model: Path, options: tuple[object, ...], message: str) -> None:
    assert message in refused(*around(model, *options))


def test_a_file_that_is_no_model_is_refused_with_the_kinds_that_are(refused: Any, tmp_path: Path) -> None:
    readme = tmp_path / "README.md"
    readme.write_text("Read me.")
    np.save(tmp_path / "x.npy", np.ones(3, np.float32))
    where = ("--input", tmp_path / "x.npy")
    commands = [("bound", readme), ("bound", readme, *where), ("run", readme, *where), ("ask", "finite", readme, "--box", "0,1")]
    said = {refused(*command) for command in [*commands, ("graph", readme), ("run", readme, *where, "--flags")]}
    (told,) = said
    assert "README.md is no model that fpsem reads: it reads NAME.json" in told
    assert ".onnx.gz; bound and ask also .fpcore" in told


def test_a_model_whose_name_has_a_dot_is_read_beside_a_file_of_that_name(printed: Any, tmp_path: Path) -> None:
    fpsem.save(tmp_path / "net.v1.json", fpsem.trace(lambda x: x + 1.0, (3,)), {})
    (tmp_path / "net.v1").write_text("notes")
    np.save(tmp_path / "x.npy", np.ones(3, np.float32))
    printed("bound", tmp_path / "net.v1", "--input", tmp_path / "x.npy", "--no-witness")


def test_an_input_that_is_not_there_or_not_finite_is_refused(refused: Any, model: Path) -> None:
    assert "a model needs --input, the middle of the region" in refused("bound", model)
    np.save(model.with_name("x.npy"), np.array([[1, np.nan, 3]], np.float32))
    assert "x.npy: input 'x' at index [0, 1] is nan: a region is of finite binary32 numbers" in refused(*around(model))


@pytest.mark.parametrize("option", [("--work", 0), ("--eps", -1), ("--eps", "nan")])
def test_numbers_out_of_range_are_refused(call: Any, model: Path, option: tuple[object, ...]) -> None:
    code, out, err = call(*around(model, *option))
    assert (code, out) == (2, "")
    assert option[0] in err


def test_a_graph_of_several_outputs_is_refused_with_their_names(refused: Any, tmp_path: Path) -> None:
    graph = fpsem.trace(lambda x: {"a": x + 1, "b": x * 2}, (3,))
    fpsem.save(tmp_path / "two", graph, {})
    np.save(tmp_path / "x.npy", np.ones(3, np.float32))
    assert "a bound is of one output, this graph has 2: a, b" in refused(*around(tmp_path / "two"))
