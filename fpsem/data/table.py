"""Small tables of numbers from CSV files: the text of each cell is rounded to binary32 once, correctly.

A table that is read is rectangular and its columns have names. Cells stay text until a column is asked for, so that one
column can be labels and the next numbers. A decimal is rounded from its exact value: by way of binary64 where that
cannot matter, by rational arithmetic where binary64 falls on the middle of two binary32 numbers.

Not here: missing values, dates, thousands separators, hexadecimal floats, inf and nan. Tables are held in memory as text.

Source: RFC 4180 for the form; IEEE 754-2019 clause 5.12.2 for the rounding of decimals.
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fpsem.core.errors import FileFormatError, UnknownNameError
from fpsem.core.exact import round_to_bits
from fpsem.core.formats import BINARY32
from fpsem.data.text import read_text

_MOST = 1 << 28
_DECIMAL = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,4})?")
_INTEGER = re.compile(r"[+-]?[0-9]{1,19}")
_LONGEST_CELL = 1000
"""Characters of a number; no binary64 needs more digits."""


@dataclass(frozen=True)
class Table:
    """The cells of a CSV file.

    Args:
        name: the file's path, for messages.
        columns: the columns' names: those of the header, or "0", "1", ...
        rows: the text of each cell.
        lines: the line on which each row ends, counted from 1.
    """

    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    lines: tuple[int, ...]

    def column(self, which: str | int) -> int:
        """The index of a column, by name or by index (from the end where negative). Raises UnknownNameError that lists
        the columns."""
        if isinstance(which, int) and -len(self.columns) <= which < len(self.columns):
            return which % len(self.columns)
        if which not in self.columns:
            raise UnknownNameError(f"column of {self.name}", which, self.columns)
        return self.columns.index(str(which))

    def floats(self, columns: Sequence[int]) -> npt.NDArray[np.float32]:
        """The numbers of these columns, of shape (rows, columns).

        Raises:
            FileFormatError: a cell is no decimal number, or is beyond binary32's range; the message gives line and column.
        """
        return np.array(self._cells(columns, _binary32), np.float32).reshape(len(self.rows), len(columns))

    def integers(self, columns: Sequence[int]) -> npt.NDArray[np.int64]:
        """The integers of these columns, of shape (rows, columns). Raises FileFormatError for a cell that is none."""
        return np.array(self._cells(columns, _int64), np.int64).reshape(len(self.rows), len(columns))

    def _cells(self, columns: Sequence[int], parse: Callable[[str], float | int]) -> list[list[float | int]]:
        parsed = []
        for line, row in zip(self.lines, self.rows):
            parsed.append([self._cell(line, column, row[column], parse) for column in columns])
        return parsed

    def _cell(self, line: int, column: int, text: str, parse: Callable[[str], float | int]) -> float | int:
        try:
            return parse(text.strip())
        except ValueError as error:
            place = f"{self.name}, line {line}, column {self.columns[column]!r}"
            raise FileFormatError(f"{place}: {text[:40]!r} is not {error}") from None


def read_table(path: str | Path, header: bool | None = None, delimiter: str = ",", limit: int = _MOST) -> Table:
    """Read a CSV file in UTF-8, with or without a byte order mark.

    Args:
        path: the file.
        header: whether its first row names the columns; None: it does if some cell of it is no decimal number.
        delimiter: one character between cells.
        limit: the most bytes that it may hold.

    Raises:
        FileNotFoundError: there is none.
        FileFormatError: it is not UTF-8, not CSV, has no rows, a row of another length than the first, or two columns of
            one name; the message gives the line.
    """
    path = Path(path)
    rows, lines = _rows(path, read_text(path, limit), delimiter)
    first = tuple(cell.strip() for cell in rows[0]) if rows else ()
    header = not all(map(_DECIMAL.fullmatch, first)) if header is None else header
    if len(rows) <= header:
        raise FileFormatError(f"{path}: there is no row of numbers")
    names = first if header else tuple(map(str, range(len(first))))
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise FileFormatError(f"{path}, line {lines[0]}: two columns have the name {twice!r}")
    return Table(str(path), names, tuple(rows[header:]), tuple(lines[header:]))


def _rows(path: Path, text: str, delimiter: str) -> tuple[list[tuple[str, ...]], list[int]]:
    """The rows, all of one length, and the lines on which they end. Empty lines at the end of the file are left out."""
    lined = io.StringIO(text.rstrip("\r\n"), newline="")
    reader = csv.reader(lined, delimiter=delimiter, skipinitialspace=True, strict=True)
    rows: list[tuple[str, ...]] = []
    lines: list[int] = []
    try:
        for row in reader:
            if rows and len(row) != len(rows[0]):
                raise FileFormatError(f"{path}, line {reader.line_num}: {len(row)} cells, expected {len(rows[0])}")
            rows.append(tuple(row))
            lines.append(reader.line_num)
    except csv.Error as error:
        raise FileFormatError(f"{path}, line {reader.line_num}: {error}") from None
    return rows, lines


def _int64(text: str) -> int:
    value = int(text) if _INTEGER.fullmatch(text) else 1 << 64
    if not np.iinfo(np.int64).min <= value <= np.iinfo(np.int64).max:
        raise ValueError("an integer of 64 bits")
    return value


def _binary32(text: str) -> float:
    """The binary32 number nearest to a decimal, ties to even."""
    if len(text) > _LONGEST_CELL or not _DECIMAL.fullmatch(text):
        raise ValueError("a decimal number")
    wide = float(text)
    with np.errstate(over="ignore", under="ignore"):
        narrow = np.float32(wide)
    # Rounding twice differs from rounding once only where the first lands on the middle of two neighbours of the second.
    if _middle(wide, narrow):
        code = round_to_bits(Fraction(text), BINARY32, negative_zero=text.startswith("-"))
        narrow = np.array([code], np.uint32).view(np.float32)[0]
    if not np.isfinite(narrow):
        raise ValueError("within the range of binary32")
    return float(narrow)


def _middle(wide: float, narrow: np.float32) -> bool:
    """Whether a binary64 number lies half-way between the binary32 number it rounds to and that one's neighbour."""
    near = float(narrow)
    if math.isinf(near):
        return not math.isinf(wide)
    with np.errstate(over="ignore", under="ignore"):
        beyond = float(np.nextafter(narrow, np.float32(math.copysign(math.inf, wide - near))))
    return wide - near == beyond - wide
