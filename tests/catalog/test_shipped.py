"""The shipped catalogue: the laws of expansion over all of it, and that its facts hold together."""

from collections import Counter
from datetime import date
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countermand.catalog import load
from countermand.core.apps import App
from countermand.core.catalogue import Expansion, expand
from countermand.core.devices import Platform
from countermand.core.directive import Selector
from countermand.core.products import folded

ALL = load()
BOTH = frozenset(Platform)
KEYS = {
    "product": [product.name for product in ALL.products],
    "publisher": sorted({publisher for product in ALL.products for publisher in product.publishers}),
    "owner": sorted({row.owner for product in ALL.products for row in product.ownerships}),
    "category": sorted(ALL.categories),
    "owner_country": ["CN", "RU", "US", "SG", "KP"],
    "list": [one.id for one in ALL.lists],
}
DAYS = st.dates(date(2017, 1, 1), date(2027, 12, 31))
PLAIN = st.fixed_dictionaries({}, optional={key: st.sampled_from(names) for key, names in KEYS.items()}).filter(bool)
PLAIN_SELECTORS = PLAIN.map(lambda keys: Selector(**keys))
SELECTORS = st.builds(lambda keys, spared: Selector(**keys, except_=tuple(spared)), PLAIN, st.lists(PLAIN_SELECTORS, max_size=2))
MANY = st.lists(SELECTORS, min_size=1, max_size=3)


def meant(selectors: list[Selector], on: date, platforms: frozenset[Platform] = BOTH) -> Expansion:
    return expand(ALL, selectors, platforms, on)


def reached(expansion: Expansion) -> set[str]:
    return {str(app) for app in expansion.apps} | {one.what for one in expansion.set_aside if ":" in one.what}


@given(MANY, MANY, DAYS)
def test_selectors_unite(some: list[Selector], others: list[Selector], on: date) -> None:
    both, one, other = meant(some + others, on), meant(some, on), meant(others, on)
    assert both.apps.keys() == one.apps.keys() | other.apps.keys()
    assert set(both.products) == set(one.products) | set(other.products)


@given(PLAIN, DAYS)
def test_keys_intersect(keys: dict[str, str], on: date) -> None:
    whole = reached(meant([Selector(**keys)], on))
    assert whole == set.intersection(*(reached(meant([Selector(**{key: name})], on)) for key, name in keys.items()))


@given(SELECTORS, PLAIN_SELECTORS, DAYS)
def test_an_exception_only_takes_away_and_all_it_reaches(selector: Selector, spared: Selector, on: date) -> None:
    before = meant([selector], on)
    after = meant([Selector(**_keys(selector), except_=(*selector.except_, spared))], on)
    assert after.apps.keys() <= before.apps.keys()
    assert not reached(after) & reached(meant([spared], on))


def _keys(selector: Selector) -> dict[str, str]:
    return {key: getattr(selector, key) for key in KEYS if getattr(selector, key) is not None}


@given(MANY, DAYS)
def test_a_platform_out_of_scope_is_left_out_and_changes_nothing_else(selectors: list[Selector], on: date) -> None:
    whole = meant(selectors, on)
    for platform in Platform:
        part = meant(selectors, on, frozenset({platform}))
        assert part.apps == {app: why for app, why in whole.apps.items() if app.platform is platform}
        assert part.unseen == tuple(pair for pair in whole.unseen if pair[1] is platform)


@given(MANY, DAYS)
def test_only_verified_ids_are_prohibited_and_each_has_a_reason(selectors: list[Selector], on: date) -> None:
    verified = {fact.app for product in ALL.products for fact in product.ids if fact.confidence.verified}
    expansion = meant(selectors, on)
    assert expansion.apps.keys() <= verified
    assert all(expansion.apps.values())
    assert not {str(app) for app in expansion.apps} & {one.what for one in expansion.set_aside}


@given(MANY, DAYS)
def test_each_selected_product_is_seen_or_listed_on_each_platform(selectors: list[Selector], on: date) -> None:
    expansion = meant(selectors, on)
    spared = any(selector.except_ for selector in selectors)
    shown = {(why.partition(": ")[0], app.platform) for app, reasons in expansion.apps.items() for why in reasons}
    for name in expansion.products:
        for platform in Platform:
            assert spared or ((name, platform) in expansion.unseen) is not ((name, platform) in shown)


def test_a_look_alike_is_never_swept_in() -> None:
    everything = [Selector(product=product.name) for product in ALL.products]
    everything += [Selector(list=one.id) for one in ALL.lists] + [Selector(category=name) for name in ALL.categories]
    assert ALL.lookalikes
    assert not meant(everything, date(2026, 6, 1)).apps.keys() & ALL.lookalikes.keys()


# -- traps that the facts hold --


def named(product: str, on: date = date(2023, 1, 1)) -> set[str]:
    return {str(app) for app in meant([Selector(product=product)], on).apps}


def test_case_alone_parts_tiktok_from_douyin() -> None:
    assert "ios:com.ss.iphone.ugc.Ame" in named("TikTok")
    assert "ios:com.ss.iphone.ugc.Aweme" in named("Douyin")
    assert not named("TikTok") & named("Douyin")


def test_a_prefix_parts_capcut_from_its_chinese_counterpart() -> None:
    assert {"ios:com.lemon.lvoverseas", "android:com.lemon.lvoverseas"} <= named("CapCut")
    assert named("Jianying") == {"ios:com.lemon.lv", "android:com.lemon.lv"}


def test_the_founding_case_s_product_is_seen_on_both_platforms() -> None:
    expansion = meant([Selector(product="TikTok")], date(2020, 7, 10))
    assert {"ios:com.zhiliaoapp.musically", "android:com.zhiliaoapp.musically"} <= {str(app) for app in expansion.apps}
    assert expansion.unseen == ()


@pytest.mark.parametrize(
    ("on", "owner"), [(date(2026, 1, 21), "ByteDance"), (date(2026, 1, 22), "TikTok USDS Joint Venture LLC")]
)
def test_tiktok_changes_owner_in_the_us_and_nowhere_else(on: date, owner: str) -> None:
    tiktok = ALL.product("TikTok")
    assert tiktok is not None
    assert [row.owner for row in tiktok.owners(on, "US")] == [owner]
    assert [row.owner for row in tiktok.owners(on, "DE")] == ["ByteDance"]
    shares = {row.owner: row.share for row in tiktok.ownerships if row.share is not None}
    assert shares == {"ByteDance": 0.199, "Oracle": 0.15, "Silver Lake": 0.15, "MGX": 0.15}


def test_a_function_inside_another_app_cannot_be_seen() -> None:
    assert meant([Selector(product="WeChat Pay")], date(2023, 1, 1)).unseen == (
        ("WeChat Pay", Platform.ANDROID),
        ("WeChat Pay", Platform.IOS),
    )


def test_a_system_component_is_not_swept_in_with_its_maker() -> None:
    expansion = meant([Selector(owner="Tencent")], date(2023, 1, 1))
    assert App(Platform.ANDROID, "com.tencent.soter.soterserver") not in expansion.apps
    assert "android:com.tencent.soter.soterserver" in {one.what for one in expansion.set_aside}


# -- integrity --


def test_no_id_belongs_to_two_products() -> None:
    counted = Counter(fact.app for product in ALL.products for fact in product.ids if fact.app is not None)
    assert [app for app, count in counted.items() if count > 1] == []


def test_every_fact_has_a_source() -> None:
    sources = [company.source for company in ALL.companies] + [product.source for product in ALL.products]
    for product in ALL.products:
        sources += [fact.source for fact in product.ids]
        sources += [row.source for row in product.ownerships] + [row.source for row in product.markets]
    sources += [member.source for one in ALL.lists for member in one.members]
    assert len(sources) > 900
    assert all(source.strip() for source in sources)


def test_a_name_means_one_product() -> None:
    spelled = [{folded(name) for name in (product.name, *product.aliases)} for product in ALL.products]
    assert not any(one & other for one, other in combinations(spelled, 2))


def test_only_ids_that_devices_report_become_apps() -> None:
    kept = [fact for product in ALL.products for fact in product.ids if fact.app is None]
    assert {"835599320", "com.ss.windows.studio"} <= {fact.id for fact in kept}
    assert not any(fact.app.id.isdigit() for product in ALL.products for fact in product.ids if fact.app)


def test_the_version_is_of_these_facts() -> None:
    assert len(ALL.version) == 64
    assert load() is ALL
