"""Grounds that want another look: what the catalogue says of a product has changed since the day that a ground was checked."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from countermand.core.catalogue import Catalogue
from countermand.core.directive import Ground
from countermand.core.products import MemberKind, Product, known_as


@dataclass(frozen=True, slots=True)
class FactChange:
    """Something that began or ended on a day, and where that is said."""

    product: str
    on: date
    what: str
    source: str


@dataclass(frozen=True, slots=True)
class Checked:
    """A ground as it is written, and what has changed since ``as_of``: it is for people to say whether it still holds."""

    claim: str
    source: str | None
    as_of: date | None
    since: tuple[FactChange, ...]


def checked(grounds: Sequence[Ground], products: Sequence[str], catalogue: Catalogue, on: date) -> tuple[Checked, ...]:
    """Each ground with what changed after its day and until ``on``, for the ``products`` that the order names. Of a ground
    without a day nobody can say."""
    known = [found for name in products if (found := catalogue.product(name)) is not None]
    changes = sorted((one for product in known for one in _changes(product, catalogue)), key=lambda one: (one.on, one.product))
    return tuple(
        Checked(
            ground.claim,
            ground.source,
            ground.as_of,
            tuple(one for one in changes if ground.as_of is not None and ground.as_of < one.on <= on),
        )
        for ground in grounds
    )


def _changes(product: Product, catalogue: Catalogue) -> Iterator[FactChange]:
    for one in product.ownerships:
        where = f" in {one.market}" if one.market else ""
        share = "" if one.share is None else f" ({one.share:.0%})"
        if one.valid_from is not None:
            yield FactChange(product.name, one.valid_from, f"{one.owner} owns it{where}{share}", one.source)
        if one.valid_to is not None:
            yield FactChange(product.name, one.valid_to, f"{one.owner} owns it{where} no longer", one.source)
    for market in product.markets:
        if market.since is not None:
            yield FactChange(product.name, market.since, f"{market.what} in {market.country}", market.source)
        if market.until is not None:
            yield FactChange(product.name, market.until, f"no longer {market.what} in {market.country}", market.source)
    for named in catalogue.lists:
        for member in named.members:
            if member.kind is MemberKind.PRODUCT and known_as(member.name, (product.name, *product.aliases)):
                yield FactChange(product.name, member.as_of, f"on the list {named.name}", member.source)
