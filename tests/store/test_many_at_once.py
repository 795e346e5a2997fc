"""Rows and sets that a load writes many at a time are what writing them one by one gives, to the byte."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyroaring import BitMap

from countermand.core.facts import BLOCK_SIZE
from countermand.core.people import normal_login
from countermand.flows.placing import _app_sets
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
    rows = [(offset, number) for offset, numbers in sorted(dict(devices).items()) for number in sorted(numbers)]
    number, offset = np.array([one for _, one in rows], np.uint32), np.array([one for one, _ in rows], np.uint16)
    names, starts, offsets = _app_sets(number, offset)
    wanted: dict[str, list[int]] = {}
    for at, one in rows:
        wanted.setdefault(f"app:{one}", []).append(at)
    assert names == sorted(wanted)
    cut = [offsets[low:high].tolist() for low, high in pairwise(starts)]
    assert dict(zip(names, cut, strict=True)) == wanted


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
