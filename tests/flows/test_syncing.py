"""A source's whole set: it waits the first time, survives whatever kills it, and leaves nothing behind that may not be kept."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from house import NOW, operator, worker

import fake_graph as graph
from countermand.access import Act, Role
from countermand.config import Config, Database, Sources
from countermand.core.apps import App
from countermand.core.devices import Identity, IdentityKind, Platform
from countermand.core.errors import Refused
from countermand.core.instants import DAY, HOUR, MINUTE
from countermand.flows import connect, release, sync
from countermand.flows.sync import Synced
from countermand.reads import sources, waiting
from countermand.store import evidence, fleet, models, watching
from countermand.store.unit import unit
from fake_graph import DOUYIN, TIKTOK, Tenant, device, policy, state

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
TIK = App(Platform.IOS, TIKTOK)


class House:
    """An installation with one connected Intune; ``at`` is its time."""

    def __init__(self, tenant: Tenant, config: Config) -> None:
        self.tenant, self.config, self.at = tenant, config, NOW

    def sync(self, *, acting: Callable[[], Act] | None = None, holder: str = "me", confirmed: bool = False) -> Synced:
        mine = acting or (lambda: operator(self.at))
        return sync.sync(mine, self.config, "intune", holder=holder, confirmed=confirmed, wait=lambda _: None)

    @property
    def state(self) -> str:
        (found,) = sources.sources(operator(self.at))
        return found.state

    def pages(self) -> int:
        return sum(path.endswith("/managedDevices") for _, path in self.tenant.asked)


@pytest.fixture
def house(store: Database, tmp_path: Path) -> Iterator[House]:
    with graph.served(Tenant(page=10)) as tenant:
        config = Config(tmp_path, store, sources=Sources(private_hosts=("127.0.0.1",)))
        settings = {"tenant": graph.TENANT, "client": graph.CLIENT, "url": tenant.url, "login": tenant.url}
        act = Act(worker().actor, NOW)
        administrator = Act(type(act.actor)("ada", frozenset({Role.ADMINISTRATOR})), NOW)
        connect.source_add(administrator, tmp_path, "intune", "intune", settings, graph.SECRET, 4 * HOUR)
        yield House(tenant, config)


def watch(app: App) -> None:
    with unit():
        watching.agree(watching.propose(app, "a test", NOW + 30 * DAY, "anna"), "bo")


def apps_of(serial: str) -> frozenset[App]:
    ordinal = fleet.find([Identity(IdentityKind.SERIAL, serial)])[Identity(IdentityKind.SERIAL, serial)]
    return evidence.presences([ordinal], evidence.Met())[ordinal].apps


def refusal(run: Callable[[], Any]) -> str:
    with pytest.raises(Refused) as refused:
        run()
    return refused.value.code


def test_a_first_set_waits_and_is_taken_once_a_person_lets_it_in(house: House) -> None:
    watch(TIK)
    house.tenant.devices = [*(device(number) for number in range(24)), device(24, operatingSystem="Windows"), None]
    house.tenant.policies, house.tenant.states = [policy(TIKTOK)], [state(3, "noncompliant"), state(4, "compliant")]
    first = house.sync()
    assert (first.devices, first.passed, first.faults, first.added) == (24, 1, 1, 0)
    assert (first.doubt and first.doubt.code, house.state) == ("first-sync", "waiting")
    assert models.Device.objects.count() == 0, "nothing is a fact before it is let in"
    assert refusal(house.sync) == "source-waits"
    assert first.held is not None
    assert release.release(operator(), first.held).devices == 24
    assert sync.due(worker(NOW + MINUTE)) == ["intune"]
    asked = len(house.tenant.asked)
    taken = house.sync(acting=lambda: worker(house.at))
    assert (taken.added, len(house.tenant.asked), house.state) == (24, asked, "healthy"), "it is not fetched again"
    assert (apps_of("SERIAL3"), apps_of("SERIAL4")) == ({TIK}, frozenset())
    assert models.SyncPart.objects.count() == models.SyncRun.objects.count() == 0
    assert waiting.batches(operator()) == []
    assert sync.due(worker(NOW + HOUR)) == []
    assert sync.due(worker(NOW + 4 * HOUR)) == ["intune"]

    house.tenant.states, house.at = [state(3, "compliant"), state(4, "compliant")], NOW + 4 * HOUR
    house.tenant.devices = [device(number, lastSyncDateTime="2020-07-10T14:00:00Z") for number in range(24)]
    again = house.sync()
    assert (again.added, again.moved, again.held) == (0, 2, None)
    assert apps_of("SERIAL3") == frozenset(), "a later verdict lacked it"


def test_a_set_that_is_cut_off_goes_on_where_it_stopped(house: House) -> None:
    house.tenant.devices, house.tenant.dies_after = [device(number) for number in range(45)], 3
    assert refusal(lambda: house.sync(confirmed=True)) == "source-away"
    assert (models.SyncRun.objects.get().devices, house.state) == (30, "fetching")
    house.tenant.dies_after, before = None, house.pages()
    acts = iter([operator()] * 4)  # and then it falls over, between fetching and taking
    with pytest.raises(StopIteration):
        house.sync(confirmed=True, acting=lambda: next(acts))
    assert house.pages() - before == 2, "what was fetched is not fetched again"
    left = models.SyncPart.objects.count()
    assert (left > 0, house.state) == (True, "taking")
    assert house.sync(holder="another").devices == 45
    assert (models.Device.objects.count(), house.pages() - before) == (45, 2)
    kinds = [json.loads(bytes(row.entry))["kind"] for row in models.LedgerRow.objects.order_by("pk")]
    assert kinds.count("source-contacted") == 1


def test_a_killed_process_loses_nothing_and_does_nothing_twice(house: House, store: Database) -> None:
    """Killed before it stores its third page, then after a part was taken; the third one comes to the end."""
    house.tenant.devices = [device(number) for number in range(45)]
    script = Path(__file__).with_name("syncing_child.py")
    ends = []
    for point in (6, 10, 1_000):
        child = [sys.executable, str(script), str(store), str(house.config.state_dir), str(point)]
        ends.append(subprocess.run(child, timeout=60, check=False).returncode)
        if point == 6:
            assert (models.SyncRun.objects.get().devices, models.Device.objects.count()) == (20, 0)
        if point == 10:
            assert (house.state, models.Device.objects.count()) == ("taking", 10)
    assert ends == [-signal.SIGKILL, -signal.SIGKILL, 0]
    entries = [json.loads(bytes(row.entry)) for row in models.LedgerRow.objects.order_by("pk")]
    assert sum(one["about"]["devices"] for one in entries if one["kind"] == "reports") == models.Device.objects.count() == 45
    assert [one["kind"] for one in entries].count("source-contacted") == 1
    assert house.pages() == 6, "only the page that was not stored is asked for again"


def test_a_shrunken_set_waits_and_can_be_thrown_away(house: House) -> None:
    house.tenant.devices = [device(number) for number in range(20)]
    house.sync(confirmed=True)
    house.tenant.devices, house.at = house.tenant.devices[:10], NOW + HOUR
    small = house.sync()
    assert (small.doubt and small.doubt.code, house.state) == ("set-small", "waiting")
    assert small.held is not None
    release.drop(operator(house.at), small.held)
    assert (house.state, models.SyncPart.objects.count()) == ("healthy", 0)
    (found,) = sources.sources(operator(house.at))
    assert found.last_contact == NOW, "what nobody let in is no contact"


def test_names_of_different_devices_are_shown_and_never_guessed(house: House) -> None:
    house.tenant.devices = [device(1), device(2)]
    house.sync(confirmed=True)
    house.tenant.devices = [device(1), device(2, serialNumber="SERIAL1")]  # one phone's board in the other's case
    done = house.sync()
    first, second = (fleet.named(f"serial:SERIAL{number}") for number in (1, 2))
    told = f"serial:SERIAL1 is #{first}, entra:0000aaaa-0000-0000-0000-000000000002 is #{second}, eas:EAS2 is #{second}"
    assert (done.untaken, done.conflicts) == ({"conflicting": 1}, (told,))
    (listed,) = sources.sources(operator())
    assert (listed.conflicts, listed.state) == ((told,), "healthy")
    house.tenant.devices = [device(1), device(2)]
    house.sync()
    (listed,) = sources.sources(operator())
    assert listed.conflicts == ()


def test_one_at_a_time_and_none_while_it_is_paused(house: House) -> None:
    house.tenant.devices = [device(1)]
    asked = []

    def meanwhile() -> Act:
        if not asked:
            asked.append(1)
            return operator()
        asked.append(refusal(lambda: house.sync(holder="another")) if len(asked) == 1 else "")
        return operator()

    house.sync(acting=meanwhile, confirmed=True)
    assert asked[1] == "source-busy"
    connect.source_pause(operator(), "intune", paused=True)
    assert (house.state, refusal(house.sync), sync.due(worker(NOW + DAY))) == ("paused", "source-paused", [])
    connect.source_pause(operator(), "intune", paused=False)
    assert house.sync().devices == 1
    drill = Act(operator().actor, NOW, drill=True)
    assert refusal(lambda: house.sync(acting=lambda: drill)) == "drill-stays-in"
    assert sync.due(Act(worker().actor, NOW + DAY, drill=True)) == []


def test_a_denied_source_says_so_and_begins_anew(house: House) -> None:
    house.tenant.devices, house.tenant.denied = [device(1)], "deviceCompliancePolicies"
    assert refusal(house.sync) == "source-denied"
    (found,) = sources.sources(operator())
    assert (found.state, "403 Forbidden" in found.fault, models.SyncRun.objects.count()) == ("failing", True, 0)
    assert (sync.due(worker(NOW + MINUTE)), sync.due(worker(NOW + sync.AGAIN))) == ([], ["intune"])
    house.tenant.denied = "^$"
    assert house.sync(confirmed=True).added == 1
    assert house.state == "healthy"


def test_what_may_not_be_kept_is_nowhere_in_the_database_not_even_while_it_waits(house: House, tmp_path: Path) -> None:
    """A person's own phone: only watched apps. And the vendor's secret is in no file in the clear."""
    watch(TIK)
    personal = {"managedDeviceOwnerType": "personal", "isSupervised": False}
    house.tenant.devices, house.tenant.policies = [device(1, **personal)], [policy(TIKTOK, DOUYIN)]
    house.tenant.states = [state(1, "compliant")]
    house.sync()
    assert DOUYIN not in json.dumps(_waiting())
    assert TIKTOK in json.dumps(_waiting())
    house.tenant.violations = [{"managedDeviceId": "managed-1", "platformType": "iOS", "restrictedApps": [{"appId": DOUYIN}]}]
    (number,) = (row.pk for row in waiting.batches(operator()))
    release.release(operator(), number)
    house.sync()
    whole = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert TIKTOK.encode() in whole
    assert DOUYIN.encode() not in whole
    assert graph.SECRET.encode() not in whole
    (tmp_path / "keys" / "credentials.secret").write_text("secret " + "A" * 43 + "=\n")
    assert refusal(house.sync) == "source-credential"
    assert (house.state, sync.due(worker(NOW + MINUTE))) == ("failing", [])
    (tmp_path / "keys" / "credentials.secret").write_text("")
    assert refusal(house.sync) == "key-damaged"


def _waiting() -> list[Any]:
    from countermand.store import syncing

    found = syncing.next_part(models.SyncRun.objects.get().pk)
    return list(found[1]) if found else []
