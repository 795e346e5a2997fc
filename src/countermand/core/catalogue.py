"""Expanding selectors: from how a directive names apps to the exact ids that it prohibits on a day.

Keeps to itself what a selector means: keys of one selector intersect, selectors unite, ``except`` takes away; names and
ids match whole or not at all, and a name that matches nothing is refused with suggestions, never guessed at.
What is not verified selects nothing, but an exception reads it all the same: doubt only ever narrows an order.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from difflib import get_close_matches

from countermand.core.apps import App
from countermand.core.devices import Platform
from countermand.core.directive import Selector
from countermand.core.errors import Refused, RefusedMany, Where, field_of
from countermand.core.products import AppFact, Company, Holding, MemberKind, NamedList, Product, folded, known_as

Path = tuple[str | int, ...]

_FROM_MEMORY = "from memory, not verified"
_PRELOADED = "comes with the phone and may not be removable; name it to include it"


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Everything known. ``version`` names exactly these facts; ``lookalikes``: other people's apps that only sound alike."""

    products: tuple[Product, ...]
    companies: tuple[Company, ...]
    lists: tuple[NamedList, ...]
    lookalikes: Mapping[App, str]
    version: str

    def product(self, name: str) -> Product | None:
        return next((one for one in self.products if known_as(name, (one.name, *one.aliases))), None)

    def company(self, name: str) -> Company | None:
        return next((one for one in self.companies if known_as(name, (one.name, *one.aliases))), None)

    def named_list(self, name: str) -> NamedList | None:
        return next((one for one in self.lists if known_as(name, (one.id, one.name))), None)

    @property
    def categories(self) -> frozenset[str]:
        return frozenset(category for product in self.products for category in product.categories)

    def facts(self, app_id: str) -> tuple[tuple[Product, AppFact], ...]:
        """Every fact about exactly this id, letter for letter, on whatever platform."""
        return tuple((product, fact) for product in self.products for fact in product.ids if fact.id == app_id)


@dataclass(frozen=True, slots=True)
class SetAside:
    """Something that a selector reaches and that is not used: ``what`` is an app id or a product, ``why`` in words."""

    what: str
    why: str


@dataclass(frozen=True, slots=True)
class Expansion:
    """What selectors mean on a day, explicitly. ``apps`` alone is prohibited; the rest tells people what to know about it.

    ``unseen``: selected products without a usable id on a platform in scope. ``catalogue``: the version expanded from.
    """

    apps: Mapping[App, tuple[str, ...]]
    unseen: tuple[tuple[str, Platform], ...]
    products: tuple[str, ...]
    set_aside: tuple[SetAside, ...]
    remarks: tuple[str, ...]
    catalogue: str


@dataclass(frozen=True, slots=True)
class _Reason:
    """Why a selector reaches a product. ``sure``: by verified facts; ``named``: itself, not swept in by a property."""

    text: str
    sure: bool = True
    named: bool = False

    def both(self, other: "_Reason") -> "_Reason":
        return _Reason(f"{self.text}, {other.text}", self.sure and other.sure, self.named or other.named)


@dataclass(slots=True)
class _Pick:
    """What one selector, or all so far, select. ``doubted`` are apps that only an exception uses."""

    apps: dict[App, list[str]] = field(default_factory=dict)
    products: dict[str, None] = field(default_factory=dict)
    unseen: dict[tuple[str, Platform], None] = field(default_factory=dict)
    doubted: dict[App, str] = field(default_factory=dict)
    doubted_products: dict[str, str] = field(default_factory=dict)

    def take(self, app: App, why: str) -> None:
        reasons = self.apps.setdefault(app, [])
        if why not in reasons:
            reasons.append(why)

    def unite(self, other: "_Pick") -> None:
        for app, reasons in other.apps.items():
            for why in reasons:
                self.take(app, why)
        self.products |= other.products
        self.unseen |= other.unseen
        self.doubted |= other.doubted
        self.doubted_products |= other.doubted_products

    def without(self, other: "_Pick") -> None:
        """Take away all that the exception reaches, doubted or not."""
        for app in other.apps.keys() | other.doubted.keys():
            self.apps.pop(app, None)
            self.doubted.pop(app, None)
        for name in other.products.keys() | other.doubted_products.keys():
            self.products.pop(name, None)
            self.doubted_products.pop(name, None)
        self.unseen = {(name, platform): None for name, platform in self.unseen if name in self.products}


def expand(
    catalogue: Catalogue,
    selectors: Sequence[Selector],
    platforms: frozenset[Platform],
    on: date,
    countries: frozenset[str] = frozenset(),
    where: Callable[[Path], Where] | None = None,
) -> Expansion:
    """The ids that ``selectors`` mean on a day, for people in ``countries`` (empty = everywhere), each with its reasons.

    ``where`` finds the place of a path like ``("prohibits", 0, "product")`` in the document. Raises RefusedMany with every
    name that the catalogue does not know.
    """
    reading = _Reading(catalogue, platforms, on, countries, where or _place)
    whole = _Pick()
    for index, selector in enumerate(selectors):
        whole.unite(reading.pick(selector, ("prohibits", index)))
    if reading.problems:
        raise RefusedMany(reading.problems)
    aside = {str(app): why for app, why in whole.doubted.items() if app not in whole.apps}
    aside |= {name: why for name, why in whole.doubted_products.items() if name not in whole.products}
    return Expansion(
        apps={app: tuple(whole.apps[app]) for app in sorted(whole.apps)},
        unseen=tuple(sorted(whole.unseen)),
        products=tuple(whole.products),
        set_aside=tuple(SetAside(what, aside[what]) for what in sorted(aside)),
        remarks=tuple(dict.fromkeys(reading.remarks)),
        catalogue=catalogue.version,
    )


def _place(path: Path) -> Where:
    return Where(field=field_of(path) or None)


@dataclass(slots=True)
class _Reading:
    """One expansion under way: the facts it reads, and what it must tell."""

    catalogue: Catalogue
    platforms: frozenset[Platform]
    on: date
    countries: frozenset[str]
    where: Callable[[Path], Where]
    problems: list[Refused] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    def pick(self, selector: Selector, path: Path) -> _Pick:
        """What one selector selects, its exceptions taken away."""
        problems = len(self.problems)
        named = None if selector.app is None else self._apps(selector.app, (*path, "app"))
        reasons = self._products(selector, path)
        picked = self._usable(reasons, with_unseen=named is None) if reasons is not None else _Pick()
        if named is not None and reasons is None:
            picked.apps = {app: [why] for app, why in named.items()}
        elif named is not None:
            picked.apps = {app: [*why, named[app]] for app, why in picked.apps.items() if app in named}
            picked.doubted = {app: why for app, why in picked.doubted.items() if app in named}
            picked.products, picked.doubted_products = {}, {}
        if len(self.problems) == problems and not (picked.apps or picked.products or picked.doubted or picked.doubted_products):
            self.remarks.append(f"{field_of(path)} selects nothing")
        for index, exception in enumerate(selector.except_):
            picked.without(self.pick(exception, (*path, "except", index)))
        return picked

    def _products(self, selector: Selector, path: Path) -> dict[str, _Reason] | None:
        """The products that every key but ``app`` selects; None if no such key is set."""
        found: dict[str, _Reason] | None = None
        for key, match in (
            ("product", self._by_product),
            ("publisher", self._by_publisher),
            ("owner", self._by_owner),
            ("category", self._by_category),
            ("owner_country", self._by_country),
            ("list", self._by_list),
        ):
            value = getattr(selector, key)
            if value is None:
                continue
            matched = match(value, (*path, key))
            if found is None:
                found = matched
            else:
                found = {name: why.both(matched[name]) for name, why in found.items() if name in matched}
        return found

    def _usable(self, reasons: Mapping[str, _Reason], with_unseen: bool) -> _Pick:
        """The ids of these products that may be prohibited, and those that a doubt keeps out."""
        picked = _Pick()
        for product in self.catalogue.products:
            reason = reasons.get(product.name)
            if reason is None:
                continue
            seen = self._take(product, reason, picked)
            doubt = _doubt_of_all(product, reason)
            if doubt:
                picked.doubted_products[product.name] = doubt
                continue
            picked.products[product.name] = None
            if with_unseen:
                picked.unseen |= {(product.name, platform): None for platform in self.platforms - seen}
        return picked

    def _take(self, product: Product, reason: _Reason, picked: _Pick) -> set[Platform]:
        seen: set[Platform] = set()
        for fact in product.ids:
            app = fact.app
            if app is None or app.platform not in self.platforms:
                continue
            doubt = _doubt(fact, reason)
            if doubt:
                picked.doubted[app] = f"{product.name}: {doubt}"
            else:
                picked.take(app, f"{product.name}: {reason.text}")
                seen.add(app.platform)
        return seen

    def _apps(self, text: str, path: Path) -> dict[App, str]:
        """``ios:ID`` and ``android:ID`` as written; an id alone on each platform where the catalogue has exactly it."""
        prefix, colon, rest = text.partition(":")
        if colon and prefix in set(Platform):
            app = App(Platform(prefix), rest)
            return self._in_scope({app: self._named(app)})
        facts = self.catalogue.facts(text)
        apps = {fact.app: f"{product.name}: named by its id" for product, fact in facts if fact.app is not None}
        if not apps and facts:
            self._refuse("id-not-reported", path, name=text, product=facts[0][0].name)
        elif not apps:
            ids = {fact.id: fact.id for product in self.catalogue.products for fact in product.ids if fact.app is not None}
            self._refuse("unknown-app", path, name=text, nearest=_nearest(text, ids))
        return self._in_scope(apps)

    def _named(self, app: App) -> str:
        for product, fact in self.catalogue.facts(app.id):
            if fact.app == app:
                return f"{product.name}: named by its id"
        if app in self.catalogue.lookalikes:
            return f"named by its id; the catalogue knows it as {self.catalogue.lookalikes[app]}"
        return "named by its id; not in the catalogue"

    def _in_scope(self, apps: Mapping[App, str]) -> dict[App, str]:
        return {app: why for app, why in apps.items() if app.platform in self.platforms}

    def _by_product(self, name: str, path: Path) -> dict[str, _Reason]:
        product = self.catalogue.product(name)
        if product is None:
            self._refuse("unknown-product", path, name=name, nearest=self._suggest(name))
            return {}
        return {product.name: _Reason(f"product {product.name}", named=True)}

    def _by_publisher(self, name: str, path: Path) -> dict[str, _Reason]:
        company = self._company(name, "unknown-publisher", path)
        if company is None:
            return {}
        return {
            product.name: _Reason(f"publisher {company.name}", product.confidence.verified)
            for product in self.catalogue.products
            if company.name in product.publishers
        }

    def _by_owner(self, name: str, path: Path) -> dict[str, _Reason]:
        company = self._company(name, "unknown-owner", path)
        return {} if company is None else self._owned(f"owner {company.name}", frozenset({company.name}))

    def _by_country(self, code: str, path: Path) -> dict[str, _Reason]:
        country = code.upper()
        if len(country) != 2 or not (country.isascii() and country.isalpha()):
            self._refuse("unknown-country", path, name=code)
            return {}
        owners = frozenset(company.name for company in self.catalogue.companies if country in company.countries)
        return self._owned(f"owner in {country}", owners)

    def _by_category(self, name: str, path: Path) -> dict[str, _Reason]:
        if name not in self.catalogue.categories:
            self._refuse("unknown-category", path, name=name, nearest=", ".join(sorted(self.catalogue.categories)))
        return {product.name: _Reason(f"category {name}") for product in self.catalogue.products if name in product.categories}

    def _by_list(self, name: str, path: Path) -> dict[str, _Reason]:
        listed = self.catalogue.named_list(name)
        if listed is None:
            known = {alias: one.id for one in self.catalogue.lists for alias in (one.id, one.name)}
            self._refuse("unknown-list", path, name=name, nearest=_nearest(name, known))
            return {}
        if self.on < listed.first_known:
            self.remarks.append(f"list {listed.id} is known only as of {listed.first_known}")
        found: dict[str, _Reason] = {}
        for member in listed.members_on(self.on):
            text, sure = f"list {listed.id} names {member.wording!r}", member.confidence.verified
            if member.kind is MemberKind.PRODUCT:
                reached = {member.name: _Reason(text, sure, named=True)}
            elif member.kind is MemberKind.COMPANY:
                reached = self._owned(text, frozenset({member.name}), sure)
            else:
                reached = {}
            if not reached:
                self.remarks.append(f"{text}, which is no app the catalogue knows")
            for product, reason in reached.items():
                found[product] = _stronger(found[product], reason) if product in found else reason
        return found

    def _owned(self, text: str, owners: frozenset[str], sure: bool = True) -> dict[str, _Reason]:
        """The products that one of these companies controls in some country asked about, with where it does not."""
        found: dict[str, _Reason] = {}
        for product in self.catalogue.products:
            markets = self.countries or {None, *product.special_markets}
            holders = {market: product.owners(self.on, market) for market in markets}
            ours = [row for rows in holders.values() for row in rows if row.owner in owners]
            if not ours:
                continue
            verified = sure and all(row.confidence.verified for row in ours)
            found[product.name] = _Reason(text + _elsewhere(holders, owners), verified)
        return found

    def _company(self, name: str, code: str, path: Path) -> Company | None:
        company = self.catalogue.company(name)
        if company is None:
            known = {alias: one.name for one in self.catalogue.companies for alias in (one.name, *one.aliases)}
            self._refuse(code, path, name=name, nearest=_nearest(name, known))
        return company

    def _suggest(self, name: str) -> str:
        """Names only suggest: what an author who wrote an unknown product may have meant."""
        company = self.catalogue.company(name)
        if company is not None:
            return f"publisher: {company.name} or owner: {company.name}"
        return _nearest(name, {alias: one.name for one in self.catalogue.products for alias in (one.name, *one.aliases)})

    def _refuse(self, code: str, path: Path, **params: str) -> None:
        self.problems.append(Refused(code, self.where(path), **params))


def _doubt(fact: AppFact, reason: _Reason) -> str:
    """Why this id may not be prohibited for this reason, '' if it may."""
    if not fact.confidence.verified:
        return f"the id is not verified ({fact.confidence}, {fact.source})"
    if not reason.sure:
        return f"{reason.text}: {_FROM_MEMORY}"
    return _PRELOADED if fact.preloaded and not reason.named else ""


def _doubt_of_all(product: Product, reason: _Reason) -> str:
    """Why the product as a whole is not selected for this reason, '' if it is."""
    if not reason.sure:
        return f"{reason.text}: {_FROM_MEMORY}"
    preloaded = bool(product.ids) and all(fact.preloaded for fact in product.ids)
    return _PRELOADED if preloaded and not reason.named else ""


def _stronger(one: _Reason, other: _Reason) -> _Reason:
    """Two lines of a list that reach the same product: it is reached as surely as by the better of them."""
    if one.text == other.text:
        return one
    return _Reason(f"{one.text}, {other.text}", one.sure or other.sure, one.named or other.named)


def _elsewhere(holders: Mapping[str | None, tuple[Holding, ...]], owners: frozenset[str]) -> str:
    """' (in US: X since D)' for the markets that others control: one id cannot be told apart by country."""
    apart = [
        f"in {market or 'other countries'}: {row.owner}" + (f" since {row.valid_from}" if row.valid_from else "")
        for market, rows in sorted(holders.items(), key=lambda item: item[0] or "")
        for row in rows
        if row.owner not in owners
    ]
    return f" ({'; '.join(apart)})" if apart else ""


def _nearest(name: str, known: Mapping[str, str]) -> str:
    """Up to three of ``known``'s values whose key looks like ``name``."""
    keys = {folded(key): value for key, value in known.items()}
    wanted = folded(name)
    alike = get_close_matches(wanted, keys, n=3, cutoff=0.6)
    alike += [key for key in keys if len(wanted) > 2 and wanted in key and key not in alike]
    found = list(dict.fromkeys(keys[key] for key in alike))[:3]
    return ", ".join(found) or "none"
