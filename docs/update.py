"""Renew the generated part of README.md: the matrix of ops and domains.

    python docs/update.py           writes it
    python docs/update.py --check   exits with 1 when it is not current
"""

from __future__ import annotations

import sys
from pathlib import Path

from fpsem.core.files import write
from fpsem.report.matrix import LEGEND, matrix_markdown

README = Path(__file__).resolve().parents[1] / "README.md"
BEGIN, END = "<!-- matrix: made by docs/update.py -->", "<!-- end of matrix -->"


def renewed(text: str) -> str:
    """The text with its matrix made anew."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{LEGEND}\n\n{matrix_markdown()}\n{END}{after}"


def main() -> None:
    """Write, or check."""
    text = README.read_text()
    if "--check" in sys.argv[1:]:
        sys.exit("README.md: the matrix is not current; run python docs/update.py" if renewed(text) != text else 0)
    write(README, renewed(text).encode())


if __name__ == "__main__":
    main()
