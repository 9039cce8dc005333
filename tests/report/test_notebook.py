"""What notebooks show of a number's bits."""

from __future__ import annotations

from xml.etree.ElementTree import fromstring

import numpy as np
import pytest

from fpsem.core.errors import FileFormatError, UnknownNameError
from fpsem.report import bits


def test_an_integer_is_a_code_a_float_a_number_and_a_text_either() -> None:
    one = bits(1.0)
    assert bits(one.code) == bits("1") == bits("0x1p0") == bits(np.float32(1)) == bits(np.uint32(one.code)) == one
    assert one.fields == {"sign": "0", "exponent": "01111111", "fraction": "0" * 23}


def test_bits_print_their_fields_code_format_and_value() -> None:
    assert repr(bits(0x3DCCCCCD)) == "0 01111011 10011001100110011001101  0x3dcccccd  binary32  0x1.99999ap-4"
    assert repr(bits(float("nan"))).endswith("quietNaN")
    assert repr(bits(-0.5, "bfloat16")) == "1 01111110 0000000  0xbf00  bfloat16  -0x1p-1"


def test_every_bit_is_shown_in_the_colour_of_its_field() -> None:
    root = fromstring(bits("0.1")._repr_html_())
    cells = list(root.iter("span"))
    assert "".join(e.text or "" for e in cells) == "".join(bits("0.1").fields.values())
    colours = [e.get("style", "").rpartition(":")[2] for e in cells]
    assert len(set(colours)) == 3
    assert [colours.count(colour) for colour in dict.fromkeys(colours)] == [1, 8, 23]
    assert "0x3dcccccd" in [e.text for e in root.iter("td")]


def test_what_is_no_code_is_refused() -> None:
    with pytest.raises(FileFormatError, match=r"-1 is not a code of binary32.* write -1\.0"):
        bits(-1)
    with pytest.raises(FileFormatError, match="more than the 16 bits"):
        bits(1 << 16, "binary16")
    with pytest.raises(UnknownNameError, match="binary33"):
        bits(0, "binary33")
