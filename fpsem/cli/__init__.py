"""The command line: ``fpsem run``, ``compare``, ``bound``, ``ask``, ``graph``, ``train``, ``verify``, ``check``, ``show``,
``proofs``, ``claims``, ``sweep``, ``reveal``, ``replay``.

Tables go to the standard output, or JSON with ``--json``; progress and errors go to the standard error. An error that fpsem
foresees is one line and exit code 2; a claim, proof or question that fails is exit code 1.
"""

from __future__ import annotations

import os
import sys

from fpsem.cli import asking, bounding, evidence, models, revealing, sweeping, training
from fpsem.cli._shared import app, errors
from fpsem.core.errors import FpsemError

__all__ = ["app", "asking", "bounding", "evidence", "main", "models", "revealing", "sweeping", "training"]


def main() -> None:
    """The entry point: foreseen errors become one line and exit code 2."""
    try:
        app()
    except (FpsemError, OSError, ValueError) as error:
        if os.environ.get("FPSEM_TRACEBACK"):
            raise
        errors.print(f"error: {error}", style="red", markup=False, soft_wrap=True)
        sys.exit(2)
    except KeyboardInterrupt:
        errors.print("interrupted")
        sys.exit(130)
