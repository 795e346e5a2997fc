"""The shipped catalogue: eight CSV files → one core Catalogue, checked as a whole.

Checked here: columns and values, that what is referred to exists, that no name means two things and no id stands twice,
and that every fact has a source. A catalogue that fails any of it does not load at all.
"""

from collections.abc import Iterable
from functools import cache
from hashlib import sha256
from importlib.resources import files
from importlib.resources.abc import Traversable

from countermand.catalog.rows import Row, rows
from countermand.core.apps import App
from countermand.core.catalogue import Catalogue
from countermand.core.devices import Platform
from countermand.core.products import (
    AppFact,
    Company,
    Confidence,
    Holding,
    IdKind,
    Market,
    Member,
    MemberKind,
    NamedList,
    Product,
    folded,
)

_COMPANIES = ("company", "aliases", "countries", "source")
_PRODUCTS = ("product", "aliases", "categories", "publishers", "confidence", "source", "note")
_APPS = ("product", "platform", "kind", "id", "name", "edition", "trait", "confidence", "source", "note")
_OWNERSHIPS = ("product", "owner", "market", "from", "to", "share", "confidence", "source")
_MARKETS = ("product", "country", "what", "from", "to", "source")
_LOOKALIKES = ("platform", "id", "name", "resembles", "source")
_LISTS = ("list", "name", "issuer")
_MEMBERS = ("list", "as_of", "kind", "member", "wording", "confidence", "source")
_FILES = ("apps", "companies", "lists", "lookalikes", "markets", "members", "ownerships", "products")


@cache
def load() -> Catalogue:
    """The catalogue that ships with the product; read once per process."""
    return read_folder(files("countermand.catalog") / "data")


def read_folder(folder: Traversable) -> Catalogue:
    """The catalogue in a folder of the eight files. Raises Refused ``catalogue-row`` at the first flaw."""
    companies = tuple(_company(row) for row in _named_once(rows(folder, "companies.csv", _COMPANIES), "company"))
    company_names = frozenset(company.name for company in companies)
    products = _products(folder, company_names)
    return Catalogue(
        products=products,
        companies=companies,
        lists=_lists(folder, frozenset(product.name for product in products), company_names),
        lookalikes=_lookalikes(folder, products),
        version=_version(folder),
    )


def _version(folder: Traversable) -> str:
    whole = sha256()
    for name in _FILES:
        content = (folder / f"{name}.csv").read_bytes()
        whole.update(f"{name} {len(content)}\n".encode() + content)
    return whole.hexdigest()


def _named_once(lines: Iterable[Row], column: str) -> list[Row]:
    """The rows, once it is certain that no name or alias of one is a name or alias of another."""
    known: dict[str, str] = {}
    kept: list[Row] = []
    for row in lines:
        name = row.needed(column)
        for one in {folded(name), *map(folded, row.many("aliases"))}:
            if known.setdefault(one, name) != name or (one == folded(name) and name in (seen.text(column) for seen in kept)):
                raise row.refused(f"{one!r} already means {known[one]}")
        kept.append(row)
    return kept


def _company(row: Row) -> Company:
    return Company(row.needed("company"), row.many("aliases"), row.countries("countries"), row.needed("source"))


def _products(folder: Traversable, companies: frozenset[str]) -> tuple[Product, ...]:
    named = _named_once(rows(folder, "products.csv", _PRODUCTS), "product")
    known = [row.needed("product") for row in named]
    apps = _by_product(rows(folder, "apps.csv", _APPS), known)
    ownerships = _by_product(rows(folder, "ownerships.csv", _OWNERSHIPS), known)
    markets = _by_product(rows(folder, "markets.csv", _MARKETS), known)
    _once(row for lines in apps.values() for row in lines)
    return tuple(
        Product(
            name=name,
            aliases=row.many("aliases"),
            categories=row.many("categories"),
            publishers=tuple(_known(row, publisher, companies) for publisher in row.many("publishers")),
            ids=tuple(_app(line) for line in apps[name]),
            ownerships=tuple(_ownership(line, companies) for line in ownerships[name]),
            markets=tuple(_market(line) for line in markets[name]),
            confidence=row.one_of("confidence", Confidence),
            source=row.needed("source"),
            note=row.text("note"),
        )
        for name, row in zip(known, named, strict=True)
    )


def _by_product(lines: Iterable[Row], known: list[str]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {name: [] for name in known}
    for row in lines:
        found[_known(row, row.needed("product"), frozenset(known))].append(row)
    return found


def _known(row: Row, name: str, names: frozenset[str]) -> str:
    if name not in names:
        raise row.refused(f"{name!r} is not in the catalogue; other files refer to names letter for letter")
    return name


def _once(lines: Iterable[Row]) -> None:
    seen: set[tuple[str, str, str]] = set()
    for row in lines:
        key = (row.text("platform"), row.text("kind"), row.text("id"))
        if key in seen:
            raise row.refused(f"the id {key[2]!r} stands twice for {key[0]}")
        seen.add(key)


def _app(row: Row) -> AppFact:
    if row.text("trait") not in ("", "preloaded"):
        raise row.refused("trait must be empty or preloaded")
    return AppFact(
        platform=row.needed("platform"),
        kind=row.one_of("kind", IdKind),
        id=row.needed("id"),
        name=row.needed("name"),
        edition=row.text("edition"),
        preloaded=row.text("trait") == "preloaded",
        confidence=row.one_of("confidence", Confidence),
        source=row.needed("source"),
        note=row.text("note"),
    )


def _ownership(row: Row, companies: frozenset[str]) -> Holding:
    start, end = row.since("from"), row.until("to")
    if start and end and end <= start:
        raise row.refused("it ends before it begins")
    return Holding(
        owner=_known(row, row.needed("owner"), companies),
        market=row.country("market") if row.text("market") else None,
        valid_from=start,
        valid_to=end,
        share=row.share("share"),
        confidence=row.one_of("confidence", Confidence),
        source=row.needed("source"),
    )


def _market(row: Row) -> Market:
    if row.text("what") not in ("exited", "blocked"):
        raise row.refused("what must be exited or blocked")
    return Market(row.country("country"), row.text("what"), row.since("from"), row.until("to"), row.needed("source"))


def _lookalikes(folder: Traversable, products: tuple[Product, ...]) -> dict[App, str]:
    ours = {fact.app for product in products for fact in product.ids}
    found: dict[App, str] = {}
    for row in rows(folder, "lookalikes.csv", _LOOKALIKES):
        app = App(row.one_of("platform", Platform), row.needed("id"))
        if app in ours or app in found:
            raise row.refused(f"{app} stands twice")
        row.needed("source")
        found[app] = f"{row.needed('name')}, somebody else's app that resembles {row.needed('resembles')!r}"
    return found


def _lists(folder: Traversable, products: frozenset[str], companies: frozenset[str]) -> tuple[NamedList, ...]:
    heads = {row.needed("list"): row for row in rows(folder, "lists.csv", _LISTS)}
    members: dict[str, list[Member]] = {name: [] for name in heads}
    for row in rows(folder, "members.csv", _MEMBERS):
        name = _known(row, row.needed("list"), frozenset(heads))
        members[name].append(_member(row, products, companies))
    for name, row in heads.items():
        if not members[name]:
            raise row.refused("the list has no members")
    return tuple(NamedList(name, row.needed("name"), row.needed("issuer"), tuple(members[name])) for name, row in heads.items())


def _member(row: Row, products: frozenset[str], companies: frozenset[str]) -> Member:
    kind, name, as_of = row.one_of("kind", MemberKind), row.needed("member"), row.since("as_of")
    if kind is not MemberKind.CLASS:
        _known(row, name, products if kind is MemberKind.PRODUCT else companies)
    if as_of is None:
        raise row.refused("as_of is empty")
    return Member(as_of, kind, name, row.needed("wording"), row.one_of("confidence", Confidence), row.needed("source"))
