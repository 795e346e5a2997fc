"""Echoes: said once more where it was handed over, never instead of it; and taken back on the same channel."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import house
import pytest
from post import LEASE, Post

from countermand.config import Database, standard
from countermand.core.errors import Refused
from countermand.core.instants import DAY, HOUR, MINUTE
from countermand.core.notices import Kind
from countermand.flows import echo
from countermand.flows.echo import Echoed
from countermand.flows.hold import hold_all
from countermand.flows.stop import halt, rescind
from countermand.flows.telling import issue_all, rescind_all
from countermand.lib.http import Response, Unreachable
from countermand.lib.requested import Carrier
from countermand.notices.channels import Echoing, channels
from countermand.notices.mail import Result
from countermand.reads.preview import preview
from countermand.store import models, outbox, restored
from countermand.store.unit import unit

PEOPLE = channels("sms jsons://sms.example.org/{login}", "people", personal=True)
ROOMS = channels("room jsons://room.example.org/all", "rooms", personal=False)
BOTH = Echoing(PEOPLE, ROOMS, {}, frozenset({Kind.ISSUED, Kind.DENIED}))


@dataclass
class Way(Carrier):
    """Keeps (url, what was said); answers with ``status``, None for nobody there."""

    said: list[tuple[str, str]] = field(default_factory=list)
    status: int | None = 200
    during: list[object] = field(default_factory=list)

    def send(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> Response:
        for act in self.during:
            act()  # type: ignore[operator]
        self.during.clear()
        self.statuses.append(self.status)
        self.said.append((url.partition("//")[2], (body or b"").decode()))
        if self.status is None:
            raise Unreachable("nobody there")
        return Response(self.status, "", b"", {})

    def to(self, host: str) -> list[str]:
        return [body for url, body in self.said if url.startswith(host)]


@pytest.fixture
def post(store: Database) -> Post:
    house.open_house()
    house.move_in(house.staff(3, with_app=3))
    house.issued(3)
    issue_all(house.operator(), house.NAME)
    post = Post()
    post.desk = replace(post.desk, echoing=BOTH, page="https://intranet.example.org")
    return post


def echoed(post: Post, way: Way) -> Echoed:
    total = Echoed()
    while (done := echo.echo(post.act, post.desk, way, "w1", lambda: post.now)).claimed:
        total = Echoed(total.claimed + done.claimed, total.accepted + done.accepted, total.failed + done.failed)
    return total


def states() -> dict[str, int]:
    found: dict[str, int] = {}
    for channel, state in models.Echo.objects.values_list("channel", "state"):
        found[f"{channel} {state}"] = found.get(f"{channel} {state}", 0) + 1
    return found


def test_what_was_handed_over_is_said_once_more_and_to_the_room_once(post: Post) -> None:
    way = Way()
    assert echoed(post, way).claimed == 0, "nothing was handed over yet"
    post.deliver_all()
    assert echoed(post, way).accepted == 4
    assert sorted(url for url, _ in way.said) == ["room.example.org/all", *(f"sms.example.org/p0000{n}" for n in range(3))]
    words = way.to("sms.example.org/p00001")[0]
    assert "Friday, 17 July 2020, 17:00" in words
    assert "Hello p00001" in words
    assert "TikTok" in words
    room = way.to("room.example.org")[0]
    assert "TikTok" in room
    assert "Security risks" in room
    assert "p0000" not in room
    assert "{" not in room.replace('{"', "").replace('"}', "")
    assert echoed(post, way).claimed == 0


def test_nobody_is_told_by_an_echo_and_who_was_not_reached_hears_none(post: Post) -> None:
    post.answer = lambda letter: Result.REFUSED if letter.recipient.startswith("p00000") else Result.ACCEPTED
    post.deliver_all()
    echoed(post, Way())
    assert set(models.Echo.objects.filter(channel="sms").values_list("person__login", flat=True)) == {"p00001", "p00002"}
    assert set(models.Told.objects.values_list("person__login", flat=True)) == {"p00001", "p00002"}
    models.Told.objects.all().delete()
    with unit():
        outbox.promise(models.Version.objects.get().pk, [0], Kind.DENIED, post.act())
    post.answer = lambda letter: Result.ACCEPTED
    post.deliver_all()
    assert echoed(post, Way()).accepted == 1
    assert not models.Told.objects.exists()


def test_kinds_that_are_not_named_are_not_said_again(post: Post) -> None:
    post.desk = replace(post.desk, echoing=replace(BOTH, kinds=frozenset({Kind.DENIED})))
    post.deliver_all()
    way = Way()
    echoed(post, way)
    assert [url for url, _ in way.said] == ["room.example.org/all"]


@pytest.mark.parametrize("status", [200, None], ids=["taken", "in doubt"])
def test_a_rescission_is_said_wherever_an_echo_may_have_been_heard(post: Post, status: int | None) -> None:
    post.deliver_all()
    way = Way(status=status)
    echo.echo(post.act, post.desk, way, "w1", lambda: post.now)
    way.said.clear()
    way.status = 200
    rescind(house.operator(), house.NAME, "sent-in-error")
    rescind_all(house.operator(), house.NAME)
    post.now += MINUTE
    echoed(post, way)
    assert len(way.said) == 4
    assert all("no longer applies" in words for _, words in way.said)
    assert all("sent in error" in words for _, words in way.said)
    assert models.Echo.objects.filter(state="promised").count() == 0


def test_whoever_heard_no_echo_hears_no_correction_of_it(post: Post) -> None:
    post.deliver_all()
    rescind(house.operator(), house.NAME, "sent-in-error")
    rescind_all(house.operator(), house.NAME)
    way = Way()
    echoed(post, way)
    assert way.said == []
    assert states() == {"sms void": 3, "room void": 1}


def test_a_rescission_while_an_echo_is_on_its_way_is_heard_on_the_same_channel(post: Post) -> None:
    post.deliver_all()
    way = Way()

    def now_rescinded() -> None:
        rescind(house.operator(), house.NAME, "sent-in-error")
        rescind_all(house.operator(), house.NAME)

    way.during.append(now_rescinded)
    echoed(post, way)
    hosts = [url for url, _ in way.said]
    assert sorted(hosts) == sorted(hosts[:4] * 2)
    assert sum("no longer applies" in words for _, words in way.said) == 4


def test_a_halt_is_heard_where_the_echo_was_and_nothing_else_leaves(post: Post) -> None:
    post.deliver_all()
    way = Way()
    echoed(post, way)
    with unit():
        outbox.promise(models.Version.objects.get().pk, [0], Kind.DENIED, post.act())
    post.deliver_all()
    halt(house.operator(post.now), house.NAME)
    hold_all(house.operator(post.now), house.NAME)
    way.said.clear()
    echoed(post, way)
    assert len(way.said) == 4
    assert all("on hold" in words for _, words in way.said)
    assert states()["sms promised"] == 1


def test_what_is_put_off_is_tried_again_and_given_up_in_the_end(post: Post) -> None:
    post.desk = replace(post.desk, echoing=replace(BOTH, rooms=()))
    post.deliver_all()
    way = Way(status=503)
    for _ in range(10):
        echoed(post, way)
        post.now += 2 * HOUR
    assert len(way.said) == 3 * echo.ATTEMPTS
    assert states() == {"sms refused": 3}


def test_a_claim_that_ran_out_may_have_been_heard(post: Post) -> None:
    post.desk = replace(post.desk, echoing=replace(BOTH, rooms=()))
    post.deliver_all()

    class Killed(Exception):
        pass

    def die() -> None:
        raise Killed

    with pytest.raises(Killed):
        echo.echo(post.act, post.desk, Way(during=[die]), "w1", lambda: post.now)
    rescind(house.operator(), house.NAME, "sent-in-error")
    rescind_all(house.operator(), house.NAME)
    post.now += LEASE + MINUTE
    way = Way()
    assert echoed(post, way).claimed == 0, "what was claimed is void, and its people are promised the correction"
    echoed(post, way)
    assert len(way.said) == 3
    assert all("no longer applies" in words for _, words in way.said)


def test_a_channel_that_is_no_more_and_a_person_without_a_number(post: Post) -> None:
    sms = channels("text vonage://0123abcd:0123456789abcdef@15551230000/{number}", "people", personal=True)
    post.desk = replace(post.desk, echoing=Echoing(sms, (), {"p00001": "+15550001111"}, frozenset({Kind.ISSUED})))
    post.deliver_all()
    assert states() == {"text promised": 1}
    post.desk = replace(post.desk, echoing=BOTH)
    way = Way()
    echoed(post, way)
    assert (way.said, states()) == ([], {"text refused": 1})


def test_a_service_that_takes_little_gets_due_code_and_page(post: Post) -> None:
    sms = channels("text vonage://0123abcd:0123456789abcdef@15551230000/{number}", "people", personal=True)
    post.desk = replace(post.desk, echoing=Echoing(sms, (), {"p00001": "+15550001111"}, frozenset({Kind.ISSUED})))
    post.deliver_all()
    way = Way()
    echoed(post, way)
    words = way.said[0][1]
    for said in ("17+July+2020", "intranet.example.org"):
        assert said in words, words
    assert len(words) < 600


def test_a_restore_sends_no_echo_of_before(post: Post) -> None:
    post.deliver_all()
    with unit():
        restored.set_aside(post.now)
    way = Way()
    assert echoed(post, way).claimed == 0
    assert set(models.Echo.objects.values_list("state", "reached")) == {("unknown", True)}


def test_a_second_version_is_new_to_the_room_too(post: Post) -> None:
    from countermand.flows.issue import supersede

    post.deliver_all()
    way = Way()
    echoed(post, way)
    post.now += HOUR
    house.proposed(house.document(due="2020-07-20T17:00"), post.now)
    house.approved("petra", now=post.now)
    house.approved("paul", now=post.now)
    supersede(house.operator(post.now), house.NAME, expected=3)
    issue_all(house.operator(post.now), house.NAME)
    way.said.clear()
    post.deliver_all()
    echoed(post, way)
    assert [words.count("has changed") for words in way.to("room.example.org")] == [1]


def test_the_preview_asks_for_a_second_channel(store: Database, tmp_path: object) -> None:
    house.open_house()
    house.move_in(house.staff(3))
    house.proposed()
    config = replace(standard(tmp_path), database=store)  # type: ignore[arg-type]
    assert any("name a second channel" in words for words in preview(house.NAME, config, house.NOW).words)
    known = replace(config, channels=replace(config.channels, people_file=tmp_path / "people"))  # type: ignore[operator]
    assert not any("name a second channel" in words for words in preview(house.NAME, known, house.NOW).words)


def test_an_exercise_by_one_channel(post: Post, tmp_path: object) -> None:
    (tmp_path / "rooms").write_text("room json://127.0.0.1:1/")  # type: ignore[operator]
    config = standard(tmp_path)  # type: ignore[arg-type]
    known = replace(config, channels=replace(config.channels, rooms_file=tmp_path / "rooms"))  # type: ignore[operator]
    assert echo.try_channel(replace(post.act(), drill=True), known, "room").result == "unknown"
    with pytest.raises(Refused) as caught:
        echo.try_channel(post.act(), known, "none")
    assert caught.value.code == "not-found"


def test_two_workers_say_it_once(post: Post) -> None:
    post.desk = replace(post.desk, echoing=replace(BOTH, rooms=()))
    post.deliver_all()
    way = Way()
    inner = Way()
    way.during.append(lambda: echo.echo(post.act, post.desk, inner, "w2", lambda: post.now))
    echoed(post, way)
    assert (len(way.said), len(inner.said)) == (3, 0)
    assert post.now < house.NOW + DAY
