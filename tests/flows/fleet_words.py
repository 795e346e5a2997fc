"""A small fleet for tests: people and phones brought in from files, reports said in few words."""

from collections.abc import Sequence
from pathlib import Path

from countermand.access import Act, Actor, Role
from countermand.core.apps import App
from countermand.core.coverage import EVERYTHING, Coverage, Grade, Report
from countermand.core.devices import Identity, IdentityKind, Platform
from countermand.core.instants import DAY, HOUR, Instant, iso
from countermand.core.mentions import Mention
from countermand.flows.doctor import doctor
from countermand.store import evidence, fleet, known, models

NOW: Instant = 1_800_000_000_000
TIKTOK = App(Platform.IOS, "com.zhiliaoapp.musically")
CHESS = App(Platform.IOS, "org.example.chess-of-nobody-else")
PEOPLE = """\
login,email,name,zone,locale,country,groups,employment
alice,alice@example.org,Alice,Europe/Berlin,de,DE,staff;finance,employee
bob,bob@example.org,Bob,America/Los_Angeles,en,US,staff,employee
"""
HEADER = "serial,login,platform,model,ownership,enrollment,eas_id,apps,observed_at\n"


def by(*roles: Role, now: Instant = NOW) -> Act:
    return Act(Actor("otto", frozenset(roles or {Role.OPERATOR})), now)


def written(folder: Path, name: str, text: str | bytes) -> Path:
    file = folder / name
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return file


def row(
    serial: str,
    login: str = "alice",
    ownership: str = "corporate",
    apps: Sequence[App] = (),
    eas: str = "",
    at: Instant = NOW - HOUR,
) -> str:
    enrollment = "supervised" if ownership == "corporate" else "device"
    ids = ";".join(app.id for app in apps)
    return f"{serial},{login},ios,iPhone,{ownership},{enrollment},{eas},{ids},{iso(at)}\n"


def watch(*apps: App) -> None:
    for app, number in evidence.numbers(apps).items():
        models.Watch.objects.create(app_id=number, purpose=app.id, until=NOW + 90 * DAY, proposed_by="a", agreed_by="b")


def agrees(now: Instant = NOW) -> bool:
    return doctor(by(now=now)).differences == ()


def said(serial: str, at: Instant, *present: App, coverage: Coverage = EVERYTHING, source: str = "mdm") -> Mention:
    identity = Identity(IdentityKind.SERIAL, serial)
    return Mention(
        (identity,), enrolled=True, seen_at=at, reports=(Report(source, at, Grade.INVENTORY, coverage, frozenset(present)),)
    )


def present(serial: str) -> set[App]:
    ordinal = fleet.named(serial)
    return set(evidence.apps(known.load([ordinal])[ordinal].present).values())
