"""How things stand: for everything, for one directive, for gates; and lists for whatever enforces."""

from dataclasses import replace

from countermand.access import allowed
from countermand.core.handover import Format
from countermand.flows.handover import Handover
from countermand.flows.handover import handover as hand_over
from countermand.operations.operation import Call, operation, rehearsed
from countermand.operations.pages import USUAL, Page, page
from countermand.reads import condition, feed
from countermand.reads.feed import Gate
from countermand.reads.fleet_shape import FleetShape, shape
from countermand.reads.report import Report
from countermand.reads.report import report as count
from countermand.reads.status import Overview
from countermand.reads.status import status as look


@operation("GET", "/status", "oversee")
def status(call: Call, directive: str | None = None) -> Overview:
    """Where every directive (or one) stands, what gates have heard, what waits for a person, and the ledger's end.

    The ledger's last entries are shown to whoever may audit."""
    seen = look(directive, call.act.now, tail=allowed(call.act.actor, "audit"))
    return replace(seen, running_out=condition.days_left(call.config))


@operation("GET", "/directives/{directive}/report", "oversee")
def report(call: Call, directive: str, smallest: int | None = None) -> Report:
    """Who was told, who complied, who cannot be known, who is denied: in numbers of devices, by country, platform and so on.

    ``smallest``: the least count shown by country or group; the configuration's if none is named, and never less than that for
    whoever only oversees."""
    usual = call.config.reports.smallest
    asked = smallest or usual
    return count(directive, call.act.now, asked if allowed(call.act.actor, "read") else max(asked, usual))


@operation("GET", "/fleet", "oversee")
def fleet_shape(call: Call) -> FleetShape:
    """The fleet in numbers: devices by platform, ownership and enrolment, and how long ago who last looked at how many."""
    return shape(call.act)


@operation("GET", "/gates", "read")
def list_gates(call: Call, after: str = "", limit: int = USUAL) -> Page[Gate]:
    """The gates that ever reported: the version of its software, how far each has heard and when, what it decided, and how many
    devices each directive denied mail there lately."""
    return page(feed.gates(), lambda gate: gate.name, after, limit)


@operation("POST", "/directives/{directive}/handover", "handover")
def handover(call: Call, directive: str, format: Format, since: int | None = None, dry_run: bool = False) -> Handover:  # noqa: A002
    """Only what changed since the last hand-over, as a text for whatever enforces, with a receipt.

    ``since``: the last receipt known to be carried out, if not all were; 0 = none."""
    return rehearsed(dry_run, hand_over)(call.act, directive, format, since=since)


@operation("POST", "/directives/{directive}/handover/undo", "undo-handover")
def undo_handover(call: Call, directive: str, format: Format, since: int | None = None, dry_run: bool = False) -> Handover:  # noqa: A002
    """Take back everything that was handed over in this format, and nothing else."""
    return rehearsed(dry_run, hand_over)(call.act, directive, format, since=since, undo=True)


OPERATIONS = (fleet_shape, status, report, list_gates, handover, undo_handover)
