"""A load in bulk leaves what the ordinary import of the same rows leaves; it is refused whole, and goes on when it was killed."""

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.db import connection
from fleet_words import NOW, PEOPLE, TIKTOK, agrees, by, watch, written
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from parquet_words import Phone, by_csv, content, parquet
from pyroaring import BitMap

from behind import afresh
from countermand.access import Act, Role
from countermand.config import Database
from countermand.core.errors import Refused, RefusedMany
from countermand.core.facts import BLOCK_SIZE
from countermand.core.instants import DAY, HOUR
from countermand.flows import bring, loading
from countermand.flows.bring_parquet import bring_parquet
from countermand.flows.doctor import doctor
from countermand.lib import parquet as reading_parquet
from countermand.store import evidence, loads, models, owners

APPS = [TIKTOK.id, "org.example.chess", "org.example.mail", "org.example.maps"]
KEYS = st.tuples(st.sampled_from(["mdm", "jamf"]), st.sampled_from([NOW - HOUR, NOW - 30 * HOUR, NOW - 9 * DAY]))
PLAIN = ("mdm", NOW - 2 * HOUR)


@st.composite
def phones(draw: st.DrawFn) -> list[Phone]:
    found = []
    for number in range(draw(st.integers(1, 7))):
        stated = draw(st.one_of(st.just(PLAIN), st.none(), KEYS))
        simple = stated is not None and draw(st.booleans())
        looked = [stated] if simple else sorted(draw(st.sets(KEYS, max_size=2)))
        looks = tuple((key, tuple(sorted(draw(st.sets(st.sampled_from(APPS), min_size=1))))) for key in looked if key)
        found.append(
            Phone(
                f"F{number}", looks, stated,
                login=draw(st.sampled_from(["alice", "bob", ""])),
                platform=draw(st.sampled_from(["ios", "android"])),
                ownership=draw(st.sampled_from(["corporate", "corporate", "personal", "contractor"])),
                enrollment=draw(st.sampled_from(["supervised", "device", "user", "none"])),
                eas=draw(st.sampled_from(["", f"E{number}"])),
            )
        )  # fmt: skip
    return found


def house(folder: Path, *, first: int = 0) -> None:
    """People, a watched app, and where ordinals of devices begin."""
    bring.bring_people(by(), written(folder, "people.csv", PEOPLE))
    models.Installation.objects.update_or_create(
        id=1, defaults={"drill": False, "origin": "o", "epoch": 1, "created": NOW, "next_device": first, "next_person": 2}
    )
    watch(TIKTOK)
    models.Lineage.objects.create(id="x", created_by="a")
    models.Exemption.objects.create(
        lineage_id="x", kind="device", target="serial:F1", ground="g", until=NOW + DAY, proposed_by="a", proposed_at=NOW,
        agreed_by="b", agreed_at=NOW,
    )  # fmt: skip


def load(folder: Path, place: Path, **how: Any) -> Any:
    return bring_parquet(by(Role.OPERATOR), [place], folder, **{"whole": False, "confirmed": True, **how})


_HOW = {"fleet": phones(), "before": st.integers(0, 7), "first": st.sampled_from([0, BLOCK_SIZE - 3])}
_FIXED = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@settings(max_examples=20, suppress_health_check=_FIXED)
@given(**_HOW, rows=st.sampled_from([1, 3, None]))
def test_it_leaves_what_the_ordinary_import_leaves(
    store: Database, folder: Path, fleet: list[Phone], before: int, first: int, rows: int | None
) -> None:
    _compare(store, folder, fleet, before, first, rows)


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
@settings(max_examples=4, suppress_health_check=_FIXED)
@given(**_HOW)
def test_the_same_on_a_server(store: Database, folder: Path, fleet: list[Phone], before: int, first: int) -> None:
    _compare(store, folder, fleet, before, first, None)


def _compare(store: Database, folder: Path, fleet: list[Phone], before: int, first: int, rows: int | None) -> None:
    afresh(store)
    house(folder, first=first)
    by_csv(folder, fleet[:before])
    by_csv(folder, fleet)
    wanted = content()
    afresh(store)
    house(folder, first=first)
    by_csv(folder, fleet[:before])
    load(folder, parquet(folder, fleet, rows))
    assert content() == wanted
    assert agrees()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where a test's files are: the place of an installation's state."""
    return tmp_path


MANY = [
    Phone(f"S{number:04}", ((PLAIN, (APPS[number % 4], APPS[(number // 4) % 4])),), PLAIN, eas=f"E{number}",
          ownership="personal" if number % 3 == 0 else "corporate")
    for number in range(60)
]  # fmt: skip


class Sevens:
    """Units of seven rows."""

    size = 7

    def __init__(self, *how: int) -> None:
        pass

    def after(self, count: int, began: int) -> None:
        pass


@pytest.fixture
def small_units(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "Pace", Sevens)


class Killed(BaseException):
    """As a kill: nothing handles it."""


def failing_at(number: int) -> Callable[..., Any]:
    count = 0

    def wrapper(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        nonlocal count
        count += 1
        if count == number:
            raise Killed(sql)
        return execute(sql, params, many, context)

    return wrapper


@pytest.mark.usefixtures("small_units")
def test_killed_at_any_statement_it_goes_on(store: Database, folder: Path) -> None:
    from django.db import connection

    afresh(store)
    house(folder, first=BLOCK_SIZE - 20)
    place = parquet(folder, MANY[::-1])
    load(folder, place)
    wanted, statements = content(), 0
    for number in range(1, 100_000, 31 if isinstance(store, Path) else 101):
        afresh(store)
        house(folder, first=BLOCK_SIZE - 20)
        with suppress(Killed), connection.execute_wrapper(failing_at(number)):
            load(folder, place)
            break
        statements += 1
        assert agrees(), number
        load(folder, place)
        assert content() == wanted, number
        assert agrees(), number
    assert statements >= 3


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # a COPY is not seen on its way
@pytest.mark.usefixtures("small_units")
def test_what_was_written_is_not_written_again(store: Database, folder: Path) -> None:
    from django.db import connection

    afresh(store)
    house(folder)
    place = parquet(folder, MANY)
    with suppress(Killed), connection.execute_wrapper(_after_placing(3)):
        load(folder, place)
    begun = loads.unfinished()[0]
    assert 0 < begun.placed < 60
    assert load(folder, place).resumed == begun.placed
    assert loads.unfinished() == []
    assert models.Device.objects.count() == 60


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.usefixtures("small_units")
@pytest.mark.parametrize("before", ["INSERT INTO store_factset", "INSERT INTO store_device"])
def test_a_load_that_another_one_came_between_is_checked_anew(store: Database, folder: Path, before: str) -> None:
    """What is staged is the other load's; and its sets of devices that never came stand under ordinals that nobody gets."""
    from django.db import connection

    afresh(store)
    house(folder)
    fleets = [MANY[:40], [replace(phone, login="") for phone in MANY[::-1]]]
    places = []
    for number, fleet in enumerate(fleets):
        place = parquet(folder, fleet)
        places.append(place.rename(folder / f"fleet-{number}"))
        with suppress(Killed), connection.execute_wrapper(_after_placing(4, before)):
            load(folder, places[number])
    assert len(loads.unfinished()) == 2
    for place in places:
        load(folder, place)
    assert models.Device.objects.count() == 60
    assert not any(one.missing for one in doctor(by(), repair=True).differences)
    assert agrees()


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_row_groups_are_read_one_by_one_or_together(store: Database, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    afresh(store)
    house(folder)
    load(folder, parquet(folder, MANY, 7))
    wanted = content()
    monkeypatch.setattr(reading_parquet, "_SMALL", 1)
    afresh(store)
    house(folder)
    load(folder, parquet(folder, MANY, 7))
    assert content() == wanted


def _after_placing(times: int, what: str = "INSERT INTO store_device") -> Callable[..., Any]:
    count = 0

    def wrapper(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        nonlocal count
        count += sql.startswith(what)
        if count == times:
            raise Killed(sql)
        return execute(sql, params, many, context)

    return wrapper


def test_nothing_of_a_private_phone_is_written_but_watched_apps(store: Database, folder: Path) -> None:
    afresh(store)
    house(folder)
    secret = "org.example.nobodys-business"
    phone = Phone("P1", ((PLAIN, (secret, TIKTOK.id)),), PLAIN, ownership="personal")
    several = Phone("P2", ((PLAIN, (secret,)), (("jamf", NOW - HOUR), (secret,))), PLAIN, ownership="contractor")
    load(folder, parquet(folder, [phone, several, *MANY]))
    assert secret not in {row.app_id for row in models.App.objects.all()}
    assert not [file for file in (folder / "loads").rglob("*") if file.is_file() and file.name != "lock"]
    shown = content()["P1"]["presence"]
    assert {app.id for app in shown[0]} == {TIKTOK.id}
    assert [coverage.apps for _, _, coverage in shown[1]] == [frozenset({TIKTOK})]


def test_every_bad_row_is_named_and_nothing_is_written(store: Database, folder: Path) -> None:
    afresh(store)
    house(folder)
    bad = [Phone("=A1", login="nobody"), Phone("A2", platform="symbian"), Phone("A3", stated=("mdm", NOW + DAY)), Phone("A3")]
    place = parquet(folder, [*bad, *MANY])
    apps = {"device": ["row S0001", "row none", "row S0002"], "app_id": ["", "a.b", "x" * 300]}
    pq.write_table(pa.table(apps), place / "apps-2.parquet")
    for form in ("csv", "parquet"):
        with pytest.raises(RefusedMany) as refused:
            load(folder, place, errors=form)
        assert refused.value.problems[-1].code == "load-errors"
    found = pq.read_table(folder / "loads/errors.parquet").to_pylist()
    assert {(row["file"], row["row"], row["column"], row["code"]) for row in found} == {
        ("devices.parquet", 1, "serial", "csv-formula"),
        ("devices.parquet", 1, "login", "person-unknown"),
        ("devices.parquet", 2, "platform", "csv-value"),
        ("devices.parquet", 3, "observed_at", "time-ahead"),
        ("devices.parquet", 4, "device", "csv-twice"),
        ("devices.parquet", 4, "serial", "csv-twice"),
        ("apps-2.parquet", 1, "app_id", "csv-value"),
        ("apps-2.parquet", 2, "device", "device-row-missing"),
        ("apps-2.parquet", 3, "app_id", "csv-field-long"),
    }
    assert (folder / "loads/errors.csv").read_bytes().count(b"\r\n") == len(found) + 1
    assert models.Device.objects.count() == 0
    assert loads.unfinished() == []


@pytest.mark.parametrize(
    ("write", "code"),
    [
        (lambda path: path.write_bytes(b"PAR1 and nothing"), "parquet-unreadable"),
        (lambda path: pq.write_table(pa.table({"device": ["a"]}), path), "parquet-column-missing"),
        (lambda path: pq.write_table(pa.table({"device": [1], "app_id": ["a"]}), path), "parquet-column-type"),
    ],
    ids=["damaged", "missing", "type"],
)
def test_a_file_of_another_form_is_refused(store: Database, folder: Path, write: Callable[[Path], Any], code: str) -> None:
    afresh(store)
    place = parquet(folder, MANY)
    write(place / "apps.parquet")
    with pytest.raises(Refused) as refused:
        load(folder, place)
    assert refused.value.code == code


def test_a_dry_run_counts_and_writes_nothing(store: Database, folder: Path) -> None:
    afresh(store)
    house(folder)
    place = parquet(folder, MANY)
    counted = load(folder, place, dry_run=True, confirmed=False)
    assert (counted.devices.rows, counted.devices.added, counted.apps) == (60, 60, sum(len(p.looks[0][1]) for p in MANY))
    assert [doubt.code for doubt in counted.doubts] == ["flood"]
    assert models.Device.objects.count() == 0
    with pytest.raises(Refused, match="import-held"):
        load(folder, place, confirmed=False)
    assert models.Device.objects.count() == 0


def test_a_watch_list_that_changes_stops_it_and_it_starts_anew(
    store: Database, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    afresh(store)
    house(folder)
    place = parquet(folder, MANY)
    real = loading.Placer._add_devices

    def and_then(self: loading.Placer, *how: Any) -> int:
        done = real(self, *how)
        models.Watch.objects.update(until=0)
        return done

    monkeypatch.setattr(loading, "Pace", Sevens)
    monkeypatch.setattr(loading.Placer, "_add_devices", and_then)
    with pytest.raises(Refused, match="load-overtaken"):
        load(folder, place)
    monkeypatch.setattr(loading.Placer, "_add_devices", real)
    load(folder, place)
    assert models.Device.objects.count() == 60
    assert {one.id for one in evidence.apps(range(1, 100)).values()} >= {APPS[1]}


def test_people_and_groups_come_first(store: Database, folder: Path) -> None:
    afresh(store)
    models.Installation.objects.create(drill=False, origin="o", epoch=1, created=NOW)
    place = parquet(folder, [Phone("F1", ((PLAIN, (TIKTOK.id,)),), PLAIN, login="carol")])
    people = {"login": ["carol", "DOMAIN\\dave"], "email": ["c@example.org", "d@example.org"], "country": ["DE", "US"]}
    pq.write_table(pa.table({**people, "groups": [["staff", "finance"], None]}), place / "people.parquet")
    pq.write_table(pa.table({"group": ["finance"], "member_of": ["headquarters"]}), place / "groups.parquet")
    done = load(folder, place)
    assert (done.people.added, done.groups.added, done.devices.added) == (2, 1, 1)
    assert {"country:DE", "group:headquarters", "owned"} <= content()["F1"]["sets"]
    assert agrees()
    assert load(folder, place / "people.parquet").people.rows == 2


def test_it_needs_leave(store: Database, folder: Path) -> None:
    act: Act = by(Role.AUDITOR)
    with pytest.raises(Refused, match="not-allowed"):
        bring_parquet(act, [folder], folder)


def test_the_doctor_mends_the_packed_copy_of_owners(store: Database, folder: Path) -> None:
    afresh(store)
    house(folder)
    load(folder, parquet(folder, MANY))
    wanted = owners.in_block(0)(BitMap(range(100)))
    assert wanted == BitMap([0])
    models.Device.objects.filter(ordinal__lt=5).update(owner=1)
    assert [(one.name, one.missing) for one in doctor(by()).differences if one.space == owners.SPACE] == [("owners", 5)]
    doctor(by(), repair=True)
    assert owners.in_block(0)(BitMap(range(100))) == BitMap([0, 1])
    assert agrees()


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_the_same_once_more_writes_no_evidence_and_moves_no_set(store: Database, tmp_path: Path) -> None:
    """What remains: the load's own row, two entries of the ledger, and that each device was named again."""
    house(tmp_path, first=BLOCK_SIZE - 20)
    place = parquet(tmp_path, MANY)
    load(tmp_path, place)
    written_to: set[str] = set()

    def noted(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        done = execute(sql, params, many, context)
        if (table := re.match(r"\s*(?:INSERT INTO|UPDATE|DELETE FROM) (\w+)", sql)) and context["cursor"].rowcount:
            written_to.add(table[1])
        return done

    with connection.execute_wrapper(noted):
        assert load(tmp_path, place).devices.changed == 0
    assert written_to == {"store_load", "store_ledgerrow", "store_enrolled"}
