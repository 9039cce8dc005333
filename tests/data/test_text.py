"""Text becomes ids and back; windows lie where they should."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fpsem.core.errors import FileFormatError, PayloadError
from fpsem.data import Vocabulary, read_text, text_windows
from fpsem.data.text import windows

TEXT = "naïve café"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "t.txt").write_bytes(TEXT.encode())
    return tmp_path / "t.txt"


def test_bytes_are_their_own_ids(path: Path) -> None:
    data = text_windows(path, 11)
    assert bytes(data.x[0].astype(np.uint8)) == TEXT.encode()[:11]
    assert data.y is not None
    assert bytes(data.y[0].astype(np.uint8)) == TEXT.encode()[1:12]
    assert (data.classes, data.x.dtype, data.name) == (256, np.int64, str(path))


def test_characters_are_counted_in_the_vocabulary(path: Path) -> None:
    vocabulary = Vocabulary.of(TEXT)
    assert vocabulary.characters == " acefnvéï"
    data = text_windows(path, 3, stride=2, vocabulary=vocabulary)
    assert [vocabulary.decode(x) for x in data.x] == ["naï", "ïve", "e c", "caf"]
    assert data.y is not None
    assert [vocabulary.decode(y) for y in data.y] == ["aïv", "ve ", " ca", "afé"]
    assert data.classes == 9


@pytest.mark.parametrize(("n", "length", "stride"), [(10, 3, None), (10, 3, 1), (10, 9, 1), (11, 5, 5), (11, 5, 3), (2, 1, 7)])
def test_every_window_that_fits_is_there(n: int, length: int, stride: int | None) -> None:
    x, y = windows(np.arange(n), length, stride)
    starts = range(0, n - length, stride or length)
    assert x.tolist() == [list(range(s, s + length)) for s in starts]
    assert np.array_equal(y, x + 1)


def test_what_is_too_short_for_a_window_is_refused(path: Path) -> None:
    with pytest.raises(FileFormatError, match=r"t\.txt: 12 ids are too few: a window of 12 .* need 13"):
        text_windows(path, 12)


@pytest.mark.parametrize(("length", "stride"), [(0, None), (1, 0), (-1, 1)])
def test_a_window_of_nothing_is_refused(path: Path, length: int, stride: Any) -> None:
    with pytest.raises(PayloadError, match=r"t\.txt: a window needs a length and a stride of at least 1"):
        text_windows(path, length, stride)


def test_an_unknown_character_is_named(path: Path) -> None:
    with pytest.raises(PayloadError, match=r"t\.txt: character 2 is 'ï', which the vocabulary of 4 lacks"):
        text_windows(path, 3, vocabulary=Vocabulary("nave"))


@pytest.mark.parametrize(
    ("data", "told"), [(b"", "no text"), (b"abc\xff", "not UTF-8: byte 3 is 0xff"), (b"\xc3", "byte 0 is 0xc3")]
)
def test_what_is_no_text_is_refused(path: Path, data: bytes, told: str) -> None:
    path.write_bytes(data)
    with pytest.raises(FileFormatError, match=rf"t\.txt: .*{told}"):
        text_windows(path, 1)


def test_text_keeps_its_line_ends_and_loses_its_mark(path: Path) -> None:
    path.write_bytes(b"\xef\xbb\xbfa\r\nb")
    assert read_text(path) == "a\r\nb"
    with pytest.raises(FileFormatError, match="longer than 4 bytes"):
        read_text(path, 4)


@pytest.mark.parametrize("characters", ["", "aba"])
def test_a_vocabulary_has_each_character_once(characters: str) -> None:
    with pytest.raises(PayloadError, match="each once"):
        Vocabulary(characters)


def test_ids_of_no_character_are_refused() -> None:
    assert Vocabulary("ab").decode([]) == ""
    for ids in ([2], [-1]):
        with pytest.raises(PayloadError, match="0 to 1"):
            Vocabulary("ab").decode(ids)
