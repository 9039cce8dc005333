"""Bridges: relations between domains, stated as claims and checked. One file for each pair of domains, found by listing."""

from __future__ import annotations

import importlib
import pkgutil

from fpsem.bridges.bridge import Bridge
from fpsem.core.errors import UnknownNameError

_MACHINERY = ("bridge", "budget", "primitives", "sweep", "trusted")
"""Modules that hold no bridges; those whose names begin with an underscore hold none either."""


def bridge_modules() -> tuple[str, ...]:
    """The modules that hold bridges, sorted."""
    modules = (m.name for m in pkgutil.iter_modules(__path__))
    return tuple(sorted(name for name in modules if name not in _MACHINERY and not name.startswith("_")))


def all_bridges() -> dict[str, Bridge]:
    """Every bridge by its claim's name, sorted by module and place."""
    found = [b for name in bridge_modules() for b in importlib.import_module(f"{__name__}.{name}").BRIDGES]  # noqa: TID251  the registry
    return {bridge.claim.name: bridge for bridge in found}


def bridges_named(names: tuple[str, ...]) -> dict[str, Bridge]:
    """The bridges of those names, or all. Raises UnknownNameError that lists the names there are."""
    known = all_bridges()
    for name in names:
        if name not in known:
            raise UnknownNameError("claim", name, known)
    return {name: known[name] for name in names} if names else known
