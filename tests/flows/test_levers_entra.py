"""The Entra lever, over HTTP against a directory of our own: exactly the denied, nothing of others, and one switch."""

from collections.abc import Iterator
from pathlib import Path

import house
import pulling
import pytest
from pulling import LATER, NAME, Pull, change, told

import fake_entra
from countermand.access import Role
from countermand.config import Database
from countermand.core.errors import Refused
from countermand.core.instants import DAY
from countermand.core.lever import Power
from countermand.flows import lever_switch, lever_work, levers
from countermand.flows.lever_plan import plan
from countermand.flows.lever_rounds import Rounds
from countermand.flows.lever_verify import Verified, verify
from countermand.flows.stop import halt, rescind
from countermand.levers.entra import Entra
from countermand.reads import levers as reads
from countermand.reads.preview import preview
from countermand.store import lease, models
from countermand.store.unit import aside

OTTO = house.operator(LATER)


@pytest.fixture
def pull(store: Database, tmp_path: Path) -> Iterator[Pull]:
    with pulling.pulled(store, tmp_path) as made:
        yield made


@pytest.fixture
def ordered(pull: Pull) -> Pull:
    """An order, of which p0 to p2 and p10 were told; the lever is kept up."""
    found = house.issued(20)
    told(pull.fleet, found.version, [0, 1, 2, 10])
    levers.lever_begin(OTTO, NAME)
    return pull


def second_order(pull: Pull, numbers: list[int]) -> None:
    found = house.issued(20, house.document("no-tiktok-either"))
    told(pull.fleet, found.version, numbers)


def test_exactly_the_denied_are_written(ordered: Pull) -> None:
    done = ordered.work()
    assert (done.wrote, done.waits, done.fault) == (3, 0, "")
    assert set(ordered.directory.values()) == {fake_entra.device_id(number) for number in (0, 1, 2)}
    assert ordered.work().wrote == 0


def test_nothing_is_written_before_somebody_says_so(pull: Pull) -> None:
    told(pull.fleet, house.issued(20).version, [0, 1])
    with pytest.raises(Refused, match="paused"):
        pull.work()
    assert pull.directory.journal == []


def test_the_policy_denies_nobody_until_two_people_say_so(ordered: Pull) -> None:
    ordered.work()
    assert ordered.row.switch.power is Power.REPORT
    assert ordered.struck() == set()
    levers.lever_enable(OTTO, NAME)
    with pytest.raises(Refused) as alone:
        levers.lever_enable(OTTO, NAME)
    assert alone.value.code == "own-work"
    ordered.work()
    assert ordered.struck() == set()
    levers.lever_enable(house.approver("petra"), NAME)
    ordered.work()
    assert ordered.struck() == {0, 1, 2}
    assert house.ledger_kinds().count("lever-enabled") == 1


@pytest.mark.parametrize("stop", ["halt", "rescind"])
def test_the_switch_is_the_first_thing_that_is_written(ordered: Pull, stop: str) -> None:
    ordered.enable()
    ordered.work()
    assert ordered.struck() == {0, 1, 2}
    before = len(ordered.directory.journal)
    halt(OTTO, house.NAME) if stop == "halt" else rescind(OTTO, house.NAME, "sent-in-error")
    asked = len(ordered.directory.asked)
    assert [one.power for one in ordered.narrow()] == [Power.OFF]
    assert ordered.struck() == set()
    # a token, and the switch; then once more in its turn, after whatever another process wrote
    assert [method for method, _ in ordered.directory.asked[asked:]] == ["POST", "PATCH"] * 2
    ordered.work()
    assert [one.what for one in ordered.directory.journal[before:]] == ["policy", "policy", "device", "device", "device"]
    assert ordered.directory.values() == {}
    assert ordered.count().ours == 0


def test_one_order_goes_and_the_other_stays(ordered: Pull) -> None:
    second_order(ordered, [1, 2, 3])
    ordered.enable()
    ordered.work()
    assert ordered.struck() == {0, 1, 2, 3}
    rescind(OTTO, house.NAME, "sent-in-error")
    ordered.narrow()  # one write, and those whom the other denies are denied throughout
    assert ordered.struck() == {1, 2, 3}
    assert len(ordered.directory.values()) == 4
    ordered.work()
    assert ordered.struck() == {1, 2, 3}
    assert len(ordered.directory.values()) == 3


def test_what_a_halt_left_behind_denies_nobody_when_it_is_resumed(ordered: Pull) -> None:
    ordered.enable()
    ordered.work()
    models.Lineage.objects.filter(pk=house.NAME).update(halted_at=LATER)
    ordered.narrow()
    change(0, retired=True)  # meanwhile p0 complied, and nothing was cleaned yet
    models.Lineage.objects.filter(pk=house.NAME).update(halted_at=None)
    ordered.work()
    assert ordered.struck() == {1, 2}


def test_administrators_entries_stay(ordered: Pull) -> None:
    ordered.directory.edit(0, "their own")
    ordered.work()
    assert ordered.directory.value(0) == "their own"
    assert ordered.count().left == {"theirs": 1}
    ordered.settle()
    ordered.directory.edit(1, "")
    ordered.directory.edit(2, "changed by hand")
    ordered.work()
    levers.lever_undo(OTTO, NAME)
    ordered.work()
    assert ordered.directory.values() == {
        fake_entra.device_id(0): "their own",
        fake_entra.device_id(2): "changed by hand",
    }


def test_a_device_that_complies_is_let_go_and_one_that_falls_back_is_struck_again(ordered: Pull) -> None:
    ordered.work()
    change(0, retired=True)
    assert ordered.work().removed == 1
    assert ordered.directory.value(0) == ""
    change(0, retired=False)
    ordered.work()
    assert ordered.directory.value(0) != ""


def test_late_consistency_is_waited_for(ordered: Pull) -> None:
    ordered.directory.lag = 8
    ordered.work()
    change(0, retired=True)
    ordered.work()  # the directory still says that nothing was ever written
    change(0, retired=False)
    ordered.work()  # and now that it is there still
    ordered.directory.settle()
    assert set(ordered.directory.values()) == {fake_entra.device_id(number) for number in (0, 1, 2)}
    levers.lever_undo(OTTO, NAME)
    ordered.work()
    ordered.directory.settle()
    assert ordered.directory.values() == {}


def test_writes_that_fail_or_are_never_answered_come_to_the_same(store: Database, tmp_path: Path) -> None:
    with pulling.pulled(store, tmp_path, phones=60, with_app=60, ill=0.3) as pull:
        told(pull.fleet, house.issued(60).version, list(range(60)))
        levers.lever_begin(OTTO, NAME)
        for _ in range(40):
            if not pull.work().waits:
                break
        assert len(pull.directory.values()) == 60
        assert len(pull.directory.policies) == 1
        levers.lever_undo(OTTO, NAME)
        for _ in range(40):
            if not pull.work().waits:
                break
        assert pull.directory.values() == {}
        assert pull.count().ours == 0


def test_the_quota_is_kept_and_a_later_is_heeded(store: Database, tmp_path: Path) -> None:
    with pulling.pulled(store, tmp_path, phones=60, with_app=60) as pull:
        told(pull.fleet, house.issued(60).version, list(range(60)))
        levers.lever_begin(OTTO, NAME)
        pull.directory.clock = lambda: sum(pull.waited)  # its time passes as we wait
        pull.directory.quota = (30, 10.0)
        for _ in range(10):
            if not pull.work().waits:
                break
        assert len(pull.directory.values()) == 60
        assert pull.directory.throttled > 0
        assert any(seconds >= 1 for seconds in pull.waited)


def test_a_device_that_entra_does_not_know_or_shows_nothing_of_is_said(ordered: Pull) -> None:
    del ordered.directory.devices[fake_entra.device_id(0)]
    ordered.directory.devices[fake_entra.device_id(1)]["isManaged"] = False
    ordered.work()
    counted = ordered.count()
    assert counted.left == {"missing": 1}
    assert counted.idle == 1


def test_a_permission_that_is_missing_is_said(ordered: Pull) -> None:
    ordered.directory.denied = "PATCH device"
    found = {one.what: one.works for one in levers.lever_check(OTTO, ordered.config, NAME)}
    assert list(found.values()) == [True, False, True]
    assert ordered.work().refused == 3
    ordered.directory.denied = "policies"
    models.LeverEntry.objects.update(not_before=0)
    assert "403" in ordered.work().fault
    assert "403" in ordered.row.fault


def test_two_workers_do_not_write_the_same(ordered: Pull) -> None:
    with aside():
        assert lease.hold(f"lever:{ordered.row.pk}", "another", lease.real(), 60_000)
    with pytest.raises(Refused) as busy:
        ordered.work()
    assert busy.value.code == "lever-busy"


def test_one_is_removed_only_when_nothing_of_ours_is_there(ordered: Pull) -> None:
    ada = house.act("ada", Role.ADMINISTRATOR)
    ordered.work()
    with pytest.raises(Refused) as held:
        levers.lever_remove(ada, NAME)
    assert held.value.code == "lever-holds"
    levers.lever_undo(OTTO, NAME)
    ordered.work()
    levers.lever_remove(ada, NAME)
    assert not models.Lever.objects.exists()


def test_an_order_that_is_over_takes_its_entries_with_it(pull: Pull) -> None:
    found = house.issued(20, house.document(more="sunset: 2020-08-01"))
    told(pull.fleet, found.version, [0])
    levers.lever_begin(OTTO, NAME)
    pull.enable()
    pull.work()
    assert pull.struck() == {0}
    pull.now = LATER + 30 * DAY
    pull.narrow()
    assert pull.struck() == set()
    pull.work()
    assert pull.directory.values() == {}


def test_somebody_who_changes_the_policy_is_heeded(ordered: Pull) -> None:
    ordered.enable()
    ordered.work()
    (policy,) = ordered.directory.policies.values()
    policy["state"] = "disabled"
    assert "somebody made the policy off" in lever_switch.look(ordered.act(), ordered.row, ordered.way)
    change(3, retired=False)
    ordered.work()
    assert policy["state"] == "disabled"
    policy["conditions"]["devices"]["deviceFilter"]["rule"] = "something else"
    ordered.enable()  # two people say so again
    ordered.work()
    assert ordered.struck() == {0, 1, 2}


def test_the_secret_is_sealed_and_its_settings_are_checked(pull: Pull, tmp_path: Path) -> None:
    row = models.Lever.objects.get()
    assert fake_entra.SECRET.encode() not in bytes(row.credential)
    ada = house.act("ada", Role.ADMINISTRATOR)
    for settings, secret, code in [
        ({}, "x", "lever-setting"),
        ({"tenant": "a", "client": "b", "attribute": "16"}, "x", "lever-setting"),
        ({"tenant": "a", "client": "b"}, "", "lever-secret"),
    ]:
        with pytest.raises(Refused) as refused:
            levers.lever_add(ada, tmp_path, "another", "entra", settings, secret)
        assert refused.value.code == code
    with pytest.raises(Refused, match="lever"):
        levers.lever_add(OTTO, tmp_path, "another", "entra", {}, "x")


# -- reading back --


def verified(pull: Pull) -> Verified:
    return verify(pull.act, NAME, pull.hand, pull.way, holder="me")


def test_what_others_changed_is_found_let_go_and_said(ordered: Pull) -> None:
    ordered.work()
    assert verified(ordered).drifted == {}
    ordered.settle()
    ordered.directory.edit(0, "")
    ordered.directory.edit(1, "theirs now")
    found = verified(ordered)
    assert (found.looked, found.drifted, found.whole) == (3, {"removed": 1, "changed": 1}, True)
    assert set(found.examples) == {fake_entra.device_id(0), fake_entra.device_id(1)}
    ordered.work()
    assert ordered.directory.value(0) == ""
    assert ordered.directory.value(1) == "theirs now"
    assert verified(ordered).drifted == {}  # said once


def test_what_is_only_not_seen_yet_is_no_drift(ordered: Pull) -> None:
    ordered.directory.lag = 1_000
    ordered.work()
    assert verified(ordered).drifted == {}
    assert ordered.count().ours == 3


def test_entries_whose_receipts_were_lost_are_ours_by_their_mark(ordered: Pull) -> None:
    """As after a database of before was restored."""
    ordered.work()
    models.LeverEntry.objects.all().delete()
    models.LeverBlock.objects.all().delete()
    rescind(OTTO, house.NAME, "sent-in-error")
    ordered.directory.edit(5, "cmnobody-elses")
    assert verified(ordered).strays == 3
    ordered.work()
    assert ordered.directory.values() == {fake_entra.device_id(5): "cmnobody-elses"}


def test_a_plan_lists_each_write_and_makes_none(ordered: Pull) -> None:
    ordered.directory.edit(0, "their own")
    models.Identity.objects.filter(kind="entra", device=2).delete()
    made = plan(OTTO, NAME, ordered.hand, 0, 200)
    assert [(one.key, one.does) for one in made.writes] == [(fake_entra.device_id(0), "leave"), (fake_entra.device_id(1), "add")]
    assert (made.adds, made.removes, made.unnamed, made.next) == (2, 0, 1, 0)
    assert ordered.directory.journal == []
    ordered.work()
    rescind(OTTO, house.NAME, "sent-in-error")
    assert [one.does for one in plan(OTTO, NAME, ordered.hand, 0, 1).writes] in (["remove"], [])


def test_what_it_takes_is_said_beforehand(ordered: Pull) -> None:
    words = reads.foretold(ordered.row, 840_000)
    assert words[0] == "840,000 entries take at least 11.7 h (20 a second)."
    assert words[1] == "Undone by one switch; the attributes are cleaned up behind it."
    assert any("28 days" in word for word in words)
    (seen,) = reads.all_levers(OTTO)
    assert (seen.state, seen.enabled, seen.power) == ("kept", False, Power.NONE)


def test_doctor_names_whom_a_lever_does_not_reach(ordered: Pull) -> None:
    del ordered.directory.devices[fake_entra.device_id(0)]
    ordered.directory.devices[fake_entra.device_id(1)]["isManaged"] = False
    ordered.work()
    found = {one.why: one.first for one in reads.unreached()}
    assert found == {
        "unknown there": (fake_entra.device_id(0),),
        "neither managed by Intune nor compliant": (fake_entra.device_id(1),),
    }


def test_the_worker_has_a_turn_for_each(ordered: Pull) -> None:
    rounds = Rounds(ordered.act, ordered.config, "me", ordered.waited.append)
    done, refused = rounds.turn(lambda: False)
    assert [(one.name, one.wrote) for one in done] == [(NAME, 3)]
    assert refused == {}
    models.Lever.objects.update(credential=b"damaged")
    rounds.close()
    done, refused = Rounds(ordered.act, ordered.config, "me", ordered.waited.append).turn(lambda: False)
    assert {name: one.code for name, one in refused.items()} == {NAME: "lever-credential"}


def test_an_outage_is_tried_again_later_and_later(ordered: Pull) -> None:
    ordered.directory.denied = "batch"
    assert "403" in ordered.work().fault
    first = ordered.row
    assert first.failures == 1
    assert lever_work.due(0) == []
    assert "403" in ordered.work().fault
    assert ordered.row.failures == 2
    ordered.directory.denied = "^$"
    assert ordered.work().wrote == 3
    assert (ordered.row.failures, ordered.row.fault) == (0, "")


def test_nothing_is_sent_that_is_not_on_the_list(ordered: Pull) -> None:
    lever = ordered.hand.lever
    assert isinstance(lever, Entra)
    for method, url in [("DELETE", "/devices(deviceId='x')"), ("POST", "/devices/x/wipe"), ("GET", "/users")]:
        with pytest.raises(ValueError, match="not on the list"):
            lever._batch([{"method": method, "url": url}])


def test_the_preview_says_how_long_it_takes_and_what_it_does_not_reach(pull: Pull) -> None:
    """Before anything is sent: the vendor's least time, the one switch, running sessions."""
    house.proposed()
    said = [words for words in preview(house.NAME, pull.config, LATER).words if words.startswith("Through the lever entra: ")]
    assert len(said) == 1
    assert "5 entries take at least" in said[0]
    assert "20 a second" in said[0]
    assert "Undone by " in said[0]
    assert "Not reached: " in said[0]
    assert "28" in said[0]
