"""IEEE 754 arithmetic at the level of bits: each algorithm written once, over an abstract machine word."""

from fpsem.softfloat.arithmetic import Arithmetic as Arithmetic
from fpsem.softfloat.arithmetic import arithmetic as arithmetic
from fpsem.softfloat.attributes import Flag as Flag
from fpsem.softfloat.raised import Raised as Raised

__all__ = ["Arithmetic", "Flag", "Raised", "arithmetic"]
