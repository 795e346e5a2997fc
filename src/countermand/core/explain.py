"""Explaining one device: its verdict in words that the help desk can read out, and what would change it."""

from collections.abc import Mapping
from dataclasses import dataclass

from countermand.core import facts
from countermand.core.facts import Block
from countermand.core.instants import Instant
from countermand.core.terms import Contacts, Lineage
from countermand.core.timeline import timeline
from countermand.core.verdict import STATUS_OF, Reason, Status, judge

#: What each reason means for the owner of the device, and what they can do.
WORDS: Mapping[Reason, str] = {
    Reason.OUT_OF_SCOPE: "The order does not speak to this device.",
    Reason.RETIRED: "The device is declared retired or replaced; nothing it ever reported counts.",
    Reason.EXEMPTION: "An exemption holds.",
    Reason.SEEN_ABSENT: "Somebody looked for the app recently enough and it was not there.",
    Reason.MAIL_REMOVED: "Company mail was removed from the device, which the order accepts instead.",
    Reason.NEVER_REPORTED: "No source has ever said anything about this device.",
    Reason.STALE: "Somebody looked for the app, but too long ago; the device must report again.",
    Reason.NOT_LOOKED: "The device reports, but nobody has asked it about this app yet.",
    Reason.INVISIBLE: "The way this device is managed does not let anyone see the app.",
    Reason.PRESENT_IN_GRACE: "The app was seen on the device; the due has not come yet.",
    Reason.PRESENT: "The app was seen on the device and the due has passed.",
}


@dataclass(frozen=True, slots=True)
class Explanation:
    """One lineage on one device. ``denied_from``: when mail is, or will be, denied; None = not as things stand.

    ``deniable``: False when no name is known under which a gate could recognise the device.
    """

    lineage: str
    status: Status
    reason: Reason
    words: str
    due: Instant | None
    denied_from: Instant | None
    protected: bool
    deniable: bool


def explain(block: Block, lineage: Lineage, contacts: Contacts, now: Instant) -> Explanation:
    """``block`` holds exactly one device, as the funnel builds it from that device's rows."""
    verdicts = judge(block, lineage, contacts, now)
    reason = next(reason for reason, found in verdicts.by_reason.items() if found)
    dues = [due for due, told in block.instants(f"told:{lineage.current.row}:") if told]
    starts = [start for start, found in timeline(block, lineage) if found]
    return Explanation(
        lineage=lineage.id,
        status=STATUS_OF[reason],
        reason=reason,
        words=WORDS[reason],
        due=min(dues, default=None),
        denied_from=min(starts, default=None) if lineage.live else None,
        protected=bool(block[facts.PROTECTED]),
        deniable=bool(block[facts.DENIABLE]),
    )
