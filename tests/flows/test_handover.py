"""Handing over and taking back: exactly who is denied, exactly what we added, and a receipt for each list."""

import csv
import io
import json
from typing import Any

import house
import pytest

from countermand.access import Role
from countermand.config import Database
from countermand.core.devices import Platform
from countermand.core.errors import Refused
from countermand.core.facts import names
from countermand.core.handover import Format, Item, Step, Thing, held, step
from countermand.core.instants import DAY, from_iso
from countermand.flows import handover as handing
from countermand.flows.handover import Handover, handover
from countermand.flows.rehearse import rehearse
from countermand.flows.stop import halt, rescind
from countermand.store import known, models, receipts, sets
from countermand.store.unit import unit

DUE = from_iso("2020-07-18T00:00:00Z")
LATER = DUE + DAY
PS, CSV = Format.EXCHANGE_PS, Format.CSV


@pytest.fixture
def fleet(store: Database) -> house.Fleet:
    """Twenty people, five with the app; an order issued, of which p0 to p2 and p10 were told."""
    house.open_house()
    return house.move_in(house.staff(20, with_app=5))


def ordered(fleet: house.Fleet, consequence: str = "deny_mail") -> None:
    text = house.document().replace("deny_mail", consequence)
    found = house.issued(20, text)
    house.told(found.version, fleet, ["p00000", "p00001", "p00002", "p00010"], DUE)


def give(format_: Format = PS, now: int = LATER, *, since: int | None = None, undo: bool = False) -> Handover:
    return handover(house.operator(now), house.NAME, format_, since=since, undo=undo)


def on_list(format_: Format = PS) -> set[tuple[str, str]]:
    """(login, value) of the devices that are on the list by our receipts."""
    return {(item.login, item.value) for item in held(receipts.of(house.NAME, format_)) if item.thing == "device"}


def change(ordinal: int, **values: object) -> None:
    """Rows and sets together, as an import leaves them."""
    with unit():
        before = names(known.load([ordinal])[ordinal])
        models.Device.objects.filter(pk=ordinal).update(**values)
        sets.flip(sets.DEVICES, {ordinal: (before, names(known.load([ordinal])[ordinal]))})


@pytest.mark.parametrize("consequence", ["deny_mail", "hand_over"])
def test_exactly_the_denied_are_handed_over(fleet: house.Fleet, consequence: str) -> None:
    ordered(fleet, consequence)
    assert give(now=DUE - 1).receipt is None
    made = give()
    assert (made.receipt, made.adds, made.removes, made.held, made.unlisted) == (1, 3, 0, 3, 0)
    assert on_list() == {("p00000", "Appl0000"), ("p00001", "Appl0001"), ("p00002", "Appl0002")}
    assert made.text.count("@{Add=") == 3
    assert house.ledger_kinds()[-1] == "handed-over"


def test_a_second_list_holds_only_what_changed(fleet: house.Fleet) -> None:
    ordered(fleet)
    give()
    entries = len(house.ledger_kinds())
    again = give()
    assert (again.receipt, again.text, again.held) == (None, "", 3)
    assert (receipts.last(house.NAME), len(house.ledger_kinds())) == (1, entries)
    change(0, retired=True)
    made = give()
    assert (made.receipt, made.adds, made.removes, made.held) == (2, 0, 1, 2)
    assert "@{Remove='Appl0000'}" in made.text


def test_since_says_again_what_may_not_have_been_carried_out(fleet: house.Fleet) -> None:
    ordered(fleet)
    give()
    change(0, retired=True)
    give()
    made = give(since=0)
    assert (made.receipt, made.adds, made.removes, made.held) == (3, 2, 1, 2)
    assert receipts.of(house.NAME, PS)[-1].added == frozenset()
    with pytest.raises(Refused) as refused:
        give(since=9)
    assert refused.value.code == "unknown-receipt"
    assert "1, 2, 3" in str(refused.value)


def test_an_undo_names_what_we_added_as_it_was_named_then(fleet: house.Fleet) -> None:
    ordered(fleet)
    give()
    change(0, owner=fleet.people["p00010"])
    models.Identity.objects.filter(device=1).delete()
    made = give(undo=True)
    assert (made.adds, made.removes, made.held) == (0, 3, 0)
    for login, value in [("p00000", "Appl0000"), ("p00001", "Appl0001"), ("p00002", "Appl0002")]:
        assert f"-Identity '{login}' -ActiveSyncBlockedDeviceIDs @{{Remove='{value}'}}" in made.text
    assert "p00010" not in made.text
    assert receipts.of(house.NAME, PS)[-1].undoes == 1
    assert house.ledger_kinds()[-1] == "handover-undone"
    assert give(undo=True).receipt is None


def test_a_change_of_owner_moves_the_entry(fleet: house.Fleet) -> None:
    ordered(fleet)
    give()
    change(0, owner=fleet.people["p00010"])
    give()
    assert on_list() == {("p00010", "Appl0000"), ("p00001", "Appl0001"), ("p00002", "Appl0002")}


@pytest.mark.parametrize("stop", ["halt", "rescind", "sunset"])
def test_an_order_that_stopped_takes_back_what_it_gave(fleet: house.Fleet, stop: str) -> None:
    found = house.issued(20, house.document(more="sunset: 2020-08-01"))
    house.told(found.version, fleet, ["p00000"], DUE)
    assert give().adds == 1
    now = LATER
    if stop == "halt":
        halt(house.operator(now), house.NAME)
    elif stop == "rescind":
        rescind(house.operator(now), house.NAME, "sent-in-error")
    else:
        now = from_iso("2020-08-02T00:00:00Z")
    made = give(now=now)
    assert (made.adds, made.removes, made.held) == (0, 1, 0)
    assert give(now=now).receipt is None


def test_formats_keep_their_own_lists(fleet: house.Fleet) -> None:
    ordered(fleet)
    give(PS)
    made = give(CSV)
    rows = list(csv.DictReader(io.StringIO(made.text, newline="")))
    assert made.receipt == 2
    devices = {(row["login"], row["value"]) for row in rows if row["thing"] == "device"}
    assert devices == on_list(PS)
    apps = {row["value"] for row in rows if row["thing"] == "app"}
    version = models.Version.objects.get()
    assert apps == set(models.VersionApp.objects.filter(version=version).values_list("app__app_id", flat=True))
    assert house.TIKTOK.id in apps
    assert give(PS, undo=True).removes == 3
    assert len(on_list(CSV)) == 3


def test_a_device_without_a_name_is_counted_not_guessed(fleet: house.Fleet) -> None:
    ordered(fleet)
    models.Identity.objects.filter(device=0).update(kind="serial")
    assert (give(PS).adds, give(PS).unlisted) == (2, 1)
    assert give(CSV).unlisted == 0
    assert ("p00000", "Appl0000") in on_list(CSV)


def test_nobody_protected_is_handed_over(fleet: house.Fleet) -> None:
    ordered(fleet)
    with unit():
        models.ProtectedLogin.objects.create(login="p00000", why="x", proposed_by="a", proposed_at=0, agreed_by="b", agreed_at=0)
        sets.flip(sets.DEVICES, {0: (frozenset(), frozenset({"protected"}))})
    give()
    assert ("p00000", "Appl0000") not in on_list()


def test_what_cannot_be_handed_over_is_refused(fleet: house.Fleet) -> None:
    house.proposed()
    with pytest.raises(Refused) as never:
        give()
    assert never.value.code == "never-issued"
    with pytest.raises(Refused) as unknown:
        handover(house.operator(), "nothing-like-it", PS)
    assert unknown.value.code == "not-found"


def test_an_order_that_only_reports_hands_nothing_over(fleet: house.Fleet) -> None:
    ordered(fleet, "report_only")
    with pytest.raises(Refused) as refused:
        give()
    assert refused.value.code == "report-only"


def test_whoever_may_stop_an_order_may_undo_and_nobody_else_hands_over(fleet: house.Fleet) -> None:
    ordered(fleet)
    for role in Role:
        if role is not Role.OPERATOR:
            with pytest.raises(Refused) as refused:
                handover(house.act("x", role), house.NAME, PS)
            assert refused.value.code == "not-allowed"
    give()
    made = handover(house.act("anna", Role.AUTHOR, now=LATER), house.NAME, PS, undo=True)
    assert made.removes == 3
    with pytest.raises(Refused):
        handover(house.act("h", Role.HELPDESK), house.NAME, PS, undo=True)


def test_a_rehearsal_leaves_no_receipt(fleet: house.Fleet) -> None:
    ordered(fleet)
    entries = house.ledger_kinds()
    made = rehearse(handover, house.operator(LATER), house.NAME, PS)
    assert (made.receipt, made.adds) == (1, 3)
    assert (receipts.last(house.NAME), house.ledger_kinds()) == (0, entries)


def test_a_list_made_from_what_no_longer_holds_is_not_handed_over(fleet: house.Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    ordered(fleet)

    def halted_meanwhile(*given: Any) -> Step:
        halt(house.operator(LATER), house.NAME)
        return step(*given)

    monkeypatch.setattr(handing, "step", halted_meanwhile)
    with pytest.raises(Refused) as refused:
        give()
    assert refused.value.code == "handed-over-meanwhile"
    assert receipts.last(house.NAME) == 0
    assert house.ledger_kinds()[-1] == "halted"


def test_nothing_that_happens_to_an_order_holds_up_an_undo(fleet: house.Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    ordered(fleet)
    give()

    def halted_meanwhile(*given: Any) -> Step:
        halt(house.operator(LATER), house.NAME)
        return step(*given)

    monkeypatch.setattr(handing, "step", halted_meanwhile)
    assert give(undo=True).removes == 3


def test_the_ledger_names_nobody_in_the_open(fleet: house.Fleet) -> None:
    ordered(fleet)
    give()
    entry = bytes(models.LedgerRow.objects.order_by("-pk")[0].entry).decode()
    assert '"added":3' in entry
    assert not [name for name in ("p0000", "Appl000") if name in entry]
    assert len(json.loads(entry)["subjects"]) == 4


def test_a_long_list_is_kept_small(fleet: house.Fleet) -> None:
    items = [Item(Thing.DEVICE, f"person{n:06d}@example.org", Platform.IOS, "eas", f"ApplF17{n:08d}") for n in range(20_000)]
    packed = receipts.pack(items)
    assert receipts.unpack(packed) == frozenset(items)
    assert len(packed) < 20_000 * 12


def test_the_approved_ids_become_a_policy_and_go_from_it_when_the_order_is_taken_back(fleet: house.Fleet) -> None:
    ordered(fleet)
    made = give(Format.APPLE_PROFILE)
    assert (made.receipt, made.removes, made.unlisted) == (1, 0, 0)
    ids = {item.value for item in held(receipts.of(house.NAME, Format.APPLE_PROFILE))}
    assert ids
    assert all(f"<string>{one}</string>" in made.text for one in ids)
    assert "p0000" not in made.text
    assert any("Supervised devices alone" in one for one in made.effects)
    assert give(Format.APPLE_PROFILE).receipt is None
    assert json.loads(give(Format.ANDROID_POLICY).text)["modifyPolicyApplications"]["changes"]
    halt(house.operator(LATER), house.NAME)
    back = give(Format.APPLE_PROFILE)
    assert (back.adds, back.held) == (0, 0)
    assert not any(one in back.text for one in ids)
    undone = json.loads(give(Format.ANDROID_POLICY, undo=True).text)
    assert undone["personalUsagePolicies"]["personalApplications"] == []
    assert undone["removePolicyApplications"]["packageNames"]


def test_an_id_that_a_vendor_does_not_take_is_refused_and_no_receipt_is_kept(fleet: house.Fleet) -> None:
    ordered(fleet)
    for app in models.App.objects.filter(platform=Platform.IOS.value):
        models.App.objects.filter(pk=app.pk).update(app_id=f"no id {app.pk}")
    with pytest.raises(Refused) as refused:
        give(Format.INTUNE)
    assert refused.value.code == "policy-not-taken"
    assert receipts.last(house.NAME) == 0
