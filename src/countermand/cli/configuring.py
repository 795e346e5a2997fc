"""``countermand config check`` and ``countermand units``: what a machine needs before anything runs on it."""

from enum import StrEnum
from importlib.resources import files
from typing import TYPE_CHECKING, Annotated

import typer

from countermand.cli.command import command, group
from countermand.cli.session import Session

if TYPE_CHECKING:
    from rich.console import RenderableType

    from countermand.reads.settings import Examined

#: What the catalogue of errors calls bad input.
_WRONG = 2


class Unit(StrEnum):
    """The units that are shipped."""

    SERVE = "serve"
    WORKER = "worker"
    GATE = "gate"


Which = Annotated[Unit, typer.Argument(help="serve, worker or gate.")]


@command("check", ["countermand config check", "countermand config check --config /etc/countermand/countermand.toml"])
def check(session: Session) -> None:
    """Show every value in force and look at the files that are named: whether they can be read, and by whom. Exits with 2
    if anything is wrong."""
    from countermand.reads.settings import examine

    found = examine(session.config)
    session.show(found, _examined)
    if not found.sound:
        raise typer.Exit(_WRONG)


@command("systemd", ["countermand units systemd serve > /etc/systemd/system/countermand-serve.service"])
def systemd(session: Session, which: Which) -> None:
    """Print a systemd unit: an account of its own, a read-only system, nothing that it does not need."""
    print(files("countermand.cli").joinpath("units", f"countermand-{which.value}.service").read_text("utf-8"), end="")


CONFIG = group("config", "The configuration.", check)
UNITS = group("units", "What runs it on a machine.", systemd)


def _examined(found: "Examined") -> "RenderableType":
    from countermand.cli.render import page, table

    named = [(one.key, str(one.path), one.wrong or "good") for one in found.files]
    return page(table(["setting", "value in force"], list(found.values.items())), table(["file", "", "state"], named))
