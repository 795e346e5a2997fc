"""Bouncing: a notice that was handed over came back, so its person was not told by it; in one write.

The correction still goes to them if the order is rescinded: the message was accepted once, and a bounce can be wrong.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from countermand.access import Act, require
from countermand.core.errors import Refused
from countermand.core.notices import tells
from countermand.flows.reevaluate import reevaluate
from countermand.notices.bounces import Report
from countermand.notices.returning import Returning, row_of
from countermand.store import feed, log, returned, told
from countermand.store.returned import Named, Sent
from countermand.store.unit import unit


@dataclass(frozen=True, slots=True)
class Bounced:
    """``untold``: the person no longer counts as told of the version; False if another hand-over of it stands, or if
    nothing was taken back (``already``: it had bounced before)."""

    lineage: str
    login: str
    untold: bool
    already: bool = False


def bounce(act: Act, message_id: str, why: str = "") -> Bounced:
    """Record that the notice with this Message-ID came back. Refused ``report-not-ours`` for one never handed over."""
    require(act.actor, "bounce")
    found = returned.sent([message_id]).get(message_id)
    if found is None:
        raise Refused("report-not-ours", name=message_id)
    return take_back(act, found, why)


def of(reports: Sequence[Report], returning: Returning) -> list[Sent | Refused]:
    """For each report the notice that it is about, in their order: the one that its return path names, else the one with its
    Message-ID. In their place ``report-not-ours``, and ``report-early`` while its hand-over is not settled. Outside a unit."""
    by_row = returned.by_row([row_of(one.tag) for one in reports if one.tag])
    by_name = returned.sent([one.message_id for one in reports if one.message_id])
    return [_one(report, returning, by_row, by_name) for report in reports]


def _one(report: Report, returning: Returning, by_row: Mapping[int, Named], by_name: Mapping[str, Sent]) -> Sent | Refused:
    named = by_row.get(row_of(report.tag)) if report.tag else None
    if named is not None and returning.is_of(report.tag, row_of(report.tag), named.name):
        if named.early:
            return Refused("report-early")
        return named.sent or Refused("report-not-ours", name=report.tag)
    return by_name.get(report.message_id) or Refused("report-not-ours", name=report.message_id or report.tag or "?")


def take_back(act: Act, notice: Sent, why: str) -> Bounced:
    """As ``bounce``, for a notice that was looked up before: that scans, which a short transaction has no time for."""
    require(act.actor, "bounce")
    with unit():
        found = returned.sent_as(notice.id)
        if found.bounced:
            return Bounced(found.lineage, found.login, untold=False, already=True)
        returned.bounced(found.id, why[:500], act.now)
        untold = tells(found.kind, found.occurrence) and _untell(act, found)
        about = {"lineage": found.lineage, "version_number": found.number, "kind": found.kind.value, "untold": untold}
        log.append("notice-bounced", act, about, [f"person:{found.login}"])
    return Bounced(found.lineage, found.login, untold)


def _untell(act: Act, found: Sent) -> bool:
    other = returned.other_hand_over(found)
    touched = told.untell(found.version, found.person, other)
    for block in sorted(touched.people_blocks):
        feed.mark("unregistered", found.lineage, block)
    reevaluate(act, sorted(touched.devices))
    return other is None and bool(touched.people)
