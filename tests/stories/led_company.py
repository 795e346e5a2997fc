"""A made-up company of 480 people in five countries, a week into an order: larger than a story's, and the same each time.

For pictures and for measuring; no test stands on its figures.
"""

import json
import random
import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager

import house
import pytest
import yaml
from desks import Desks, desks
from playwright.sync_api import Browser
from world import CHESS, DUE_IN_LONDON, ORDER, TIKTOK, WECHAT, Employee, Phone, World

from countermand import __version__
from countermand.access import Role
from countermand.config import Database
from countermand.core.apps import App
from countermand.core.devices import Platform
from countermand.core.instants import DAY, HOUR, MINUTE
from countermand.flows import bring, connect, exempt
from countermand.flows.course import note
from countermand.flows.hear_gate import Report, hear_gate
from countermand.flows.propose import propose
from countermand.flows.protect import agree_protection, protect
from countermand.flows.watch import agree_watch, watch
from countermand.flows.write import write
from countermand.lib import clock
from countermand.notices.mail import Result
from countermand.store import feed, models

_PEOPLE = "login,email,name,zone,locale,country,groups,employment\n"
_DEVICES = "serial,login,platform,model,ownership,enrollment,eas_id,apps,observed_at\n"

_FIRST_NAMES = """
Ada Amir Anouk Ben Carla Chen Dara Elif Emil Fatou Greta Hugo Ines Jonas Kaya Lena Mei Nils Olga Pablo Rosa Sven Tara Yusuf
"""
_LAST_NAMES = """
Abel Bauer Costa Dahl Evans Fischer Garcia Haas Ito Jensen Khan Lund Moreau Novak Okoye Petrov Quinn Rossi Silva Tanaka
"""
_PLACES = (
    ("GB", "Europe/London"),
    ("DE", "Europe/Berlin"),
    ("US", "America/New_York"),
    ("IN", "Asia/Kolkata"),
    ("BR", "America/Sao_Paulo"),
)
_TITLE = "Remove TikTok from mobile devices that read company mail"


def _logins() -> list[str]:
    return [f"{first}.{last}".lower() for last in _LAST_NAMES.split() for first in _FIRST_NAMES.split()]


#: Their phones have no name at the mail server that the manager of phones knows.
_UNLINKED = ("hugo.lund", "mei.tanaka")


def settle(world: World) -> None:
    """480 people in five countries, most with one phone, some with two."""
    chance = random.Random(7)
    rows, phones = [], []
    for number, login in enumerate(_logins()):
        country, zone = chance.choices(_PLACES, (5, 4, 6, 3, 2))[0]
        world.people[login] = Employee(login, zone, country)
        rows.append(world.people[login].row().replace(login.title(), login.replace(".", " ").title()))
        for extra in range(1 + (number % 6 == 0 and login not in _UNLINKED)):
            serial = f"{'R5CT' if chance.random() < 0.4 else 'F2LX'}{number:03d}{extra}"
            ownership = chance.choices(("corporate", "personal", "contractor"), (7, 3, 1))[0]
            apps = [app for app, share in ((TIKTOK, 0.35), (WECHAT, 0.1), (CHESS, 0.3)) if chance.random() < share]
            world.phones[serial] = Phone(serial, login, ownership, apps, world.now - HOUR)
            row = world.phones[serial].row()
            row = row.replace(",ios,iPhone,", ",android,Pixel 4,").replace(",supervised,", ",cope,") if serial[0] == "R" else row
            phones.append(row.replace(f",E{serial},", ",,") if login in _UNLINKED else row)
    bring.bring_people(world.operator, world._brought("people.csv", _PEOPLE + "".join(rows)), whole=False)
    bring.bring_devices(world.operator, world._brought("devices.csv", _DEVICES + "".join(phones)), whole=False)


def checks_in(world: World, gone: Collection[str], silent: Collection[str]) -> None:
    """The manager of phones is asked, and knows of every phone but for the silent ones."""
    looked = {}
    for serial, phone in world.phones.items():
        if serial not in silent:
            platform = Platform.ANDROID if serial[0] == "R" else Platform.IOS
            looked[serial] = [App(platform, app.id) for app in phone.apps if app is not TIKTOK or serial not in gone]
    world.syncs(looked, *silent)


def gates_say(world: World, refused: int) -> None:
    for name, part in (("mail-eu", refused), ("mail-us", refused // 2)):
        seen = [
            ("ada.abel", "eas", "ApplDNQXK8Q1", world.now - 3 * DAY, world.now - HOUR, 41),
            ("hugo.lund", "eas", "SEC1A9F33D2B", world.now - 5 * HOUR, world.now - MINUTE, 7),
            ("mei.tanaka", "eas", "ANDROIDC7720411", world.now - 2 * DAY, world.now - 4 * HOUR, 12),
        ]
        hear_gate(
            name,
            Report(
                *(1, feed.last(1).n, world.now, False, {"deny/denied": part, "allow/not-denied": 40 * part}, seen),
                *(__version__, {ORDER: feed.DenialsShown(part // 9, part // 4, part)}),
            ),
            world.now,
        )


def led(world: World) -> None:
    """An order that runs for eight days, with all that may stand on its page."""
    world.refuses_mail = lambda letter: (
        Result.REFUSED if "quinn" in letter.recipient and "e" in letter.recipient[:3] else Result.ACCEPTED
    )
    world.orders("no-capcut", title="Remove CapCut from every device", prohibits=[{"product": "CapCut"}])
    world.rescinds("no-capcut", "changed")
    world.orders(
        title=_TITLE,
        applies_to={
            "people": {"groups": ["staff"], "except_groups": ["responders"]},
            "devices": {"platforms": ["ios", "android"], "reads_mail": True},
        },
        stages=[{"what": "identify", "due": "2020-07-12"}, {"what": "remove", "due": "2020-08-12"}],
        reminders=["3d", "1d"],
        rollout={"rings": [{"share": "5%", "hold": "4h"}, {"share": "100%"}], "halt_if": {"denied_share": "60%"}},
    )
    for login in ("nils.novak", "rosa.rossi", "tara.silva"):
        world.bounces(login)
    for target, days in (("person:ben.evans", 12), ("person:greta.lund", 20), ("person:sven.ito", 26)):
        found = exempt.exempt(world.operator, ORDER, target, "security-research", world.now + days * DAY)
        exempt.agree_exemption(world.act("petra", Role.APPROVER), found.pk)
    exempt.exempt(world.operator, ORDER, "person:mei.khan", "security-research", world.now + 9 * DAY)
    chance = random.Random(11)
    waiting = [serial for serial, phone in world.phones.items() if TIKTOK in phone.apps]
    silent = set(chance.sample(sorted(world.phones), 60))
    chance.shuffle(waiting)
    gone: set[str] = set()
    while world.now < DUE_IN_LONDON + 26 * HOUR:
        gone.update(waiting.pop() for _ in range(min(6, max(len(waiting) - 40, 0))))
        checks_in(world, gone, silent)
        note(ORDER, world.now)
        world.later(6 * HOUR)
    for name in ("ledger.key", "ledger.key.pub"):
        shutil.copy(world.folder / name, world.folder / "keys" / name)
    gates_say(world, 1_204)


def beside_it(world: World) -> None:
    """What stands on the other pages: protections, watched apps, a source that posts, a question, an order that waits, and a
    later version of the one that runs."""
    models.Notice.objects.filter(state="refused").update(answer="550 5.1.1 user unknown")
    world.two_names("ada.abel")
    for login, why in (("lena.haas", "Mail administrator"), ("emil.dahl", "Break-glass account")):
        protect(world.operator, login, why)
    agree_protection(world.act("petra", Role.APPROVER), "lena.haas")
    anna = world.act("anna", Role.AUTHOR)
    for app, purpose in (
        ("ios:com.tencent.xin", "An order about WeChat is being prepared"),
        ("android:com.kaspersky.security", "Inventory before renewal"),
    ):
        number = watch(anna, app, purpose, world.now + 60 * DAY)
    agree_watch(world.act("petra", Role.APPROVER), number)
    connect.source_add(world.act("ada", Role.ADMINISTRATOR), world.folder, "phones-abroad", "nanomdm")
    asker = models.Person.objects.get(login="ines.costa")
    phone = models.Device.objects.filter(owner=asker).first()
    assert phone is not None
    models.Objection.objects.create(
        kind="contest",
        person=asker,
        device=phone,
        lineage=ORDER,
        words="It was never on this phone.",
        at=world.now - HOUR,
        answerer="otto",
        answer_by=world.now + DAY,
    )
    text = json.loads(world.text("no-wechat", title="Remove WeChat from phones that read company mail"))
    text |= {"prohibits": [{"product": "WeChat"}], "due": {**text["due"], "at": "2020-08-17T17:00"}}
    found = write(anna, yaml.safe_dump(text, sort_keys=False))
    propose(anna, found.lineage, rails=house.RAILS)
    running = models.Version.objects.get(lineage=ORDER)
    running.text = yaml.safe_dump(json.loads(running.text), sort_keys=False)  # as somebody would have typed it
    running.save()
    write(anna, running.text.replace("- 1d\n", "- 1d\n- 2h\n").replace("max_age: 7d", "max_age: 14d"))


@contextmanager
def led_company(world: World, store: Database, browser: Browser, patch: pytest.MonkeyPatch) -> Iterator[Desks]:
    """Its console, while the order is enforced."""
    settle(world)
    led(world)
    beside_it(world)
    world.turn()
    models.Operator.objects.filter(name="otto").update(roles="operator helpdesk")
    away, real = world.now - clock.now(), clock.now
    patch.setattr(clock, "now", lambda: real() + away)  # for certificates too, it is July 2020
    with desks(world, store, browser) as made:
        yield made
