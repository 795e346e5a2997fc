"""The long-running processes and the gates: a command that runs one becomes it, so that a supervisor sees the process."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from countermand.cli.becoming import GATE_FILE, become
from countermand.cli.command import DryRun, command
from countermand.cli.dry import would
from countermand.cli.front_ends import FRONT_ENDS, check, reconcile
from countermand.cli.session import Session, read_text

if TYPE_CHECKING:
    from rich.console import RenderableType

    from countermand.reads.feed import Gate


GateConfig = Annotated[Path, typer.Option("--config", metavar="FILE", help="The gate's own configuration; it has no other.")]
Name = Annotated[str, typer.Argument(help="What the gate is called.")]
Into = Annotated[Path, typer.Option(metavar="DIRECTORY", help="A new directory, to be carried to the gate's machine.")]
Listen = Annotated[str, typer.Option(metavar="ADDRESS", help="Where the gate answers: host:port or unix:PATH.")]
Control = Annotated[str, typer.Option(metavar="URL", help="How it reaches the control plane; as configured by default.")]
Authority = Annotated[
    Path | None, typer.Option("--ca", metavar="FILE", help="PEM of the only authority that may vouch for the control plane.")
]

Unit = Annotated[bool, typer.Option("--unit", help="For the systemd unit: state, stop file and socket are where it keeps them.")]


@command("serve", ["countermand serve", "countermand serve --config /etc/countermand/countermand.toml"])
def serve(session: Session) -> None:
    """Run the control plane: snapshots and the feed for gates, over HTTP."""
    session.here()
    become("countermand.web", session.config_path)


@command("worker", ["countermand worker"])
def worker(session: Session) -> None:
    """Run the worker: hands notices over, tells, sweeps, opens rings, forgets, takes posted events, seals."""
    session.here()
    become("countermand.worker", session.config_path)


@command(
    "add",
    [
        "countermand gate add front-1 --into front-1/ --control https://countermand.example.org",
        "countermand gate add front-1 --into front-1/ --unit --ca authority.pem",
    ],
)
def add(
    session: Session,
    name: Name,
    into: Into,
    listen: Listen = "127.0.0.1:8450",
    control: Control = "",
    ca: Authority = None,
    unit: Unit = False,
    dry_run: DryRun = False,
) -> None:
    """Let a gate in: write a directory with its settings, its token and the key it trusts."""
    from countermand.flows.add_gate import NewGate, add_gate

    config = session.open()
    act = session.act()
    pinned = read_text(ca) if ca else ""
    gate = NewGate(name, listen, control or config.control.url, rehearsal=act.drill, ca=pinned, unit=unit)
    settings = add_gate(act, config.state_dir, gate, into, dry_run=dry_run)
    start = f"put {into} at /etc/countermand-gate, and start its unit" if unit else f"countermand gate --config {settings}"
    next_step = f"Gate {name} may ask. On its machine: {start}"
    session.show({"gate": name, "config": settings}, lambda _: f"{would(dry_run)}{next_step}")


@command("list", ["countermand gate list"])
def gates(session: Session) -> None:
    """List the gates that ever reported: its software, how far each has heard and when, and what it decided."""
    from countermand.operations import standing

    found = session.every(lambda after: session.call(standing.list_gates, after))
    session.show(found, lambda gates: _gates(session, gates))


GATE = typer.Typer(
    name="gate",
    help="Run a gate: it answers mail front ends from a signed snapshot, with neither database nor network at hand.",
    epilog="Examples:\n\n  countermand gate --config gate.toml\n\n  countermand gate add front-1 --into front-1/",
)
for one in (add, gates, check, reconcile):
    one.add_to(GATE)
GATE.add_typer(FRONT_ENDS)


@GATE.callback(invoke_without_command=True)
def run_gate(ctx: typer.Context, config: GateConfig = GATE_FILE) -> None:
    """Without a subcommand, become the gate that the configuration describes."""
    if ctx.invoked_subcommand is None:
        become("countermand.gates", config)


def _gates(session: Session, found: "list[Gate]") -> "RenderableType":
    from countermand.cli.render import table

    rows = [
        (
            *(one.name, one.version or "-", one.epoch, one.n, session.moment(one.heard), session.moment(one.at), one.stopped),
            _counts(one.decisions),
        )
        for one in found
    ]
    columns = ["gate", "software", "epoch", "heard record", "heard", "said so", "stopped", "decisions"]
    return table(columns, rows, empty="No gate has ever reported.")


def _counts(decisions: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in sorted(decisions.items())) or "-"
