"""The checker: it accepts what was certified, refuses anything that was changed and says where, and needs nothing of fpsem."""

from __future__ import annotations

import ast
import json
import math
import shutil
import struct
import subprocess
import sys
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fpsem
from fpsem import nn
from fpsem.core.exact import round_to_bits
from fpsem.core.formats import FORMATS
from fpsem.core.rounding import Rounding
from fpsem.core.verdict import Proved
from fpsem.domains.interval import Interval
from fpsem.graph.denote import denote
from fpsem.verify import certify, check, checker
from fpsem.verify.certificate import ends_of

Change = Callable[[dict[str, Any]], None]
Write = Callable[..., Path]
SOURCE = Path(checker.__file__)

SCHEDULES = [
    *("sequential", "sequential:fused", "reverse", "reverse:fused", "pairwise", "pairwise:leaf=3,fused"),
    *("lanes:width=4", "lanes:width=3,fused", "blocked:block=2", "blocked:block=3,fused"),
]


def test_it_imports_the_standard_library_only() -> None:
    imported = [n for n in ast.walk(ast.parse(SOURCE.read_text())) if isinstance(n, ast.Import | ast.ImportFrom)]
    names = {alias.name for n in imported if isinstance(n, ast.Import) for alias in n.names}
    names |= {str(n.module) for n in imported if isinstance(n, ast.ImportFrom)}
    assert {name.partition(".")[0] for name in names} <= sys.stdlib_module_names
    assert not any(n.level for n in imported if isinstance(n, ast.ImportFrom))


def test_it_runs_alone(certified: Write, tmp_path: Path) -> None:
    alone = shutil.copy(SOURCE, tmp_path / "alone.py")
    path = certified()
    good = subprocess.run([sys.executable, "-I", "-S", alone, path], capture_output=True, text=True)
    assert (good.returncode, good.stderr) == (0, "")
    bad = subprocess.run([sys.executable, "-I", "-S", alone, tmp_path / "none.json"], capture_output=True, text=True)
    assert bad.returncode == 1
    assert "FileNotFoundError" in bad.stderr


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_a_certificate_of_executions_is_accepted_in_every_schedule_that_it_knows(certified: Write, schedule: str) -> None:
    assert check(certified(semantics="binary32", schedule=schedule)) == []


def test_a_certificate_of_real_values_is_accepted(certified: Write, small: Any, tmp_path: Path) -> None:
    path = certified()
    assert check(path) == check(path, small[-1]) == check(path, small[-1].with_suffix(".safetensors")) == []
    moved = shutil.copy(path, tmp_path)
    assert check(moved, small[-1].with_suffix("")) == []
    assert "FileNotFoundError" in check(moved)[0]


# -- what was changed is refused -------------------------------------------------------------------------------------


def nudged(text: str, direction: float) -> str:
    return math.nextafter(float.fromhex(text), direction).hex()


@pytest.mark.parametrize("direction", [-math.inf, math.inf])
@pytest.mark.parametrize("end", ["lo", "hi"])
@pytest.mark.parametrize(("node", "op"), [("0", "input"), ("5", "linear"), ("6", "relu")])
def test_a_bound_moved_by_one_ulp_is_refused_by_node_and_element(
    certified: Write, node: str, op: str, end: str, direction: float
) -> None:
    def change(data: dict[str, Any]) -> None:
        data["enclosures"][node][end][2] = nudged(data["enclosures"][node][end][2], direction)

    (reason,) = check(certified(change))
    assert reason.startswith(f"node %{node} ({op}), {end}, element 2: ")
    assert reason.endswith("follows")


@pytest.mark.parametrize("direction", [-math.inf, math.inf])
def test_a_margin_moved_by_one_ulp_is_refused(certified: Write, direction: float) -> None:
    def change(data: dict[str, Any]) -> None:
        j = (data["label"] + 1) % 3
        data["margins"][j] = nudged(data["margins"][j], direction)

    (reason,) = check(certified(change))
    assert reason.startswith("margins, element ")


def test_a_wider_box_is_refused_though_input_and_box_agree(certified: Write) -> None:
    def change(data: dict[str, Any]) -> None:
        data["box"]["hi"][1] = data["enclosures"]["0"]["hi"][1] = (float.fromhex(data["box"]["hi"][1]) + 0.5).hex()

    assert any(reason.startswith("node %5 (linear), ") for reason in check(certified(change)))


def put(*path: Any, value: Any) -> Change:
    """A change of one place."""

    def change(data: dict[str, Any]) -> None:
        for key in path[:-1]:
            data = data[key]
        data[path[-1]] = value

    return change


def drop(*path: Any) -> Change:
    """A change that takes one place away."""

    def change(data: dict[str, Any]) -> None:
        for key in path[:-1]:
            data = data[key]
        del data[path[-1]]

    return change


CHANGES: dict[str, tuple[Change, str]] = {
    "another label": (put("label", value=2), "claim is not what is certified"),
    "a label that is none": (put("label", value=7), "label 7 is not one of 3 classes"),
    "a label that is true": (put("label", value=True), "label True is not one of 3 classes"),
    "another claim": (put("claim", value="For every input, all is well."), "claim is not what is certified"),
    "another graph hash": (put("graph_sha256", value="0" * 64), "of another graph"),
    "another payload hash": (put("payload_sha256", value="0" * 64), "of another payload"),
    "a node too few": (drop("enclosures", "5"), "enclosures of nodes"),
    "a node too many": (put("enclosures", "7", value={"lo": [], "hi": []}), "enclosures of nodes"),
    "an element too few": (drop("enclosures", "5", "lo", 4), "node %5 (linear), lo: 4 elements are given, there are 5"),
    "an end too few": (drop("enclosures", "5", "lo"), "node %5 (linear): an enclosure is"),
    "a field in an enclosure": (put("enclosures", "5", "err", value=[]), "node %5 (linear): an enclosure is"),
    "nan in a bound": (put("enclosures", "5", "lo", 0, value="nan"), "node %5 (linear), lo, element 0: 'nan' is given"),
    "a bound as a number": (put("enclosures", "5", "lo", 0, value=0.5), "node %5 (linear), lo, element 0: 0.5 is given"),
    "infinity in the box": (put("box", "hi", 0, value="inf"), "box element 0, hi: 'inf' is no finite number"),
    "a decimal in the box": (put("box", "hi", 0, value="0.5"), "box element 0, hi: '0.5' is no finite number"),
    "a number in the box": (put("box", "hi", 0, value=0.5), "box element 0, hi: 0.5 is no finite number"),
    "an empty box": (put("box", "hi", 0, value="-0x1.0000000000000p+3"), "the box is empty"),
    "a short box": (drop("box", "hi", 0), "the box must be as many ends"),
    "an unknown field": (put("note", value="trust me"), "fields missing or not known: note"),
    "a missing field": (drop("rule"), "fields missing or not known: rule"),
    "another version": (put("format", value="fpsem.certificate.v2"), "format 'fpsem.certificate.v2' is not known"),
    "another rule": (put("rule", value="crown"), "rule 'crown'"),
    "other semantics": (put("semantics", value="binary16"), "semantics 'binary16': not known"),
    "a schedule of reals": (put("schedule", value={"schedule": "sequential", "fused": False}), "a schedule belongs to binary32"),
    "another input": (put("input", value="z"), "claim is not what is certified"),
    "another output": (put("output", value="z"), "malformed: KeyError: 'z'"),
    "margins of the label": (put("margins", 1, value="0x1.0000000000000p+0"), "margins, element 1"),
    "no enclosures": (put("enclosures", value=[]), "enclosures of nodes"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_is_refused_with_its_reason(certified: Write, small: Any, name: str) -> None:
    change, reason = CHANGES[name]
    assert small[3][0] == 1
    assert reason in check(certified(change))[0]


SCHEDULE_CHANGES: dict[str, Any] = {
    "another order": {"schedule": "reverse", "fused": False},
    "fused": {"schedule": "sequential", "fused": True},
    "an unknown one": {"schedule": "random", "fused": False},
    "an unknown parameter": {"schedule": "sequential", "fused": False, "accumulator": "binary64"},
    "no size": {"schedule": "pairwise", "fused": False},
    "size zero": {"schedule": "pairwise", "fused": False, "leaf": 0},
    "fused as a number": {"schedule": "sequential", "fused": 0},
    "none": None,
}


@pytest.mark.parametrize("name", SCHEDULE_CHANGES)
def test_another_schedule_is_refused_even_with_a_fitting_claim(certified: Write, name: str) -> None:
    def change(data: dict[str, Any]) -> None:
        data["schedule"] = SCHEDULE_CHANGES[name]
        data["claim"] = checker.claim(data, 3)

    assert check(certified(change, semantics="binary32"))


def test_binary32_ends_are_binary32_numbers(certified: Write) -> None:
    def change(data: dict[str, Any]) -> None:
        data["box"]["hi"][0] = nudged(data["box"]["hi"][0], -math.inf)

    assert "is not a number of binary32" in check(certified(change, semantics="binary32"))[0]


def test_a_key_that_comes_twice_and_nan_outside_strings_are_refused(certified: Write) -> None:
    path = certified()
    text = path.read_text()
    path.write_text(text.replace('"label": 1', '"label": 1, "label": 1'))
    assert "a key comes twice" in check(path)[0]
    path.write_text(text.replace('"label": 1', '"label": NaN'))
    assert "NaN is no number" in check(path)[0]
    path.write_text(text[: len(text) // 2])
    assert "malformed" in check(path)[0]
    path.write_text("[" * 100_000)
    assert "malformed" in check(path)[0]


def test_margins_that_are_not_positive_are_refused(small: Any, certified: Write) -> None:
    def change(data: dict[str, Any]) -> None:
        data["label"] = 0
        data["claim"] = checker.claim(data, 3)

    reasons = check(certified(change))
    assert any("margins, element 1: -0x" in reason and "is not positive" in reason for reason in reasons)


# -- another model is refused ----------------------------------------------------------------------------------------


def test_another_payload_is_refused(certified: Write, small: Any, tmp_path: Path) -> None:
    graph, params, *_ = small
    other = {**params, "0.bias": np.nextafter(params["0.bias"], np.float32(1))}
    fpsem.save(tmp_path / "other", graph, other)
    assert "of another payload" in check(certified(), tmp_path / "other")[0]


def test_another_graph_is_refused(certified: Write, small: Any, tmp_path: Path) -> None:
    model = nn.Sequential(nn.Linear(4, 5), nn.Sigmoid(), nn.Linear(5, 3))
    fpsem.save(tmp_path / "other", model.lower((1, 4)), small[1])
    assert "of another graph" in check(certified(), tmp_path / "other")[0]


@pytest.mark.parametrize("change", [b"", b"\0" * 7, struct.pack("<Q", 1 << 60) + b"{}"])
def test_a_broken_payload_is_refused(certified: Write, small: Any, tmp_path: Path, change: bytes) -> None:
    shutil.copy(small[-1], tmp_path)
    (tmp_path / "small.safetensors").write_bytes(change)
    assert check(certified(), tmp_path / "small")


@pytest.mark.parametrize(
    ("header", "body", "reason"),
    [
        ({"a": {"dtype": "F64", "shape": [1], "data_offsets": [0, 8]}}, 8, "dtype F64"),
        ({"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}, 8, "more data"),
        ({"a": {"dtype": "F32", "shape": [1], "data_offsets": [4, 8]}}, 8, "does not follow"),
        ({"a": {"dtype": "F32", "shape": [3], "data_offsets": [0, 8]}}, 8, "do not fill"),
    ],
)
def test_a_payload_that_is_not_what_its_header_says_is_refused(header: Any, body: int, reason: str) -> None:
    text = json.dumps(header).encode()
    with pytest.raises(checker.Refused, match=reason):
        checker.read_payload(struct.pack("<Q", len(text)) + text + bytes(body))


def test_a_payload_with_nan_is_refused() -> None:
    text = json.dumps({"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}).encode()
    with pytest.raises(checker.Refused, match="not finite"):
        checker.read_payload(struct.pack("<Q", len(text)) + text + struct.pack("<f", math.nan))


# -- its rounding and its ops are fpsem's ----------------------------------------------------------------------------


@pytest.mark.parametrize(("semantics", "side", "direction"), [
    ("real", -1, Rounding.DOWNWARD), ("real", 1, Rounding.UPWARD), ("binary32", 1, Rounding.NEAREST_EVEN),
])  # fmt: skip
def test_it_rounds_as_fpsem_does(semantics: str, side: int, direction: Rounding) -> None:
    f = FORMATS["binary64" if semantics == "real" else "binary32"]
    rng = np.random.default_rng(0)
    numbers = [Fraction(v) * Fraction(2) ** int(e) / d for v, e, d in zip(
        rng.standard_normal(400).tolist(), rng.integers(f.emin - 60, f.emax - 2, 400), rng.choice([1, 3, 10], 400).tolist()
    )]  # fmt: skip
    ties = [1 + Fraction(k, 2**f.precision) for k in range(-3, 8)]
    tiny = [Fraction(k, 2 ** (1 - f.emin + f.precision)) for k in range(9)]
    for x in (*numbers, *ties, *tiny, *(-t for t in (*ties, *tiny))):
        assert checker.rounded(x, semantics, side) == f.decode(round_to_bits(x, f, direction))


def test_it_refuses_what_overflows() -> None:
    with pytest.raises(checker.Refused, match="overflows"):
        checker.rounded(Fraction(2**128) - Fraction(2**103), "binary32", 1)
    with pytest.raises(checker.Refused, match="overflows"):
        checker.rounded(Fraction(2**1024) - 1, "real", 1)
    assert checker.rounded(Fraction(2**1024) - 1, "real", -1) == 2**1024 - 2**971


MODELS: dict[str, tuple[Callable[..., Any], tuple[int, ...]]] = {
    "abs sub neg": (lambda x: (x - 0.5).abs() - (-x), (2, 3)),
    "add mul": (lambda x: x * x + x, (2, 3)),
    "maximum minimum": (lambda x: (x - 0.5).maximum((0.25 - x).minimum(x)), (2, 3)),
    "clip": (lambda x: x.clip(low=-0.25, high=0.1).clip(low=0.0).clip(high=0.05), (2, 6)),
    "sum of all": (lambda x: x.sum(axis=None, keepdims=False).reshape(shape=(1,)), (2, 3, 4)),
    "sum of two": (lambda x: x.sum(axis=(0, -1), keepdims=True), (2, 3, 4)),
    "mean": (lambda x: x.mean(axis=1, keepdims=False), (3, 7, 2)),
    "matmul": (lambda x: x @ x.T, (3, 5)),
    "matmul of many": (lambda x: x @ x.transpose(axes=(0, 2, 1)), (2, 3, 4)),
    "matmul broadcast": (lambda x: (x @ x[0].T) @ x[1], (2, 3, 4)),
    "slice concat": (lambda x: x[:, ::2].concat(x[:, 1:2], x, axis=-1), (2, 5)),
    "broadcast": (lambda x: x.reshape(shape=(3, 1)).broadcast_to(shape=(2, 3, 4)).transpose(axes=(2, 0, 1)), (1, 3)),
    "reshape transpose": (lambda x: x.reshape(shape=(-1, 2)).T.relu(), (2, 6)),
    "unfold": (lambda x: x.unfold(kernel=(2, 3), stride=(1, 2), padding=(1, 0), dilation=(2, 1)), (2, 3, 5, 6)),
    "max_pool2d": (lambda x: (x - 0.5).max_pool2d(kernel=(3, 2), stride=(2, 1), padding=(1, 1)), (1, 2, 5, 4)),
    "avg_pool2d": (lambda x: x.avg_pool2d(kernel=(3, 3), padding=(1, 1)), (1, 2, 6, 5)),
    "avg_pool2d inside": (lambda x: x.avg_pool2d(kernel=(3, 3), padding=(1, 1), count_include_pad=False), (1, 2, 6, 5)),
    "conv2d": (lambda x: x.conv2d(x[:, :, :2, :3].reshape(shape=(6, 2, 2, 3)), x[0, :3, 0, :2].reshape(shape=(6,)),
               stride=(1, 2), padding=(1, 0), dilation=(2, 1), groups=2), (3, 4, 4, 5)),
    "linear": (lambda x: x.linear(x[0], x[1, :, 0]), (2, 3, 4)),
    "linear without bias": (lambda x: x.linear(x[:2]), (4, 3)),
}  # fmt: skip


def arithmetic(schedule: str | None) -> tuple[Interval, checker.Meaning]:
    if schedule is None:
        return Interval(), checker.Meaning("real", {"schedule": "sequential", "fused": False})
    domain = Interval("binary32", schedule)  # type: ignore[arg-type]
    return domain, checker.Meaning("binary32", domain.schedule.to_json())


def test_every_op_that_it_knows_is_tried_here() -> None:
    used = {node.op for model, shape in MODELS.values() for node in fpsem.trace(model, shape).nodes}
    assert set(checker.OPS) | {"input", "constant"} == used


@pytest.mark.parametrize("schedule", [None, "sequential", "pairwise:leaf=2,fused", "lanes:width=3"])
@pytest.mark.parametrize("name", MODELS)
def test_it_derives_the_intervals_of_the_interval_domain_to_the_last_bit(name: str, schedule: str | None) -> None:
    model, shape = MODELS[name]
    graph = fpsem.trace(model, shape)
    domain, meaning = arithmetic(schedule)
    rng = np.random.default_rng(0)
    lo = rng.uniform(-1, 1, shape).astype(np.float32)
    hi = lo + rng.uniform(0, 0.1, shape).astype(np.float32)
    seen: dict[int, Any] = {}
    denote(graph, {}, {"x": domain.between(lo, hi)}, domain, seen.__setitem__)
    ends = [(Fraction(float(a)), Fraction(float(b))) for a, b in zip(lo.ravel(), hi.ravel())]
    values: dict[int, checker.Tensor] = {}
    for index, node in enumerate(fpsem.graph.serialize.to_json(graph)["nodes"]):
        leaves = {("input", "x"): checker.Tensor(shape, ends)}
        values[index] = checker.evaluate(index, node, [values[i] for i in node["inputs"]], leaves, meaning)
        got = {end: [float(v[side]).hex() for v in values[index].values] for side, end in enumerate(("lo", "hi"))}
        assert got == ends_of(seen[index]["lo"], seen[index]["hi"]), node["op"]


def test_an_op_that_it_does_not_know_is_refused_by_its_node() -> None:
    meaning = arithmetic(None)[1]
    with pytest.raises(checker.Refused, match=r"node %3 \(erf\): this checker does not know the op"):
        checker.evaluate(3, {"op": "erf", "inputs": [0], "shape": [1]}, [], {}, meaning)
    node = {"op": "relu", "inputs": [0], "shape": [1], "attributes": {"slope": 1}}
    with pytest.raises(checker.Refused, match=r"node %3 \(relu\)"):
        checker.evaluate(3, node, [checker.Tensor((1,), [checker.ZERO])], {}, meaning)
    with pytest.raises(checker.Refused, match="shape"):
        checker.evaluate(3, {"op": "relu", "inputs": [0], "shape": [2]}, [checker.Tensor((1,), [checker.ZERO])], {}, meaning)


@pytest.mark.parametrize("semantics", ["real", "binary32"])
def test_a_small_convolutional_network_is_certified_and_checked(semantics: str, tmp_path: Path) -> None:
    model = nn.Sequential(
        nn.Conv2d(1, 3, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(3, 4, 3), nn.ReLU(), nn.AvgPool2d(2),
        nn.Flatten(), nn.Linear(4, 3),
    )  # fmt: skip
    graph, params = model.lower((1, 1, 8, 8)), model.init(seed=0)
    x = np.random.default_rng(0).uniform(0, 1, (1, 1, 8, 8)).astype(np.float32)
    label = int(np.argmax(fpsem.run(graph, params, x, fpsem.NumPyFloat32())))
    fpsem.save(tmp_path / "cnn", graph, params)
    verdict, certificate = certify(graph, params, x, "1/1024", label, semantics, model="cnn.json")
    assert isinstance(verdict, Proved)
    assert certificate is not None
    certificate.save(tmp_path / "certificate.json")
    assert check(tmp_path / "certificate.json") == []
