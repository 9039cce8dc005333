"""Ready questions: what each one means at its edges, and what they refuse."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fpsem.core.errors import PayloadError, PropertyError, UnknownNameError
from fpsem.core.region import Box
from fpsem.core.verdict import Proved, Refuted, Verdict
from fpsem.domains.ieee32 import IEEE32Exec
from fpsem.graph.denote import run
from fpsem.graph.ir import Graph
from fpsem.graph.op import Sort
from fpsem.graph.trace import Recorder, trace
from fpsem.smt.query import Effort
from fpsem.smt.questions import absorbed, agree, argmax_stable, bounded, finite, monotone, same_in_orders
from fpsem.smt.regions import Ball, Such, Union

SQUARE = trace(lambda x: x * x, (2,))
LAYER = trace(lambda x: (x * x).sum(), (3,))
NO_BOUNDS = Effort(bounds=False)


def box(lo: Any, hi: Any) -> Box:
    return Box(np.array(lo, np.float32), np.array(hi, np.float32))


REGION = box([1, 2], [2, 3])


def executed(graph: Graph, x: Any) -> Any:
    return run(graph, {}, x, IEEE32Exec()).view(np.float32).reshape(-1)


def two_outputs() -> Graph:
    recorder = Recorder()
    x = recorder.input("x", (2,))
    return recorder.finish({"a": x * x, "b": x + x})


def test_finite_is_of_the_output_or_of_a_node() -> None:
    hidden = trace(lambda x: 1.0 / ((x * x) * (x * x) + 1.0), (1,))
    region = box([0], [1e19])
    assert isinstance(finite(hidden, {}, region), Proved)
    refuted = finite(hidden, {}, region, node="%3")
    assert isinstance(refuted, Refuted)
    with pytest.raises(UnknownNameError, match="node 'conv1'"):
        finite(hidden, {}, region, node="conv1")


def test_bounds_include_their_ends_and_may_be_one_sided() -> None:
    assert isinstance(bounded(SQUARE, {}, REGION, 1, 9), Proved)
    assert isinstance(bounded(SQUARE, {}, REGION, None, 8.999999), Refuted)
    assert isinstance(bounded(SQUARE, {}, REGION, 1, None), Proved)
    with pytest.raises(PayloadError, match="a bound has a lower end, an upper end, or both"):
        bounded(SQUARE, {}, REGION, None, None)
    with pytest.raises(PropertyError, match="a finite number, not with inf"):
        bounded(SQUARE, {}, REGION, 0, float("inf"))


def test_a_nan_is_within_no_bounds() -> None:
    refuted = bounded(trace(lambda x: x.sqrt(), (1,)), {}, box([-1], [1]), -9, 9)
    assert isinstance(refuted, Refuted)
    assert refuted.witness["x"][0] < 0


def test_a_label_is_stable_or_another_wins_at_the_witness() -> None:
    assert isinstance(argmax_stable(SQUARE, {}, REGION, center=np.float32([1, 3])), Refuted)
    assert isinstance(argmax_stable(SQUARE, {}, box([1, 2.5], [2, 3]), center=np.float32([1, 3])), Proved)
    refuted = argmax_stable(SQUARE, {}, box([1, 1.5], [2, 3]), 1)
    assert isinstance(refuted, Refuted)
    assert int(np.argmax(executed(SQUARE, refuted.witness["x"]))) == 0
    with pytest.raises(PayloadError, match="give a label, or the centre"):
        argmax_stable(SQUARE, {}, REGION)
    with pytest.raises(PropertyError, match="a place of 2, not with 2"):
        argmax_stable(SQUARE, {}, REGION, 2)


def grows(verdict: Verdict) -> tuple[float, float]:
    assert isinstance(verdict, Refuted)
    return float(verdict.witness["x"][0]), float(verdict.witness["x moved"])


@pytest.mark.parametrize("effort", [Effort(), NO_BOUNDS])
def test_a_witness_of_what_falls_is_the_input_and_the_moved_element(effort: Effort) -> None:
    bent = trace(lambda x: x * x - x, (1,))
    less, more = grows(monotone(bent, {}, box([0], [1]), "x", (0,), effort=effort))
    assert less <= more
    assert executed(bent, np.float32([less])) > executed(bent, np.float32([more]))
    less, more = grows(monotone(bent, {}, box([0], [1]), "x", (0,), increasing=False, effort=effort))
    assert less <= more
    assert executed(bent, np.float32([less])) < executed(bent, np.float32([more]))
    halves = trace(lambda x: x * 0.5, (1,))
    assert isinstance(monotone(halves, {}, box([-1], [1]), "x", (0,), effort=effort), Proved)
    assert isinstance(monotone(halves, {}, box([-1], [1]), "x", (0,), increasing=False, effort=effort), Refuted)


def test_zeros_are_one_number_so_that_a_reciprocal_moves_between_them() -> None:
    inverse = trace(lambda x: 1.0 / x, (1,))
    for increasing in (True, False):
        refuted = monotone(inverse, {}, box([-0.0], [0.0]), "x", (0,), increasing=increasing)
        assert isinstance(refuted, Refuted)
    assert isinstance(monotone(inverse, {}, box([0.0], [0.0]), "x", (0,)), Proved)


@pytest.mark.parametrize("effort", [Effort(), NO_BOUNDS])
def test_an_input_that_is_called_as_the_moved_one_keeps_its_own_region(effort: Effort) -> None:
    recorder = Recorder()
    x, other = recorder.input("x", ()), recorder.input("x moved", ())
    graph = recorder.finish({"y": x * other})
    region = {"x": box(1, 2), "x moved": box(-1, 3)}
    refuted = monotone(graph, {}, region, "x", effort=effort)
    assert isinstance(refuted, Refuted)
    assert set(refuted.witness) == {"x", "x moved", "x moved'"}
    assert refuted.witness["x moved"] < 0
    region["x moved"] = box(4, 4)
    assert isinstance(monotone(graph, {}, region, "x", effort=effort), Proved)


def test_an_element_inside_a_tensor_is_moved_alone() -> None:
    graph = trace(lambda x: x[0:1, 0:1] - x[1:2, 0:1] * x[1:2, 0:1], (2, 2))
    region = box([[1, 1], [1, 1]], [[2, 2], [2, 2]])
    for element, verdict in (((0, 0), Proved), ((1, 0), Refuted), ((0, 1), Proved)):
        assert isinstance(monotone(graph, {}, region, "x", element), verdict)


@pytest.mark.parametrize("effort", [Effort(), NO_BOUNDS])
@pytest.mark.parametrize(
    ("region", "input", "element", "error", "message"),
    [
        (REGION, "z", (0,), UnknownNameError, "input 'z'"),
        (REGION, "x", (2,), PayloadError, r"input 'x' has shape \(2,\), it has no element \(2,\)"),
        (REGION, "x", (-1,), PayloadError, "has no element"),
        (REGION, "x", (), PayloadError, "has no element"),
        (box([0], [1]), "x", (0,), PayloadError, r"the region has shape \(1,\), expected \(2,\)"),
        ({"y": REGION}, "x", (0,), PayloadError, "the region is of the inputs y; the graph's are x"),
        (Union((REGION, REGION)), "x", (0,), PayloadError, "this is asked of one box"),
        (Such(REGION, lambda x: x[0] <= x[1]), "x", (0,), PayloadError, "this is asked of one box"),
        ({"x": 3}, "x", (0,), PayloadError, "input 'x': a region is a Box or a Ball, not int"),
    ],
)
def test_monotone_names_what_does_not_fit(
    effort: Effort, region: Any, input: str, element: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        monotone(SQUARE, {}, region, input, element, effort=effort)


def test_monotone_may_be_asked_of_a_ball_and_of_sums_that_have_no_directions() -> None:
    assert isinstance(monotone(SQUARE, {}, Ball(np.float32([2, 2]), 1), "x", (0,)), Proved)
    verdict = monotone(LAYER, {}, box([1, 1, 1], [2, 2, 2]), "x", (0,), "exact")
    assert "hold no sums in exact" in str(verdict)


def test_orders_differ_by_an_ulp_and_not_by_two() -> None:
    region = box([1, 0, 0], [1.0000002, 2**-24, 2**-24])
    total = trace(lambda x: x.sum(), (3,))
    refuted = same_in_orders(total, {}, region, "sequential", "reverse")
    assert isinstance(refuted, Refuted)
    assert isinstance(same_in_orders(total, {}, region, "sequential", "reverse", 2, effort=Effort(boxes=2_000)), Proved)
    assert isinstance(same_in_orders(total, {}, region, "sequential", "sequential"), Proved)


def test_graphs_agree_where_a_rewrite_changes_no_number() -> None:
    quarter, other = trace(lambda x: x / 4.0, (2,)), trace(lambda x: x * 0.25, (2,))
    region = box([-9, 0], [9, 1])
    assert isinstance(agree(quarter, {}, other, {}, region), Proved)
    third = trace(lambda x: x * float(np.float32(1 / 3)), (2,))
    assert isinstance(agree(trace(lambda x: x / 3.0, (2,)), {}, third, {}, region), Refuted)
    nan = trace(lambda x: (x - x) / (x - x), (2,))
    assert isinstance(agree(nan, {}, nan, {}, region), Proved)
    with pytest.raises(PayloadError, match="outputs have 2 and 1 elements"):
        agree(SQUARE, {}, trace(lambda x: x.sum(), (2,)), {}, region)


@pytest.mark.parametrize("ulps", [-1, 0.5, True])
def test_ulps_that_are_no_whole_number_are_refused(ulps: Any) -> None:
    with pytest.raises(PropertyError, match="ulps are a whole number of at least 0"):
        agree(SQUARE, {}, SQUARE, {}, REGION, ulps=ulps)


def test_updates_below_half_an_ulp_are_absorbed_and_others_not() -> None:
    assert isinstance(absorbed(box([1], [2]), box([-1e-5], [1e-5]), 1e-3), Proved)
    refuted = absorbed(box([1], [2]), box([-1e-3], [1e-3]), 1e-3)
    assert isinstance(refuted, Refuted)
    w, g = refuted.witness["w"], refuted.witness["g"]
    assert w + g * np.float32(1e-3) != w
    for rate in (float("inf"), float("nan"), 1e300):
        with pytest.raises(PayloadError, match="a rate is a finite binary32 number, not"):
            absorbed(REGION, REGION, rate)
    with pytest.raises(PayloadError, match=r"the box of the gradients has shape \(1,\), expected \(2,\)"):
        absorbed(REGION, box([1], [2]), 0.1)


@pytest.mark.parametrize(
    "ask",
    [
        lambda g: finite(g, {}, REGION),
        lambda g: bounded(g, {}, REGION, 0, 1),
        lambda g: argmax_stable(g, {}, REGION, 0),
        lambda g: argmax_stable(g, {}, REGION, center=np.float32([1, 2])),
        lambda g: monotone(g, {}, REGION, "x", (0,)),
        lambda g: monotone(g, {}, REGION, "x", (0,), effort=NO_BOUNDS),
        lambda g: same_in_orders(g, {}, REGION, "sequential", "reverse"),
        lambda g: agree(g, {}, g, {}, REGION),
    ],
)
def test_a_graph_with_several_outputs_is_refused_by_name(ask: Any) -> None:
    with pytest.raises(PropertyError, match="there are several outputs; name one: a, b"):
        ask(two_outputs())


@pytest.mark.parametrize("name", ["nosuch", "Z3"])
def test_a_solver_that_does_not_exist_is_refused_even_where_none_is_needed(name: str) -> None:
    with pytest.raises(UnknownNameError, match=f"solver '{name}'"):
        finite(SQUARE, {}, REGION, effort=Effort(solvers=(name,)))


def test_integer_inputs_are_refused_by_name() -> None:
    recorder = Recorder()
    x, labels = recorder.input("x", (2, 3)), recorder.input("labels", (2,), Sort.INTEGER)
    graph = recorder.finish({"loss": x.cross_entropy(labels)})
    with pytest.raises(PayloadError, match="inputs that are integers cannot be asked about: labels"):
        finite(graph, {}, {"x": box(np.zeros((2, 3)), np.ones((2, 3)))})
