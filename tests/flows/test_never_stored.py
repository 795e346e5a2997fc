"""PRIVACY: an app that nobody watches is never stored of a phone that is not the company's. The database itself is searched:
every byte of SQLite's files, and a dump of PostgreSQL's."""

import base64
import json
import plistlib
import re
import subprocess
import zlib
from pathlib import Path

import parquet_words
import pytest
from fleet_words import CHESS, HEADER, NOW, PEOPLE, TIKTOK, by, row, said, watch, written

from countermand.access import Role
from countermand.config import Database, Holdbacks, Postgres
from countermand.core.instants import HOUR, iso
from countermand.flows import bring, connect, events
from countermand.flows.ingest import ingest
from countermand.store import models
from countermand.store.setup import close_store, open_store

#: The id of an app that says something of its owner, and the ways in which it could stand in a file.
SECRET = CHESS.id
_FORMS = [SECRET.encode(), SECRET.encode("utf-16-le"), *(base64.b64encode(b" " * n + SECRET.encode())[2 * n :] for n in range(3))]
#: Of a base64 text, the part that does not depend on what stands beside it.
TRACES = [_FORMS[0], _FORMS[1], *(one[4:-4] for one in _FORMS[2:])]


def dumped(store: Database) -> bytes:
    """All that the database holds, as bytes."""
    close_store()
    if isinstance(store, Postgres):
        place = f"host={store.host} port={store.port} dbname={store.name} user={store.role}"
        done = subprocess.run(["pg_dump", "--inserts", "-d", place], check=True, capture_output=True, timeout=120)
        hexes = re.findall(rb"\\x((?:[0-9a-f]{2})+)", done.stdout)
        found = b"\n".join([done.stdout, *(bytes.fromhex(one.decode()) for one in hexes)])
    else:
        files = sorted(store.parent.glob(f"{store.name}*"))
        found = b"".join(one.read_bytes() for one in files)
    open_store(store)
    return found


def traces(store: Database) -> list[bytes]:
    found = dumped(store)
    return [one for one in TRACES if one in found]


@pytest.fixture
def watched(store: Database, tmp_path: Path) -> Path:
    bring.bring_people(by(), written(tmp_path, "people.csv", PEOPLE))
    watch(TIKTOK)
    return tmp_path


def test_the_search_finds_what_is_there(watched: Path, store: Database) -> None:
    phone = row("F1", apps=[TIKTOK, CHESS], eas="E1")  # the company's own: its whole list is kept
    bring.bring_devices(by(), written(watched, "devices.csv", HEADER + phone))
    assert traces(store)


@pytest.mark.parametrize("ownership", ["personal", "contractor"])
def test_a_file(watched: Path, store: Database, ownership: str) -> None:
    phone = row("F1", ownership=ownership, apps=[TIKTOK, CHESS], eas="E1")
    bring.bring_devices(by(), written(watched, "devices.csv", HEADER + phone))
    assert models.AppList.objects.count() == 1
    assert traces(store) == []


def test_a_report_and_one_that_is_held_back(watched: Path, store: Database) -> None:
    phones = "".join(row(f"F{n}", ownership="personal", at=NOW - 2 * HOUR) for n in range(30))
    bring.bring_devices(by(), written(watched, "devices.csv", HEADER + phones), source="mdm")
    for number in range(30):
        ingest(by(), "mdm", [said(f"F{number}", NOW - HOUR, TIKTOK, CHESS)], hold=Holdbacks())
    held = [zlib.decompress(bytes(one.payload)) for one in models.Held.objects.all()]
    assert held
    assert not any(SECRET.encode() in one for one in held)
    assert traces(store) == []


def posted(kind: str) -> bytes:
    """What a source of this kind posts of somebody's own phone."""
    apps = [TIKTOK.id, SECRET]
    if kind == "webhook":
        device = {"serial": "F1", "platform": "ios", "ownership": "personal", "enrollment": "device", "apps": apps}
        return json.dumps({"devices": [{**device, "observed_at": iso(NOW - HOUR)}]}).encode()
    answer = plistlib.dumps({"Status": "Acknowledged", "InstalledApplicationList": [{"Identifier": one} for one in apps]})
    body = {"udid": "U1", "status": "Acknowledged", "command_uuid": "C1", "ids": {"id": "U1", "type": "Device"}}
    said = {**body, "raw_payload": base64.b64encode(answer).decode()}
    return json.dumps({"topic": "mdm.Connect", "created_at": iso(NOW - HOUR), "acknowledge_event": said}).encode()


@pytest.mark.parametrize("kind", ["nanomdm", "webhook"])
def test_an_event_that_was_posted(watched: Path, store: Database, kind: str) -> None:
    connect.source_add(by(Role.ADMINISTRATOR), watched, "mdm", kind)
    assert events.keep_event("mdm", posted(kind), NOW)
    assert traces(store), "it is stored whole until it is taken"
    assert events.take_events(by(Role.SYSTEM), Holdbacks()) == 1
    assert models.AppList.objects.count() == 1
    assert traces(store) == []


def test_a_load_in_bulk_and_what_it_lays_ready(watched: Path, store: Database) -> None:
    phone = parquet_words.Phone("F1", ((("mdm", NOW - HOUR), (TIKTOK.id, SECRET)),), ("mdm", NOW - HOUR), ownership="personal")
    done = bring.bring_parquet(by(), [parquet_words.parquet(watched, [phone])], watched / "state")
    assert (done.apps, done.kept) == (2, 1)
    assert traces(store) == []
    left = b"".join(one.read_bytes() for one in (watched / "state").rglob("*") if one.is_file())
    assert not [one for one in TRACES if one in left]


def test_a_phone_that_becomes_its_owner_s(watched: Path, store: Database) -> None:
    bring.bring_devices(by(), written(watched, "one.csv", HEADER + row("F1", apps=[TIKTOK, CHESS], eas="E1")))
    bring.bring_devices(by(), written(watched, "two.csv", HEADER + row("F1", ownership="personal", apps=[TIKTOK], eas="E1")))
    shown = models.AppList.objects.get()
    assert models.App.objects.filter(app_id=SECRET).exists()  # the id is known, of whom is not
    number = models.App.objects.get(app_id=SECRET).pk
    from countermand.store import packing

    assert number not in packing.numbers_in(bytes(shown.shown))
