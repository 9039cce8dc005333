"""Words that are arrays mean what compiled words mean."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from fpsem.core.formats import BINARY32
from fpsem.core.rounding import Rounding
from fpsem.softfloat import arithmetic
from fpsem.softfloat.attributes import Attributes
from fpsem.softfloat.operations import OPERATIONS, code
from fpsem.softfloat.words import machine
from fpsem.softfloat.words.word import count_leading_zeros
from fpsem.testing import evaluate as module
from fpsem.testing.evaluate import evaluate
from fpsem.testing.operands import columns

OF_CODES = [name for name, operation in OPERATIONS.items() if set(operation.takes) == {code} and operation.exact is None]


@pytest.mark.parametrize("name", OF_CODES)
def test_operations_give_what_the_compiled_ones_give(name: str) -> None:
    operands = columns(OPERATIONS[name].operands, 2_000, seed=3)
    made = evaluate(partial(OPERATIONS[name].algorithm, BINARY32, Attributes(Rounding.NEAREST_EVEN)), *operands)
    codes, flags = getattr(arithmetic(), name)(*operands, with_flags=True)
    assert np.array_equal(made[0].astype(codes.dtype), codes)
    assert np.array_equal(made[1], flags)


def test_every_operation_of_words_has_a_meaning() -> None:
    assert module._MEANING.keys() == machine._PRINTED.keys()


def test_leading_zeros_of_every_length_are_counted() -> None:
    x = np.array([0, *(1 << k for k in range(64)), *((1 << k) - 1 for k in range(1, 65))], np.uint64)
    (found,) = evaluate(lambda word: (count_leading_zeros(word),), x)
    assert found.tolist() == [64 - int(v).bit_length() for v in x.tolist()]


def test_signed_operands_are_extended_and_results_have_the_shape_of_the_operands() -> None:
    x = np.array([[-1, 5]], np.int32)
    found, constant = evaluate(lambda word: (word + 1, word & 0), x)
    assert found.tolist() == [[0, 6]]
    assert constant.shape == (1, 2)
