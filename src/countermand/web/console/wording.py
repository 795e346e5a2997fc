"""The console's words for what the rules say: states, statuses, grounds."""

from collections.abc import Mapping
from dataclasses import dataclass

from countermand.core.instants import DAY, HOUR, MINUTE, Instant
from countermand.core.lifecycle import State
from countermand.core.schedule import Phase
from countermand.lib.words import say, several, word
from countermand.reads.status import Standing

#: What stands large at the top. ``tone`` is the colour: good, warn, bad or ''.
DRAFT = word("Draft")
PROPOSED = word("Waiting for approval")
NOTICE = word("In force, in notice")
ENFORCED = word("Enforced")
EXPIRED = word("Over: its sunset has come")
HALTED = word("On hold")
RESCINDED = word("Rescinded")
WITHDRAWN = word("Withdrawn")
SUPERSEDED = word("Superseded")

STATUSES: Mapping[str, str] = {
    "in scope": word("In scope"),
    "told": word("Told"),
    "exempt": word("Exempt"),
    "compliant": word("Compliant"),
    "unknown": word("Unknown"),
    "in_grace": word("In grace"),
    "noncompliant": word("Noncompliant"),
    "denied": word("Denied"),
}
GROUNDS: Mapping[str, str] = {
    "sent-in-error": word("It was sent in error."),
    "changed": word("Circumstances have changed."),
    "expired": word("It is no longer needed."),
}
#: Which notice, by its kind.
NOTICES: Mapping[str, str] = {
    "issued": word("The order"),
    "reminder": word("A reminder before the due"),
    "denied": word("Mail is denied on a device"),
    "restored": word("Mail is back on a device"),
    "rescinded": word("The correction: the order is rescinded"),
    "superseded": word("A newer version of the order"),
    "halted": word("The order is on hold"),
    "resumed": word("The order goes on"),
    "exemption-granted": word("An exemption is granted"),
    "exemption-refused": word("An exemption is refused"),
    "exemption-expiring": word("An exemption ends soon"),
    "drill": word("A drill, which asks nothing of anybody"),
}


@dataclass(frozen=True, slots=True)
class Big:
    words: str
    tone: str


def big(one: Standing) -> Big:
    """How a directive stands, in a word or two."""
    if one.ended_at is not None:
        return Big(RESCINDED, "good")
    if one.halted:
        return Big(HALTED, "warn")
    if one.state is State.ISSUED:
        return {
            Phase.NOTICE: Big(NOTICE, "warn"),
            Phase.ENFORCED: Big(ENFORCED, "bad"),
            Phase.EXPIRED: Big(EXPIRED, "good"),
        }[one.phase or Phase.NOTICE]
    return {
        State.DRAFT: Big(DRAFT, ""),
        State.PROPOSED: Big(PROPOSED, "warn"),
        State.WITHDRAWN: Big(WITHDRAWN, ""),
    }.get(one.state, Big(SUPERSEDED, ""))


def span(language: str, length: int) -> str:
    """ "3 days 4 hours", "12 minutes": the two largest parts, never more exact than a minute."""
    if length < MINUTE:
        return say(language, "less than a minute")
    days, hours, minutes = length // DAY, length % DAY // HOUR, length % HOUR // MINUTE
    parts = []
    if days:
        parts.append(several(language, "{count} day", "{count} days", days))
    if hours:
        parts.append(several(language, "{count} hour", "{count} hours", hours))
    if not days and (minutes or not hours):
        parts.append(several(language, "{count} minute", "{count} minutes", minutes))
    return " ".join(parts[:2])


def clock(language: str, due: Instant | None, now: Instant) -> str:
    """How long until the next due."""
    return "" if due is None or due <= now else say(language, "in {span}", span=span(language, due - now))


#: Every closed list that a page shows: value → word.
CALLED: Mapping[str, str] = {
    **STATUSES,
    "draft": DRAFT,
    "proposed": PROPOSED,
    "issued": word("In force"),
    "withdrawn": WITHDRAWN,
    "rescinded": RESCINDED,
    "superseded": SUPERSEDED,
    "country": word("Country"),
    "platform": word("Platform"),
    "ownership": word("Whose it is"),
    "group": word("Group"),
    "enrollment": word("Management"),
    "ios": "iOS",
    "android": "Android",
    "personal": word("personal"),
    "corporate": word("corporate"),
    "contractor": word("contractor"),
    "supervised": word("supervised"),
    "user": word("work profile"),
    "cope": word("company's, with a private side"),
    "eas": word("known to the mail server only"),
    "none": word("none"),
    "prevented": word("prevented"),
    "inventory": word("inventory"),
    "attested": word("attested"),
    "likely": word("likely"),
    "possible": word("possible"),
    "person": word("person"),
    "device": word("device"),
    "identify": word("Identify"),
    "report": word("Report"),
    "decide": word("Decide"),
    "plan": word("Plan"),
    "begin": word("Begin"),
    "remove": word("Remove"),
    "open": word("open"),
    "met": word("met"),
    "missed": word("missed"),
    "refused": word("refused by the mail server"),
    "bounced": word("came back"),
    "healthy": word("healthy"),
    "silent": word("silent"),
    "failing": word("failing"),
    "paused": word("paused"),
    "new": word("new"),
    "never-reported": word("never reported"),
    "stale": word("last look is too old"),
    "not-looked": word("nobody has looked for it yet"),
    "invisible": word("cannot be seen"),
    "in_scope": word("everybody in scope"),
    "affected": word("whoever has the app"),
    "helpdesk": word("help desk"),
}
