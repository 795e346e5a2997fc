"""Cautions: what is allowed but should be seen before anybody approves. Shown at preview and at approval, part of the bundle."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from countermand.core.devices import Platform
from countermand.core.directive import Directive, Selector, StageKind
from countermand.core.guardrails import AMPLE_NOTICE
from countermand.core.instants import HOUR
from countermand.core.schedule import past


class CautionCode(StrEnum):
    NETWORK_NOT_A_DEVICE = "network-not-a-device"
    UNSEEN_PRODUCTS = "unseen-products"
    OPEN_ENDED_SELECTOR = "open-ended-selector"
    SHORT_NOTICE = "short-notice"
    PAST_DUE = "past-due"
    STAGE_NOT_REMOVAL = "stage-not-removal"


_WORDS = {
    CautionCode.NETWORK_NOT_A_DEVICE: "It speaks of a network. That is recorded and not carried out: {about}.",
    CautionCode.UNSEEN_PRODUCTS: "No report can show these: {about}. Their devices will be unknown, not compliant.",
    CautionCode.OPEN_ENDED_SELECTOR: "Named by what may change: {about}. The ids are fixed at approval; see the expansion.",
    CautionCode.SHORT_NOTICE: "Less than 72 hours of notice: {about}. It needs one more approver.",
    CautionCode.PAST_DUE: "The due lies before the day of proposing: {about}.",
    CautionCode.STAGE_NOT_REMOVAL: "Nothing here says by when an app must be gone: the stages are {about}, and there is no due.",
}


@dataclass(frozen=True, slots=True)
class Caution:
    code: CautionCode
    about: str

    @property
    def sentence(self) -> str:
        return _WORDS[self.code].format(about=self.about)


def cautions(directive: Directive, unseen: Sequence[tuple[str, Platform]], proposed_on: date) -> tuple[Caution, ...]:
    """What to see before approving, in the order of CautionCode. ``unseen``: the selected (product, platform) pairs that
    have no reportable id, from the expansion."""
    found = (
        (CautionCode.NETWORK_NOT_A_DEVICE, _network(directive)),
        (CautionCode.UNSEEN_PRODUCTS, _unseen(unseen)),
        (CautionCode.OPEN_ENDED_SELECTOR, "; ".join(_open_ended(directive.prohibits))),
        (CautionCode.SHORT_NOTICE, "; ".join(_short(directive, proposed_on))),
        (CautionCode.PAST_DUE, _past_due(directive, proposed_on)),
        (CautionCode.STAGE_NOT_REMOVAL, _no_removal(directive)),
    )
    return tuple(Caution(code, about) for code, about in found if about)


def _network(directive: Directive) -> str:
    return "a list of domains for the network is kept elsewhere" if directive.applies_to.network else ""


def _unseen(unseen: Sequence[tuple[str, Platform]]) -> str:
    return ", ".join(f"{product} on {platform}" for product, platform in sorted(unseen))


def _open_ended(selectors: Sequence[Selector]) -> Iterator[str]:
    for selector in selectors:
        named = {
            "publisher": selector.publisher,
            "owner": selector.owner,
            "category": selector.category,
            "owner_country": selector.owner_country,
            "list": selector.list,
        }
        # A product or app beside them already fixes what is meant.
        if selector.app is None and selector.product is None and any(named.values()):
            yield " and ".join(f"{key} {value}" for key, value in named.items() if value)


def _short(directive: Directive, proposed_on: date) -> Iterator[str]:
    if directive.minimum_notice < AMPLE_NOTICE:
        yield f"the minimum notice is {directive.minimum_notice // HOUR} h"
    due = directive.due
    if due is None:
        return
    if due.at is None:
        if (due.after or 0) < AMPLE_NOTICE:
            yield f"it is due {(due.after or 0) // HOUR} h after issue"
        return
    # Whoever proposes may do so in the last minute of the day.
    proposed_by = datetime.combine(proposed_on, time()) + timedelta(days=1)
    if due.at - proposed_by < timedelta(milliseconds=AMPLE_NOTICE):
        yield f"it is due {due.at:%Y-%m-%d %H:%M}"


def _past_due(directive: Directive, proposed_on: date) -> str:
    due = directive.due
    return f"{due.at:%Y-%m-%d %H:%M}" if due is not None and past(due, proposed_on) else ""


def _no_removal(directive: Directive) -> str:
    kinds = [stage.what for stage in directive.stages]
    return ", ".join(dict.fromkeys(kinds)) if kinds and StageKind.REMOVE not in kinds and directive.due is None else ""
