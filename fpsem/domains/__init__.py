"""Domains: the implementations of the scalar protocol, one file each, loaded when asked for.

None of them imports another. Adding one costs a file and a line of ``_CLASSES``.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

from fpsem.core.errors import UnknownNameError, UnsupportedError
from fpsem.core.protocol import ScalarDomain
from fpsem.core.schedule import Schedule

_CLASSES: Mapping[str, str] = {
    "CuPyFloat32": "cupy_float32",
    "ErrorBound": "error_bound",
    "IEEE32Exec": "ieee32",
    "Interval": "interval",
    "NumPyFloat32": "numpy_float32",
    "Real": "real",
    "RoundedReal": "rounded_real",
    "SymbolicFP32": "symbolic_fp32",
    "SymbolicReal": "symbolic_real",
}
"""Class name to module; the module's name is the domain's own."""

__all__ = sorted(_CLASSES)


def __getattr__(name: str) -> Any:
    if name not in _CLASSES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_CLASSES[name]}"), name)  # noqa: TID251  the registry of domains


def domain_names() -> tuple[str, ...]:
    """The names that the command line takes, sorted."""
    return tuple(sorted(_CLASSES.values()))


def domain_named(name: str, schedule: Schedule | str | None = None) -> ScalarDomain:
    """A domain by its name, with a schedule where it takes one.

    Raises:
        UnknownNameError: no such domain.
        UnsupportedError: a schedule for a domain whose sums have no order.
    """
    found = [cls for cls, module in _CLASSES.items() if module == name]
    if not found:
        raise UnknownNameError("domain", name, domain_names())
    cls = __getattr__(found[0])
    if schedule is None:
        domain: ScalarDomain = cls()
    elif "schedule" in cls.__dataclass_fields__:
        domain = cls(schedule=schedule)
    else:
        raise UnsupportedError(f"{name} takes no schedule: its sums do not depend on their order")
    return domain
