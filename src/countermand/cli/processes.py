"""The long-running processes: this command becomes them, so that whoever supervises it sees the process itself."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from countermand.cli.command import command
from countermand.cli.session import Session

GateConfig = Annotated[Path, typer.Option("--config", metavar="FILE", help="The gate's own configuration; it has no other.")]

GATE = typer.Typer(
    name="gate",
    help="Run a gate: it answers mail front ends from a signed snapshot, with neither database nor network at hand.",
    epilog="Examples:\n\n  countermand gate --config gate.toml\n\n  countermand gate config nginx",
)


@GATE.callback(invoke_without_command=True)
def run_gate(ctx: typer.Context, config: GateConfig = Path("gate.toml")) -> None:
    """Without a subcommand, become the gate that the configuration describes."""
    if ctx.invoked_subcommand is None:
        become("countermand.gates", config)


@command("serve", ["countermand serve", "countermand serve --config /etc/countermand/countermand.toml"])
def serve(session: Session) -> None:
    """Run the control plane: snapshots and the feed for gates, over HTTP."""
    become("countermand.web", session.config_path)


@command("worker", ["countermand worker"])
def worker(session: Session) -> None:
    """Run the worker: hands notices over, sweeps, opens rings, publishes and seals."""
    become("countermand.worker", session.config_path)


def become(module: str, config: Path) -> None:
    """Replace this process by ``python -m module``: one process to signal, its exit code its own."""
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", module, "--config", str(config)])  # noqa: S606
