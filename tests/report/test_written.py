"""Reports that are kept say where they come from."""

from __future__ import annotations

from pathlib import Path

import pytest

from fpsem.report.written import write_report


def test_a_report_starts_with_the_command_the_commit_and_the_machine(tmp_path: Path) -> None:
    path = tmp_path / "new" / "report.md"
    write_report(path, "Title", "fpsem claims --check", [{"a": 1, "b": "x | y"}, {"a": 2, "b": "z"}], ["a note"])
    text = path.read_text()
    assert text.startswith("# Title\n\n* command: `fpsem claims --check`\n* commit: ")
    assert "* machine: " in text
    assert "Python 3." in text
    assert text.endswith("| a | b |\n| --- | --- |\n| 1 | x &#124; y |\n| 2 | z |\n\na note\n")


def test_an_empty_report_says_so_and_a_folder_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    write_report(tmp_path / "empty.md", "Title", "fpsem", [])
    assert "nothing" in (tmp_path / "empty.md").read_text()
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"):
        write_report(tmp_path / "file" / "report.md", "Title", "fpsem", [])
