"""Reports: what people and machines read of a run.

``bits`` and ``curve`` give objects that a notebook shows as drawings; pages are in ``fpsem.report.html``.
"""

from fpsem.report.notebook import Curve, curve
from fpsem.report.number import Bits, bits

__all__ = ["Bits", "Curve", "bits", "curve"]
