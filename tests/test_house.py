"""The house rules that a program can check; ruff, mypy and the import contracts check the rest."""

from __future__ import annotations

import ast
import tomllib
from functools import cache
from pathlib import Path

import pytest

import fpsem
from fpsem.core.formats import FORMATS
from fpsem.graph.ops import names

ROOT = Path(fpsem.__file__).parent
FILES = sorted(path.relative_to(ROOT).as_posix() for path in ROOT.rglob("*.py"))
LONGEST_FILE, LONGEST_FUNCTION = 400, 60

LEAVES = {"input", "integer_input", "parameter"}
"""Ops that the graph itself knows: values that come from outside."""

OPERATORS = {
    "abs", "add", "div", "matmul", "mul", "neg", "reshape", "slice", "sub", "transpose",
}  # fmt: skip
"""Ops that Python has syntax for, named where that syntax is given its meaning."""

OPS_NAMED_IN = {
    "graph/trace.py": LEAVES | OPERATORS | {"pi"},
    "graph/ir.py": LEAVES,
    "graph/denote.py": {"input", "parameter"},
    "graph/scalars.py": {"constant", "input", "literal", "pi", "where"},
    "graph/ops/gelu.py": {"tanh"},
    "graph/ops/_reduce.py": {"matmul", "max", "sum"},
}
"""Strings that name another file's op and may: leaves, Python's syntax, the name of an approximation, an override looked up."""


@cache
def tree_of(file: str) -> ast.Module:
    return ast.parse((ROOT / file).read_text(encoding="utf-8"))


def strings_of(file: str) -> set[str]:
    return {n.value for n in ast.walk(tree_of(file)) if isinstance(n, ast.Constant) and isinstance(n.value, str)}


@pytest.mark.parametrize("file", FILES)
class TestEveryFile:
    def test_begins_with_a_docstring(self, file: str) -> None:
        assert ast.get_docstring(tree_of(file))

    def test_is_not_too_long(self, file: str) -> None:
        assert len((ROOT / file).read_text(encoding="utf-8").splitlines()) <= LONGEST_FILE

    def test_has_no_function_that_is_too_long(self, file: str) -> None:
        functions = [n for n in ast.walk(tree_of(file)) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
        lengths = {n.name: (n.end_lineno or n.lineno) - n.lineno + 1 for n in functions}
        assert {name: n for name, n in lengths.items() if n > LONGEST_FUNCTION} == {}

    def test_imports_no_star(self, file: str) -> None:
        imports = [n for n in ast.walk(tree_of(file)) if isinstance(n, ast.ImportFrom)]
        assert not any(alias.name == "*" for n in imports for alias in n.names)

    def test_types_no_mask_of_a_format_in(self, file: str) -> None:
        typed = {n.value for n in ast.walk(tree_of(file)) if isinstance(n, ast.Constant) and type(n.value) is int}
        assert typed & masks() == set(), "take it from fpsem.core.formats"


@cache
def masks() -> frozenset[int]:
    """The masks and special codes of the wide formats; those of narrow ones look like any other number."""
    wide = [f for f in FORMATS.values() if f.width >= 32]
    kinds = ("sign_mask", "magnitude_mask", "exponent_mask", "fraction_mask", "implicit_bit", "max_finite", "nan")
    return frozenset(getattr(f, kind) for f in wide for kind in kinds)


@pytest.mark.parametrize("file", [file for file in FILES if file.startswith("graph/")])
def test_an_op_is_named_as_a_string_in_its_own_file_only(file: str) -> None:
    own = {Path(file).stem} if file.startswith("graph/ops/") else set()
    named = strings_of(file) & set(names())
    assert named - own - OPS_NAMED_IN.get(file, set()) == set()


@pytest.mark.parametrize("file", OPS_NAMED_IN)
def test_no_leave_to_name_an_op_is_stale(file: str) -> None:
    assert OPS_NAMED_IN[file] - strings_of(file) == set()


def test_the_rooms_of_the_package_are_the_layers_of_the_contract() -> None:
    settings = tomllib.loads((ROOT.parent / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    (layers,) = (c for c in settings["contracts"] if c["type"] == "layers")
    named = {room.strip() for line in layers["layers"] for room in line.replace(":", "|").split("|")}
    there = {path.stem for path in ROOT.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}
    assert named == there - {"__init__", *layers["exhaustive_ignores"]}


def test_the_contract_lists_every_domain() -> None:
    settings = tomllib.loads((ROOT.parent / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    (listed,) = (c["modules"] for c in settings["contracts"] if c["name"] == "No domain imports another")
    files = {path.stem for path in (ROOT / "domains").glob("*.py") if not path.stem.startswith("_")}
    assert set(listed) == {f"fpsem.domains.{name}" for name in files}
