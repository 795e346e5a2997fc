"""Handing over: what goes onto somebody else's list, what was put there before, and how to take back exactly that.

Somebody else's list is foreign state: it holds entries that are none of ours. What is ours follows from the receipts
alone, never from what a device or its owner is today; so an undo names what was added as it was named then.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from pyroaring import BitMap

from countermand.core import facts
from countermand.core.devices import Enrollment, IdentityKind, Platform
from countermand.core.directive import Consequence, Force
from countermand.core.facts import Block
from countermand.core.instants import Instant
from countermand.core.schedule import ends_at
from countermand.core.terms import Lineage, Terms
from countermand.core.verdict import exempt_at, in_scope


class Format(StrEnum):
    """Who reads the list: anything that takes a table, an Exchange administrator's shell, or what keeps apps off devices."""

    CSV = "csv"
    EXCHANGE_PS = "exchange-ps"
    INTUNE = "intune"
    APPLE_PROFILE = "apple-profile"
    APPLE_DECLARATION = "apple-declaration"
    ANDROID_POLICY = "android-policy"


class Thing(StrEnum):
    APP = "app"
    DEVICE = "device"


#: Formats that name apps alone, and the platforms of which they can.
APPS_ALONE: Mapping[Format, frozenset[Platform]] = {
    Format.INTUNE: frozenset(Platform),
    Format.APPLE_PROFILE: frozenset({Platform.IOS}),
    Format.APPLE_DECLARATION: frozenset({Platform.IOS}),
    Format.ANDROID_POLICY: frozenset({Platform.ANDROID}),
}

#: The names of a device that a list may carry. A per-device password's name opens nothing elsewhere and stays at home.
LISTED: frozenset[IdentityKind] = frozenset(IdentityKind) - {IdentityKind.PASSWORD}


@dataclass(frozen=True, slots=True, order=True)
class Item:
    """One entry of a list: an app id (no login), or one name of a device with its owner's login ('' if nobody's)."""

    thing: Thing
    login: str
    platform: Platform
    kind: str
    value: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """One numbered hand-over of a lineage: what it added and removed beyond all receipts of its format before it.

    ``undoes``: the last receipt before it whose additions it took back; None unless it is an undo.
    """

    number: int
    format: Format
    added: frozenset[Item]
    removed: frozenset[Item]
    at: Instant
    by: str
    undoes: int | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """``added`` and ``removed`` go into the receipt; ``adds`` and ``removes`` are what the list's reader is told to do,
    which is more if receipts may not have been carried out."""

    added: frozenset[Item]
    removed: frozenset[Item]
    adds: frozenset[Item]
    removes: frozenset[Item]


def held(receipts: Sequence[Receipt]) -> frozenset[Item]:
    """What we have on the list now, if every receipt (oldest first) was carried out."""
    found: frozenset[Item] = frozenset()
    for receipt in receipts:
        found = (found | receipt.added) - receipt.removed
    return found


def step(receipts: Sequence[Receipt], wanted: Collection[Item], since: int | None = None) -> Step:
    """From what we have there to what is wanted. ``since``: only receipts up to this number are known to be carried out,
    the later ones perhaps or in part; the step then leads to ``wanted`` from each of those states.

    Nothing that we never added is ever removed.
    """
    want = frozenset(wanted)
    have = held(receipts)
    sure = [receipt for receipt in receipts if since is None or receipt.number <= since]
    doubtful = [receipt for receipt in receipts if since is not None and receipt.number > since]
    surely = held(sure).difference(*(receipt.removed for receipt in doubtful))
    perhaps = held(sure).union(*(receipt.added for receipt in doubtful))
    return Step(want - have, have - want, want - surely, perhaps - want)


def in_force(lineage: Lineage, now: Instant) -> bool:
    """True if the lineage may hit anybody at ``now``: issued, unhalted, and its sunset has not come."""
    ends = ends_at(lineage.current.directive)
    return lineage.live and (ends is None or now < ends)


#: Consequences by how much follows from them.
_ORDER = (Consequence.REPORT_ONLY, Consequence.HAND_OVER, Consequence.DENY_MAIL)


def as_if_denying(lineage: Lineage) -> Lineage:
    """The lineage as if its consequence were to deny mail: its timeline then says whom it would deny, and from when.

    People told of a version that threatened less than today's are not held to that telling.
    """
    least = _ORDER.index(lineage.current.directive.consequence)
    return replace(lineage, versions=tuple(_denying(terms, least) for terms in lineage.versions))


def _denying(terms: Terms, least: int) -> Terms:
    if terms.directive.denies or _ORDER.index(terms.directive.consequence) < least:
        return terms
    return replace(terms, directive=replace(terms.directive, consequence=Consequence.DENY_MAIL))


def due_for_everybody(lineage: Lineage, now: Instant) -> bool:
    """Whether an order may strike whom nobody told: its last due and a resumption's notice are over, and its rings open."""
    due = lineage.current.last_due
    opened = not lineage.rings or len(lineage.rings_opened) >= lineage.rings
    return due is not None and max(due, lineage.not_before) <= now and opened


def supervised(block: Block, lineage: Lineage, platform: Platform, now: Instant) -> BitMap:
    """The offsets of a block's supervised devices to which an order speaks with force, but for who is exempt or protected."""
    terms = lineage.current
    bound = block.union(facts.ownership(one) for one in terms.ownerships(Force.MANDATORY))
    managed = block[facts.platform(platform)] & block[facts.enrollment(Enrollment.SUPERVISED)]
    return (in_scope(block, terms) & bound & managed) - exempt_at(block, lineage.id, now) - block[facts.PROTECTED]


def fits(item: Item, format_: Format) -> bool:
    """True if this format can carry the entry. Exchange knows a device by its ActiveSync id on its owner's mailbox."""
    if not item.value or not item.value.isprintable() or not item.login.isprintable():
        return False
    if format_ in APPS_ALONE:
        return item.thing is Thing.APP and item.platform in APPS_ALONE[format_]
    if format_ is Format.EXCHANGE_PS:
        return item.thing is Thing.DEVICE and item.kind == IdentityKind.EAS and bool(item.login)
    return item.thing is Thing.APP or item.kind in LISTED
