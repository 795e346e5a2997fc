"""What is shipped and needs no installation: the schema, the catalogue, the register of orders; and what time it is."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from countermand.catalog.orders import Order
from countermand.core import fleet_tables
from countermand.core.instants import Instant, to_datetime
from countermand.core.products import Product
from countermand.core.schema import SCHEMA
from countermand.operations.operation import Call, operation
from countermand.reads import catalogue, orders, products
from countermand.reads.catalogue import ExpandedDirective


@dataclass(frozen=True, slots=True)
class Clock:
    """The installation's time: real, or a drill's. Spans such as "30d" are counted from it."""

    now: Instant
    drill: bool


@operation("GET", "/clock", "oversee")
def clock(call: Call) -> Clock:
    """What time it is for the installation."""
    return Clock(call.act.now, call.act.drill)


@operation("GET", "/directive-schema", "oversee", standalone=True)
def schema(call: Call) -> Mapping[str, Any]:
    """The JSON Schema of a directive document."""
    return SCHEMA


@operation("GET", "/fleet-tables", "oversee", standalone=True)
def tables(call: Call) -> list[fleet_tables.Table]:
    """The tables that a fleet in Parquet consists of, column by column."""
    return [*fleet_tables.TABLES.values()]


@operation("GET", "/orders", "oversee", standalone=True)
def list_orders(call: Call) -> list[Order]:
    """The known real orders, the earliest first."""
    return list(orders.known_orders())


@operation("GET", "/orders/{order}", "oversee", standalone=True)
def show_order(call: Call, order: str) -> Order:
    """One known real order, by its id in the register."""
    return orders.known_order(order)


@operation("GET", "/catalog/product", "oversee", standalone=True)
def show_product(call: Call, name: str) -> Product:
    """Everything known of a product: ids, owners, markets, each with its source."""
    return products.product(name)


@operation("POST", "/catalog/expand", "oversee", standalone=True, again=True)
def expand(call: Call, text: str, file: str | None = None, on: date | None = None) -> ExpandedDirective:
    """The exact app ids that a directive's text prohibits on a day (today, if none is named), and what cannot be seen.

    ``file`` names the text in refusals."""
    return catalogue.expansion_of(text, file, on or to_datetime(call.act.now).date())


OPERATIONS = (clock, schema, tables, list_orders, show_order, show_product, expand)
