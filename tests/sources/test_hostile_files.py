"""Whatever a source posts or exports: a refusal with a code, a problem with its line, or what it says; never another fault."""

import base64
import json
import plistlib
import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from countermand.core.coverage import EVERYTHING, Coverage
from countermand.core.errors import Refused
from countermand.core.instants import from_iso
from countermand.core.mentions import Mention
from countermand.core.table import Problems
from countermand.sources import android_pushed, devices_csv, devices_posted, exchange, nanomdm
from mutated import nodes, with_

NOW = from_iso("2026-01-10T12:00:00Z")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8) | st.just("x" * 5_000),
    lambda one: st.lists(one, max_size=3) | st.dictionaries(st.text(max_size=4), one, max_size=3),
    max_leaves=6,
)
APPS = {"InstalledApplicationList": [{"Identifier": "org.example.chess", "Installing": False}, {"Name": "no id"}]}
FACTS = {"QueryResponses": {"SerialNumber": "F1", "EASDeviceIdentifier": "ApplF1", "IsSupervised": True, "ProductName": "iPhone"}}
BODY = {"udid": "U1", "status": "Acknowledged", "command_uuid": "C1", "ids": {"id": "U1", "type": "Device"}}
DEVICE = {
    "serial": "F1", "login": "alice", "platform": "ios", "model": "iPhone", "ownership": "corporate", "enrollment": "supervised",
    "eas_id": "ApplF1", "apps": ["org.example.chess"], "observed_at": "2026-01-10T11:00:00Z",
}  # fmt: skip
PUSHED = {
    "name": "enterprises/E1/devices/1", "managementMode": "DEVICE_OWNER", "ownership": "COMPANY_OWNED", "state": "ACTIVE",
    "lastStatusReportTime": "2026-01-10T11:00:00.123456789Z", "hardwareInfo": {"model": "Pixel 8", "serialNumber": "F1"},
    "applicationReports": [{"packageName": "org.example.chess", "state": "INSTALLED"}],
    "nonComplianceDetails": [{"settingName": "applications", "nonComplianceReason": "APP_INSTALLED", "packageName": "a.b"}],
}  # fmt: skip


def event(payload: bytes, **more: Any) -> dict[str, Any]:
    body = {**BODY, "raw_payload": base64.b64encode(payload).decode()}
    return {"topic": "mdm.Connect", "event_id": "e1", "created_at": "2026-01-10T11:59:00Z", "acknowledge_event": body, **more}


def full(enrolment: str, query: str) -> Coverage | None:
    return EVERYTHING


def or_refused(parse: Callable[[], Any], *codes: str) -> Any:
    """What it gives, or the code of its refusal, which is one of these."""
    try:
        return parse()
    except Refused as refused:
        found = refused
    assert found.code in codes
    assert len(found.sentence) < 1_000
    return found.code


def heard(said: Any) -> Any:
    """The event; None if it says nothing of a phone; or why it is refused."""
    return or_refused(lambda: nanomdm.parse(json.dumps(said).encode(), "mdm", NOW, full), "event-damaged", "time-ahead")


@given(data=st.data())
def test_any_part_of_an_event_may_be_anything(data: st.DataObject) -> None:
    good = event(plistlib.dumps(data.draw(st.sampled_from([APPS, FACTS]))))
    heard(with_(good, data.draw(st.sampled_from(nodes(good))), data.draw(JSON)))


#: What a property list may hold: no null.
PLIST = st.recursive(
    st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats()
    | st.text("ab\u202e", max_size=5)
    | st.binary(max_size=5)
    | st.datetimes(),
    lambda one: st.lists(one, max_size=3) | st.dictionaries(st.text("abc", max_size=3), one, max_size=3),
    max_leaves=6,
)


@given(data=st.data())
def test_any_part_of_an_answer_may_be_anything(data: st.DataObject) -> None:
    good = {"Status": "Acknowledged", **data.draw(st.sampled_from([APPS, FACTS]))}
    changed = with_(good, data.draw(st.sampled_from(nodes(good)[1:])), data.draw(PLIST))
    found = heard(event(plistlib.dumps(changed, fmt=data.draw(st.sampled_from([plistlib.FMT_XML, plistlib.FMT_BINARY])))))
    assert found == "event-damaged" or isinstance(found.mention, Mention)


@given(seed=st.integers(0, 2**32), form=st.sampled_from([plistlib.FMT_XML, plistlib.FMT_BINARY]), count=st.integers(1, 6))
def test_any_byte_of_an_answer_may_be_another(seed: int, form: Any, count: int) -> None:
    said = bytearray(plistlib.dumps({**APPS, **FACTS}, fmt=form))
    dice = random.Random(seed)
    for _ in range(count):
        said[dice.randrange(len(said))] = dice.randrange(256)
    heard(event(bytes(said)))


def laughs() -> bytes:
    entities = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    return f'<?xml version="1.0"?><!DOCTYPE plist [<!ENTITY l0 "ha">{entities}]><plist><string>&l9;</string></plist>'.encode()


@pytest.mark.parametrize(
    "payload",
    [
        laughs(),
        b'<?xml version="1.0"?><!DOCTYPE plist [<!ENTITY f SYSTEM "file:///etc/passwd">]><plist><string>&f;</string></plist>',
        b"<plist><dict><key>a</key><date>yesterday</date></dict></plist>",
        b"<plist><dict><key>a</key><integer>many</integer></dict></plist>",
        b"<plist>" + b"<array>" * 100_000,
        b"bplist00" + b"\xff" * 64,
    ],
    ids=["laughs", "outside", "date", "integer", "deep", "binary"],
)
def test_what_would_swell_or_reach_out_is_refused(payload: bytes) -> None:
    assert heard(event(payload)) == "event-damaged"


def test_an_answer_of_ten_megabytes_is_read_and_rows_without_an_id_cost_nothing_else() -> None:
    rows = [{"Identifier": f"org.example.app{n}", "Name": "x" * 200} for n in range(25_000)]
    said = plistlib.dumps({"InstalledApplicationList": [*rows, {"Name": "no id"}, {"Identifier": 7}]})
    assert len(said) > 8_000_000
    found = heard(event(said))
    assert len(found.mention.reports[0].present) == 25_000


@given(data=st.data())
def test_any_part_of_a_posted_device_may_be_anything(data: st.DataObject) -> None:
    good = {"devices": [DEVICE, {**DEVICE, "serial": "F2", "eas_id": "ApplF2"}]}
    changed = with_(good, data.draw(st.sampled_from(nodes(good))), data.draw(JSON))
    found = or_refused(lambda: devices_posted.parse(json.dumps(changed).encode(), "own", NOW), "event-damaged")
    if found != "event-damaged":
        left = json.loads(found.rest.body)["devices"] if found.rest else []
        assert len(found.mentions) + len(left) == len(changed["devices"]), "nothing is lost, and nothing is taken twice"
        assert all(isinstance(one, Mention) for one in found.mentions)


@given(data=st.data())
def test_any_part_of_a_push_may_be_anything(data: st.DataObject) -> None:
    row = with_(PUSHED, data.draw(st.sampled_from(nodes(PUSHED))), data.draw(JSON))
    pushed = {"message": {"messageId": "1", "attributes": {"notificationType": "STATUS_REPORT"}}, "subscription": "s"}
    pushed["message"]["data"] = base64.b64encode(json.dumps(row).encode()).decode()  # type: ignore[index]
    body = json.dumps(with_(pushed, data.draw(st.sampled_from(nodes(pushed))), data.draw(JSON | st.just("1")))).encode()
    for one in (json.dumps(pushed).encode(), body):
        found = or_refused(
            lambda one=one: android_pushed.parse(one, "E1", "android", NOW), "event-damaged", "device-unreadable", "time-ahead"
        )
        assert found is None or isinstance(found, (str, Mention))
        assert isinstance(android_pushed.message_id(one), str)


LINES = {
    "devices": (
        b"serial,login,platform,model,ownership,enrollment,eas_id,apps,observed_at",
        b"F%d,alice,ios,iPhone,corporate,supervised,Appl%d,org.example.chess;org.example.maps,2026-01-10T11:00:00Z",
        lambda lines, problems: devices_csv.parse(lines, "file", NOW, problems),
    ),
    "exchange": (
        b"DeviceId,UserPrincipalName,DeviceModel,DeviceOS,DeviceType,ClientType",
        b"Appl%d,alice%d@example.org,iPhone12C1,iOS 17.5,iPhone,EAS",
        lambda lines, problems: exchange.parse(lines, NOW, problems),
    ),
}


@pytest.mark.parametrize("kind", LINES)
@given(bad=st.binary(max_size=120), at=st.integers(1, 4), where=st.integers(0, 100))
@example(bad=b'"', at=1, where=0)
@example(bad=b"\xff\xfe", at=2, where=3)
@example(bad=b"\0", at=2, where=3)
@example(bad=b"=cmd|' /C calc'!A0", at=3, where=0)
@settings(max_examples=60)
def test_a_mangled_line_is_a_problem_of_its_own_and_the_others_are_read(kind: str, bad: bytes, at: int, where: int) -> None:
    header, row, parse = LINES[kind]
    lines = [header, *(row % (number, number) for number in range(4))]
    bad = bad.replace(b"\n", b"").replace(b"\r", b"")
    lines[at] = lines[at][:where] + bad + lines[at][where:]
    problems = Problems("file")
    found = [line for line, _ in _read(parse, lines, problems)]
    assert {2, 3, 4, 5} - {at + 1} <= set(found) | {wrong.where.line for wrong in problems.found if wrong.where}
    assert all(wrong.where is not None and wrong.where.line in {at + 1, 5} for wrong in problems.found)


def _read(parse: Callable[..., Any], lines: list[bytes], problems: Problems) -> list[tuple[int, Mention]]:
    return list(parse([line + b"\n" for line in lines], problems))
