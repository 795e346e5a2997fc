"""``countermand catalog``: what selectors mean, and what is known of a product."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from countermand.cli import moments
from countermand.cli.command import command, group
from countermand.cli.session import Session, read_text

if TYPE_CHECKING:
    from rich.console import RenderableType

    from countermand.core.products import Product
    from countermand.reads.catalogue import ExpandedDirective

File = Annotated[Path, typer.Argument(help="The directive's YAML text; - reads standard input.")]
On = Annotated[str | None, typer.Option("--on", metavar="DATE", help="The day whose owners and lists count; today by default.")]


@command("expand", ["countermand catalog expand order.yaml --on 2020-07-17", "countermand catalog expand - --json"])
def expand(session: Session, file: File, on: On = None) -> None:
    """Show the exact app ids that a directive prohibits, why each is in it, and what cannot be seen."""
    from countermand.operations import known

    session.show(session.call(known.expand, read_text(file), str(file), moments.day(on, "--on")), _expansion)


@command("show", ["countermand catalog show TikTok", "countermand catalog show Lark --json"])
def show(session: Session, product: Annotated[str, typer.Argument(help="A product's name, or another name it goes by.")]) -> None:
    """Show everything known of a product: ids, owners, markets, each with its source."""
    from countermand.operations import known

    session.show(session.call(known.show_product, product), _product)


WORDS = "The shipped catalogue: products, their app ids, owners and lists, each fact with its source."
FAMILY = group("catalog", WORDS, expand, show)


def _expansion(expansion: "ExpandedDirective") -> "RenderableType":
    from countermand.cli.render import page, table

    apps = [(app.platform, app.id, "; ".join(app.why)) for app in expansion.apps]
    unseen = [(one.product, one.platform) for one in expansion.unseen]
    aside = [(one.what, one.why) for one in expansion.set_aside]
    return page(
        table(["platform", "app id", "because"], apps),
        table(["product", "platform"], unseen, "Cannot be seen: no report can show these") if unseen else None,
        table(["what", "why"], aside, "Known, and left out") if aside else None,
        "\n".join(expansion.remarks),
        f"{len(expansion.apps)} ids of {len(expansion.products)} products, on {expansion.on}.",
    )


def _product(product: "Product") -> "RenderableType":
    from countermand.cli.render import page, table

    ids = [(fact.platform, fact.kind, fact.id, fact.name, fact.confidence, fact.source) for fact in product.ids]
    owners = [
        (one.owner, one.market or "everywhere", one.valid_from, one.valid_to, one.share, one.confidence, one.source)
        for one in product.ownerships
    ]
    markets = [(one.country, one.what, one.since, one.until, one.source) for one in product.markets]
    also = f" (also {', '.join(product.aliases)})" if product.aliases else ""
    return page(
        f"{product.name}{also}: {', '.join(product.categories) or 'no category'}; made by {', '.join(product.publishers) or '?'}",
        table(["platform", "kind", "id", "name", "confidence", "source"], ids),
        table(["owner", "market", "from", "to", "share", "confidence", "source"], owners) if owners else None,
        table(["country", "what", "from", "to", "source"], markets) if markets else None,
    )
