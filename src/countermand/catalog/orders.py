"""The register of known real orders: what was ordered, of whom, by when, and what became of it, with sources."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

from countermand.core.directive import Force
from countermand.core.errors import Refused
from countermand.core.products import Confidence


@dataclass(frozen=True, slots=True)
class Deadline:
    """``due`` None: as soon as practicable."""

    what: str
    due: date | None


@dataclass(frozen=True, slots=True)
class Change:
    """What became of the order. ``when`` is a day or, where no more is known, a month."""

    when: str
    what: str


@dataclass(frozen=True, slots=True)
class Order:
    """One real order, in our words. Empty = not found in the sources read. ``examples``: the directives that stand for it."""

    id: str
    title: str
    issuer: str
    issuer_kind: str
    jurisdiction: str
    force: Force
    issued: date
    apps: tuple[str, ...]
    people: str
    devices: str
    ownership: tuple[str, ...]
    requirements: tuple[str, ...]
    consequence: str
    exceptions: tuple[str, ...]
    reporting: tuple[str, ...]
    reason: str
    notes: tuple[str, ...]
    confidence: Confidence
    sources: tuple[str, ...]
    examples: tuple[str, ...]
    deadlines: tuple[Deadline, ...]
    changes: tuple[Change, ...]


@cache
def load_orders() -> tuple[Order, ...]:
    """The shipped register, in the order of the file; read once per process."""
    return read_register(files("countermand.catalog") / "data" / "orders.toml")


def read_register(file: Traversable) -> tuple[Order, ...]:
    """The orders of a register. Raises Refused ``orders-entry`` for an entry that lacks something or stands twice."""
    try:
        entries = tomllib.loads(file.read_text(encoding="utf-8"))["order"]
    except (tomllib.TOMLDecodeError, KeyError) as error:
        raise Refused("orders-entry", name="", why=str(error)) from None
    found: dict[str, Order] = {}
    for entry in entries:
        name = str(entry.get("id", ""))
        try:
            order = _order(entry)
        except (KeyError, TypeError, ValueError) as error:
            raise Refused("orders-entry", name=name, why=f"{type(error).__name__} {error}") from None
        if order.id in found or not order.sources:
            raise Refused("orders-entry", name=name, why="it stands twice, or has no source")
        found[order.id] = order
    return tuple(found.values())


def _order(entry: Mapping[str, Any]) -> Order:
    lists = ("apps", "ownership", "requirements", "exceptions", "reporting", "notes", "sources", "examples")
    plain: dict[str, Any] = {key: tuple(value) if key in lists else value for key, value in entry.items()}
    plain["force"] = Force(entry["force"])
    plain["confidence"] = Confidence(entry["confidence"])
    if not isinstance(entry["issued"], date):
        raise ValueError("issued is not a day")
    plain["deadlines"] = tuple(Deadline(one["what"], one.get("due")) for one in entry.get("deadlines", ()))
    plain["changes"] = tuple(Change(one["when"], one["what"]) for one in entry.get("changes", ()))
    return Order(**plain)
