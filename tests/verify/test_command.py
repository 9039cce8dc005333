"""What the command line calls: files in, a verdict and a certificate out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fpsem.core.errors import FileFormatError, PayloadError
from fpsem.core.verdict import Proved, Refuted, Unknown
from fpsem.verify.command import check_certificate, sentence, verify_model


@pytest.mark.parametrize("semantics", ["real", "binary32"])
def test_a_certificate_is_written_beside_its_model_and_accepted(small: Any, semantics: str) -> None:
    _, _, images, labels, file = small
    out = file.with_name("written.json")
    verdict = verify_model(file, {"images": images, "labels": labels}, 2, "1/1024", semantics=semantics, out=out)
    assert isinstance(verdict, Proved)
    assert sentence(verdict).startswith("proved by interval propagation in ")
    assert check_certificate(out) == check_certificate(out, file) == check_certificate(out, file.parent) == []


def test_no_certificate_is_written_of_what_is_not_proved(small: Any, tmp_path: Path) -> None:
    _, _, images, labels, file = small
    verdict = verify_model(file.parent, {"x": images}, 0, 0, (int(labels[0]) + 1) % 3, out=tmp_path / "none.json")
    assert isinstance(verdict, Refuted)
    assert "refuted by an input drawn from the box" in sentence(verdict)
    assert list(tmp_path.iterdir()) == []
    assert sentence(Unknown("why", 1)) == "unknown after 1.00 s: why"


def test_a_row_that_is_not_there_and_a_model_that_is_no_pair_are_refused(small: Any, tmp_path: Path) -> None:
    _, _, images, labels, file = small
    with pytest.raises(PayloadError, match="no row 6 in the array x or images"):
        verify_model(file, {"": images}, 6, 0, 0)
    with pytest.raises(PayloadError, match="no array labels; there are: x"):
        verify_model(file, {"x": images}, 0, 0)
    with pytest.raises(PayloadError, match="no array x or images; there are: y"):
        verify_model(file, {"y": images}, 0, 0, 0)
    with pytest.raises(PayloadError, match=r"row 0 has 2 numbers, the input 'x' \(1, 4\) has 4"):
        verify_model(file, {"x": images[:, :2]}, 0, 0, 0)
    assert isinstance(verify_model(file, {"": images[:1, None]}, 0, 0, int(labels[0])), Proved)
    with pytest.raises(FileNotFoundError):
        verify_model(tmp_path / "none.json", {}, 0, 0, 0)
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileNotFoundError):
        verify_model(tmp_path / "empty", {}, 0, 0, 0)
    with pytest.raises(FileFormatError, match="a certificate is of a pair"):
        check_certificate(tmp_path / "c.json", tmp_path / "empty")
