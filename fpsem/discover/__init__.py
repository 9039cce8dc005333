"""Discovery: what a library really computes, found by asking it: the order of its sums, and whether batches change rows."""

from fpsem.discover.batch import batch_invariance
from fpsem.discover.box import BlackBox
from fpsem.discover.revealing import Revealed, reveal
from fpsem.discover.targets import TARGETS
from fpsem.discover.tree import SumTree

__all__ = ["TARGETS", "BlackBox", "Revealed", "SumTree", "batch_invariance", "reveal"]
