"""A stream that is held, and a receiver that is away, refuses, or loses what it answers: nothing is lost, nothing piles up."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import house
import pytest
from streamed import ADA, AUDIENCE, ISSUER, LATER, Told, change, people, told_by

from countermand.config import Database, Signals
from countermand.core.caep import Status, Wording
from countermand.core.errors import Refused
from countermand.flows import receivers, stream_trial, streams
from countermand.flows.believe import Brought
from countermand.flows.stop import halt
from countermand.flows.transmit import due, transmit
from countermand.store import lease, models, sets
from countermand.store.unit import aside
from shared_signals import UPDATED, VERIFICATION


@pytest.fixture
def told(store: Database, tmp_path: Path) -> Iterator[Told]:
    with told_by(store, tmp_path) as told:
        yield told


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
