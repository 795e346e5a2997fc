"""What ships with the product: products, owners, markets and lists, and the register of known real orders."""

from countermand.catalog.loading import load

__all__ = ["load"]
