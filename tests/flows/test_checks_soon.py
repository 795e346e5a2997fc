"""A check that a person asked for answers soon, also where nobody answers; what works by the clock is as patient as ever."""

import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from house import NOW, operator

import fake_graph as graph
from countermand.access import Act, Actor, Role
from countermand.config import Config, Database, Levers, Sources
from countermand.flows import connect, levers
from countermand.lib import outward
from countermand.lib.http import Unreachable
from countermand.lib.outward import House, Patience
from fake_graph import Tenant

ONE_ENGINE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
ADMINISTRATOR = Act(Actor("ada", frozenset({Role.ADMINISTRATOR})), NOW)
HERE = frozenset({"127.0.0.1"})


@pytest.fixture
def mute() -> Iterator[str]:
    """An address that takes every connection and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


@pytest.fixture
def config(store: Database, tmp_path: Path) -> Config:
    hosts = ("127.0.0.1",)
    return Config(tmp_path, store, sources=Sources(private_hosts=hosts), levers=Levers(private_hosts=hosts))


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (connect, levers):
        monkeypatch.setattr(module, "A_PERSON", 0.4)


def test_a_person_waits_for_no_more_than_a_quarter_of_a_minute() -> None:
    assert outward.A_PERSON <= 15


@ONE_ENGINE
def test_a_source_that_says_nothing_is_said_to(config: Config, mute: str) -> None:
    settings = {"tenant": graph.TENANT, "client": graph.CLIENT, "url": mute, "login": mute}
    connect.source_add(ADMINISTRATOR, config.state_dir, "intune", "intune", settings, graph.SECRET)
    done = connect.source_check(operator(), config, "intune")
    assert [one.works for one in done.abilities] == [False] * 3
    assert done.abilities[0].why == "no answer came within 0.4 seconds"
    assert {one.why for one in done.abilities[1:]} == {"it was not asked, since no answer came before"}


@ONE_ENGINE
def test_a_lever_that_says_nothing_is_said_to(config: Config, mute: str) -> None:
    settings = {"tenant": graph.TENANT, "client": graph.CLIENT, "url": mute, "login": mute, "attribute": "1"}
    levers.lever_add(ADMINISTRATOR, config.state_dir, "entra", "entra", settings, graph.SECRET)
    done = levers.lever_check(operator(), config, "entra")
    assert not any(one.works for one in done)
    assert done[0].why == "no answer came within 0.4 seconds"


def test_who_says_later_for_too_long_is_not_waited_for() -> None:
    with graph.served(Tenant(later=1, wait=60)) as tenant:
        waited: list[float] = []
        house = House(HERE, wait=waited.append, patience=Patience(5.0))
        with pytest.raises(Unreachable, match="it answered 429, and is to be asked again after 60 seconds"):
            house.to(tenant.url, (("GET", "/a"),)).ask("GET", "/a", {})
        assert waited == []
        with pytest.raises(Unreachable, match="it answered 429 8 times"):
            replace(house, patience=None).to(tenant.url, (("GET", "/a"),)).ask("GET", "/a", {})
        assert waited == [60.0] * 7


def test_what_is_answered_costs_no_patience() -> None:
    with graph.served(Tenant()) as tenant:
        patience = Patience(5.0)
        way = House(HERE, patience=patience).to(tenant.url, (("GET", "/a"),))
        for _ in range(3):
            way.ask("GET", "/a", {})
        assert patience.left == 5.0


def test_who_is_away_is_tried_until_patience_ends() -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        url = f"http://127.0.0.1:{gone.getsockname()[1]}"
    waited: list[float] = []
    began = time.process_time()
    with pytest.raises(Unreachable, match="refused"):
        House(HERE, wait=waited.append, patience=Patience(12.0)).to(url, (("GET", "/a"),)).ask("GET", "/a", {})
    assert waited == [1.0, 2.0, 4.0]
    assert time.process_time() - began < 5
