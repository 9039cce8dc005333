"""IEEE 754 arithmetic at the level of bits: each algorithm written once, over an abstract machine word."""

from fpsem.softfloat.arithmetic import Arithmetic as Arithmetic
from fpsem.softfloat.arithmetic import arithmetic as arithmetic

__all__ = ["Arithmetic", "arithmetic"]
