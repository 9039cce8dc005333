"""Reports: what people and machines read of a run.

``bits`` gives a number whose bits a notebook shows as a drawing; pages are in ``fpsem.report.html``.
"""

from fpsem.report.number import Bits, bits

__all__ = ["Bits", "bits"]
