"""A graph of scalars gives each element what the graph of tensors gives it, in the schedule, in every domain."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from fpsem.core.errors import UnsupportedError
from fpsem.core.schedule import Blocked, Compensated, Pairwise, Reverse, Schedule, Sequential
from fpsem.domains.ieee32 import IEEE32Exec
from fpsem.domains.interval import Interval
from fpsem.graph.denote import Interpreter, run
from fpsem.graph.ir import Graph
from fpsem.graph.scalars import ScalarRecorder, recording
from fpsem.graph.trace import trace

SHAPE = (2, 3)
MODELS: dict[str, Callable[[Any], Any]] = {
    "sums": lambda x: x.sum(axis=1),
    "a product": lambda x: x @ x.T,
    "softmax": lambda x: x.softmax(axis=1),
    "layer norm": lambda x: x.layer_norm(normalized_shape=(3,)),
    "choices": lambda x: x.less(x.T.reshape((2, 3))).where(x.relu(), x * 0.1),
    "functions": lambda x: (x.tanh() + x.exp()).sin() * x.pi_like(),
    "a mean": lambda x: x.mean() * 3.0,
    "a maximum": lambda x: x.max(axis=0),
}
SCHEDULES = (Sequential(), Sequential(fused=True), Reverse(), Pairwise(), Blocked(block=2, fused=True), Compensated())


def written_out(graph: Graph, schedule: Schedule) -> tuple[Graph, tuple[int, ...]]:
    recorder = ScalarRecorder()
    leaves = {name: recorder.inputs(name, shape) for name, shape in graph.inputs.items()}
    (out,) = Interpreter(graph, recording(recorder, schedule)).interpret(leaves).values()
    return recorder.finish({str(i): int(node) for i, node in enumerate(out.reshape(-1))}), out.shape


@pytest.mark.parametrize("schedule", SCHEDULES, ids=str)
@pytest.mark.parametrize("name", MODELS)
def test_executions_are_those_of_the_graph_of_tensors(name: str, schedule: Schedule) -> None:
    graph = trace(MODELS[name], SHAPE)
    scalars, shape = written_out(graph, schedule)
    x = np.random.default_rng(0).standard_normal((20, *SHAPE)).astype(np.float32)
    leaves = {name: x.reshape(20, -1)[:, i].copy().view(np.uint32) for i, name in enumerate(scalars.inputs)}
    found = Interpreter(scalars, IEEE32Exec()).interpret(leaves)
    rows = np.stack([np.broadcast_to(found[str(i)], 20) for i in range(len(found))], axis=1).reshape(20, *shape)
    for one, row in zip(x, rows):
        np.testing.assert_array_equal(row, run(graph, {}, one, IEEE32Exec(schedule=schedule)))


@pytest.mark.parametrize("name", MODELS)
def test_intervals_are_those_of_the_graph_of_tensors(name: str) -> None:
    graph = trace(MODELS[name], SHAPE)
    scalars, _ = written_out(graph, Sequential())
    domain = Interval("binary32")
    x = np.random.default_rng(1).standard_normal(SHAPE).astype(np.float32)
    held = domain.between(x, x + np.float32(0.25))
    leaves = dict(zip(scalars.inputs, held.reshape(-1)))
    found = Interpreter(scalars, domain).interpret({name: np.asarray(value) for name, value in leaves.items()})
    wanted = run(graph, {}, held, domain).reshape(-1)
    assert [tuple(map(float, value.item())) for value in found.values()] == [tuple(map(float, row)) for row in wanted.tolist()]


def test_what_is_computed_twice_is_one_node() -> None:
    scalars, _ = written_out(trace(lambda x: (x * x) + (x * x), (2,)), Sequential())
    assert [node.op for node in scalars.nodes] == ["input", "input", "mul", "mul", "add", "add"]


@pytest.mark.parametrize("schedule", SCHEDULES, ids=str)
@pytest.mark.parametrize("name", MODELS)
def test_what_is_written_out_is_a_graph_that_passes_every_check(name: str, schedule: Schedule) -> None:
    scalars, _ = written_out(trace(MODELS[name], SHAPE), schedule)
    checked = Graph(scalars.nodes, scalars.outputs)
    assert checked == scalars
    assert [dict(node.attributes) for node in checked.nodes] == [dict(node.attributes) for node in scalars.nodes]


def test_each_new_node_is_preceded_by_one_look_that_may_end_the_writing() -> None:
    graph = trace(lambda x: (x * x) + (x * x), (2,))
    looks: list[int] = []

    def look() -> None:
        looks.append(len(recorder.nodes))
        if len(looks) == 5:
            raise TimeoutError

    recorder = ScalarRecorder(look)
    with pytest.raises(TimeoutError):
        Interpreter(graph, recording(recorder, Sequential())).interpret({"x": recorder.inputs("x", (2,))})
    assert looks == [0, 1, 2, 3, 4]
    assert len(recorder.nodes) == 4


def test_sums_held_in_another_format_have_no_nodes() -> None:
    graph = trace(lambda x: x.sum(), (3,))
    with pytest.raises(UnsupportedError, match="hold no sums in binary64"):
        written_out(graph, Sequential(accumulator="binary64"))
