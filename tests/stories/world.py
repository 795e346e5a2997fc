"""A small company in which stories happen: people and phones come in from files, orders go their whole way with real
signatures, notices leave through a mail server that the story scripts, and a gate answers from what was published.

``later`` and ``until`` let time pass, and the worker and the publisher take their turn; nothing else moves by itself.
"""

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import house
from door import Door
from post import Post

from countermand.access import Act, Role
from countermand.core.apps import App
from countermand.core.bundle import Purpose
from countermand.core.coverage import EVERYTHING, Coverage, Grade, Report
from countermand.core.devices import Identity, IdentityKind, Platform
from countermand.core.instants import DAY, HOUR, MINUTE, Instant, from_iso, iso
from countermand.core.mentions import Mention
from countermand.flows import bring, telling
from countermand.flows.bounce import Bounced, bounce
from countermand.flows.doctor import doctor
from countermand.flows.ingest import Taken, ingest
from countermand.flows.issue import issue, resume, supersede
from countermand.flows.propose import Proposed, propose
from countermand.flows.publish import publish
from countermand.flows.seal import seal
from countermand.flows.speaker import speaker
from countermand.flows.stop import Rescinded, halt, rescind
from countermand.flows.sweep import sweep
from countermand.flows.write import write
from countermand.lib import keys
from countermand.notices.mail import Letter, Result
from countermand.reads import device as devices
from countermand.reads import ledger
from countermand.store import fleet, operators
from countermand.store.unit import unit
from letters import words_of

TIKTOK = App(Platform.IOS, "com.zhiliaoapp.musically")
WECHAT = App(Platform.IOS, "com.tencent.xin")
CHESS = App(Platform.IOS, "org.example.chess")

NOON = house.NOW  # Friday, 10 July 2020, 12:00 UTC
ORDER = house.NAME
APPROVERS = ("petra", "paul", "pia")
#: Friday, 17 July 2020, 17:00 on three clocks.
DUE_IN_BERLIN = from_iso("2020-07-17T15:00:00Z")
DUE_IN_LONDON = from_iso("2020-07-17T16:00:00Z")
DUE_IN_LOS_ANGELES = from_iso("2020-07-18T00:00:00Z")

_PEOPLE = "login,email,name,zone,locale,country,groups,employment\n"
_DEVICES = "serial,login,platform,model,ownership,enrollment,eas_id,apps,observed_at\n"
_TEXT: Mapping[str, Any] = {
    "schema": "countermand/v1",
    "id": ORDER,
    "title": "Remove TikTok",
    "issuer": "Security",
    "reason": "Security risks.",
    "prohibits": [{"product": "TikTok"}],
    "applies_to": {
        "people": {"groups": ["staff"], "except_groups": ["responders"]},
        "devices": {"platforms": ["ios"], "reads_mail": True},
    },
    "consequence": "deny_mail",
    "due": {"at": "2020-07-17T17:00", "zone": "recipient", "fallback_zone": "UTC"},
    "minimum_notice": "72h",
    "evidence": {"max_age": "7d", "minimum_grade": {"corporate": "inventory", "personal": "attested"}},
    "exemptions": {"grounds": ["security-research"], "max_duration": "30d"},
}


@dataclass
class Employee:
    """One row of the directory, as it stands."""

    login: str
    zone: str = "Europe/London"
    country: str = "GB"
    groups: str = "staff"

    def row(self) -> str:
        return (
            f"{self.login},{self.login}@example.org,{self.login.title()},{self.zone},en,{self.country},{self.groups},employee\n"
        )


@dataclass
class Phone:
    """One row of the device list. Its EAS id is ``E`` and its serial."""

    serial: str
    owner: str
    ownership: str = "corporate"
    apps: Collection[App] = ()
    seen: Instant | None = None

    def row(self) -> str:
        enrollment = "supervised" if self.ownership == "corporate" else "device"
        apps = ";".join(app.id for app in self.apps)
        seen = "" if self.seen is None else iso(self.seen)
        return f"{self.serial},{self.owner},ios,iPhone,{self.ownership},{enrollment},E{self.serial},{apps},{seen}\n"


@dataclass
class Verdict:
    """What the help desk is shown of a phone under an order."""

    status: str
    reason: str
    denied_from: Instant | None


@dataclass
class World:
    folder: Path
    now: Instant = NOON
    people: dict[str, Employee] = field(default_factory=dict)
    phones: dict[str, Phone] = field(default_factory=dict)
    refuses_mail: Callable[[Letter], Result] = lambda letter: Result.ACCEPTED

    def __post_init__(self) -> None:
        house.open_house(self.now)
        with unit():  # a third approver: whatever comes due within three days needs one more
            long_ago = self.now - 90 * DAY
            pia = operators.Operator("pia", frozenset({"approver"}), house.public_key("pia"), long_ago, long_ago, active=True)
            operators.add(pia, "token of pia")
        keys.create(self.folder / "ledger.key")
        self.voice = speaker(self.folder, self.now)
        self.post = Post(self.now, lambda letter: self.refuses_mail(letter))
        self.door = self.another_door()

    def another_door(self) -> Door:
        """A gate that starts now, from a snapshot."""
        return Door(self.folder, self.voice, lambda: self.now)

    # -- who acts --

    def act(self, name: str, *roles: Role) -> Act:
        return house.act(name, *roles, now=self.now)

    @property
    def operator(self) -> Act:
        return house.operator(self.now)

    @property
    def system(self) -> Act:
        return house.worker(self.now)

    @property
    def desk(self) -> Act:
        return self.act("hedi", Role.HELPDESK)

    # -- people and phones --

    def _brought(self, name: str, text: str) -> Path:
        file = self.folder / name
        file.write_text(text)
        return file

    def hire(self, *logins: str, **row: str) -> None:
        """New people come with the next directory file; whoever is known already is changed by it."""
        for login in logins:
            self.people[login] = replace(self.people.get(login, Employee(login)), **row)
        text = _PEOPLE + "".join(self.people[login].row() for login in logins)
        bring.bring_people(self.operator, self._brought("people.csv", text), whole=False)

    def give(self, owner: str, serial: str, *apps: App, ownership: str = "corporate", seen: Instant | None = None) -> None:
        """A phone comes with the next device list, which saw these apps on it an hour ago."""
        self.phones[serial] = Phone(serial, owner, ownership, apps, self.now - HOUR if seen is None else seen)
        self._listed(self.phones[serial])

    def two_names(self, owner: str, model: str = "iPhone12,1") -> None:
        """A phone of theirs that the list has twice: as the manager of phones calls it, and as the mail server does."""
        short = owner.replace(".", "").upper()
        managed = f'F4G{short},{owner},ios,"{model}",corporate,supervised,,,\n'
        at_mail = f",{owner},ios,{model.replace(',', 'C')},corporate,device,ApplQ7H{short},,\n"
        bring.bring_devices(self.operator, self._brought("devices.csv", _DEVICES + managed + at_mail), whole=False)

    def hand_down(self, serial: str, owner: str) -> None:
        """The device list says that the phone is somebody else's now, and nothing of its apps."""
        self.phones[serial] = replace(self.phones[serial], owner=owner, apps=(), seen=None)
        self._listed(self.phones[serial])

    def _listed(self, phone: Phone) -> None:
        bring.bring_devices(self.operator, self._brought("devices.csv", _DEVICES + phone.row()), whole=False)

    def cast(self, **apps: Collection[App]) -> None:
        """A person for each name, with one company phone of that name on which these apps were seen."""
        self.hire(*apps)
        for name, found in apps.items():
            self.give(name, name.upper(), *found)

    # -- what sources say --

    def reports(self, serial: str, *present: App, at: Instant | None = None, coverage: Coverage = EVERYTHING) -> Taken:
        """The MDM looked at one phone."""
        return self.syncs({serial: present}, at=at, coverage=coverage, complete=False)

    def syncs(
        self,
        looked: Mapping[str, Collection[App]],
        *silent: str,
        at: Instant | None = None,
        coverage: Coverage = EVERYTHING,
        complete: bool = True,
    ) -> Taken:
        """The MDM is in contact and says what it saw on these phones; ``silent`` ones are enrolled and did not check in."""
        seen = self.now - MINUTE if at is None else at
        mentions = [
            Mention(
                (Identity(IdentityKind.SERIAL, serial),),
                enrolled=True,
                reports=(Report("mdm", seen, Grade.INVENTORY, coverage, frozenset(present)),),
            )
            for serial, present in looked.items()
        ]
        mentions += [Mention((Identity(IdentityKind.SERIAL, serial),), enrolled=True) for serial in silent]
        return ingest(self.operator, "mdm", mentions, complete=complete, confirmed=complete)

    # -- orders --

    def text(self, name: str = ORDER, **changes: Any) -> str:
        """The usual order, with these fields in place of the usual ones."""
        return json.dumps({**_TEXT, "id": name, **changes}, indent=1)

    def proposes(self, name: str = ORDER, **changes: Any) -> Proposed:
        found = write(house.author(self.now), self.text(name, **changes))
        return propose(house.author(self.now), found.lineage, rails=house.RAILS)

    def orders(self, name: str = ORDER, **changes: Any) -> int:
        """The whole way: written, proposed, signed by two, issued (or put in the place of the version in force), told."""
        version = self.issues(self.proposes(name, **changes))
        self.turn()
        return version

    def issues(self, found: Proposed, *approvers: str) -> int:
        """Signed by these (everybody who may) and issued; the publisher has its turn, the worker has not."""
        for approver in approvers or APPROVERS:
            house.approved(approver, found.lineage, self.now)
        verb = issue if found.number == 1 else supersede
        done = verb(self.operator, found.lineage, expected=found.people)
        self.publishes()
        return done.version

    def halts(self, name: str = ORDER) -> None:
        halt(self.operator, name)
        self.publishes()

    def resumes(self, name: str, expected: int, acknowledged: int) -> Instant:
        """After a halt: signed again by two. Returns the instant before which nobody is denied."""
        for approver in APPROVERS:
            house.approved(approver, name, self.now, Purpose.RESUME)
        done = resume(self.operator, name, expected=expected, acknowledged=acknowledged)
        self.turn()
        return done.not_before

    def rescinds(self, name: str = ORDER, ground: str = "sent-in-error") -> Rescinded:
        """One write; then only the publisher has its turn, not the worker."""
        done = rescind(self.operator, name, ground)
        self.publishes()
        return done

    # -- time --

    def later(self, span: int) -> None:
        self.until(self.now + span)

    def until(self, instant: Instant) -> None:
        """Time passes to this instant; then whatever runs without anybody asking has its turn."""
        assert instant >= self.now, "time does not run backwards"
        self.now = instant
        self.turn()

    def turn(self) -> None:
        """What the worker does: tell, deliver, sweep, publish, seal."""
        self.post.now = self.now
        telling.catch_up(self.system)
        sweep(self.now)
        while self.post.deliver().waiting:
            pass
        seal(self.system, self.folder / "ledger.key")
        self.publishes()

    def publishes(self) -> None:
        publish(self.voice, "publisher", self.now, beat=True)
        self.door.listen()

    def bounces(self, login: str) -> Bounced:
        """The last message to this person comes back."""
        return self.bounced(str(self._received(login)[-1]["Message-ID"]))

    def bounced(self, message_id: str) -> Bounced:
        return bounce(self.operator, message_id, "550 no such mailbox")

    # -- what people and phones experience --

    def cut(self) -> list[str]:
        """The phones that are refused mail now, each asking with its owner's login."""
        return sorted(serial for serial, phone in self.phones.items() if self.door.denies(phone.owner, f"E{serial}"))

    def letters(self, login: str) -> list[str]:
        """The kinds of the messages in this person's inbox, oldest first."""
        return [str(m["X-Countermand-Kind"]) for m in self._received(login)]

    def inbox(self, login: str) -> list[str]:
        """The texts of those messages."""
        return [words_of(m) for m in self._received(login)]

    def _received(self, login: str) -> list[EmailMessage]:
        return [m for m in self.post.messages() if m["To"].strip("<>") == f"{login}@example.org"]

    def verdict(self, serial: str, name: str = ORDER) -> Verdict:
        shown = devices.device(self.desk, fleet.named(serial)).directives
        found = next(under.explanation for under in shown if under.explanation.lineage == name)
        return Verdict(found.status.value, found.reason.value, found.denied_from)

    def ends_well(self) -> None:
        """However it went: the sets equal the rows, a gate that starts now answers as the one that heard it all, and the
        ledger verifies."""
        self.turn()
        assert doctor(self.operator).differences == ()
        fresh = self.another_door()
        for serial, phone in self.phones.items():
            assert fresh.denies(phone.owner, f"E{serial}") == self.door.denies(phone.owner, f"E{serial}"), serial
        verifier = ledger.verifier_line("example.org", self.folder / "ledger.key.pub")
        found = ledger.verify_live(self.act("audrey", Role.AUDITOR), [verifier])
        assert (found.problem, found.unsealed) == (None, 0)
