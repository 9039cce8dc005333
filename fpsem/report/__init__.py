"""Reports: what people and machines read of a run.

``bits`` and ``curve`` give objects that a notebook shows as drawings; pages are in ``fpsem.report.html``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fpsem.report.number import Bits, bits

if TYPE_CHECKING:
    from fpsem.report.notebook import Curve

__all__ = ["Bits", "bits", "curve"]


def curve(log: Mapping[str, Any] | Any) -> Curve:
    """The curves of a training log; see ``fpsem.report.notebook.curve``."""
    from fpsem.report.notebook import curve as drawn  # what trains models is a heavy import

    return drawn(log)
