"""A sweep on a day on which everything changes: in parts, so that nobody who wants to write waits for all of it."""

import json
from collections.abc import Callable

import house
import pytest

from countermand.core.instants import DAY, HOUR, from_iso
from countermand.flows import sweep as sweeping
from countermand.flows.sweep import sweep
from countermand.flows.telling import issue_all
from countermand.lib.steps import Stopping
from countermand.store import models, sets
from countermand.store.unit import aside

DUE = from_iso("2020-07-18T00:00:00Z")
PEOPLE = 11
pytestmark = pytest.mark.usefixtures("store")


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeping, "PART", 3)


@pytest.fixture
def due(store: object) -> None:
    """An order under which everybody is told, and everybody's phone has the app."""
    house.open_house()
    fleet = house.move_in(house.staff(PEOPLE, with_app=PEOPLE))
    made = house.issued(PEOPLE, house.document(more="reminders: [1d]"))
    issue_all(house.operator(), house.NAME)
    house.told(made.version, fleet, list(fleet.people), DUE)


def changes(kind: str) -> list[int]:
    """Of how many devices each entry of this kind is."""
    entries = [json.loads(bytes(row.entry)) for row in models.LedgerRow.objects.order_by("pk")]
    return [len(entry["subjects"]) for entry in entries if entry["kind"] == kind]


def notices(kind: str) -> list[int]:
    return sorted(models.Notice.objects.filter(kind=kind).values_list("person_id", flat=True))


def denied() -> set[int]:
    found = sets.load(sets.DEVICES, 0, (), frozenset({"verdict:"}))
    return {offset for name, offsets in found.sets.items() if name.endswith(":denied") for offset in offsets}


def test_everybody_who_is_denied_now_is_recorded_and_told_part_by_part(due: None) -> None:
    sweep(DUE - DAY)
    before = len(changes("verdicts-changed"))
    done = sweep(DUE + HOUR, lapse=False)
    assert (done.blocks, done.changed) == (1, 1)
    assert changes("verdicts-changed")[before:] == [3, 3, 3, 2]
    assert denied() == set(range(PEOPLE))
    assert notices("denied") == list(range(PEOPLE))
    assert sweep(DUE + 2 * HOUR, lapse=False).changed == 0


def test_evidence_grows_old_part_by_part() -> None:
    house.open_house()
    fleet = house.move_in(house.staff(PEOPLE))
    made = house.issued(PEOPLE, house.document().replace("evidence: {", "evidence: {unknown: deny, "))
    house.told(made.version, fleet, list(fleet.people), DUE)
    later = DUE + 30 * DAY
    models.Source.objects.create(name="mdm", last_contact=house.NOW, interval=DAY)
    sweep(house.NOW)
    assert changes("lapsed") == []
    models.Source.objects.update(last_contact=later)
    sweep(later)
    assert changes("lapsed") == [3, 3, 3, 2]
    assert denied() == set(range(PEOPLE))
    assert notices("denied") == list(range(PEOPLE))
    assert sweep(later).changed == 0


def test_reminders_are_promised_part_by_part_and_once(due: None) -> None:
    assert sweep(DUE - 2 * DAY).reminders == 0
    assert sweep(DUE - DAY).reminders == PEOPLE
    assert notices("reminder") == list(range(PEOPLE))
    assert sweep(DUE - DAY + HOUR).reminders == 0


@pytest.mark.parametrize("at", [DUE - DAY, DUE + HOUR])
def test_whoever_wants_to_write_does_so_between_two_parts(due: None, at: int) -> None:
    wrote = []

    def meanwhile() -> None:
        with aside():
            wrote.append(len(notices("reminder")) + len(notices("denied")))

    sweep(DUE - 2 * DAY)
    sweep(at, lapse=False, between=meanwhile)
    assert {3, 6, 9} <= set(wrote)


@pytest.mark.parametrize(("at", "kind"), [(DUE - DAY, "reminder"), (DUE + HOUR, "denied")])
def test_what_was_stopped_between_two_parts_goes_on_with_the_rest(due: None, at: int, kind: str) -> None:
    sweep(DUE - 2 * DAY)
    with pytest.raises(Stopping):
        sweep(at, lapse=False, between=_stopping_when(lambda: len(notices(kind)) >= 6))
    assert notices(kind) == list(range(6))
    sweep(at, lapse=False)
    assert notices(kind) == list(range(PEOPLE))


def _stopping_when(enough: Callable[[], bool]) -> Callable[[], None]:
    def between() -> None:
        if enough():
            raise Stopping

    return between
