"""Once: a request with an idempotency key changes something at most once, whatever crashes and whoever repeats it.

The key is written in the transaction of the change. The answer is kept just after; a crash in between leaves a key without
an answer, and whoever repeats the request hears that it was carried out. A refusal changed nothing and is not kept.
"""

from collections.abc import Callable
from threading import Event

from countermand.core.errors import Refused
from countermand.lib import clock
from countermand.store import answers
from countermand.store.answers import Key, Taken
from countermand.store.unit import writing_first

__all__ = ["Key", "once"]

#: How often, and after how many seconds each, to look again for the answer of whoever was first by a moment.
_LOOKS, _PAUSE = 40, 0.05


def once(key: Key, run: Callable[[], str], *, keep: bool = True) -> str:
    """The answer of ``run``, or the first answer to the same request. ``keep`` false: it holds a secret, and is not kept.

    Refused ``idempotency-key-reused`` for another body under the same key, ``answer-not-kept`` if it was done and its answer
    is not known.
    """
    if (earlier := _earlier(key)) is not None:
        return earlier
    try:
        with writing_first(lambda: answers.claim(key, clock.now())):
            answer = run()
    except (Taken, Refused):
        # Whoever was faster may be the reason for the refusal; then theirs is the answer.
        if (earlier := _earlier(key)) is not None:
            return earlier
        raise
    if keep:
        answers.complete(key, answer)
    return answer


def _earlier(key: Key) -> str | None:
    for _ in range(_LOOKS):
        found = answers.find(key)
        if found is None:
            return None
        digest, answer = found
        if digest != key.body_digest:
            raise Refused("idempotency-key-reused")
        if answer:
            return answer
        Event().wait(_PAUSE)
    raise Refused("answer-not-kept")
