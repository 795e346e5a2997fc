"""The life of one version as one table: what people may do in which state, and what becomes of it.

The clock changes no state (core.schedule derives the phase), and ``halted`` is a flag of the lineage, not a state:
halting and resuming stand in the table because they are allowed in one state only, not because they change it.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from countermand.core.errors import Refused


class State(StrEnum):
    DRAFT = "draft"
    PROPOSED = "proposed"
    ISSUED = "issued"
    WITHDRAWN = "withdrawn"
    RESCINDED = "rescinded"
    SUPERSEDED = "superseded"


class Verb(StrEnum):
    WRITE = "write"
    PROPOSE = "propose"
    APPROVE = "approve"
    ISSUE = "issue"
    WITHDRAW = "withdraw"
    HALT = "halt"
    RESUME = "resume"
    SUPERSEDE = "supersede"
    RESCIND = "rescind"


class EndGround(StrEnum):
    """Why an issued directive was rescinded; the correction says which."""

    SENT_IN_ERROR = "sent-in-error"
    CHANGED = "changed"
    EXPIRED = "expired"


#: (state, verb) → state. What is not here is refused. An edit of a proposed text makes it a draft again, without approvals.
TRANSITIONS: Mapping[tuple[State, Verb], State] = MappingProxyType(
    {
        (State.DRAFT, Verb.WRITE): State.DRAFT,
        (State.DRAFT, Verb.PROPOSE): State.PROPOSED,
        (State.DRAFT, Verb.WITHDRAW): State.WITHDRAWN,
        (State.PROPOSED, Verb.WRITE): State.DRAFT,
        (State.PROPOSED, Verb.APPROVE): State.PROPOSED,
        (State.PROPOSED, Verb.ISSUE): State.ISSUED,
        (State.PROPOSED, Verb.WITHDRAW): State.WITHDRAWN,
        (State.ISSUED, Verb.APPROVE): State.ISSUED,  # of a resumption
        (State.ISSUED, Verb.HALT): State.ISSUED,
        (State.ISSUED, Verb.RESUME): State.ISSUED,
        (State.ISSUED, Verb.SUPERSEDE): State.SUPERSEDED,
        (State.ISSUED, Verb.RESCIND): State.RESCINDED,
    }
)


def after(state: str, verb: str) -> State:
    """The state of a version after ``verb``; Refused ``wrong-state`` when the table has no such step."""
    found = TRANSITIONS.get((State(state), Verb(verb)))
    if found is None:
        raise Refused("wrong-state", verb=str(verb), state=str(state), allowed=", ".join(verbs(state)) or "nothing")
    return found


def verbs(state: str) -> tuple[Verb, ...]:
    """What may be done in this state, in the order of the table."""
    return tuple(verb for (begin, verb) in TRANSITIONS if begin == state)


def final(state: str) -> bool:
    """True if nothing can happen to a version in this state any more."""
    return not verbs(state)


def diagram() -> str:
    """The table as a Mermaid state diagram: steps of the same direction share one arrow."""
    arrows: dict[tuple[State, State], list[Verb]] = {}
    for (begin, verb), end in TRANSITIONS.items():
        arrows.setdefault((begin, end), []).append(verb)
    lines = ["stateDiagram-v2", f"    [*] --> {State.DRAFT}: {Verb.WRITE}"]
    lines += [f"    {begin} --> {end}: {', '.join(found)}" for (begin, end), found in arrows.items()]
    lines += [f"    {state} --> [*]" for state in State if final(state)]
    return "\n".join(lines) + "\n"


def page() -> str:
    """The text of docs/lifecycle.md, generated from the table."""
    rows = "\n".join(f"| `{begin}` | `{verb}` | `{end}` |" for (begin, verb), end in TRANSITIONS.items())
    return (
        "# The life of a directive\n\n"
        "Generated from `core/lifecycle.py`; the table there is what the program obeys. People change the state, the clock\n"
        "only changes the phase (`notice`, `enforced`, `expired`) of an issued one. *Halted* is a flag, not a state: a halted\n"
        "directive stays issued and denies nobody.\n\n"
        f"```mermaid\n{diagram()}```\n\n"
        f"| state | verb | becomes |\n|---|---|---|\n{rows}\n\n"
        f"A rescission names its ground: {', '.join(f'`{ground}`' for ground in EndGround)}.\n"
    )
