"""``countermand catalog``: what selectors mean, and what is known of a product."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from countermand.cli import moments
from countermand.cli.command import DryRun, command, group
from countermand.cli.dry import would
from countermand.cli.session import Session, read_text

if TYPE_CHECKING:
    from rich.console import RenderableType

    from countermand.core.products import Product
    from countermand.flows.amend import Amended
    from countermand.reads.catalogue import ExpandedDirective
    from countermand.reads.drift import Drifted

File = Annotated[Path, typer.Argument(help="The directive's YAML text; - reads standard input.")]
On = Annotated[str | None, typer.Option("--on", metavar="DATE", help="The day whose owners and lists count; today by default.")]

Directive = Annotated[str | None, typer.Argument(metavar="ID", help="Only this directive.")]


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


@command("drift", ["countermand catalog drift", "countermand catalog drift no-tiktok --json"])
def drift(session: Session, directive: Directive = None) -> None:
    """Show where the catalogue means other ids by now than those that were signed. The signed ones count."""
    from countermand.operations import directives

    session.show(session.call(directives.list_drift, directive), _drifted)


@command("amend", ["countermand catalog amend no-tiktok --dry-run", "countermand catalog amend no-tiktok"])
def amend(
    session: Session, directive: Annotated[str, typer.Argument(metavar="ID", help="The directive's id.")], dry_run: DryRun = False
) -> None:
    """Write the text in force as the next draft, because the catalogue means other ids by it now.

    Nothing widens by itself: the draft is previewed, proposed, signed and issued (`supersede`) like any other version.
    """
    from countermand.operations import directives

    done = session.call(directives.amend, directive, dry_run)
    session.show(done, lambda made: would(dry_run) + _amended(made))
    session.say(f"Next: countermand preview {directive}; a due that has passed wants another text (countermand write)")


WORDS = "The shipped catalogue: products, their app ids, owners and lists, each fact with its source."
FAMILY = group("catalog", WORDS, expand, show, drift, amend)


def _drifted(found: "list[Drifted]") -> "RenderableType":
    from countermand.cli.render import page, table

    if not found:
        return "The catalogue means what was signed."
    rows = [
        (one.directive, one.number, one.state, sign, app.app, app.devices)
        for one in found
        for sign, apps in (("now too", one.added), ("no more", one.gone))
        for app in apps
    ]
    waits = [
        f"Version {one.waiting} of {one.directive} waits; its ids are worked out when it is proposed."
        for one in found
        if one.waiting
    ]
    free = sorted({one.directive for one in found if not one.waiting and one.state == "issued"})
    return page(
        table(["directive", "version", "state", "means", "app id", "devices with it"], rows),
        "\n".join(waits),
        "\n".join(f"To put it before people: countermand catalog amend {name}" for name in free),
    )


def _amended(done: "Amended") -> str:
    return (
        f"Draft {done.number} of {done.lineage} is version {done.amends} with the catalogue of today: "
        f"{len(done.added)} ids more, {len(done.gone)} fewer."
    )


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
