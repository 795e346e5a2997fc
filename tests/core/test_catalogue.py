"""What a selector means: which ids it reaches, which it must not, and what it says about those it leaves out."""

from dataclasses import replace
from datetime import date

import pytest

from countermand.core.apps import App
from countermand.core.catalogue import Catalogue, Expansion, expand
from countermand.core.devices import Platform
from countermand.core.directive import Selector
from countermand.core.errors import RefusedMany, Where
from countermand.core.products import (
    AppFact,
    Company,
    Confidence,
    Holding,
    IdKind,
    Member,
    MemberKind,
    NamedList,
    Product,
    folded,
)

IOS, ANDROID = Platform.IOS, Platform.ANDROID
BOTH = frozenset(Platform)
DAY = date(2024, 6, 1)
SALE = date(2026, 1, 22)
SEEN, MEMORY = Confidence.SEEN, Confidence.MEMORY


def ios(bundle: str, confidence: Confidence = SEEN, preloaded: bool = False) -> AppFact:
    return AppFact("ios", IdKind.BUNDLE, bundle, bundle, "", preloaded, confidence, "a source", "")


def android(package: str, confidence: Confidence = SEEN, preloaded: bool = False) -> AppFact:
    return AppFact("android", IdKind.PACKAGE, package, package, "", preloaded, confidence, "a source", "")


def store(number: str) -> AppFact:
    return AppFact("ios", IdKind.STORE, number, "in a store", "", False, Confidence.HIGH, "a source", "")


def owned(
    owner: str,
    market: str | None = None,
    since: date | None = None,
    until: date | None = None,
    share: float | None = None,
    confidence: Confidence = SEEN,
) -> Holding:
    return Holding(owner, market, since, until, share, confidence, "a source")


def product(name: str, *ids: AppFact, owners: tuple[Holding, ...] = (), categories: tuple[str, ...] = ()) -> Product:
    return Product(name, (), categories, (), ids, owners, (), SEEN, "a source", "")


CLIPS = replace(
    product(
        "Clips",
        ios("com.firm.Ame"),
        android("com.firm.clips"),
        store("835599320"),
        owners=(owned("Firm"), owned("Venture", "US", SALE), owned("Firm", "US", SALE, share=0.199)),
        categories=("video", "social"),
    ),
    aliases=("Clip\u200es Asia",),
    publishers=("Clips Ltd",),
)
CHINA_CLIPS = product("China Clips", ios("com.firm.Aweme"), owners=(owned("Firm"),), categories=("video",))
CUTTER = product("Cutter", android("com.firm.lv"), android("com.firm.lvoverseas", Confidence.LOW), owners=(owned("Firm"),))
OFFICE = product("Office", ios("com.firm.office"), android("com.firm.suite", MEMORY), owners=(owned("Firm"),))
CHIP = product("Chip", android("com.firm.chip", preloaded=True), owners=(owned("Firm"),))
RUMOUR = product("Rumour", ios("com.rumour"), owners=(owned("Firm", confidence=MEMORY),), categories=("social",))
WALLET = product("Wallet", owners=(owned("Other"),))
GAME = product(
    "Game",
    ios("com.game"),
    android("com.game"),
    owners=(owned("Other", until=date(2021, 5, 1)), owned("Firm", since=date(2021, 5, 1))),
)


def member(name: str, kind: MemberKind = MemberKind.PRODUCT, as_of: date = date(2023, 1, 8), wording: str = "") -> Member:
    return Member(as_of, kind, name, wording or name, SEEN, "a source")


ORDER = NamedList(
    "an-order",
    "The Order: of January",
    "A governor",
    (
        member("Clips"),
        member("Clips", wording="the same again"),
        member("Other", MemberKind.COMPANY),
        member("whatever is social", MemberKind.CLASS),
        member("Office", as_of=date(2025, 1, 31)),
    ),
)
ALL = Catalogue(
    products=(CLIPS, CHINA_CLIPS, CUTTER, OFFICE, CHIP, RUMOUR, WALLET, GAME),
    companies=(
        Company("Firm", ("Firm Ltd.",), ("CN",), "a source"),
        Company("Other", (), ("HK", "SG"), "a source"),
        Company("Venture", (), ("US",), "a source"),
        Company("Clips Ltd", (), (), "a source"),
    ),
    lists=(ORDER,),
    lookalikes={App(IOS, "com.third.clips"): "Clippy, somebody else's"},
    version="v1",
)


def meant(*selectors: Selector, platforms: frozenset[Platform] = BOTH, on: date = DAY, countries: str = "") -> Expansion:
    return expand(ALL, selectors, platforms, on, frozenset(countries.split()))


def ids(expansion: Expansion) -> set[str]:
    return {str(app) for app in expansion.apps}


def aside(expansion: Expansion) -> dict[str, str]:
    return {one.what: one.why for one in expansion.set_aside}


def refused(*selectors: Selector) -> dict[str, str]:
    with pytest.raises(RefusedMany) as refusal:
        meant(*selectors)
    return {problem.code: problem.sentence for problem in refusal.value.problems}


# -- ids --


def test_ids_match_whole_and_by_case() -> None:
    assert ids(meant(Selector(app="com.firm.Ame"))) == {"ios:com.firm.Ame"}
    assert "com.firm.Ame" in refused(Selector(app="com.firm.ame"))["unknown-app"]
    assert "unknown-app" in refused(Selector(app="com.firm.l"))
    assert "unknown-app" in refused(Selector(app="com.firm"))


def test_a_prefix_is_another_app() -> None:
    assert ids(meant(Selector(app="com.firm.lv"))) == {"android:com.firm.lv"}


def test_an_id_alone_stands_for_each_platform_that_has_it() -> None:
    assert ids(meant(Selector(app="com.game"))) == {"ios:com.game", "android:com.game"}
    assert ids(meant(Selector(app="com.game"), platforms=frozenset({IOS}))) == {"ios:com.game"}


def test_an_id_with_its_platform_is_taken_as_written_and_says_that_nobody_knows_it() -> None:
    expansion = meant(Selector(app="ios:com.firm.ame"))
    assert expansion.apps == {App(IOS, "com.firm.ame"): ("named by its id; not in the catalogue",)}
    assert expansion.products == ()


def test_a_look_alike_says_whose_it_is() -> None:
    assert "somebody else's" in meant(Selector(app="ios:com.third.clips")).apps[App(IOS, "com.third.clips")][0]


def test_a_number_in_a_store_is_no_id_that_devices_report() -> None:
    assert "Clips" in refused(Selector(app="835599320"))["id-not-reported"]
    assert "835599320" not in str(ids(meant(Selector(product="Clips"))))


def test_an_author_who_knows_better_names_an_unverified_id() -> None:
    assert ids(meant(Selector(app="com.firm.suite"))) == {"android:com.firm.suite"}


# -- names --


def test_names_match_whole_whatever_their_case_spacing_and_invisible_marks() -> None:
    for name in ("clips", " CLIPS ", "clips asia", "Clips\u00a0Asia"):
        assert meant(Selector(product=name)).products == ("Clips",), name
    assert folded("\uff21\u200e b") == "a b"


def test_a_name_that_is_not_there_only_suggests() -> None:
    assert "Clips" in refused(Selector(product="Clip"))["unknown-product"]
    assert "Firm" in refused(Selector(owner="Fim"))["unknown-owner"]
    assert "Clips Ltd" in refused(Selector(publisher="Clips Lt"))["unknown-publisher"]
    assert "an-order" in refused(Selector(list="order"))["unknown-list"]
    assert "unknown-category" in refused(Selector(category="Video"))
    assert "unknown-country" in refused(Selector(owner_country="China"))


def test_a_company_named_as_a_product_suggests_the_right_key() -> None:
    assert "owner: Firm" in refused(Selector(product="Firm Ltd."))["unknown-product"]


def test_every_unknown_name_is_reported_at_once_with_its_place() -> None:
    seen: list[tuple[str | int, ...]] = []

    def where(path: tuple[str | int, ...]) -> Where:
        seen.append(path)
        return Where("order.yaml", len(seen), 1)

    wrong = Selector(owner="Nobody", except_=(Selector(product="Nothing"),))
    with pytest.raises(RefusedMany) as refusal:
        expand(ALL, [Selector(product="Clips"), wrong], BOTH, DAY, where=where)
    assert seen == [("prohibits", 1, "owner"), ("prohibits", 1, "except", 0, "product")]
    assert [problem.where.line for problem in refusal.value.problems if problem.where] == [1, 2]


# -- keys of one selector --


def test_keys_intersect_and_selectors_unite() -> None:
    assert ids(meant(Selector(category="video"))) == {"ios:com.firm.Ame", "android:com.firm.clips", "ios:com.firm.Aweme"}
    assert meant(Selector(category="video", publisher="Clips Ltd")).products == ("Clips",)
    assert meant(Selector(product="Wallet"), Selector(product="China Clips")).products == ("Wallet", "China Clips")
    assert ids(meant(Selector(product="Clips", app="com.firm.clips"))) == {"android:com.firm.clips"}
    assert meant(Selector(product="Clips", app="com.firm.clips")).unseen == ()


def test_keys_that_nothing_has_together_say_so() -> None:
    expansion = meant(Selector(product="Clips", owner="Other"), Selector(product="Game"))
    assert "prohibits[0] selects nothing" in expansion.remarks
    assert meant(Selector(owner_country="KP")).remarks == ("prohibits[0] selects nothing",)


def test_each_id_says_by_which_selectors_it_is_in() -> None:
    why = meant(Selector(product="Clips"), Selector(owner="Firm", category="video")).apps[App(ANDROID, "com.firm.clips")]
    assert why[0] == "Clips: product Clips"
    assert why[1].startswith("Clips: owner Firm, category video") or why[1].startswith("Clips: owner Firm (")


def test_an_exception_takes_away_from_its_own_selector_only() -> None:
    spared = Selector(owner="Firm", except_=(Selector(product="Office"),))
    assert "ios:com.firm.office" not in ids(meant(spared))
    assert "Office" not in meant(spared).products
    assert "Office" not in {name for name, _ in meant(spared).unseen}
    assert "ios:com.firm.office" in ids(meant(spared, Selector(product="Office")))


def test_an_exception_reads_what_is_not_verified() -> None:
    by_rumour = Selector(category="social", except_=(Selector(owner="Firm"),))
    assert meant(by_rumour).apps == {}
    named = Selector(app="android:com.firm.suite", except_=(Selector(product="Office"),))
    assert meant(named).apps == {}


# -- what is left out, and said --


def test_an_id_that_is_not_verified_is_left_out_and_listed() -> None:
    expansion = meant(Selector(product="Cutter"))
    assert ids(expansion) == {"android:com.firm.lv"}
    assert "not verified" in aside(expansion)["android:com.firm.lvoverseas"]


def test_a_product_is_unseen_where_it_has_no_id_that_may_be_used() -> None:
    assert meant(Selector(product="Office")).unseen == (("Office", ANDROID),)
    assert meant(Selector(product="Office"), platforms=frozenset({IOS})).unseen == ()
    assert meant(Selector(product="Wallet")).unseen == (("Wallet", ANDROID), ("Wallet", IOS))
    assert meant(Selector(product="Clips")).unseen == ()


def test_an_owner_from_memory_selects_nothing_but_the_name_does() -> None:
    swept = meant(Selector(owner="Firm"))
    assert "Rumour" not in swept.products
    assert "ios:com.rumour" not in ids(swept)
    assert {"Rumour", "ios:com.rumour"} <= set(aside(swept))
    named = meant(Selector(owner="Firm"), Selector(product="Rumour"))
    assert "ios:com.rumour" in ids(named)
    assert not {"Rumour", "ios:com.rumour"} & set(aside(named))


def test_what_comes_with_the_phone_must_be_named() -> None:
    swept = meant(Selector(owner="Firm"))
    assert "android:com.firm.chip" not in ids(swept)
    assert "removable" in aside(swept)["android:com.firm.chip"]
    assert "removable" in aside(swept)["Chip"]
    assert "Chip" not in swept.products
    assert "Chip" not in {name for name, _ in swept.unseen}
    assert ids(meant(Selector(product="Chip"))) == {"android:com.firm.chip"}


# -- days and countries --


@pytest.mark.parametrize(
    ("on", "country", "owner"),
    [
        (date(2026, 1, 21), "US", "Firm"),
        (date(2026, 1, 22), "US", "Venture"),
        (date(2026, 1, 22), "DE", "Firm"),
    ],
)
def test_the_owner_depends_on_day_and_country(on: date, country: str, owner: str) -> None:
    for name in ("Firm", "Venture"):
        assert ("Clips" in meant(Selector(owner=name), on=on, countries=country).products) is (name == owner)


def test_where_countries_differ_everybody_gets_the_id_and_is_told() -> None:
    why = meant(Selector(owner="Firm", product="Clips"), on=SALE).apps[App(IOS, "com.firm.Ame")][0]
    assert "in US: Venture since 2026-01-22" in why
    assert "Clips" in meant(Selector(owner="Venture"), on=SALE).products
    assert "Clips" in meant(Selector(owner="Firm"), on=SALE, countries="US DE").products


def test_a_minority_share_is_no_ownership() -> None:
    half = replace(CLIPS, ownerships=(owned("Firm", share=0.5),))
    less = replace(CLIPS, ownerships=(owned("Firm", share=0.49),))
    assert [row.owner for row in half.owners(DAY, None)] == ["Firm"]
    assert less.owners(DAY, None) == ()


def test_a_sale_moves_a_product_on_its_day() -> None:
    before, after = date(2021, 4, 30), date(2021, 5, 1)
    assert "Game" in meant(Selector(owner="Other"), on=before).products
    assert "Game" not in meant(Selector(owner="Firm"), on=before).products
    assert "Game" in meant(Selector(owner="Firm"), on=after).products
    assert "Game" not in meant(Selector(owner="Other"), on=after).products


def test_an_owner_of_two_countries_is_of_both() -> None:
    assert meant(Selector(owner_country="SG")).products == ("Wallet",)
    assert meant(Selector(owner_country="HK")).products == ("Wallet",)


# -- lists --


def test_a_list_holds_products_and_all_of_a_company_and_says_what_is_neither() -> None:
    expansion = meant(Selector(list="the order: of january"))
    assert set(expansion.products) == {"Clips", "Wallet"}
    assert expansion.apps[App(IOS, "com.firm.Ame")] == (
        "Clips: list an-order names 'Clips', list an-order names 'the same again'",
    )
    assert any("whatever is social" in remark for remark in expansion.remarks)


def test_a_list_grows_on_the_day_it_was_known_to() -> None:
    assert "Office" not in meant(Selector(list="an-order"), on=date(2025, 1, 30)).products
    assert "Office" in meant(Selector(list="an-order"), on=date(2025, 1, 31)).products


def test_before_its_first_known_edition_that_one_is_read_and_said() -> None:
    expansion = meant(Selector(list="an-order"), on=date(2022, 12, 7))
    assert "Clips" in expansion.products
    assert "list an-order is known only as of 2023-01-08" in expansion.remarks


def test_the_expansion_names_the_facts_it_came_from() -> None:
    assert meant(Selector(product="Clips")).catalogue == "v1"
