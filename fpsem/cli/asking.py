"""``fpsem ask WORD``: questions about every input of a region, answered by ``fpsem.smt.questions``; one command for each.

A refutation is told with its witness, which was replayed. ``docs/questions.md`` says what a verdict means and how it is found.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import fields, replace
from functools import partial
from inspect import Parameter, Signature, cleandoc, signature
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

from fpsem.cli import _places
from fpsem.cli._answers import How, Statement, answer
from fpsem.cli._places import Place, Where, place_of
from fpsem.cli._shared import app, scheduled
from fpsem.core.errors import FileFormatError, PayloadError
from fpsem.core.verdict import Verdict

words = typer.Typer(help="Ask whether something holds for every input of a region.", no_args_is_help=True)
app.add_typer(words, name="ask")

_SAID = (
    "Exit code 0: proved; 1: refuted, by a witness that was replayed; 3: unknown, and why; 2: it could not be asked; "
    "130: interrupted."
)

Node = Annotated[str | None, typer.Option("--node", help="Of this node instead of the output: its label, or %3.")]
Ulps = Annotated[int, typer.Option("--ulps", min=0, help="How many binary32 numbers apart they may be.")]
Label = Annotated[int | None, typer.Option("--label", help="A place of the output; else that of the largest at --input.")]


def word(name: str) -> Callable[[Callable[..., Statement]], Callable[..., Statement]]:
    """Makes a command of a function that states a question: its options are its parameters, and those of Where and How."""

    def register(function: Callable[..., Statement]) -> Callable[..., Statement]:
        hints = get_type_hints(function, include_extras=True)

        def command(**given: Any) -> None:
            how = How(**{f.name: given.pop(f.name) for f in fields(How)})
            if "where" in hints:
                given["where"] = Where(**{f.name: given.pop(f.name) for f in fields(Where)})
            answer(name, partial(function, **given), how)

        options = _options(Where) if "where" in hints else []
        own = [p for p in signature(function).parameters.values() if p.name != "where"]
        options += [_option(p.name, hints[p.name], p.default) for p in own]
        command.__signature__ = Signature([*options, *_options(How)])  # type: ignore[attr-defined]
        command.__doc__ = f"{cleandoc(function.__doc__ or '')}\n\n{_SAID}"
        words.command(name)(command)
        return function

    return register


def _options(kind: type) -> list[Parameter]:
    """The fields of a dataclass as parameters of a command."""
    hints = get_type_hints(kind, include_extras=True)
    return [_option(name, hint, getattr(kind, name, Parameter.empty)) for name, hint in hints.items()]


def _option(name: str, hint: Any, default: Any) -> Parameter:
    return Parameter(name, Parameter.KEYWORD_ONLY, default=default, annotation=hint)


# -- the questions ---------------------------------------------------------------------------------------------------


@word("finite")
def finite(where: Where, node: Node = None) -> Statement:
    """No output, or no element of one node, is infinite or NaN."""
    from fpsem.smt import questions

    at = place_of(where, node is None)
    decided = partial(questions.finite, at.graph, at.params, at.boxes, at.schedule, node=node)
    return _stated(at, f"{_of(node)} is finite", decided)


@word("bounded")
def bounded(
    where: Where,
    least: Annotated[float | None, typer.Option("--least", help="The lower end, rounded to binary32.")] = None,
    most: Annotated[float | None, typer.Option("--most", help="The upper end, rounded to binary32.")] = None,
    node: Node = None,
) -> Statement:
    """Every element of the output, or of one node, lies between two numbers."""
    from fpsem.smt import questions

    at = place_of(where, node is None)
    ends = [f"at {side} {end:g}" for side, end in (("least", least), ("most", most)) if end is not None]
    decided = partial(questions.bounded, at.graph, at.params, at.boxes, least, most, at.schedule, node=node)
    return _stated(at, f"{_of(node)} is {' and '.join(ends)}", decided)


@word("argmax")
def argmax(
    where: Where,
    label: Label = None,
) -> Statement:
    """The largest output is always the same one."""
    from fpsem.smt import questions

    at = place_of(where)
    if label is None:
        if at.center is None:
            raise FileFormatError(f"{where.model}: which output is to be the largest? say --label, or --input")
        label = questions.label_at(at.graph, at.params, at.center, at.schedule)
    decided = partial(questions.argmax_stable, at.graph, at.params, at.boxes, label, at.schedule)
    return _stated(at, f"the largest output is number {label}, counted from 0", decided)


@word("monotone")
def monotone(
    where: Where,
    element: Annotated[str, typer.Option("--element", help="Which element grows, by axes: 0,1; none of a scalar.")] = "",
    of: Annotated[str | None, typer.Option("--of", help="Of which input, where there are several.")] = None,
    decreasing: Annotated[bool, typer.Option("--decreasing", help="Instead: no output grows.")] = False,
) -> Statement:
    """No output falls when one element of the input grows."""
    from fpsem.smt import questions

    at = place_of(where)
    if of is None and len(at.boxes) > 1:
        raise FileFormatError(f"--element: of which input? say --of: {', '.join(at.boxes)}")
    name = of or next(iter(at.boxes))
    if name not in at.boxes:
        raise PayloadError(f"--of {name}: the inputs are {', '.join(at.boxes)}")
    index, shape = tuple(_places.whole("--element", element)) if element else (), at.boxes[name].shape
    if len(index) != len(shape) or not all(i < n for i, n in zip(index, shape)):
        raise PayloadError(f"--element {element or '(none)'}: input {name!r} has shape {shape}")
    decided = partial(
        questions.monotone, at.graph, at.params, at.boxes, name, index, at.schedule, increasing=not decreasing
    )
    return _stated(at, f"no output {'grows' if decreasing else 'falls'} when {name}[{element}] grows", decided)


@word("orders")
def orders(
    where: Where,
    other: Annotated[str, typer.Option("--other", help="The other order of sums.")],
    ulps: Ulps = 0,
) -> Statement:
    """The outputs in two orders of sums are the same, or differ by a few ulps at most."""
    from fpsem.smt import questions

    at, second = place_of(where), scheduled("--other", other)
    decided = partial(questions.same_in_orders, at.graph, at.params, at.boxes, at.schedule, second, ulps)
    stated = _stated(at, f"outputs in both schedules are {_near(ulps)}", decided)
    return replace(stated, schedule=f"{at.schedule} and {second}")


@word("agree")
def agree(
    where: Where,
    other: Annotated[Path, typer.Argument(help="Another model, with the same inputs and as many outputs.")],
    other_core: Annotated[str | None, typer.Option("--other-core", help="Which core, where that is an .fpcore file.")] = None,
    ulps: Ulps = 0,
) -> Statement:
    """The outputs of two models, one a rewrite of the other, are the same, or differ by a few ulps at most."""
    from fpsem.smt import questions

    at = place_of(where)
    graph, params, _ = _places.read(other, other_core)
    if dict(graph.inputs) != dict(at.graph.inputs):
        raise PayloadError(f"{other}: its inputs are {dict(graph.inputs)}; of the first model they are {dict(at.graph.inputs)}")
    if len(graph.outputs) != 1:
        raise PayloadError(f"{other}: the question is of one output, and there are {', '.join(graph.outputs)}")
    decided = partial(questions.agree, at.graph, at.params, graph, params, at.boxes, at.schedule, ulps)
    return _stated(at, f"outputs of both models are {_near(ulps)}", decided)


@word("absorbed")
def absorbed(
    weights: Annotated[str, typer.Option("--weights", help="LO,HI: the weights w.")],
    gradients: Annotated[str, typer.Option("--gradients", help="LO,HI: the gradients g.")],
    rate: Annotated[float, typer.Option("--rate", help="The learning rate, with its sign, rounded to binary32.")],
) -> Statement:
    """Every update w + rate * g is lost: it gives w."""
    from fpsem.smt import questions

    if not math.isfinite(rate):
        raise FileFormatError(f"--rate {rate}: a finite number is needed")
    boxes = _places.between("--weights", weights), _places.between("--gradients", gradients)
    told = f"w between {' and '.join(weights.split(','))}, g between {' and '.join(gradients.split(','))}"
    return Statement(f"w + {rate:g} * g is w", told, "none", partial(questions.absorbed, *boxes, rate))


@word("rewrite")
def rewrite(
    rule: Annotated[str, typer.Argument(help="The rule: reassociate, distribute, reciprocal, ...; another name lists all.")],
    box: Annotated[str, typer.Option("--box", help="LO,HI: every input lies between.")],
    constant: Annotated[float, typer.Option("--constant", help="The c of a rule that has one.")] = 3.0,
    schedule: Annotated[str, typer.Option("--schedule", "-s", help="Order of sums.")] = "sequential",
    ulps: Ulps = 0,
) -> Statement:
    """Both sides of a rule that is true of real numbers give the same bits, or differ by a few ulps at most."""
    from fpsem.smt import rewrites

    ends, order = _places.between("--box", box), scheduled("--schedule", schedule)
    known = rewrites.rewrite_named(rule)
    least, most = float(ends.lo.min()), float(ends.hi.max())
    decided = partial(rewrites.rewrite, rule, least, most, constant, ulps, order)
    told = f"c = {constant:g}, inputs between {least:g} and {most:g}"
    return Statement(f"{known.says}: both sides are {_near(ulps)}", told, str(order), decided)


def _stated(at: Place, says: str, decided: Callable[..., Verdict]) -> Statement:
    return Statement(says, at.region, str(at.schedule), decided, at.core)


def _of(node: str | None) -> str:
    return "every output" if node is None else f"every element of node {node!r}"


def _near(ulps: int) -> str:
    return "the same numbers" if ulps == 0 else f"at most {ulps} ulp{'s' * (ulps > 1)} apart"
