"""Retention: what was kept of people's own phones goes when the order and the appeal period are over, and not before."""

import json
from pathlib import Path

import house
import pytest
from fleet_words import CHESS, HEADER, PEOPLE, TIKTOK, agrees, by, present, row, said, watch, written
from fleet_words import NOW as FLEETS_NOW
from house import NAME, NOW

from countermand import worker
from countermand.access import Act
from countermand.config import Database, Retention, standard
from countermand.core.coverage import EVERYTHING, Grade
from countermand.core.devices import Ownership
from countermand.core.instants import DAY, HOUR, Instant
from countermand.core.presence import Presence
from countermand.flows import bring, forget
from countermand.flows.forget import forget_all, forget_unwatched
from countermand.flows.ingest import ingest
from countermand.flows.stop import rescind
from countermand.store import evidence, fleet, watching
from countermand.store.unit import unit

APPEAL = 30 * DAY


@pytest.fixture
def ordered(store: Database) -> house.Fleet:
    """An issued order, and two people's own phones with the app, as an MDM reported them."""
    house.open_house()
    found = house.move_in([house.Phone("p0", True, Ownership.PERSONAL), house.Phone("p1", True, Ownership.CORPORATE)])
    house.issued(2, house.document(more="sunset: 2020-12-31"))
    return found


def shown() -> list[set[str]]:
    """The apps kept of each phone, in order."""
    found = evidence.presences([0, 1], evidence.Met())
    return [{app.id for app in found[ordinal].shown} if ordinal in found else set() for ordinal in (0, 1)]


@pytest.fixture
def seen(ordered: house.Fleet) -> house.Fleet:
    """The rows that go with the sets that ``house.move_in`` writes: without them nothing is there to forget."""
    met = evidence.Met()
    with unit():
        one = Presence({house.TIKTOK: NOW - HOUR}, {("mdm", Grade.INVENTORY, EVERYTHING.narrowed(watching.watch_list(NOW))): NOW})
        evidence.save_presences({ordinal: (Presence(), one) for ordinal in (0, 1)}, met)
    return ordered


def test_while_the_order_holds_everything_stays(seen: house.Fleet) -> None:
    assert forget_all(house.worker(NOW + 10 * DAY), APPEAL) == 0
    assert shown() == [{house.TIKTOK.id}, {house.TIKTOK.id}]


@pytest.mark.parametrize(("after", "left"), [(29 * DAY, 1), (30 * DAY, 0)])
def test_after_the_end_the_appeal_period_runs(seen: house.Fleet, after: int, left: int) -> None:
    rescind(house.operator(NOW + DAY), NAME, "changed")
    forget_all(house.worker(NOW + DAY + after), APPEAL)
    assert [len(apps) for apps in shown()] == [left, 1]  # the company's own phone keeps its list


def test_nothing_new_is_kept_once_the_order_is_over(seen: house.Fleet) -> None:
    rescind(house.operator(NOW + DAY), NAME, "changed")
    assert house.TIKTOK not in watching.watch_list(NOW + DAY)
    assert house.TIKTOK in watching.watch_list(NOW + DAY, APPEAL)


def test_a_sunset_is_an_end_too(seen: house.Fleet) -> None:
    sunset = 1609459200000  # the end of 2020 in UTC
    assert house.TIKTOK in watching.watch_list(sunset - 1)
    assert house.TIKTOK not in watching.watch_list(sunset)
    forget_all(house.worker(sunset + APPEAL - 1), APPEAL)
    assert shown()[0]
    forget_all(house.worker(sunset + APPEAL), APPEAL)
    assert not shown()[0]


def test_coverage_narrows_in_the_same_write_and_the_ledger_says_so(seen: house.Fleet) -> None:
    rescind(house.operator(NOW), NAME, "changed")
    assert forget_all(house.worker(NOW + APPEAL), APPEAL) == 1
    found = evidence.presences([0], evidence.Met())[0]
    assert all(not coverage.includes(frozenset({house.TIKTOK})) for _, _, coverage in found.looked)
    assert house.ledger_kinds().count("forgotten") == 1
    assert forget_all(house.worker(NOW + APPEAL), APPEAL) == 0
    assert house.ledger_kinds().count("forgotten") == 1


def test_it_goes_step_by_step_through_a_fleet(store: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A chunk that is smaller than what there is to forget leaves nothing behind, and nothing is written for a look."""
    monkeypatch.setattr(forget, "CHUNK", 2)
    monkeypatch.setattr(forget, "LOOK", 5)
    bring.bring_people(by(), written(tmp_path, "people.csv", PEOPLE))
    bring.bring_devices(
        by(), written(tmp_path, "d.csv", HEADER + "".join(row(f"F{n}", "bob", "personal", eas=f"E{n}") for n in range(12)))
    )
    watch(TIKTOK)
    ingest(by(), "mdm", [said(f"F{n}", FLEETS_NOW, TIKTOK, CHESS) for n in range(12)], confirmed=True)
    assert [present(f"F{n}") for n in range(12)] == [{TIKTOK}] * 12
    later, cursor, steps = by(now=FLEETS_NOW + 91 * DAY), -1, []
    while (step := forget_unwatched(later, cursor)).cursor is not None:
        cursor = step.cursor
        steps.append(step.devices)
    assert sum(steps) == 12
    assert max(steps) == 2
    assert not any(present(f"F{n}") for n in range(12))
    assert [fleet.named(f"F{n}") is not None for n in range(12)] == [True] * 12
    assert agrees(later.now)


def test_the_worker_does_it_once_a_day(
    seen: house.Fleet, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    now: list[Instant] = [NOW + DAY]
    walks: list[int] = []
    real = forget.forget_unwatched

    def counted(act: Act, after: int = -1, appeal: int = 0) -> forget.Forgotten:
        walks.append(after)
        return real(act, after, appeal)

    monkeypatch.setattr(worker, "acting", lambda: house.worker(now[0]))
    monkeypatch.setattr(forget, "forget_unwatched", counted)
    rescind(house.operator(NOW), NAME, "changed")
    step = worker.forgetting(standard(tmp_path))

    def walk() -> None:
        while step.run():
            pass

    walk()
    assert walks == [-1, 0]
    walk()
    assert walks == [-1, 0]  # not asked again on the same day
    now[0] += Retention().every
    walk()
    assert len(walks) == 4
    assert shown()[0]
    now[0] = NOW + APPEAL
    walk()
    assert not shown()[0]
    assert [json.loads(line)["devices"] for line in capsys.readouterr().err.splitlines()] == [1]
