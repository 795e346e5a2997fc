"""``countermand status`` and ``countermand device show``: how things stand, for all or for one phone."""

from typing import TYPE_CHECKING, Annotated

import typer

from countermand.cli.command import command, group
from countermand.cli.session import Session
from countermand.core.instants import DAY, HOUR

if TYPE_CHECKING:
    from rich.console import RenderableType

    from countermand.operations.devices import Found
    from countermand.reads.device import DeviceView, Under
    from countermand.reads.status import Overview, Standing

MaybeId = Annotated[str | None, typer.Argument(metavar="[ID]", help="The directive's id; every directive without one.")]
What = Annotated[str, typer.Argument(metavar="X", help="A name of the device, serial:F2LX1, #17, or its owner's login.")]


@command("status", ["countermand status", "countermand status no-tiktok", "countermand status --json"])
def status(session: Session, directive: MaybeId = None) -> None:
    """Show where every directive stands, what gates have heard, what waits for a person, and the ledger's end."""
    from countermand.operations import standing

    found = session.call(standing.status, directive)
    session.show(found, lambda seen: _overview(session, seen, whole=directive is None))


@command(
    "show",
    [
        "countermand device show ann",
        "countermand device show serial:F2LX1 --case HD-4711",
        "countermand device show '#17'",
    ],
)
def show(
    session: Session,
    what: What,
    case: Annotated[str, typer.Option(metavar="REFERENCE", help="The case it is looked up for; it stays in the ledger.")] = "",
) -> None:
    """Explain one device, or every device of a login: what was seen on it, what is asked of it, and from when mail stops.

    Each look is recorded in the ledger.
    """
    from countermand.operations import devices

    session.show(session.call(devices.look_up, what, case), lambda seen: _found(session, seen))


DEVICE = group("device", "Single devices, for the help desk.", show)


#: Copied from another phone, made up, or a client that gives the same to everybody.
_SHARED = "At gates {} came from three people or more: such an id tells no device from another (docs/gate.md, Sightings)."


def _overview(session: Session, seen: "Overview", *, whole: bool) -> "RenderableType":
    from countermand.cli.render import page, soon_over, table
    from countermand.core.wording import many

    directives = [
        (one.directive, _state(one), one.promised, one.told, one.denied, session.moment(one.next_due), one.open, one.receipts)
        for one in seen.directives
    ]
    columns = ["directive", "state", "promised", "told", "denied now", "next due", "notices open", "receipts"]
    devices = [(one.directive, *one.devices.values()) for one in seen.directives if one.devices]
    statuses = next((list(one.devices) for one in seen.directives if one.devices), [])
    gates = [
        (one.name, one.version or "-", one.n, one.behind, session.moment(one.heard), one.silent // 1000, one.stopped)
        for one in seen.gates
    ]
    shown = [
        (directive, gate.name, one.lately, one.hour, one.times)
        for gate in seen.gates
        for directive, one in sorted(gate.shown.items())
    ]
    held = [(one.pk, one.kind, one.source, one.why, session.moment(one.at)) for one in seen.held]
    tail = [(one.leaf, session.moment(one.at), one.actor, one.kind) for one in seen.tail]
    return page(
        f"As of {session.moment(seen.at)}{' (a drill)' if seen.drill else ''}",
        table(columns, directives) if directives else "No directive has been written.",
        table(["devices", *statuses], devices) if devices else None,
        table(["gate", "software", "heard to", "behind", "control plane's time", "silent, s", "stopped"], gates, "Gates")
        if gates
        else "No gate has ever reported: nothing is denied anywhere.",
        table(["directive", "gate", "devices, 10 min", "devices, 1 h", "requests, 1 h"], shown, "Denied mail at the gates")
        if shown
        else None,
        table(["batch", "what", "from", "why", "since"], held, "Waiting for a person") if held and whole else None,
        f"Feed: epoch {seen.epoch}, record {seen.published:,}{', more to publish' if seen.unpublished else ''}. "
        f"Ledger: {seen.sealed:,} entries sealed, {seen.unsealed:,} waiting.",
        _SHARED.format(many(seen.shared, "device id")) if seen.shared else None,
        *soon_over(seen.running_out),
        table(["place", "when", "who", "what"], tail, "Last entries") if tail and whole else None,
    )


def _state(one: "Standing") -> str:
    newer = f"a later version is {one.newest}" if one.newest else ""
    speaks = "" if one.speaks_to in ("", "everybody") else f"notices leave for {one.speaks_to}"
    words = [one.state.value, one.phase.value if one.phase else "", "HALTED" if one.halted else "", one.ground, speaks, newer]
    return ", ".join(word for word in words if word)


def _found(session: Session, seen: "Found") -> "RenderableType":
    from countermand.cli.render import page

    if not seen.devices:
        return f"{seen.login} has no device that the fleet knows."
    return page(*(part for view in seen.devices for part in _device(session, view)))


def _device(session: Session, view: "DeviceView") -> "list[RenderableType | None]":
    from countermand.cli.render import table

    owner = view.owner
    whose = (
        f"{owner.login} ({owner.name}), {owner.country or 'country not known'}, {owner.zone or 'zone not known'}" if owner else ""
    )
    kind = ", ".join(word for word in (view.platform, view.model, view.ownership, view.enrollment) if word)
    flags = [("retired", view.retired), ("reads mail", view.reads_mail), ("mail removed", view.mail_removed)]
    rows = [
        ("owner", whose or "nobody"),
        ("groups", owner.groups if owner else ()),
        ("names", [f"{one.kind}:{one.value}" for one in view.identities]),
        ("visible", view.visible),
        ("last seen", session.moment(view.last_seen)),
        ("", [word for word, holds in flags if holds]),
    ]
    looks = [
        (
            one.source,
            one.grade,
            one.could_show,
            session.moment(one.observed_at),
            _age(one.age),
            "-" if one.healthy is None else one.healthy,
        )
        for one in view.evidence
    ]
    sources = [
        (
            one.source,
            session.moment(one.since),
            "-" if one.until is None else session.moment(one.until),
            ", ".join(f"{name} {word or 'nobody'}" for name, word in one.says.items()),
        )
        for one in view.sources
    ]
    owners = [
        (one.login, _since(session, one.since), "-" if one.until is None else session.moment(one.until)) for one in view.bindings
    ]
    sightings = [(one.kind, one.value, one.times, session.moment(one.last)) for one in view.sightings]
    return [
        f"Device #{view.ordinal}: {kind}",
        table(["", ""], rows),
        table(["source", "enrolled since", "until", "says"], sources, "What sources say it is") if sources else None,
        *view.differences,
        table(["login", "since", "until"], owners, "Whose it is and was") if owners else None,
        table(["source", "grade", "could have shown", "looked", "age", "healthy"], looks, "Evidence")
        if looks
        else "No source ever looked.",
        table(["app", "last shown"], [(one.app.id, session.moment(one.at)) for one in view.apps], "Watched apps on it")
        if view.apps
        else None,
        *(_under(session, one) for one in view.directives),
        table(["unregistered", "name", "times", "last"], sightings, "Also seen at a gate") if sightings else None,
    ]


def _since(session: Session, at: int | None) -> str:
    return "before this was recorded" if at is None else session.moment(at)


def _age(milliseconds: int) -> str:
    days, hours = milliseconds // DAY, milliseconds % DAY // HOUR
    return f"{days}d {hours}h" if days else f"{hours}h"


def _under(session: Session, one: "Under") -> str:
    made = one.explanation
    lines = [f"{made.lineage}: {one.title}", f"  {made.status} ({made.reason})", *(f"  {said}" for said in one.words)]
    if one.due_local:
        lines.append(f"  Due: {one.due_local}")
    if one.exempt_until is not None:
        lines.append(f"  Exempt until {session.moment(one.exempt_until)}")
    return "\n".join(lines)
