"""Connecting sources: telling how each is asked, with its secret sealed; pausing one, and letting it come again."""

import re
import secrets
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from countermand.access import Act, require
from countermand.catalog import load
from countermand.config import Config
from countermand.core.errors import Refused
from countermand.core.forms import not_found
from countermand.core.instants import DAY, HOUR, MINUTE
from countermand.core.products import folded
from countermand.core.visibility import Sight
from countermand.flows.credentials import credentials_key
from countermand.flows.files import Progress, silent
from countermand.lib import clock, drafts, sealed, standard_webhooks, vendor
from countermand.lib.outward import A_PERSON, House, Patience, Wait
from countermand.sources.kinds import KINDS, Comes, Kind
from countermand.sources.source import Asker, Caller, Checked, Link, Source
from countermand.store import connected, fleet, log, reporters, syncing, watching
from countermand.store.connected import Connected
from countermand.store.unit import aside, unit

#: Source names stand in addresses and in the names of files.
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
#: How often a source is asked when nobody says, and the bounds of what may be said.
EVERY, LEAST, MOST = 4 * HOUR, 5 * MINUTE, 7 * DAY
Opened = TypeVar("Opened")


@dataclass(frozen=True, slots=True)
class NewSource:
    """``secret``: of a source that posts, shown this once: the sender gives it as a password or bearer token, or signs with it.
    '' for one that is asked."""

    name: str
    kind: str
    secret: str


@dataclass(frozen=True, slots=True)
class Reset:
    """How a source is asked from now on; ``renewed``: with another secret."""

    source: str
    settings: Mapping[str, str]
    every: int
    renewed: bool


@dataclass(frozen=True, slots=True)
class Paused:
    source: str
    paused: bool


def source_add(
    act: Act,
    state_dir: Path,
    name: str,
    kind: str,
    settings: Mapping[str, str] | None = None,
    secret: str = "",
    every: int = EVERY,
) -> NewSource:
    """Connect a source. One that posts gets a secret; one that is asked is given ``settings``, the ``secret`` that its vendor
    gave out, and how often it is asked, in milliseconds. With these also one that posts is asked, device by device; they may be
    given later. One that is pushed by its vendor need not be asked, and so needs no secret. Refused ``source-name``,
    ``source-kind``, ``source-exists``, ``source-setting``, ``source-secret``, ``source-interval``."""
    require(act.actor, "operator")
    if not _NAME.fullmatch(name):
        raise Refused("source-name", name=name)
    found = _kind(kind)
    posts, asks = found.comes is Comes.POSTS, bool(found.comes is not Comes.POSTS or settings or secret)
    posted = _posting_known(state_dir, name, kind)
    if _known(name) or (posted and not (posts and asks)):
        raise Refused("source-exists", name=name)
    whole = vendor.whole(found.settings, settings or {}, "source-setting") if asks else {}
    if asks and not secret and not found.pushed(whole):
        raise Refused("source-secret", name=name)
    if not LEAST <= every <= MOST:
        raise Refused("source-interval")
    with unit():
        row = reporters.named(name, kind, every) if asks else reporters.named(name, kind)
        if asks:
            connected.connect(row.pk, whole, _sealed(state_dir, name, secret), every)
        about = {"settings": dict(whole), "every": every} if asks else {}
        log.append("source-added", act, {"source": name, "kind": kind, **about})
        return NewSource(name, kind, _posting(state_dir, name) if posts and not posted else "")


def source_set(
    act: Act, state_dir: Path, name: str, settings: Mapping[str, str], secret: str = "", every: int | None = None
) -> Reset:
    """Change how a connected source is asked: some of its settings, its secret, how often. A secret is never sent to another
    address than it was given for, so another address needs it again. Refused ``not-found``, ``source-not-asked``,
    ``source-setting``, ``source-secret``, ``source-interval``."""
    require(act.actor, "operator")
    found = known(name)
    if not _known(name):
        raise Refused("source-not-asked", name=name)
    if every is not None and not LEAST <= every <= MOST:
        raise Refused("source-interval")
    forms = _kind(found.kind).settings
    whole = vendor.whole(forms, {**found.settings, **settings}, "source-setting")
    moved = any(forms[one].is_address and whole[one] != found.settings.get(one, forms[one].default) for one in whole)
    if moved and found.credential and not secret:
        raise Refused("source-secret", name=name)
    credential = _sealed(state_dir, name, secret) if secret else found.credential
    span = found.interval if every is None else every
    with unit():
        connected.connect(found.pk, whole, credential, span)
        if moved:
            syncing.end(found.pk)  # what is on its way in is of another place
        log.append("source-changed", act, {"source": name, "settings": dict(whole), "every": span, "renewed": bool(secret)})
    return Reset(name, whole, span, bool(secret))


def source_pause(act: Act, name: str, *, paused: bool) -> Paused:
    """Take nothing more from a source, or take it again. What it said before stands; nobody's evidence ages meanwhile.
    Refused ``not-found``."""
    require(act.actor, "release")
    found = known(name)
    with aside():
        if (found.paused_at is not None) is not paused:
            connected.pause(found.pk, act.now if paused else None)
            log.append("source-paused" if paused else "source-resumed", act, {"source": name})
    return Paused(name, paused)


def source_check(act: Act, config: Config, name: str, tick: Progress = silent) -> Checked:
    """Ask the source what works and what it can see; nothing is taken. A person waits for it, so silence is not borne for
    long. Refused ``not-found``, ``source-not-asked``, ``drill-stays-in``, ``source-credential``."""
    require(act.actor, "ingest")
    found = known(name)
    done = asker(act, config, found, patience=Patience(A_PERSON)).check(_watched_names(act), tick)
    kind = KINDS[found.kind]
    if kind.sight is None:
        return done
    sees: Counter[Sight] = Counter()
    for (enrollment, ownership), count in fleet.kinds_enrolled(name).items():
        sees[kind.sight(enrollment, ownership)] += count
    return replace(done, sees=sees)


def opened(act: Act, config: Config, found: Connected, wait: Wait = time.sleep, patience: Patience | None = None) -> Source:
    """The source whose set can be fetched, ready to be asked. A drill asks nobody."""
    kind = KINDS.get(found.kind)
    return _ready(act, config, found, kind.open if kind else None, wait, patience)


def caller(act: Act, config: Config, found: Connected, wait: Wait = time.sleep, patience: Patience | None = None) -> Caller:
    """The source that posts, ready to ask devices."""
    kind = KINDS.get(found.kind)
    return _ready(act, config, found, kind.call if kind else None, wait, patience)


def asker(act: Act, config: Config, found: Connected, wait: Wait = time.sleep, patience: Patience | None = None) -> Asker:
    """The source, ready to be asked for single devices, whichever way it comes."""
    return (caller if calls(found.kind) else opened)(act, config, found, wait, patience)


def calls(kind: str) -> bool:
    """Whether a source of this kind posts, and can be told to ask its devices."""
    return kind in KINDS and KINDS[kind].call is not None


def _ready(
    act: Act,
    config: Config,
    found: Connected,
    make: Callable[[Link], Opened] | None,
    wait: Wait,
    patience: Patience | None,
) -> Opened:
    if make is None or not found.credential:
        raise Refused("source-not-asked", name=found.name)
    if act.drill:
        raise Refused("drill-stays-in", name=found.name)
    house = House(frozenset(config.sources.private_hosts), config.sources.ca_file, wait, patience=patience)
    try:
        secret = sealed.opened(credentials_key(config.state_dir), _purpose(found.name), found.credential)
    except sealed.Unsealed:
        raise Refused("source-credential", name=found.name) from None
    return make(Link(found.name, found.settings, secret, house.to, clock.now))


def known(name: str) -> Connected:
    """The source of this name. Refused ``not-found``."""
    found = connected.find(name)
    if found is None:
        names = [one.name for one in connected.every()]
        raise not_found("source", name, names)
    return found


def address_of(config: Config, name: str) -> str:
    """Where a source of this name posts."""
    return f"{config.control.url.rstrip('/')}/api/v1/sources/{name}/events"


def secret_file(state_dir: Path, name: str) -> Path:
    """Where the secret of a source that posts lies."""
    return state_dir / "keys" / "sources" / f"{name}.secret"


def secret_of(state_dir: Path, name: str) -> str:
    """The secret of a source that posts; for one that there is not, a secret that nobody can know."""
    nobody = secrets.token_urlsafe(32)
    if not _NAME.fullmatch(name):
        return nobody
    try:
        return secret_file(state_dir, name).read_text("utf-8").strip() or nobody
    except OSError:
        return nobody


def _posting(state_dir: Path, name: str) -> str:
    """A new secret of a source that posts. Inside the unit that makes it known."""
    file, secret = secret_file(state_dir, name), standard_webhooks.new_secret()
    drafts.make_folder(file.parent, 0o700)
    drafts.write(file, secret + "\n", 0o600, new=True)
    return secret


def _kind(name: str) -> Kind:
    found = KINDS.get(name)
    if found is None or found.comes is Comes.FILE:
        known = ", ".join(kind for kind, one in KINDS.items() if one.comes is not Comes.FILE)
        raise Refused("source-kind", kind=name, known=known)
    return found


def _known(name: str) -> bool:
    row = connected.find(name)
    return row is not None and bool(row.credential or row.settings)


def _sealed(state_dir: Path, name: str, secret: str) -> bytes:
    return sealed.seal(credentials_key(state_dir), _purpose(name), secret) if secret else b""


def _posting_known(state_dir: Path, name: str, kind: str) -> bool:
    """Whether a source of this name may post already. Refused ``source-exists`` if it is of another kind."""
    row = connected.find(name)
    known = secret_file(state_dir, name).exists()
    if known and row is not None and row.kind != kind:
        raise Refused("source-exists", name=name)
    return known


def _purpose(name: str) -> str:
    return f"source:{name}"


def _watched_names(act: Act) -> frozenset[str]:
    """The names, folded, of the products of which an app is watched."""
    watched = watching.watch_list(act.now)
    names: set[str] = set()
    for product in load().products:
        if any(fact.app in watched for fact in product.ids if fact.app is not None):
            names |= {folded(name) for name in (product.name, *product.aliases, *(fact.name for fact in product.ids))}
    return frozenset(names - {""})
