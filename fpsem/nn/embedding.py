"""Embedding: a row of the weight for each index. The weight is (num_embeddings, embedding_dim)."""

from __future__ import annotations

import math
from dataclasses import dataclass

from fpsem.core.errors import ShapeError
from fpsem.graph.op import Sort
from fpsem.graph.trace import Tensor
from fpsem.nn.module import Module, Parameter
from fpsem.nn.scope import Scope


@dataclass(frozen=True)
class Embedding(Module):
    """Integers of any shape to vectors: index i becomes row i of the weight.

    The weight starts uniformly distributed over [-sqrt 3, sqrt 3), which has variance 1 as PyTorch's normal start has.

    Args:
        num_embeddings: the number of rows; indices are 0 to one less.
        embedding_dim: the length of a row.

    Raises:
        ShapeError: a size that is not positive.

    Source: torch.nn.Embedding.
    """

    num_embeddings: int
    embedding_dim: int

    def __post_init__(self) -> None:
        if min(self.num_embeddings, self.embedding_dim) < 1:
            raise ShapeError(f"{self}: both sizes must be positive")

    @property
    def takes(self) -> Sort:
        return Sort.INTEGER

    def declared(self) -> dict[str, Parameter]:
        return {"weight": Parameter((self.num_embeddings, self.embedding_dim), math.sqrt(3))}

    def forward(self, x: Tensor, parameters: Scope) -> Tensor:
        return parameters["weight"].gather(x)
