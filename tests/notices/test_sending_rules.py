"""How many an hour, and whether they will be believed: the pace, and what DNS says of a sender."""

from collections.abc import Sequence
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from talker import Talker, talking

from countermand.core.instants import HOUR, MINUTE
from countermand.notices import mail
from countermand.notices.checking import Verdict, domain_steps, sending_steps
from countermand.notices.mail import Courier, Letter, Result, Server
from countermand.notices.pace import Hourly
from letters import words_of

GOOD = {
    ("mail.example.org", "MX"): ["10 mx.example.org."],
    ("mail.example.org", "TXT"): ["google-site-verification=x", "v=spf1 ip4:192.0.2.1 -all"],
    ("s1._domainkey.mail.example.org", "TXT"): ["v=DKIM1; k=rsa; p=MIGf"],
    ("_dmarc.example.org", "TXT"): ["v=DMARC1; p=none; sp=reject"],
}


def verdicts(records: dict[tuple[str, str], list[str]], selector: str = "s1", back: str = "") -> dict[str, Verdict]:
    def look(name: str, kind: str) -> Sequence[str]:
        return records.get((name, kind), [])

    return {step.what: step.verdict for step in domain_steps("notices@mail.example.org", selector, look, back)}


def test_a_domain_that_is_believed() -> None:
    assert set(verdicts(GOOD).values()) == {Verdict.GOOD}


@pytest.mark.parametrize(
    ("name", "kind", "records", "what", "verdict"),
    [
        ("mail.example.org", "MX", [], "mail exchanger", Verdict.WEAK),
        ("mail.example.org", "TXT", ["v=spf1 +all"], "SPF", Verdict.WEAK),
        ("mail.example.org", "TXT", ["v=spf1 -all", "v=spf1 ~all"], "SPF", Verdict.BAD),
        ("s1._domainkey.mail.example.org", "TXT", [], "DKIM", Verdict.BAD),
        ("s1._domainkey.mail.example.org", "TXT", ["v=DKIM1; p="], "DKIM", Verdict.BAD),
        ("_dmarc.example.org", "TXT", [], "DMARC", Verdict.BAD),
        ("_dmarc.example.org", "TXT", ["v=DMARC1; p=none"], "DMARC", Verdict.WEAK),
        ("_dmarc.mail.example.org", "TXT", ["v=DMARC1; p=none"], "DMARC", Verdict.WEAK),
    ],
)
def test_what_is_missing_is_said(name: str, kind: str, records: list[str], what: str, verdict: Verdict) -> None:
    assert verdicts({**GOOD, (name, kind): records})[what] is verdict


@pytest.mark.parametrize(
    ("back", "policy", "selector", "verdict"),
    [
        ("", "", "s1", Verdict.GOOD),
        ("b+{tag}@bounces.example.org", "", "s1", Verdict.GOOD),
        ("b+{tag}@bounces.example.org", "", "", Verdict.WEAK),
        ("b+{tag}@bounces.example.org", "; aspf=s", "", Verdict.BAD),
        ("b+{tag}@mail.example.org", "; aspf=s", "", Verdict.WEAK),
        ("b+{tag}@provider.example.net", "", "", Verdict.BAD),
        ("b+{tag}@provider.example.net", "", "s1", Verdict.GOOD),
    ],
)
def test_a_return_path_elsewhere_is_aligned_or_it_is_said(back: str, policy: str, selector: str, verdict: Verdict) -> None:
    records = {**GOOD, ("_dmarc.example.org", "TXT"): [f"v=DMARC1; p=reject{policy}"]}
    assert verdicts(records, selector, back)["alignment"] is verdict


def test_spf_and_mail_exchanger_are_asked_of_where_bounces_go() -> None:
    found = verdicts(GOOD, back="b+{tag}@bounces.example.org")
    assert (found["SPF"], found["mail exchanger"]) == (Verdict.BAD, Verdict.WEAK)


def test_who_cannot_be_asked_is_said_too() -> None:
    def nobody(name: str, kind: str) -> Sequence[str]:
        raise OSError("no network")

    assert {step.verdict for step in domain_steps("a@example.org", "s1", nobody)} == {Verdict.UNASKED}
    assert verdicts(GOOD, selector="")["DKIM"] is Verdict.UNASKED


def test_no_more_leave_in_an_hour_than_may() -> None:
    pace, sent = Hourly(600, 0), 0
    for now in range(0, HOUR, MINUTE // 4):
        may = pace.left(500, now)
        pace.took(may)
        sent += may
    assert 590 <= sent <= 610
    assert Hourly(0, 0).left(500, 0) == 500


def test_the_test_message_is_an_exercise_and_every_step_is_said() -> None:
    with talking(Talker()) as talker:
        server = Server("127.0.0.1", talker.port, "security@example.org", loopback_only=True, timeout=10)
        steps = {step.what: step.verdict for step in sending_steps(server, "ann@example.org", "example.org", lambda: 0)}
    assert steps == {"transport": Verdict.WEAK, "one message": Verdict.GOOD, "look at it": Verdict.UNASKED}
    message: EmailMessage = message_from_bytes(talker.texts[0], policy=policy.default)  # type: ignore[assignment]
    assert message["X-Countermand-Kind"] == "drill"
    assert "This is an exercise. Nothing is asked of you" in words_of(message)
    assert "{" not in words_of(message)


def test_a_server_that_is_not_there_is_a_bad_step() -> None:
    server = Server("127.0.0.1", 1, "security@example.org", loopback_only=True, timeout=1)
    steps = list(sending_steps(server, "ann@example.org", "example.org", lambda: 0))
    assert [step.verdict for step in steps] == [Verdict.WEAK, Verdict.BAD]
    assert "no connection" in steps[-1].words


def test_a_password_is_not_sent_in_the_clear(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mail, "loopback", lambda host: False)
    with talking(Talker()) as talker:
        server = Server(
            "127.0.0.1", talker.port, "a@example.org", loopback_only=False, username="u", password="secret", timeout=10
        )
        found = list(Courier(server, lambda: 0).send([Letter(1, "b@example.org", b"x\r\n")], 1))
    assert (found[0].result, "TLS only" in found[0].answer) == (Result.UNSENT, True)
    assert not any(b"AUTH" in line for line in talker.lines)
