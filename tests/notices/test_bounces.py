"""Delivery reports as mail servers write them, and what is none."""

import mailbox
from email.message import EmailMessage, Message
from email.mime.base import MIMEBase
from email.mime.message import MIMEMessage
from email.mime.multipart import MIMEMultipart
from pathlib import Path

import pytest

from countermand.core.errors import Refused
from countermand.notices.bounces import LARGEST, Report, messages, parse
from returned import ID, report


def refused(raw: bytes) -> str:
    with pytest.raises(Refused) as caught:
        parse(raw)
    assert caught.value.code == "report-not-delivery"
    return caught.value.sentence


@pytest.mark.parametrize("part", ["", "\nContent-Type: message/rfc822"], ids=["headers", "whole message"])
def test_a_report_names_the_message_that_came_back_and_why(part: str) -> None:
    assert parse(report(part=part)) == Report(ID, True, "5.1.1 550 5.1.1 <ann@example.org>: no such mailbox here")


def test_lines_may_end_as_mail_ends_them() -> None:
    assert parse(report().replace(b"\n", b"\r\n")).message_id == ID


@pytest.mark.parametrize("action", ["delayed", "delivered", "relayed", "expanded"])
def test_what_is_late_or_was_delivered_did_not_come_back(action: str) -> None:
    assert not parse(report(action, "4.4.7")).failed


def test_giving_up_after_days_is_coming_back_whatever_the_status() -> None:
    assert parse(report("Failed", "4.4.7")).failed


@pytest.mark.parametrize("kind", ["message/global", "message/global-headers"])
def test_an_internationalised_report_is_read_too(kind: str) -> None:
    raw = report(part=f"\nContent-Type: {kind}").replace(b"message/delivery-status", b"message/global-delivery-status")
    assert parse(raw) == parse(report())


def test_without_the_returned_message_what_it_answers_to_counts() -> None:
    raw = report(name="").replace(b"Subject: Und", f"In-Reply-To: {ID}\nSubject: Und".encode())
    assert parse(raw).message_id == ID


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"", "text/plain"),
        (b"\x00\xff\xfe" * 100, "text/plain"),
        (b"From: ann@example.org\nSubject: I am away\n\nUntil Monday.\n", "text/plain"),
        (b"Content-Type: multipart/report; boundary=x\n\nno parts", "not multipart/report"),
        (b"Content-Type: multipart/report; boundary=x\n\n--x\n\nonly words\n--x--\n", "no message/delivery-status"),
        (report().replace(b"Action: failed\n", b""), "no recipient"),
        (report(name="not an id"), "does not name"),
        (report() + b"x" * LARGEST, "longer than"),
    ],
    ids=["empty", "noise", "absence note", "no parts", "words only", "no action", "no id", "too long"],
)
def test_other_mail_is_told_from_reports(raw: bytes, why: str) -> None:
    assert why in refused(raw)


def test_the_servers_words_cannot_break_out_of_their_line() -> None:
    raw = report().replace(b"no such\n    mailbox", b"\x1b[31m\x07" + b"x" * 5_000)
    why = parse(raw).why
    assert why.isprintable()
    assert len(why) <= 300


def test_files_mboxes_and_maildirs_give_the_same_messages(tmp_path: Path) -> None:
    (tmp_path / "one.eml").write_bytes(report())
    box = mailbox.mbox(tmp_path / "box")
    folder = mailbox.Maildir(tmp_path / "folder")
    for _ in range(3):
        box.add(report())
        folder.add(report())
    box.close()
    for name, count in (("one.eml", 1), ("box", 3), ("folder", 3)):
        found = [parse(raw) for raw in messages(tmp_path / name)]
        assert [one.message_id for one in found] == [ID] * count


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(Refused) as caught:
        list(messages(tmp_path / "none.eml"))
    assert caught.value.code == "unreadable-file"


def test_a_report_by_the_standard_library_itself() -> None:
    """Built by a library, not by hand: nested messages as other programs lay them out."""
    original = EmailMessage()
    original["Message-ID"] = ID
    original.set_content("Hello")
    status = MIMEBase("message", "delivery-status")
    for fields in ({"Reporting-MTA": "dns; x"}, {"Final-Recipient": "rfc822; a@x", "Action": "failed", "Status": "5.0.0"}):
        block = Message()
        for name, value in fields.items():
            block[name] = value
        status.attach(block)
    whole = MIMEMultipart("report", None, [status, MIMEMessage(original)], report_type="delivery-status")
    assert parse(whole.as_bytes()) == Report(ID, True, "5.0.0")
