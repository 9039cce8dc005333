"""A tensor of plain integers that the caller gives, by name: labels, or indices. They are the same in every domain.

A leaf: the interpreter takes the named tensor as it is; there is nothing to compute.
"""

from __future__ import annotations

from fpsem.graph.op import Shape, Sort

GIVES = Sort.INTEGER


def shape(*, name: str, shape: tuple[int, ...]) -> Shape:
    return shape
