"""NanoMDM's events and their traps: what an answer may and may not prove."""

import base64
import json
import plistlib
from typing import Any

import pytest

from countermand.core.apps import App
from countermand.core.coverage import EVERYTHING, NOTHING, Coverage
from countermand.core.devices import Enrollment, Identity, IdentityKind, Platform
from countermand.core.errors import Refused
from countermand.core.instants import from_iso
from countermand.sources import nanomdm

NOW = from_iso("2026-01-10T12:00:00Z")
UDID = "66ADE930-5FDF-5EC4-8429-15640684C489"
TIKTOK = App(Platform.IOS, "com.zhiliaoapp.musically")


def event(
    answer: dict[str, Any] | None = None,
    *,
    status: str = "Acknowledged",
    kind: str = "Device",
    topic: str = "mdm.Connect",
    **more: Any,
) -> bytes:
    payload = base64.b64encode(plistlib.dumps({"Status": status, "UDID": UDID, **(answer or {})})).decode()
    body = {"udid": UDID, "status": status, "command_uuid": "C1", "raw_payload": payload, "ids": {"id": UDID, "type": kind}}
    envelope = {"topic": topic, "event_id": "0123456789abcdef", "created_at": "2026-01-10T11:59:00.123456789Z"}
    return json.dumps({**envelope, "checkin_event" if topic != "mdm.Connect" else "acknowledge_event": body, **more}).encode()


def apps(*rows: dict[str, Any]) -> dict[str, Any]:
    return {"InstalledApplicationList": list(rows)}


def full(enrolment: str, query: str) -> Coverage | None:
    return EVERYTHING if (enrolment, query) == (UDID, "C1") else None


def never(enrolment: str, query: str) -> Coverage | None:
    return None


def read(text: bytes, asked: nanomdm.Asked = full) -> nanomdm.Event:
    found = nanomdm.parse(text, "nanomdm", NOW, asked)
    assert found is not None
    return found


class TestAnswers:
    def test_a_full_list_that_was_asked_for(self) -> None:
        [report] = read(event(apps({"Identifier": TIKTOK.id, "Name": "TikTok"}))).mention.reports
        assert (report.present, report.coverage) == (frozenset({TIKTOK}), EVERYTHING)
        assert report.observed_at == from_iso("2026-01-10T11:59:00.123Z")

    def test_a_named_query_covers_what_it_named(self) -> None:
        named = Coverage(frozenset({TIKTOK}))
        [report] = read(event(apps()), lambda enrolment, query: named).mention.reports
        assert report.coverage == named
        assert not report.coverage.includes(frozenset({App(Platform.IOS, "com.other")}))

    def test_an_answer_we_did_not_ask_for_proves_presence_only(self) -> None:
        [report] = read(event(apps({"Identifier": TIKTOK.id})), never).mention.reports
        assert (report.present, report.coverage) == (frozenset({TIKTOK}), NOTHING)

    def test_one_command_sent_to_many_is_known_per_device(self) -> None:
        seen: list[tuple[str, str]] = []
        read(event(apps()), lambda enrolment, query: seen.append((enrolment, query)))
        assert seen == [(UDID, "C1")]

    def test_a_user_enrolment_hides_what_people_install(self) -> None:
        mention = read(event(apps({"Identifier": TIKTOK.id}), kind="User Enrollment (Device)")).mention
        assert mention.reports[0].coverage == NOTHING

    @pytest.mark.parametrize("word", ["Installing", "DownloadFailed", "DownloadWaiting", "DownloadPaused", "DownloadCancelled"])
    def test_what_is_on_its_way_is_not_installed(self, word: str) -> None:
        rows = ({"Identifier": TIKTOK.id, word: True}, {"Identifier": "com.there", word: False})
        [report] = read(event(apps(*rows))).mention.reports
        assert report.present == {App(Platform.IOS, "com.there")}

    def test_a_row_without_an_identifier_names_nothing(self) -> None:
        [report] = read(event(apps({"Name": "Odd"}, {"Identifier": TIKTOK.id}, {"Identifier": 7}))).mention.reports
        assert report.present == {TIKTOK}

    @pytest.mark.parametrize("status", ["NotNow", "Idle", "Error", "CommandFormatError"])
    def test_no_answer_is_no_evidence(self, status: str) -> None:
        mention = read(event(apps(), status=status)).mention
        assert mention.reports == ()
        assert mention.seen_at is not None


class TestDevices:
    def test_device_information_names_the_mail_identity(self) -> None:
        answers = {"QueryResponses": {"SerialNumber": "F1", "EASDeviceIdentifier": "ApplF1", "IsSupervised": True}}
        mention = read(event(answers)).mention
        assert set(mention.identities) == {
            Identity(IdentityKind.UDID, UDID), Identity(IdentityKind.SERIAL, "F1"), Identity(IdentityKind.EAS, "ApplF1"),
        }  # fmt: skip
        assert (mention.enrollment, mention.reads_mail) == (Enrollment.SUPERVISED, True)

    def test_an_app_list_says_nothing_of_supervision(self) -> None:
        assert read(event(apps())).mention.enrollment is None

    def test_leaving(self) -> None:
        assert read(event(topic="mdm.CheckOut")).mention.enrolled is False
        assert read(event(topic="mdm.Authenticate")).mention.enrolled is True

    def test_a_users_channel_is_nobodys_phone(self) -> None:
        assert nanomdm.parse(event(kind="User"), "nanomdm", NOW, full) is None


class TestEnvelopes:
    @pytest.mark.parametrize(
        "text",
        [b"", b"{", b"[]", b"{}", b"\xff\xfe", b'{"topic": "mdm.Connect", "created_at": "yesterday"}', b"[" * 100_000],
    )
    def test_damage_is_refused(self, text: bytes) -> None:
        with pytest.raises(Refused) as refused:
            nanomdm.parse(text, "nanomdm", NOW, full)
        assert refused.value.code == "event-damaged"

    @pytest.mark.parametrize(
        "payload", ["!", base64.b64encode(b"<plist>").decode(), base64.b64encode(plistlib.dumps([1])).decode()]
    )
    def test_damaged_payloads_are_refused(self, payload: str) -> None:
        body = {"udid": UDID, "status": "Acknowledged", "raw_payload": payload, "ids": {"id": UDID, "type": "Device"}}
        with pytest.raises(Refused) as refused:
            read(event(acknowledge_event=body))
        assert refused.value.code == "event-damaged"

    def test_a_clock_more_than_five_minutes_ahead(self) -> None:
        read(event(created_at="2026-01-10T12:04:59Z"))
        with pytest.raises(Refused) as refused:
            read(event(created_at="2026-01-10T12:05:01Z"))
        assert refused.value.code == "time-ahead"

    def test_created_at_orders_and_a_replay_counts_once(self) -> None:
        late = read(event(created_at="2026-01-10T11:00:02Z", event_id="b"))
        early = read(event(created_at="2026-01-10T11:00:01Z", event_id="a"))
        assert nanomdm.in_order([late, early, late]) == [early, late]

    def test_a_file_of_lines_or_of_one_event(self) -> None:
        one = json.dumps(json.loads(event()), indent=1).encode()
        assert list(nanomdm.split(one)) == [one]
        assert len(list(nanomdm.split(event() + b"\n\n" + event()))) == 2
