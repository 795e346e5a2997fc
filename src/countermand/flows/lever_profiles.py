"""Profiles that keep apps off devices: what each device is to have, what follows from the receipts, and what devices say.

A device that acknowledges the profile, or names it among those that it has, proves that its version is in force there: evidence
of grade ``prevented``, with the apps of that version as its coverage. It proves nothing of an app that is there, which is hidden
and not gone: so what is known to be present is left out of the coverage. That a profile is gone ends what it proved.
"""

from collections.abc import Collection, Iterable, Mapping, MutableMapping, Sequence

from msgspec.structs import replace

from countermand.access import Act
from countermand.core.apps import App
from countermand.core.coverage import Coverage, Grade, Report
from countermand.core.devices import Platform
from countermand.core.instants import DAY
from countermand.core.lever import NOTHING, Left, clause
from countermand.core.mentions import Mention
from countermand.core.terms import Lineage
from countermand.levers import apple_profile
from countermand.levers.apple_profile import INSTALL, REMOVE
from countermand.levers.kinds import KINDS
from countermand.levers.lever import Seen
from countermand.sources.source import Answer, Posted
from countermand.store import entries, evidence, fleet, lease, levers, log
from countermand.store.entries import Entry, Settled
from countermand.store.levers import LeverRow

_WAITS = "the device has not said yet that it has it"
_FAILED = "the device did not take it"
#: After so long a device that did not take it is told once more.
_RETRY = DAY


def values(mark: str, lineages: Collection[Lineage], wanted: Iterable[frozenset[str]]) -> dict[frozenset[str], str]:
    """What a device is to have that these orders speak to, by their ids: the apps of all of them. Inside a unit."""
    numbers = {one.id: one.current.apps.get(Platform.IOS, frozenset[int]()) for one in lineages}
    named = evidence.apps(frozenset[int]().union(*numbers.values()))
    found = {}
    for orders in wanted:
        ids = frozenset(named[one] for order in orders for one in numbers[order])
        found[orders] = apple_profile.value(mark, evidence.coverage_number(Coverage(ids))) if ids else NOTHING
    return found


def learn(apps: MutableMapping[str, Sequence[str]], written: Iterable[str]) -> None:
    """Which apps the values name that are about to be written."""
    for value in {*written} - apps.keys() - {NOTHING}:
        apps[value] = [app.id for app in sorted(_apps_of(value))]


def seen(mark: str, rows: Sequence[Entry]) -> dict[str, Seen]:
    """As if the entries were read: what was sent is there. What may have been sent is something of ours, and is sent anew."""
    found = {}
    for row in rows:
        value = row.receipt.value if row.receipt.asked is None else clause(mark, NOTHING)
        found[row.key] = Seen(value, idle=row.idle if value == row.want else _WAITS)
    return found


def heard(act: Act, source: str, posted: Posted) -> tuple[Mention, ...]:
    """Inside the unit that takes an event: its mentions, with what the device's answer proves of our profiles."""
    answer = posted.answer
    if answer is None or not posted.mentions:
        return posted.mentions
    told = apple_profile.told(answer.ticket)
    if told is None and answer.profiles is None:
        return posted.mentions
    mentions = posted.mentions
    for lever in levers.every():
        if KINDS[lever.kind].prevents is None or not (told is None or answer.profiles is not None or told.mark == lever.mark):
            continue
        row = entries.keyed(lever.pk, [answer.who], lease.real()).get(answer.who)
        if answer.profiles is not None:
            mentions = _listed(act, source, lever, row, answer, mentions)
        elif told is not None and told.verb == INSTALL:
            mentions = _installed(act, source, lever, row, answer, told.value, mentions)
        elif told is not None and told.verb == REMOVE:
            mentions = _released(mentions)
    return mentions


def _installed(
    act: Act, source: str, lever: LeverRow, row: Entry | None, answer: Answer, value: str, mentions: tuple[Mention, ...]
) -> tuple[Mention, ...]:
    """The device has the profile, or could not take it. What no receipt knows, as after a restore, is ours by its mark, and
    goes unless it is wanted."""
    if row is None:
        entries.adopt(lever.pk, [answer.who] if answer.done else [])
        return mentions
    if value not in {row.receipt.value, row.receipt.asked}:
        return mentions  # something else was sent since, and is answered in its turn
    if not answer.done:  # what it had before it may have still
        again = lease.real() + _RETRY
        entries.settle([Settled(row.pk, row.receipt.was, NOTHING, left=Left.REFUSED, why=_FAILED, retry=again)])
        return _released(mentions)
    entries.settle([Settled(row.pk, value, row.receipt.was, idle=NOTHING)])
    return _prevented(source, answer, value, mentions)


def _listed(
    act: Act, source: str, lever: LeverRow, row: Entry | None, answer: Answer, mentions: tuple[Mention, ...]
) -> tuple[Mention, ...]:
    """The device said all that it has. A profile of which it has not said yet that it came may be on its way."""
    found = (answer.profiles or {}).get(apple_profile.identifier(lever.mark))
    if row is None or not row.receipt.value:
        if found is not None and row is None:
            entries.adopt(lever.pk, [answer.who])
        return mentions
    value = row.receipt.value
    if found is not None and found.upper() == apple_profile.profile(lever.mark, [one.id for one in sorted(_apps_of(value))])[1]:
        entries.settle([Settled(row.pk, value, row.receipt.was, idle=NOTHING)])
        return _prevented(source, answer, value, mentions)
    if row.idle == NOTHING and row.receipt.asked is None and row.want == value:
        entries.settle([Settled(row.pk, NOTHING, NOTHING, left=Left.REMOVED if found is None else Left.CHANGED)])
        log.append("lever-left-alone", act, {"lever": lever.name, "entries": 1}, [f"device:{row.device}"])
    return _released(mentions)


def _prevented(source: str, answer: Answer, value: str, mentions: tuple[Mention, ...]) -> tuple[Mention, ...]:
    first, *others = mentions
    devices = set(fleet.find(set(first.identities)).values())
    present = {app for one in evidence.presences(devices, evidence.Met()).values() for app in one.apps}
    kept = Coverage(_apps_of(value) - present)
    report = Report(source, answer.at, Grade.PREVENTED, kept, frozenset(), answer.ticket)
    return (replace(first, reports=(*first.reports, report), prevents=False), *others)


def _released(mentions: tuple[Mention, ...]) -> tuple[Mention, ...]:
    return (replace(mentions[0], prevents=False), *mentions[1:])


def _apps_of(value: str) -> frozenset[App]:
    number = apple_profile.number_of(value)
    found: Mapping[int, Coverage] = evidence.coverages([number])
    return (found[number].apps if number in found else None) or frozenset()
