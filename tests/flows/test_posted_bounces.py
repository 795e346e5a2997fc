"""What providers post, and what lies in the return path's mailbox, takes telling back: of the right message, and once."""

import json
from dataclasses import replace
from pathlib import Path

import house
import pytest
from post import Post

import posts
from countermand.config import Bounces, Config, Database, standard
from countermand.core.errors import Refused
from countermand.core.instants import DAY
from countermand.flows.bring_bounces import bring_bounces, take_from
from countermand.flows.posted_bounces import posted_bounces, returning
from countermand.flows.telling import issue_all
from countermand.notices.mail import Letter, Result
from countermand.store import models
from returned import report


@pytest.fixture
def config(store: Database, tmp_path: Path) -> Config:
    (tmp_path / "mailgun").write_text(posts.MAILGUN_KEY)
    (tmp_path / "signed").write_text(posts.SECRET)
    plain = standard(tmp_path)
    known = Bounces(None, tmp_path / "mailgun", (posts.TOPIC,), tmp_path / "signed")
    return replace(plain, database=store, bounces=known, smtp=replace(plain.smtp, return_path="bounces+{tag}@example.org"))


@pytest.fixture
def post(config: Config) -> Post:
    house.open_house()
    house.move_in(house.staff(3, with_app=3))
    house.issued(3)
    issue_all(house.operator(), house.NAME)
    found = Post()
    found.desk = replace(found.desk, returning=returning(config))
    return found


def path_of(post: Post, person: int) -> str:
    row = models.Notice.objects.get(person=person, kind="issued").pk
    return next(letter.return_path for letter in post.sent if letter.id == row)


def told() -> list[int]:
    return sorted(models.Told.objects.values_list("person", flat=True))


def fetch(host: str, path: str) -> bytes:
    assert (host, path) == (posts.HOST, posts.CERTIFICATE)
    return posts.certificate(house.NOW)


def test_every_message_has_a_return_path_of_its_own_the_same_at_each_attempt(post: Post) -> None:
    post.answer = lambda letter: Result.RETRY
    post.deliver()
    post.answer = lambda letter: Result.ACCEPTED
    post.now += DAY
    post.deliver_all()
    paths = [letter.return_path for letter in post.sent]
    assert len(paths) == 6
    assert len(set(paths)) == 3
    assert sorted(paths[:3]) == sorted(paths[3:])


def test_each_provider_takes_one_telling_back_and_posting_again_changes_nothing(post: Post, config: Config) -> None:
    post.deliver_all()
    headers, body = posts.signed([{"return_path": path_of(post, 2), "failed": True, "why": "550"}], post.now)
    said = [
        ("ses", {}, json.dumps(posts.sns(posts.bounce(path_of(post, 0)))).encode()),
        ("mailgun", {}, json.dumps(posts.mailgun(path_of(post, 1))).encode()),
        ("signed", headers, body),
    ]
    for turn in range(2):
        for left, (provider, head, data) in enumerate(said, 1):
            done = posted_bounces(post.act(), config, provider, head, data, fetch)
            assert (done.bounced, done.already) == ((1, 0) if turn == 0 else (0, 1)), provider
            assert told() == ([0, 1, 2][left:] if turn == 0 else [])
    assert house.ledger_kinds().count("notice-bounced") == 3
    assert models.Notice.objects.get(person=0).answer.startswith("5.1.1 550")


def test_a_tag_of_another_message_takes_nothing_back(post: Post, config: Config) -> None:
    post.deliver_all()
    back = returning(config)
    row = models.Notice.objects.get(person=0, kind="issued")
    forged = back.path(row.pk, (row.version_id, 1, "issued", ""))
    done = posted_bounces(post.act(), config, "mailgun", {}, json.dumps(posts.mailgun(forged)).encode())
    assert [one.code for one in done.passed_over] == ["report-not-ours"]
    assert told() == [0, 1, 2]


def test_what_comes_before_the_hand_over_is_settled_comes_again(post: Post, config: Config) -> None:
    codes: list[str] = []

    def bounced_at_once(letter: Letter) -> Result:
        with pytest.raises(Refused) as caught:
            posted_bounces(post.act(), config, "mailgun", {}, json.dumps(posts.mailgun(letter.return_path)).encode())
        codes.append(caught.value.code)
        return Result.ACCEPTED

    post.answer = bounced_at_once
    post.deliver_all()
    assert codes == ["report-early"] * 3
    assert told() == [0, 1, 2]


def test_a_drill_and_a_provider_that_is_not_configured_are_refused_alike(post: Post, config: Config) -> None:
    post.deliver_all()
    ses = json.dumps(posts.sns(posts.bounce(path_of(post, 0)))).encode()
    closed = replace(config, bounces=Bounces())
    drill = replace(post.act(), drill=True)
    for act, known, provider, body in [
        (drill, config, "ses", ses),
        (post.act(), closed, "ses", ses),
        (post.act(), closed, "mailgun", json.dumps(posts.mailgun(path_of(post, 0))).encode()),
        (post.act(), config, "else", b"{}"),
    ]:
        with pytest.raises(Refused) as caught:
            posted_bounces(act, known, provider, {}, body, fetch)
        assert caught.value.code == "unknown-token"
    assert told() == [0, 1, 2]


def test_a_subscription_is_confirmed_where_sns_says_and_nowhere_else(post: Post, config: Config) -> None:
    asked: list[tuple[str, str]] = []

    def noting(host: str, path: str) -> bytes:
        asked.append((host, path))
        return posts.certificate(house.NOW)

    said = posts.sns("You have chosen to subscribe.", kind="SubscriptionConfirmation")
    posted_bounces(post.act(), config, "ses", {}, json.dumps(said).encode(), noting)
    said["SubscribeURL"] = "https://evil.example.net/"
    with pytest.raises(Refused):
        posted_bounces(post.act(), config, "ses", {}, json.dumps(said).encode(), noting)
    assert asked == [(posts.HOST, posts.CERTIFICATE), (posts.HOST, "/?Action=ConfirmSubscription&Token=t0k3n")]


def delivered(maildir: Path, name: str, text: bytes) -> Path:
    (maildir / "new").mkdir(parents=True, exist_ok=True)
    (maildir / "new" / name).write_bytes(text)
    return maildir / "new" / name


def to(path: str, text: bytes) -> bytes:
    return text.replace(b"To: security@example.org", f"To: {path}".encode())


def test_a_mailbox_is_read_as_it_fills_and_each_message_once(post: Post, config: Config, tmp_path: Path) -> None:
    post.deliver_all()
    maildir, back = tmp_path / "Maildir", returning(config)
    without_name = report(name="").replace(b"Message-ID: \n", b"")
    delivered(maildir, "1.a", to(path_of(post, 0), without_name))
    delivered(maildir, "2.a", f"To: {path_of(post, 1)}\nSubject: I am away\n\nUntil Monday.\n".encode())
    delivered(maildir, "3.a", f"To: {path_of(post, 2)}\nX-Failed-Recipients: ann@example.org\n\n550 no such user\n".encode())
    done = take_from(post.act(), maildir, back)
    assert (done.messages, done.bounced) == (3, 2)
    assert [one.code for one in done.passed_over] == ["report-not-delivery"]
    assert told() == [1]
    assert sorted(file.name for file in (maildir / "cur").iterdir()) == ["1.a:2,S", "2.a:2,S", "3.a:2,S"]
    assert take_from(post.act(), maildir, back).messages == 0
    delivered(
        maildir,
        "4.a",
        to(path_of(post, 1), b"Subject: failure notice\n" + b"To: security@example.org\n\nHi. This is the qmail-send program.\n"),
    )
    assert take_from(post.act(), maildir, back).untold == ("p00001",)


def test_what_comes_too_early_stays_in_the_mailbox(post: Post, config: Config, tmp_path: Path) -> None:
    back, maildir = returning(config), tmp_path / "Maildir"

    def returned_at_once(letter: Letter) -> Result:
        if not maildir.exists():
            delivered(maildir, "1.a", to(letter.return_path, report(name="<x@y>")))
            assert take_from(post.act(), maildir, back).messages == 0
        return Result.ACCEPTED

    post.answer = returned_at_once
    post.deliver_all()
    assert told() == [0, 1, 2]
    assert take_from(post.act(), maildir, back).bounced == 1
    assert len(told()) == 2


def test_a_mailbox_that_is_not_there_is_said(post: Post, config: Config, tmp_path: Path) -> None:
    with pytest.raises(Refused) as caught:
        take_from(post.act(), tmp_path / "none", returning(config))
    assert caught.value.code == "unreadable-file"


def test_both_ways_of_knowing_one_message_count_once(post: Post, config: Config, tmp_path: Path) -> None:
    post.deliver_all()
    name = models.Notice.objects.get(person=0).message_id
    files = [tmp_path / "1.eml", tmp_path / "2.eml"]
    files[0].write_bytes(report(name=name))
    files[1].write_bytes(to(path_of(post, 0), report(name=name)))
    assert bring_bounces(post.act(), files, returning(config)).bounced == 1
