"""Structured logs: one JSON object a line on standard error, from every process, whatever raised it.

Nothing secret or personal may stand in one: no token, login, address or device id. So of a failure its code or kind and
place are said and never its text, which may quote what it was about; a name that must be recognised is said as a keyed digest.
"""

import contextlib
import json
import logging
import sys
import threading
import traceback
from collections.abc import Mapping
from hashlib import blake2b
from types import TracebackType
from typing import Any, TextIO

from countermand.core.errors import Refused
from countermand.core.instants import iso
from countermand.lib import clock

_ENCODED = json.JSONEncoder(default=str, ensure_ascii=False).encode


def say(event: str, **about: object) -> None:
    """One line. ``about``: plain values, none of them a name of a person or device."""
    write(sys.stderr, event, about)


def write(out: TextIO, event: str, about: Mapping[str, object]) -> None:
    """The same, elsewhere."""
    line = {"at": iso(clock.now()), "event": event, "thread": threading.current_thread().name, **about}
    with contextlib.suppress(OSError):  # a log's disk that is full ends nothing: neither an answer nor a process
        out.write(_ENCODED(line) + "\n")
        out.flush()


def failure(wrong: BaseException) -> dict[str, str]:
    """What may be said of a failure: ``code`` (of a refusal, or the exception's kind) and ``why``, where it has words of ours
    or the system's; ``place``: where it was raised, unless it is a refusal."""
    if isinstance(wrong, Refused):
        return {"code": wrong.code, "why": wrong.entry.remedy.split("{")[0]}
    frames = traceback.extract_tb(wrong.__traceback__)
    place = " < ".join(f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno}" for frame in reversed(frames[-4:]))
    why = wrong.strerror or "" if isinstance(wrong, OSError) else ""
    return {"code": type(wrong).__name__, "why": why, "place": place}


def pseudonym(key: bytes, kind: str, name: str) -> str:
    """The same name gives the same 12 characters, under this key alone: enough to follow somebody through a log, and to find
    a name that one knows; no way back."""
    return blake2b(f"log\0{kind}\0{name}".encode(), digest_size=6, key=key).hexdigest()


class JsonLines(logging.Formatter):
    """What libraries log, in the same form. Of an exception only what ``failure`` says."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {"at": iso(int(record.created * 1000)), "event": "log", "level": record.levelname.lower()}
        line |= {"from": record.name, "message": str(record.msg).splitlines()[0][:200] if record.msg else ""}
        if record.exc_info and record.exc_info[1]:
            line |= failure(record.exc_info[1])
        return json.dumps(line, ensure_ascii=False)


def take_over() -> None:
    """From now on everything that this process says on its own is a line of JSON: libraries' logs and failures nobody caught."""
    out = logging.StreamHandler()
    out.setFormatter(JsonLines())
    root = logging.getLogger()
    root.handlers[:] = [out]
    root.setLevel(logging.WARNING)
    sys.excepthook = _uncaught
    threading.excepthook = lambda found: say("failed", **failure(found.exc_value or RuntimeError()))


def _uncaught(kind: type[BaseException], wrong: BaseException, trace: TracebackType | None) -> None:
    if isinstance(wrong, KeyboardInterrupt):
        return
    say("failed", **failure(wrong))
