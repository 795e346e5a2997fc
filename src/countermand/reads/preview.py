"""The preview: who would be hit, how it is known, and what cannot be known, before anything is sent. Changes nothing."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from pyroaring import BitMap

from countermand.catalog import load as catalogue
from countermand.config import Config
from countermand.core import schedule
from countermand.core.apps import App
from countermand.core.catalogue import Expansion, expand
from countermand.core.cautions import Caution, cautions
from countermand.core.directive import Consequence, Directive
from countermand.core.instants import Instant, to_datetime
from countermand.core.lifecycle import State
from countermand.core.people import normal_login
from countermand.core.preview import DIMENSIONS, Tally, as_if_told, tally
from countermand.core.review import Checked, checked
from countermand.core.schema import read
from countermand.core.terms import Lineage, needs, needs_to_deny, without_rings
from countermand.core.verdict import STATUS_OF, Reason, Status
from countermand.core.wording import many
from countermand.levers.kinds import KINDS
from countermand.lib import yaml
from countermand.reads.levers import foretold
from countermand.store import directives, directory, evidence, feed, levers, owners, sets, terms
from countermand.store.directives import VersionRow
from countermand.store.health import health
from countermand.store.unit import reading

#: Of whom denying is due, or will be.
_FLAGGED = (Status.NONCOMPLIANT, Status.IN_GRACE)
_SPARED = (Status.NOT_APPLICABLE, Status.EXEMPT)


@dataclass(frozen=True, slots=True)
class AppHit:
    """One distinct app id that the directive names, and on how many devices in scope it is."""

    app: App
    why: tuple[str, ...]
    devices: int


@dataclass(frozen=True, slots=True)
class Preview:
    """Counts as of ``at``. ``people`` and ``devices`` by status; ``reasons`` by reason; ``by``: dimension → value → status.

    ``first_due`` and ``last_due``: the earliest and the latest that notices sent now would state, over the fleet's zones.
    ``denied_by_others``: denied now under directives already in force; ``proposed``: would be denied by this one in the end,
    with today's facts; ``net``: of those, not denied by others already. ``first_look``: logins of those who wrote it and get
    the notice before anybody else; approvers join them.
    """

    directive: str
    title: str
    state: State
    at: Instant
    audience: int
    scope: int
    people: Mapping[Status, int]
    devices: Mapping[Status, int]
    reasons: Mapping[Reason, int]
    by: Mapping[str, Mapping[str, Mapping[Status, int]]]
    apps: tuple[AppHit, ...]
    unseen: tuple[tuple[str, str], ...]
    cautions: tuple[Caution, ...]
    protected_with_app: int
    exempt_with_app: int
    not_deniable: int
    nobodys: int
    first_due: Instant | None
    last_due: Instant | None
    busiest_hour: Instant
    busiest_denials: int
    denied_by_others: int
    proposed: int
    net: int
    uncovered_doors: tuple[str, ...]
    grounds: tuple[Checked, ...]
    gates_heard: int
    first_look: tuple[str, ...]
    words: tuple[str, ...]


def preview(name: str, config: Config, now: Instant) -> Preview:
    """What the newest version of a directive would do, were it issued now with today's facts. Refused ``not-found``."""
    with reading():
        row = directives.newest(name)
        lineage, expansion = _foreseen(row, now)
        return _previewed(lineage, expansion, row.state, row.authors, config, now)


def preview_text(text: str, author: str, config: Config, now: Instant) -> Preview:
    """The same of a text that is stored nowhere, were it this author's. Refused with every problem of the text."""
    written = yaml.load(text, None)
    directive = read(written.plain, written.where)
    scope = directive.applies_to
    expansion = expand(catalogue(), directive.prohibits, scope.platforms, _day(now), scope.people.countries, written.where)
    with reading():
        lineage = terms.imagined(directive, now, tuple(expansion.apps))
        return _previewed(lineage, expansion, State.DRAFT, {author}, config, now)


def _previewed(
    lineage: Lineage, expansion: Expansion, state: State, authors: Collection[str], config: Config, now: Instant
) -> Preview:
    """Inside ``reading``."""
    directive, name = lineage.current.directive, lineage.id
    counted, dues = _count(lineage, now)
    people = owners.count([counted.addressed, *counted.in_status.values()])
    numbers = evidence.apps(tuple(counted.apps))
    hits = {numbers[number]: count for number, count in counted.apps.items() if number in numbers}
    heard = len(feed.gates())
    first = tuple(sorted(directory.find_active([normal_login(name) for name in authors])))
    busiest, most = counted.busiest_hour
    unseen = tuple((product, str(platform)) for product, platform in expansion.unseen)
    return Preview(
        directive=name,
        title=directive.title,
        state=state,
        at=now,
        audience=people[0],
        scope=counted.scope,
        people=dict(zip(counted.in_status, people[1:], strict=True)),
        devices=_by_status(counted),
        reasons={reason: counted.reasons[reason] for reason in Reason},
        by={dimension: _dimension(counted, dimension) for dimension in DIMENSIONS},
        apps=tuple(AppHit(app, why, hits.get(app, 0)) for app, why in sorted(expansion.apps.items())),
        unseen=unseen,
        cautions=cautions(directive, expansion.unseen, _day(now)),
        protected_with_app=counted.protected,
        exempt_with_app=counted.exempt_with_app,
        not_deniable=counted.not_deniable,
        nobodys=counted.nobodys,
        first_due=min(dues.values(), default=None),
        last_due=max(dues.values(), default=None),
        busiest_hour=busiest,
        busiest_denials=most,
        denied_by_others=counted.denied_by_others,
        proposed=sum(counted.denials_by_hour.values()),
        net=counted.net_new,
        uncovered_doors=config.mail.uncovered,
        grounds=checked(directive.grounds, expansion.products, catalogue(), _day(now)),
        gates_heard=heard,
        first_look=first,
        words=(
            *_words(directive, counted, people[0], config, heard),
            *_through_levers(directive, counted, expansion.apps),
            *_of_notices(directive, first, config),
        ),
    )


def _foreseen(row: VersionRow, now: Instant) -> tuple[Lineage, Expansion]:
    """The lineage as it would stand, and what its selectors mean: frozen once proposed, today's facts before."""
    directive = terms.text_of(row)
    scope = directive.applies_to
    expansion = expand(catalogue(), directive.prohibits, scope.platforms, _day(now), scope.people.countries)
    apps = expansion.apps.keys() if row.state is State.DRAFT else None
    return terms.foreseen(row.lineage, now, apps, row), expansion


def _count(lineage: Lineage, now: Instant) -> tuple[Tally, Mapping[str, Instant]]:
    """Walk the blocks once; also the due that a notice claimed now would state, per zone of the fleet. A version that nobody
    was told of is counted as if everyone in scope had been; rings as if all were open."""
    lineage = without_rings(lineage, now)
    counted = Tally()
    worth = health(now)
    others = tuple(other for other in terms.live() if other.id != lineage.id)
    wanted, prefixes = _needed(lineage, others)
    dues = {"": schedule.due_at_claim(lineage.current.directive, "", now, now, 0)}
    for number in sets.blocks(sets.DEVICES):
        block = sets.load(sets.DEVICES, number, wanted, prefixes)
        for zone in (name.removeprefix("zone:") for name in block.family("zone:")):
            if zone not in dues:
                dues[zone] = schedule.due_at_claim(lineage.current.directive, zone, now, now, 0)
        known = {zone: due for zone, due in dues.items() if due is not None}
        if not any(block.instants(f"told:{lineage.current.row}:")):
            block = as_if_told(block, lineage.current, known)
        tally(counted, block, lineage, others, worth.contacts, now)
    return counted, {zone: due for zone, due in dues.items() if due is not None}


def _needed(lineage: Lineage, others: tuple[Lineage, ...]) -> tuple[frozenset[str], frozenset[str]]:
    wanted, prefixes = needs(lineage)
    for other in others:
        more, longer = needs_to_deny(other)
        wanted, prefixes = wanted | more, prefixes | longer
    return wanted, prefixes | {"country:", "group:", "zone:"}


def _by_status(counted: Tally) -> dict[Status, int]:
    found = dict.fromkeys(Status, 0)
    for reason, count in counted.reasons.items():
        found[STATUS_OF[reason]] += count
    return found


def _dimension(counted: Tally, dimension: str) -> dict[str, dict[Status, int]]:
    found: dict[str, dict[Status, int]] = {}
    for (value, status), count in sorted(counted.by[dimension].items()):
        found.setdefault(value, {})[status] = count
    return found


def _day(now: Instant) -> date:
    return to_datetime(now).date()


def _words(directive: Directive, counted: Tally, people: int, config: Config, heard: int) -> list[str]:
    """The same in plain sentences, the ones that decide first."""
    hits = sum(counted.apps.values())
    audience, scope = many(people, "person", "people"), many(counted.scope, "device")
    said = [f"It speaks to {audience} with {scope}."]
    said.append(f"The app is on {hits:,} of them as far as anybody looked.")
    if unknown := counted.reasons[Reason.NOT_LOOKED]:
        said.append(f"On {many(unknown, 'device')} nobody has looked for it yet.")
    if invisible := counted.reasons[Reason.INVISIBLE]:
        said.append(f"On {many(invisible, 'device')} nobody can see it; only the owner can say.")
    if directive.denies:
        said.extend(_words_of_denial(counted, config, heard))
    else:
        said.append("Nobody loses mail by this: it ends in a report or in somebody else's list.")
    return said


def _through_levers(directive: Directive, counted: Tally, apps: Collection[App]) -> Iterator[str]:
    """How long enforcing and undoing take through whatever enforces beside us, and whom that does not reach."""
    if directive.consequence is Consequence.REPORT_ONLY:
        return
    devices = len(BitMap.union(BitMap(), *(counted.in_status.get(one, BitMap()) for one in _FLAGGED)))
    spoken_to = len(BitMap.union(BitMap(), *(found for one, found in counted.in_status.items() if one not in _SPARED)))
    for lever in levers.every():
        kind = KINDS[lever.kind]
        writes = devices if kind.prevents is None else spoken_to
        writes = writes if kind.apps is None else sum(1 for app in apps if app.platform is kind.apps)
        yield f"Through the lever {lever.name}: {' '.join(foretold(lever, writes))}"


def whom_first(first: tuple[str, ...]) -> str:
    """The only sentence of a preview that names people."""
    if not first:
        return "Nobody who wrote it is in the directory with a mail address: unless an approver is, nobody sees the notice first."
    return f"Before anybody else, the notice goes to {', '.join(first)} and to whoever approves it."


def _of_notices(directive: Directive, first: tuple[str, ...], config: Config) -> Iterator[str]:
    """Who sees the notice first; and by what else than mail they hear who lose mail."""
    yield whom_first(first)
    if directive.denies and config.channels.people_file is None:
        yield "Mail is what a denied person loses, and nothing else tells them: name a second channel ([channels] people_file)."


def _words_of_denial(counted: Tally, config: Config, heard: int) -> list[str]:
    denied = sum(counted.denials_by_hour.values())
    said = [f"If nothing changes, {many(denied, 'device loses', 'devices lose')} mail at the due."]
    if unknowable := counted.not_deniable:
        said.append(f"{many(unknowable, 'more has', 'more have')} the app and no name under which a gate could know it.")
    if kept := counted.protected:
        accounts = many(kept, "device of a protected account has", "devices of protected accounts have")
        said.append(f"{accounts} the app, and mail stays.")
    if config.mail.uncovered:
        said.append(f"Nothing of ours guards these ways in to mail: {', '.join(config.mail.uncovered)}.")
    if not heard:
        said.append("No gate has ever reported: as things stand, nothing would be denied anywhere.")
    return said
