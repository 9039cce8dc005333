from __future__ import annotations

import inspect

import pytest

from fpsem.core import errors
from fpsem.core.errors import FpsemError, MissingExtraError, UnableError, UndefinedError, UnknownNameError

ERRORS = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, Exception)]


@pytest.mark.parametrize("kind", [kind for kind in ERRORS if kind is not FpsemError])
def test_every_error_is_ours_and_a_built_in_one(kind: type[Exception]) -> None:
    ours, built_in = kind.__mro__[1:3]
    assert ours is FpsemError
    assert built_in.__module__ == "builtins"
    assert built_in is not Exception


@pytest.mark.parametrize("kind", ERRORS)
def test_every_error_says_what_it_means(kind: type[Exception]) -> None:
    assert (inspect.getdoc(kind) or "").endswith(".")


def test_undefined_and_unable_are_different_answers() -> None:
    assert not issubclass(UndefinedError, UnableError)
    assert not issubclass(UnableError, UndefinedError)


def test_an_unknown_name_is_answered_with_the_table_and_the_nearest_name() -> None:
    message = str(UnknownNameError("format", "binry32", ["binary64", "binary32"]))
    assert message == "unknown format 'binry32'. Did you mean 'binary32'? Known: binary32, binary64"


def test_an_unknown_name_near_nothing_gets_no_hint() -> None:
    assert str(UnknownNameError("format", 7, ["binary32"])) == "unknown format 7. Known: binary32"


def test_a_missing_extra_names_its_remedy() -> None:
    error = MissingExtraError("onnx", "onnx")
    assert "pip install 'fpsem[onnx]'" in str(error)
    assert isinstance(error, ImportError)
