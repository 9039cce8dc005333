"""An op is read off its module: arity, attributes, types, defaults."""

from __future__ import annotations

from typing import Any

import pytest

from fpsem.core.errors import GraphError
from fpsem.graph.ops import op_named


@pytest.mark.parametrize(("name", "most"), [("relu", 1), ("linear", 3), ("constant", 0), ("concat", float("inf"))])
def test_the_number_of_inputs_is_that_of_the_positional_parameters(name: str, most: float) -> None:
    assert op_named(name).max_inputs == most


def test_only_inputs_and_parameters_are_leaves() -> None:
    assert [name for name in ("input", "parameter", "constant", "relu") if op_named(name).is_leaf] == [
        "input",
        "parameter",
    ]


def test_defaults_are_filled_in_and_lists_become_tuples() -> None:
    assert op_named("sum").complete(1, {"axis": [0, 1]}) == {"axis": (0, 1), "keepdims": False}


@pytest.mark.parametrize(
    ("name", "attributes", "told"),
    [
        ("sum", {"axis": 1.0}, r"axis must be int \| tuple\[int, \.\.\.\] \| None, not 1\.0"),
        ("sum", {"axis": True}, "axis must be int"),
        ("sum", {"axis": (0, True)}, "axis must be int"),
        ("sum", {"keepdims": 1}, "keepdims must be bool"),
        ("sum", {"axes": 1}, r"no attribute 'axes'; it is sum\(x: "),
        ("reshape", {}, "missing a required"),
        ("constant", {"shape": (1,), "values": (1,)}, "inputs|values must be tuple"),
    ],
)
def test_attributes_that_do_not_fit_are_refused(name: str, attributes: dict[str, Any], told: str) -> None:
    with pytest.raises(GraphError, match=told):
        op_named(name).complete(0 if name == "constant" else 1, attributes)
