"""Which version an entry is about is said by its number within its directive; older entries, which name a row, are still read."""

from typing import Any

import house
import pytest
from post import Post

from countermand.config import Database
from countermand.core.instants import DAY, from_iso
from countermand.flows.bounce import bounce
from countermand.flows.sweep import sweep
from countermand.flows.telling import issue_all
from countermand.flows.write import write
from countermand.ledger.entry import Entry, decode
from countermand.reads.ledger import shown_about
from countermand.store import models

DUE = from_iso("2020-07-18T00:00:00Z")
KINDS = ("lapsed", "notice-bounced", "notices-handed-over", "verdicts-changed")


@pytest.fixture
def written(store: Database) -> dict[str, Entry]:
    """The last entry of each of these kinds, about version 1 of a directive whose row is another one."""
    house.open_house()
    house.move_in(house.staff(3, with_app=1))
    write(house.author(), house.document("an-older-one"), "other.yaml")
    unknown = house.document().replace("evidence: {", "evidence: {unknown: deny, ")
    made = house.issued(3, unknown)
    issue_all(house.operator(), house.NAME)
    post = Post()
    post.deliver_all()
    models.Source.objects.create(name="mdm", last_contact=DUE + 30 * DAY, interval=DAY)
    sweep(DUE + 30 * DAY)
    bounce(house.operator(DUE + 31 * DAY), models.Notice.objects.get(person=0, kind="issued").message_id, "no such box")
    entries = [decode(bytes(row.entry)) for row in models.LedgerRow.objects.order_by("pk")]
    assert made.version != 1
    return {entry.kind: entry for entry in entries}


def versions(about: Any) -> list[tuple[str, int]]:
    if isinstance(about, list):
        return [found for one in about for found in versions(one)]
    if not isinstance(about, dict):
        return []
    mine = [(key, value) for key, value in about.items() if key.startswith("version")]
    return mine + [found for one in about.values() for found in versions(one)]


@pytest.mark.parametrize("kind", KINDS)
def test_the_version_is_said_by_its_number(written: dict[str, Entry], kind: str) -> None:
    assert versions(written[kind].about) == [("version_number", 1)]
    assert versions(shown_about(written[kind])) == [("version_number", 1)]


@pytest.mark.parametrize("kind", KINDS)
def test_the_row_in_an_older_entry_is_not_shown(kind: str) -> None:
    old = {"lineage": "a", "version": 4711, "notices": [{"lineage": "a", "version": 4711, "kind": "issued", "accepted": 2}]}
    shown = shown_about(Entry(kind, 0, "system", old))
    assert shown == {"lineage": "a", "notices": [{"lineage": "a", "kind": "issued", "accepted": 2}]}


def test_the_number_in_any_other_entry_is_shown() -> None:
    assert shown_about(Entry("issued", 0, "ann", {"lineage": "a", "version": 2})) == {"lineage": "a", "version": 2}
