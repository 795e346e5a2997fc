"""Exchange's list, live and exported: which phone it is, whose, which client, and nothing asked that could change anything."""

import contextlib
import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import fake_exchange
from countermand.core.devices import Identity, IdentityKind, Platform
from countermand.core.errors import Refused
from countermand.core.instants import from_iso
from countermand.core.mentions import Mention
from countermand.core.table import Problems
from countermand.lib.outward import House
from countermand.sources import exchange, exchange_live
from countermand.sources.exchange_live import REQUESTS, ExchangeLive
from countermand.sources.exchange_rows import ACTIVESYNC, KEPT_OUT, OTHER, OUTLOOK, platform_of
from countermand.sources.kinds import KINDS
from countermand.sources.source import Link
from fake_exchange import CLIENT, SECRET, TENANT, Organisation
from mutated import nodes, with_

NOW = from_iso("2020-07-10T12:00:00Z")
SEEN = from_iso("2020-07-09T08:30:00Z")


def row(number: int, **more: Any) -> dict[str, Any]:
    """One partnership, with the fields that ``Get-MobileDevice`` has."""
    return {
        "FriendlyName": "", "DeviceId": f"ApplF{number}", "DeviceImei": "", "DeviceOS": "iOS 17.5.1 21F90",
        "DeviceOSLanguage": "en-GB", "DeviceTelephoneNumber": "", "DeviceType": "iPhone", "DeviceModel": "iPhone15C2",
        "DeviceUserAgent": "Apple-iPhone15C2/2105.90", "FirstSyncTime": "2019-01-02T03:04:05",
        "UserDisplayName": f"contoso.example/p{number}", "DeviceAccessState": "Allowed", "DeviceAccessStateReason": "Global",
        "DeviceAccessControlRule": "", "ClientVersion": "16.1", "ClientType": "EAS", "IsManaged": False, "IsCompliant": False,
        "IsDisabled": False, "UserPrincipalName": f"P{number}@contoso.example", "WhenChangedUTC": "2020-07-01T00:00:00",
        "Identity": f"p{number}\\ExchangeActiveSyncDevices\\iPhone§ApplF{number}", **more,
    }  # fmt: skip


OUTLOOK_ON = {
    "DeviceId": "5eec4e941e0748a2", "DeviceType": "Outlook", "DeviceModel": "Outlook for iOS and Android",
    "ClientType": "Outlook", "DeviceUserAgent": "Outlook-iOS-Android/1.0", "DeviceOS": "Android 14",
}  # fmt: skip
WINDOWS = {"DeviceOS": "Windows 10", "DeviceType": "WindowsMail", "DeviceUserAgent": "", "DeviceModel": ""}
SAMSUNG = {"DeviceOS": "", "DeviceType": "SAMSUNGSMS908B", "DeviceUserAgent": "Android-SAMSUNG-SM-S908B/101.14"}


@pytest.fixture
def there() -> Iterator[Organisation]:
    with fake_exchange.served(Organisation()) as found:
        yield found


def opened(there: Organisation, waited: list[float] | None = None, statistics: str = "no", **more: str) -> ExchangeLive:
    house = House(frozenset({"127.0.0.1"}), wait=([] if waited is None else waited).append)
    settings = {"tenant": TENANT, "client": CLIENT, "url": there.url, "login": there.url, "statistics": statistics, **more}
    return ExchangeLive(Link("exchange", settings, SECRET, house.to, lambda: NOW))


def test_every_page_is_fetched_patiently_and_it_goes_on_where_it_stopped(there: Organisation) -> None:
    there.devices, there.page, there.later_for = [row(number) for number in range(25)], 10, 2
    waited: list[float] = []
    source = opened(there, waited)
    pages = list(source.fetch(""))
    assert ([len(page.raw) for page in pages], pages[-1].next, waited) == ([10, 10, 5], "", [5.0, 5.0])
    assert [len(page.raw) for page in source.fetch(pages[1].next)] == [5]
    first = source.parse(pages[0].raw[0], NOW)
    assert first == Mention(
        (Identity(IdentityKind.EAS, "ApplF0"),), Platform.IOS, "p0@contoso.example", "iPhone15C2",
        reads_mail=True, enrolled=True, seen_at=NOW,
    )  # fmt: skip
    for method, path in there.asked:
        assert any(method == one.method and re.fullmatch(one.path, path) for one in REQUESTS), (method, path)


def test_the_statistics_say_when_and_cost_a_request_for_each_mailbox(there: Organisation) -> None:
    there.devices = [row(1), row(2), row(3, UserPrincipalName=""), row(4), None]
    there.statistics = {
        "p1@contoso.example": [{"DeviceID": "applf1", "LastSuccessSync": "2020-07-09T08:30:00"}],
        "p2@contoso.example": [{"DeviceID": "other", "LastSuccessSync": "2020-07-09T08:30:00"}],
    }
    source = opened(there, statistics="yes")
    (page,) = source.fetch("")
    assert [source.parse(raw, NOW).seen_at for raw in page.raw[:4]] == [SEEN, NOW, NOW, NOW]
    assert page.raw[4] is None
    assert [one.works for one in source.check(frozenset(), lambda _: None).abilities] == [True, True]
    there.may -= {"Get-MobileDeviceStatistics"}
    assert [one.works for one in source.check(frozenset(), lambda _: None).abilities] == [True, False]
    with pytest.raises(Refused) as refused:
        list(source.fetch(""))
    assert refused.value.code == "source-denied", "what it was told to ask and may not is said"


def test_a_check_says_which_clients_there_are_and_what_it_may_not(there: Organisation) -> None:
    there.devices = [
        row(1), row(2, **OUTLOOK_ON), row(3, DeviceAccessState="Quarantined"), row(4, ClientType="MOWA"),
        row(5, ClientType="UniversalOutlook", **WINDOWS), 7,
    ]  # fmt: skip
    done = opened(there).check(frozenset(), lambda _: None)
    assert (done.sees, [one.works for one in done.abilities]) == ({ACTIVESYNC: 1, OUTLOOK: 1, KEPT_OUT: 1, OTHER: 1}, [True])
    there.may = frozenset()
    (ability,) = opened(there).check(frozenset(), lambda _: None).abilities
    assert (ability.works, "403" in ability.why) == (False, True)


@pytest.mark.parametrize(
    "link",
    ["https://elsewhere.example/adminapi/beta/contoso.example/InvokeCommand?$skiptoken=1", "/InvokeCommand", 7, "http://[", "?"],
)
def test_a_page_that_follows_elsewhere_is_not_followed(there: Organisation, link: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Organisation, "listed", lambda self, start: (200, {"value": [], "@odata.nextLink": link}))
    with pytest.raises(Refused) as refused:
        list(opened(there).fetch(""))
    assert refused.value.code == "source-strange"


def test_nothing_can_be_named_that_changes_anything(there: Organisation) -> None:
    assert {"Get-MobileDevice": {"ResultSize"}, "Get-MobileDeviceStatistics": {"Mailbox"}} == exchange_live.CMDLETS
    cmdlets = opened(there)._cmdlets
    for cmdlet, parameters in [
        ("Clear-MobileDevice", {"Identity": "x"}),
        ("Remove-MobileDevice", {"Identity": "x"}),
        ("Get-MobileDeviceStatistics", {"Mailbox": ""}),
        ("Get-MobileDeviceStatistics", {}),
        ("Get-MobileDeviceStatistics", {"Mailbox": "x", "GetMailboxLog": True}),
    ]:
        with pytest.raises(ValueError, match="not on the list"):
            cmdlets.rows(cmdlet, parameters, "", 10)
    assert there.asked == []
    assert KINDS["exchange-online"].settings["unsupported"].default is None, "whoever connects it has to say so"


@pytest.mark.parametrize(
    ("said", "platform"),
    [
        ({}, Platform.IOS),
        (OUTLOOK_ON, Platform.ANDROID),
        ({**OUTLOOK_ON, "DeviceOS": "iOS 13.3"}, Platform.IOS),
        (
            {"DeviceOS": "", "DeviceType": "SAMSUNGSMS908B", "DeviceUserAgent": "Android-SAMSUNG-SM-S908B/101.14"},
            Platform.ANDROID,
        ),
        ({"DeviceOS": "", "DeviceType": "iPad", "DeviceUserAgent": "", "DeviceModel": ""}, Platform.IOS),
        ({**OUTLOOK_ON, "DeviceOS": ""}, None),
        ({**WINDOWS, "DeviceModel": "Axiostel"}, None),
        ({"DeviceOS": 7, "DeviceType": None, "DeviceUserAgent": [], "DeviceModel": {}}, None),
    ],
)
def test_a_field_tells_a_platform_if_it_names_one(said: dict[str, Any], platform: Platform | None) -> None:
    assert platform_of({**row(1), **said}) is platform


def exported(*rows: dict[str, Any]) -> tuple[list[Mention], Problems]:
    lines = [",".join(rows[0]), *(",".join(str(cell) for cell in one.values()) for one in rows)]
    problems = Problems("mobile.csv")
    return [one for _, one in exchange.parse([f"{line}\n".encode() for line in lines], NOW, problems)], problems


def test_an_export_with_all_its_columns_says_the_same(there: Organisation) -> None:
    rows = [row(1, LastSuccessSync="2020-07-09T08:30:00Z"), {**row(2, **OUTLOOK_ON), "LastSuccessSync": "7/9/2020 8:30:00 AM"}]
    found, problems = exported(*rows)
    assert (problems.count, [one.seen_at for one in found]) == (0, [SEEN, NOW]), "a time in a country's words is not guessed"
    assert [one.platform for one in found] == [Platform.IOS, Platform.ANDROID]
    assert found[1] == opened(there).parse(row(2, **OUTLOOK_ON), NOW)
    _, problems = exported(row(1, LastSuccessSync="2999-01-01T00:00:00Z"))
    assert [(one.code, str(one.where)) for one in problems.found] == [("time-ahead", "mobile.csv:2 (LastSuccessSync)")]


@given(data=st.data())
def test_whatever_a_row_holds_it_is_a_device_or_a_refusal(data: st.DataObject) -> None:
    good = {**row(1), "countermand.statistics": {"LastSuccessSync": "2020-07-09T08:30:00Z"}}
    odd = st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.just([{"a": []}])
    raw = with_(good, data.draw(st.sampled_from(nodes(good))), data.draw(odd))
    with contextlib.suppress(Refused):
        found = exchange_live.mention(raw, NOW)
        assert found.seen_at is not None
        assert found.seen_at <= NOW
