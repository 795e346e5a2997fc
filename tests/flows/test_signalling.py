"""Subscribers hear what the ledger records: all of it, in its order, signed, whatever stands in between."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from house import NOW, act, worker

from countermand.access import Role
from countermand.config import Config, Database, Signals
from countermand.core.errors import Refused
from countermand.flows import subscribe
from countermand.flows.accounts import key_file
from countermand.flows.seal import seal
from countermand.flows.signal import BATCH, Told, due, signal, signal_test
from countermand.lib import keys
from countermand.reads import signals as reads
from countermand.store import installation, lease, log, models
from countermand.store.unit import aside
from listeners import Receiver, certificate, syslog, webhooks

ADA = act("ada", Role.ADMINISTRATOR)


@dataclass
class Record:
    """A ledger that grows."""

    config: Config

    def happen(self, count: int, kind: str = "tried") -> None:
        """So many entries, sealed."""
        with aside():
            for number in range(count):
                log.append(kind, worker(), {"number": number})
        while (
            sealed := seal(worker(), key_file(self.config.state_dir, "ledger"), state_dir=self.config.state_dir)
        ) and sealed.more:
            pass

    def add(self, url: str, kind: str = "webhook", **more: object) -> subscribe.NewSubscriber:
        return subscribe.subscriber_add(ADA, self.config.state_dir, "hooks", kind, url, **more)  # type: ignore[arg-type]

    def signal(self) -> Told | None:
        return signal(worker(), self.config, "hooks", "me")

    def again_now(self) -> None:
        """What waits for its next try waits no longer."""
        models.Subscriber.objects.update(next_try=0)

    @property
    def view(self) -> reads.SubscriberView:
        (found,) = reads.all_subscribers(ADA)
        return found


@pytest.fixture
def record(store: Database, tmp_path: Path) -> Record:
    installation.create(installation.Installation(drill=False, origin="here", epoch=1, created=NOW, clock_offset=0))
    file = key_file(tmp_path, "ledger")
    file.parent.mkdir(parents=True, exist_ok=True)
    keys.create(file)
    return Record(Config(tmp_path, store, signals=Signals(private_hosts=("127.0.0.1",))))


@pytest.fixture
def hooks() -> Iterator[Receiver]:
    with webhooks(Receiver()) as receiver:
        yield receiver


def numbers(receiver: Receiver) -> list[int]:
    return [said["data"]["about"]["number"] for _, said in receiver.heard if said["type"] == "countermand.tried"]


def test_everything_arrives_once_signed_and_in_order(record: Record, hooks: Receiver) -> None:
    record.happen(3)
    hooks.secret = record.add(hooks.url).secret
    record.happen(2 * BATCH + 5)
    assert due() == ["hooks"]
    told = record.signal()
    assert told is not None
    assert not told.more
    assert numbers(hooks) == list(range(2 * BATCH + 5))  # and nothing of before it was added
    assert hooks.forged == 0
    assert len({id_ for id_, _ in hooks.heard}) == len(hooks.heard)
    assert due() == []
    assert record.view.state == "told"


def test_a_receiver_that_fails_hears_the_same_id_again(record: Record, hooks: Receiver) -> None:
    hooks.secret = record.add(hooks.url).secret
    record.happen(5)
    while record.signal() is None or due():
        pass
    before = len(hooks.heard)
    record.happen(4)
    hooks.answers = [(204, {}), (500, {})]
    told = record.signal()
    assert told is not None
    assert (told.told, told.fault) == (1, "it answered 500")
    assert record.signal() is None  # it is given time
    assert record.view.state == "failing"
    assert due() == []
    record.again_now()
    record.signal()
    assert [said["data"]["about"]["number"] for _, said in hooks.heard[before:]] == [0, 1, 2, 3]
    assert record.view.fault == ""


def test_a_receiver_that_says_when_is_believed(record: Record, hooks: Receiver) -> None:
    hooks.secret = record.add(hooks.url).secret
    record.happen(1)
    hooks.answers = [(503, {"retry-after": "7200"})]
    record.signal()
    row = models.Subscriber.objects.get()
    assert row.next_try > 7_100_000


def test_one_that_is_gone_is_paused_and_loses_nothing(record: Record, hooks: Receiver) -> None:
    hooks.secret = record.add(hooks.url).secret
    record.happen(2)
    hooks.answers = [(410, {})]
    record.signal()
    assert record.view.state == "paused"
    record.again_now()
    assert record.signal() is None
    subscribe.subscriber_pause(ADA, "hooks", paused=False)
    record.signal()
    assert numbers(hooks) == [0, 1]


def test_only_what_was_asked_for(record: Record, hooks: Receiver) -> None:
    hooks.secret = record.add(hooks.url, only=("other",)).secret
    record.happen(30)
    record.happen(2, "other")
    record.happen(30)
    told = record.signal()
    assert told is not None
    assert (told.told, told.more) == (2, False)
    assert [said["type"] for _, said in hooks.heard] == ["countermand.other"] * 2


def test_replay_says_it_again_under_the_same_ids(record: Record, hooks: Receiver) -> None:
    hooks.secret = record.add(hooks.url, begins=0).secret
    record.happen(6)
    record.signal()
    first = [id_ for id_, said in hooks.heard if said["type"] == "countermand.tried"]
    subscribe.subscriber_replay(ADA, "hooks", 0)
    hooks.heard.clear()
    record.signal()
    assert [id_ for id_, said in hooks.heard if said["type"] == "countermand.tried"] == first
    with pytest.raises(Refused, match="leaf"):
        subscribe.subscriber_replay(ADA, "hooks", 10_000)


def test_two_workers_do_not_tell_the_same(record: Record, hooks: Receiver) -> None:
    hooks.secret = record.add(hooks.url).secret
    record.happen(1)
    with aside():
        found = subscribe.known("hooks")
        assert lease.hold(f"signal:{found.pk}", "another", lease.real(), 60_000)
    assert record.signal() is None
    assert hooks.heard == []


def test_a_test_is_said_to_be_one(record: Record, hooks: Receiver) -> None:
    hooks.secret = record.add(hooks.url).secret
    assert signal_test(ADA, record.config, "hooks").arrived
    assert [said["type"] for _, said in hooks.heard] == ["countermand.test"]
    hooks.answers = [(500, {})]
    assert signal_test(ADA, record.config, "hooks").fault == "it answered 500"


def test_a_private_address_is_asked_only_by_name(record: Record, hooks: Receiver) -> None:
    record.add(hooks.url)
    record.happen(1)
    told = signal(worker(), Config(record.config.state_dir, record.config.database), "hooks", "me")
    assert told is not None
    assert "127.0.0.1" in told.fault
    assert hooks.heard == []


@pytest.mark.parametrize(
    ("kind", "url", "code"),
    [
        ("webhook", "http://hooks.example.org/x", "url-insecure"),
        ("webhook", "https://", "subscriber-url"),
        ("webhook", "https://me:secret@hooks.example.org/", "subscriber-url"),
        ("syslog", "https://siem.example.org", "subscriber-url"),
        ("syslog", "tls://siem.example.org:99999", "subscriber-url"),
        ("pigeon", "https://hooks.example.org", "unknown-choice"),
    ],
)
def test_an_address_that_cannot_be(record: Record, kind: str, url: str, code: str) -> None:
    with pytest.raises(Refused) as refused:
        record.add(url, kind)
    assert refused.value.code == code


def test_a_secret_that_cannot_sign(record: Record) -> None:
    with pytest.raises(Refused) as refused:
        record.add("https://hooks.example.org", secret="short")
    assert refused.value.code == "subscriber-secret"


def test_syslog_over_tls(record: Record, tmp_path: Path) -> None:
    crt, key = certificate(tmp_path)
    config = Config(tmp_path, record.config.database, signals=Signals(("127.0.0.1",), crt))
    with syslog(crt, key, connections=1) as collector:
        record.add(f"tls://127.0.0.1:{collector.port}", "syslog", form="ocsf", hide_actors=True)
        record.happen(7)
        told = signal(worker(), config, "hooks", "me")
        assert told is not None
        assert told.fault == ""
    said = [json.loads(line[line.index("{") :]) for line in collector.lines]
    assert [one["unmapped"]["about"]["number"] for one in said if one["api"]["operation"] == "tried"] == list(range(7))
    assert {one["actor"]["user"]["name"] for one in said} == {"operator", "system"}


def test_a_collector_that_nobody_vouches_for_is_told_nothing(record: Record, tmp_path: Path) -> None:
    crt, key = certificate(tmp_path)
    with syslog(crt, key, connections=1) as collector:
        record.add(f"tls://127.0.0.1:{collector.port}", "syslog")
        record.happen(1)
        told = record.signal()
    assert told is not None
    assert "certificate" in told.fault.lower()
    assert collector.lines == []


def test_lines_go_page_by_page(record: Record) -> None:
    record.happen(12)
    first = reads.lines(ADA, "here", "cef", 0, 5)
    second = reads.lines(ADA, "here", "cef", first.next or 0, 500)
    assert len(first.lines) == 5
    assert second.next is None
    assert len(first.lines) + len(second.lines) >= 12
    with pytest.raises(Refused, match="ocsf"):
        reads.lines(ADA, "here", "xml")


def test_the_ledger_keeps_no_address_that_may_be_a_secret(record: Record) -> None:
    record.add("https://hooks.example.org/services/T0P-S3CRET")
    record.happen(1)
    said = "".join(reads.lines(ADA, "here", "ocsf").lines)
    assert "hooks.example.org" in said
    assert "S3CRET" not in said


def test_who_may(record: Record) -> None:
    with pytest.raises(Refused, match="subscribe"):
        subscribe.subscriber_add(act("otto", Role.OPERATOR), record.config.state_dir, "x", "webhook", "https://a.example.org")
