"""Discovery: what a library really computes, found by asking it: the order of its sums, and whether batches change rows."""

from fpsem.discover.revealing import Revealed, reveal
from fpsem.discover.targets import TARGETS

__all__ = ["TARGETS", "Revealed", "reveal"]
