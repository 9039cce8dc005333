"""ONNX Runtime replayed: a model over bit-exact binary32, each product in the order that the runtime was seen to use.

For every product with stored weights the runtime is asked, at run time, with a model that has this one layer: same op, same
shapes, weights stored too. What ``reveal`` finds is that layer's rule. A graph over these rules is then compared with the
runtime's own outputs; where they differ, it is said.

Layers whose order stays unknown are read in sequence; the comparison still decides. Biases are terms of the sum, because the
runtime adds them after the first block of a long one. Sums were seen to start from +0, and so do the rules.

Guarantees: nothing is assumed of a processor or a version. What was revealed holds for this process, one thread, these shapes.
Does not: know the runtime's elementary functions, which are not correctly rounded; nor follow changes of layout, such as those
that its optimiser makes for convolutions.

Source: the ONNX Runtime Python API; Xie et al., USENIX ATC 2025, for asking by masks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fpsem.core import files
from fpsem.core.claim import Evidence, Status
from fpsem.core.errors import PayloadError
from fpsem.core.protocol import Array, Contract
from fpsem.core.schedule import Schedule, Tree
from fpsem.discover import _onnx_boxes, _onnx_layers
from fpsem.discover._onnx_layers import Layer
from fpsem.discover.recognise import HIGHEST, schedules_of
from fpsem.discover.replay import schedule_text
from fpsem.discover.revealing import Revealed
from fpsem.discover.tree import SumTree
from fpsem.domains.ieee32 import IEEE32Exec
from fpsem.graph.denote import Interpreter, named_inputs
from fpsem.graph.ir import Graph

_MOST = (1 << 31) - 1
_ONE = np.float32(1).view(np.uint32)


@dataclass(frozen=True)
class Rule:
    """How the runtime adds in one kind of layer.

    Args:
        layer: the shapes and the op.
        schedule: over the products, then the bias where there is one, then ``zeros`` terms of 0 that sums start from.
        zeros: how many those are.
    """

    layer: Layer
    schedule: Schedule
    zeros: int


@dataclass(frozen=True)
class RuntimeExec(IEEE32Exec):
    """IEEE32Exec in nearest even, but for the products of layers that have a rule; any product of a layer's shape follows it.

    Args:
        rules: at most one for each kind of layer.
    """

    rules: tuple[Rule, ...] = ()

    @property
    def name(self) -> str:
        return "onnxruntime"

    @property
    def contract(self) -> Contract:
        return Contract(super().contract.kind, scheduled=False)

    @property
    def overrides(self) -> Mapping[str, Callable[..., Array]]:
        own = super().overrides

        def linear(x: Array, weight: Array, bias: Array | None = None) -> Array:
            rows = x.reshape(-1, x.shape[-1])
            rule = self._rule(len(rows), weight.shape, bias is not None)
            if rule is None:
                y = own["matmul"](rows, weight.T)
                y = y if bias is None else self.add(y, bias)
            else:
                a, b = _extended(rows, weight.T, bias, rule.zeros)
                y = IEEE32Exec(schedule=rule.schedule).overrides["matmul"](a, b)
            return np.asarray(y).reshape(*x.shape[:-1], weight.shape[0])

        def matmul(a: Array, b: Array) -> Array:
            return linear(a, b.T) if a.ndim == b.ndim == 2 else own["matmul"](a, b)

        return {**own, "linear": linear, "matmul": matmul}

    def _rule(self, rows: int, weight: tuple[int, ...], has_bias: bool) -> Rule | None:
        wanted = (rows, weight[1], weight[0], has_bias)
        return next((r for r in self.rules if r.layer.shape == wanted), None)


def _extended(rows: Array, taps: Array, bias: Array | None, zeros: int) -> tuple[Array, Array]:
    """Operands with a term for the bias and terms of 0, all as codes."""
    a, b = [rows], [taps]
    if bias is not None:
        a.append(np.full((len(rows), 1), _ONE, np.uint32))
        b.append(bias.reshape(1, -1))
    a.append(np.zeros((len(rows), zeros), np.uint32))
    b.append(np.zeros((zeros, taps.shape[1]), np.uint32))
    return np.concatenate(a, axis=1), np.concatenate(b)


@dataclass(frozen=True, eq=False)
class Reading:
    """A model as the runtime executes it.

    Args:
        graph: the model's graph, products and the biases added to them joined; its bits are the same in every domain.
        domain: the domain that follows the rules.
        found: what was revealed of each kind of layer.
    """

    graph: Graph
    domain: RuntimeExec
    found: Mapping[Layer, Revealed]

    @property
    def rules(self) -> tuple[str, ...]:
        """What was found of each kind of layer, in words."""
        return tuple(f"{layer}: {describe(layer, revealed)}" for layer, revealed in self.found.items())

    @property
    def unknown(self) -> tuple[str, ...]:
        """The kinds of layers without a rule, each with the reason."""
        return tuple(f"{layer}: {r.to_json()['detail']}" for layer, r in self.found.items() if r.schedule is None)


@dataclass(frozen=True, eq=False)
class Replayed:
    """A replay.

    Args:
        outputs: codes of each output, (inputs, ...), over the rules.
        runtime: the runtime's own.
        evidence: TESTED with the number of outputs compared; ``failures`` names those that differ.
        reading: the rules.
    """

    outputs: Mapping[str, npt.NDArray[np.uint32]]
    runtime: Mapping[str, npt.NDArray[np.uint32]]
    evidence: Evidence
    reading: Reading

    @property
    def equal(self) -> int:
        """How many outputs have the runtime's bits."""
        return sum(int((self.outputs[name] == self.runtime[name]).sum()) for name in self.outputs)


def read_as_runtime(graph: Graph, path: str | Path, optimisation: str = "all", vectors: int = 20) -> Reading:
    """Reveal how the runtime adds in every kind of layer of a model.

    Args:
        graph: the model's graph, as ``fpsem.load`` gives it.
        path: the ``.onnx`` or ``.onnx.gz`` file that it came from.
        optimisation: "all", the runtime's default, or "off".
        vectors: random vectors on which each rule is replayed.

    Raises:
        MissingExtraError: onnxruntime or onnx is not installed.
    """
    model = model_bytes(path)
    joined, layers = _onnx_layers.joined(graph, model)
    found = {layer: _onnx_layers.reveal_layer(layer, optimisation, vectors) for layer in layers}
    rules: dict[Any, Rule] = {}
    for rule in _rules(found):
        known = rules.setdefault(rule.layer.shape, rule)
        if known.schedule != rule.schedule:
            raise PayloadError(f"{path}: {known.layer} and {rule.layer} have one shape and two orders, which no rule tells apart")
    return Reading(joined, RuntimeExec(rules=tuple(rules.values())), found)


def _rules(found: Mapping[Layer, Revealed]) -> Iterator[Rule]:
    for layer, revealed in found.items():
        if revealed.schedule is not None:
            schedule, zeros = from_zero(revealed.schedule, layer.terms)
            yield Rule(layer, schedule, zeros)


def from_zero(schedule: Schedule, n: int) -> tuple[Schedule, int]:
    """A schedule whose every chain starts from a term of +0, and how many such terms come after the n terms.

    None where the tree would be too high; then a sum of -0 alone may be -0 where the runtime has +0."""
    if n < 2 or not schedule.has_tree or schedule.height(n) > HIGHEST:
        return schedule, 0
    made: list[Any] = list(range(n))
    zeros = 0
    for left, right in schedule.steps(n):
        first = made[left]
        if left < n and right < n:
            first, zeros = (n + zeros, first), zeros + 1
        made.append((first, made[right]))
    return Tree(pairs=made[-1], fused=schedule.fused, accumulator=schedule.accumulator), zeros


def describe(layer: Layer, revealed: Revealed) -> str:
    """A rule in words: the schedule of the products, and after how many of them the bias is added."""
    if revealed.schedule is None or not layer.has_bias or not revealed.schedule.has_tree or layer.k < 2:
        return str(revealed.schedule) if revealed.schedule is not None else "unknown"
    schedule = revealed.schedule
    tree = SumTree(layer.terms, schedule.steps(layer.terms))
    after = tree.counts[tree.siblings[layer.k]]
    products = schedules_of(tree.without_last(), schedule.fused, schedule.accumulator)[0]
    return f"{schedule_text(products)}, the bias after {after} of {layer.k} products"


def replay(
    graph: Graph,
    params: Mapping[str, Any],
    path: str | Path,
    x: Sequence[Any] | npt.NDArray[np.float32],
    optimisation: str = "all",
    reading: Reading | None = None,
) -> Replayed:
    """Run a model over the rules of the runtime, and in the runtime, and compare every output bit for bit.

    Args:
        graph: the model's graph.
        params: its parameters.
        path: the file that it came from.
        x: the inputs: for each run a float32 tensor, or tensors by name.
        optimisation: of the runtime's session: "all" (its default) or "off".
        reading: the rules, where they are known already.

    Raises:
        MissingExtraError: onnxruntime or onnx is not installed.
        PayloadError: the inputs do not fit.
    """
    reading = reading or read_as_runtime(graph, path, optimisation)
    ours, theirs = Interpreter(reading.graph, reading.domain), _onnx_boxes.session(model_bytes(path), optimisation)
    inputs = [named_inputs(graph, row) for row in x]
    names = list(reading.graph.outputs)
    codes = [ours(params, given) for given in inputs]
    answers = [dict(zip(names, theirs.run(names, dict(given)))) for given in inputs]
    outputs = {name: np.array([np.asarray(c[name]) for c in codes]) for name in names}
    runtime = {name: np.array([a[name].reshape(outputs[name].shape[1:]) for a in answers]).view(np.uint32) for name in names}
    cases = sum(array.size for array in outputs.values())
    detail = "outputs against onnxruntime" + "".join(f"; no rule for {text}" for text in reading.unknown)
    evidence = Evidence(Status.TESTED, cases, tuple(_differences(outputs, runtime)), detail)
    return Replayed(outputs, runtime, evidence, reading)


def _differences(outputs: Mapping[str, Array], runtime: Mapping[str, Array]) -> Iterator[str]:
    for name, ours in outputs.items():
        for index in np.argwhere(ours != runtime[name]):
            place = tuple(int(i) for i in index)
            where = f"input {place[0]}, output {name!r}{list(place[1:])}"
            yield f"{where}: {ours[place]:#010x}, onnxruntime {runtime[name][place]:#010x}"


@lru_cache(maxsize=4)
def model_bytes(path: str | Path) -> bytes:
    """The model file, unpacked. Raises FileNotFoundError or FileFormatError."""
    path = Path(path)
    return files.read_gzip(path, _MOST) if path.suffix == ".gz" else files.read(path, _MOST)
