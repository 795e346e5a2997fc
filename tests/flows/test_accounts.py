"""Setting up: keys and first operators; who may add whom; tokens that are shown once; the wait before approvals count."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import house
import pytest

from countermand.access import Act, Actor, Role
from countermand.config import Config, Database, standard
from countermand.core.errors import Refused
from countermand.core.instants import DAY, from_iso
from countermand.flows.accounts import First, init, key_file, operator_add, operator_close, operator_key
from countermand.lib import clock, keys
from countermand.reads import installation as opened
from countermand.reads.operators import accounts, actor_of
from countermand.store import installation, models, operators

FIRSTS = (First("ada", frozenset({Role.ADMINISTRATOR})), First("otto", frozenset({Role.OPERATOR})))


@pytest.fixture
def config(store: Database, tmp_path: Path) -> Config:
    return standard(tmp_path / "state")


def test_it_makes_keys_accounts_and_says_what_it_is(config: Config) -> None:
    made = init(config, FIRSTS)
    for name in ("root", "feed", "ledger"):
        assert made.keys[name] == key_file(config.state_dir, name)
        assert keys.load(made.keys[name]).public == keys.load_public(Path(f"{made.keys[name]}.pub"))
        assert made.keys[name].stat().st_mode & 0o777 == 0o600
    assert actor_of(made.tokens["ada"]) == Actor("ada", frozenset({Role.ADMINISTRATOR}))
    assert actor_of(made.tokens["otto"]) == Actor("otto", frozenset({Role.OPERATOR}))
    found = installation.load()
    assert found is not None
    assert (found.drill, found.origin, found.epoch) == (False, "localhost", 1)
    assert house.ledger_kinds() == ["installed", "operator-added", "operator-added"]


def test_a_token_is_stored_as_a_digest_alone(config: Config) -> None:
    token = init(config, FIRSTS).tokens["ada"]
    row = models.Operator.objects.get(name="ada")
    assert row.token_digest == hashlib.sha256(token.encode()).hexdigest()
    assert all(token.encode() not in bytes(entry.entry) for entry in models.LedgerRow.objects.all())


def test_twice_is_refused_and_changes_nothing(config: Config) -> None:
    init(config, FIRSTS)
    before = accounts()
    with pytest.raises(Refused) as refused:
        init(config, FIRSTS)
    assert refused.value.code == "already-set-up"
    assert accounts() == before


@pytest.mark.parametrize(
    "firsts",
    [
        (),
        FIRSTS[:1],
        (FIRSTS[0], First("ada", frozenset({Role.OPERATOR}))),
        (FIRSTS[0], First("bert", frozenset({Role.ADMINISTRATOR}))),
        (FIRSTS[1], First("anna", frozenset({Role.AUTHOR}))),
    ],
)
def test_a_house_begins_with_two_different_people_one_of_whom_administers(config: Config, firsts: Sequence[First]) -> None:
    with pytest.raises(Refused) as refused:
        init(config, firsts)
    assert refused.value.code == "first-operators"
    assert installation.load() is None


def test_only_a_drill_starts_at_another_time(config: Config) -> None:
    start = from_iso("2020-07-10T09:00:00Z")
    init(config, FIRSTS, drill=True, starts_at=start)
    assert start <= opened.now() < start + DAY
    assert opened.act(Actor("x", frozenset())).drill


def test_outside_a_drill_the_clock_is_real(config: Config) -> None:
    before = clock.now()
    init(config, FIRSTS, starts_at=from_iso("2020-07-10T09:00:00Z"))
    assert before <= opened.now()
    assert not opened.act(Actor("x", frozenset())).drill


@pytest.mark.parametrize("token", ["", "nothing", "token of anna "])
def test_no_token_or_another_one_opens_nothing(store: Database, token: str) -> None:
    house.open_house()
    with pytest.raises(Refused) as refused:
        actor_of(token)
    assert refused.value.code == ("unknown-token" if token else "not-signed-in")


# -- adding, changing and closing accounts --


def administrator(now: int = house.NOW) -> Act:
    return house.act("ada", Role.ADMINISTRATOR, now=now)


@pytest.fixture
def open_house(store: Database) -> None:
    house.open_house()


@pytest.mark.usefixtures("open_house")
def test_only_an_administrator_adds_operators() -> None:
    for act in (house.author(), house.operator(), house.approver("petra")):
        with pytest.raises(Refused) as refused:
            operator_add(act, "mallory", {Role.APPROVER}, rails=house.RAILS)
        assert refused.value.code == "not-allowed"


@pytest.mark.usefixtures("open_house")
def test_another_key_makes_the_account_new_again() -> None:
    since = operator_key(administrator(), "petra", house.public_key("petra-2"), rails=house.RAILS)
    assert since == house.NOW + house.RAILS.new_operator_wait
    house.proposed()
    with pytest.raises(Refused) as refused:
        house.approved("petra")
    assert refused.value.code == "operator-too-new"


@pytest.mark.usefixtures("open_house")
def test_a_closed_account_opens_nothing_and_counts_for_nothing() -> None:
    house.proposed()
    house.approved("petra")
    operator_close(administrator(), "petra")
    with pytest.raises(Refused):
        actor_of("token of petra")
    assert house.approved("paul").have == 1


@pytest.mark.usefixtures("open_house")
@pytest.mark.parametrize(
    ("name", "roles", "key", "code"),
    [
        ("petra", {Role.APPROVER}, "", "operator-exists"),
        ("", {Role.APPROVER}, "", "operator-name"),
        ("a b", {Role.APPROVER}, "", "operator-name"),
        ("system", {Role.APPROVER}, "", "operator-name"),
        ("nora", {Role.SYSTEM}, "", "unknown-role"),
        ("nora", set(), "", "unknown-role"),
        ("nora", {"king"}, "", "unknown-role"),
        ("nora", {Role.APPROVER}, "no key", "ssh-key-unusable"),
        ("nora", {Role.APPROVER}, "petra's", "ssh-key-elsewhere"),
    ],
)
def test_what_cannot_be_an_account_is_refused(name: str, roles: set[Role], key: str, code: str) -> None:
    line = house.public_key("petra") if key == "petra's" else key
    with pytest.raises(Refused) as refused:
        operator_add(administrator(), name, roles, line, rails=house.RAILS)
    assert refused.value.code == code
    assert operators.find(name or "none") is None or code == "operator-exists"


def test_whoever_administers_approves_nothing(store: Database) -> None:
    """The account may be an approver too: it opens accounts and sets their keys, so one person would be as good as two."""
    house.open_house()
    house.move_in(house.staff(2))
    house.proposed()
    models.Operator.objects.filter(name="petra").update(roles="administrator approver")
    with pytest.raises(Refused) as refused:
        house.approved("petra")
    assert refused.value.code == "administrator-approves"
    house.approved("paul")
