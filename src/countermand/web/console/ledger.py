"""The ledger at the console: what happened in plain words, the proof of each entry, and one directive's evidence as a file."""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.http import HttpResponse

from countermand.core.errors import Refused
from countermand.operations import evidence
from countermand.operations import ledger as operations
from countermand.operations.operation import Call
from countermand.reads.ledger import shown_about
from countermand.web.console.desk import Desk
from countermand.web.console.ledger_words import NAMES, WORDS, said
from countermand.web.console.screens import screen
from countermand.web.console.words import number

_PAGE = 50
#: What entries call instants.
_INSTANTS = frozenset({"due", "may_approve_from", "until", "not_before", "expires", "next"})


@screen("ledger/", action="oversee-ledger", about="the ledger")
def timeline(desk: Desk) -> HttpResponse:
    """Entries, newest first, of one kind, by one account or about one directive if that is asked. Who only oversees sees what was
    done and not to whom."""
    if not desk.may("audit"):
        return _words_alone(desk)
    asked = {name: desk.asked(name) for name in ("kind", "actor", "about")}
    before = number(desk.asked("before"))
    found = desk.do(operations.list_entries, asked["kind"], asked["actor"], asked["about"], before=before, limit=_PAGE)
    rows = [{"shown": one, "words": said(one.entry), "about": _about(shown_about(one.entry))} for one in found]
    older = found[-1].id if len(found) == _PAGE else None
    return desk.page("ledger.html", rows=rows, asked=asked, kinds=sorted(WORDS), older=older)


def _words_alone(desk: Desk) -> HttpResponse:
    asked = {name: desk.asked(name) for name in ("kind", "about")}
    found = desk.do(operations.list_happenings, asked["kind"], asked["about"], before=number(desk.asked("before")), limit=_PAGE)
    rows = [(one, WORDS.get(one.kind, one.kind)) for one in found]
    older = found[-1].id if len(found) == _PAGE else None
    return desk.page("ledger_words.html", rows=rows, asked=asked, kinds=sorted(WORDS), older=older)


@screen("ledger/verify/", "POST", action="audit", about="the ledger")
def verify(desk: Desk) -> HttpResponse:
    """Compute everything anew, and say what came of it."""
    try:
        found, problem = desk.do(operations.verify_ledger), None
    except Refused as refused:
        if not refused.code.startswith("ledger-"):
            raise
        found, problem = None, refused
    return desk.page("ledger_verified.html", found=found, problem=problem)


@screen("ledger/<int:leaf>/", action="audit", about="the ledger")
def proof(desk: Desk, leaf: int) -> HttpResponse:
    """One entry's proof, which stands alone, as a file."""
    made = desk.do(operations.prove_entry, leaf)
    return _file(made.proof.encode(), "text/plain; charset=utf-8", f"entry-{leaf}.tlog-proof")


@screen("ledger/evidence/", "POST", action="audit", about="one directive's evidence")
def evidence_file(desk: Desk) -> HttpResponse:
    """Everything that proves what a directive did, as one file. Its making is recorded."""
    name = desk.said("directive")
    with tempfile.TemporaryDirectory(prefix="countermand-") as folder:
        file = Path(folder) / "evidence.zip"
        evidence.pack(Call(desk.act, desk.config), name, file)
        return _file(file.read_bytes(), "application/zip", f"evidence-{name}.zip")


def _about(about: Mapping[str, Any]) -> list[tuple[str, object, bool]]:
    """(name, value, whether it is an instant), without what says nothing."""
    return [
        (NAMES.get(key, key.replace("_", " ")), *((value, True) if _instant(key, value) else (_plainly(value), False)))
        for key, value in about.items()
        if value not in ("", None, [], {})
    ]


def _instant(key: str, value: object) -> bool:
    return key in _INSTANTS and isinstance(value, int)


def _plainly(value: object) -> object:
    """Words for what is nested; how many entered and left a set as one change of it."""
    if isinstance(value, dict):
        if value.keys() == {"entered", "left"}:
            return " ".join(f"{sign}{value[way]}" for way, sign in (("entered", "+"), ("left", "−")) if value[way]) or "0"
        return ", ".join(f"{NAMES.get(key, key.replace('_', ' '))} {_plainly(one)}" for key, one in value.items())
    return "; ".join(str(_plainly(one)) for one in value) if isinstance(value, list) else value


def _file(body: bytes, kind: str, name: str) -> HttpResponse:
    response = HttpResponse(body, content_type=kind)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
