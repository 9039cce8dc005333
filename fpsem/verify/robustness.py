"""Robustness: does a class win over a whole box of inputs, in the reals or in binary32?

Proved by interval propagation, with a certificate that ``fpsem.verify.checker`` checks without any of this; refuted by an input
that has been replayed; otherwise unknown, with the bound that did not suffice.

Source: Gowal et al., "On the effectiveness of interval bound propagation for training verifiably robust models", 2018.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from fpsem.core.errors import PayloadError, UnsupportedError
from fpsem.core.protocol import Array
from fpsem.core.schedule import Schedule, Sequential, schedule_of
from fpsem.core.verdict import Proved, Refuted, Unknown, Verdict
from fpsem.domains.ieee32 import IEEE32Exec
from fpsem.domains.interval import Interval
from fpsem.domains.numpy_float32 import NumPyFloat32
from fpsem.graph.denote import check_shape
from fpsem.graph.ir import Graph
from fpsem.rand import key
from fpsem.verify import checker
from fpsem.verify.attack import candidates, loses, outputs_at
from fpsem.verify.box import Radius, input_box
from fpsem.verify.certificate import Certificate, ends_of, graph_hash, hexadecimal, payload_hash
from fpsem.verify.propagate import REAL, Bounds, Way, propagate, way_of

BY = "interval propagation"
ATTACK = "an input drawn from the box"
LEAVES = ("input", "parameter", "constant")
"""Ops whose values a certificate's checker reads from files."""


def domain_of(semantics: str, schedule: Schedule | str) -> Interval:
    """The intervals of a semantics; the reals have no schedule. Raises UnknownNameError, ScheduleError."""
    return Interval("real") if semantics == "real" else Interval(semantics, schedule_of(schedule))


def robustness(
    graph: Graph,
    params: Mapping[str, Any],
    center: npt.NDArray[np.float32],
    radius: Radius,
    label: int,
    semantics: str = "real",
    schedule: Schedule | str = Sequential(),
    clip: tuple[Radius, Radius] | None = None,
    samples: int = 64,
    seed: int = 0,
) -> Verdict:
    """Is output ``label`` greater than every other, for all inputs of the box about the centre?

    Args:
        graph: one input; one output, a number for each class.
        params: float32 tensors by parameter name.
        center: the box's centre, in the shape of the input.
        radius: how far each element may be from it; see ``fpsem.verify.box`` for how the box's ends are rounded.
        label: the class.
        semantics: "real": real inputs, real arithmetic; "binary32": binary32 inputs, and the execution in this schedule.
        schedule: the order of sums of the execution; without meaning for "real".
        clip: the least and greatest value of an input, such as (0, 1).
        samples: how many inputs the attack tries when there is no proof, the centre first.
        seed: of these inputs.

    Returns:
        Proved by interval propagation; Refuted with the witness (by the input's name) replayed in the semantics: bit for bit
        in IEEE32Exec, or in intervals of real values; or Unknown with the margin that did not suffice.

    Raises:
        PayloadError: the graph, the centre, the radius or the label does not fit.
        UnknownNameError: no such semantics or schedule.
    """
    return _answer(graph, params, center, radius, label, semantics, schedule, clip, samples, seed)[0]


def certify(
    graph: Graph,
    params: Mapping[str, Any],
    center: npt.NDArray[np.float32],
    radius: Radius,
    label: int,
    semantics: str = "real",
    schedule: Schedule | str = Sequential(),
    clip: tuple[Radius, Radius] | None = None,
    samples: int = 64,
    seed: int = 0,
    model: str | None = None,
) -> tuple[Verdict, Certificate | None]:
    """``robustness``, and where it is Proved the certificate; ``model`` is the name of the graph's file that it tells.

    Raises:
        UnsupportedError: an op on the way, or the schedule, is not one that the checker knows; the message names it.
    """
    _check_known(graph, semantics, schedule_of(schedule))
    verdict, box, bounds = _answer(graph, params, center, radius, label, semantics, schedule, clip, samples, seed)
    if not isinstance(verdict, Proved):
        return verdict, None
    return verdict, _certificate(way_of(graph, semantics), params, box, label, bounds, semantics, schedule_of(schedule), model)


def _answer(
    graph: Graph,
    params: Mapping[str, Any],
    center: npt.NDArray[np.float32],
    radius: Radius,
    label: int,
    semantics: str,
    schedule: Schedule | str,
    clip: tuple[Radius, Radius] | None,
    samples: int,
    seed: int,
) -> tuple[Verdict, tuple[Array, Array], Bounds]:
    start = time.perf_counter()
    way, domain = way_of(graph, semantics), domain_of(semantics, schedule)
    check_label(label, way)
    check_shape("the centre", np.shape(center), next(iter(graph.inputs.values())))
    shape = graph.nodes[way.output].shape
    if prod(shape) != way.classes:
        raise PayloadError(f"robustness is of one row of classes, not of an output of shape {shape}")
    box, inputs = (input_box(center, radius, of, clip) for of in (semantics, "binary32"))
    bounds = propagate(way, params, box, np.array([label]), domain)
    if bounds.bounded.all() and (bounds.margins > 0).all():
        return Proved(BY, time.perf_counter() - start), box, bounds
    witness = _attack(way, params, candidates(center, inputs, samples, key(seed)), label, domain)
    seconds = time.perf_counter() - start
    if witness is not None:
        return Refuted({next(iter(graph.inputs)): witness}, ATTACK, seconds), box, bounds
    return Unknown(_reason(bounds, samples), seconds), box, bounds


def check_label(label: int, way: Way) -> None:
    """Raises PayloadError for a label that is not one of the classes."""
    if not 0 <= label < way.classes:
        raise PayloadError(f"label {label} is not one of the {way.classes} classes 0 .. {way.classes - 1}")


def _reason(bounds: Bounds, samples: int) -> str:
    tried = f"{samples} inputs of the box were tried and none breaks the claim"
    if not bounds.bounded.all():
        return f"a node may overflow or be undefined over the box; {tried}"
    worst = int(np.argmin(np.nan_to_num(bounds.margins[0], nan=-np.inf)))
    return f"the margin over class {worst} is only known to be at least {bounds.margins[0, worst]:.6g}; {tried}"


def _attack(
    way: Way, params: Mapping[str, Any], points: npt.NDArray[np.float32], label: int, domain: Interval
) -> npt.NDArray[np.float32] | None:
    """The first of some inputs that breaks the claim in the semantics itself."""
    fast = outputs_at(way.graph, params, points, NumPyFloat32(schedule=domain.schedule, elementary="correctly_rounded"))
    broken = np.flatnonzero(loses(fast.astype(np.float64), np.full(len(points), label)))
    return next((points[i] for i in broken if _replays(way, params, points[i], label, domain)), None)


def _replays(way: Way, params: Mapping[str, Any], point: npt.NDArray[np.float32], label: int, domain: Interval) -> bool:
    if domain.semantics == "binary32":
        y = outputs_at(way.graph, params, point[None], IEEE32Exec(schedule=domain.schedule)).view(np.float32)
        return bool(loses(y.astype(np.float64), np.array([label]))[0])
    real = outputs_at(way.graph, params, point[None], REAL)
    bottom, top = real["lo"][0], real["hi"][0]
    others = np.arange(len(top)) != label
    return bool(np.isfinite(top[label]) and (bottom[others] >= top[label]).any())


# -- certificates --------------------------------------------------------------------------------------------------


def _check_known(graph: Graph, semantics: str, schedule: Schedule) -> None:
    """Raises UnsupportedError for what the checker would refuse as unknown."""
    for index, node in enumerate(graph.nodes):
        if node.op not in checker.OPS and node.op not in LEAVES:
            raise UnsupportedError(f"node %{index} ({node.op}): the checker of certificates does not know the op")
    if semantics != "real" and (schedule.name not in checker.SIZES or schedule.accumulator is not None):
        known = ", ".join(checker.SIZES)
        raise UnsupportedError(f"schedule {schedule}: the checker of certificates knows {known}, without accumulators")


def _certificate(
    way: Way,
    params: Mapping[str, Any],
    box: tuple[Array, Array],
    label: int,
    bounds: Bounds,
    semantics: str,
    schedule: Schedule,
    model: str | None,
) -> Certificate:
    (name,), (output,) = way.graph.inputs, way.graph.outputs
    facts: dict[str, Any] = {
        "input": name, "output": output, "label": label, "semantics": semantics,
        "schedule": None if semantics == "real" else schedule.to_json(),
    }  # fmt: skip
    return Certificate(
        **facts,
        claim=checker.claim(facts, way.classes),
        model=model,
        graph_sha256=graph_hash(way.graph),
        payload_sha256=payload_hash(params),
        rule="interval",
        box=ends_of(*box),
        enclosures={str(index): ends_of(x["lo"], x["hi"]) for index, x in bounds.enclosures.items()},
        margins=[None if j == label else hexadecimal(low)[0] for j, low in enumerate(bounds.margins[0])],
    )
