"""``countermand orders``: the register of known real orders."""

from typing import TYPE_CHECKING, Annotated

import typer

from countermand.cli.command import command, group
from countermand.cli.session import Session

if TYPE_CHECKING:
    from rich.console import RenderableType

    from countermand.catalog.orders import Order


@command("list", ["countermand orders list", "countermand orders list --json"])
def every(session: Session) -> None:
    """List the known real orders, the earliest first."""
    from countermand.operations import known

    session.show(session.call(known.list_orders), _orders)


@command("show", ["countermand orders show us-omb-m-23-13"])
def show(session: Session, order: Annotated[str, typer.Argument(metavar="ID", help="The order's id in the register.")]) -> None:
    """Show one order: whom it bound, what it asked, by when, what became of it, and its sources."""
    from countermand.operations import known

    session.show(session.call(known.show_order, order), _order)


FAMILY = group("orders", "The register of known real orders, each with its sources.", every, show)


def _orders(found: "list[Order]") -> "RenderableType":
    from countermand.cli.render import table

    rows = [(one.issued, one.id, one.jurisdiction, one.force, one.title) for one in found]
    return table(["issued", "id", "where", "force", "title"], rows)


def _order(order: "Order") -> "RenderableType":
    from countermand.cli.render import table, words
    from countermand.operations.plain import plain

    return table(
        ["", order.title], [(key.replace("_", " "), words(_short(value))) for key, value in plain(order).items() if value]
    )


def _short(value: object) -> object:
    """Lists of several facts, one fact a line."""
    if not isinstance(value, list):
        return value
    lines = [" ".join(str(part) for part in one.values() if part) if isinstance(one, dict) else str(one) for one in value]
    return "\n".join(lines)
