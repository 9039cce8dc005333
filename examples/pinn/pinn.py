"""A network solves u'' + u = 0, u(0) = 0, u'(0) = 1, and interval arithmetic proves how well: everything is a graph.

The network u(t) has one hidden layer of tanh. Its derivatives u' and u'', the loss (the mean square of the residual u'' + u, and
the squares of u(0) and u'(0) - 1), the loss's gradient (a third derivative) and Adam's step are graphs, most of them made by
``fpsem.autodiff``; training runs two of them in turn. Then the same residual graph is read over intervals: an enclosure for each
of many small boxes that cover [0, 3/2], so it holds for every t, where samples are only samples. It is taken directly, and
from the residual in the middle and an enclosure of its derivative (the mean value form), which is far narrower. Variation of
constants turns it into a bound of the error: |u(t) - sin t| <= |u(0)| + |u'(0) - 1| + t max |u'' + u|.

    python examples/pinn/pinn.py
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, Context, Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt
from rich.console import Console
from rich.table import Table

import fpsem
from fpsem import autodiff, data, nn, optim
from fpsem.graph.denote import Interpreter
from fpsem.graph.trace import Recorder, Tensor

MODEL = nn.Sequential(nn.Linear(1, 12), nn.Tanh(), nn.Linear(12, 1))
END, POINTS = 1.5, 25
STEPS, SAMPLES = 500, 5
BOXES = (12, 48, 192)
OPTIMIZER = optim.adam(optim.warmup_cosine(2e-2, warmup=50, total=STEPS))
DOMAIN = fpsem.NumPyFloat32(elementary="correctly_rounded")
CONSOLE = Console(width=130, highlight=False)

Floats = npt.NDArray[np.float32]
Ends = npt.NDArray[Any]
Params = Mapping[str, Floats]
Outputs = dict[str, Tensor]


# -- graphs ------------------------------------------------------------------------------------------------------------


def extended(graph: fpsem.Graph, more: Callable[[Outputs], Outputs]) -> fpsem.Graph:
    """The graph written down anew, with what a function of its outputs gives as its outputs."""
    recorder = Recorder()
    values: list[Tensor] = []
    for node in graph.nodes:
        values.append(recorder.apply(node.op, tuple(values[i] for i in node.inputs), node.attributes, node.label))
    return recorder.finish(more({name: values[index] for name, index in graph.outputs.items()}))


def differentiated(graph: fpsem.Graph, name: str, derivative: str) -> fpsem.Graph:
    """The graph with a further output: the derivative of an output (n, 1) by the input x (n, 1), row by row.

    Each row depends on its own x alone, so the gradient of the sum over rows has the derivatives in its rows.
    """
    summed = extended(graph, lambda found: {**found, "total": found[name].sum()})
    made = autodiff.value_and_grad(summed, wrt=["x"], of="total")
    return fpsem.Graph(made.nodes, {**{n: made.outputs[n] for n in graph.outputs}, derivative: made.outputs["grad.x"]})


def residual_graph(count: int) -> fpsem.Graph:
    """For ``count`` values of t, the input x of shape (count, 1): the outputs u, u', and "residual", which is u'' + u."""
    plain = extended(MODEL.lower((count, 1)), lambda found: {"u": found["output"]})
    twice = differentiated(differentiated(plain, "u", "u'"), "u'", "u''")
    return extended(twice, lambda found: {"u": found["u"], "u'": found["u'"], "residual": found["u''"] + found["u"]})


def residual_slope_graph(count: int) -> fpsem.Graph:
    """The same with the output "slope", the residual's derivative."""
    return differentiated(residual_graph(count), "residual", "slope")


def loss_graph(count: int) -> fpsem.Graph:
    """The loss over ``count`` points, the first of which is 0, and its gradient by each parameter."""

    def loss(found: Outputs) -> Outputs:
        residual, at_0, slope_at_0 = found["residual"], found["u"][0, 0], found["u'"][0, 0] - 1
        return {"loss": (residual * residual).mean() + at_0 * at_0 + slope_at_0 * slope_at_0}

    return autodiff.value_and_grad(extended(residual_graph(count), loss), wrt=list(MODEL.parameters()))


# -- training ----------------------------------------------------------------------------------------------------------


def train(steps: int, domain: Any = DOMAIN) -> tuple[dict[str, Floats], list[float]]:
    """The parameters after some steps on a grid of [0, END], and the loss before each."""
    points = data.grid([0], [END], [POINTS]).x
    learns = Interpreter(loss_graph(POINTS), domain)
    updates = Interpreter(OPTIMIZER.lower(MODEL.parameters()), domain)
    params, slots = MODEL.init(seed=0), OPTIMIZER.init(MODEL.parameters())
    losses = []
    for step in range(steps):
        found = learns(params, {"x": points})
        losses.append(float(domain.to_float(found.pop("loss"))))
        made = updates({**params, **slots}, {**found, **OPTIMIZER.scalars(step)})
        made = {name: domain.to_bits(value).view(np.float32) for name, value in made.items()}
        params, slots = {name: made[name] for name in params}, {name: made[name] for name in slots}
    return params, losses


# -- proof -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Enclosure:
    """What is known of the residual in boxes that cover [0, END]; ends are rationals.

    Args:
        direct: the lower and the upper end for each box, from intervals alone.
        mean_value: likewise, from the middle and the derivative.
        sampled: (boxes, samples) the lower and the upper end of the residual at points of each box, from the domain Real.
    """

    direct: tuple[Ends, Ends]
    mean_value: tuple[Ends, Ends]
    sampled: tuple[Ends, Ends]

    @property
    def holds(self) -> bool:
        """Whether every sample lies within both enclosures of its box."""
        (least, largest), forms = self.sampled, (self.direct, self.mean_value)
        return all(bool((low[:, None] <= least).all() and (largest <= high[:, None]).all()) for low, high in forms)


def enclose(params: Params, boxes: int, samples: int = SAMPLES) -> Enclosure:
    """The residual over equal boxes, and at points of each, its ends among them."""
    interval, real = fpsem.Interval(), fpsem.Real()
    cuts = data.grid([0], [END], [boxes + 1]).x
    low, high = cuts[:-1], cuts[1:]
    over = fpsem.run(residual_slope_graph(boxes), params, interval.between(low, high), interval)
    direct, slope = (column(interval.enclosure(over[name])) for name in ("residual", "slope"))
    middle = ((low + high) / 2).astype(np.float32)
    about = column(interval.enclosure(fpsem.run(residual_graph(boxes), params, middle, interval)["residual"]))
    reach = np.maximum(exact(middle) - exact(low), exact(high) - exact(middle))[:, 0]
    swing = np.maximum(*map(abs, slope)) * reach
    points = np.clip(low + (high - low) * np.linspace(0, 1, samples, dtype=np.float32), low, high)
    found = fpsem.run(residual_graph(points.size), params, points.reshape(-1, 1), real)["residual"]
    least, largest = (end.reshape(points.shape) for end in real.enclosure(found))
    return Enclosure(direct, (about[0] - swing, about[1] + swing), (least, largest))


def exact(numbers: Floats) -> Ends:
    """The numbers as rationals."""
    return np.vectorize(lambda x: Fraction(float(x)), otypes=[object])(numbers)


def column(ends: tuple[Ends, Ends]) -> tuple[Ends, Ends]:
    """Ends of shape (n, 1) as rows of n."""
    return ends[0][:, 0], ends[1][:, 0]


def most(ends: tuple[Ends, Ends]) -> Fraction:
    """The largest magnitude between two ends, of all boxes."""
    return max(abs(end).max() for end in ends)


def missed_at_0(params: Params) -> Fraction:
    """No |u(0)| + |u'(0) - 1| is above it."""
    interval = fpsem.Interval()
    found = fpsem.run(residual_graph(1), params, np.zeros((1, 1), np.float32), interval)
    u, slope = (interval.enclosure(found[name]) for name in ("u", "u'"))
    return most(u) + most((slope[0] - 1, slope[1] - 1))


def seen_error(params: Params, count: int = 61) -> Fraction:
    """The largest |u(t) - sin t| at some points, from the domain Real."""
    points, real = data.grid([0], [END], [count]).x, fpsem.Real()
    u = real.enclosure(fpsem.run(residual_graph(count), params, points, real)["u"])
    sine = real.enclosure(fpsem.run(fpsem.trace(lambda x: x.sin(), (count, 1)), {}, points, real))
    return most((u[0] - sine[1], u[1] - sine[0]))


def width(ends: tuple[Ends, Ends]) -> float:
    """The mean width."""
    return float((ends[1] - ends[0]).mean())


def main(steps: int = STEPS, boxes: Sequence[int] = BOXES) -> tuple[Fraction, Fraction]:
    """Train, enclose, conclude; returns the bound of |u(t) - sin t| and the largest one that was seen."""
    params, losses = train(steps)
    CONSOLE.print(f"{steps} steps of Adam over {POINTS} points: the loss went from {losses[0]:.3g} to {losses[-1]:.3g}.")
    CONSOLE.print(f"{len(residual_graph(1).nodes)} nodes make u, u' and u'' + u, {len(loss_graph(2).nodes)} the loss's gradient.")
    table = Table(title=f"u'' + u over [0, {END}]: proved for every t, and seen at {SAMPLES} points of each box")
    ways = ("direct", "mean value", "seen")
    for heading in ("boxes", *(f"mean width, {way}" for way in ways), *(f"largest, {way}" for way in ways), "samples inside"):
        table.add_column(heading, justify="right")
    for count in boxes:
        found = enclose(params, count)
        assert found.holds, "a sampled residual lies outside its enclosure"
        ranges = found.sampled[0].min(axis=1), found.sampled[1].max(axis=1)
        every = (found.direct, found.mean_value, ranges)
        numbers = [f"{value:.2e}" for value in (*map(width, every), *map(float, map(most, every)))]
        table.add_row(str(count), *numbers, f"all {found.sampled[0].size}")
    CONSOLE.print(table)
    bound = missed_at_0(params) + Fraction(END) * most(found.mean_value)
    seen = seen_error(params)
    assert seen <= bound
    CONSOLE.print(f"Proved: |u(t) - sin t| <= {round_up(bound)} for every real t of [0, {END}].")
    CONSOLE.print(f"Seen at 61 points, over exact reals: {round_up(seen)} at most.")
    return bound, seen


def round_up(x: Fraction) -> str:
    """The least decimal of three digits that is not below x."""
    return f"{Context(prec=3, rounding=ROUND_CEILING).divide(Decimal(x.numerator), Decimal(x.denominator)):e}"


if __name__ == "__main__":
    main()
