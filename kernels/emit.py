"""Writes the operations of a format as one file of CUDA C: ``python kernels/emit.py FORMAT FILE [OPERATION...]``.

Without operations, all that 64-bit words suffice for, with flags, to nearest even. For other directions and attributes call
``fpsem.softfloat.c_source`` from Python.
"""

from __future__ import annotations

import sys
from pathlib import Path

from fpsem.core.files import write
from fpsem.core.formats import format_named
from fpsem.softfloat.attributes import Attributes
from fpsem.softfloat.c_source import c_source
from fpsem.softfloat.operations import OPERATIONS
from fpsem.softfloat.words.cuda import WIDTH


def main(format: str, file: str, *names: str) -> None:
    """Write the file."""
    f = format_named(format)
    chosen = names or [name for name, operation in OPERATIONS.items() if operation.width(f) <= WIDTH]
    write(Path(file), c_source(chosen, f, Attributes(), with_flags=True).encode())


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
