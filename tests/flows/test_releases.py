"""Exempting, protecting, watching: two people, a ground, an end; sets equal rows; ending exempts nobody by accident."""

import house
import pytest

from countermand.access import Role
from countermand.config import Database
from countermand.core import facts
from countermand.core.apps import App
from countermand.core.devices import Platform
from countermand.core.errors import Refused
from countermand.core.facts import Known
from countermand.core.instants import DAY, HOUR, from_iso
from countermand.core.timeline import denied_at, timeline
from countermand.flows.exempt import agree_exemption, end_exemption, exempt
from countermand.flows.protect import agree_protection, end_protection, protect
from countermand.flows.reevaluate import block_for
from countermand.flows.stop import rescind
from countermand.flows.telling import issue_all
from countermand.flows.watch import agree_watch, end_watch, watch
from countermand.store import known, models, protected, sets, terms, watching

DUE = from_iso("2020-07-18T00:00:00Z")
UNTIL = house.NOW + 20 * DAY
GROUND = "security-research"


@pytest.fixture
def fleet(store: Database) -> house.Fleet:
    """Six people told, all with the app; nina has two phones; the last two are researchers."""
    house.open_house()
    logins = ["ann", "bob", "nina", "nina", "rex", "ruth"]
    groups = {"rex": frozenset({"staff", "research"}), "ruth": frozenset({"staff", "research"})}
    fleet = house.move_in([house.Phone(login, has_app=True) for login in logins], groups)
    found = house.issued(5)
    issue_all(house.operator(), house.NAME, found.audience)
    house.told(found.version, fleet, list(fleet.people), DUE)
    return fleet


def denied(now: int = DUE) -> set[int]:
    """Ordinals that a gate would deny at ``now``."""
    lineage = terms.lineage(house.NAME)
    assert lineage is not None
    return set(denied_at(timeline(block_for(0, lineage), lineage), now))


def exempted(target: str, until: int = UNTIL, ground: str = GROUND) -> int:
    return exempt(house.operator(), house.NAME, target, ground, until).pk


def sets_of(ordinals: set[int], prefixes: tuple[str, ...]) -> tuple[dict[int, set[str]], dict[int, set[str]]]:
    """(from rows, from sets): the names with these prefixes that each device is in."""
    rows: dict[int, Known] = known.load(list(ordinals))
    stored = sets.load(sets.DEVICES, 0, (), prefixes)
    from_rows = {o: {n for n in facts.names(found) if n.startswith(prefixes)} for o, found in rows.items()}
    return from_rows, {o: {n for n, found in stored.sets.items() if o in found} for o in ordinals}


def code(attempt: "house.Verb") -> str:
    with pytest.raises(Refused) as refused:
        attempt(house.operator())
    return refused.value.code


# -- exemptions --


@pytest.mark.parametrize(
    ("target", "freed"),
    [("person:NINA", {2, 3}), ("device:eas:Appl0002", {2}), ("group:research", {4, 5}), ("person:ann", {0})],
)
def test_it_holds_once_a_second_person_agrees_and_until_its_end(fleet: house.Fleet, target: str, freed: set[int]) -> None:
    pk = exempted(target)
    assert denied() == {0, 1, 2, 3, 4, 5}
    assert agree_exemption(house.approver("petra"), pk) == len(freed)
    assert denied(UNTIL - 1) == {0, 1, 2, 3, 4, 5} - freed
    assert denied(UNTIL) == {0, 1, 2, 3, 4, 5}
    from_rows, stored = sets_of(set(range(6)), ("exempt:",))
    assert from_rows == stored
    assert models.Dirty.objects.filter(kind="denials", key=house.NAME).exists()


def test_ending_one_early_takes_one_person_and_spares_those_exempt_otherwise(fleet: house.Fleet) -> None:
    group, rex = exempted("group:research"), exempted("person:rex")
    for pk in (group, rex):
        agree_exemption(house.approver("petra"), pk)
    assert end_exemption(house.operator(), group) == 1
    assert denied() == {0, 1, 2, 3, 5}
    from_rows, stored = sets_of(set(range(6)), ("exempt:",))
    assert from_rows == stored


def test_a_proposal_that_is_ended_never_held(fleet: house.Fleet) -> None:
    pk = exempted("person:ann")
    assert end_exemption(house.operator(), pk) == 0
    assert code(lambda _: agree_exemption(house.approver("petra"), pk)) == "ended-already"


def test_nobody_agrees_to_what_they_proposed(fleet: house.Fleet) -> None:
    both = house.act("petra", Role.OPERATOR, Role.APPROVER)
    pk = exempt(both, house.NAME, "person:ann", GROUND, UNTIL).pk
    assert code(lambda _: agree_exemption(both, pk)) == "own-work"
    assert denied() == {0, 1, 2, 3, 4, 5}


def test_nobody_exempts_themselves(fleet: house.Fleet) -> None:
    ann = house.act("ann", Role.OPERATOR, Role.APPROVER)
    assert code(lambda _: exempt(ann, house.NAME, "person:ann", GROUND, UNTIL)) == "own-work"
    for target in ("person:ann", f"device:eas:Appl{fleet.devices['ann'][0]:04d}"):
        pk = exempted(target)
        assert code(lambda _, pk=pk: agree_exemption(ann, pk)) == "own-work"


@pytest.mark.parametrize(
    ("target", "ground", "until", "expected"),
    [
        ("person:ann", "he asked nicely", UNTIL, "exemption-ground"),
        ("person:ann", GROUND, house.NOW + 31 * DAY, "exemption-too-long"),
        ("person:ann", GROUND, house.NOW, "time-passed"),
        ("person:nobody", GROUND, UNTIL, "not-found"),
        ("device:eas:Appl9999", GROUND, UNTIL, "not-found"),
        ("device:nickname:blue", GROUND, UNTIL, "exemption-target"),
        ("group:nobody", GROUND, UNTIL, "not-found"),
        ("ann", GROUND, UNTIL, "exemption-target"),
        ("everybody:", GROUND, UNTIL, "exemption-target"),
    ],
)
def test_what_the_directive_does_not_allow_is_refused(
    fleet: house.Fleet, target: str, ground: str, until: int, expected: str
) -> None:
    assert code(lambda _: exempted(target, until, ground)) == expected
    assert not models.Exemption.objects.exists()


def test_agreeing_twice_or_too_late_is_refused(fleet: house.Fleet) -> None:
    pk = exempted("person:ann")
    assert code(lambda _: agree_exemption(house.approver("petra", UNTIL), pk)) == "time-passed"
    agree_exemption(house.approver("petra"), pk)
    assert code(lambda _: agree_exemption(house.approver("paul"), pk)) == "agreed-already"
    assert code(lambda _: agree_exemption(house.approver("paul"), 999)) == "not-found"


def test_a_rescinded_directive_needs_no_exemption(fleet: house.Fleet) -> None:
    rescind(house.operator(), house.NAME, "changed")
    assert code(lambda _: exempted("person:ann")) == "lineage-ended"


def test_the_ledger_names_nobody(fleet: house.Fleet) -> None:
    agree_exemption(house.approver("petra"), exempted("person:nina"))
    entries = [bytes(row.entry) for row in models.LedgerRow.objects.all()]
    assert not [entry for entry in entries if b"nina" in entry]
    assert house.ledger_kinds().count("exemption-proposed") == house.ledger_kinds().count("exemption-agreed") == 1


# -- protected logins --


def test_a_login_is_protected_by_two(fleet: house.Fleet) -> None:
    assert protect(house.operator(), r"CORP\Nina", "incident lead") == "nina"
    assert denied() == {0, 1, 2, 3, 4, 5}
    assert code(lambda act: agree_protection(act, "nina")) == "own-work"
    assert agree_protection(house.approver("petra"), "nina") == 2
    assert denied() == {0, 1, 4, 5}
    from_rows, stored = sets_of(set(range(6)), ("protected",))
    assert from_rows == stored
    assert ("protected", "nina") in models.Dirty.objects.values_list("kind", "key")


def test_the_protected_set_never_shrinks_by_one_person(fleet: house.Fleet) -> None:
    protect(house.operator(), "nina", "incident lead")
    agree_protection(house.approver("petra"), "nina")
    assert not end_protection(house.operator(), "nina")
    assert code(lambda act: end_protection(act, "nina")) == "own-work"
    assert 2 not in denied()
    assert end_protection(house.act("ada", Role.ADMINISTRATOR), "nina")
    assert denied() == {0, 1, 2, 3, 4, 5}
    assert protected.find("nina") is None
    kinds = house.ledger_kinds()
    assert [kind for kind in kinds if kind.startswith("protection")] == [
        "protection-proposed",
        "protection-agreed",
        "protection-end-proposed",
        "protection-ended",
    ]


def test_a_login_outside_the_directory_is_protected_all_the_same(fleet: house.Fleet) -> None:
    protect(house.operator(), "break-glass", "sealed in the safe")
    assert agree_protection(house.approver("petra"), "break-glass") == 0
    found = protected.find("break-glass")
    assert found is not None
    assert found.holds
    assert code(lambda act: protect(act, "BREAK-GLASS", "again")) == "protected-already"


def test_a_proposal_is_withdrawn_by_one(fleet: house.Fleet) -> None:
    protect(house.operator(), "ann", "mistake")
    assert end_protection(house.operator(), "ann")
    assert 0 in denied()
    assert code(lambda act: agree_protection(house.approver("petra"), "ann")) == "not-found"


# -- the watch list --


def test_an_app_is_watched_once_two_agreed_until_its_end(fleet: house.Fleet) -> None:
    app = App(Platform.ANDROID, "com.example.watched")
    pk = watch(house.operator(), str(app), "advisory 17", UNTIL)
    assert app not in watching.watch_list(house.NOW)
    assert code(lambda _: agree_watch(house.act("otto", Role.APPROVER), pk)) == "own-work"
    agree_watch(house.approver("petra"), pk)
    assert app in watching.watch_list(UNTIL - HOUR)
    assert app not in watching.watch_list(UNTIL)
    end_watch(house.operator(), pk)
    assert app not in watching.watch_list(house.NOW + 1)
    assert code(lambda act: end_watch(act, pk)) == "time-passed"


@pytest.mark.parametrize(("app", "until", "expected"), [("com.example", UNTIL, "app-form"), ("ios:x", house.NOW, "time-passed")])
def test_what_cannot_be_watched_is_refused(fleet: house.Fleet, app: str, until: int, expected: str) -> None:
    assert code(lambda act: watch(act, app, "why", until)) == expected
