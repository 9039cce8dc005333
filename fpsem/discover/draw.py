"""A summation tree as an SVG picture: terms along the bottom, each addition as high as its longest path down.

Sizes are rounded; a picture of more than a thousand terms shows a shape, not its terms.
"""

from __future__ import annotations

from xml.sax.saxutils import escape

from fpsem.discover.tree import SumTree

_WIDTH, _HEIGHT, _MARGIN = 960.0, 480.0, 24.0
_MOST_LABELS = 64


def tree_svg(tree: SumTree, title: str = "") -> str:
    """The picture; labels on the terms where there are at most 64 of them."""
    across, up = _places(tree)
    lines = [
        f'<path d="M{across[s]:.1f} {up[s]:.1f}V{up[parent]:.1f}H{across[parent]:.1f}"/>'
        for parent, pair in enumerate(tree.steps, start=tree.n)
        for s in pair
    ]
    labels = [
        f'<text x="{across[i]:.1f}" y="{_HEIGHT - 6:.0f}" text-anchor="middle">{i}</text>'
        for i in range(tree.n if tree.n <= _MOST_LABELS else 0)
    ]
    box = f"0 0 {_WIDTH:.0f} {_HEIGHT:.0f}"
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{box}" font-family="sans-serif" font-size="11">',
            f'<title>{escape(title or f"the order of a sum of {tree.n} terms")}</title>',
            '<g fill="none" stroke="currentColor" stroke-width="1">',
            *lines,
            "</g>",
            *labels,
            "</svg>",
            "",
        ]
    )


def _places(tree: SumTree) -> tuple[list[float], list[float]]:
    """Where each slot is: terms in the order in which the tree's branches hold them, so that no lines cross."""
    order, waiting = [], [tree.root]
    while waiting:
        slot = waiting.pop()
        if slot < tree.n:
            order.append(slot)
        else:
            waiting += reversed(tree.steps[slot - tree.n])
    across = [0.0] * tree.n
    for place, leaf in enumerate(order):
        across[leaf] = _MARGIN + (_WIDTH - 2 * _MARGIN) * (place + 0.5) / tree.n
    for left, right in tree.steps:
        across.append((across[left] + across[right]) / 2)
    room = _HEIGHT - 2 * _MARGIN
    return across, [_HEIGHT - _MARGIN - room * height / max(tree.height, 1) for height in tree.heights]
