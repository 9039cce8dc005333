"""A trip that changes outputs is told with how far they lie apart; a transposed weight is named only when that explains all."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fpsem import nn
from fpsem.core.errors import PayloadError
from fpsem.domains.ieee32 import IEEE32Exec
from fpsem.graph.trace import trace
from fpsem.interop.families import mlp
from fpsem.interop.round_trip import check_round_trip

FAMILY = mlp((4, 4, 4, 3))
PARAMS = FAMILY.model.init(seed=5)
X = np.sin(np.arange(20)).astype(np.float32).reshape(5, 4)


def turned(*names: str) -> dict[str, Any]:
    return {name: array.T if name in names else array for name, array in PARAMS.items()}


@pytest.mark.parametrize("domain", [None, IEEE32Exec()])
def test_what_came_back_as_it_left_agrees(domain: Any) -> None:
    found = check_round_trip(FAMILY.model, PARAMS, {name: array.copy() for name, array in PARAMS.items()}, X, domain)
    assert found.agrees
    assert (found.outputs, found.parameters, found.transposed) == ((), (), ())
    assert str(found).startswith("outputs agree bit for bit on x (5, 4) in ")


@pytest.mark.parametrize("name", ["0.weight", "2.weight"])
@pytest.mark.parametrize("probes", [X, {"x": X}])
def test_a_transposed_square_weight_is_caught_and_named(name: str, probes: Any) -> None:
    found = check_round_trip(FAMILY.model, PARAMS, turned(name), probes)
    assert not found.agrees
    assert found.transposed == (name,)
    assert f"weight '{name}' looks transposed: outputs agree again when it is transposed back" in str(found)


def test_several_transposed_weights_are_caught_together() -> None:
    found = check_round_trip(FAMILY.graph(5), PARAMS, turned("0.weight", "2.weight"), X)
    assert found.transposed == ("0.weight", "2.weight")
    assert "'0.weight', '2.weight' look transposed: outputs agree again when they are transposed back" in str(found)


def test_a_convolution_with_its_channels_exchanged_is_caught() -> None:
    model = nn.Conv2d(2, 2, 2)
    params = model.init(seed=1)
    after = {**params, "weight": params["weight"].swapaxes(0, 1)}
    found = check_round_trip(model, params, after, np.sin(np.arange(18)).astype(np.float32).reshape(1, 2, 3, 3))
    assert found.transposed == ("weight",)


def test_nothing_is_claimed_when_turning_back_does_not_explain_it() -> None:
    nudged = {**turned("2.weight"), "4.bias": np.nextafter(PARAMS["4.bias"], np.float32(9))}
    found = check_round_trip(FAMILY.model, PARAMS, nudged, X)
    assert not found.agrees
    assert found.transposed == ()
    assert "transposed" not in str(found)
    assert "parameter '2.weight' differs in" in str(found)


def test_an_output_that_differs_is_told_with_its_distance_in_ulps() -> None:
    graph = trace(lambda x: {"same": x, "moved": x + x.constant_like(0)}, (3,))
    assert check_round_trip(graph, {}, {}, np.ones(3, np.float32)).agrees
    bias = np.float32([1, 2, 4])
    moved = bias.copy()
    moved[1] = np.nextafter(np.nextafter(bias[1], np.float32(9)), np.float32(9))
    model = nn.Linear(1, 3)
    params = {"weight": np.zeros((3, 1), np.float32), "bias": bias}
    (output,) = check_round_trip(model, params, params | {"bias": moved}, np.ones((1, 1), np.float32)).outputs
    assert (output.elements, output.differing, output.most_ulps) == (3, 1, 2)
    assert str(output) == "'output' differs in 1 of 3 elements, by 2 ulps at most"


def test_a_nan_that_came_about_is_told() -> None:
    broken = {**PARAMS, "4.bias": np.full(3, np.nan, np.float32)}
    assert "one is NaN, the other is not" in str(check_round_trip(FAMILY.model, PARAMS, broken, X))


def test_a_change_that_the_probes_do_not_see_is_told() -> None:
    flipped = {**PARAMS, "0.bias": PARAMS["0.bias"] + np.float32([0, 0, 0, 1])}
    dead = {**PARAMS, "2.weight": np.zeros((4, 4), np.float32)}
    found = check_round_trip(FAMILY.model, dead, flipped | {"2.weight": dead["2.weight"]}, X)
    assert found.agrees
    assert [parameter.name for parameter in found.parameters] == ["0.bias"]
    assert "parameter '0.bias' differs in 1 of 4 elements" in str(found)


def test_what_does_not_fit_is_refused_by_name() -> None:
    with pytest.raises(PayloadError, match=r"missing: 4\.bias"):
        check_round_trip(FAMILY.model, PARAMS, {n: a for n, a in PARAMS.items() if n != "4.bias"}, X)
    with pytest.raises(PayloadError, match=r"'4\.bias' has dtype float64"):
        check_round_trip(FAMILY.model, PARAMS, {**PARAMS, "4.bias": np.zeros(3)}, X)
    with pytest.raises(PayloadError, match="a model has one input, not 2: x, y"):
        check_round_trip(FAMILY.model, PARAMS, PARAMS, {"x": X, "y": X})
