"""The drill's last page: what happened, in figures that were measured, on one screen."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from countermand.core.instants import Instant, to_datetime


@dataclass(frozen=True, slots=True)
class DueSeen:
    """One due as the phones met it: all instants on the drill's clock, ``first`` and ``last`` = when phones were first denied."""

    zone: str
    due: Instant
    phones: int
    before: int  # answered 403 before the due: must be 0
    first: Instant | None
    last: Instant | None
    denied: int


@dataclass(slots=True)
class Outcome:
    """Everything the page says; every figure is counted or timed during the drill, none is assumed."""

    people: int = 0
    phones: int = 0
    asked: int = 0
    with_app: int = 0
    cannot_be_seen: int = 0
    notices_expected: int = 0
    told: int = 0
    notice_seconds: float = 0.0
    late: str = ""
    late_due: Instant = 0
    complied: int = 0
    unknown: int = 0
    exempt: int = 0
    dues: list[DueSeen] = field(default_factory=list)
    denied: int = 0
    denied_wrongly: int = 0
    new_phone_allowed: bool = False
    stranger_status: int = 0
    restored_ms: float = 0.0
    still_denied: int = 0
    rescind_ms: float = 0.0
    lifted: int = 0
    last_phone_ms: float = 0.0
    corrections: int = 0
    corrections_missing: int = 0
    corrections_wrong: int = 0
    ledger_size: int = 0
    seconds: float = 0.0
    folder: str = ""

    @property
    def true(self) -> bool:
        """Whether everything that must hold did."""
        return not self.failures

    @property
    def failures(self) -> list[str]:
        """What went wrong, in words; empty when the drill is a success."""
        found = {
            f"{self.notices_expected - self.told} people were not told": self.told != self.notices_expected,
            "a phone was denied before its due": any(seen.before for seen in self.dues),
            "a phone that should have been denied was not": any(seen.denied != seen.phones for seen in self.dues),
            "nobody was denied": bool(self.dues) and not self.denied,
            f"{self.denied_wrongly} phones were denied that nobody could deny": self.denied_wrongly > 0,
            "the new phone was denied": bool(self.dues) and not self.new_phone_allowed,
            "a stranger learnt who is denied": bool(self.dues) and self.stranger_status != 401,
            "mail did not come back after the app was removed": bool(self.dues) and not self.restored_ms,
            "not every phone had mail again after the rescission": self.lifted != self.still_denied,
            f"{self.corrections_missing} people did not get the correction": self.corrections_missing > 0,
            f"{self.corrections_wrong} people got a correction who were never told": self.corrections_wrong > 0,
            "the ledger does not verify": not self.ledger_size,
            "the joiner was not told": not self.late_due,
        }
        return [words for words, wrong in found.items() if wrong]


def as_plain(outcome: Outcome) -> dict[str, Any]:
    """The machine form."""
    return {**asdict(outcome), "success": outcome.true, "failures": outcome.failures}


def draw(outcome: Outcome) -> RenderableType:
    """The page."""
    held = "It held." if outcome.dues else "It held, and nobody had anything to lose: no phone that asks has the app."
    verdict = Text(held, "bold green") if outcome.true else Text("\n".join(outcome.failures), "bold red")
    parts: list[RenderableType] = [_figures(outcome), Text(), _dues(outcome.dues), Text(), _after(outcome), Text(), verdict]
    return Panel(Group(*parts), title="The drill: TikTok off every phone that reads mail, and back", padding=(1, 2), expand=False)


def _figures(o: Outcome) -> Table:
    seconds = f"{o.notice_seconds:.1f} s, {o.told / o.notice_seconds:,.0f} a second" if o.notice_seconds else "-"
    return _pairs(
        (
            (
                "Company",
                f"{o.people:,} people, {o.phones:,} phones; {o.with_app:,} had the app, {o.cannot_be_seen:,} cannot be seen",
            ),
            ("Told", f"{o.told:,} of {o.notices_expected:,} people in {seconds}"),
            ("Told late", f"{o.late}: due {_when(o.late_due)}, not with the others"),
            ("Complied", f"{o.complied:,} phones looked at and without the app"),
            ("Unknown", f"{o.unknown:,} phones; not compliant, and not guilty either: they kept mail"),
            ("Asked for mail", f"{o.asked:,} phones at the real front door"),
            ("Denied", f"{o.denied:,} phones; {o.denied_wrongly:,} wrongly"),
        )
    )


def _after(o: Outcome) -> Table:
    return _pairs(
        (
            ("App removed", f"report received → mail works: {o.restored_ms:,.0f} ms"),
            ("New phone", "kept mail: not registered, and the order says allow" if o.new_phone_allowed else "was denied"),
            ("Stranger", f"wrong password on a denied phone: {o.stranger_status}, as for any other"),
            ("Rescinded", f"the command took {o.rescind_ms:,.0f} ms; {o.lifted:,} of {o.still_denied:,} denials lifted"),
            ("Last phone", f"had mail {o.last_phone_ms:,.0f} ms after the command began"),
            ("Correction", f"{o.corrections:,} sent: {o.corrections_missing} missing, {o.corrections_wrong} to the wrong person"),
            ("Ledger", f"verifies: {o.ledger_size:,} entries"),
            ("Took", f"{o.seconds:.0f} s"),
            ("Look", f"{o.folder} (database, logs, mail, ledger)"),
        )
    )


def _dues(dues: Sequence[DueSeen]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold", title="Denied at the due", title_justify="left")
    for column in ("zone", "due there", "phones", "before", "first denied", "last denied"):
        table.add_column(column, justify="right" if column in ("phones", "before") else "left")
    for seen in dues:
        denied = f"{seen.denied:,} of {seen.phones:,}"
        table.add_row(
            seen.zone, _when(seen.due), denied, str(seen.before), _after_due(seen, seen.first), _after_due(seen, seen.last)
        )
    return table


def _after_due(seen: DueSeen, at: Instant | None) -> str:
    return "-" if at is None else f"due + {(at - seen.due) / 1000:.2f} s"


def _pairs(rows: Sequence[tuple[str, str]]) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold")
    table.add_column()
    for row in rows:
        table.add_row(*row)
    return table


def _when(instant: Instant) -> str:
    return to_datetime(instant).strftime("%a %d %b %Y %H:%M:%S UTC")
