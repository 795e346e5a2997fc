"""The whole way in a browser: a notice in a real mailbox, its code looked up, the app gone, and mail back at the real door.

Control plane, gate, nginx, Dovecot and Chromium are processes of their own; only the worker's turn and the clock are ours.
"""

import os
import re
import smtplib
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from front_door import Door, wait_for
from glass import PHONE, chromium
from groupware import Groupware
from her_page import HerPage, her_page
from test_employee_page import number
from test_feed_live import ready
from world import DUE_IN_LONDON, ORDER, TIKTOK, World

from countermand.access import Act, Actor, Role
from countermand.config import Database
from countermand.core.instants import MINUTE, Instant
from countermand.flows.add_gate import NewGate, add_gate
from countermand.lib import clock
from countermand.notices.mail import Letter, Result
from countermand.store import models
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


@dataclass
class Stage:
    world: World
    page: HerPage
    mailbox: Mailbox
    door: Door

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.door.web_port}"

    def until(self, instant: Instant) -> None:
        """The clock of the control plane, which the gate goes by, and then the worker's turn."""
        models.Installation.objects.update(clock_offset=instant - clock.now())
        self.world.until(instant)

    def phone_hears(self, status: int) -> str:
        """Her phone asks nginx for mail until this is the answer; its text."""
        sync = "Cmd=Sync&User=alice&DeviceId=EALICE&DeviceType=iPhone"
        wait_for(lambda: self.door.ask("alice", sync).status == status, f"{status} for her phone")
        return self.door.ask("alice", sync).body


@pytest.fixture
def stage(store: Database, tmp_path: Path) -> Iterator[Stage]:
    (tmp_path / "plane").mkdir()
    world, mailbox, door = World(tmp_path / "plane"), Mailbox(), Door(tmp_path)
    world.publishes = lambda: None  # type: ignore[method-assign] # the control plane does, in a process of its own
    world.refuses_mail = mailbox.takes
    made = Stage(world, her_page(world, store), mailbox, door)
    try:
        models.Installation.objects.update(drill=True)
        made.until(world.now)
        door.start_mail({"alice": "right"})
        door.start_web(store)
        gate = NewGate("door", f"127.0.0.1:{door.gate_port}", made.url, rehearsal=True)
        admin = Act(Actor("ada", frozenset({Role.ADMINISTRATOR})), world.now, drill=True)
        door.start_gate(add_gate(admin, tmp_path / "plane", gate, tmp_path / "door"))
        door.sightings = tmp_path / "door" / "sightings.sock"
        door.start_nginx()
        ready(door)
        yield made
    finally:
        made.page.site.end()
        door.close()
        mailbox.house.close()


def test_from_the_notice_in_her_mailbox_to_mail_that_works_again(stage: Stage) -> None:
    world = stage.world
    world.cast(alice=[TIKTOK])
    world.orders()
    notice = stage.mailbox.read()[0]
    assert notice.startswith("Remove TikTok")
    assert "Friday, 17 July 2020, 17:00" in notice
    code = re.search(r"[A-Z2-7]{5}-[A-Z2-7]{5}", notice)
    assert code
    with chromium() as browser:
        context = browser.new_context(viewport=PHONE, locale="en-GB")  # type: ignore[arg-type]
        page = context.new_page()
        page.goto(stage.url)
        page.fill("#code", code[0].lower())
        page.keyboard.press("Enter")
        page.wait_for_url(f"**/message/{code[0]}/")
        assert page.inner_text("h1") == "This message is real"
        assert "remove TikTok from every phone and tablet" in page.inner_text("article.letter")
        stage.phone_hears(200)

        stage.until(DUE_IN_LONDON)
        assert "Remove TikTok" in stage.phone_hears(403)
        assert any("Mail is blocked on a device" in one for one in stage.mailbox.read())
        session = stage.page.browser("alice").cookies["session"]
        context.add_cookies([{"name": "session", "value": session, "url": stage.url}])
        page.goto(f"{stage.url}/me/")
        assert "Mail is blocked on this device" in page.inner_text("main")
        page.click("text=I removed it: check now")
        page.wait_for_url(f"**/me/{number(stage.page, 'ALICE')}/{ORDER}/check/?look=on")
        assert "mdm has looked" not in page.inner_text("main")

        world.later(MINUTE)
        world.reports("ALICE", at=world.now)
        assert stage.phone_hears(200) == "mail for alice\n"
        page.reload()
        assert "mdm has looked" in page.inner_text("main")
        assert "Mail works on this device" in page.inner_text("main")
    world.turn()
    assert any("Mail works again" in one for one in stage.mailbox.read())
