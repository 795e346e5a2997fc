"""Apple's profile through NanoMDM: installed and removed by commands, and evidence only of what the device itself said."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import house
import pytest
from house import TIKTOK
from pulling import DUE, LATER, Pull, change, moved_in, ordered

from countermand.access import Role
from countermand.config import Database, Holdbacks
from countermand.core import facts
from countermand.core.coverage import Grade
from countermand.core.instants import DAY, MINUTE
from countermand.flows import connect, events, levers
from countermand.flows.lever_verify import verify
from countermand.flows.stop import halt
from countermand.levers import apple_profile
from countermand.store import evidence, models, sets
from countermand.store.packing import pack
from countermand.store.unit import unit
from fake_nanomdm import KEY, Fleet, served

OTTO, KIND = house.operator(LATER), "apple-profile"
#: What differs between the databases the first story shows.
ONCE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
#: Phones that NanoMDM manages; the app is on the first of them.
UDIDS = [f"UDID-{number}" for number in range(4)]
THEIRS = {"PayloadIdentifier": "com.example.wifi", "PayloadUUID": "W"}


@dataclass
class Managed:
    """A house whose phones NanoMDM manages, and a lever over it."""

    pull: Pull
    mdm: Fleet

    @property
    def ours(self) -> str:
        return apple_profile.identifier(self.pull.row.mark)

    def have_it(self) -> set[str]:
        return {udid for udid, mine in self.mdm.profiles.items() if self.ours in mine}

    def post(self, *bodies: bytes) -> None:
        for body in bodies:
            events.keep_event("mdm", body, self.pull.now)
        events.take_events(house.worker(self.pull.now), Holdbacks())
        assert not models.SourceEvent.objects.exclude(code="").exists()

    def wake(self) -> None:
        self.pull.now += MINUTE
        self.post(*self.mdm.wake(self.pull.now))

    def prevented(self) -> dict[int, int]:
        """Device → when it said last that the order's other apps are kept off it."""
        found = {}
        for device, presence in evidence.presences(range(len(UDIDS)), evidence.Met()).items():
            for (source, grade, coverage), at in presence.looked.items():
                if grade is Grade.PREVENTED:
                    assert source == "mdm"
                    assert coverage.apps
                    assert TIKTOK in coverage.apps or device == 0
                    found[device] = at
        return found


@pytest.fixture
def managed(store: Database, tmp_path: Path) -> Iterator[Managed]:
    with served(Fleet(profiles={udid: {"com.example.wifi": THEIRS} for udid in UDIDS})) as mdm:
        settings = {"hides": "accepted", "url": mdm.url}
        pull = moved_in(store, tmp_path, KIND, settings, KEY)
        connect.source_add(house.act("ada", Role.ADMINISTRATOR), tmp_path, "mdm", "nanomdm")
        for number, udid in enumerate(UDIDS):
            models.Identity.objects.create(kind="udid", value=udid, device_id=number)
        shown = pack({evidence.known_numbers([TIKTOK])[TIKTOK]: house.NOW})
        models.AppList.objects.create(device_id=0, shown=shown)
        found = Managed(pull, mdm)
        said = {"QueryResponses": {"IsSupervised": True}}
        found.post(*(mdm.event(udid, "named", said, house.NOW) for udid in UDIDS))
        ordered(pull)
        yield found


def test_installed_and_proved_and_removed_again(managed: Managed) -> None:
    pull = managed.pull
    assert all(one.works for one in levers.lever_check(OTTO, pull.config, KIND))
    pull.now = DUE - 1
    pull.work()
    assert managed.mdm.queue == {}, "nobody is struck before the due"
    pull.now = LATER
    pull.work()
    assert len(managed.mdm.queue) == 1, "one command for all"
    assert (pull.count().ours, pull.count().idle) == (4, 4)
    assert managed.prevented() == {}, "nothing is proved by what was only sent"
    managed.wake()
    assert managed.have_it() == {*UDIDS}
    assert (pull.count().ours, pull.count().idle) == (4, 0)
    assert managed.prevented() == dict.fromkeys(range(4), pull.now)
    assert evidence.presences([0], evidence.Met())[0].apps == {TIKTOK}, "it is hidden, and still there"
    assert pull.work().wrote == 0
    halt(OTTO, house.NAME)
    pull.work()
    managed.wake()
    assert all(mine == {"com.example.wifi": THEIRS} for mine in managed.mdm.profiles.values())
    assert (managed.prevented(), pull.count().ours) == ({}, 0)
    assert {what for _, what in managed.mdm.done} == {"InstallProfile", "RemoveProfile"}


@ONCE
def test_supervised_devices_in_scope_alone_and_neither_exempt_nor_protected_ones(managed: Managed) -> None:
    change(1, enrollment="device")
    change(2, retired=True)
    with unit():
        sets.flip(sets.DEVICES, {3: (frozenset(), frozenset({facts.exempt(house.NAME, LATER + DAY)}))})
    managed.pull.work()
    assert [names for names, _ in managed.mdm.queue.values()] == [["UDID-0"]]
    managed.wake()
    with unit():
        sets.flip(sets.DEVICES, {0: (frozenset(), frozenset({facts.PROTECTED}))})
    managed.pull.work()
    managed.wake()
    assert managed.have_it() == set()


@ONCE
def test_a_device_that_lists_its_profiles_without_ours_has_lost_it(managed: Managed) -> None:
    pull = managed.pull
    pull.work()
    managed.wake()
    del managed.mdm.profiles["UDID-1"][managed.ours]
    pull.now += DAY
    found = verify(pull.act, KIND, pull.hand, pull.way, holder="me")
    assert (found.looked, found.drifted) == (4, {})
    managed.wake()
    assert managed.prevented() == dict.fromkeys((0, 2, 3), pull.now), "the others said it anew"
    assert pull.count().left == {"removed": 1}
    pull.work()
    managed.wake()
    assert managed.have_it() == {*UDIDS} - {"UDID-1"}, "what somebody removed is let go"


@ONCE
def test_a_device_that_cannot_take_it_proves_nothing(managed: Managed) -> None:
    managed.mdm.stubborn.add("UDID-2")
    managed.pull.work()
    managed.wake()
    assert managed.prevented().keys() == {0, 1, 3}
    assert managed.pull.count().left == {"refused": 1}


@ONCE
def test_answers_to_what_we_did_not_send_prove_nothing(managed: Managed) -> None:
    pull = managed.pull
    pull.work()
    (ticket,) = managed.mdm.queue
    another, unknown = ticket.replace(pull.row.mark, "00000000"), ticket.replace(".install", "9.install")
    managed.post(*(managed.mdm.event("UDID-0", one, {}, pull.now) for one in (another, unknown, "C1", "")))
    assert managed.prevented() == {}
    elsewhere = {"PayloadIdentifier": managed.ours, "PayloadUUID": "of another version"}
    managed.post(managed.mdm.event("UDID-0", "C2", {"ProfileList": [elsewhere, 7, {}]}, pull.now))
    assert managed.prevented() == {}
    managed.wake()
    assert managed.prevented().keys() == {0, 1, 2, 3}


@ONCE
def test_what_no_receipt_knows_is_removed(managed: Managed) -> None:
    """As after an older database was restored: a device says that it has a profile with the lever's mark."""
    pull = managed.pull
    pull.work()
    models.LeverEntry.objects.all().delete()
    halt(OTTO, house.NAME)
    managed.wake()
    assert managed.prevented() == {}
    pull.work()
    managed.wake()
    assert managed.have_it() == set()
