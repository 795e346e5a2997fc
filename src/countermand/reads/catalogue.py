"""What a document's selectors mean on a day, explicitly, for `countermand catalog expand`."""

from dataclasses import dataclass
from datetime import date

from countermand.catalog import load
from countermand.core.catalogue import SetAside, expand
from countermand.core.devices import Platform
from countermand.core.schema import read
from countermand.lib import yaml


@dataclass(frozen=True, slots=True)
class ExpandedApp:
    """One id that the document prohibits, and each reason why."""

    platform: Platform
    id: str
    why: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Unseen:
    """A selected product that no report can show on a platform in scope."""

    product: str
    platform: Platform


@dataclass(frozen=True, slots=True)
class ExpandedDirective:
    """``set_aside``: reached, and not used because not verified or not removable. ``catalogue``: the facts' version."""

    directive: str
    on: date
    catalogue: str
    apps: tuple[ExpandedApp, ...]
    products: tuple[str, ...]
    unseen: tuple[Unseen, ...]
    set_aside: tuple[SetAside, ...]
    remarks: tuple[str, ...]


def expansion_of(text: str | bytes, file: str | None, on: date) -> ExpandedDirective:
    """What the document's selectors mean on a day. Refused with every problem of the document, or every unknown name."""
    written = yaml.load(text, file)
    directive = read(written.plain, written.where)
    scope = directive.applies_to
    found = expand(load(), directive.prohibits, scope.platforms, on, scope.people.countries, written.where)
    return ExpandedDirective(
        directive=directive.id,
        on=on,
        catalogue=found.catalogue,
        apps=tuple(ExpandedApp(app.platform, app.id, why) for app, why in found.apps.items()),
        products=found.products,
        unseen=tuple(Unseen(product, platform) for product, platform in found.unseen),
        set_aside=found.set_aside,
        remarks=found.remarks,
    )
