"""Whoever is shown people is written down, by whatever way they look, where those people see it. Made from the table: an
operation that names people and is not tried here fails."""

import json
from collections.abc import Callable
from typing import Any

import house
import pytest
from world import ORDER, TIKTOK, World

from countermand.access import Act, Role
from countermand.config import standard
from countermand.core.devices import Identity, IdentityKind, Platform
from countermand.core.instants import DAY
from countermand.core.mentions import Mention
from countermand.flows.exempt import exempt
from countermand.flows.ingest import ingest
from countermand.flows.protect import protect
from countermand.operations.every import EVERY
from countermand.operations.operation import Call, perform
from countermand.reads import ledger
from countermand.store import sightings
from countermand.store.sightings import Sighting
from countermand.store.unit import unit
from countermand.web.console.addresses import PAGES  # noqa: F401 (declares the screens)
from countermand.web.console.screens import SCREENS


def desk(world: World) -> Act:
    return house.act("hedi", Role.HELPDESK, Role.OPERATOR, Role.AUDITOR, now=world.now)


def _exempt(world: World) -> tuple[str]:
    exempt(desk(world), ORDER, "person:alice", "security-research", world.now + DAY)
    return (ORDER,)


def _protected(world: World) -> tuple[()]:
    protect(desk(world), "alice", "on call")
    return ()


def _unknown(world: World) -> tuple[()]:
    with unit():
        sightings.add(Sighting("alice", "eas", "STRANGE", world.now - DAY, world.now, 3))
    return ()


def _maybe_one(world: World) -> tuple[()]:
    """A phone that only its manager knows, and a name at the mail door under which the same person asks."""
    unnamed = Mention(
        (Identity(IdentityKind.SERIAL, "F1X"),), login="alice", platform=Platform.IOS, enrolled=True, seen_at=world.now - DAY
    )
    ingest(world.operator, "mdm", [unnamed], may_add=True, confirmed=True)
    return _unknown(world)


def _untold(world: World) -> tuple[str]:
    world.turn()
    world.bounces("alice")
    return (ORDER,)


SHOWN: dict[str, Callable[[World], tuple[Any, ...]]] = {
    "list_exemptions": _exempt,
    "list_protections": _protected,
    "list_sightings": _unknown,
    "list_untold": _untold,
    "suggest_links": _maybe_one,
    "look_up": lambda _: ("alice",),
    "export_person": lambda _: ("alice",),
}


def test_every_operation_that_names_people_is_tried() -> None:
    assert {one.name for one in EVERY if one.action == "read-person"} == set(SHOWN)
    assert all(one.personal for one in SCREENS if one.action == "read-person")


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize("name", SHOWN)
def test_the_look_is_in_the_ledger_under_their_name(world: World, name: str) -> None:
    world.cast(alice=[TIKTOK], bob=[])
    world.orders()
    asked, act = next(one for one in EVERY if one.name == name), desk(world)
    given = SHOWN[name](world)
    before = len(ledger.entries(act, subject="person:alice", limit=1_000))
    answer = perform(asked, Call(act, standard(world.folder)), *given)
    assert "alice" in json.dumps(str(answer))
    seen = ledger.entries(act, subject="person:alice", limit=1_000)
    assert len(seen) == before + 1
    assert (seen[0].entry.kind in ("looked-up", "person-exported"), seen[0].entry.actor) == (True, "hedi")
