"""Certificates as files: read back as they were written, refused when they are something else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fpsem.core.errors import FileFormatError
from fpsem.verify import Certificate
from fpsem.verify.certificate import hexadecimal, payload_hash


def test_a_certificate_reads_back_as_it_was_written(certified: Any) -> None:
    path = certified(semantics="binary32", schedule="pairwise:leaf=2")
    first = Certificate.load(path)
    first.save(path)
    assert Certificate.load(path) == first
    assert first.to_json()["schedule"] == {"schedule": "pairwise", "fused": False, "leaf": 2}
    assert [p.name for p in path.parent.iterdir() if p.name.endswith(".new")] == []


def test_another_format_or_field_is_refused(certified: Any, tmp_path: Path) -> None:
    data = Certificate.load(certified()).to_json()
    with pytest.raises(FileFormatError, match="not a certificate of format"):
        Certificate.from_json({**data, "format": "fpsem.certificate.v0"})
    with pytest.raises(FileFormatError, match="missing or not known: note"):
        Certificate.from_json({**data, "note": ""})
    (tmp_path / "c.json").write_text("{")
    with pytest.raises(FileFormatError, match=r"c\.json"):
        Certificate.load(tmp_path / "c.json")


def test_a_payload_hash_depends_on_names_shapes_and_bits_and_not_on_order() -> None:
    a, b = np.zeros((2, 3), np.float32), np.ones(2, np.float32)
    assert payload_hash({"a": a, "b": b}) == payload_hash({"b": b, "a": a.view(np.uint32)})
    others = [{"a": a.reshape(3, 2), "b": b}, {"a": -a, "b": b}, {"c": a, "b": b}, {"a": a}]
    assert len({payload_hash(params) for params in ({"a": a, "b": b}, *others)}) == 5


def test_zeros_are_written_without_a_sign() -> None:
    assert hexadecimal(np.array([-0.0, 0.5])) == ["0x0.0p+0", "0x1.0000000000000p-1"]
