"""Rows and sets that a load writes many at a time are what writing them one by one gives, to the byte."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyroaring import BitMap

from countermand.core.facts import BLOCK_SIZE
from countermand.core.people import normal_login
from countermand.flows.many_sets import app_sets, distinct, numbers_in, united
from countermand.flows.staging import _normal
from countermand.store import bulk, packing, sets
from countermand.store.unit import unit

pa = pytest.importorskip("pyarrow")
ASCENDING = st.sets(st.integers(0, 2**32 - 1), max_size=9).map(sorted)


@given(st.lists(st.tuples(st.integers(0, 2**44), ASCENDING), min_size=1, max_size=6), st.integers(0, 3))
def test_packed_presence(devices: list[tuple[int, list[int]]], before: int) -> None:
    """Whatever stands in the long row before the first of these devices is not theirs."""
    times = np.array([at for at, _ in devices], np.int64)
    starts = np.cumsum([before, *(len(apps) for _, apps in devices)])
    numbers = np.array([number for _, apps in devices for number in apps], np.uint32)
    assert packing.pack_many(times, starts, numbers) == [packing.pack(dict.fromkeys(apps, at)) for at, apps in devices]


@given(st.lists(st.sets(st.integers(0, BLOCK_SIZE - 1), min_size=1, max_size=20), min_size=1, max_size=5), st.integers(0, 3))
def test_serialised_sets(members: list[set[int]], before: int) -> None:
    members.append(set(range(0, BLOCK_SIZE, 7)))  # too many for a plain array of them
    starts = np.cumsum([before, *map(len, members)])
    offsets = np.array([offset for one in members for offset in sorted(one)], np.uint16)
    assert sets.serialized(starts, offsets) == [bytes(BitMap(one).serialize()) for one in members]


@given(
    st.lists(st.tuples(st.integers(0, BLOCK_SIZE - 1), st.sets(st.sampled_from([1, 2, 10, 65_536, 65_546, 2**31]))), max_size=9)
)
def test_app_sets_are_in_the_order_of_their_names(devices: list[tuple[int, set[int]]]) -> None:
    rows = [(rank, number) for rank, numbers in dict(devices).items() for number in numbers]
    first = min(BLOCK_SIZE - 1 - rank for rank, _ in rows) if rows else 0
    keys = distinct(np.array([rank << 32 | number for rank, number in (*rows, *rows[:2])], np.int64))
    wanted: dict[str, list[int]] = {}
    for rank, number in sorted(rows):
        wanted.setdefault(f"app:{number}", []).append(first + rank)
    found = app_sets(keys, numbers_in(keys), first)
    assert found.names.tolist() == sorted(wanted)
    some = min(2, len(wanted))
    cut = [*found.serialized(0, some), *found.serialized(some, len(wanted))]
    assert cut == [(name, bytes(BitMap(wanted[name]).serialize())) for name in sorted(wanted)]


@given(st.dictionaries(st.text("ab", max_size=2), st.sets(st.integers(0, BLOCK_SIZE - 1), min_size=1, max_size=9)))
def test_sets_united_of_parts(members: dict[str, set[int]]) -> None:
    odd = {name: [np.array(sorted(one for one in members[name] if one % 2 == left)) for left in (1, 0)] for name in members}
    found = united({name: [part.astype(np.int64) for part in parts] for name, parts in odd.items()})
    assert list(found.serialized(0, len(members))) == [
        (name, bytes(BitMap(members[name]).serialize())) for name in sorted(members)
    ]


@given(st.lists(st.one_of(st.text(max_size=5), st.sampled_from(["", " Alice ", "CORP\\bob", "Ärger", "x@Y.z"])), max_size=6))
def test_a_column_of_logins_is_spelled_as_each_of_them(logins: list[str]) -> None:
    printable = [login for login in logins if login.isprintable()]  # others are refused before it matters
    assert _normal(pa.array(printable, pa.string())) == list(map(normal_login, printable))


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("count", [0, 1, 449, 450, 451, 1_000])
def test_any_number_of_rows_is_stored_and_found_by_texts(count: int) -> None:
    names = [f"g{number:04} '\"\\ü" for number in range(count)]
    with unit():
        bulk.insert("store_group", ("name",), [(name,) for name in names])
    found = bulk.by_texts("SELECT name FROM store_group WHERE name IN ({})", [*names, "no such group"])
    assert sorted(row[0] for row in found) == sorted(names)
