"""What a stream says about itself: that it works, and that somebody here changed whether it is enabled."""

import json
import secrets
from collections.abc import Mapping
from typing import Any

from countermand.core import caep
from countermand.core.believed import Known
from countermand.core.caep import Status
from countermand.lib import clock
from countermand.store import said
from countermand.store.said import Statement
from countermand.store.streams import Stream


def about_stream(stream: Stream) -> str:
    return caep.canonical(caep.of_stream(stream.stream_id))


def verification(state: str | None) -> str:
    """``state``: what the receiver wants back; None for one that it did not ask for."""
    return _about({} if state is None else {"state": state})


def verify(stream: Stream, state: str | None) -> None:
    """Let a verification wait, in a unit; one that waits already is replaced."""
    _wait(stream, said.VERIFICATION, verification(state))


def updated(stream: Stream, status: Status, reason: str) -> None:
    """Let the word wait that somebody here changed the stream's status; the last such change counts."""
    _wait(stream, said.UPDATED, _about({"status": status.value} | ({"reason": reason} if reason else {})))


def _wait(stream: Stream, kind: str, about: str) -> None:
    jti = secrets.token_urlsafe(18)
    row = Statement(kind, kind, about_stream(stream), None, None, Known(), jti, about, clock.now(), said.FIRST)
    said.save(stream.pk, [row])


def _about(event: Mapping[str, Any]) -> str:
    return json.dumps({"event": dict(event), "txn": secrets.token_hex(12)}, ensure_ascii=False, separators=(",", ":"))
