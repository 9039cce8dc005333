"""S-expressions: a text of nested lists as a tree whose leaves know where they stand.

Brackets are parentheses, and a semicolon begins a comment that ends with its line. Numbers stay text, so that none is rounded.
What this module does not do: know what any word means.

Source: FPCore 2.0, "Syntax", https://fpbench.org/spec/fpcore-2.0.html.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from fpsem.core.errors import FileFormatError

DEEPEST = 150
"""How deep lists may nest: the readers of a tree call themselves."""

_TOKEN = re.compile(
    r'''(?P<space>\s+|;[^\n]*) | (?P<open>[(\[]) | (?P<close>[)\]])
      | "(?P<string>(?:[^"\\]|\\.)*)" | (?P<word>[^\s()\[\]";]+)''',
    re.DOTALL | re.VERBOSE,
)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_CLOSES = {"(": ")", "[": "]"}


@dataclass(frozen=True)
class Word:
    """A word or a string.

    Args:
        text: as it is written; of a string what it says, without quotes and backslashes.
        at: how many characters of the whole text come before it.
        quoted: whether it is a string.
    """

    text: str
    at: int
    quoted: bool = False

    def __str__(self) -> str:
        return f'"{self.text}"' if self.quoted else self.text


@dataclass(frozen=True)
class Group:
    """A list.

    Args:
        items: what it holds.
        at: where it begins, as of a word.
    """

    items: tuple[Expression, ...]
    at: int

    def __str__(self) -> str:
        return f"({' '.join(map(str, self.items))})"

    @property
    def head(self) -> str:
        """Its first word; empty where it begins with none."""
        first = self.items[0] if self.items else None
        return first.text if isinstance(first, Word) and not first.quoted else ""


Expression = Word | Group


@dataclass(frozen=True)
class Text:
    """A text to read.

    Args:
        text: the whole of it.
        what: its name in messages.
    """

    text: str
    what: str

    def error(self, at: int, told: str) -> FileFormatError:
        """An error that names the text, and line and column of a character, both counted from 1."""
        line, column = self.text.count("\n", 0, at) + 1, at - self.text.rfind("\n", 0, at)
        return FileFormatError(f"{self.what}:{line}:{column}: {told}")

    def expressions(self) -> tuple[Expression, ...]:
        """What the text holds, in order. Raises FileFormatError where parentheses do not match or nest too deeply."""
        open_at: list[int] = []
        lists: list[list[Expression]] = [[]]
        at = 0
        while at < len(self.text):
            token = _TOKEN.match(self.text, at)
            if token is None:
                raise self.error(at, "a string that does not end")
            if token.lastgroup == "open":
                if len(open_at) == DEEPEST:
                    raise self.error(at, f"lists nest more than {DEEPEST} deep")
                open_at.append(at)
                lists.append([])
            elif token.lastgroup == "close":
                if not open_at or token[0] != _CLOSES[self.text[open_at[-1]]]:
                    raise self.error(at, f"{token[0]!r} closes nothing")
                lists[-2].append(Group(tuple(lists.pop()), open_at.pop()))
            elif token.lastgroup == "string":
                lists[-1].append(Word(_ESCAPED.sub(r"\1", token["string"]), at, quoted=True))
            elif token.lastgroup == "word":
                lists[-1].append(Word(token[0], at))
            at = token.end()
        if open_at:
            raise self.error(open_at[-1], f"{self.text[open_at[-1]]!r} is never closed")
        return tuple(lists[0])
