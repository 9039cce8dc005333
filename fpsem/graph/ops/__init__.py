"""The ops: one module each, found by listing this folder. A module whose name starts with ``_`` is a shared helper."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from fpsem.core.errors import UnknownNameError
from fpsem.graph.op import Op


@cache
def names() -> tuple[str, ...]:
    """The name of every op, sorted."""
    return tuple(sorted(m.name for m in pkgutil.iter_modules(__path__) if not m.name.startswith("_")))


@cache
def op_named(name: str) -> Op:
    """Look an op up. Raises UnknownNameError that lists the ops there are."""
    if name not in names():
        raise UnknownNameError("op", name, names())
    return Op(name, importlib.import_module(f"{__name__}.{name}"))  # noqa: TID251  the registry of ops
