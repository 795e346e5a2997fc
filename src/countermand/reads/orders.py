"""The register of known real orders, for `countermand orders list|show`."""

from difflib import get_close_matches

from countermand.catalog.orders import Order, load_orders
from countermand.core.errors import Refused


def known_orders() -> tuple[Order, ...]:
    """Every order of the register, the earliest first."""
    return tuple(sorted(load_orders(), key=lambda order: (order.issued, order.id)))


def known_order(order_id: str) -> Order:
    """The order with this id. Refused ``not-found`` with the nearest ids."""
    orders = {order.id: order for order in load_orders()}
    if order_id not in orders:
        nearest = get_close_matches(order_id, orders, n=3, cutoff=0.4) or [one for one in orders if order_id in one]
        raise Refused("not-found", what="order", name=order_id, nearest=", ".join(nearest) or "none")
    return orders[order_id]
