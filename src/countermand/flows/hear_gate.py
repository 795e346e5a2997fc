"""What a gate reports: how far it has heard, what it decided, and the devices of proven logins that nobody knows."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from countermand.core.devices import IMAP_ID, MAIL_KINDS
from countermand.core.errors import Refused
from countermand.core.instants import Instant
from countermand.store import feed, sightings
from countermand.store.unit import aside

#: Longer texts are not names; a gate sends none, so such a report is refused whole.
_LONGEST = 255
_MOST_SIGHTINGS = 20_000


@dataclass(frozen=True, slots=True)
class Report:
    """A gate's report, checked. ``sightings``: (login, kind, value, first, last, times)."""

    epoch: int
    n: int
    heard: Instant
    stopped: bool
    decisions: Mapping[str, int]
    sightings: Sequence[tuple[str, str, str, Instant, Instant, int]]
    version: str = ""
    shown: Mapping[str, feed.DenialsShown] = field(default_factory=dict)


def read_report(value: Any) -> Report:
    """A report from the JSON that a gate sent. Refused ``gate-report`` if it is of another shape."""
    try:
        decisions = {str(name)[:_LONGEST]: int(count) for name, count in dict(value["decisions"]).items()}
        seen = [_sighting(one, MAIL_KINDS) for one in list(value["sightings"])[:_MOST_SIGHTINGS]]
        seen += [_sighting(one, {IMAP_ID}) for one in list(value.get("clients", ()))[:_MOST_SIGHTINGS]]
        # Not said by a gate that is one version older.
        version = str(value.get("version", ""))[:_LONGEST].replace("\0", "")
        shown = {str(name)[:_LONGEST]: feed.DenialsShown.of(one) for name, one in dict(value.get("shown", {})).items()}
        heard, stopped = int(value["heard"]), bool(value["stopped"])
        return Report(int(value["epoch"]), int(value["n"]), heard, stopped, decisions, seen, version, shown)
    except (KeyError, TypeError, ValueError) as wrong:
        raise Refused("gate-report", why=f"{type(wrong).__name__} {wrong}") from None


def hear_gate(name: str, report: Report, now: Instant) -> None:
    """Keep what the gate of this name said. Not an act of a person and no change of anybody's state: it has no ledger entry."""
    with aside():
        counted = dict(report.decisions), dict(report.shown)
        feed.save_gate(feed.Gate(name, report.epoch, report.n, now, report.heard, report.stopped, *counted, report.version))
        for login, kind, value, first, last, times in report.sightings:
            sightings.add(sightings.Sighting(login, kind, value, first, last, times))


def _sighting(one: Mapping[str, Any], kinds: Collection[str]) -> tuple[str, str, str, Instant, Instant, int]:
    # Whoever asks chooses the name: what no database takes must not keep the rest of the report out.
    login, kind, value = (str(one[part]).replace("\0", "\N{REPLACEMENT CHARACTER}") for part in ("login", "kind", "value"))
    if kind not in kinds or not 0 < len(login) <= _LONGEST or not 0 < len(value) <= _LONGEST:
        raise ValueError("not a mail identity")
    return login, kind, value, int(one["first"]), int(one["last"]), int(one["times"])
