"""Refusals over HTTP: RFC 9457 problems with the stable codes of the catalogue. What a stranger gets says nothing of anybody."""

import json
from dataclasses import dataclass
from typing import Any

from countermand.core.codes import CODES
from countermand.core.errors import Refused, RefusedMany

KIND = "application/problem+json"
#: Where the API explains a code; ``type`` of a problem, relative to the server.
EXPLAINED = "/api/v1/problems/{code}"
_INTERNAL = "Countermand failed to answer."


@dataclass(frozen=True, slots=True)
class Place:
    """Where in something a person wrote: lines and columns count from 1."""

    file: str | None
    line: int | None
    column: int | None
    field: str | None


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong."""

    code: str
    sentence: str
    remedy: str
    where: Place | None


@dataclass(frozen=True, slots=True)
class Problem:
    """RFC 9457. ``title`` is the sentence and ``detail`` what to do; ``code`` is stable and never renamed. ``problems``: all
    that is wrong with a document or file, the first one being this."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    where: Place | None
    problems: tuple[Fault, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """What the catalogue says of a code; words in braces are filled in by a problem."""

    code: str
    sentence: str
    remedy: str
    status: int
    exit: int


def problem_of(refused: Refused) -> Problem:
    faults = [_fault(one) for one in (refused.problems if isinstance(refused, RefusedMany) else [refused])]
    first = faults[0]
    status, code = refused.entry.http, first.code
    return Problem(EXPLAINED.format(code=code), first.sentence, status, first.remedy, code, first.where, tuple(faults))


def internal(reference: str) -> Problem:
    """A fault of ours. Its kind and place are in the log under the reference, and nowhere else."""
    remedy = f"Look in the server's log for {reference}, and report it."
    fault = Fault("internal", _INTERNAL, remedy, None)
    return Problem(EXPLAINED.format(code="internal"), _INTERNAL, 500, remedy, "internal", None, (fault,))


def explained(code: str) -> Explanation:
    """Refused ``not-found``."""
    if code == "internal":
        return Explanation(code, _INTERNAL, "Look in the server's log.", 500, 70)
    entry = CODES.get(code)
    if entry is None:
        raise Refused("not-found", what="code", name=code, nearest="see docs/errors.md")
    return Explanation(code, entry.sentence, entry.remedy, entry.http, entry.exit)


def encoded(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def _fault(refused: Refused) -> Fault:
    where = refused.where
    place = Place(where.file, where.line, where.column, where.field) if where else None
    return Fault(refused.code, refused.sentence, refused.remedy, place)
