"""Several writers on one PostgreSQL database: who waits for whom, who does not, and what is never lost between them."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import house
import pytest
from django.db import connection
from house import NAME, NOW, operator, worker
from post import Post

from countermand.config import Database
from countermand.core.errors import Refused
from countermand.core.facts import BLOCK_SIZE
from countermand.flows import deliver, opening, publish, telling
from countermand.flows.seal import seal
from countermand.flows.speaker import speaker
from countermand.flows.stop import halt, rescind
from countermand.lib import keys
from countermand.store import evidence, feed, lease, models, outbox, sets
from countermand.store.unit import aside, numbering, unit

pytestmark = pytest.mark.parametrize("database", ["postgresql"], indirect=True)


@pytest.fixture
def fleet(store: Database) -> house.Fleet:
    house.open_house()
    made = house.move_in(house.staff(6, with_app=6))
    issued = house.issued(6)
    telling.issue_all(operator(), NAME, issued.audience)
    return made


@contextmanager
def meanwhile(work: Callable[[], object]) -> Iterator[threading.Event]:
    """Somebody else's ``work`` in a connection of its own, begun before the body and waited for after it. Yields the event
    that is set once it has come back."""
    done, failures = threading.Event(), []

    def run() -> None:
        try:
            work()
        except BaseException as failure:
            failures.append(failure)
        finally:
            connection.close()
            done.set()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield done
    finally:
        thread.join(60)
    assert failures == []


def in_vain(done: threading.Event) -> bool:
    """Whether somebody waits. What does not wait comes back long before."""
    return not done.wait(0.3)


# -- who waits --


@pytest.mark.parametrize(
    ("mine", "theirs", "waits"),
    [([1], [2], False), ([1, 3], [3], True), ([1], None, True), (None, [1], True)],
)
def test_units_of_other_blocks_do_not_wait(
    store: Database, mine: list[int] | None, theirs: list[int] | None, waits: bool
) -> None:
    def other() -> None:
        with unit(theirs):
            pass

    release, held = threading.Event(), threading.Event()

    def holder() -> None:
        with unit(mine):
            held.set()
            release.wait(30)

    with meanwhile(holder):
        assert held.wait(30)
        with meanwhile(other) as done:
            assert in_vain(done) is waits
            release.set()


def test_no_stop_waits_for_anybodys_work(fleet: house.Fleet) -> None:
    release, held = threading.Event(), threading.Event()

    def long_work() -> None:
        with unit():
            sets.change(sets.DEVICES, 0, {"x": ([], [1])})
            outbox.promise(models.Version.objects.get().pk, [1, 2], "reminder", worker(), occurrence="o")
            held.set()
            release.wait(30)

    with meanwhile(long_work):
        assert held.wait(30)
        assert not halt(operator(), NAME).already
        assert rescind(operator(), NAME, "sent-in-error").lineage == NAME
        release.set()


def test_two_who_halt_at_once_write_one_entry(fleet: house.Fleet) -> None:
    with meanwhile(lambda: halt(operator(), NAME)), meanwhile(lambda: halt(operator(), NAME)):
        halt(operator(), NAME)
    assert house.ledger_kinds().count("halted") == 1


def test_who_waits_too_long_is_told_so(store: Database) -> None:
    release, held = threading.Event(), threading.Event()

    def holder() -> None:
        with unit():
            held.set()
            release.wait(30)

    with meanwhile(holder):
        assert held.wait(30)
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '50ms'")
        with pytest.raises(Refused) as caught, unit():
            pass
        release.set()
    assert caught.value.code == "database-busy"
    with unit():
        pass  # and the connection is as good as before


def test_a_connection_that_the_server_ended_is_opened_anew(store: Database) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        mine = cursor.fetchone()[0]
    with meanwhile(lambda: models.Lease.objects.raw("SELECT pg_terminate_backend(%s)::text AS name", [mine])[0]):
        pass
    with pytest.raises(Refused) as caught, unit():
        pass
    assert caught.value.code == "database-unreachable"
    with unit():
        pass


# -- what is not lost between them --


def test_both_flips_of_one_set_stay(store: Database) -> None:
    def flip(offset: int) -> Callable[[], None]:
        def work() -> None:
            for number in range(20):
                with unit([0]):
                    sets.change(sets.DEVICES, 0, {"x": ([], [offset + number])})

        return work

    with meanwhile(flip(0)), meanwhile(flip(100)):
        flip(200)()
    assert len(sets.load(sets.DEVICES, 0, ["x"])["x"]) == 60


def test_an_app_is_numbered_once(store: Database) -> None:
    found: list[int] = []

    def work() -> None:
        with unit([BLOCK_SIZE % 7]):
            found.extend(evidence.numbers([house.TIKTOK, house.ANOTHER_APP]).values())

    with meanwhile(work), meanwhile(work), unit([5]):
        numbering()
        found.extend(evidence.numbers([house.ANOTHER_APP, house.TIKTOK]).values())
    assert len(set(found)) == 2


def test_a_claim_that_a_rescission_overtook_is_given_back(fleet: house.Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rescission is committed while the letters of the claim are being laid out."""
    post, real = Post(), deliver.drafts
    overtaken: list[int] = []

    def laid_out(*given: object) -> object:
        if not overtaken:
            overtaken.append(1)
            with meanwhile(lambda: rescind(operator(), NAME, "sent-in-error")):
                pass
        return real(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(deliver, "drafts", laid_out)
    assert post.deliver().claimed == 0
    assert post.sent == []
    assert set(models.Notice.objects.values_list("state", flat=True)) == {"void"}


def test_workers_claim_different_notices(fleet: house.Fleet) -> None:
    with aside():
        opening.advance(worker(), Post().desk, NOW)
    claimed: list[list[int]] = []
    both = threading.Barrier(2, timeout=30)

    def work() -> None:
        with aside():
            claimed.append([row.id for row in outbox.claim(worker(), NOW, 1_000, "w", 3).rows])
            both.wait()

    with meanwhile(work):
        work()
    assert sorted(len(found) for found in claimed) == [3, 3]
    assert len({number for found in claimed for number in found}) == 6


def test_a_publisher_that_read_before_another_stored_reads_again(
    fleet: house.Fleet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    voice, gather = speaker(tmp_path, NOW), publish._gather
    reads: list[int] = []

    def slow(*given: object) -> object:
        batch = gather(*given)  # type: ignore[arg-type]
        reads.append(1)
        if len(reads) == 1:
            with aside():
                feed.append(1, [feed.Row(feed.last(1).n + 1, "d", b"x")], NOW)
        return batch

    monkeypatch.setattr(publish, "_gather", slow)
    publish.publish(voice, "p", NOW)
    assert len(reads) > 1
    numbers = list(models.FeedRecord.objects.order_by("n").values_list("n", flat=True))
    assert numbers == list(range(1, len(numbers) + 1))


def test_one_sealer_at_a_time(fleet: house.Fleet, tmp_path: Path) -> None:
    keys.create(tmp_path / "ledger.key")
    assert seal(worker(), tmp_path / "ledger.key", 2, holder="one") is not None
    assert seal(worker(), tmp_path / "ledger.key", 2, holder="two") is None
    with aside():
        lease.release("sealer", "one")
    assert seal(worker(), tmp_path / "ledger.key", 2, holder="two") is not None


def test_a_statement_that_goes_on_and_on_is_ended_and_nothing_of_its_unit_stays(
    store: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    from countermand.store import unit as units

    def endless() -> None:
        with unit(), connection.cursor() as cursor:
            lease.hold("publisher", "somebody", NOW, 1)
            cursor.execute("SELECT pg_sleep(60)")

    monkeypatch.setattr(units, "_STATEMENT", 50)
    with pytest.raises(Refused) as caught:
        endless()
    assert caught.value.code == "database-busy"
    assert not models.Lease.objects.exists()
    with unit():
        pass
