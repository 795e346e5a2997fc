"""Each lever's system as an administrator sees it: entries by key, what they may leave there, and all that is there.

One house, two orders and one lever over each of them, so that one story can be told of all.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import pulling
from pulling import Pull

import fake_api
import fake_entra
import fake_exchange
import fake_google
import fake_graph
import fake_identity
import fake_intune
import fake_nanomdm
from countermand.config import Database
from countermand.store import models

BLOCKED = "BLOCKED"


@dataclass
class Elsewhere:
    """``keys``: entries that administrators touch, by the lever's keys. ``edit``: a key becomes this, '' for nothing; False, if
    there is nothing to be edited. ``stands``:
    key → what is there, but for nothing. ``leaves``: what they may leave. ``alike``: of that, what nobody can tell from ours by
    looking at it. ``settle``: whatever was written is seen now; ``struck``: whom it denies, where that is another matter."""

    keys: list[str]
    edit: Callable[[str, str], object]
    stands: Callable[[], dict[str, str]]
    leaves: Callable[[Random], str]
    alike: frozenset[str] = frozenset()
    settle: Callable[[], object] = lambda: None
    struck: Callable[[], set[int]] = field(default=set)


def _one_of(*states: str) -> Callable[[Random], str]:
    return lambda chance: chance.choice(states)


def _any_words(chance: Random) -> str:
    return f"theirs {chance.random()}" if chance.random() < 0.6 else ""


@contextmanager
def _entra(store: Database, folder: Path, phones: int) -> Iterator[tuple[Pull, Elsewhere]]:
    with pulling.pulled(store, folder, phones=phones, with_app=phones, ill=0.1) as pull:
        there = pull.directory
        numbers = {fake_entra.device_id(number): number for number in range(phones)}
        yield (
            pull,
            Elsewhere(
                list(numbers),
                lambda key, value: there.edit(numbers[key], value),
                there.values,
                _any_words,
                settle=there.settle,
                struck=pull.struck,
            ),
        )


@contextmanager
def _exchange(store: Database, folder: Path, phones: int) -> Iterator[tuple[Pull, Elsewhere]]:
    there = fake_exchange.Organisation(mailboxes={f"p{number:05d}": ["Old0001"] for number in range(phones)})
    theirs = {f"Old0001|p{number:05d}": BLOCKED for number in range(phones)}

    def edit(key: str, value: str) -> None:
        device, _, mailbox = key.partition("|")
        there.change("Add" if value else "Remove", mailbox, device)

    def stands() -> dict[str, str]:
        return {f"{device}|{mailbox}": BLOCKED for mailbox, device in there.blocked() if f"{device}|{mailbox}" not in theirs}

    with fake_api.served(there):
        settings = {"tenant": fake_exchange.TENANT, "client": fake_exchange.CLIENT, "probe": "p00010", "unsupported": "accepted"}
        settings |= {"url": there.url, "login": there.url}
        kind = "exchange-unsupported"
        pull = pulling.moved_in(store, folder, kind, settings, fake_exchange.SECRET, phones=phones, with_app=phones)
        keys = [f"Appl{number:04d}|p{number:05d}" for number in range(phones)]
        yield pull, Elsewhere(keys, edit, stands, _one_of("", BLOCKED), frozenset({BLOCKED}))
        assert theirs.keys() <= {f"{device}|{mailbox}" for mailbox, device in there.blocked()}


@contextmanager
def _google(store: Database, folder: Path, phones: int, kind: str) -> Iterator[tuple[Pull, Elsewhere]]:
    there = fake_identity.Customer()
    keys = [f"mobile/R{number}" if kind == "google-mobile" else fake_identity.name(number) for number in range(phones)]
    there.users = dict.fromkeys(keys, "APPROVED")
    settings = {"subject": fake_identity.ADMIN} | ({"customer": fake_identity.CUSTOMER} if kind == "google-state" else {})

    def say(key: str, value: str) -> None:
        there.say(key, complianceState="COMPLIANT" if value else "", customId=value)

    def said() -> dict[str, str]:
        return {key: row["customId"] for key, row in there.states.items() if row.get("customId")}

    def turn(key: str, value: str) -> None:
        there.users[key] = value or "APPROVED"

    def turned() -> dict[str, str]:
        return {key: value for key, value in there.users.items() if value != "APPROVED"}

    with fake_api.served(there):
        settings |= {"url": there.url, "login": there.url}
        pull = pulling.moved_in(store, folder, kind, settings, fake_identity.secret(), phones=phones, with_app=phones)
        for ordinal, key in enumerate(keys):
            models.Identity.objects.create(kind="google", value=key, device_id=ordinal)
        if kind == "google-state":
            yield pull, Elsewhere(keys, say, said, _any_words)
        else:
            yield pull, Elsewhere(keys, turn, turned, _one_of("", BLOCKED, "PENDING"), frozenset({BLOCKED}))


@contextmanager
def _android(store: Database, folder: Path, phones: int) -> Iterator[tuple[Pull, Elsewhere]]:
    name = f"enterprises/{fake_google.ENTERPRISE}/policies/phones"
    policy = {"name": name, "version": "1", "applications": []}
    there = fake_google.Google(policies=[policy])
    keys = [fake_google.TIKTOK, "com.zhiliaoapp.musically.go", "com.example.theirs"]

    def listed() -> dict[str, str]:
        return {one["packageName"]: one["installType"] for one in there.policies[0]["applications"]}

    def edit(key: str, value: str) -> None:
        named = listed() | {key: value}
        policy["applications"] = [{"packageName": one, "installType": said} for one, said in named.items() if said]

    with fake_api.served(there):
        settings = {"enterprise": fake_google.ENTERPRISE, "policy": "phones", "uninstalls": "accepted"}
        settings |= {"url": there.url, "login": there.url}
        secret = fake_google.key_file()
        pull = pulling.moved_in(store, folder, "android-apps", settings, secret, phones=phones, with_app=phones)
        yield pull, Elsewhere(keys, edit, listed, _one_of("", BLOCKED, "FORCE_INSTALLED"), frozenset({BLOCKED}))


@contextmanager
def _intune(store: Database, folder: Path, phones: int) -> Iterator[tuple[Pull, Elsewhere]]:
    """What administrators do in a policy of ours: they name an app in their way, or take one out."""
    there = fake_intune.Intune()

    def stands() -> dict[str, str]:
        return {row["appId"]: row["name"] for one in there.policies for row in one["restrictedApps"]}

    def edit(key: str, value: str) -> bool:
        for one in there.policies[:1]:
            left = [row for row in one["restrictedApps"] if row["appId"] != key]
            one["restrictedApps"] = [*left, {"appId": key, "name": value}] if value else left
        return bool(there.policies)

    with fake_api.served(there):
        settings = {"tenant": fake_graph.TENANT, "client": fake_graph.CLIENT, "group": fake_intune.GROUP}
        settings |= {"compliance": "accepted", "url": there.url, "login": there.url}
        pull = pulling.moved_in(store, folder, "intune-apps", settings, fake_graph.SECRET, phones=phones, with_app=phones)
        yield pull, Elsewhere([fake_graph.TIKTOK, "com.example.theirs"], edit, stands, _any_words)


@contextmanager
def _apple(store: Database, folder: Path, phones: int) -> Iterator[tuple[Pull, Elsewhere]]:
    """What administrators do on a phone: they install and remove a profile of their own. Phones do at once what they are told."""
    keys = [f"UDID-{number}" for number in range(phones)]
    there = fake_nanomdm.Fleet(profiles={key: {} for key in keys})

    def edit(key: str, value: str) -> None:
        there.profiles[key].pop("theirs", None)
        there.profiles[key] |= {"theirs": {"PayloadUUID": value}} if value else {}

    def stands() -> dict[str, str]:
        there.wake(pulling.LATER)
        found = {key: "+".join(str(one["PayloadUUID"]) for one in mine.values()) for key, mine in there.profiles.items()}
        return {key: value for key, value in found.items() if value}

    with fake_api.served(there):
        settings = {"hides": "accepted", "url": there.url}
        pull = pulling.moved_in(store, folder, "apple-profile", settings, fake_nanomdm.KEY, phones=phones, with_app=phones)
        for ordinal, key in enumerate(keys):
            models.Identity.objects.create(kind="udid", value=key, device_id=ordinal)
        yield pull, Elsewhere(keys, edit, stands, _any_words)


@contextmanager
def elsewhere(kind: str, store: Database, folder: Path, phones: int) -> Iterator[tuple[Pull, Elsewhere]]:
    """So many phones, each with the app, and a lever of this kind that is named like it."""
    ways = {
        "entra": _entra,
        "exchange-unsupported": _exchange,
        "android-apps": _android,
        "intune-apps": _intune,
        "apple-profile": _apple,
    }
    made = ways[kind](store, folder, phones) if kind in ways else _google(store, folder, phones, kind)
    with made as found:
        yield found
