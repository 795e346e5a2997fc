"""Another look: what an employee asks for reaches the sources that know the device, once, and never twice at the same time."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import pytest
from house import NOW, worker
from test_syncing import House

import fake_graph as graph
from countermand.access import Act, Role
from countermand.config import Config, Database, Sources
from countermand.core.apps import App
from countermand.core.coverage import Coverage
from countermand.core.devices import Identity, IdentityKind, Platform
from countermand.core.instants import HOUR, MINUTE
from countermand.core.mentions import Mention
from countermand.flows import connect, recheck
from countermand.lib.http import Unreachable
from countermand.sources.kinds import KINDS
from countermand.sources.source import Question, Sent
from countermand.store import asked, fleet, models, rechecks, terms
from countermand.store.rechecks import State
from countermand.store.unit import unit
from fake_graph import TIKTOK, Tenant, device

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
TIK = App(Platform.IOS, TIKTOK)
SERIAL = Identity(IdentityKind.SERIAL, "C0FFEE")


class Asks:
    """A source that can ask one device: it keeps the protocol, and what it was asked."""

    answer = "ticket-1"
    fails: Exception | None = None
    seen: ClassVar[list[tuple[Mention, frozenset[App]]]] = []
    remembered: ClassVar[list[Coverage | None]] = []

    def __init__(self, link: Any) -> None:
        del link

    def recheck(self, devices: Sequence[Mention], apps: frozenset[App] | None) -> Question | None:
        (device,) = devices
        assert apps is not None
        names = tuple(one.value for one in device.identities)
        return Question("apps", Asks.answer, names, Coverage(apps), partial(self.send, device, apps))

    def send(self, device: Mention, apps: frozenset[App]) -> Sent:
        Asks.seen.append((device, apps))
        if Asks.fails:
            raise Asks.fails
        Asks.remembered.append(asked.coverage_of("C0FFEE", Asks.answer))
        return Sent()


class _Current:
    apps: ClassVar = {Platform.IOS: frozenset[int]()}


class _Lineage:
    current = _Current()


@pytest.fixture
def house(store: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    with graph.served(Tenant(page=10)) as tenant:
        tenant.devices = [device(1, serialNumber="C0FFEE")]
        config = Config(tmp_path, store, sources=Sources(private_hosts=("127.0.0.1",)))
        settings = {"tenant": graph.TENANT, "client": graph.CLIENT, "url": tenant.url, "login": tenant.url}
        administrator = Act(type(worker().actor)("ada", frozenset({Role.ADMINISTRATOR})), NOW)
        connect.source_add(administrator, tmp_path, "intune", "intune", settings, graph.SECRET, 4 * HOUR)
        made = House(tenant, config)
        made.sync(confirmed=True)
        Asks.seen, Asks.remembered, Asks.fails, Asks.answer = [], [], None, "ticket-1"
        monkeypatch.setattr(terms, "lineage", lambda name: _Lineage())
        monkeypatch.setattr(fleet, "app_names", lambda numbers: {1: TIK})
        yield made


def looks(house: House, at: int = NOW) -> list[tuple[str, State]]:
    with unit():
        recheck.want(worker(at), fleet.named("serial:C0FFEE"), "no-tiktok")
    recheck.recheck(lambda: worker(at), house.config, wait=lambda _: None)
    return [(one.source, one.state) for one in rechecks.of_device(fleet.named("serial:C0FFEE"))]


def can_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(KINDS, "intune", replace(KINDS["intune"], open=Asks))  # type: ignore[arg-type]


def test_a_source_that_cannot_ask_a_device_says_so_and_is_asked_nothing(house: House) -> None:
    before = len(house.tenant.asked)
    assert looks(house) == [("intune", State.UNSUPPORTED)]
    assert len(house.tenant.asked) == before


def test_one_that_can_is_asked_for_the_apps_of_the_order_and_its_answer_is_known_by_the_ticket(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    can_ask(monkeypatch)
    assert looks(house) == [("intune", State.ASKED)]
    ((mention, apps),) = Asks.seen
    assert SERIAL in mention.identities
    assert mention.platform is Platform.IOS
    assert apps == {TIK}
    assert asked.coverage_of("C0FFEE", "ticket-1") == Coverage(frozenset({TIK}))
    assert Asks.remembered == [Coverage(frozenset({TIK}))], "before it leaves, or a quick answer would prove nothing"
    looks(house, NOW + MINUTE)
    assert len(Asks.seen) == 1
    looks(house, NOW + 2 * MINUTE)
    assert len(Asks.seen) == 2


def test_one_that_is_away_is_tried_three_times(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    can_ask(monkeypatch)
    Asks.fails = Unreachable("it is away")
    assert looks(house) == [("intune", State.WANTED)]
    recheck.recheck(worker, house.config)
    recheck.recheck(worker, house.config)
    recheck.recheck(worker, house.config)
    assert len(Asks.seen) == 3
    assert [row.state for row in models.Recheck.objects.all()] == ["failed"]


def test_a_paused_source_is_not_asked(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    can_ask(monkeypatch)
    connect.source_pause(Act(type(worker().actor)("olga", frozenset({Role.OPERATOR})), NOW), "intune", paused=True)
    assert looks(house) == [("intune", State.UNSUPPORTED)]
    assert Asks.seen == []
