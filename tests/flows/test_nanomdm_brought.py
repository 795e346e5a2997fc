"""NanoMDM's events brought in from files: devices appear, what was asked decides what an answer proves, traps stay traps."""

import base64
import json
import plistlib
from pathlib import Path
from typing import Any

import pytest

from countermand.access import Act, Actor, Role
from countermand.config import Database
from countermand.core.apps import App
from countermand.core.coverage import EVERYTHING, Coverage
from countermand.core.devices import Enrollment, Ownership, Platform
from countermand.core.errors import Refused, RefusedMany
from countermand.core.instants import DAY, HOUR, Instant, iso
from countermand.flows import bring
from countermand.flows.bring_nanomdm import ask, ask_by
from countermand.flows.doctor import doctor
from countermand.store import evidence, fleet, known, models

NOW: Instant = 1_800_000_000_000
ACT = Act(Actor("otto", frozenset({Role.OPERATOR})), NOW)
TIKTOK = App(Platform.IOS, "com.zhiliaoapp.musically")
OTHER = App(Platform.IOS, "com.bytedance.other")


def event(
    at: Instant, answer: dict[str, Any], query: str = "C1", *, udid: str = "U1", topic: str = "mdm.Connect"
) -> dict[str, Any]:
    payload = base64.b64encode(plistlib.dumps({"Status": "Acknowledged", **answer})).decode()
    body = {
        "udid": udid,
        "status": "Acknowledged",
        "command_uuid": query,
        "raw_payload": payload,
        "ids": {"id": udid, "type": "Device"},
    }
    return {
        "topic": topic,
        "event_id": f"{udid}{topic}{query}{at}",
        "created_at": iso(at),
        "acknowledge_event" if topic == "mdm.Connect" else "checkin_event": body,
    }


def apps(*present: App) -> dict[str, Any]:
    return {"InstalledApplicationList": [{"Identifier": app.id} for app in present]}


def brought(folder: Path, *events: dict[str, Any]) -> None:
    file = folder / "events.ndjson"
    file.write_text("\n".join(json.dumps(one) for one in events))
    bring.bring_nanomdm(ACT, [file])


def present(name: str) -> set[App]:
    ordinal = fleet.named(name)
    return set(evidence.apps(known.load([ordinal])[ordinal].present).values())


def covered(name: str) -> list[Coverage]:
    ordinal = fleet.named(name)
    return list(evidence.coverages([look.coverage for look in known.load([ordinal])[ordinal].looked]).values())


@pytest.fixture
def phone(store: Database, tmp_path: Path) -> Path:
    """A company phone, enrolled, and both apps on the watch list."""
    for number in evidence.numbers([TIKTOK, OTHER]).values():
        models.Watch.objects.create(app_id=number, purpose="x", until=NOW + DAY, proposed_by="a", agreed_by="b")
    text = "serial,login,platform,model,ownership,enrollment,eas_id,apps,observed_at\nF1,,ios,iPhone,corporate,supervised,,,\n"
    (tmp_path / "devices.csv").write_text(text)
    bring.bring_devices(ACT, tmp_path / "devices.csv")
    brought(tmp_path, event(NOW - DAY, {"SerialNumber": "F1", "ProductName": "iPhone12,1"}, "", topic="mdm.Authenticate"))
    return tmp_path


def test_a_phone_is_known_by_its_serial_and_then_by_its_udid(phone: Path) -> None:
    assert fleet.named("udid:U1") == fleet.named("F1")
    brought(phone, event(NOW - HOUR, {"QueryResponses": {"SerialNumber": "F1", "EASDeviceIdentifier": "ApplF1"}}))
    assert fleet.named("eas:ApplF1") == fleet.named("F1")
    row = fleet.load([fleet.named("F1")])[fleet.named("F1")]
    assert (row.ownership, row.reads_mail) == (Ownership.CORPORATE, True)


def test_a_phone_that_nobody_listed_counts_as_its_owners_own(phone: Path) -> None:
    brought(phone, event(NOW - HOUR, {"SerialNumber": "F9"}, "", udid="U9", topic="mdm.Authenticate"))
    row = fleet.load([fleet.named("F9")])[fleet.named("F9")]
    assert (row.ownership, row.enrollment, row.owner) == (Ownership.PERSONAL, Enrollment.DEVICE, None)


def test_a_named_query_taken_for_a_full_list_would_clear_the_rest(phone: Path) -> None:
    ask(ACT, ["U1"], "FULL", EVERYTHING)
    brought(phone, event(NOW - 3 * HOUR, apps(TIKTOK, OTHER), "FULL"))
    ask(ACT, ["U1"], "NAMED", Coverage(frozenset({TIKTOK})))
    brought(phone, event(NOW - 2 * HOUR, apps(), "NAMED"))
    assert present("F1") == {OTHER}
    brought(phone, event(NOW - HOUR, apps(), "SOMEBODY-ELSES"))
    assert present("F1") == {OTHER}
    assert doctor(ACT).differences == ()


def test_one_uuid_for_many_phones_speaks_for_those_we_asked(phone: Path) -> None:
    brought(phone, event(NOW - DAY, {"SerialNumber": "F2"}, "", udid="U2", topic="mdm.Authenticate"))
    ask(ACT, ["U1"], "C", EVERYTHING)
    brought(phone, event(NOW - HOUR, apps(), "C"), event(NOW - HOUR, apps(), "C", udid="U2"))
    assert EVERYTHING in covered("F1")
    assert all(not coverage.includes(frozenset({TIKTOK})) for coverage in covered("F2"))


def test_events_out_of_order_and_a_late_answer_after_leaving(phone: Path) -> None:
    ask(ACT, ["U1"], "A", EVERYTHING)
    ask(ACT, ["U1"], "B", EVERYTHING)
    brought(phone, event(NOW - HOUR, apps(), "B"), event(NOW - 2 * HOUR, apps(TIKTOK), "A"))
    assert present("F1") == set()
    brought(phone, event(NOW - HOUR // 2, {}, "", topic="mdm.CheckOut"))
    brought(phone, event(NOW - HOUR, apps(TIKTOK), "NOT-OURS"))
    assert fleet.enrolled([fleet.named("F1")], "nanomdm") == frozenset()
    assert present("F1") == {TIKTOK}


def test_leaving_clears_nothing(phone: Path) -> None:
    brought(phone, event(NOW - 2 * HOUR, apps(TIKTOK)))
    brought(phone, event(NOW - HOUR, {}, "", topic="mdm.CheckOut"))
    assert present("F1") == {TIKTOK}


def test_one_damaged_event_and_nothing_is_applied(phone: Path) -> None:
    file = phone / "bad.ndjson"
    file.write_text(json.dumps(event(NOW - HOUR, apps(TIKTOK))) + "\n{broken\n")
    with pytest.raises(RefusedMany) as refused:
        bring.bring_nanomdm(ACT, [file])
    assert [(one.code, one.where.line if one.where else 0) for one in refused.value.problems] == [("event-damaged", 2)]
    assert present("F1") == set()


class TestAsking:
    """What a command asks is said before it is sent, with the command's own file."""

    @staticmethod
    def command(folder: Path, uuid: str = "Q1", **asked: object) -> Path:
        file = folder / "command.plist"
        said: dict[str, object] = {"Command": {"RequestType": "InstalledApplicationList", **asked}}
        file.write_bytes(plistlib.dumps(said | ({"CommandUUID": uuid} if uuid else {})))
        return file

    @pytest.mark.parametrize(
        ("asked", "covers"),
        [
            ({}, None),
            ({"ManagedAppsOnly": False}, None),
            ({"Identifiers": [TIKTOK.id]}, (TIKTOK.id,)),
            ({"Identifiers": []}, ()),
            ({"ManagedAppsOnly": True}, ()),
            ({"Identifiers": [TIKTOK.id], "ManagedAppsOnly": True}, ()),
            ({"Items": ["Name", "Version"]}, ()),
            ({"Items": ["Name", "Identifier"]}, None),
        ],
    )
    def test_what_its_answer_could_show(
        self, store: Database, tmp_path: Path, asked: dict[str, object], covers: tuple[str, ...] | None
    ) -> None:
        done = ask_by(ACT, self.command(tmp_path, **asked), ["U2", "U1", " U1 ", ""])
        assert (done.query, done.enrolments, done.apps) == ("Q1", 2, covers)

    def test_a_named_querys_answer_proves_what_it_named(self, phone: Path) -> None:
        ask_by(ACT, self.command(phone, Identifiers=[TIKTOK.id]), ["U1"])
        brought(phone, event(NOW - HOUR, apps(), "Q1"))
        assert Coverage(frozenset({TIKTOK})) in covered("F1")
        assert not any(coverage.includes(frozenset({OTHER})) for coverage in covered("F1"))

    @pytest.mark.parametrize(
        ("text", "code"),
        [
            (b"no plist", "command-unfit"),
            (plistlib.dumps([]), "command-unfit"),
            (plistlib.dumps({"CommandUUID": "Q", "Command": {"RequestType": "DeviceLock"}}), "command-unfit"),
            (plistlib.dumps({"Command": {"RequestType": "InstalledApplicationList"}}), "command-unfit"),
            (
                plistlib.dumps({"CommandUUID": "Q", "Command": {"RequestType": "InstalledApplicationList", "Identifiers": "x"}}),
                "command-unfit",
            ),
        ],
        ids=["text", "list", "another command", "no uuid", "no list of ids"],
    )
    def test_what_cannot_be_remembered_is_refused(self, store: Database, tmp_path: Path, text: bytes, code: str) -> None:
        (tmp_path / "c.plist").write_bytes(text)
        with pytest.raises(Refused) as refused:
            ask_by(ACT, tmp_path / "c.plist", ["U1"])
        assert refused.value.code == code
        assert not models.Asked.objects.exists()

    def test_nobody_is_asked(self, store: Database, tmp_path: Path) -> None:
        with pytest.raises(Refused) as refused:
            ask_by(ACT, self.command(tmp_path), [" "])
        assert refused.value.code == "nobody-asked"
