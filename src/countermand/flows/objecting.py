"""Objecting: what an employee says against an order, or of a device, goes to a human with a name, who can lift and has a time
to answer in. When it runs out, somebody else has it.

"This is not my phone" cuts that pair at the gates, the person's mail on that device and nothing else; it lifts nothing, because
the pair stays cut whatever becomes of the device's orders. It is mended by the same person's word, or by whoever answers.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from countermand.access import TABLE, Act, require
from countermand.core import disowned
from countermand.core.devices import MAIL_KINDS
from countermand.core.errors import Refused
from countermand.core.instants import HOUR
from countermand.core.people import normal_login
from countermand.store import directory, feed, fleet, log, objections, operators
from countermand.store.objections import NOT_MINE, Objection
from countermand.store.unit import unit

#: A contest is a few sentences for a human.
LONGEST = 2_000
#: How often one person may say something against an order before the first is answered.
_MOST_OPEN = 20
#: Objections that one turn of the worker passes on.
_MOST = 100


@dataclass(frozen=True, slots=True)
class Hearing:
    """Who answers: names of operators, '' for everybody who may; ``beyond``: who is asked when they do not; ``within``: how long
    each has, in milliseconds."""

    answerers: tuple[str, ...] = ()
    beyond: tuple[str, ...] = ()
    within: int = 24 * HOUR


def add(act: Act, hearing: Hearing, kind: str, me: int, device: int, name: str, words: str) -> Objection:
    """Inside a unit: it is said, and somebody has it. Refused ``words-too-long``, ``said-already``."""
    said = words.strip()
    if len(said) > LONGEST:
        raise Refused("words-too-long", limit=LONGEST)
    open_ = [one for one in objections.of_person(me) if one.answered_at is None or one.cuts]
    if any((one.kind, one.device, one.lineage) == (kind, device, name) for one in open_) or len(open_) >= _MOST_OPEN:
        raise Refused("said-already")
    login = directory.logins([me])[me]
    answerer = _answerer(login, hearing.answerers, ())
    first = not objections.any_cut()
    made = objections.add(kind, me, device, name, said, act.now, answerer, act.now + hearing.within)
    about = {"kind": kind, "lineage": name, "objection": made, "answerer": answerer}
    log.append("objected", act, about, _subjects(login, device))
    if kind == NOT_MINE:
        _say_to_gates(login, device)
        if first:
            feed.mark("denials", disowned.LINEAGE, disowned.BLOCK)
            feed.mark("lineage", disowned.LINEAGE)
    return _found(made)


def escalate(act: Act, hearing: Hearing) -> int:
    """Whatever nobody answered in time goes on to somebody else; returns how much did."""
    require(act.actor, "sweep")
    if not objections.late(act.now, 1):
        return 0
    with unit():
        late = objections.late(act.now, _MOST)
        for one in late:
            login = directory.logins([one.person])[one.person]
            to = _answerer(login, hearing.beyond or _may(("administrator", "operator")), (one.answerer,))
            objections.pass_on(one.pk, to or one.answerer, act.now + hearing.within, one.escalated + 1)
            about = {"objection": one.pk, "from": one.answerer, "to": to or one.answerer, "time": one.escalated + 1}
            log.append("objection-escalated", act, about, _subjects(login, one.device))
    return len(late)


def take_back(act: Act, me: int, objection: int) -> None:
    """The person says that the device is theirs after all. Their mail works on it as far as no order denies it. Refused
    ``not-found``."""
    with unit():
        found = _found(objection)
        if found.person != me or not found.cuts:
            raise Refused("not-found", what="device that you disowned", name=str(objection), nearest="none")
        mend(act, found)
        if found.answered_at is None:
            objections.answer(found.pk, "", "employee", act.now)


def mend(act: Act, found: Objection) -> None:
    """Inside a unit: a cut pair is one no more; what orders make of the device holds for it again."""
    login = directory.logins([found.person])[found.person]
    objections.mend(found.pk, act.now)
    _say_to_gates(login, found.device)
    log.append("pair-mended", act, {"objection": found.pk}, _subjects(login, found.device))


def _found(pk: int) -> Objection:
    found = objections.find(pk)
    if found is None:
        raise Refused("not-found", what="objection", name=str(pk), nearest="none")
    return found


def _answerer(login: str, wanted: Sequence[str], but: Collection[str]) -> str:
    """Whoever of these has least to answer: never the person, and of those in ``but`` only if there is nobody else. '' if nobody
    can."""
    may = [name for name in wanted or _may(("helpdesk",)) or _may(("operator",)) if normal_login(name) != login]
    able = [name for name in may if name in _may(tuple(TABLE["unblock"]))]
    loads = objections.load_of(able)
    fresh = [name for name in able if name not in but] or able
    return min(fresh, key=lambda name: (loads.get(name, 0), fresh.index(name)), default="")


def _may(roles: Sequence[str]) -> tuple[str, ...]:
    return tuple(one.name for one in operators.every() if one.active and one.roles & set(roles))


def _say_to_gates(login: str, device: int) -> None:
    names = fleet.identities([device]).get(device, [])
    feed.mark_names((login, one.kind.value, one.value) for one in names if one.kind in MAIL_KINDS)


def _subjects(login: str, device: int) -> list[str]:
    return [f"device:{device}", f"person:{login}"]
