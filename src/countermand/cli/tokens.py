"""``countermand token``: narrower tokens of one's own account, for programs and for machines that need not do everything."""

from typing import TYPE_CHECKING, Annotated

import typer

from countermand.cli import moments
from countermand.cli.command import command, group
from countermand.cli.session import Session

if TYPE_CHECKING:
    from rich.console import RenderableType

    from countermand.reads.operators import ApiToken

Scopes = Annotated[
    list[str],
    typer.Option("--scope", help="read, help, audit, write, approve, operate, scim, stop or administer; as often as needed."),
]
Lifetime = Annotated[str, typer.Option("--for", metavar="SPAN", help="How long it lives: 30d, 12h, 90m; at most 366d.")]


@command(
    "add", ["countermand token add nightly-report --scope read --for 90d", "countermand token add entra --scope scim --for 366d"]
)
def add(
    session: Session,
    label: Annotated[str, typer.Argument(help="What it is for.")],
    scope: Scopes,
    lifetime: Lifetime = "30d",
) -> None:
    """Make a token that may do less than your account and ends by itself; prints it, once."""
    from countermand.operations import tokens

    made = session.call(tokens.add_token, label, scope, moments.span(lifetime, "--for"))
    session.show(
        made, lambda done: f"Token {done.number}, until {session.moment(done.expires)}; it is shown this once:\n{done.token}"
    )


@command("list", ["countermand token list"])
def every(session: Session) -> None:
    """List your narrower tokens, ended ones too; an administrator sees everybody's."""
    from countermand.operations import tokens

    found = session.every(lambda after: session.call(tokens.list_tokens, after))
    session.show(found, lambda rows: _tokens(session, rows))


@command("revoke", ["countermand token revoke 3"])
def revoke(session: Session, number: Annotated[int, typer.Argument(metavar="NUMBER", help="From `token list`.")]) -> None:
    """Revoke a token at once: your own, or as an administrator anybody's."""
    from countermand.operations import tokens

    gone = session.call(tokens.revoke_token, number)
    session.show(gone, lambda done: f"Token {done.number} ({done.label}) of {done.operator} opens nothing any more.")


FAMILY = group("token", "Narrower, expiring tokens of your account, for programs.", add, every, revoke)


def _tokens(session: Session, found: "list[ApiToken]") -> "RenderableType":
    from countermand.cli.render import table

    rows = [
        (one.number, one.operator, one.label, one.scopes, session.moment(one.expires), session.moment(one.revoked_at))
        for one in found
    ]
    return table(["number", "of", "for", "scopes", "expires", "revoked"], rows, empty="There are no narrower tokens.")
