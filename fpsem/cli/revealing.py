"""``fpsem reveal``: the order in which a library adds, found by asking it, and replayed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from fpsem.cli._shared import AsJson, app, emit
from fpsem.core.errors import FileFormatError
from fpsem.core.files import write

Terms = Annotated[int, typer.Option("-n", "--terms", help="How many terms.")]
Shape = Annotated[str, typer.Option("--shape", help="Of a matrix product (M, n) x (n, P): M,P.")]
Element = Annotated[str, typer.Option("--element", help="Row and column of the product that is looked at: I,J.")]
Count = Annotated[int, typer.Option("--vectors", min=1, help="Random vectors to replay the schedule on, bit for bit.")]
Seed = Annotated[int, typer.Option("--seed", help="Of the random vectors.")]
Draw = Annotated[Path | None, typer.Option("--draw", help="Draw the tree into this .svg file.")]
Whole = Annotated[bool, typer.Option("--tree", help="Print the whole tree, however long.")]

_FEW_LINES = 24


@app.command()
def reveal(
    target: Annotated[str, typer.Argument(help="numpy.sum, numpy.dot, numpy.matmul, torch.sum, onnxruntime.MatMul, ...")],
    n: Terms = 1000,
    shape: Shape = "",
    element: Element = "0,0",
    vectors: Count = 200,
    seed: Seed = 0,
    draw: Draw = None,
    tree: Whole = False,
    as_json: AsJson = False,
) -> None:
    """Find the order in which a library adds its terms, as a schedule that replays its bits."""
    from fpsem.discover import reveal as discover
    from fpsem.discover.draw import tree_svg

    if draw is not None and draw.suffix != ".svg":
        raise FileFormatError(f"--draw {draw}: the picture is an .svg")
    size = _pair("--shape", shape) if shape else None
    found = discover(target, n, shape=size, element=_pair("--element", element), vectors=vectors, seed=seed)
    if draw is not None and found.tree is not None:
        write(draw, tree_svg(found.tree, f"{target}, {n} terms").encode())
    if as_json:
        emit(found.to_json(), as_json)
    else:
        print("\n".join(_lines(found, len(found.tree.steps) + 1 if tree and found.tree is not None else _FEW_LINES)))
    if found.schedule is None:
        raise typer.Exit(1)


def _pair(option: str, text: str) -> tuple[int, int]:
    """Two integers. Raises FileFormatError that shows the text."""
    parts = text.split(",")
    if len(parts) != 2 or not all(p.strip().isascii() and p.strip().isdigit() for p in parts):
        raise FileFormatError(f"{option} {text!r}: two numbers, as 16,16")
    return int(parts[0]), int(parts[1])


def _lines(found: Any, most: int) -> list[str]:
    """What was found, as text."""
    from fpsem.discover.replay import schedule_text

    told = found.to_json()
    lines = [
        f"target    {found.target}, {found.n} terms",
        f"schedule  {'none' if found.schedule is None else schedule_text(found.schedule)}",
        f"evidence  {told['evidence']}: {told['detail']}",
    ]
    lines += [f"same here {', '.join(told['same'])}"] if found.same else []
    lines += [f"{key}: {value}" for key, value in found.probes.items()]
    lines += [f"{found.calls:,} calls, {found.seconds:.2f} s"]
    return lines if found.tree is None else [*lines, "", found.tree.text(most)]
