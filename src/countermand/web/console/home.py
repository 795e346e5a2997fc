"""Where an operator begins: every directive, and what waits."""

from dataclasses import dataclass

from django.http import HttpResponse

from countermand.core.bundle import Purpose
from countermand.operations import agreeing, standing
from countermand.reads.sources import sources
from countermand.reads.status import Standing
from countermand.web.console import wording
from countermand.web.console.desk import Desk
from countermand.web.console.lead import shares_of
from countermand.web.console.screens import screen


@dataclass(frozen=True, slots=True)
class Row:
    standing: Standing
    big: wording.Big
    clock: str
    shares: tuple[tuple[str, float, float], ...]
    over: bool


@screen("", action="oversee", about="every directive")
def home(desk: Desk) -> HttpResponse:
    """Those that people have to do something about first."""
    seen = desk.do(standing.status)
    language = str(desk.request.language)  # type: ignore[attr-defined]
    rows = [_row(one, language, desk) for one in seen.directives]
    reads = desk.may("read")
    troubles = [one for one in sources(desk.act) if one.state in ("silent", "failing") or one.held] if reads else []
    return desk.page(
        "home.html",
        seen=seen,
        alive=[one for one in rows if not one.over],
        over=[one for one in rows if one.over],
        troubles=troubles,
        gates=[gate for gate in seen.gates if gate.behind is None or gate.stopped or gate.silent > 60_000],
        writes=desk.may("write"),
        mine=[one for one in desk.do(agreeing.list_waiting) if not one.mine and one.purpose is Purpose.ISSUE] if reads else [],
    )


def _row(one: Standing, language: str, desk: Desk) -> Row:
    clock = wording.clock(language, one.next_due, desk.act.now) if one.state.value == "issued" else ""
    over = one.ended_at is not None or one.state.value in ("withdrawn", "superseded", "rescinded")
    return Row(one, wording.big(one), clock, shares_of(one.devices), over)
