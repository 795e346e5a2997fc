"""The courier says of every letter what became of it, whatever the server does, and never leaves home in a drill."""

import socket
from collections import Counter
from collections.abc import Sequence

import pytest
from talker import Talker, polite, talking

from countermand.core.errors import Refused
from countermand.notices import mail
from countermand.notices.mail import Courier, Letter, Outcome, Result, Server


def letters(count: int) -> list[Letter]:
    return [Letter(n, f"p{n}@example.org", b"Subject: %d\r\n\r\nhello\r\n" % n) for n in range(count)]


def post(talker: Talker, wanted: Sequence[Letter], connections: int = 2, until: int = 1, clock: int = 0) -> list[Outcome]:
    server = Server("127.0.0.1", talker.port, "security@example.org", True, connections=connections, timeout=10)
    courier = Courier(server, lambda: clock)
    try:
        return list(courier.send(wanted, until))
    finally:
        courier.close()


def results(found: Sequence[Outcome]) -> dict[Result, int]:
    return dict(Counter(outcome.result for outcome in found))


@pytest.mark.parametrize("features", [(b"PIPELINING",), (b"8BITMIME",)])
@pytest.mark.parametrize("connections", [1, 3])
def test_every_letter_arrives_once_and_whole(features: tuple[bytes, ...], connections: int) -> None:
    with talking(Talker(features=features)) as talker:
        found = post(talker, letters(50), connections)
    assert results(found) == {Result.ACCEPTED: 50}
    assert sorted(outcome.id for outcome in found) == list(range(50))
    assert sorted(talker.texts) == sorted(letter.text for letter in letters(50))
    assert talker.connections <= connections
    assert all(outcome.answer == "250 taken" for outcome in found)


def test_connections_are_kept_between_batches() -> None:
    with talking(Talker()) as talker:
        courier = Courier(Server("127.0.0.1", talker.port, "s@example.org", True), lambda: 0)
        for _ in range(3):
            assert results(list(courier.send(letters(4), 1))) == {Result.ACCEPTED: 4}
        courier.close()
    assert talker.connections == 2


@pytest.mark.parametrize("features", [(b"PIPELINING",), (b"8BITMIME",)])
@pytest.mark.parametrize(
    ("verb", "answer", "result"),
    [
        ("MAIL", b"452 later", Result.RETRY),
        ("MAIL", b"530 who are you", Result.RETRY),
        ("RCPT", b"450 greylisted", Result.RETRY),
        ("RCPT", b"550 no such person", Result.REFUSED),
        ("DATA", b"451 later", Result.RETRY),
        ("TEXT", b"451 later", Result.RETRY),
        ("TEXT", b"554 we do not like it", Result.REFUSED),
    ],
)
def test_one_refusal_says_nothing_of_the_others(verb: str, answer: bytes, result: Result, features: tuple[bytes, ...]) -> None:
    def script(said: str, count: int, line: bytes) -> bytes | None:
        return answer if said == verb and count == 2 else polite(said, count, line)

    with talking(Talker(script, features)) as talker:
        found = post(talker, letters(4), connections=1)
    assert results(found) == {Result.ACCEPTED: 3, result: 1}
    assert next(outcome.answer for outcome in found if outcome.result is result) == answer.decode()


def test_refused_at_rcpt_and_no_text_of_it_is_sent_even_if_the_server_waits_for_one() -> None:
    def script(said: str, count: int, line: bytes) -> bytes | None:
        return b"550 no" if said == "RCPT" and count == 1 else polite(said, count, line)

    with talking(Talker(script)) as talker:
        found = post(talker, letters(2), connections=1)
    assert results(found) == {Result.REFUSED: 1, Result.ACCEPTED: 1}
    assert talker.texts == [b"", letters(2)[1].text]


@pytest.mark.parametrize("features", [(b"PIPELINING",), (b"8BITMIME",)])
def test_a_break_after_the_text_leaves_one_in_doubt_and_sends_the_rest_elsewhere(features: tuple[bytes, ...]) -> None:
    broken: list[bytes] = []

    def script(said: str, count: int, line: bytes) -> bytes | None:
        if said == "TEXT" and count == 3 and not broken:
            broken.append(line)
            return None
        return polite(said, count, line)

    with talking(Talker(script, features)) as talker:
        found = post(talker, letters(10), connections=1)
    assert results(found) == {Result.ACCEPTED: 9, Result.UNKNOWN: 1}
    doubtful = next(outcome.id for outcome in found if outcome.result is Result.UNKNOWN)
    assert broken == [letters(10)[doubtful].text]
    assert len(talker.texts) == 9


@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA"])
def test_a_break_before_the_text_loses_nothing(verb: str) -> None:
    broken: list[str] = []

    def script(said: str, count: int, line: bytes) -> bytes | None:
        if said == verb and count == 3 and not broken:
            broken.append(said)
            return None
        return polite(said, count, line)

    with talking(Talker(script)) as talker:
        found = post(talker, letters(10), connections=2)
    assert sorted(outcome.id for outcome in found) == list(range(10))
    # What had been sent just before may be in doubt; nothing else is anything but accepted.
    assert results(found).get(Result.UNKNOWN, 0) <= 1
    assert set(results(found)) <= {Result.ACCEPTED, Result.UNKNOWN}


def test_a_server_that_always_breaks_off_is_given_up() -> None:
    with talking(Talker(lambda said, count, line: None)) as talker:
        found = post(talker, letters(10))
    assert results(found) == {Result.UNSENT: 10}
    assert talker.connections <= 10


def test_421_ends_the_session_and_not_the_batch() -> None:
    def script(said: str, count: int, line: bytes) -> bytes | None:
        return b"421 enough for today" if said == "MAIL" and count == 3 else polite(said, count, line)

    with talking(Talker(script)) as talker:
        found = post(talker, letters(6), connections=1)
    assert results(found)[Result.ACCEPTED] >= 4
    assert sorted(outcome.id for outcome in found) == list(range(6))


def test_no_server_at_all() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        talker = Talker(port=listener.getsockname()[1])
    assert results(post(talker, letters(3))) == {Result.UNSENT: 3}


def test_nothing_is_begun_when_the_claim_has_run_out() -> None:
    with talking(Talker()) as talker:
        assert results(post(talker, letters(3), until=5, clock=5)) == {Result.UNSENT: 3}
    assert talker.connections == 0


def test_lines_that_begin_with_a_dot_are_protected() -> None:
    text = b".first\r\n.\r\nmiddle\r\n..two"
    with talking(Talker()) as talker:
        post(talker, [Letter(1, "a@example.org", text)])
    assert talker.texts == [b"..first\r\n..\r\nmiddle\r\n...two\r\n"]


@pytest.mark.parametrize(
    "addresses",
    [["192.0.2.1"], ["127.0.0.1", "192.0.2.1"], ["2001:db8::1"], ["::ffff:192.0.2.1"], ["0.0.0.0"], ["169.254.169.254"]],
)
def test_a_drill_refuses_every_address_but_its_own(addresses: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where a name has a loopback address and another: what is looked at is what would be connected to."""

    def resolve(*asked: object, **named: object) -> list[tuple[object, ...]]:
        return [(socket.AF_INET6 if ":" in a else socket.AF_INET, socket.SOCK_STREAM, 6, "", (a, 25)) for a in addresses]

    monkeypatch.setattr(mail.socket, "getaddrinfo", resolve)
    courier = Courier(Server("mail.example.org", 25, "s@example.org", loopback_only=True), lambda: 0)
    with pytest.raises(Refused) as caught:
        list(courier.send(letters(1), 1))
    assert caught.value.code == "drill-stays-home"


def test_starttls_that_is_not_offered_is_not_done_without() -> None:
    with talking(Talker()) as talker:
        server = Server("127.0.0.1", talker.port, "s@example.org", True, starttls=True)
        found = list(Courier(server, lambda: 0).send(letters(2), 1))
    assert results(found) == {Result.UNSENT: 2}
    assert "STARTTLS" in found[0].answer


@pytest.mark.parametrize("features", [(b"PIPELINING",), (b"8BITMIME",)])
def test_each_letter_says_where_it_comes_back_to(features: tuple[bytes, ...]) -> None:
    wanted = [Letter(1, "a@example.org", b"one\r\n", "bounces+x1@example.org"), Letter(2, "b@example.org", b"two\r\n")]
    with talking(Talker(features=features)) as talker:
        post(talker, wanted, connections=1)
    assert [line.split(b"<")[1].split(b">")[0] for line in talker.lines if line.startswith(b"MAIL")] == [
        b"bounces+x1@example.org",
        b"security@example.org",
    ]
