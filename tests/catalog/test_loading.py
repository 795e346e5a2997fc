"""A catalogue with a flaw does not load: each kind of flaw is named with its file and line."""

import shutil
from datetime import date
from importlib.resources import files
from pathlib import Path

import pytest

from countermand.catalog.loading import load, read_folder
from countermand.catalog.orders import load_orders, read_register
from countermand.catalog.rows import Row
from countermand.core.errors import Refused


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with_facts = tmp_path / "facts"
    shutil.copytree(str(files("countermand.catalog") / "data"), with_facts)
    return with_facts


def add(folder: Path, name: str, line: str) -> int:
    file = folder / name
    file.write_text(file.read_text(encoding="utf-8") + line + "\n", encoding="utf-8")
    return len(file.read_text(encoding="utf-8").splitlines())


def test_a_copy_is_the_same_catalogue(folder: Path) -> None:
    assert read_folder(folder) == load()


def test_any_change_is_another_version(folder: Path) -> None:
    add(folder, "companies.csv", "A New Firm,,DE,a source")
    assert read_folder(folder).version != load().version


@pytest.mark.parametrize(
    ("name", "line", "why"),
    [
        ("companies.csv", "ByteDance,,CN,a source", "already means"),
        ("companies.csv", "Somebody,bytedance LTD.,CN,a source", "already means ByteDance"),
        ("companies.csv", "Somebody,,China,a source", "two letters"),
        ("companies.csv", "Somebody,,CN,", "source is empty"),
        ("companies.csv", "Somebody,CN,a source", "3 cells instead of 4"),
        ("companies.csv", "Somebody,A;A,CN,a source", "repeats a value"),
        ("products.csv", "tiktok,,social,,seen,a source,", "already means TikTok"),
        ("products.csv", "New App,,social,Nobody Ltd,seen,a source,", "'Nobody Ltd' is not in the catalogue"),
        ("products.csv", "New App,,social,,certain,a source,", "one of high, medium, seen, low, memory"),
        ("apps.csv", "TikTok,ios,bundle,com.new,New,,,seen,,", "source is empty"),
        ("apps.csv", "TikTok,ios,bundle,,New,,,seen,a source,", "id is empty"),
        ("apps.csv", "tiktok,ios,bundle,com.new,New,,,seen,a source,", "'tiktok' is not in the catalogue"),
        ("apps.csv", "Douyin,ios,bundle,com.zhiliaoapp.musically,New,,,seen,a source,", "stands twice"),
        ("apps.csv", "TikTok,ios,bundle,com.new,New,,sticky,seen,a source,", "trait must be"),
        ("apps.csv", "TikTok,ios,number,com.new,New,,,seen,a source,", "one of bundle, package, store"),
        ("ownerships.csv", "TikTok,Nobody,,,,,seen,a source", "'Nobody' is not in the catalogue"),
        ("ownerships.csv", "TikTok,Oracle,,2026-13,,,seen,a source", "must be a date"),
        ("ownerships.csv", "TikTok,Oracle,,2026-01-22,2026-01-22,,seen,a source", "ends before it begins"),
        ("ownerships.csv", "TikTok,Oracle,us,,,,seen,a source", "two letters"),
        ("ownerships.csv", "TikTok,Oracle,,,,1.2,seen,a source", "a share between 0 and 1"),
        ("markets.csv", "TikTok,IN,gone,2020,,a source", "exited or blocked"),
        ("lookalikes.csv", "ios,com.zhiliaoapp.musically,Fake,TikTok,a source", "stands twice"),
        ("members.csv", "no-such-list,2020,product,TikTok,TikTok,seen,a source", "'no-such-list' is not in the catalogue"),
        ("members.csv", "nl,2020,product,TikTok,TikTok,seen,a source", "is not in the catalogue"),
        ("members.csv", "uk-government-devices,,product,TikTok,TikTok,seen,a source", "as_of is empty"),
        ("members.csv", "uk-government-devices,2020,product,Tik Tok,TikTok,seen,a source", "letter for letter"),
        ("lists.csv", "new-list,A list,Somebody", "no members"),
    ],
)
def test_a_flaw_is_named_with_its_line(folder: Path, name: str, line: str, why: str) -> None:
    at = add(folder, name, line)
    with pytest.raises(Refused) as refusal:
        read_folder(folder)
    assert refusal.value.code == "catalogue-row"
    assert refusal.value.where is not None
    assert (refusal.value.where.file, refusal.value.where.line) == (name, at)
    assert why in refusal.value.sentence


def test_other_columns_are_refused(folder: Path) -> None:
    file = folder / "markets.csv"
    file.write_text(file.read_text(encoding="utf-8").replace("product,country", "country,product", 1), encoding="utf-8")
    with pytest.raises(Refused, match="the columns must be product, country"):
        read_folder(folder)


def test_a_date_known_to_the_year_or_month_is_read_in_the_device_s_favour() -> None:
    row = Row("f.csv", 2, {"year": "2021", "month": "2024-02", "day": "2025-01-31", "none": ""})
    assert [row.since(name) for name in row.cells] == [date(2021, 12, 31), date(2024, 2, 29), date(2025, 1, 31), None]
    assert [row.until(name) for name in row.cells] == [date(2021, 1, 1), date(2024, 2, 1), date(2025, 1, 31), None]


def test_the_register_has_every_order_with_sources() -> None:
    orders = load_orders()
    assert len(orders) == 14
    assert all(source.startswith("https://") for order in orders for source in order.sources)
    amazon = next(order for order in orders if order.id == "amazon-2020-07")
    assert amazon.issued == date(2020, 7, 10)
    assert any("sent in error" in change.what for change in amazon.changes)
    assert [deadline.due for deadline in amazon.deadlines] == [date(2020, 7, 10)]


@pytest.mark.parametrize(
    ("before", "after", "why"),
    [
        ('title = "Amazon staff', 'titel = "Amazon staff', "titel"),
        ("issued = 2020-07-10", 'issued = "2020-07-10"', "issued is not a day"),
        ('force = "mandatory"', 'force = "strict"', "strict"),
        ('id = "wellsfargo-2020-07"', 'id = "amazon-2020-07"', "stands twice"),
        ("[[order]]", "[[order", "Expected"),
    ],
)
def test_a_flawed_order_is_named(folder: Path, before: str, after: str, why: str) -> None:
    file = folder / "orders.toml"
    text = file.read_text(encoding="utf-8")
    assert before in text
    file.write_text(text.replace(before, after, 1), encoding="utf-8")
    with pytest.raises(Refused, match=why) as refusal:
        read_register(file)
    assert refusal.value.code == "orders-entry"
