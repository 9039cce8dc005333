"""FPCore files as graphs: FPBench's cores against what other tools say of them; meanings, preconditions, and hostile texts."""

from __future__ import annotations

import csv
import json
import re
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import fpsem
from fpsem.core.errors import FileFormatError, UnknownNameError
from fpsem.core.region import is_strict
from fpsem.interop.fpcore import Core, NotRead, chosen, load_fpcore, read_fpcore

FOLDER = Path(__file__).parents[2] / "benchmarks" / "fpbench"
FILES = sorted(FOLDER.glob("*.fpcore"))
ANCHORS = list(csv.DictReader((FOLDER / "anchors_binary32.csv").read_text(encoding="utf-8").splitlines()))
REAL, EXACT = fpsem.Real(), fpsem.IEEE32Exec()


def the_core(text: str) -> Core:
    (core,) = read_fpcore(text, "here")
    assert isinstance(core, Core), core
    return core


def of(expression: str, arguments: str = "x y z", pre: str = "TRUE") -> Core:
    return the_core(f"(FPCore ({arguments}) :pre {pre} {expression})")


def value(graph: fpsem.Graph, *numbers: float) -> Fraction:
    """The value over the reals, or the point nearest to the middle of what encloses it."""
    inputs = dict(zip(graph.inputs, map(np.float32, numbers)))
    low, high = REAL.enclosure(fpsem.run(graph, {}, inputs, REAL))
    return Fraction((low.item() + high.item()) / 2)


# -- FPBench -----------------------------------------------------------------------------------------------------------


def test_every_core_is_read_or_told_why_not() -> None:
    cores = [core for file in FILES for core in load_fpcore(file)]
    read = [core for core in cores if isinstance(core, Core)]
    boxed = [core for core in read if all(None not in ends for ends in core.box.values())]
    assert (len(FILES), len(cores), len(read), len(boxed)) == (12, 136, 105, 76)
    reasons = {core.reason for core in cores if isinstance(core, NotRead)}
    assert reasons == {
        "while", "while*", "if", "pow", "acos", "binary64 inside: executions of one format only",
        "the argument (! :precision integer n)",
    }  # fmt: skip


@pytest.mark.parametrize("row", ANCHORS, ids=lambda row: row["name"])
def test_a_core_has_the_arguments_box_operations_and_constraints_that_other_tools_read(row: dict[str, str]) -> None:
    core = next(core for core in load_fpcore(FOLDER / row["file"]) if core.name == row["name"])
    assert isinstance(core, Core)
    box = {name: tuple(map(Fraction, ends)) for name, ends in json.loads(row["box"]).items()}
    assert dict(core.box) == box
    assert len(core.arguments) == int(row["nvars"]) == len(core.graph.inputs)
    assert len(core.constraints.outputs if core.constraints else ()) == int(row["extra_constraints_dropped"])
    named = {"*": "mul", "+": "add", "-": "sub", "/": "div"}
    used = {node.op for node in core.graph.nodes} - {"input", "literal"}
    assert used == {named.get(op, op) for op in row["ops_used"].split()}
    assert len([node for node in core.graph.nodes if node.op in used - {"neg"}]) <= int(row["ops"])


def test_verhulst_has_the_error_that_an_exhaustive_search_found() -> None:
    (core,) = (core for core in load_fpcore(FOLDER / "rosa.fpcore") if core.name == "verhulst")
    assert isinstance(core, Core)
    assert core.box == {"x": (Fraction(1, 10), Fraction(3, 10))}
    assert (core.precision, core.constraints, core.dropped) == ("binary64", None, ())
    x = np.float32(float.fromhex("0x1.32a8b4p-2"))
    (seen,), _ = (end.reshape(1) for end in EXACT.enclosure(fpsem.run(core.graph, {}, x, EXACT)))
    assert float(abs(seen - value(core.graph, x))) == pytest.approx(8.712568711e-08, rel=1e-3)


# -- expressions -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("(+ x y z)", 12), ("(* x y z)", 60), ("(- x)", -3), ("(- x y)", -1), ("(/ x y)", Fraction(3, 4)), ("(+ x)", 3),
        ("(- (- 1/2) 0x1p-1)", -1), ("(* -1.5e1 x)", -45), ("(fma x y z)", 17), ("(fmin x y)", 3), ("(fmax x y)", 4),
        ("(fabs (- x z))", 2), ("(sqrt y)", 2), ("(pow z 2)", 25), ("(cast x)", 3), ("(! :name \"n\" x)", 3),
        ("(let ([x y] [y x]) (- x y))", 1), ("(let* ([x y] [y x]) (- x y))", 0), ("(let ([t (* x y)] [t* 2]) (- t t*))", 10),
        ("(let* ([a x] [a (* a a)]) a)", 9), ("x", 3), ("1/3", Fraction(1, 3)), ("(let ([PI 3]) PI)", 3),
    ],
)  # fmt: skip
def test_an_expression_means_what_it_says(expression: str, expected: Any) -> None:
    assert value(of(expression).graph, 3, 4, 5) == expected


@pytest.mark.parametrize("name", ["exp", "expm1", "log", "log1p", "sin", "cos", "tan", "atan", "tanh", "erf"])
def test_a_function_is_the_op_of_its_name(name: str) -> None:
    graph = of(f"({name} (/ x y))").graph
    assert [node.op for node in graph.nodes] == ["input", "input", "input", "div", name]


def test_a_number_is_exact_over_the_reals_and_rounded_in_binary32() -> None:
    graph = of("(+ x 0.1)", "x").graph
    assert value(graph, 0) == Fraction(1, 10)
    assert fpsem.run(graph, {}, np.float32(0), EXACT) == np.float32(0.1).view(np.uint32)


def test_pi_is_pi_over_the_reals() -> None:
    assert abs(value(of("PI").graph, 0, 0, 0) - Fraction("3.14159265358979323846")) < Fraction(1, 10**20)


def test_what_is_written_twice_is_one_node_and_nothing_is_folded() -> None:
    graph = of("(let ([a (* x 0.5)] [b (* x 1/2)]) (+ (* a b) (* (+ 1 2) y)))").graph
    computed = ["literal", "mul", "mul", "literal", "literal", "add", "mul", "add"]
    assert [node.op for node in graph.nodes] == ["input", "input", "input", *computed]


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("(if (< x y) x y)", "if"), ("(while (< x y) ([x 0 x]) x)", "while"), ("(pow x 3)", "pow"), ("(pow x y)", "pow"),
        ("(hypot x y)", "hypot"), ("(* E x)", "the constant E"), ("(+ x NAN)", "the constant NAN"),
        ("(! :precision binary64 (+ x y))", "binary64 inside: executions of one format only"),
        ("(+ 1 (! :round toPositive x))", "rounding toPositive inside"), ("(< x y)", "<"),
    ],
)  # fmt: skip
def test_what_is_outside_of_the_subset_is_told(expression: str, reason: str) -> None:
    assert read_fpcore(f"(FPCore (x y) {expression})", "here") == (NotRead("core 1", reason),)


def test_names_and_properties_of_cores() -> None:
    text = """; a comment (with a parenthesis
    (FPCore f [x'] :cite (a b) :precision binary32 x') (FPCore (t*) :name "a; \\"b\\"" t*)
    (FPCore () :round toZero 1) (FPCore ((! :precision integer n)) n) (FPCore ((A 3)) A) (FPCore () 1)"""
    first, second, third, fourth, fifth, sixth = read_fpcore(text, "here")
    assert isinstance(first, Core)
    assert isinstance(sixth, Core)
    assert (first.name, first.arguments, first.precision, sixth.name, sixth.box) == ("f", ("x'",), "binary32", "core 6", {})
    assert (second.name, third) == ('a; "b"', NotRead("core 3", "rounding toZero"))
    assert (fourth, fifth) == (
        NotRead("core 4", "the argument (! :precision integer n)"), NotRead("core 5", "the argument (A 3)")
    )  # fmt: skip


# -- preconditions -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pre", "ends"),
    [
        ("TRUE", (None, None)), ("(<= 1 x 2)", (1, 2)), ("(< 1 x (* 2 3/2))", (1, 3)), ("(> 5 x)", (None, 5)),
        ("(>= 4 x -1)", (-1, 4)), ("(== x 1/3)", (Fraction(1, 3),) * 2), ("(<= -2 (- x) 1)", (-1, 2)),
        ("(and (<= 0 x) (<= x 9) (< 1 x) (<= x 12))", (1, 9)), ("(let* ([a 2] [b (/ a -4)]) (<= b x a))", (Fraction(-1, 2), 2)),
        ("(let ([y x]) (<= y 7))", (None, 7)), ("(and (<= 0 1) (<= x 0.1))", (None, Fraction(1, 10))), ("(<= x)", (None, None)),
    ],
)  # fmt: skip
def test_bounds_of_an_argument_are_its_box(pre: str, ends: Any) -> None:
    core = of("x", "x y", pre)
    assert core.box == {"x": ends, "y": (None, None)}
    assert (core.constraints, core.dropped) == (None, ())


@pytest.mark.parametrize(
    ("pre", "differences"),
    [
        ("(<= (+ x y) 2)", [2 - 7]), ("(< x y)", [4 - 3]), ("(> (* x y) 3 x)", [12 - 3]), ("(== x y)", [1, -1]),
        ("(<= x (- y))", [-4 - 3]), ("(and (< 0 x) (let ([t (- x y)]) (>= t 1 t)))", [-1 - 1, 1 + 1]),
    ],
)  # fmt: skip
def test_other_inequalities_are_differences_that_are_not_negative(pre: str, differences: list[int]) -> None:
    core = of("(+ x y)", "x y", pre)
    assert core.constraints is not None
    assert list(core.constraints.inputs) == ["x", "y"]
    found = fpsem.run(core.constraints, {}, {"x": np.float32(3), "y": np.float32(4)}, REAL)
    found = list(found.values()) if isinstance(found, dict) else [found]
    assert [REAL.to_float(difference) for difference in found] == differences
    assert core.dropped == ()


def test_a_bound_that_is_no_fraction_is_a_constraint() -> None:
    core = of("x", "x", "(<= 0 x (* 2 PI))")
    assert core.box == {"x": (0, None)}
    assert core.constraints is not None
    assert REAL.to_float(fpsem.run(core.constraints, {}, np.float32(0), REAL)) == pytest.approx(2 * np.pi)


@pytest.mark.parametrize("part", ["(or (< x 0) (> x 1))", "(not (< x 0))", "(!= x 0)", "(< 0 (acos x))"])
def test_what_is_no_conjunction_of_inequalities_is_dropped_and_told(part: str) -> None:
    core = of("x", "x", f"(and (<= 0 x) {part} (<= x 1))")
    assert (core.box, core.constraints, core.dropped) == ({"x": (0, 1)}, None, (part,))


@pytest.mark.parametrize(
    ("pre", "strict"),
    [
        ("(<= 1 x 2)", (False, False)), ("(< 1 x 2)", (True, True)), ("(> 2 x)", (False, True)), ("(< -2 (- x))", (False, True)),
        ("(and (< 1 x) (<= 1 x))", (True, False)), ("(and (< 1 x) (<= 2 x))", (False, False)), ("(== x 1)", (False, False)),
        ("(and (<= x 2) (< x 2))", (False, True)), ("(and (<= x 1) (< x 2))", (False, False)), ("TRUE", (False, False)),
    ],
)  # fmt: skip
def test_of_each_end_of_the_box_it_is_known_whether_it_is_left_out(pre: str, strict: tuple[bool, bool]) -> None:
    assert of("x", "x", pre).strict == {"x": strict}


def test_constraints_that_are_strict_say_so_by_their_names() -> None:
    core = of("x", "x y", "(and (< x y) (<= x (* 2 y)) (> 1 (+ x y) 0) (== x (* 3 y)))")
    assert core.constraints is not None
    assert [is_strict(name) for name in core.constraints.outputs] == [True, False, True, True, False, False]


@pytest.mark.parametrize("part", ["FALSE", "(<= 1 0)", "(< 1 1)", "(> 0 1 x)"])
def test_a_conjunct_that_holds_nowhere_is_told(part: str) -> None:
    core = of("x", "x", f"(and (<= 0 x 1) {part})")
    assert (core.nowhere, core.constraints, core.dropped) == (part, None, ())
    assert of("x", "x", "(and (<= 0 x 1) (<= 1 1) (< 0 1))").nowhere == ""


def test_that_an_argument_is_free_is_told_with_what_could_not_be_read() -> None:
    said = of("x", "x y", "(or (<= 0 x 1) (<= 2 x 3))").unbounded
    assert said == "the precondition bounds no x, y on both sides; what could not be read: (or (<= 0 x 1) (<= 2 x 3))"


# -- several cores -----------------------------------------------------------------------------------------------------


def test_a_core_is_chosen_by_its_symbol_and_by_its_name() -> None:
    cores = read_fpcore('(FPCore good (x) :name "ok one" x) (FPCore bad (x) (if x x x)) (FPCore (x) :name "bad" x)', "here")
    assert [core.symbol for core in cores] == ["good", "bad", ""]
    assert chosen(cores, "good", "here") == chosen(cores, "ok one", "here") == cores[:1]
    assert chosen(cores, "bad", "here") == cores[1:]
    assert chosen(cores, None, "here") == cores
    for unknown in ("god", ""):
        with pytest.raises(UnknownNameError, match=r"unknown core of here .*Known: bad, good, ok one"):
            chosen(cores, unknown, "here")


# -- hostile texts -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("(FPCore (x)\n  (+ x 1)", r"here:1:1: '\(' is never closed"), ("(FPCore (x) x))", r"here:1:15: '\)' closes nothing"),
        ("(FPCore (x) (+ x 1])", "here:1:19: ']' closes nothing"),
        ('(FPCore (x) :name "a', "here:1:19: a string that does not end"),
        ("hello", r"here:1:1: expected \(FPCore"), ("(lambda (x) x)", r"expected \(FPCore"), ("()", r"expected \(FPCore"),
        ("(FPCore (x) " + "(- " * 150 + "x" + ")" * 150 + ")", "here:1:460: lists nest more than 150 deep"),
        ("(" * 100_000, "nest more than 150 deep"), (")" * 100_000, "closes nothing"),
    ],
)  # fmt: skip
def test_what_is_no_fpcore_is_refused_with_its_place(text: str, told: str) -> None:
    with pytest.raises(FileFormatError, match=told):
        read_fpcore(text, "here")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("(FPCore)", "expected the list of arguments"), ("(FPCore f x)", "expected the list of arguments"),
        ("(FPCore (x))", "expected one expression after the properties, not 0"), ("(FPCore (x) x x)", "not 2"),
        ("(FPCore (x) :name)", "the property :name has no value"),
        ("(FPCore (x\nx) x)", "here:2:1: the argument x is given twice"),
        ("(FPCore (1) 1)", "1 is no name of an argument"),
        ("(FPCore (x)\n (+ x yy))", "here:2:7: unknown name 'yy'; known here: x"),
        ("(FPCore (x) :pre (< 0 y) x)", "unknown name 'y'"), ('(FPCore (x) "x")', "unknown name '\"x\"'"),
        ("(FPCore () 1e99999999999)", "here:1:12: .*an exponent must be within 10000"), ("(FPCore () 0x1p-99999)", "exponent"),
        ("(FPCore () 1/0)", "is no number"), ("(FPCore () 12abc)", "is no number"), ("(FPCore () (1 2))", r"1:12: expected \(op"),
        ("(FPCore () ((+) 2))", r"expected \(operation"), ("(FPCore () ())", r"expected \(operation"),
        ("(FPCore (x) (sqrt x x))", "sqrt takes 1 operands, not 2"), ("(FPCore (x) (- x x x))", "- takes 1 or 2 operands, not 3"),
        ("(FPCore (x) (+))", r"\+ takes at least 1 operands, not 0"), ("(FPCore (x) (pow x))", "pow takes 2 operands"),
        ("(FPCore (x) (cast))", "cast takes one expression, not 0"), ("(FPCore (x) (! :precision))", "has no value"),
        ("(FPCore (x) (let x))", r"expected \(let"), ("(FPCore (x) (let ([y]) x))", r"expected \[name value\]"),
        ("(FPCore (x) (let ([2 x]) x))", r"expected \[name value\]"), ("(FPCore (x) (let ([y 1] [y 2]) y))", "y is bound twice"),
        ("(FPCore (x) :pre (< -INFINITY x) x)", "here:1:21: unknown name '-INFINITY'; known here: x"),
    ],
)  # fmt: skip
def test_a_core_that_is_wrong_costs_itself_alone_and_is_told_with_its_place(text: str, told: str) -> None:
    wrong, right = read_fpcore(f"{text} (FPCore good (x) x)", "here")
    assert isinstance(wrong, NotRead)
    assert wrong.wrong
    assert re.search(told, wrong.reason)
    assert isinstance(right, Core)


def test_a_wrong_core_keeps_its_name() -> None:
    cores = read_fpcore('(FPCore f (x) :name "a" y) (FPCore g (x) y) (FPCore f) (FPCore h (x) :name)', "here")
    assert [(core.name, core.symbol) for core in cores] == [("a", "f"), ("g", "g"), ("f", "f"), ("h", "h")]


def test_the_deepest_expression_is_read() -> None:
    core = of("(- " * 149 + "x" + ")" * 149, "x")
    assert value(core.graph, 3) == -3


def test_numbers_that_grow_are_not_followed() -> None:
    squares = "".join(f"[a{i + 1} (* a{i} a{i})]" for i in range(200))
    core = of("x", "x", f"(let* ([a0 3] {squares}) (<= x a200))")
    assert core.box == {"x": (None, None)}
    assert core.constraints is not None


def test_a_file_is_read_within_bounds(tmp_path: Path) -> None:
    path = tmp_path / "core.fpcore"
    path.write_bytes(b"(FPCore (x) \xff)")
    with pytest.raises(FileFormatError, match=r"core\.fpcore: not a text"):
        load_fpcore(path)
    path.write_bytes(b";" * ((1 << 22) + 1))
    with pytest.raises(FileFormatError, match="longer than"):
        load_fpcore(str(path))
    with pytest.raises(FileNotFoundError):
        load_fpcore(tmp_path / "none.fpcore")


WORDS = ["(", ")", "[", "]", "FPCore", "x", "1", "+", "let", "let*", ":pre", "<=", "-", "!", '"', ";", "\n"]


@given(st.lists(st.sampled_from(WORDS)))
def test_any_text_is_read_or_refused(words: list[str]) -> None:
    for text in (" ".join(words), f"(FPCore (x) {' '.join(words)})"):
        with suppress(FileFormatError):
            assert all(isinstance(core, Core | NotRead) for core in read_fpcore(text, "here"))
