"""Commands run as the shell would run them."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from typing import Any

import pytest

from fpsem import cli

Run = Callable[..., str]


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[int, str, str]]:
    """Runs ``main`` as the shell would; gives the exit code and both streams."""

    def run(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["fpsem", *map(str, arguments)])
        monkeypatch.delenv("FPSEM_TRACEBACK", raising=False)
        with pytest.raises(SystemExit) as stop:
            cli.main()
        out, err = capsys.readouterr()
        return int(stop.value.code or 0), out, err

    return run


@pytest.fixture
def printed(call: Any) -> Run:
    """What a command that must succeed prints."""

    def run(*arguments: object) -> str:
        code, out, err = call(*arguments)
        assert code == 0, err
        return str(out)

    return run


@pytest.fixture
def refused(call: Any) -> Run:
    """The one line that a command that must be refused says."""

    def run(*arguments: object) -> str:
        code, out, err = call(*arguments)
        assert (code, out) == (2, ""), err
        assert re.fullmatch(r"error: [^\n]+\n", err)
        return str(err)

    return run
