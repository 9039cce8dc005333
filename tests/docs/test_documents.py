"""The code in README.md and docs/ runs as it stands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import settings

import fpsem
from fpsem.testing import ConformanceError, load_profile

ROOT = Path(__file__).parents[2]
DOCUMENTS = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))


def blocks_of(document: Path) -> list[str]:
    return re.findall(r"```python\n(.*?)```", document.read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_the_code_of_a_document_runs_from_top_to_bottom(
    document: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    blocks = blocks_of(document)
    assert blocks
    names: dict[str, object] = {}
    for block in blocks:
        exec(compile(block, str(document), "exec"), names)


@pytest.fixture
def _impatient() -> Iterator[None]:
    """A reader has no profile of ours: examples that do not set a deadline have one, here so short that they miss it."""
    settings.register_profile("impatient", deadline=timedelta(microseconds=1))
    settings.load_profile("impatient")
    yield
    load_profile()


TESTING = blocks_of(ROOT / "docs" / "testing.md")


@pytest.mark.usefixtures("_impatient")
@pytest.mark.parametrize("block", TESTING, ids=range(len(TESTING)))
def test_an_example_of_testing_stands_alone_and_takes_its_time(block: str) -> None:
    exec(compile(block, "testing.md", "exec"), {})


def test_the_example_prints_the_report_of_a_broken_domain_before_it_raises(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Broken(fpsem.NumPyFloat32):
        def neg(self, x: Any) -> Any:
            return np.subtract(np.float32(0), x)  # which is +0 at +0

    (block,) = (block for block in TESTING if "check_domain" in block)
    monkeypatch.setattr(fpsem, "NumPyFloat32", Broken)
    with pytest.raises(ConformanceError) as caught:
        exec(compile(block, "testing.md", "exec"), {})
    told = capsys.readouterr().out
    assert told.startswith("numpy_float32 BREAKS ITS CONTRACT")
    assert told.strip() == str(caught.value)
