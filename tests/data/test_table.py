"""Tables are rectangular, and decimals are rounded once."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fpsem.core.errors import FileFormatError, UnknownNameError
from fpsem.core.exact import round_to_bits
from fpsem.core.formats import BINARY32
from fpsem.data import Table, read_table


def read(tmp_path: Path, text: str | bytes, **options: Any) -> Table:
    (tmp_path / "t.csv").write_bytes(text.encode() if isinstance(text, str) else text)
    return read_table(tmp_path / "t.csv", **options)


class TestReading:
    def test_a_header_names_the_columns(self, tmp_path: Path) -> None:
        table = read(tmp_path, 'size, "price, net"\n1,2\n3.5,-4e1\n')
        assert table.columns == ("size", "price, net")
        assert table.floats([0, 1]).tolist() == [[1, 2], [3.5, -40]]

    def test_without_a_header_columns_have_numbers(self, tmp_path: Path) -> None:
        table = read(tmp_path, "1,2\r\n3,4\r\n\r\n")
        assert (table.columns, table.lines) == (("0", "1"), (1, 2))
        assert table.integers([1]).tolist() == [[2], [4]]

    def test_a_header_of_numbers_is_one_where_that_is_said(self, tmp_path: Path) -> None:
        assert read(tmp_path, "1990,1991\n3,4", header=True).columns == ("1990", "1991")

    def test_a_row_of_text_is_no_header_where_that_is_said(self, tmp_path: Path) -> None:
        with pytest.raises(FileFormatError, match="line 1, column '0': 'a' is not a decimal number"):
            read(tmp_path, "a,b\n3,4", header=False).floats([0])

    def test_cells_may_be_quoted_and_lines_broken_within(self, tmp_path: Path) -> None:
        table = read(tmp_path, 'a,b\n"1",2\n"\n3\n",x\n')
        assert table.floats([0]).tolist() == [[1], [3]]
        with pytest.raises(FileFormatError, match="line 5, column 'b': 'x'"):
            table.floats([1])

    def test_a_byte_order_mark_and_another_delimiter_are_understood(self, tmp_path: Path) -> None:
        assert read(tmp_path, "\ufeffa;b\n1;2", delimiter=";").columns == ("a", "b")

    def test_columns_are_found_by_name_and_index(self, tmp_path: Path) -> None:
        table = read(tmp_path, "a,b,c\n1,2,3")
        assert [table.column(which) for which in ("a", "c", 1, -1)] == [0, 2, 1, 2]
        for which in ("d", 3, -4):
            with pytest.raises(UnknownNameError, match=r"t\.csv .*Known: a, b, c"):
                table.column(which)


BROKEN: dict[str, tuple[str | bytes, str]] = {
    "empty": ("", "there is no text"),
    "blank": ("\n\n", "no row of numbers"),
    "a header alone": ("a,b\n", "no row of numbers"),
    "a short row": ("a,b\n1,2\n3\n", "t.csv, line 3: 1 cells, expected 2"),
    "a long row": ("1,2\n3,4,5\n", "line 2: 3 cells, expected 2"),
    "an empty line": ("1,2\n\n3,4\n", "line 2: 0 cells, expected 2"),
    "an open quote": ('a,b\n"1,2\n', "t.csv, line"),
    "text behind a quote": ('a,b\n"1"x,2\n', "line 2"),
    "two columns of a name": ("a,b,a\n1,2,3", "line 1: two columns have the name 'a'"),
    "latin-1": ("a,b\n1,é\n".encode("latin-1"), "not UTF-8: byte 6 is 0xe9"),
    "an endless cell": ("a\n" + "1" * 200_000, "line 2: field larger than field limit"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_table_is_refused_by_line(tmp_path: Path, kind: str) -> None:
    text, told = BROKEN[kind]
    with pytest.raises(FileFormatError, match=told):
        read(tmp_path, text)


def test_a_table_beyond_the_limit_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match="longer than 3 bytes"):
        read(tmp_path, "1,2,3", limit=3)


@pytest.mark.parametrize("cell", ["", "x", "nan", "inf", "1_000", "0x10", "1,5", "٣", "1e", ".", "1e99999", "1" * 1001, "1\0"])
def test_a_cell_that_is_no_decimal_is_refused(tmp_path: Path, cell: str) -> None:
    with pytest.raises(FileFormatError, match=r"line 2, column 'a': .* is not a decimal number"):
        read(tmp_path, f'a\n"{cell}"').floats([0])


@pytest.mark.parametrize("cell", ["1e39", "-3.5e38", "340282356779733661637539395458142568448", "1e400"])
def test_a_cell_beyond_binary32_is_refused(tmp_path: Path, cell: str) -> None:
    with pytest.raises(FileFormatError, match="not within the range of binary32"):
        read(tmp_path, f"a\n{cell}").floats([0])


@pytest.mark.parametrize("cell", ["1.0", "x", "", "9223372036854775808", "-9223372036854775809", "1" * 30])
def test_a_cell_that_is_no_integer_is_refused(tmp_path: Path, cell: str) -> None:
    with pytest.raises(FileFormatError, match="not an integer of 64 bits"):
        read(tmp_path, f"a,b\n{cell},0").integers([0])


def test_integers_reach_to_the_ends_of_int64(tmp_path: Path) -> None:
    found = read(tmp_path, f"a\n{2**63 - 1}\n{-(2**63)}").integers([0])
    assert found.ravel().tolist() == [2**63 - 1, -(2**63)]


HALF = "16777217."
"""The middle of two neighbours of binary32; one more digit, however far behind, decides."""


LEAST = str(Decimal(2) ** -150)
"""The middle of 0 and the least number, to 28 digits: a little above or below it."""


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**38), max_value=10**38).map(str))
@example(HALF)
@example(HALF + "0" * 40 + "1")
@example("-" + HALF + "0" * 40 + "1")
@example("16777216." + "9" * 40)
@example("340282356779733661637539395458142568447.9")
@example("3.4028235e38")
@example("-3.40282354e38")
@example(LEAST)
@example(LEAST.replace("E", "1E"))
@example("7006492321624085354618e-67")
@example("7006492321624085354619e-67")
@example("-0.0")
@example("-1e-60")
@example("1e-9999")
def test_a_decimal_is_rounded_once(text: str) -> None:
    table = Table("t", ("a",), ((text,),), (1,))
    (found,) = table.floats([0]).ravel().view(np.uint32)
    assert int(found) == round_to_bits(Fraction(text), BINARY32, negative_zero=text.startswith("-"))
