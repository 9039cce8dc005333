"""The errors that users meet. Each message names what was wrong, where, and what was expected.

All derive from FpsemError, so that a program can tell ours from others; each also derives from the built-in class that
fits, so that ``except ValueError`` keeps working.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class FpsemError(Exception):
    """Any error that fpsem raises on purpose."""


class ShapeError(FpsemError, ValueError):
    """Shapes that do not fit; the message names the node and the remedy."""


class PayloadError(FpsemError, ValueError):
    """A parameter or input that is missing, unknown, or of another shape or dtype than the graph declares."""


class FileFormatError(FpsemError, ValueError):
    """A file that is truncated, hostile, or not what its name says."""


class UndefinedError(FpsemError, ArithmeticError):
    """The mathematical value does not exist: a pole, the root of a negative number, NaN where a number is needed."""


class UnableError(FpsemError, ArithmeticError):
    """The value exists, but this domain could not find it within its precision or budget."""


class UnsupportedError(FpsemError, NotImplementedError):
    """The domain has no meaning for this operation; another one may."""


class GraphError(FpsemError, ValueError):
    """A graph that is not well formed."""


class ScheduleError(FpsemError, ValueError):
    """A schedule that does not exist, or does not fit the number of terms."""


class TrainingError(FpsemError, ValueError):
    """A hyper-parameter out of its bounds, or a training step whose loss or parameters are not finite."""


class PropertyError(FpsemError, TypeError):
    """A property of outputs that is not a formula of comparisons."""


class ContradictionError(FpsemError, AssertionError):
    """An execution contradicts what was proved of it: a fault of fpsem or of what it trusts. Nothing is told then."""


class MissingExtraError(FpsemError, ImportError):
    """An optional dependency is not installed; the message names the extra."""

    def __init__(self, package: str, extra: str) -> None:
        super().__init__(
            f"{package} is not installed: it comes with the extra '{extra}' (pip install 'fpsem[{extra}]')"
        )


class UnknownNameError(FpsemError, LookupError):
    """A name that is not in a table; the message lists the table and the nearest name."""

    def __init__(self, kind: str, name: object, known: Iterable[str]) -> None:
        names = sorted(known)
        near = difflib.get_close_matches(str(name), names, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        super().__init__(f"unknown {kind} {name!r}.{hint} Known: {', '.join(names)}")
