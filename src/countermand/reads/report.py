"""The report on a directive: told, complied, unknown, exempt, denied; stages and corrections. Counts, never names.

Counted afresh from the sets at one instant, never from stored verdicts.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from countermand.core import schedule
from countermand.core.anonymity import hidden, shown
from countermand.core.apps import App
from countermand.core.directive import Consequence, Directive, StageKind
from countermand.core.errors import Refused
from countermand.core.instants import Instant
from countermand.core.lifecycle import State
from countermand.core.report import COLUMNS, DENIED, DIMENSIONS, PARTS, Count, count, wanted
from countermand.core.schedule import Phase, StageState
from countermand.core.terms import Lineage
from countermand.core.verdict import STATUS_OF, Reason, Status
from countermand.store import directives, evidence, receipts, sets, tellings, terms
from countermand.store.directives import VersionRow
from countermand.store.health import health
from countermand.store.unit import reading

#: Breakdowns in which a small count could point at somebody, and whether their rows add up to the total.
_GUARDED = {"country": True, "group": False}


@dataclass(frozen=True, slots=True)
class Telling:
    """People. ``promised``: whom a notice of this version was promised; ``waiting``: of those, not handed over yet; ``refused``
    (by the mail server) and ``bounced`` could not be told; ``doubtful``: nobody knows whether it arrived; ``void``: it never
    left because the order changed first. ``corrected`` and ``correcting``: the correction was handed over, or is on its way."""

    promised: int
    told: int
    waiting: int
    refused: int
    bounced: int
    doubtful: int
    void: int
    corrected: int
    correcting: int


@dataclass(frozen=True, slots=True)
class StageRow:
    what: StageKind
    ends: Instant | None
    state: StageState


@dataclass(frozen=True, slots=True)
class AppRow:
    app: App
    devices: int


@dataclass(frozen=True, slots=True)
class Breakdown:
    """``rows``: value → one cell per column, in order; a small count is a text that does not say it."""

    dimension: str
    columns: tuple[str, ...]
    rows: Mapping[str, tuple[int | str, ...]]


@dataclass(frozen=True, slots=True)
class Report:
    """Devices unless it says people. ``denied``: denied now, and a gate could know them; where the order ends in a list or a
    report (``consequence``) those whom it would deny. ``not_deniable``: the same without a name to know them by; ``nobodys``:
    in scope without an owner to tell; ``smallest``: the least count that a cell by country or group shows."""

    directive: str
    title: str
    issuer: str
    version: int
    state: State
    phase: Phase | None
    halted: bool
    at: Instant
    issued_at: Instant
    ended_at: Instant | None
    ground: str
    first_due: Instant | None
    last_due: Instant | None
    sunset: Instant | None
    consequence: Consequence
    telling: Telling
    totals: Mapping[str, int]
    unknown: Mapping[Reason, int]
    denied: int
    not_deniable: int
    protected: int
    nobodys: int
    breakdowns: tuple[Breakdown, ...]
    apps: tuple[AppRow, ...]
    stages: tuple[StageRow, ...]
    receipts: int
    smallest: int

    @property
    def denied_means(self) -> str:
        """What ``denied`` is called where the order does not deny mail itself."""
        return {
            Consequence.DENY_MAIL: "denied mail",
            Consequence.HAND_OVER: "to be denied by others",
            Consequence.REPORT_ONLY: "would be denied",
        }[self.consequence]


def report(name: str, now: Instant, smallest: int = 5) -> Report:
    """What the last issued version of a directive has come to as of ``now``. Refused ``not-found``, ``never-issued``."""
    with reading():
        row, lineage = _on_record(name)
        of_lineage = directives.known(name)
        counted = counts(lineage, now)
        telling = _telling(row)
        apps = evidence.apps(tuple(counted.apps))
        handed_over = receipts.last(name)
    directive = lineage.current.directive
    issued_at = row.issued_at or 0
    return Report(
        directive=name,
        title=directive.title,
        issuer=directive.issuer,
        version=row.number,
        state=row.state,
        phase=schedule.phase(directive, row.state, issued_at, now),
        halted=of_lineage.halted_at is not None,
        at=now,
        issued_at=issued_at,
        ended_at=of_lineage.ended_at,
        ground=of_lineage.ground,
        first_due=schedule.earliest_due(directive, issued_at),
        last_due=lineage.current.last_due,
        sunset=schedule.ends_at(directive),
        consequence=directive.consequence,
        telling=telling,
        totals={column: counted.total[column] for column in COLUMNS},
        unknown={reason: counted.reasons[reason] for reason in Reason if STATUS_OF[reason] is Status.UNKNOWN},
        denied=counted.total[DENIED],
        not_deniable=counted.not_deniable,
        protected=counted.protected,
        nobodys=counted.nobodys,
        breakdowns=tuple(_breakdown(dimension, counted, smallest) for dimension in DIMENSIONS),
        apps=tuple(sorted((AppRow(app, counted.apps[number]) for number, app in apps.items()), key=lambda one: one.app)),
        stages=_stages(directive, now),
        receipts=handed_over,
        smallest=smallest,
    )


def counts(lineage: Lineage, now: Instant) -> Count:
    """Walk the blocks once. Inside ``reading``."""
    counted = Count()
    contacts = health(now).contacts
    names, prefixes = wanted(lineage)
    for number in sets.blocks(sets.DEVICES):
        count(counted, sets.load(sets.DEVICES, number, names, prefixes), lineage, contacts, now)
    return counted


def _on_record(name: str) -> tuple[VersionRow, Lineage]:
    directives.known(name)
    lineage = terms.on_record(name)
    if lineage is None:
        raise Refused("never-issued", name=name)
    return directives.version(lineage.current.row), lineage


def _telling(row: VersionRow) -> Telling:
    outcomes, corrections = Counter(tellings.outcomes(row.pk)), Counter(tellings.corrections(row.lineage))
    return Telling(
        promised=len(directives.promised(row.pk)),
        told=tellings.told(row.pk),
        waiting=outcomes["promised"] + outcomes["claimed"],
        refused=outcomes["refused"],
        bounced=outcomes["bounced"],
        doubtful=outcomes["unknown"],
        void=outcomes["void"],
        corrected=corrections["accepted"] + corrections["unknown"],
        correcting=corrections["promised"] + corrections["claimed"],
    )


def _breakdown(dimension: str, counted: Count, smallest: int) -> Breakdown:
    rows = counted.by.get(dimension, {})
    adding_up = _GUARDED.get(dimension)
    alike = [(Status.NONCOMPLIANT.value, DENIED)]
    unseen = frozenset() if adding_up is None else hidden(rows, PARTS, smallest, adding_up=adding_up, alike=alike)
    cells = {
        value: tuple(shown(row[column], (value, column), unseen, smallest) for column in COLUMNS)
        for value, row in sorted(rows.items())
    }
    return Breakdown(dimension, COLUMNS, cells)


def _stages(directive: Directive, now: Instant) -> tuple[StageRow, ...]:
    standing = schedule.stages(directive, {}, now)
    return tuple(StageRow(one.stage.what, one.ends, one.state) for one in standing)
