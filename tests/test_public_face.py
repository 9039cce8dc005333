"""``import fpsem`` gives every public name, and loads what is heavy when it is used."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import fpsem

SOURCE = Path(fpsem.__file__)
HEAVY = {"bitwuzla", "cupy", "flint", "hypothesis", "llvmlite", "numba", "onnx", "rich", "safetensors", "sympy", "typer", "z3"}


def typed_imports() -> dict[str, str]:
    """Name to module, as the TYPE_CHECKING block says."""
    tree = ast.parse(SOURCE.read_text(encoding="utf-8"))
    (block,) = (n for n in tree.body if isinstance(n, ast.If) and ast.unparse(n.test) == "TYPE_CHECKING")
    found: dict[str, str] = {}
    for node in block.body:
        assert isinstance(node, ast.ImportFrom)
        for alias in node.names:
            assert alias.asname == alias.name, "the form `from m import x as x` re-exports x"
            found[alias.name] = str(node.module)
    return found


def test_type_checkers_and_the_interpreter_see_the_same_names() -> None:
    typed, loaded = set(typed_imports()), set(fpsem._HOME)
    assert typed - loaded == set(), "in the TYPE_CHECKING block, but not in _HOME"
    assert loaded - typed == set(), "in _HOME, but not in the TYPE_CHECKING block"


@pytest.mark.parametrize("name", fpsem.__all__)
def test_every_name_resolves_to_what_type_checkers_see(name: str) -> None:
    home = typed_imports()[name]
    value = getattr(fpsem, name)
    seen = sys.modules[f"fpsem.{name}"] if home == "fpsem" else getattr(sys.modules[home], name)
    assert value is seen


def test_the_names_are_sorted_and_listed_by_dir() -> None:
    assert fpsem.__all__ == sorted(fpsem.__all__)
    assert set(fpsem.__all__) <= set(dir(fpsem))


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Rael'"):
        fpsem.Rael  # noqa: B018


def loaded_by(code: str) -> set[str]:
    """The top-level modules that a fresh interpreter has after running some code."""
    told = f"{code}\nimport sys\nprint(*sorted({{name.partition('.')[0] for name in sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines()[-1].split())


def test_importing_fpsem_loads_nothing_heavy_and_not_even_numpy() -> None:
    assert loaded_by("import fpsem") & (HEAVY | {"numpy"}) == set()


def test_schedules_verdicts_and_boxes_load_nothing_heavy() -> None:
    assert loaded_by("import fpsem; fpsem.Sequential, fpsem.Proved, fpsem.Box, fpsem.Graph, fpsem.trace") & HEAVY == set()


@pytest.mark.parametrize("arguments", [["--help"], ["run", "--help"], ["show", "1"]])
def test_help_and_showing_a_number_load_no_engine(arguments: list[str]) -> None:
    imports = "from typer.testing import CliRunner\nfrom fpsem.cli import app"
    code = f"{imports}\nassert not CliRunner().invoke(app, {arguments}).exit_code"
    assert loaded_by(code) & (HEAVY - {"rich", "typer"}) == set()


def test_importing_fpsem_loads_few_modules_of_its_own() -> None:
    code = "import sys\nbefore = set(sys.modules)\nimport fpsem\nprint(*set(sys.modules) - before)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert {name for name in done.stdout.split() if name.startswith("fpsem")} == {"fpsem"}
