"""The registry: every module of the folder is an op, and every op is described by its own file alone."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest

import fpsem.graph.ops
from fpsem.core.errors import UnknownNameError
from fpsem.graph.op import _TYPES
from fpsem.graph.ops import names, op_named

FOLDER = Path(fpsem.graph.ops.__file__).parent


def test_the_ops_are_the_files_of_the_folder() -> None:
    assert names() == tuple(sorted(path.stem for path in FOLDER.glob("*.py") if not path.stem.startswith("_")))


def test_an_unknown_op_is_answered_with_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match=r"unknown op 'sofmax'\. Did you mean 'softmax'"):
        op_named("sofmax")


@pytest.mark.parametrize("name", names())
class TestEveryOp:
    def test_has_a_one_line_summary(self, name: str) -> None:
        summary = op_named(name).summary
        assert summary.endswith((".", ";", ":"))
        assert len(summary) > 5

    def test_names_its_source_unless_it_is_a_leaf(self, name: str) -> None:
        op = op_named(name)
        assert op.is_leaf or "\nSource: " in (op.module.__doc__ or "")

    def test_declares_its_attributes_with_types_that_files_can_hold(self, name: str) -> None:
        for parameter in inspect.signature(op_named(name).module.shape).parameters.values():
            if parameter.kind is parameter.KEYWORD_ONLY:
                for part in parameter.annotation.split(" | "):
                    assert part.removeprefix("tuple[").removesuffix(", ...]") in _TYPES

    def test_gives_its_meaning_the_same_inputs_and_attributes(self, name: str) -> None:
        op = op_named(name)
        if op.is_leaf:
            return
        shape, meaning = (list(inspect.signature(f).parameters) for f in (op.module.shape, op.module.meaning))
        assert meaning[0] == "domain"
        assert len(meaning) == len(shape) + 1
        assert tuple(meaning[len(meaning) - len(op.attributes) :]) == op.attributes

    def test_does_not_name_itself_in_its_code(self, name: str) -> None:
        code = [
            line for line in (FOLDER / f"{name}.py").read_text().splitlines() if not line.startswith(("def", "from"))
        ]
        assert f'"{name}"' not in "\n".join(code)
