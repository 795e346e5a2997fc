"""Refused: the only exception the core raises, and the catalogue that gives each code its words.

The catalogue (core/codes.py) is the single source of an error's sentence, remedy, exit code and HTTP
status; docs/errors.md is generated from it. Code matches on ``code``, never on a sentence.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from countermand.core.code import Code
from countermand.core.codes import CODES


@dataclass(frozen=True, slots=True)
class Where:
    """A place in something a person wrote. Lines and columns count from 1; None = not known."""

    file: str | None = None
    line: int | None = None
    column: int | None = None
    field: str | None = None

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.file, self.line, self.column) if part is not None)
        return " ".join(part for part in (place, f"({self.field})" if self.field else "") if part)


def field_of(path: Sequence[str | int]) -> str:
    """A path into a document as people write it: ``stages[0].due``."""
    parts = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return "".join(parts).removeprefix(".")


class Refused(Exception):
    """Something was asked that may not, or cannot, be done; nothing was changed."""

    def __init__(self, code: str, where: Where | None = None, **params: Any) -> None:
        self.code = code
        self.where = where
        self.params = params
        super().__init__(code)

    @property
    def entry(self) -> Code:
        """What the catalogue says about this code; an unknown code is a programming error (KeyError)."""
        return CODES[self.code]

    @property
    def sentence(self) -> str:
        """What is wrong, in words, with this refusal's parameters filled in."""
        return self.entry.sentence.format_map(self.params)

    @property
    def remedy(self) -> str:
        """What to do about it, in words."""
        return self.entry.remedy.format_map(self.params)

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where and str(self.where) else ""
        return f"{place}{self.sentence} {self.remedy} [{self.code}]"


class RefusedMany(Refused):
    """Several refusals about one document or file, reported together so that one round of mending suffices."""

    def __init__(self, problems: "list[Refused]") -> None:
        self.problems = problems
        super().__init__(problems[0].code, problems[0].where, **problems[0].params)

    def __str__(self) -> str:
        return "\n".join(str(problem) for problem in self.problems)
