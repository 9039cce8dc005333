"""``fpsem ask``: verdicts and exit codes, witnesses, what is written and what refused; and that no process is left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fpsem
from fpsem import nn
from fpsem.cli import _answers, asking
from fpsem.data import read_arrays
from fpsem.smt import portfolio, solver

CENTER = np.array([[0.5, -1, 3], [0.1, 0.2, -0.0]], np.float32)
PAIR = """
(FPCore (x) :name "third" :pre (<= 1 x 2) (/ x 3))
(FPCore (x) :name "times" :pre (<= 1 x 2) (* x (/ 1 3)))
(FPCore (x y) :name "triangle" :pre (and (<= 0 x 1) (<= 0 y 1) (<= 1/2 (+ x y))) (/ 1 (+ x y)))
(FPCore (x y) :name "corner" :pre (and (<= 0 x 1) (<= 0 y 1) (<= (+ x y) 1/2)) (/ 1 (+ x y)))
(FPCore (x) :name "edge" :pre (and (<= 0.49999 x 0.4999999) (<= 1/2 (- (+ x 1024) 1024))) x)
(FPCore (x y) :name "ordered" :pre (and (<= 0 x 1) (<= 0 y 1) (<= x y)) (- y x))
(FPCore (x y) :name "unread" :pre (and (<= 0 x 1) (<= 0 y 1) (!= x y)) (/ 1 (- y x)))
(FPCore (x y) :name "before" :pre (and (<= 0 x 1) (<= 0 y 1) (< x y)) (- y x))
(FPCore above (x) :name "an end" :pre (< 0 x 1) (* x 1e9))
(FPCore (x) :name "free" (+ x 1))
(FPCore (x) :name "either" :pre (or (<= 0 x 1) (<= 2 x 3)) (+ x 1))
(FPCore (x) :name "nowhere" :pre (and (<= 0 x 1) FALSE) (+ x 1))
(FPCore (x) :name "tenth" :pre (<= 0.1 x 0.1) (+ x 1))
(FPCore (x) :name "wrong" :pre (<= 0 x 1) (+ x z))
(FPCore (x) :name "loop" :pre (<= 0 x 1) (while (< x 1) ([x x (+ x 1)]) x))
"""


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A model of two layers, and beside it an input x.npy."""
    layers = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))
    fpsem.save(tmp_path / "model", layers.lower((1, 3)), layers.init(seed=0))
    np.save(tmp_path / "x.npy", CENTER)
    return tmp_path / "model.json"


@pytest.fixture
def traced(tmp_path: Path) -> Callable[..., Path]:
    """Saves a function as a model."""

    def make(function: Any, *shapes: tuple[int, ...], name: str = "traced") -> Path:
        fpsem.save(tmp_path / name, fpsem.trace(function, *shapes), {})
        return tmp_path / f"{name}.json"

    return make


@pytest.fixture
def cores(tmp_path: Path) -> Path:
    path = tmp_path / "some.fpcore"
    path.write_text(PAIR)
    return path


@pytest.fixture
def asked(call: Any) -> Callable[..., tuple[int, dict[str, Any]]]:
    """The exit code of a question, and its JSON."""

    def run(*arguments: object) -> tuple[int, dict[str, Any]]:
        code, out, err = call("ask", *arguments, "--json")
        assert out, err
        return code, json.loads(out)

    return run


def around(model: Path, *options: object) -> tuple[object, ...]:
    return (model, "--input", model.with_name("x.npy"), *options)


def values(told: dict[str, Any]) -> dict[str, list[np.float32]]:
    """A witness's elements by input name."""
    found: dict[str, list[np.float32]] = {}
    for row in told["witness"]:
        number = np.uint32(int(row["bits"], 16)).view(np.float32)
        assert np.float32(row["decimal"]) == number == np.float32(float.fromhex(row["hexadecimal"]))
        found.setdefault(row["name"], []).append(number)
    return found


# -- verdicts --------------------------------------------------------------------------------------------------------


def test_each_verdict_has_its_exit_code(asked: Any, traced: Any) -> None:
    square = traced(lambda x: x * x, (1,))
    code, told = asked("finite", square, "--box", "0,1e19")
    assert (code, told["verdict"], told["reason"], told["witness"]) == (0, "Proved", None, None)
    code, told = asked("finite", square, "--box", "0,1e20")
    assert (code, told["verdict"], told["reason"]) == (1, "Refuted", None)
    assert float(values(told)["x"][0]) ** 2 > float(np.finfo(np.float32).max)
    widened = ("--schedule", "sequential:accumulator=binary64")
    code, told = asked("bounded", traced(lambda x: x.sum(axis=0) - x[0], (3,)), "--box", "0,1", "--least", 0, *widened)
    assert (code, told["verdict"], told["by"]) == (3, "Unknown", None)
    assert "binary64" in told["reason"]


def test_the_answer_says_what_it_is_about(printed: Any, model: Path) -> None:
    where = around(model, "--eps", "1/64", "--free", "0,2", "-s", "pairwise")
    said = printed("ask", "bounded", *where, "--least=-9", "--most", 9)
    for told in ("Proved", "every output is at least -9 and at most 9", "2 of 3 elements of x move: within 1/64 of", "row 0"):
        assert told in said
    assert "pairwise" in said
    assert "binary32, to nearest even, with subnormals" in said


def test_a_bound_of_a_node_is_asked_about_by_its_label(asked: Any, model: Path) -> None:
    code, _ = asked("bounded", *around(model, "--eps", 1, "--node", "1.ReLU", "--least", 0))
    assert code == 0
    code, _ = asked("bounded", *around(model, "--eps", 1, "--node", "0.Linear", "--least", 0))
    assert code == 1


def test_the_label_is_that_of_the_input_unless_one_is_named(asked: Any, model: Path) -> None:
    graph, params = fpsem.load(model)
    label = int(np.argmax(fpsem.run(graph, params, CENTER[:1], fpsem.IEEE32Exec()).view(np.float32)))
    code, told = asked("argmax", *around(model, "--eps", "1e-3"))
    assert (code, told["statement"]) == (0, f"the largest output is number {label}, counted from 0")
    code, told = asked("argmax", *around(model, "--eps", "1e-3", "--label", 1 - label))
    assert code == 1


def test_a_step_that_goes_the_wrong_way_is_a_pair_of_inputs(asked: Any, traced: Any) -> None:
    bent = traced(lambda x: x[0:1] - abs(x[1:2]), (2,))
    assert asked("monotone", bent, "--box=-1,1", "--element", 0)[0] == 0
    code, told = asked("monotone", bent, "--box=-1,1", "--element", 1)
    found = values(told)
    assert code == 1
    assert found["x"][1] <= found["x moved"][0]
    assert abs(found["x"][1]) < abs(found["x moved"][0])
    assert asked("monotone", bent, "--box", "0,1", "--element", 1, "--decreasing")[0] == 0


def test_two_orders_part_and_a_bound_in_ulps_may_hold(asked: Any, traced: Any) -> None:
    total = traced(lambda x: x.sum(axis=0), (4,))
    code, told = asked("orders", total, "--box", "1,2", "--other", "pairwise")
    x = values(told)["x"]
    assert (code, told["schedule"]) == (1, "sequential and pairwise")
    assert ((x[0] + x[1]) + x[2]) + x[3] != (x[0] + x[1]) + (x[2] + x[3])
    assert asked("orders", total, "--box", "1,1.0000002", "--other", "pairwise", "--ulps", 2)[0] == 0


def test_a_quotient_is_no_product_with_the_reciprocal(asked: Any, cores: Path) -> None:
    both = (cores, cores, "--core", "third", "--other-core", "times")
    code, told = asked("agree", *both)
    (x,) = values(told)["x"]
    assert code == 1
    assert x / np.float32(3) != x * (np.float32(1) / np.float32(3))
    assert asked("agree", *both, "--box", "1,1.01", "--ulps", 1)[0] == 0


def test_an_update_that_is_too_small_is_absorbed(asked: Any) -> None:
    boxes = ("--weights", "1,2", "--gradients=-1,1", "--rate")
    assert asked("absorbed", *boxes, "-1e-8")[0] == 0
    code, told = asked("absorbed", *boxes, "-1e-7")
    (w,), (g,) = values(told)["w"], values(told)["g"]
    assert code == 1
    assert w + np.float32(-1e-7) * g != w


def test_a_rewrite_is_named(asked: Any) -> None:
    assert asked("rewrite", "commute", "--box", "1,1.5")[0] == 0
    code, told = asked("rewrite", "reciprocal", "--box=-2,2", "--constant", 10, "--short")
    (x,) = values(told)["x0"]
    assert code == 1
    assert x / np.float32(10) != x * (np.float32(1) / np.float32(10))
    assert asked("rewrite", "reciprocal", "--box=-2,2", "--constant", 8)[0] == 0


def test_a_narrow_format_is_decided_by_running_all_of_its_numbers(asked: Any, traced: Any) -> None:
    bent = traced(lambda x: x * x - x, (1,))
    code, told = asked("bounded", bent, "--box", "1,2", "--most", 2, "--format", "e5m2")
    assert (code, told["by"]) == (0, "enumeration of 5 inputs")
    assert told["semantics"].endswith("rounded once more, to e5m2")
    code, told = asked("bounded", bent, "--box", "1,2", "--most", 1.5, "--format", "e5m2")
    assert (code, list(values(told)["x"])) == (1, [2.0])
    assert asked("bounded", bent, "--box", "1,2", "--most", 2, "--format", "e5m2", "--no-bounds", "--solver", "z3")[0] == 0


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (("--format", "e5m3"), "unknown format"),
        (("--format", "binary64"), "binary32 must hold all its numbers"),
        (("--format", "e5m2", "--short"), "--short can be had in binary32 only"),
        (("--format", "e5m2", "--trace"), "--trace can be had in binary32 only"),
    ],
)
def test_what_a_narrow_format_has_not_is_refused(refused: Any, traced: Any, options: Any, reason: str) -> None:
    assert reason in refused("ask", "bounded", traced(lambda x: x, (1,)), "--box", "1,2", "--most", 2, *options)


# -- regions ---------------------------------------------------------------------------------------------------------


def test_only_free_elements_move_and_others_keep_their_bits(asked: Any, model: Path, tmp_path: Path) -> None:
    out = tmp_path / "w.npz"
    code, told = asked("bounded", *around(model, "--index", 1, "--eps", "1/8", "--free", 1, "--most=-99", "--out", out))
    assert code == 1
    assert [row["moves"] for row in told["witness"]] == [False, True, False]
    (x,) = read_arrays(out).values()
    assert x[0, [0, 2]].tobytes() == CENTER[1, [0, 2]].tobytes()
    assert abs(x[0, 1] - np.float64(CENTER[1, 1])) <= 0.125


def test_a_radius_and_a_box_both_hold(asked: Any, model: Path) -> None:
    code, told = asked("bounded", *around(model, "--eps", 8, "--box", "0.25,0.75", "--most=-99"))
    assert code == 1
    assert all(0.25 <= v <= 0.75 for v in values(told)["x"])


def test_an_input_without_a_radius_is_itself_the_region(asked: Any, model: Path) -> None:
    code, told = asked("finite", *around(model))
    assert (code, told["region"].startswith("0 of 3 elements of x move: at ")) == (0, True)


def test_the_precondition_of_a_core_is_its_region(asked: Any, cores: Path) -> None:
    assert asked("finite", cores, "--core", "third")[0] == 0
    assert asked("finite", cores, "--core", "free", "--box", "0,1")[0] == 0


def test_what_a_strict_inequality_leaves_out_refutes_nothing(asked: Any, cores: Path) -> None:
    least = ("--least", np.finfo(np.float32).smallest_subnormal)
    code, told = asked("bounded", cores, "--core", "before", *least)
    assert (code, told["constraints"]) == (0, ["(< x y)"])
    code, told = asked("bounded", cores, "--core", "ordered", *least)
    assert code == 1
    assert values(told)["x"] == values(told)["y"]
    for name in ("above", "an end"):
        assert asked("bounded", cores, "--core", name, *least, "--most", np.nextafter(np.float32(1e9), np.float32(0)))[0] == 0


def test_constraints_of_a_core_are_of_its_region(asked: Any, cores: Path) -> None:
    code, told = asked("finite", cores, "--core", "triangle")
    assert (code, told["constraints"]) == (0, ["(<= 1/2 (+ x y))"])
    assert told["region"].endswith("the precondition of core 'triangle', where (<= 1/2 (+ x y))")
    code, told = asked("bounded", cores, "--core", "triangle", "--most", 1.5, "--short")
    assert code == 1
    (x,), (y,) = values(told)["x"], values(told)["y"]
    assert 0.5 <= float(x) + float(y) < 2 / 3 + 1e-6
    code, told = asked("finite", cores, "--core", "corner")
    assert code == 1
    assert values(told) == {"x": [0], "y": [0]}


def test_constraints_are_printed(printed: Any, cores: Path) -> None:
    said = printed("ask", "finite", cores, "--core", "triangle")
    assert "where (<= 1/2 (+ x y))" in " ".join(said.split())
    assert said.count("1/2") == 1


def test_a_witness_that_may_break_a_constraint_makes_the_verdict_unknown(asked: Any, cores: Path) -> None:
    code, told = asked("bounded", cores, "--core", "edge", "--least", 1)
    assert (code, told["verdict"]) == (3, "Unknown")
    assert "does not surely satisfy the constraints" in told["reason"]
    code, told = asked("finite", cores, "--core", "unread")
    assert (code, told["verdict"]) == (3, "Unknown")
    assert "unknown: (!= x y)" in told["reason"]
    assert told["region"].endswith("; left out of the precondition: (!= x y)")


def test_constraints_count_in_narrow_formats_too(asked: Any, cores: Path) -> None:
    where = (cores, "--core", "ordered", "--format", "e5m2")
    assert asked("bounded", *where, "--least", 0)[0] == 0
    code, told = asked("bounded", *where, "--least", 0.5)
    assert code == 1
    assert values(told)["x"] <= values(told)["y"]


def test_a_question_is_written_with_its_constraints(call: Any, cores: Path, tmp_path: Path) -> None:
    import z3

    path = tmp_path / "q.smt2"
    where = ("--least", 0, "--smtlib", path, "--export-only")
    assert call("ask", "bounded", cores, "--core", "ordered", *where) == (0, "", "")
    text = path.read_text()
    assert "where (<= x y)" in text
    assert "constraints are relaxed by what rounding may do to them" in text
    held = z3.Solver()
    held.from_string(text)
    assert str(held.check()) == "unsat"


# -- the witness -----------------------------------------------------------------------------------------------------


def test_a_short_witness_still_fails(asked: Any, traced: Any) -> None:
    total = traced(lambda x: x.sum(axis=0), (4,))
    code, told = asked("orders", total, "--box", "1,2", "--other", "pairwise", "--short")
    x = values(told)["x"]
    assert code == 1
    assert ((x[0] + x[1]) + x[2]) + x[3] != (x[0] + x[1]) + (x[2] + x[3])
    assert all(1 <= v <= 2 for v in x)
    assert max(len(row["decimal"]) for row in told["witness"]) < 9


def test_a_trace_tells_each_execution_beside_the_reals(asked: Any, call: Any, cores: Path) -> None:
    both = ("agree", cores, cores, "--core", "third", "--other-core", "times", "--trace")
    _, told = asked(*both)
    assert {row["execution"] for row in told["trace"]} == {"first", "other"}
    last = [row for row in told["trace"] if row["op"] == "div"]
    assert len(last) == 2
    assert all(row["error"] > 0 for row in last)
    code, out, _ = call("ask", *both)
    assert code == 1
    assert "hexadecimal" in out
    assert "real" in out


def test_a_trace_holds_what_json_cannot_say(asked: Any, traced: Any) -> None:
    code, told = asked("finite", traced(lambda x: x * x, (1,)), "--box", "1e20,2e20", "--trace")
    assert code == 1
    assert [(row["value"], row["hexadecimal"]) for row in told["trace"]][-1] == (None, "inf")


def test_no_witness_is_saved_where_there_is_none(call: Any, model: Path, tmp_path: Path) -> None:
    code, _, err = call("ask", "finite", *around(model, "--out", tmp_path / "w.npz"))
    assert code == 0
    assert "no witness" in err
    assert not (tmp_path / "w.npz").exists()


# -- solvers ---------------------------------------------------------------------------------------------------------


def test_a_question_is_written_for_any_solver(call: Any, traced: Any, tmp_path: Path) -> None:
    import z3

    path = tmp_path / "q.smt2"
    question = ("ask", "finite", traced(lambda x: x * x, (1,)), "--smtlib", path, "--box")
    for box, status in (("0,1e19", "unsat"), ("0,1e20", "sat")):
        assert call(*question, box, "--export-only") == (0, "", "")
        text = path.read_text()
        assert text.count("(check-sat)") == 1
        held = z3.Solver()
        held.from_string(text)
        assert str(held.check()) == status
    code, out, _ = call(*question, "0,1", "--json")
    assert (code, json.loads(out)["verdict"]) == (0, "Proved")
    assert [p.name for p in tmp_path.glob("*.smt2*")] == ["q.smt2"]


def test_a_monotone_question_is_written_though_no_solver_is_needed(call: Any, traced: Any, tmp_path: Path) -> None:
    path = tmp_path / "q.smt2"
    where = ("--box", "0,1", "--element", 0, "--smtlib", path)
    assert call("ask", "monotone", traced(lambda x: x + 1.0, (1,)), *where)[0] == 0
    assert "x moved" in path.read_text()


def test_solvers_alone_answer_where_bounds_may_not(asked: Any, traced: Any) -> None:
    code, told = asked("finite", traced(lambda x: x + 1.0, (1,)), "--box", "0,1", "--no-bounds", "--solver", "z3")
    assert code == 0
    assert told["by"].startswith("z3")


def test_a_solver_that_is_not_installed_is_named_with_its_extra(refused: Any, model: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(solver, "is_installed", lambda name: name != "cvc5")
    assert "extra 'cvc5'" in refused("ask", "finite", *around(model, "--solver", "cvc5"))
    assert "unknown solver 'yices'" in refused("ask", "finite", *around(model, "--solver", "yices"))


def test_an_interrupted_question_leaves_no_process(traced: Any) -> None:
    cubes = traced(lambda a, b: (a * a * a + b) * (b * b * b + a), (1,), (1,), name="a")
    other = traced(lambda a, b: (a + b * b * b) * (b + a * a * a), (1,), (1,), name="b")
    main = [sys.executable, "-c", "from fpsem.cli import main; main()"]
    options = ["--box=-9,9", "--no-bounds", "--ulps", "3", "--seconds", "100"]
    asking = subprocess.Popen([*main, "ask", "agree", str(cubes), str(other), *options], stderr=subprocess.DEVNULL)
    try:
        solvers = children(asking.pid)
        while not solvers and asking.poll() is None:
            time.sleep(0.02)
            solvers = children(asking.pid)
        assert solvers, "it ended before a solver ran"
        asking.send_signal(signal.SIGINT)
        assert asking.wait(30) == 130
    finally:
        asking.kill()
        asking.wait()
    assert not [pid for pid in solvers if is_solver(pid)]


def children(parent: int) -> list[int]:
    """The solvers that a process has started."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            stat = (entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(stat[1]) == parent and is_solver(int(entry.name)):
            found.append(int(entry.name))
    return found


def is_solver(pid: int) -> bool:
    try:
        return os.fsencode(portfolio._PROGRAM[-1]) in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


# -- what is refused ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (("--eps", "-1"), "radius"),
        (("--eps", "nan"), "--eps 'nan': a finite number"),
        (("--eps", "1e99999999"), "a finite number"),
        (("--eps", "1/0"), "a finite number"),
        (("--box", "2,1"), "--box 2,1: the lower end is above the upper one"),
        (("--box", "1"), "LO,HI"),
        (("--box", "5,6", "--eps", "1"), "leave nothing of input 'x'"),
        (("--free", "0"), "say --eps or --box"),
        (("--eps", "1", "--free", "3"), "--free 3: input 'x' has 3 elements"),
        (("--eps", "1", "--free", "a"), "whole numbers"),
        (("--eps", "1", "--free", "z:0"), "unknown input 'z'"),
        (("--index", "2"), "has 2 rows"),
        (("--node", "2.Lineal"), "unknown node '2.Lineal'. Did you mean '2.Linear'?"),
        (("-s", "any"), "every order"),
        (("-s", "sideways"), "--schedule 'sideways'"),
        (("--seconds", "nan"), "a number above 0"),
        (("--export-only",), "--smtlib FILE"),
        (("--core", "c"), "--core is of a file of cores"),
    ],
)
def test_what_cannot_be_asked_is_refused_in_one_line(refused: Any, model: Path, options: Any, reason: str) -> None:
    assert reason in refused("ask", "finite", *around(model, *options))


def test_a_model_needs_a_region(refused: Any, model: Path) -> None:
    assert "--input with --eps, or --box" in refused("ask", "finite", model)
    assert "say --input" in refused("ask", "finite", model, "--eps", "1")
    assert "say --label, or --input" in refused("ask", "argmax", model, "--box", "0,1")
    np.save(model.with_name("bad.npy"), np.array([[0, np.nan, 0]], np.float32))
    assert "at index [0, 1] is nan" in refused("ask", "finite", model, "--input", model.with_name("bad.npy"), "--eps", "1")
    np.save(model.with_name("wide.npy"), np.zeros((2, 4), np.float32))
    assert "has shape (2, 4), expected (1, 3)" in refused("ask", "finite", model, "--input", model.with_name("wide.npy"))


def test_places_that_are_not_there_are_refused(refused: Any, model: Path) -> None:
    for element in ("0,3", "0", "0,0,0"):
        assert "input 'x' has shape (1, 3)" in refused("ask", "monotone", model, "--box", "0,1", "--element", element)
    assert "the inputs are x" in refused("ask", "monotone", model, "--box", "0,1", "--of", "y", "--element", "0,0")
    assert "not with 2" in refused("ask", "argmax", model, "--box", "0,1", "--label", 2)
    assert "a lower end, an upper end, or both" in refused("ask", "bounded", model, "--box", "0,1")


def test_models_that_do_not_fit_each_other_are_refused(refused: Any, model: Path, traced: Any) -> None:
    other = traced(lambda y: y + 1.0, (1, 3))
    assert "its inputs are {'y'" in refused("ask", "agree", model, other, "--box", "0,1")
    wide = traced(lambda x: x + 1.0, (1, 3))
    assert "2 and 3 elements" in refused("ask", "agree", model, wide, "--box", "0,1")
    outputs = traced(lambda x: {"a": x, "b": x + 1.0}, (1,), name="two")
    assert "the question is of one output, and there are a, b" in refused("ask", "finite", outputs, "--box", "0,1")


def test_cores_that_cannot_be_asked_about_are_refused(refused: Any, cores: Path) -> None:
    assert "name it with --core: third, times" in refused("ask", "finite", cores)
    assert "outside of the straight-line subset: while" in refused("ask", "finite", cores, "--core", "loop")
    assert "bounds no x on both sides; say --box" in refused("ask", "finite", cores, "--core", "free")
    told = refused("ask", "finite", cores, "--core", "either")
    assert "on both sides; what could not be read: (or (<= 0 x 1) (<= 2 x 3)); say --box" in told
    assert "the region is empty: FALSE holds nowhere\n" in refused("ask", "finite", cores, "--core", "nowhere")
    tenth = "the region is empty in x: no binary32 number lies between 0.1 and 0.1\n"
    assert tenth in refused("ask", "finite", cores, "--core", "tenth")
    assert "unknown name 'z'; known here: x" in refused("ask", "finite", cores, "--core", "wrong")
    assert "in x: no number is at least 5 and at most 2" in refused("ask", "finite", cores, "--core", "third", "--box", "5,6")
    assert "--eps: only for a model" in refused("ask", "finite", cores, "--core", "third", "--eps", "1")
    assert "unknown core" in refused("ask", "finite", cores, "--core", "thirt")


# -- the command -----------------------------------------------------------------------------------------------------


def test_help_lists_the_questions_and_the_exit_codes(printed: Any) -> None:
    listed = printed("ask", "--help")
    for name in ("finite", "bounded", "argmax", "monotone", "orders", "agree", "absorbed", "rewrite"):
        assert name in listed
        said = " ".join(printed("ask", name, "--help").split())
        assert "Exit code 0: proved; 1: refuted" in said
        assert "--smtlib" in said


def test_the_bar_is_told_of_the_boxes(printed: Any, traced: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from contextlib import contextmanager

    steps: list[str] = []
    monkeypatch.setattr(_answers, "progress_bar", contextmanager(lambda title, total: iter([steps.append])))
    printed("ask", "bounded", traced(lambda x: x * x - x, (1,)), "--box", "1,1.001", "--most", 0.0015)
    assert set(steps) == {"bounded"}


def test_every_question_of_the_library_has_a_command() -> None:
    said = {command.name for command in asking.words.registered_commands}
    assert said == {"finite", "bounded", "argmax", "monotone", "orders", "agree", "absorbed", "rewrite"}
