"""What arguments must be, before anything is drawn or run: a mistake of the caller is no finding about a domain.

Does not: look at shapes and dtypes of tensors; ``fpsem.graph.denote`` does.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from fpsem.core.errors import PayloadError
from fpsem.core.protocol import Contract


def require_count(name: str, value: Any, least: int = 0) -> None:
    """Raises PayloadError, a ValueError, unless the value is a whole number of at least ``least``."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
        raise PayloadError(f"{name}={value!r}: expected a whole number of at least {least}")


def require_instance(name: str, value: Any, kind: type) -> None:
    """Raises TypeError unless the value is of the class."""
    if not isinstance(value, kind):
        raise TypeError(f"{name}: expected a {kind.__name__}, not {_told(value)}")


def require_domain(value: Any) -> None:
    """Raises TypeError unless the value is a domain: neither the name of one nor its class."""
    if isinstance(value, str):
        raise TypeError(f"domain: {value!r} is text; expected a domain itself, which fpsem.domains.domain_named gives by name")
    if isinstance(value, type):
        raise TypeError(f"domain: {value.__name__} is a class; expected one of its instances, as {value.__name__}()")
    if not isinstance(getattr(value, "contract", None), Contract):
        raise TypeError(f"domain: expected an implementation of ScalarDomain, which has a Contract; not {_told(value)}")


def _told(value: Any) -> str:
    text = repr(value)
    return f"{text[:60]}{'...' * (len(text) > 60)} of class {type(value).__name__}"
