"""One request of an operation: who asks, once or anew, and the answer as bytes."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from countermand.access import Actor
from countermand.config import Config
from countermand.core.errors import Refused
from countermand.flows.once import Key, once
from countermand.operations.operation import Call, Operation, perform
from countermand.operations.plain import plain
from countermand.reads import installation

_KEY = re.compile(r"[\x21-\x7e]{1,200}")


@dataclass(frozen=True, slots=True)
class Asking:
    """Whoever asks, as the door found out, what configuration answers, and the ``Idempotency-Key`` if one was sent."""

    actor: Actor
    config: Config
    key: str | None = None


def answer(asked: Operation[..., Any], asking: Asking, given: Mapping[str, Any]) -> bytes:
    """The JSON of the answer. A repeated key gets the first answer; looking, stopping and whatever else is safe to repeat is
    always evaluated anew, and so is a rehearsal."""

    def run() -> str:
        call = Call(installation.act(asking.actor), asking.config)
        return json.dumps(plain(perform(asked, call, **given)), ensure_ascii=False)

    if asking.key is None or not asked.changes or asked.again:
        return run().encode()
    if not _KEY.fullmatch(asking.key):
        raise Refused("idempotency-key-form")
    if given.get("dry_run"):
        return run().encode()
    said = hashlib.sha256(json.dumps(plain(given), sort_keys=True).encode()).hexdigest()
    return once(Key(asking.actor.name, asked.name, asking.key, said), run, keep=not asked.secret).encode()
