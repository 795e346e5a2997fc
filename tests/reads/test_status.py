"""Status: judged afresh, whatever was stored at the last walk; what gates have heard; what waits."""

import abroad
import house
import pytest

from countermand.config import Database
from countermand.core import facts
from countermand.core.errors import Refused
from countermand.core.handover import Format
from countermand.flows.handover import handover
from countermand.flows.stop import halt, rescind
from countermand.flows.write import write
from countermand.reads.status import status
from countermand.store import feed, held, models, sets
from countermand.store.unit import unit


@pytest.fixture
def phones(store: Database) -> list[abroad.Phone]:
    return abroad.settle()[0]


def denied(spec: list[abroad.Phone]) -> int:
    return sum(phone.has_app and phone.told and phone.named for phone in spec)


def test_stored_verdicts_are_not_trusted(phones: list[abroad.Phone]) -> None:
    with unit():
        for name in sets.names(sets.DEVICES, facts.verdict(house.NAME, "")):
            sets.drop(sets.DEVICES, [name])
        sets.flip(sets.DEVICES, {0: (frozenset(), frozenset({facts.verdict(house.NAME, "exempt")}))})
    one = status(house.NAME, abroad.NOW).directives[0]
    with_app = sum(phone.has_app for phone in phones)
    assert (one.devices["noncompliant"], one.devices["exempt"], one.devices["compliant"]) == (with_app, 0, 40 - with_app)
    assert one.denied == denied(phones)
    assert (one.told, one.phase, one.state) == (sum(phone.told for phone in phones), "enforced", "issued")


def test_the_next_due_is_one_that_was_told(phones: list[abroad.Phone]) -> None:
    assert status(house.NAME, abroad.DUE - 1).directives[0].next_due == abroad.DUE
    assert status(house.NAME, abroad.NOW).directives[0].next_due is None


def test_a_halted_order_denies_nobody_and_says_so(phones: list[abroad.Phone]) -> None:
    halt(house.operator(abroad.NOW), house.NAME)
    one = status(house.NAME, abroad.NOW).directives[0]
    assert (one.halted, one.denied) == (True, 0)
    assert one.devices["noncompliant"] == sum(phone.has_app for phone in phones)


def test_the_version_in_force_is_shown_beside_a_later_draft(phones: list[abroad.Phone]) -> None:
    write(house.author(abroad.NOW), house.document(due="2020-08-17T17:00"))
    one = status(house.NAME, abroad.NOW).directives[0]
    assert (one.state, one.version, one.newest, one.denied) == ("issued", 1, "draft", denied(phones))


def test_a_rescinded_order_keeps_its_ground(phones: list[abroad.Phone]) -> None:
    write(house.author(abroad.NOW), house.document(due="2020-08-17T17:00"))
    rescind(house.operator(abroad.NOW), house.NAME, "changed")
    one = status(house.NAME, abroad.NOW).directives[0]
    assert (one.state, one.version, one.newest, one.ground) == ("rescinded", 1, None, "changed")
    assert (one.devices, one.denied, one.told) == ({}, 0, sum(phone.told for phone in phones))


def test_every_directive_is_listed_and_an_unknown_one_refused(phones: list[abroad.Phone]) -> None:
    write(house.author(), house.document(name="another"))
    assert [one.directive for one in status(None, abroad.NOW).directives] == ["another", house.NAME]
    with pytest.raises(Refused) as refused:
        status("no-such", abroad.NOW)
    assert refused.value.code == "not-found"


def test_a_list_that_is_only_handed_over_denies_nobody_here(store: Database) -> None:
    spec = abroad.settle(consequence="hand_over")[0]
    handover(house.operator(abroad.NOW), house.NAME, Format.CSV)
    one = status(house.NAME, abroad.NOW).directives[0]
    assert (one.denied, one.receipts) == (0, 1)
    assert denied(spec) > 0


def test_how_far_each_gate_is_behind(phones: list[abroad.Phone]) -> None:
    with unit():
        feed.append(1, [feed.Row(n, "d", b"x") for n in (1, 2, 3)], abroad.NOW)
        feed.save_gate(feed.Gate("edge-1", 1, 1, abroad.NOW - 5000, abroad.NOW - 6000, False, {}))
        shown = {house.NAME: feed.DenialsShown(1, 2, 9), "another": feed.DenialsShown(3, 3, 3)}
        feed.save_gate(feed.Gate("edge-2", 0, 9, abroad.NOW, abroad.NOW, True, {}, shown, "0.2"))
    seen = status(None, abroad.NOW)
    assert (seen.epoch, seen.published) == (1, 3)
    assert [(gate.name, gate.behind, gate.silent, gate.stopped) for gate in seen.gates] == [
        ("edge-1", 2, 5000, False),
        ("edge-2", None, 0, True),
    ]
    assert [gate.version for gate in seen.gates] == ["", "0.2"]
    assert [dict(gate.shown) for gate in status(house.NAME, abroad.NOW).gates] == [{}, {house.NAME: shown[house.NAME]}]


def test_what_waits_for_a_person_and_the_ledgers_end(phones: list[abroad.Phone]) -> None:
    with unit():
        pk = held.hold("import-people", "file", "set-shrank", {"what": "x"}, [1], abroad.NOW)
    seen = status(None, abroad.NOW, tail=True)
    assert [batch.pk for batch in seen.held] == [pk]
    assert [entry.kind for entry in seen.tail] == house.ledger_kinds()[::-1][:5]
    assert (seen.sealed, seen.unsealed) == (0, models.LedgerRow.objects.count())
    assert status(None, abroad.NOW).tail == ()
