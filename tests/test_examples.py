"""What the documents promise runs: the demo, and the first Python block of the README."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def output_of(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", *arguments], capture_output=True, text=True, encoding="utf-8", check=False, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr
    return re.sub(r"\s+", " ", done.stdout)


def test_the_demo_runs_to_its_end() -> None:
    said = output_of("examples/digits/demo.py")
    assert re.search(r"differ in 0 bit patterns", said)
    assert re.search(r"Proved\(", said)


def test_the_first_python_block_of_the_readme_runs() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    block = re.search(r"^```python\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE)
    assert block is not None
    assert output_of("-c", block[1])
