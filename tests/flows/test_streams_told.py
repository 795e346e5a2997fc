"""Receivers of Shared Signals hold not compliant exactly whom an order denies now, and hear nothing of anybody else."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import house
import pytest

from countermand.access import Role
from countermand.config import Config, Database, Signals
from countermand.core.caep import Shape, Status, Wording
from countermand.core.errors import Refused
from countermand.core.facts import names
from countermand.core.instants import DAY, from_iso
from countermand.flows import receivers, set_keys, stream_trial, streams
from countermand.flows.believe import Brought, Memory, believe
from countermand.flows.stop import halt, rescind
from countermand.flows.transmit import Transmitted, due, transmit
from countermand.flows.walk import change_hands
from countermand.reads import streams as reads
from countermand.store import directory, known, lease, log, models, sets
from countermand.store.unit import aside, unit
from shared_signals import COMPLIANCE, REVOKED, UPDATED, VERIFICATION, Believer, Door, pushed

DUE = from_iso("2020-07-18T00:00:00Z")
BEFORE, LATER = DUE - DAY, DUE + DAY
ISSUER, AUDIENCE = "https://countermand.example.org/ssf", "https://receiver.example.com"
ADA = house.act("ada", Role.ADMINISTRATOR)


@dataclass
class Told:
    """A house with an order, and one receiver to which tokens are pushed."""

    config: Config
    fleet: house.Fleet
    version: int
    door: Door
    memory: Memory = field(default_factory=Memory)

    @property
    def believer(self) -> Believer:
        return self.door.believer

    def let_in(self, wording: Wording | None = None, name: str = "idp", authorization: str = "") -> None:
        receivers.receiver_add(
            ADA, self.config, name, wording or Wording(AUDIENCE), push=self.door.url, authorization=authorization
        )

    def bring(self, now: int = LATER) -> Brought:
        return believe(house.worker(now), ISSUER, self.memory)

    def push(self, now: int = LATER) -> list[Transmitted]:
        models.SignalStream.objects.update(next_try=0)
        models.Signal.objects.update(next_try=0)
        return [done for pk in due() if (done := transmit(house.worker(now), self.config, pk, "me")) is not None]

    def tell(self, now: int = LATER) -> Brought:
        done = self.bring(now)
        self.push(now)
        assert self.believer.wrong == []
        return done

    @property
    def view(self) -> reads.StreamView:
        (found,) = reads.all_streams(ADA)
        return found


def change(ordinal: int, **values: object) -> None:
    """Rows and sets together, as an import leaves them."""
    with unit():
        before = names(known.load([ordinal])[ordinal])
        models.Device.objects.filter(pk=ordinal).update(**values)
        sets.flip(sets.DEVICES, {ordinal: (before, names(known.load([ordinal])[ordinal]))})
        log.append("tried", house.worker(), {"device": ordinal})


@pytest.fixture
def told(store: Database, tmp_path: Path) -> Iterator[Told]:
    house.open_house()
    fleet = house.move_in(house.staff(20, with_app=5))
    found = house.issued(20, house.document())
    house.told(found.version, fleet, ["p00000", "p00001", "p00002", "p00010"], DUE)
    config = Config(tmp_path, store, signals=Signals(private_hosts=("127.0.0.1",), issuer=ISSUER))
    believer = Believer(ISSUER, AUDIENCE, lambda: set_keys.jwks(tmp_path))
    with pushed(Door(believer)) as door:
        yield Told(config, fleet, found.version, door)


def people(*numbers: int) -> set[str]:
    return {f"p{number:05d}@example.org" for number in numbers}


def test_nobody_before_the_due_and_whoever_is_denied_after_it(told: Told) -> None:
    told.let_in()
    told.tell(BEFORE)
    assert told.believer.log == []
    told.tell(LATER)
    assert told.believer.people == people(0, 1, 2)
    (first, *_) = told.believer.of(COMPLIANCE)
    assert first["current_status"] == "not-compliant"
    assert first["event_timestamp"] == DUE // 1000
    assert first["initiating_entity"] == "policy"
    assert "Remove TikTok" in first["reason_admin"]["en"]
    assert len(first["reason_user"]) == 9


def test_the_clock_alone_is_noticed(told: Told) -> None:
    told.let_in()
    told.tell(DUE - 1)
    assert told.bring(DUE - 1) == Brought()
    assert told.bring(DUE).made == 3


def test_nothing_is_read_or_written_twice(told: Told) -> None:
    told.let_in()
    assert told.tell().made == 3
    entries = models.LedgerRow.objects.count()
    assert told.tell() == Brought()
    assert models.LedgerRow.objects.count() == entries
    assert told.believer.again == 0


def test_an_app_that_is_gone_is_told_of_that_device_alone(told: Told) -> None:
    told.let_in()
    told.tell()
    change(0, retired=True)
    told.tell()
    assert told.believer.people == people(1, 2)
    last = told.believer.of(COMPLIANCE)[-1]
    assert (last["previous_status"], last["current_status"]) == ("not-compliant", "compliant")
    assert last["initiating_entity"] == "policy"


@pytest.mark.parametrize("verb", [lambda act: halt(act, house.NAME), lambda act: rescind(act, house.NAME, "sent-in-error")])
def test_halting_and_rescinding_are_told_to_everybody_who_was(told: Told, verb: house.Verb) -> None:
    told.let_in()
    told.tell()
    verb(house.operator(LATER))
    told.tell()
    assert told.believer.holds == set()
    assert told.believer.of(COMPLIANCE)[-1]["initiating_entity"] == "admin"
    assert models.Signal.objects.count() == 0  # nothing is remembered of anybody


@pytest.mark.parametrize(("consequence", "expected"), [("hand_over", people(0, 1, 2, 3)), ("report_only", people(0, 1, 2))])
def test_what_is_handed_over_is_told_and_what_is_reported_only_is_not(told: Told, consequence: str, expected: set[str]) -> None:
    told.let_in()
    found = house.issued(20, house.document("another").replace("deny_mail", consequence))
    house.told(found.version, told.fleet, ["p00003"], DUE)
    told.tell()
    assert told.believer.people == expected


@pytest.mark.parametrize(
    ("shape", "subject"),
    [
        (Shape.DEVICE, {"format": "iss_sub", "iss": ISSUER, "sub": "device-0"}),
        (Shape.USER, {"format": "email", "email": "p00000@example.org"}),
        (
            Shape.COMPLEX,
            {
                "format": "complex",
                "device": {"format": "iss_sub", "iss": ISSUER, "sub": "device-0"},
                "user": {"format": "email", "email": "p00000@example.org"},
            },
        ),
    ],
)
def test_the_shape_of_a_subject(told: Told, shape: Shape, subject: dict[str, object]) -> None:
    told.let_in(Wording(AUDIENCE, shape))
    told.tell()
    assert json.dumps(subject, sort_keys=True) in told.believer.holds
    assert len(told.believer.holds) == 3


def test_a_device_by_a_name_that_others_know(told: Told) -> None:
    models.Identity.objects.create(kind="serial", value="F2LX", device_id=0)
    told.let_in(Wording(AUDIENCE, Shape.DEVICE, "serial"))
    told.tell()
    assert {json.loads(one)["sub"] for one in told.believer.holds} == {"F2LX", "device-1", "device-2"}


def test_a_person_with_two_phones_is_compliant_when_both_are(told: Told) -> None:
    told.let_in(Wording(AUDIENCE, Shape.USER))
    change(1, owner_id=told.fleet.people["p00000"])
    told.tell()
    assert told.believer.people == people(0, 2)
    change(0, retired=True)
    told.tell()
    assert told.believer.people == people(0, 2)
    change(1, retired=True)
    told.tell()
    assert told.believer.people == people(2)


@pytest.mark.parametrize(("whose", "expected"), [("p00010", people(1, 2, 10)), ("p00011", people(1, 2))])
def test_a_phone_that_changes_hands_leaves_nobody_behind(told: Told, whose: str, expected: set[str]) -> None:
    """To somebody who was told of the order as well, so that it is denied before and after; and to somebody who was not."""
    told.let_in()
    told.tell()
    change(0, owner_id=told.fleet.people[whose])
    with unit():
        change_hands([0], [])
    told.tell()
    assert told.believer.people == expected
    assert told.tell() == Brought()


def test_a_person_who_is_called_otherwise(told: Told) -> None:
    told.let_in()
    told.tell()
    models.Person.objects.filter(login="p00000").update(email="new@example.org")
    told.memory = Memory()
    told.tell()
    assert told.believer.people == people(1, 2) | {"new@example.org"}


def test_a_receiver_that_is_away_is_told_the_same_token_again(told: Told) -> None:
    told.let_in()
    told.door.answers = [(503, b"")] * 8
    told.bring()
    (done,) = told.push()
    assert done.fault == "it answered 503"
    assert told.view.fault == "it answered 503"
    assert due() == []  # it is given time
    told.door.answers = []
    told.push()
    assert told.believer.people == people(0, 1, 2)
    assert told.view.fault == ""
    assert told.believer.again == 0


def test_an_answer_that_is_lost_brings_the_same_token_again(told: Told) -> None:
    told.let_in()
    told.bring()
    told.door.answers, told.door.heard = [(500, b"")] * 3, True
    told.push()
    told.door.answers, told.door.heard = [], False
    told.push()
    assert told.believer.people == people(0, 1, 2)
    assert told.believer.again > 0


def test_what_may_have_been_heard_is_taken_back(told: Told) -> None:
    told.let_in()
    told.bring()
    told.door.answers, told.door.heard = [(500, b"")] * 3, True
    told.push()
    heard = len(told.believer.holds)
    assert heard > 0
    told.door.answers, told.door.heard = [], False
    halt(house.operator(LATER), house.NAME)
    told.tell()
    assert told.believer.holds == set()


def test_what_was_never_heard_is_not_taken_back(told: Told) -> None:
    told.let_in()
    told.bring()
    halt(house.operator(LATER), house.NAME)
    assert told.bring() == Brought(0, 3)
    told.push()
    assert told.believer.log == []


def test_a_token_that_is_refused_keeps_no_other_waiting_and_comes_anew(told: Told) -> None:
    told.let_in()
    told.bring()
    told.door.answers = [(400, b'{"err": "invalid_request", "description": "no such person"}')]
    (done,) = told.push()
    assert (done.taken, done.refused, done.fault) == (2, 1, "")
    assert told.view.refused == 1
    assert told.view.fault == "invalid_request: no such person"
    before = {one["jti"] for one in told.believer.log}
    told.push()
    assert told.believer.people == people(0, 1, 2)
    assert {one["jti"] for one in told.believer.log} - before


def test_a_receiver_that_takes_no_token_of_ours_is_left_alone(told: Told) -> None:
    told.let_in()
    told.bring()
    told.door.answers = [(400, b'{"err": "invalid_issuer", "description": "who?"}')] * 4
    (done,) = told.push()
    assert done.fault == "it answered 400: invalid_issuer: who?"
    assert told.view.refused == 0


def test_a_paused_stream_holds_the_last_word_about_each(told: Told) -> None:
    told.let_in()
    told.tell()
    streams.stream_hold(ADA, "idp", Status.PAUSED, "moving")
    for retired in (True, False, True):
        change(0, retired=retired)
        told.tell()
    change(1, retired=True)
    told.tell()
    change(1, retired=False)
    told.tell()
    assert told.believer.people == people(0, 1, 2)
    assert told.believer.of(UPDATED) == [{"status": "paused", "reason": "moving"}]
    assert told.view.waits == 1
    streams.stream_hold(ADA, "idp", Status.ENABLED)
    told.tell()
    assert told.believer.people == people(1, 2)
    assert told.believer.of(UPDATED)[-1] == {"status": "enabled"}


def test_sessions_end_once_for_each_denial(told: Told) -> None:
    told.let_in(Wording(AUDIENCE, revokes=True))
    told.tell()
    assert len(told.believer.of(REVOKED)) == 3
    txns = [(one["txn"], json.dumps(one["sub_id"])) for one in told.believer.log]
    assert len(set(txns)) == 3  # what follows from one denial has one txn
    halt(house.operator(LATER), house.NAME)
    told.tell()
    assert len(told.believer.of(REVOKED)) == 3


def test_a_session_that_need_not_end_any_more_does_not(told: Told) -> None:
    told.let_in(Wording(AUDIENCE, revokes=True))
    told.bring()
    halt(house.operator(LATER), house.NAME)
    told.bring()
    assert models.Signal.objects.count() == 0


def test_who_asks_for_sessions_alone_hears_of_nothing_else(told: Told) -> None:
    told.let_in(Wording(AUDIENCE, Shape.USER, revokes=True))
    models.SignalStream.objects.update(requested=REVOKED)
    told.tell()
    assert len(told.believer.of(REVOKED)) == 3
    assert told.believer.of(COMPLIANCE) == []
    told.tell()
    assert len(told.believer.of(REVOKED)) == 3
    halt(house.operator(LATER), house.NAME)
    told.tell()
    assert len(told.believer.log) == 3


def test_what_a_receiver_wants_at_its_door(told: Told) -> None:
    told.let_in(authorization="Bearer of-theirs")
    told.tell()
    assert told.door.headers["authorization"] == "Bearer of-theirs"
    assert b"of-theirs" not in bytes(models.SignalStream.objects.get().credential or b"")


def test_verifying_and_trying(told: Told) -> None:
    told.let_in()
    streams.stream_ask(ADA, "idp")
    told.push()
    assert stream_trial.stream_try(ADA, told.config, "idp").arrived
    assert told.believer.of(VERIFICATION) == [{}, {}]
    told.door.answers = [(401, b"")]
    assert stream_trial.stream_try(ADA, told.config, "idp").fault == "it answered 401"


def test_two_workers_do_not_push_the_same(told: Told) -> None:
    told.let_in()
    told.bring()
    stream = streams.known("idp")
    with aside():
        assert lease.hold(f"stream:{stream.pk}", "another", lease.real(), 60_000)
    assert transmit(house.worker(), told.config, stream.pk, "me") is None
    assert told.believer.log == []


def test_a_private_address_is_no_door_unless_it_is_named(told: Told) -> None:
    config = replace(told.config, signals=Signals(issuer=ISSUER))
    for url in ("https://10.0.0.7/x", "http://127.0.0.1:1/x", "https://[::1]/x", "https://localhost/x"):
        with pytest.raises(Refused) as refused:
            receivers.receiver_add(ADA, config, "idp", Wording(AUDIENCE), push=url)
        assert refused.value.code == "address-private"
    told.let_in()
    told.bring()
    (done,) = [transmit(house.worker(), config, pk, "me") for pk in due()]
    assert done is not None
    assert "127.0.0.1" in done.fault
    assert told.believer.log == []


def test_a_drill_stays_in(told: Told) -> None:
    told.let_in()
    told.bring()
    models.SignalStream.objects.update(endpoint="https://receiver.example.com/events")
    drill = replace(house.worker(), drill=True)
    (done,) = [transmit(drill, told.config, pk, "me") for pk in due()]
    assert done is not None
    assert "drill" in done.fault


def test_a_receiver_that_is_shown_the_door(told: Told) -> None:
    told.let_in()
    told.tell()
    receivers.receiver_revoke(ADA, "idp")
    assert models.Signal.objects.count() == 0
    assert sets.names(sets.DEVICES, "signal:") == []
    assert told.bring() == Brought()


def test_everybody_is_told_anew(told: Told) -> None:
    """What a receiver that lost its memory, or ours, needs."""
    told.let_in()
    told.tell()
    told.believer.holds = {next(iter(told.believer.holds)), '{"email": "nobody@example.org"}'}
    streams.stream_recall(ADA, "idp")
    told.tell()
    assert told.believer.people - {"nobody@example.org"} == people(0, 1, 2)
    assert len(told.believer.log) == 3 + 20  # everybody whom the order speaks to
    told.tell()
    assert len(told.believer.log) == 3 + 20


def test_the_ledger_says_of_whom_something_was_told(told: Told) -> None:
    told.let_in()
    told.tell()
    assert house.ledger_kinds().count("signals-made") == 1
    entry = json.loads(bytes(models.LedgerRow.objects.order_by("-pk")[0].entry))
    assert entry["about"] == {"receiver": "idp", "not_compliant": 3, "compliant": 0, "dropped": 0}
    assert len(entry["subjects"]) == 3


def test_nobody_is_told_of_whom_nothing_is_known(told: Told) -> None:
    """A device without an owner has no due, and a person without an address no name."""
    models.Person.objects.filter(login="p00000").update(email="")
    told.let_in(Wording(AUDIENCE, Shape.USER))
    told.tell()
    assert told.believer.people == people(1, 2)
    assert directory.count() == 20
