"""Questions to devices: remembered before they leave, asked again less and less often, and heard once."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from house import NOW, operator, worker

from countermand.access import Act, Actor, Role
from countermand.config import Config, Database, Holdbacks, Sources
from countermand.core.apps import App
from countermand.core.coverage import EVERYTHING, Coverage
from countermand.core.devices import Enrollment, Identity, IdentityKind, Ownership, Platform
from countermand.core.errors import Refused
from countermand.core.instants import DAY, HOUR, MINUTE
from countermand.core.mentions import Mention
from countermand.flows import asking, connect, ingest, rounds, sync
from countermand.flows.asking import WAITS
from countermand.lib.http import Unreachable
from countermand.sources.kinds import KINDS
from countermand.sources.source import Checked, Question, Said, Sent, Word
from countermand.store import asked, models, reporters, watching
from countermand.store.unit import unit

TIKTOK = App(Platform.IOS, "com.zhiliaoapp.musically")


@dataclass
class Mdm:
    """A source that posts and can be told to ask. ``sent``: (what, devices, coverage) of each question that it took."""

    sent: list[tuple[str, tuple[str, ...], Coverage]] = field(default_factory=list)
    fails: Exception | None = None
    asleep: str = ""
    tickets: Iterator[int] = field(default_factory=count)

    def recheck(self, devices: Sequence[Mention], apps: frozenset[App] | None) -> Question | None:
        return self.again("apps", _names(devices), Coverage(apps))

    def introduce(self, devices: Sequence[Mention]) -> Question | None:
        return self.again("names", _names(devices), Coverage(frozenset()))

    def again(self, what: str, names: Sequence[str], coverage: Coverage) -> Question:
        ticket = f"{what}-{next(self.tickets)}"
        return Question(what, ticket, tuple(names), coverage, lambda: self._send(what, tuple(names), coverage))

    def check(self, names: Any, tick: Any) -> Checked:
        return Checked(())

    def _send(self, what: str, names: tuple[str, ...], coverage: Coverage) -> Sent:
        if self.fails:
            raise self.fails
        self.sent.append((what, names, coverage))
        return Sent(asleep=self.asleep)


def _names(devices: Sequence[Mention]) -> list[str]:
    return [one.value for device in devices for one in device.identities if one.kind is IdentityKind.UDID]


@dataclass
class House:
    mdm: Mdm
    config: Config

    def again(self, at: int) -> int:
        return asking.ask_again(lambda: worker(at), self.config)

    def round(self, at: int = NOW) -> rounds.Round:
        return rounds.go_round(lambda: worker(at), self.config, "mdm", holder="me")

    def hears(self, who: str, said: Said, at: int) -> None:
        """Of everything that the device was asked."""
        with unit():
            tickets = list(models.Asked.objects.filter(identity=who).values_list("query", flat=True))
            asking.listen(worker(at), "mdm", [Word(said, who, ticket, at) for ticket in tickets])


@pytest.fixture
def house(store: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    mdm = Mdm()
    monkeypatch.setitem(KINDS, "nanomdm", replace(KINDS["nanomdm"], call=lambda link: mdm))  # type: ignore[arg-type]
    config = Config(tmp_path, store, sources=Sources(private_hosts=("127.0.0.1",)))
    administrator = Act(Actor("ada", frozenset({Role.ADMINISTRATOR})), NOW)
    connect.source_add(administrator, tmp_path, "mdm", "nanomdm", {"url": "http://127.0.0.1:9"}, "a key", 4 * HOUR)
    with unit():
        watching.agree(watching.propose(TIKTOK, "a test", NOW + 90 * DAY, "anna"), "bo")
    for number in range(230):
        mine = number < 5
        enrol(number, Ownership.CORPORATE if mine else Ownership.PERSONAL, serial=number != 7)
    return House(mdm, config)


def enrol(number: int, ownership: Ownership, *, serial: bool = True) -> None:
    names = [Identity(IdentityKind.UDID, f"U{number:03d}"), Identity(IdentityKind.EAS, f"E{number}")]
    names += [Identity(IdentityKind.SERIAL, f"S{number}")] if serial else []
    mention = Mention(
        tuple(names), platform=Platform.IOS, ownership=ownership, enrollment=Enrollment.DEVICE, enrolled=True, seen_at=NOW
    )
    with unit():
        ingest.take(
            worker(), reporters.named("mdm", "nanomdm"), [mention],
            complete=False, may_add=True, confirmed=True, hold=Holdbacks(),
        )  # fmt: skip


def test_what_is_not_heard_is_asked_again_less_and_less_often_and_then_no_more(house: House) -> None:
    question = house.mdm.again("apps", ["U000", "U001"], EVERYTHING)
    asking.send(lambda: worker(), "mdm", question)
    at, before = NOW, 1
    house.hears("U001", Said.ANSWERED, NOW + MINUTE)
    for wait in WAITS[:-1]:
        assert house.again(at + wait - 1) == 0
        at += wait
        assert house.again(at) == 1
        assert house.mdm.sent[-1] == ("apps", ("U000",), EVERYTHING)
        before += 1
    assert house.again(at + WAITS[-1]) == 0
    assert (len(house.mdm.sent), house.again(at + 90 * DAY)) == (before, 0)


def test_a_device_that_is_awake_and_says_nothing_is_asked_soon_and_one_that_is_locked_is_waited_for(house: House) -> None:
    for name in ("U000", "U001"):
        asking.send(lambda: worker(), "mdm", house.mdm.again("apps", [name], EVERYTHING))
    house.hears("U001", Said.LATER, NOW + 30 * MINUTE)
    house.hears("U000", Said.AWAKE, NOW + 5 * MINUTE)
    assert house.again(NOW + 30 * MINUTE) == 0, "it may still be answering"
    house.hears("U000", Said.AWAKE, NOW + 20 * MINUTE)
    assert house.again(NOW + 30 * MINUTE) == 1
    assert house.again(NOW + 80 * MINUTE) == 0, "the locked one has the question"
    assert house.again(NOW + 90 * MINUTE + HOUR) == 1


def test_a_source_that_is_away_is_asked_later_and_nothing_multiplies(house: House) -> None:
    asking.send(lambda: worker(), "mdm", house.mdm.again("apps", ["U000"], EVERYTHING))
    house.mdm.fails = Unreachable("away")
    for turn in range(5):
        assert house.again(NOW + HOUR + turn * asking.SOON) == 0
    house.mdm.fails = None
    assert house.again(NOW + 2 * HOUR) == 1
    assert len(house.mdm.sent) == 2
    assert models.Asked.objects.exclude(again_at=None).count() == 1


def test_who_left_and_whose_source_is_paused_is_not_asked(house: House) -> None:
    for name in ("U000", "U001"):
        asking.send(lambda: worker(), "mdm", house.mdm.again("apps", [name], EVERYTHING))
    house.hears("U001", Said.LEFT, NOW)
    connect.source_pause(operator(), "mdm", paused=True)
    assert house.again(NOW + HOUR) == 0
    connect.source_pause(operator(), "mdm", paused=False)
    assert house.again(NOW + HOUR) == 1


def test_a_round_asks_the_companys_for_everything_and_people_for_what_is_watched(house: House) -> None:
    assert rounds.due(worker()) == ["mdm"]
    assert sync.due(worker()) == [], "its set cannot be fetched"
    assert house.round().devices == 230
    named = Coverage(frozenset({TIKTOK}))
    lists = [(coverage, len(names)) for what, names, coverage in house.mdm.sent if what == "apps"]
    assert sorted(lists, key=repr) == sorted([(EVERYTHING, 5), (named, 95), (named, 100), (named, 30)], key=repr)
    assert [names for what, names, _ in house.mdm.sent if what == "names"] == [("U007",)], "whose serial number nobody knows"
    assert rounds.due(worker(NOW + HOUR)) == []


def test_a_round_that_is_cut_off_goes_on_where_it_stopped(house: House) -> None:
    turns = iter(range(4))

    def acting() -> Act:
        if next(turns, None) is None:
            house.mdm.fails = Unreachable("away")
        return worker()

    with pytest.raises(Refused) as refused:
        rounds.go_round(acting, house.config, "mdm", holder="me")
    assert refused.value.code == "source-away"
    house.mdm.fails = None
    assert house.round(NOW + MINUTE).devices == 230
    asked_for = [name for what, names, _ in house.mdm.sent if what == "apps" for name in names]
    assert len(set(asked_for)) == 230
    assert len(asked_for) < 330, "only the part that failed was asked again"


def test_a_round_is_a_contact_as_of_its_beginning_once_enough_answered(house: House) -> None:
    house.round()
    row = models.Source.objects.get(name="mdm")
    assert rounds.hear(worker(NOW + MINUTE), Holdbacks()) == 0
    for number in range(200):
        house.hears(f"U{number:03d}", Said.ANSWERED, NOW + MINUTE)
    assert rounds.hear(worker(NOW + 2 * MINUTE), Holdbacks()) == 1
    row.refresh_from_db()
    assert (row.last_contact, row.last_count) == (NOW, 200)
    assert rounds.hear(worker(NOW + 4 * HOUR), Holdbacks()) == 1
    house.round(NOW + 4 * HOUR)
    for number in range(150):
        house.hears(f"U{number:03d}", Said.ANSWERED, NOW + 5 * HOUR)
    assert rounds.hear(worker(NOW + 5 * HOUR), Holdbacks()) == 0, "too few so far"
    assert rounds.hear(worker(NOW + 8 * HOUR), Holdbacks()) == 0
    row.refresh_from_db()
    assert (row.last_contact, row.last_count) == (NOW, 200), "a source that half fell silent ages nobody"
    assert row.fault == "of 230 devices asked only 150 answered; 200 the last time"
    assert rounds.due(worker(NOW + 9 * HOUR)) == ["mdm"]


def test_what_is_long_over_is_forgotten_and_what_may_still_come_is_not(house: House) -> None:
    asking.send(lambda: worker(), "mdm", house.mdm.again("apps", ["U000", "U001"], EVERYTHING))
    house.hears("U000", Said.ANSWERED, NOW)
    assert asking.forget_answers(NOW + 8 * DAY) == 1
    assert asked.coverage_of("U001", "apps-0") == EVERYTHING
    house.hears("U001", Said.LEFT, NOW)
    assert asking.forget_answers(NOW + 91 * DAY) == 1


def test_a_source_that_posts_is_given_an_address_later_and_not_twice(store: Database, tmp_path: Path) -> None:
    administrator = Act(Actor("ada", frozenset({Role.ADMINISTRATOR})), NOW)
    first = connect.source_add(administrator, tmp_path, "mdm", "nanomdm")
    assert (len(first.secret) > 20, connect.known("mdm").credential) == (True, b"")
    for settings, secret, code in (
        ({}, "", "source-exists"),
        ({}, "key", "source-setting"),
        ({"url": "x://y"}, "k", "source-setting"),
    ):
        with pytest.raises(Refused) as refused:
            connect.source_add(administrator, tmp_path, "mdm", "nanomdm", settings, secret)
        assert refused.value.code == code
    assert connect.source_add(administrator, tmp_path, "mdm", "nanomdm", {"url": "https://mdm.example"}, "key").secret == ""
    assert connect.secret_of(tmp_path, "mdm") == first.secret
    with pytest.raises(Refused) as refused:
        connect.source_add(administrator, tmp_path, "mdm", "nanomdm", {"url": "https://mdm.example"}, "key")
    assert refused.value.code == "source-exists"
