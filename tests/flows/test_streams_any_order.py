"""Whatever happens to orders, devices, the wire and the stream, in any order: once all is quiet, the receiver holds not compliant
exactly whom an order denies."""

import json
from pathlib import Path

import house
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

import behind
from countermand.access import Role
from countermand.config import Config, Database, Signals
from countermand.core import caep
from countermand.core.caep import Shape, Status, Wording
from countermand.core.facts import names
from countermand.core.instants import DAY, from_iso
from countermand.flows import receivers, set_keys, streams
from countermand.flows.believe import Memory, believe
from countermand.flows.transmit import Asked, due, poll, transmit
from countermand.store import known, log, models, sets
from countermand.store import streams as rows
from countermand.store.unit import aside, unit
from shared_signals import Believer, Door, pushed

DUE = from_iso("2020-07-18T00:00:00Z")
LATER = DUE + DAY
ISSUER, AUDIENCE = "https://countermand.example.org/ssf", "https://receiver.example.com"
ADA = house.act("ada", Role.ADMINISTRATOR)
DEVICES = st.integers(0, 3)
FATES = st.lists(st.sampled_from(["taken", "answer lost", "lost", "refused"]), max_size=6)
_ANSWERS = {"answer lost": (500, b""), "lost": (503, b""), "refused": (400, b'{"err": "invalid_request"}')}


class Stream(RuleBasedStateMachine):
    """Four phones with the app, all told; ``retired`` ones are not denied, nor anybody while ``halted``."""

    def __init__(self, store: Database, folder: Path, door: Door, shape: Shape, *, polled: bool) -> None:
        super().__init__()
        behind.afresh(store)
        self.folder, self.door, self.polled = folder, door, polled
        self.believer = door.believer = Believer(ISSUER, AUDIENCE, lambda: set_keys.jwks(folder))
        self.door.answers, self.door.heard = [], False
        self.memory, self.retired, self.halted, self.unwanted = Memory(), set[int](), False, set[int]()
        house.open_house()
        fleet = house.move_in(house.staff(4, with_app=4))
        found = house.issued(4)
        house.told(found.version, fleet, list(fleet.people), DUE)
        self.config = Config(folder, store, signals=Signals(private_hosts=("127.0.0.1",), issuer=ISSUER))
        self.wording = Wording(AUDIENCE, shape, revokes=True)
        receivers.receiver_add(ADA, self.config, "idp", self.wording, push=door.url)
        if polled:
            models.SignalStream.objects.update(method=caep.POLL)

    def subject(self, device: int) -> caep.Json:
        login = f"p{device:05d}"
        found = caep.subject(self.wording.shape, ISSUER, caep.Phone(f"device-{device}", login, f"{login}@example.org"))
        assert found is not None
        return found

    @property
    def stream(self) -> rows.Stream:
        return streams.known("idp")

    # -- what people and phones do --

    @rule(device=DEVICES)
    def flip(self, device: int) -> None:
        self.retired ^= {device}
        with unit():
            before = names(known.load([device])[device])
            models.Device.objects.filter(pk=device).update(retired=device in self.retired)
            sets.flip(sets.DEVICES, {device: (before, names(known.load([device])[device]))})
            log.append("tried", house.worker(), {})

    @rule()
    def halt_or_resume(self) -> None:
        self.halted = not self.halted
        with aside():
            models.Lineage.objects.update(halted_at=LATER if self.halted else None)
            log.append("tried", house.worker(), {})

    # -- what the receiver does --

    @rule(status=st.sampled_from(Status))
    def status(self, status: Status) -> None:
        body = {"stream_id": self.stream.stream_id, "status": status.value}
        streams.stream_status(house.worker(), self.stream.receiver, body)

    @rule(device=DEVICES)
    def want(self, device: int) -> None:
        wanted = device in self.unwanted
        self.unwanted ^= {device}
        body = {"stream_id": self.stream.stream_id, "subject": self.subject(device)}
        streams.subject_unwanted(house.worker(), self.stream.receiver, body, wanted=wanted)

    @rule(only=st.sampled_from([[caep.COMPLIANCE], [caep.SESSION_REVOKED], [caep.COMPLIANCE, caep.SESSION_REVOKED]]))
    def request(self, only: list[str]) -> None:
        body = {"stream_id": self.stream.stream_id, "events_requested": only}
        streams.stream_change(house.worker(), self.config, self.stream.receiver, body, whole=False)

    # -- what happens by itself --

    @rule()
    def bring(self) -> None:
        believe(house.worker(LATER), ISSUER, self.memory)

    @rule()
    def another_worker(self) -> None:
        self.memory = Memory()

    @rule(fates=FATES)
    def deliver(self, fates: list[str]) -> None:
        if self.polled:
            self._poll(fates)
        else:
            for fate in fates:
                self.door.answers, self.door.heard = [_ANSWERS[fate]] * 8 if fate in _ANSWERS else [], fate == "answer lost"
                self._push()
            self.door.answers, self.door.heard = [], False

    def _push(self) -> None:
        models.SignalStream.objects.update(next_try=0)
        models.Signal.objects.update(next_try=0)
        for pk in due():
            transmit(house.worker(LATER), self.config, pk, "me")

    def _poll(self, fates: list[str]) -> None:
        models.Signal.objects.update(next_try=0)
        found = poll(house.worker(LATER), self.config, self.stream.pk, Asked()).tokens
        taken, refused = [], {}
        for (jti, token), fate in zip(found.items(), fates, strict=False):
            if fate in {"taken", "answer lost"}:
                self.believer.take(token)
            if fate == "taken":
                taken.append(jti)
            elif fate == "refused":
                refused[jti] = "invalid_request"
        if taken or refused:
            poll(house.worker(LATER), self.config, self.stream.pk, Asked(0, tuple(taken), refused))

    @rule(holds=st.sets(DEVICES))
    def restored(self, holds: set[int]) -> None:
        """An older database is there; the receiver holds what it was told by the one after it, and nobody knows what that is."""
        with unit():
            rows.recall_all()
            log.append("tried", house.worker(), {})
        self.believer.holds = {caep_key(self.subject(device)) for device in holds}

    # -- what must hold --

    @invariant()
    def at_most_one_waits_for_each(self) -> None:
        waits = list(models.Signal.objects.exclude(jti="").values_list("kind", "key"))
        assert len(waits) == len(set(waits))
        assert self.believer.wrong == []

    @rule()
    def quiet(self) -> None:
        """Everything that is under way comes to its end."""
        self.request([caep.COMPLIANCE])
        self.status(Status.ENABLED)
        self.bring()
        for _ in range(3):
            self._poll(["taken"] * 50) if self.polled else self._push()
        denied = set() if self.halted else {0, 1, 2, 3} - self.retired
        expected = {caep_key(self.subject(device)) for device in denied - self.unwanted}
        spared = {caep_key(self.subject(device)) for device in self.unwanted}
        assert self.believer.holds - spared == expected
        assert not models.Signal.objects.exclude(jti="").exists()

    def teardown(self) -> None:
        self.quiet()


def caep_key(subject: caep.Json) -> str:
    return json.dumps(subject, sort_keys=True)


@pytest.mark.parametrize(("shape", "polled"), [(Shape.COMPLEX, False), (Shape.USER, True)], ids=["pushed", "polled"])
def test_in_any_order(store: Database, tmp_path: Path, shape: Shape, polled: bool) -> None:
    believer = Believer(ISSUER, AUDIENCE, lambda: set_keys.jwks(tmp_path))
    with pushed(Door(believer)) as door:
        run_state_machine_as_test(
            lambda: Stream(store, tmp_path, door, shape, polled=polled),
            settings=settings(
                max_examples=max(settings().max_examples // 25, 3),
                stateful_step_count=25,
                phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.target],  # to shrink takes minutes
                suppress_health_check=list(HealthCheck),
            ),
        )


def test_who_was_not_wanted_when_nobody_knew_what_was_said_is_told_when_wanted(store: Database, tmp_path: Path) -> None:
    """The receiver holds one not compliant since before a restore, and wants to hear of it only after all others were told."""
    believer = Believer(ISSUER, AUDIENCE, lambda: set_keys.jwks(tmp_path))
    with pushed(Door(believer)) as door:
        stream = Stream(store, tmp_path, door, Shape.COMPLEX, polled=False)
        stream.halt_or_resume()
        stream.want(0)
        stream.restored({0, 1})
        stream.quiet()
        assert stream.believer.holds == {caep_key(stream.subject(0))}
        stream.want(0)
        stream.quiet()
        assert stream.believer.holds == set()
