"""Windows of text as integers: bytes, or characters of a vocabulary; the task is to tell the next one at every place.

Every example is a window of ids x and, in y, the same window one place on. Text is UTF-8 and is checked as such for bytes
too.

Not here: learned subwords, normalisation of Unicode; a character is a code point.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fpsem.core import files
from fpsem.core.errors import FileFormatError, PayloadError
from fpsem.data.dataset import Dataset

_MOST = 1 << 28
BYTES = 256
"""How many byte ids there are."""


@dataclass(frozen=True)
class Vocabulary:
    """Characters and their ids: the id of a character is its place.

    Args:
        characters: distinct code points.

    Raises:
        PayloadError: one comes twice, or there is none.
    """

    characters: str

    def __post_init__(self) -> None:
        if not self.characters or len(set(self.characters)) < len(self.characters):
            raise PayloadError("a vocabulary needs characters, each once")

    def __len__(self) -> int:
        return len(self.characters)

    @staticmethod
    def of(text: str) -> Vocabulary:
        """The characters of a text, in order of code points."""
        return Vocabulary("".join(sorted(set(text))))

    def encode(self, text: str) -> npt.NDArray[np.int64]:
        """The id of each character. Raises PayloadError for the first that is unknown, with its place."""
        ids = {character: i for i, character in enumerate(self.characters)}
        try:
            return np.array([ids[character] for character in text], np.int64)
        except KeyError:
            at = next(i for i, character in enumerate(text) if character not in ids)
            raise PayloadError(f"character {at} is {text[at]!r}, which the vocabulary of {len(self)} lacks") from None

    def decode(self, ids: npt.ArrayLike) -> str:
        """The text of these ids. Raises PayloadError for an id that is none."""
        array = np.asarray(ids, np.int64).ravel()
        if ((array < 0) | (array >= len(self))).any():
            raise PayloadError(f"ids of a vocabulary of {len(self)} are 0 to {len(self) - 1}")
        return "".join(self.characters[i] for i in array)


def read_text(path: str | Path, limit: int = _MOST) -> str:
    """The text of a UTF-8 file without its byte order mark, line ends as they are.

    Raises:
        FileNotFoundError: there is none.
        FileFormatError: it is empty, not UTF-8, or longer than ``limit`` bytes.
    """
    path = Path(path)
    data = files.read(path, limit)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FileFormatError(f"{path}: not UTF-8: byte {error.start} is {data[error.start]:#04x}") from None
    if not text:
        raise FileFormatError(f"{path}: there is no text")
    return text


def text_windows(
    path: str | Path, length: int, stride: int | None = None, vocabulary: Vocabulary | None = None
) -> Dataset:
    """The windows of a UTF-8 file.

    Args:
        path: the file.
        length: ids of a window, at least 1.
        stride: how far one window starts after the one before, at least 1; None: ``length``, so that none overlap.
        vocabulary: its characters give the ids; None: the ids are the bytes, of 256 classes. ``Vocabulary.of(read_text(path))``
            is the file's own.

    Returns:
        x and y of shape (windows, length), y one place on; what is left at the end is dropped.

    Raises:
        FileNotFoundError: there is no such file.
        FileFormatError: it is empty, not UTF-8, too long, or too short for one window.
        PayloadError: a character is not in the vocabulary, or length or stride is below 1.
    """
    text = read_text(path)
    try:
        ids = _bytes(text) if vocabulary is None else vocabulary.encode(text)
        x, y = windows(ids, length, stride)
    except FileFormatError as error:
        raise FileFormatError(f"{path}: {error}") from None
    except PayloadError as error:
        raise PayloadError(f"{path}: {error}") from None
    return Dataset(x, y, classes=BYTES if vocabulary is None else len(vocabulary), name=str(path))


def windows(
    ids: npt.NDArray[np.int64], length: int, stride: int | None = None
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """x and y of ``text_windows`` for one sequence of ids. Raises FileFormatError where it is too short for a window."""
    step = length if stride is None else stride
    if length < 1 or step < 1:
        raise PayloadError(f"a window needs a length and a stride of at least 1, not {length} and {step}")
    if len(ids) < length + 1:
        raise FileFormatError(f"{len(ids)} ids are too few: a window of {length} and the id after it need {length + 1}")
    both = np.lib.stride_tricks.sliding_window_view(ids, length + 1)[::step]
    return both[:, :-1].copy(), both[:, 1:].copy()


def _bytes(text: str) -> npt.NDArray[np.int64]:
    return np.frombuffer(text.encode(), np.uint8).astype(np.int64)
