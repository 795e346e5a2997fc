"""What the shipped catalogue says: the ids that a document's selectors mean on a day, and what is known of one product."""

from datetime import date

from countermand.catalog import load
from countermand.core import schema
from countermand.core.catalogue import Expansion, expand
from countermand.core.errors import Refused
from countermand.core.forms import nearest
from countermand.core.products import Product
from countermand.lib import yaml


def expand_text(text: str, file: str, on: date) -> Expansion:
    """The ids that a directive's text prohibits on a day. RefusedMany with every problem of the text or its selectors."""
    document = yaml.load(text, file)
    directive = schema.read(document.plain, document.where)
    scope = directive.applies_to
    return expand(load(), directive.prohibits, scope.platforms, on, scope.people.countries, document.where)


def product(name: str) -> Product:
    """Everything known of a product, by its name or an alias. Refused ``not-found`` with the nearest name."""
    catalogue = load()
    found = catalogue.product(name)
    if found is None:
        names = [known for one in catalogue.products for known in (one.name, *one.aliases)]
        raise Refused("not-found", what="product", name=name, nearest=nearest(name, names) or "none")
    return found
