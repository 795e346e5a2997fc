"""What the command line shows of the catalogue and of the register."""

from datetime import date
from pathlib import Path

import pytest

from countermand.core.devices import Platform
from countermand.core.errors import Refused, RefusedMany
from countermand.reads.catalogue import expansion_of
from countermand.reads.orders import known_order, known_orders

EXAMPLES = Path(__file__).parents[2] / "examples"


def text_of(name: str) -> str:
    return (EXAMPLES / name).read_text(encoding="utf-8")


def test_a_file_s_selectors_are_shown_as_ids_with_reasons_and_what_is_missing() -> None:
    shown = expansion_of(text_of("us-omb-m-23-13.yaml"), "omb.yaml", date(2023, 2, 27))
    tiktok = next(app for app in shown.apps if app.id == "com.zhiliaoapp.musically" and app.platform is Platform.IOS)
    assert tiktok.why == ("TikTok: product TikTok", "TikTok: owner ByteDance")
    assert ("Lemon8", Platform.IOS) in {(one.product, one.platform) for one in shown.unseen}
    assert "ios:com.bd.nproject" in {one.what for one in shown.set_aside}
    assert shown.directive == "us-omb-m-23-13"


def test_the_day_decides_who_owns() -> None:
    text = text_of("us-omb-m-23-13.yaml").replace("applies_to:", "applies_to:\n  people: {countries: [US]}")
    text = text.replace("  - product: TikTok\n", "")
    before = expansion_of(text, None, date(2026, 1, 21))
    after = expansion_of(text, None, date(2026, 1, 22))
    assert set(before.products) - set(after.products) == {"TikTok"}


def test_an_unknown_name_is_refused_at_its_line() -> None:
    text = text_of("amazon-2020-07-as-told.yaml").replace("product: TikTok", "product: TikTik")
    with pytest.raises(RefusedMany) as refusal:
        expansion_of(text, "amazon.yaml", date(2020, 7, 10))
    assert str(refusal.value).startswith("amazon.yaml:8:")
    assert "TikTok" in refusal.value.sentence


def test_the_register_is_listed_from_the_earliest() -> None:
    orders = known_orders()
    assert orders[0].id == "us-dhs-bod-17-01"
    assert [order.issued for order in orders] == sorted(order.issued for order in orders)
    assert known_order("amazon-2020-07") in orders


def test_an_unknown_order_suggests() -> None:
    with pytest.raises(Refused, match="amazon-2020-07") as refusal:
        known_order("amazon")
    assert refusal.value.code == "not-found"
