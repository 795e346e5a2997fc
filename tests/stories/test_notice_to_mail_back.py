"""The whole way in a browser: a notice in a real mailbox, its code looked up, the app gone, and mail back at the gate."""

import os
import re
import smtplib
from collections.abc import Iterator
from email import message_from_bytes, policy

import pytest
from glass import PHONE, chromium, served
from groupware import Groupware
from her_page import her_page
from test_employee_page import number
from world import DUE_IN_LONDON, ORDER, TIKTOK, World

from countermand.config import Database
from countermand.core.instants import MINUTE
from countermand.notices.mail import Letter, Result
from countermand.web.selfservice import messages
from ports import free_port

pytestmark = [
    pytest.mark.live,
    pytest.mark.parametrize("database", ["sqlite"], indirect=True),
    pytest.mark.skipif(os.geteuid() != 0, reason="Dovecot gives mail to other users as root only"),
]

_LMTP = """
protocols = imap lmtp
auth_username_format = %Ln
postmaster_address = postmaster@example.org
hostname = mail.example.org
service lmtp {{
  chroot =
  inet_listener lmtp {{
    address = 127.0.0.1
    port = {port}
  }}
}}
"""


class Mailbox:
    """Dovecot: mail comes by LMTP, and is read by IMAP."""

    def __init__(self) -> None:
        self.house, self.port = Groupware({"alice": "her password"}), free_port()
        self.house.start_dovecot(_LMTP.format(port=self.port))

    def takes(self, letter: Letter) -> Result:
        """As a mail server hands a message on to the store."""
        with smtplib.LMTP("127.0.0.1", self.port) as store:
            store.sendmail("security@example.org", [letter.recipient], letter.text)
        return Result.ACCEPTED

    def read(self) -> list[str]:
        """Subject and text of everything in her inbox."""
        with self.house.imap("alice") as session:
            session.select("INBOX")
            found = []
            for name in session.search(None, "ALL")[1][0].split():
                raw = session.fetch(name.decode(), "(RFC822)")[1][0]
                assert isinstance(raw, tuple)
                message = message_from_bytes(raw[1], policy=policy.default)
                body = message.get_body(("plain",))  # type: ignore[attr-defined]
                found.append(f"{message['Subject']}\n{body.get_content()}")
        return found


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    made = Mailbox()
    yield made
    made.house.close()


def test_from_the_notice_in_her_mailbox_to_mail_that_works_again(world: World, store: Database, mailbox: Mailbox) -> None:
    messages._limits._buckets.clear()
    made = her_page(world, store)
    world.refuses_mail = mailbox.takes
    world.cast(alice=[TIKTOK])
    world.orders()
    notice = mailbox.read()[0]
    assert notice.startswith("Remove TikTok")
    assert "Friday, 17 July 2020, 17:00" in notice
    code = re.search(r"[A-Z2-7]{5}-[A-Z2-7]{5}", notice)
    assert code
    with chromium() as browser, served(made.site) as url, made.time():
        context = browser.new_context(viewport=PHONE, locale="en-GB")  # type: ignore[arg-type]
        page = context.new_page()
        page.goto(url)
        page.fill("#code", code[0].lower())
        page.keyboard.press("Enter")
        page.wait_for_url(f"**/message/{code[0]}/")
        assert page.inner_text("h1") == "This message is real"
        assert "remove TikTok from every phone and tablet" in page.inner_text("article.letter")
    world.until(DUE_IN_LONDON)
    assert world.cut() == ["ALICE"]
    assert any("Mail is blocked on a device" in one for one in mailbox.read())
    with chromium() as browser, served(made.site) as url, made.time():
        context = browser.new_context(viewport=PHONE, locale="en-GB")  # type: ignore[arg-type]
        session = made.browser("alice").cookies["session"]
        context.add_cookies([{"name": "session", "value": session, "url": url}])
        page = context.new_page()
        page.goto(f"{url}/me/")
        assert "Mail is blocked on this device" in page.inner_text("main")
        page.click("text=I removed it: check now")
        page.wait_for_url(f"**/me/{number(made, 'ALICE')}/{ORDER}/check/?look=on")
    world.later(MINUTE)
    world.reports("ALICE", at=world.now)
    world.publishes()
    assert world.cut() == [], "the source's answer is the gate's"
    with chromium() as browser, served(made.site) as url, made.time():
        context = browser.new_context(viewport=PHONE, locale="en-GB")  # type: ignore[arg-type]
        context.add_cookies([{"name": "session", "value": session, "url": url}])
        page = context.new_page()
        page.goto(f"{url}/me/")
        assert "Mail works on this device" in page.inner_text("main")
    world.turn()
    assert any("Mail works again" in one for one in mailbox.read())
    made.site.end()
