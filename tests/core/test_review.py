"""A ground is looked at again when what is known of the product changed after the day it was checked, and not otherwise."""

from dataclasses import replace
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from countermand.catalog import load
from countermand.core.directive import Ground
from countermand.core.review import checked

SOLD = date(2026, 1, 22)  # the American business of TikTok, as the catalogue has it


def ground(day: date | None) -> Ground:
    return Ground("Its owner can be obliged", "https://example.org", day)


def test_a_new_owner_asks_for_another_look_with_its_day_and_source() -> None:
    found = checked([ground(date(2025, 12, 1))], ["TikTok"], load(), date(2026, 6, 1))[0]
    whats = {change.what for change in found.since if change.on == SOLD}
    assert "TikTok USDS Joint Venture LLC owns it in US" in whats
    assert all(change.source for change in found.since)
    assert [change.on for change in found.since] == sorted(change.on for change in found.since)


def test_what_is_not_known_yet_and_what_was_known_ask_for_nothing() -> None:
    days = (SOLD, SOLD - timedelta(1))
    assert not any(change.on == SOLD for change in checked([ground(SOLD)], ["TikTok"], load(), date(2026, 6, 1))[0].since)
    assert not any(change.on >= SOLD for change in checked([ground(days[1])], ["TikTok"], load(), days[1])[0].since)
    assert checked([ground(None)], ["TikTok"], load(), date(2026, 6, 1))[0].since == ()


def test_what_stopped_holding_is_said() -> None:
    catalogue = load()
    product = catalogue.product("TikTok")
    assert product is not None
    ended = replace(product, ownerships=(replace(product.ownerships[0], valid_to=date(2024, 5, 1), owner="Zed"),))
    other = replace(catalogue, products=(ended,), lists=())
    found = checked([ground(date(2024, 1, 1))], ["TikTok", "nothing of that name"], other, date(2025, 1, 1))[0]
    assert "Zed owns it no longer" in {change.what for change in found.since}


@given(st.dates(date(2016, 1, 1), date(2026, 6, 1)), st.dates(date(2016, 1, 1), date(2026, 6, 1)))
def test_a_later_check_asks_for_less(one: date, other: date) -> None:
    earlier, later = (
        checked([ground(day)], ["TikTok", "WeChat"], load(), date(2026, 6, 1))[0].since for day in sorted((one, other))
    )
    assert set(later) <= set(earlier)
