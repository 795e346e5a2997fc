"""What is known of one product of the shipped catalogue, for ``countermand catalog show``."""

from countermand.catalog import load
from countermand.core.forms import not_found
from countermand.core.products import Product


def product(name: str) -> Product:
    """Everything known of a product, by its name or an alias. Refused ``not-found`` with the nearest name."""
    catalogue = load()
    found = catalogue.product(name)
    if found is None:
        names = [known for one in catalogue.products for known in (one.name, *one.aliases)]
        raise not_found("product", name, names)
    return found
