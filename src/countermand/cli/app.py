"""The command tree: which command stands where, and what all of it says about itself."""

from typing import Annotated

import typer

import countermand
from countermand.cli import (
    care,
    carveouts,
    catalog,
    configuring,
    control,
    documents,
    evidence,
    foresight,
    house,
    imports,
    keeping,
    keyring,
    levers,
    notices,
    orders,
    people,
    processes,
    proof,
    rehearsal,
    releases,
    reporting,
    signals,
    sources,
    standing,
    tokens,
)
from countermand.cli.command import Config, Debug, Json, Url, Utc

app = typer.Typer(
    name="countermand",
    help="Order an app off every phone that reads company mail, and be able to take the order back.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    epilog="Start with `countermand init`; see it all happen with `countermand drill`.",
)


def _version(asked: bool) -> None:
    if asked:
        print(countermand.__version__)
        raise typer.Exit


@app.callback()
def root(
    config: Config = None,
    url: Url = None,
    json: Json = False,
    utc: Utc = False,
    debug: Debug = False,
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")] = False,
) -> None:
    """Options given here hold for the subcommand that follows."""


def _plant() -> None:
    panel = "Set up"
    house.init.add_to(app, panel)
    rehearsal.drill.add_to(app, panel)
    app.add_typer(house.FAMILY, rich_help_panel=panel)
    app.add_typer(tokens.FAMILY, rich_help_panel=panel)
    app.add_typer(imports.FAMILY, rich_help_panel=panel)
    app.add_typer(sources.FAMILY, rich_help_panel=panel)
    app.add_typer(signals.FAMILY, rich_help_panel=panel)
    app.add_typer(levers.FAMILY, rich_help_panel=panel)
    panel = "Directives"
    for one in (
        documents.schema,
        documents.write,
        documents.propose,
        foresight.preview,
        documents.approve,
        documents.refuse,
        control.issue,
    ):
        one.add_to(app, panel)
    app.add_typer(notices.FAMILY, rich_help_panel=panel)
    app.add_typer(catalog.FAMILY, rich_help_panel=panel)
    app.add_typer(orders.FAMILY, rich_help_panel=panel)
    panel = "The way back"
    for one in (control.halt, control.rescind, control.withdraw, control.supersede, control.resume):
        one.add_to(app, panel)
    panel = "The fleet"
    app.add_typer(releases.FAMILY, rich_help_panel=panel)
    care.attest.add_to(app, panel)
    panel = "Releases"
    for family in (carveouts.EXEMPT, carveouts.PROTECT, carveouts.WATCH):
        app.add_typer(family, rich_help_panel=panel)
    panel = "Run"
    for one in (processes.serve, processes.worker):
        one.add_to(app, panel)
    app.add_typer(processes.GATE, rich_help_panel=panel)
    reporting.handover.add_to(app, panel)
    panel = "Keep it"
    for one in (keeping.backup, keeping.restore, keeping.upgrade):
        one.add_to(app, panel)
    for family in (keyring.FAMILY, configuring.CONFIG, configuring.UNITS):
        app.add_typer(family, rich_help_panel=panel)
    panel = "How it stands"
    for one in (standing.status, reporting.report):
        one.add_to(app, panel)
    for one in (care.retire, care.bind, care.link, care.mail_removed, care.mail_password, care.mail_passwords):
        one.add_to(standing.DEVICE)
    app.add_typer(standing.DEVICE, rich_help_panel=panel)
    app.add_typer(people.PERSON, rich_help_panel=panel)
    panel = "Prove"
    care.doctor.add_to(app, panel)
    app.add_typer(proof.FAMILY, rich_help_panel=panel)
    app.add_typer(evidence.FAMILY, rich_help_panel=panel)


_plant()
