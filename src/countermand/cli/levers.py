"""``countermand lever``: what enforces beside us, fed by us and taken back: Entra, Exchange, Google."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from countermand.cli.command import DryRun, command, group
from countermand.cli.dry import would
from countermand.cli.house import pair
from countermand.cli.session import Session, read_text

if TYPE_CHECKING:
    from rich.console import RenderableType

    from countermand.flows.lever_carry import Carried, Script
    from countermand.flows.lever_plan import Plan, Planned
    from countermand.flows.lever_verify import Verified
    from countermand.flows.lever_work import Worked
    from countermand.flows.levers import NewLever
    from countermand.operations.levers import CheckedLever
    from countermand.reads.levers import LeverView

Name = Annotated[str, typer.Argument(help="The lever's name, from `lever list`.")]
#: Exit codes: something of it does not work now; others have changed what we wrote.
_FAULT, _DRIFT = 4, 6


@command("add", ["countermand lever add entra --kind entra --set tenant=TENANT --set client=CLIENT --secret-file entra.secret"])
def add(
    session: Session,
    name: Annotated[str, typer.Argument(help="What the lever is called.")],
    kind: Annotated[str, typer.Option(help="What it is; docs/levers.md has what each is told, and what it may.")],
    setting: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="How it is reached; once for each setting.")
    ] = None,
    secret_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The secret that its vendor gave out; it is kept encrypted.")
    ] = None,
) -> None:
    """Connect a lever. Nothing is written to it before `lever apply`."""
    from countermand.flows.levers import lever_add

    act = session.act()
    secret = read_text(secret_file).strip() if secret_file else ""
    settings = dict(pair(one, "--set") for one in setting or [])
    session.show(lever_add(act, session.config.state_dir, name, kind, settings, secret), _added)


@command("list", ["countermand lever list"])
def listed(session: Session) -> None:
    """List the levers: what is there of ours, what is still to be written, how fast it goes, and what is wrong."""
    from countermand.operations import levers

    found = session.every(lambda after: session.call(levers.list_levers, after))
    session.show(found, lambda rows: _levers(session, rows))


@command("check", ["countermand lever check entra"])
def check(session: Session, name: Name) -> None:
    """Ask a lever what its credentials allow, and say how long it takes and whom it does not reach. Nothing is written.

    Exit 4 if anything that it takes is not allowed.
    """
    from countermand.operations import levers

    done = session.call(levers.check_lever, name)
    session.show(done, _checked)
    if not done.ok:
        raise typer.Exit(_FAULT)


@command("plan", ["countermand lever plan entra", "countermand lever plan entra --json > writes.json"])
def plan(session: Session, name: Name) -> None:
    """List each write that would be made now, and each entry that is left alone because it is others'. Nothing is written."""
    _plan(session, name)


def _plan(session: Session, name: str) -> None:
    from countermand.operations import levers

    first = session.call(levers.plan_lever, name)
    writes, at = [*first.plan.writes], first.plan.next
    while at:
        following = session.call(levers.plan_lever, name, at).plan
        writes += following.writes
        at = following.next
    session.show(
        {"plan": first.plan, "words": first.words, "writes": writes}, lambda _: _planned(first.plan, first.words, writes)
    )


@command("apply", ["countermand lever apply entra", "countermand lever apply entra --dry-run"])
def apply(session: Session, name: Name, dry_run: DryRun = False) -> None:
    """Write what is wanted, and keep the lever up from now on. Interrupted, the worker goes on where it stopped.

    Exit 4 if the system does not answer, or does not let us.
    """
    from countermand.operations import levers

    if dry_run:
        _plan(session, name)
        return
    found = session.every(lambda after: session.call(levers.list_levers, after))
    total = sum(one.wanted + one.removes for one in found if one.name == name)
    with session.progress("Writing", total or None):
        done = session.call(levers.apply_lever, name)
        while done.waits and not done.fault and (done.wrote or done.closed or done.left):
            following = session.call(levers.apply_lever, name)
            done = _sum(done, following)
    session.show(done, _worked)
    if done.fault:
        raise typer.Exit(_FAULT)


@command("verify", ["countermand lever verify entra"])
def verify(session: Session, name: Name) -> None:
    """Read back every entry of ours, and say what others changed; that is left alone from then on.

    Exit 6 if anything is not as we left it, 4 if the system does not answer.
    """
    from countermand.operations import levers

    with session.progress("Reading back"):
        found = session.call(levers.verify_lever, name)
        while not found.whole and not found.fault:
            found = _joined(found, session.call(levers.verify_lever, name))
    session.show(found, _verified)
    if found.fault:
        raise typer.Exit(_FAULT)
    if found.drifted or found.switch:
        raise typer.Exit(_DRIFT)


@command(
    "script", ["countermand lever script exchange --out block.ps1", "countermand lever script exchange --see --out look.ps1"]
)
def script(
    session: Session,
    name: Name,
    see: Annotated[bool, typer.Option("--see", help="Only read back what is there of ours.")] = False,
    again: Annotated[bool, typer.Option("--again", help="Although the results of an earlier script are missing.")] = False,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Write it to this file.")] = None,
) -> None:
    """For a lever that a person carries: what is to be written, as a PowerShell script; `lever results` takes its results."""
    from countermand.cli.reporting import give
    from countermand.operations import levers

    made = session.call(levers.lever_script, name, see, again)
    if session.options.json:
        session.show(made, str)
        return
    if made.number:
        give(made.text, out)
    typer.echo(_scripted(made), err=out is None)


@command("results", ["countermand lever results exchange countermand-exchange-1594382400000.csv"])
def results(
    session: Session,
    name: Name,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What the script wrote.")],
    ours: Annotated[
        bool, typer.Option("--ours", help="What an earlier script, whose results are lost, may have written is ours.")
    ] = False,
) -> None:
    """Read back what a script says of its entries. Read twice, it changes nothing."""
    from countermand.operations import levers

    session.show(session.call(levers.lever_results, name, read_text(file), ours), _carried)


@command("undo", ["countermand lever undo entra"])
def undo(session: Session, name: Name, dry_run: DryRun = False) -> None:
    """Take everything of ours back, whatever the directives say: the switch at once, the entries behind it."""
    from countermand.operations import levers

    done = session.call(levers.undo_lever, name, dry_run)
    session.show(done, lambda one: f"{would(dry_run)}everything of ours goes from {one.name}; `lever list` says how far it is.")


@command("enable", ["countermand lever enable entra"])
def enable(session: Session, name: Name, dry_run: DryRun = False) -> None:
    """Propose that a lever's switch may deny, or agree to what somebody else proposed: it takes two people."""
    from countermand.operations import levers

    done = session.call(levers.enable_lever, name, dry_run)
    waits = "a second person is to agree: countermand lever enable"
    session.show(
        done,
        lambda one: f"{would(dry_run)}{one.name}: {waits} {one.name}" if one.waits else f"{would(dry_run)}{one.name} may deny.",
    )


@command("disable", ["countermand lever disable entra"])
def disable(session: Session, name: Name, dry_run: DryRun = False) -> None:
    """A lever's switch denies nobody any more, within a second; its entries stay. One person suffices."""
    from countermand.operations import levers

    done = session.call(levers.disable_lever, name, dry_run)
    session.show(done, lambda one: f"{would(dry_run)}{one.name} denies nobody any more.")


@command("pause", ["countermand lever pause entra"])
def pause(session: Session, name: Name, dry_run: DryRun = False) -> None:
    """Write no entries until it is resumed. Its switch still follows whatever is halted or rescinded."""
    from countermand.operations import levers

    session.show(session.call(levers.pause_lever, name, dry_run), lambda one: f"{would(dry_run)}{one.name} is paused.")


@command("resume", ["countermand lever resume entra"])
def resume(session: Session, name: Name, dry_run: DryRun = False) -> None:
    """Write to a paused lever again."""
    from countermand.operations import levers

    session.show(session.call(levers.resume_lever, name, dry_run), lambda one: f"{would(dry_run)}{one.name} is written to again.")


@command("remove", ["countermand lever remove entra"])
def remove(session: Session, name: Name, dry_run: DryRun = False) -> None:
    """Forget a lever and its secret, once nothing of ours is there: undo it first."""
    from countermand.operations import levers

    session.show(session.call(levers.remove_lever, name, dry_run), lambda one: f"{would(dry_run)}{one.name} is forgotten.")


FAMILY = group(
    "lever",
    "What enforces beside us: fed with exactly what was decided, and taken back.",
    add, listed, check, plan, apply, verify, script, results, undo, enable, disable, pause, resume, remove,
)  # fmt: skip


def _added(made: "NewLever") -> str:
    words = [f"{made.name} is connected; nothing was written. Look what it may: countermand lever check {made.name}"]
    if made.unsupported:
        words.append(f"This way is not supported by {made.unsupported}; it may end any day.")
    return "\n".join(words)


def _levers(session: Session, found: "list[LeverView]") -> "RenderableType":
    from countermand.cli.render import page, table

    rows = [
        (one.name, one.kind, one.state, one.power, one.ours, one.waits, f"{one.rate:,}/h" if one.rate else "", _span(one))
        for one in found
    ]
    columns = ["lever", "kind", "", "denies", "ours there", "to write", "of late", "time left"]
    said = []
    for one in found:
        said += [f"{one.name}: {one.fault}"] if one.fault else []
        said += [f"{one.name}: {one.changed}; two people enable it anew: countermand lever enable"] if one.changed else []
        said += [f"{one.name}: {one.asks} proposed to enable it; somebody else is to agree"] if one.asks else []
        said += [f"{one.name}: {count:,} left alone, {why}" for why, count in one.left.items()]
        said += [f"{one.name}: {one.idle:,} without effect there"] if one.idle else []
    return page(table(columns, rows, empty="Nothing enforces beside us; connect it: countermand lever add"), *said)


def _span(one: "LeverView") -> str:
    from countermand.reads.levers import span

    return span(one.time_left) if one.waits else ""


def _checked(done: "CheckedLever") -> "RenderableType":
    from countermand.cli.render import page, table

    rows = [(one.what, one.works, one.needs, one.why) for one in done.abilities]
    return page(table(["what it takes", "works", "needs", "why not"], rows), "\n".join(done.words))


def _planned(first: "Plan", words: tuple[str, ...], writes: "list[Planned]") -> "RenderableType":
    from countermand.cli.render import page, table
    from countermand.core.wording import many

    rows = [(one.does, one.key, one.says) for one in writes]
    unnamed = f"{many(first.unnamed, 'denied device has', 'denied devices have')} no name that {first.name} takes."
    return page(
        table(["", "entry", ""], rows, empty="Everything is as it should be."),
        f"{first.adds:,} to write, {first.removes:,} to take away.",
        unnamed if first.unnamed else None,
        "\n".join(words),
    )


def _sum(done: "Worked", following: "Worked") -> "Worked":
    from dataclasses import replace

    return replace(
        following,
        wrote=done.wrote + following.wrote,
        removed=done.removed + following.removed,
        closed=done.closed + following.closed,
        left=done.left + following.left,
        refused=done.refused + following.refused,
    )


def _worked(done: "Worked") -> str:
    lines = [f"{done.wrote:,} entries written to {done.name}, {done.removed:,} of them taken away; {done.waits:,} to go."]
    lines += [f"{done.left:,} left alone: others wrote them, or nobody knows the device there."] if done.left else []
    lines += [f"{done.refused:,} refused."] if done.refused else []
    lines += [f"It stopped: {done.fault}"] if done.fault else []
    return "\n".join(lines)


def _scripted(made: "Script") -> str:
    if not made.number:
        return "Nothing is to be written."
    words = [f"Script {made.number}: adds {made.adds:,}, removes {made.removes:,}, reads back {made.sees:,}."]
    words += [f"{made.more:,} more wait for a further script."] if made.more else []
    return "\n".join([*words, f"Give its results back: countermand lever results {made.name} FILE"])


def _carried(done: "Carried") -> str:
    lines = [f"{done.added:,} added, {done.removed:,} removed."]
    lines += [f"{done.theirs:,} were there already, and are left to whoever put them there."] if done.theirs else []
    lines += [f"{done.doubtful:,} of them an earlier script may have put there: --ours, if it did."] if done.doubtful else []
    lines += [f"{done.drifted:,} of ours somebody has removed; they stay so."] if done.drifted else []
    lines += [f"{done.failed:,} failed: run the script again, with the same results."] if done.failed else []
    lines += [f"{done.unknown:,} are of no entry that waits."] if done.unknown else []
    return "\n".join(lines)


def _joined(found: "Verified", following: "Verified") -> "Verified":
    from collections import Counter
    from dataclasses import replace

    drifted = dict(Counter(found.drifted) + Counter(following.drifted))
    examples = [*found.examples, *following.examples]
    return replace(following, looked=found.looked + following.looked, drifted=drifted, examples=examples)


def _verified(found: "Verified") -> str:
    lines = [f"{found.looked:,} entries of {found.name} read back."]
    lines += [f"{count:,} not as we left them: {why}" for why, count in found.drifted.items()]
    lines += [f"  {key}" for key in found.examples]
    lines += [f"{found.strays:,} bear our mark without a receipt; they go unless wanted."] if found.strays else []
    lines += [f"The switch: {found.switch}."] if found.switch else []
    lines += [f"It stopped: {found.fault}"] if found.fault else []
    return "\n".join(lines)
