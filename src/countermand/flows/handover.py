"""Handing over to whatever enforces, and taking back exactly what was handed over. ``judge`` never reads a receipt.

A lineage that is halted, rescinded or over wants nothing on anybody's list: its next hand-over takes away what is there.
"""

import hashlib
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass

from countermand.access import Act, require
from countermand.core.directive import Consequence
from countermand.core.errors import Refused
from countermand.core.handover import APPS_ALONE, Format, Item, Receipt, Step, Thing, fits, held, in_force, step
from countermand.core.instants import Instant
from countermand.core.terms import Lineage
from countermand.flows import denials
from countermand.ledger.entry import MOST_LISTED
from countermand.levers import android_policy, apple_policy, csv, exchange, intune_policy
from countermand.levers.head import Head
from countermand.levers.policy import Change, Policy
from countermand.store import directives, directory, evidence, fleet, log, receipts, terms
from countermand.store.unit import reading, unit

_LISTS: Mapping[Format, Callable[[Head, Collection[Item], Collection[Item]], str]] = {
    Format.CSV: csv.render,
    Format.EXCHANGE_PS: exchange.render,
}
_POLICIES: Mapping[Format, Policy] = {
    Format.INTUNE: intune_policy.POLICY,
    Format.APPLE_PROFILE: apple_policy.PROFILE,
    Format.APPLE_DECLARATION: apple_policy.DECLARATION,
    Format.ANDROID_POLICY: android_policy.POLICY,
}


@dataclass(frozen=True, slots=True)
class Handover:
    """``receipt``: None if there was nothing to say, and then nothing was written. ``adds`` and ``removes`` count what
    ``text`` says; ``held``: entries on the list once it is carried out. ``unlisted``: devices that should be on the list and
    have no name that this format carries; ``effects``: of a policy, what it does beside what is meant."""

    lineage: str
    format: Format
    receipt: int | None
    adds: int
    removes: int
    held: int
    unlisted: int
    text: str
    effects: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Wanted:
    items: frozenset[Item] = frozenset()
    unlisted: int = 0


@dataclass(frozen=True, slots=True)
class _Standing:
    """What a list was made from; if it is another when the receipt is written, the list is not handed over."""

    last: int
    version: int | None = None
    live: bool = False


def handover(act: Act, name: str, format_: Format, *, since: int | None = None, undo: bool = False) -> Handover:
    """The changes that bring somebody else's list up to date, as a text, with a receipt.

    ``since``: the last receipt known to be carried out, if not all were. ``undo``: everything that we put there goes, whatever
    the directive says now. Refused ``not-found``, ``never-issued``, ``report-only``, ``unknown-receipt``, ``policy-not-taken``
    and ``handed-over-meanwhile`` if somebody else handed over, or the directive changed, while the list was made.
    """
    require(act.actor, "undo-handover" if undo else "handover")
    with reading():
        standing = _standing(name, act.now, undo)
        before = receipts.of(name, format_)
        _check(name, format_, before, since)
        wanted = _Wanted() if undo else _wanted(name, format_, act.now)
    done = step(before, wanted.items, since)
    receipt = Receipt(standing.last + 1, format_, done.added, done.removed, act.now, act.actor.name, _undone(before, undo))
    after = held([*before, receipt])
    if not done.adds and not done.removes:
        return Handover(name, format_, None, 0, 0, len(after), wanted.unlisted, "")
    head = Head(name, receipt.number, act.now, act.actor.name, _due(name))
    text = _text(format_, head, done, after)
    _keep(act, name, receipt, done, lambda: _standing(name, act.now, undo) == standing)
    effects = _POLICIES[format_].effects if format_ in _POLICIES else ()
    counts = (len(done.adds), len(done.removes), len(after), wanted.unlisted)
    return Handover(name, format_, receipt.number, *counts, text, effects)


def _text(format_: Format, head: Head, done: Step, after: frozenset[Item]) -> str:
    """A list says what changes; a policy also what then stands. Refused ``policy-not-taken``."""
    if format_ in _LISTS:
        return _LISTS[format_](head, done.adds, done.removes)
    try:
        return _POLICIES[format_].render(head, Change(done.adds, done.removes, after))
    except ValueError as wrong:
        raise Refused("policy-not-taken", name=head.directive, format=format_.value, why=str(wrong)) from wrong


def _keep(act: Act, name: str, receipt: Receipt, done: Step, still: Callable[[], bool]) -> None:
    """The receipt and its ledger entry. Long lists were made and packed before: this transaction is short."""
    added, removed = receipts.pack(receipt.added), receipts.pack(receipt.removed)
    digest = hashlib.sha256(added + removed).hexdigest()
    about = {
        "lineage": name,
        "receipt": receipt.number,
        "format": receipt.format.value,
        "added": len(done.added),
        "removed": len(done.removed),
        "undoes": receipt.undoes,
    }
    with unit():
        if not still():
            raise Refused("handed-over-meanwhile", name=name)
        receipts.add(name, receipt, added, removed)
        kind = "handed-over" if receipt.undoes is None else "handover-undone"
        log.append(kind, act, about, _subjects(name, receipt, digest))


def _subjects(name: str, receipt: Receipt, digest: str) -> list[str]:
    """The people concerned, as long as an entry lists them singly; always the list as a whole, under a salt like a person's,
    because the bare digest of a short list could be guessed."""
    people = sorted({f"person:{item.login}" for item in receipt.added | receipt.removed if item.login})
    return [f"receipt:{name}:{receipt.number}:{digest}", *(people if len(people) < MOST_LISTED else ())]


def _undone(before: list[Receipt], undo: bool) -> int | None:
    return before[-1].number if undo and before else None


def _due(name: str) -> Instant | None:
    lineage = terms.lineage(name)
    return None if lineage is None else lineage.current.last_due


def _standing(name: str, now: Instant, undo: bool) -> _Standing:
    """For an undo only the receipts matter: nothing that happens to the directive may hold it up."""
    if undo:
        return _Standing(receipts.last(name))
    lineage = terms.lineage(name)
    live = lineage is not None and in_force(lineage, now)
    return _Standing(receipts.last(name), lineage.current.row if lineage else None, live)


def _check(name: str, format_: Format, before: list[Receipt], since: int | None) -> None:
    directives.known(name)
    numbers = [receipt.number for receipt in before]
    if since is not None and since not in (0, *numbers):
        known = ", ".join(str(number) for number in numbers) or "none"
        raise Refused("unknown-receipt", name=name, number=since, format=format_.value, known=known)
    if numbers:
        return
    if all(row.issued_at is None for row in directives.versions(name)):
        raise Refused("never-issued", name=name)
    lineage = terms.lineage(name)
    if lineage is not None and lineage.current.directive.consequence is Consequence.REPORT_ONLY:
        raise Refused("report-only", name=name)


def _wanted(name: str, format_: Format, now: Instant) -> _Wanted:
    """What belongs on the list now: the approved app ids, and the names of every device that is (or would be) denied."""
    lineage = terms.lineage(name)
    if lineage is None or not in_force(lineage, now) or lineage.current.directive.consequence is Consequence.REPORT_ONLY:
        return _Wanted()
    items, unlisted = set(_apps(lineage)), 0
    if format_ in APPS_ALONE:
        return _Wanted(frozenset(item for item in items if fits(item, format_)))
    for ordinals in denials.ordinals(lineage, now):
        named = _names(ordinals, format_)
        unlisted += len(ordinals) - len(named)
        items.update(*named.values())
    return _Wanted(frozenset(item for item in items if fits(item, format_)), unlisted)


def _apps(lineage: Lineage) -> Iterator[Item]:
    numbers = [number for found in lineage.current.apps.values() for number in found]
    for app in evidence.apps(numbers).values():
        yield Item(Thing.APP, "", app.platform, "app", app.id)


def _names(ordinals: list[int], format_: Format) -> dict[int, set[Item]]:
    """Device → its entries, for those that have any in this format."""
    rows = fleet.load(ordinals)
    logins = directory.logins({row.owner for row in rows.values() if row.owner is not None})
    found: dict[int, set[Item]] = {}
    for ordinal, identities in fleet.identities(ordinals).items():
        row = rows[ordinal]
        login = logins.get(row.owner, "") if row.owner is not None else ""
        items = {Item(Thing.DEVICE, login, row.platform, identity.kind.value, identity.value) for identity in identities}
        if fitting := {item for item in items if fits(item, format_)}:
            found[ordinal] = fitting
    return found
