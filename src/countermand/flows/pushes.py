"""Sources that are asked and pushed to us as well: whoever pushes proves it by a token of an issuer that all the world knows."""

from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache

from countermand.access import Act, require
from countermand.config import Config
from countermand.core.errors import Refused
from countermand.core.instants import iso
from countermand.flows.connect import address_of, known, source_check
from countermand.flows.files import Progress, silent
from countermand.lib import id_tokens, vendor
from countermand.lib.http import Unreachable
from countermand.lib.id_tokens import Expected, PublishedKeys
from countermand.lib.outward import A_PERSON, House, Patience
from countermand.lib.vendor import Ability
from countermand.sources import android_pushed
from countermand.sources.android_pushed import message_id as message_id
from countermand.sources.kinds import KINDS
from countermand.sources.source import Checked
from countermand.store import connected, events
from countermand.store.connected import Connected


def proven(config: Config, name: str, token: str, *, drill: bool) -> bool:
    """Whether whoever shows this token may push for the source. Refused ``provider-away`` if the issuer's keys cannot be had.
    A drill asks nobody for keys, so nothing is pushed to it."""
    found = connected.find(name)
    if drill or found is None or not is_pushed(found):
        return False
    keys = _keys_at(android_pushed.setting(found.settings, "push_keys"), _house(config))
    try:
        return id_tokens.proves(token, expected(config, found), keys)
    except Unreachable as away:
        raise Refused("provider-away", host=android_pushed.setting(found.settings, "push_keys"), why=away) from away


def is_pushed(found: Connected) -> bool:
    return found.kind in KINDS and KINDS[found.kind].pushed(found.settings)


def expected(config: Config, found: Connected) -> Expected:
    """Whose pushes are believed."""
    audience = android_pushed.setting(found.settings, "push_audience") or address_of(config, found.name)
    return Expected(android_pushed.ISSUERS, audience, android_pushed.setting(found.settings, "push_account"))


def check(act: Act, config: Config, name: str, tick: Progress = silent) -> Checked:
    """What works and what can be seen, pushes among it; one that is only pushed is not asked. Refused as ``source_check``."""
    require(act.actor, "ingest")
    found = known(name)
    if not is_pushed(found):
        return source_check(act, config, name, tick)
    asked = source_check(act, config, name, tick) if found.credential else Checked(())
    return replace(asked, abilities=(*asked.abilities, _told_apart(config, found)))


def _told_apart(config: Config, found: Connected) -> Ability:
    """Whether pushes could be told from forgeries."""
    needs = f"{android_pushed.KEYS.method} {android_pushed.KEYS.path}: {android_pushed.KEYS.needs}"
    base = android_pushed.setting(found.settings, "push_keys")
    what = "the keys with which pushes are signed"
    return vendor.tried(what, needs, lambda: _asked(base, _house(config, Patience(A_PERSON))), Unreachable, Refused)


def words(config: Config, found: Connected) -> Iterator[str]:
    """How it is pushed to us, and whether it ever was."""
    if is_pushed(found):
        who, last = expected(config, found), events.latest(found.name)
        yield f"Pub/Sub may push to {address_of(config, found.name)}, as {who.account}, for the audience {who.audience}."
        yield f"The last push came at {iso(last)}." if last is not None else "No push has come yet."


def _house(config: Config, patience: Patience | None = None) -> House:
    return House(frozenset(config.sources.private_hosts), config.sources.ca_file, patience=patience)


@lru_cache(maxsize=32)
def _keys_at(base: str, house: House) -> PublishedKeys:
    way = house.to(base, ((android_pushed.KEYS.method, android_pushed.KEYS.path),))
    return PublishedKeys(lambda: android_pushed.keys(way))


def _asked(base: str, house: House) -> None:
    """Unreachable unless there are keys."""
    way = house.to(base, ((android_pushed.KEYS.method, android_pushed.KEYS.path),))
    PublishedKeys(lambda: android_pushed.keys(way)).key("")
