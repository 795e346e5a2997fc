"""``countermand preview``: what a directive would do, before anything is sent."""

from typing import TYPE_CHECKING, Annotated

import typer

from countermand.cli.command import command
from countermand.cli.documents import Id
from countermand.cli.session import Session

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.console import RenderableType

    from countermand.core.verdict import Status
    from countermand.reads.preview import Preview

By = Annotated[
    list[str] | None,
    typer.Option("--by", help="Break down by platform, ownership, enrollment, country or group; all but group by default."),
]
_USUAL = ("platform", "ownership", "enrollment", "country")


@command(
    "preview",
    ["countermand preview no-tiktok", "countermand preview no-tiktok --by group", "countermand preview no-tiktok --json"],
)
def preview(session: Session, directive: Id, by: By = None) -> None:
    """Show whom a directive would hit, how that is known, what cannot be known, and when most would lose mail."""
    from countermand.operations import directives

    found = session.call(directives.preview, directive)
    session.show(found, lambda seen: _preview(session, seen, tuple(by or _USUAL)))


def _preview(session: Session, seen: "Preview", dimensions: tuple[str, ...]) -> "RenderableType":
    from countermand.cli.render import page, table
    from countermand.core.wording import many

    people_devices = [(status, seen.people.get(status), seen.devices.get(status)) for status in seen.devices]
    hits = sorted((hit for hit in seen.apps if hit.devices), key=lambda hit: (-hit.devices, hit.app))
    elsewhere = len(seen.apps) - len(hits)
    moments = [
        ("first due", session.moment(seen.first_due)),
        ("last due", session.moment(seen.last_due)),
        (
            "busiest hour",
            f"{many(seen.busiest_denials, 'denial')} from {session.moment(seen.busiest_hour)}" if seen.busiest_denials else "-",
        ),
        ("denied now by others", seen.denied_by_others),
        ("would be denied by this", seen.proposed),
        ("of those not denied yet", seen.net),
        ("protected, and has the app", seen.protected_with_app),
        ("exempt, and has the app", seen.exempt_with_app),
        ("noncompliant but not deniable: no mail identity known", seen.not_deniable),
        ("in scope, and nobody's", seen.nobodys),
        ("mail doors that nothing covers", seen.uncovered_doors),
    ]
    return page(
        f"{seen.directive}: {seen.title} ({seen.state}), as of {session.moment(seen.at)}",
        "\n".join(seen.words),
        table(["", "people", "devices"], people_devices, "By status"),
        table(["why", "devices"], [(reason, count) for reason, count in seen.reasons.items() if count], "By reason"),
        *(_dimension(name, seen.by.get(name, {})) for name in dimensions),
        table(["platform", "app id", "devices"], [(hit.app.platform, hit.app.id, hit.devices) for hit in hits], "Apps found"),
        f"{elsewhere:,} more app ids are named and on no device, as far as anybody looked; --json lists them."
        if elsewhere
        else None,
        table(["product", "platform"], seen.unseen, "Cannot be seen") if seen.unseen else None,
        table(["", ""], moments),
        "\n".join(f"Caution: {caution.sentence} [{caution.code}]" for caution in seen.cautions),
    )


def _dimension(name: str, values: "Mapping[str, Mapping[Status, int]]") -> "RenderableType | None":
    from countermand.cli.render import table

    statuses = sorted({status for counts in values.values() for status in counts})
    rows = [(value, *(counts.get(status, 0) for status in statuses)) for value, counts in values.items()]
    return table([name, *statuses], rows, f"By {name}") if rows else None
