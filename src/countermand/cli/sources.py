"""``countermand source``: systems that say what they see, asked or posting, and what could not be read of it."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from countermand.cli import moments
from countermand.cli.command import DryRun, command, group
from countermand.cli.dry import would
from countermand.cli.house import pair
from countermand.cli.session import Session, read_text

if TYPE_CHECKING:
    from rich.console import RenderableType

    from countermand.flows.connect import NewSource
    from countermand.flows.rounds import Round
    from countermand.flows.sync import Synced
    from countermand.operations.sources import CheckedSource
    from countermand.reads.sources import SourceView
    from countermand.reads.waiting import EventRow

#: Conflicts that are shown; --json has them all.
_SHOWN = 10
Name = Annotated[str, typer.Argument(help="The source's name, from `source list`.")]
Number = Annotated[int, typer.Argument(metavar="NUMBER", help="The event's number, from `source events`.")]


@command(
    "add",
    [
        "countermand source add nanomdm",
        "countermand source add nanomdm --set url=https://mdm.example.org --secret-file api.key",
        "countermand source add our-mdm --kind webhook",
        "countermand source add intune --kind intune --set tenant=TENANT --set client=CLIENT --secret-file intune.secret",
    ],
)
def add(
    session: Session,
    name: Annotated[str, typer.Argument(help="What the source is called; it stands in the address it posts to.")],
    kind: Annotated[str, typer.Option(help="What it is: nanomdm and webhook post; intune and jamf are asked.")] = "nanomdm",
    setting: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="How it is asked; once for each setting.")
    ] = None,
    secret_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The secret that its vendor gave out; it is kept encrypted.")
    ] = None,
    every: Annotated[str, typer.Option(metavar="SPAN", help="How often it is asked.")] = "4h",
) -> None:
    """Connect a source. One that posts gets a secret, printed once; one that is asked is given its settings and its secret.
    NanoMDM posts, and given its address and API key it is also told to ask its devices.

    `docs/visibility.md` has what each kind can see, and the least permission that it takes.
    """
    from countermand.flows.connect import source_add

    act = session.act()
    config = session.config
    secret = read_text(secret_file).strip() if secret_file else ""
    settings = dict(pair(one, "--set") for one in setting or [])
    made = source_add(act, config.state_dir, name, kind, settings, secret, moments.span(every, "--every"))
    session.show(made, lambda done: _added(done, config.control.url))


@command(
    "set",
    [
        "countermand source set intune --secret-file new.secret",
        "countermand source set android --set push_account=push@our-project.iam.gserviceaccount.com",
    ],
)
def set_(
    session: Session,
    name: Name,
    setting: Annotated[list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="A setting; once for each.")] = None,
    secret_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The secret from now on; another address needs it again.")
    ] = None,
    every: Annotated[str | None, typer.Option(metavar="SPAN", help="How often it is asked.")] = None,
) -> None:
    """Change how a connected source is asked: settings, its secret when that was renewed, how often. What is not named stays."""
    from countermand.flows.connect import source_set

    secret = read_text(secret_file).strip() if secret_file else ""
    settings = dict(pair(one, "--set") for one in setting or [])
    span = moments.span(every, "--every") if every else None
    made = source_set(session.act(), session.config.state_dir, name, settings, secret, span)
    session.show(made, lambda _: f"{name} is asked so from now on. Look what it can see: countermand source check {name}")


@command("list", ["countermand source list"])
def listed(session: Session) -> None:
    """List the sources: when each was last in complete contact, what waits of it, and what is wrong with it."""
    from countermand.operations import sources

    found = session.every(lambda after: session.call(sources.list_sources, after))
    session.show(found, lambda rows: _sources(session, rows))


@command("check", ["countermand source check intune"])
def check(session: Session, name: Name) -> None:
    """Ask a source what works and what it can see, in plain words. Nothing is taken from it.

    Exit 4 if anything that it is asked for does not work.
    """
    from countermand.operations import sources

    with session.progress("Asking"):
        done = session.call(sources.check_source, name)
    session.show(done, _checked)
    if not done.ok:
        raise typer.Exit(4)


@command("sync", ["countermand source sync intune", "countermand source sync intune --confirm"])
def sync_(
    session: Session,
    name: Name,
    confirm: Annotated[bool, typer.Option("--confirm", help="You know what it is: let its first set in at once.")] = False,
) -> None:
    """Bring in all that a source knows, now; the worker does it by the clock. Interrupted, it goes on where it stopped.
    The devices of one that posts are asked, each; what they answer comes when they answer.
    """
    from countermand.flows.connect import calls
    from countermand.flows.rounds import go_round
    from countermand.flows.sync import sync
    from countermand.operations import sources

    session.act()
    known = session.every(lambda after: session.call(sources.list_sources, after))
    expected = sum(one.devices for one in known if one.name == name)
    holder = f"{os.uname().nodename}:{os.getpid()}"
    if any(one.name == name and calls(one.kind) for one in known):
        with session.progress("Asking", expected or None) as tick:
            asked = go_round(session.act, session.config, name, holder=holder, progress=tick)
        session.show(asked, _asked)
        return
    with session.progress("Bringing in", 2 * expected or None) as tick:  # each is fetched, and each is taken
        done = sync(session.act, session.config, name, holder=holder, confirmed=confirm, progress=tick)
    session.show(done, _synced)
    if done.held is not None:
        raise typer.Exit(5)


@command("pause", ["countermand source pause intune"])
def pause(session: Session, name: Name, dry_run: DryRun = False) -> None:
    """Take nothing from a source until it is resumed. What it said stands, and no evidence ages meanwhile."""
    from countermand.operations import sources

    session.show(session.call(sources.pause_source, name, dry_run), lambda _: f"{would(dry_run)}{name} is paused.")


@command("resume", ["countermand source resume intune"])
def resume(session: Session, name: Name, dry_run: DryRun = False) -> None:
    """Take from a paused source again."""
    from countermand.operations import sources

    session.show(session.call(sources.resume_source, name, dry_run), lambda _: f"{would(dry_run)}{name} is taken from again.")


@command("release", ["countermand source release intune"])
def release(session: Session, name: Name) -> None:
    """Let in everything of a source that waits for a person. Look at it first: countermand release list."""
    from countermand.operations import sources

    session.show(session.call(sources.release_source, name), lambda done: _released(done.source, done.batches))


@command("events", ["countermand source events"])
def every(session: Session) -> None:
    """List events that could not be taken, and why. Everything else was taken as it came."""
    from countermand.operations import events

    found = session.every(lambda after: session.call(events.list_events, after))
    session.show(found, lambda rows: _events(session, rows))


@command("take", ["countermand source take 4"])
def take(session: Session, number: Number) -> None:
    """Try once more to take an event, as it was posted."""
    from countermand.operations import events

    session.show(session.call(events.take_event, number), lambda done: f"Event {done.number} of {done.source} is taken.")


@command("drop", ["countermand source drop 4"])
def drop(session: Session, number: Number) -> None:
    """Throw an event away."""
    from countermand.operations import events

    session.show(session.call(events.drop_event, number), lambda done: f"Event {done.number} of {done.source} is thrown away.")


FAMILY = group(
    "source",
    "Systems that say what they see on devices: asked, or posting.",
    add, set_, listed, check, sync_, pause, resume, release, every, take, drop,
)  # fmt: skip


def _added(made: "NewSource", url: str) -> str:
    if not made.secret:
        return f"{made.name} is connected. Look what it can see: countermand source check {made.name}"
    address = f"{url}/api/v1/sources/{made.name}/events"
    nanomdm = f"NanoMDM: -webhook-url {address} -webhook-hmac-key {made.secret}"
    how = nanomdm if made.kind == "nanomdm" else f"Post to {address}, signed as Standard Webhooks are."
    return f"{made.name} may post. Its secret, shown this once: {made.secret}\n{how}"


def _events(session: Session, found: "list[EventRow]") -> "RenderableType":
    from countermand.cli.render import table

    return table(
        ["number", "from", "since", "code", "why"],
        [(e.number, e.source, session.moment(e.at), e.code, e.why) for e in found],
        empty="Every event that came could be taken.",
    )


def _sources(session: Session, found: "list[SourceView]") -> "RenderableType":
    from countermand.cli.render import page, table

    rows = [
        (one.name, one.kind, one.comes, one.state, session.moment(one.last_contact), one.devices, one.underway or "", one.held)
        for one in found
    ]
    columns = ["source", "kind", "comes", "", "last complete contact", "devices", "on their way", "waits"]
    return page(
        table(columns, rows, empty="No source has brought anything; connect one: countermand source add"),
        *(f"{one.name}: {one.fault}" for one in found if one.fault),
        *(f"{one.name}, not taken: {conflict}" for one in found for conflict in one.conflicts[:_SHOWN]),
    )


def _checked(done: "CheckedSource") -> "RenderableType":
    from countermand.cli.render import page, table

    rows = [(one.what, one.works, one.needs, one.why) for one in done.abilities]
    return page(table(["what it is asked for", "works", "needs", "why not"], rows), "\n".join(done.words) or None)


def _asked(done: "Round") -> str:
    from countermand.core.wording import many

    lines = [f"{many(done.devices, 'device')} of {done.source} were asked; their answers come when they answer."]
    lines += [f"They could not be woken: {done.asleep}"] if done.asleep else []
    return "\n".join(lines)


def _synced(done: "Synced") -> str:
    from countermand.core.wording import many

    lines = [f"{many(done.devices, 'phone')} brought in from {done.source}; {done.added:,} are new, {done.moved:,} changed."]
    if done.held is not None and not done.added:
        lines = [f"{many(done.devices, 'phone')} of {done.source} wait for a person: countermand source release {done.source}"]
    if done.passed:
        lines.append(f"{done.passed:,} more are no phones.")
    if done.surfaced:
        lines.append(f"Watched apps newly seen: {done.surfaced:,}.")
    if done.faults:
        lines.append(f"{done.faults:,} could not be read:")
        lines += [f"  {one}" for one in done.why]
    lines += [f"Not taken, {why}: {count:,}." for why, count in done.untaken.items()]
    lines += [f"  {one}" for one in done.conflicts[:_SHOWN]]
    lines += [f"A second look: {done.doubt.sentence}"] if done.doubt else []
    return "\n".join(lines)


def _released(name: str, batches: tuple[int, ...]) -> str:
    if not batches:
        return f"Nothing of {name} waits."
    return f"Let in: {', '.join(map(str, batches))}. A whole set is taken by the worker, or now: countermand source sync {name}"
