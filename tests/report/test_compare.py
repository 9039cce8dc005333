"""A comparison says how far apart domains are, which have no reading, and what bound holds."""

from __future__ import annotations

import json

import numpy as np
import pytest

import fpsem
from fpsem.core.errors import PayloadError
from fpsem.graph.op import Sort
from fpsem.graph.trace import Recorder
from fpsem.report.compare import compare

GRAPH = fpsem.trace(lambda x: (x * x).sum(axis=1), (1, 4))
X = np.float32([[0.1, 0.2, 0.3, 0.4]])
EXACT, BITS, MACHINE = fpsem.Real(), fpsem.IEEE32Exec(), fpsem.NumPyFloat32()
TWO = fpsem.trace(lambda a, b: (a + b, a * b), (2,), (2,))


def test_the_first_domain_is_the_reference_and_is_no_distance_from_itself() -> None:
    found = compare(GRAPH, {}, X, [EXACT, BITS])
    assert found.reference is found.readings[0]
    assert [reading.domain for reading in found.readings] == ["real", "ieee32"]
    assert all(row.ulps[0] == 0 for row in found.rows)


def test_distances_are_counted_in_binary32_numbers() -> None:
    found = compare(GRAPH, {}, X, [EXACT, BITS])
    exact = sum(float(v) ** 2 for v in X[0])  # correct far beyond binary32
    computed = found.output_codes(found.readings[1], "output")
    nearest = np.float32([exact]).view(np.uint32)
    assert computed is not None
    assert found.rows[-1].ulps[1] == abs(int(computed[0]) - int(nearest[0]))


def test_every_node_but_leaves_has_a_row_with_its_own_name() -> None:
    found = compare(GRAPH, {}, X, [BITS, MACHINE])
    assert [row.op for row in found.rows] == [node.op for node in GRAPH.nodes if node.op != "input"]
    assert [row.ulps for row in found.rows] == [(0, 0)] * len(found.rows)


def test_infinities_and_nans_are_counted() -> None:
    graph = fpsem.trace(lambda x: x * x, (3,))
    found = compare(graph, {}, np.float32([1e30, np.nan, 2]), [BITS])
    assert found.rows[-1].non_finite == (2,)


def test_a_domain_without_a_reading_says_why_and_the_next_is_the_reference() -> None:
    found = compare(GRAPH, {}, np.float32([[np.nan, 1, 2, 3]]), [EXACT, BITS, MACHINE])
    assert "NaN" in found.readings[0].error
    assert found.reference is found.readings[1]
    assert [row.ulps for row in found.rows] == [(None, 0, 0)] * len(found.rows)


def test_where_no_domain_has_a_reading_the_reasons_are_kept() -> None:
    found = compare(GRAPH, {}, np.float32([[np.nan, 1, 2, 3]]), [EXACT])
    assert found.reference.error
    assert found.output_codes(found.reference, "output") is None
    assert found.to_json()["outputs"] == {"output": {}}


def test_schedules_tell_domains_of_one_name_apart() -> None:
    found = compare(GRAPH, {}, X, [BITS, fpsem.IEEE32Exec(schedule=fpsem.Pairwise())])
    assert [reading.domain for reading in found.readings] == ["ieee32 sequential", "ieee32 pairwise"]


def test_the_bound_holds_and_names_the_schedule_asked_for() -> None:
    found = compare(GRAPH, {}, X, [EXACT, fpsem.IEEE32Exec(schedule=fpsem.Pairwise())])
    assert found.bound is not None
    assert found.bound.schedule == fpsem.Pairwise()
    exact, computed = (reading.floats["output"] for reading in found.readings if reading.floats is not None)
    assert (abs(exact - computed) <= found.bound.absolute).all()


def test_codes_have_the_bound_of_the_numbers_they_are() -> None:
    floats, codes = (compare(GRAPH, {}, x, [BITS]).bound for x in (X, X.view(np.uint32)))
    assert floats is not None
    assert codes is not None
    assert (floats.absolute == codes.absolute).all()


def test_a_missing_bound_says_why() -> None:
    found = compare(TWO, {}, {"a": np.ones(2, np.float32), "b": np.ones(2, np.float32)}, [BITS])
    assert found.bound is None
    assert found.bound_error == "a bound needs one input, not 2"


def test_no_domain_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one domain"):
        compare(GRAPH, {}, X, [])


@pytest.mark.parametrize("x", [X[0], X.astype(np.float64), X.T])
def test_an_input_that_does_not_fit_is_an_error_not_a_reading(x: np.ndarray) -> None:
    with pytest.raises(PayloadError, match="input 'x' has"):
        compare(GRAPH, {}, x, [EXACT, BITS])


def test_each_step_is_told() -> None:
    told: list[str] = []
    compare(GRAPH, {}, X, [EXACT, BITS], told.append)
    assert told == ["reading in real", "reading in ieee32", "bounding"]


def test_json_is_strict_and_spells_what_is_not_finite() -> None:
    graph = fpsem.trace(lambda x: x / x, (2,))
    found = compare(graph, {}, np.float32([0, 1]), [BITS])
    data = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert data["outputs"]["output"]["ieee32"]["values"] == ["nan", 1.0]
    assert data["outputs"]["output"]["ieee32"]["bits"][1] == "0x3f800000"
    assert data["bound"][0] == "inf"


def test_truths_and_integers_have_no_distance() -> None:
    graph = fpsem.trace(lambda x: x.less(x * 2.0).where(x, x * x), (2,))
    found = compare(graph, {}, np.float32([1, -1]), [EXACT, BITS])
    assert [row.ulps for row in found.rows if row.op == "less"] == [(None, None)]
    recorder = Recorder()
    x, labels = recorder.input("x", (2, 3)), recorder.input("labels", (2,), Sort.INTEGER)
    named = {"x": np.float32([[1, 2, 3], [4, 5, 6]]), "labels": np.int64([1, 2])}
    found = compare(recorder.finish({"y": x.cross_entropy(labels)}), {}, named, [EXACT, BITS])
    assert all(reading.codes[1] is None for reading in found.readings)
    assert [row.op for row in found.rows] == ["cross_entropy"]
    assert found.rows[0].ulps[0] == 0
