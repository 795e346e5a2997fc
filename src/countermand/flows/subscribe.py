"""Subscribing machines to what the ledger records: adding one, holding it, letting it hear again from an earlier leaf."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from countermand.access import Act, require
from countermand.config import Config
from countermand.core.errors import Refused
from countermand.core.forms import not_found
from countermand.core.instants import Instant
from countermand.flows.credentials import credentials_key
from countermand.lib import clock, sealed, standard_webhooks
from countermand.lib.addresses import loopback
from countermand.signals.kinds import Kind, Link, checked, way
from countermand.signals.siem import FORMS
from countermand.signals.way import Way
from countermand.store import log, subscribers, tree
from countermand.store.subscribers import Subscriber
from countermand.store.unit import aside

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


@dataclass(frozen=True, slots=True)
class NewSubscriber:
    """``secret``: what the receiver checks signatures with, if we made it; shown this once. ``begins``: the first leaf."""

    name: str
    kind: str
    begins: int
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Listening:
    """``next``: the next leaf that it is told."""

    name: str
    paused: bool
    next: int


@dataclass(frozen=True, slots=True)
class Gone:
    name: str


def subscriber_add(
    act: Act,
    state_dir: Path,
    name: str,
    kind: str,
    url: str,
    *,
    form: str = "",
    only: Sequence[str] = (),
    hide_actors: bool = False,
    secret: str = "",
    begins: int | None = None,
) -> NewSubscriber:
    """Tell a machine what the ledger records, from the next entry on or from leaf ``begins``. A webhook's ``secret`` is made here
    unless the receiver gave one out. Refused ``subscriber-name``, ``subscriber-exists``, ``unknown-choice``, ``subscriber-url``,
    ``url-insecure``, ``subscriber-secret``, ``subscriber-position``."""
    require(act.actor, "subscribe")
    if not _NAME.fullmatch(name):
        raise Refused("subscriber-name", name=name)
    if subscribers.find(name) is not None:
        raise Refused("subscriber-exists", name=name)
    found = _kind(kind)
    host = checked(found, url)
    if found is Kind.SYSLOG:
        form, made = _form(form or "ocsf"), ""
    else:
        form, made = "", "" if secret else standard_webhooks.new_secret()
    credential = _sealed(state_dir, name, secret or made) if found is Kind.WEBHOOK else b""
    with aside():
        position = _position(_sealed_size() if begins is None else begins)
        subscribers.add(name, found.value, url, form, tuple(only), hide_actors, credential, position)
        log.append(
            "subscriber-added",
            act,
            {"subscriber": name, "kind": found.value, "host": host, "only": list(only), "begins": position},
        )
    return NewSubscriber(name, found.value, position, made)


def subscriber_pause(act: Act, name: str, *, paused: bool) -> Listening:
    """Tell a subscriber nothing until it is resumed; nothing is lost meanwhile. Refused ``not-found``."""
    require(act.actor, "subscribe")
    with aside():
        found = known(name)
        if (found.paused_at is not None) is not paused:
            subscribers.pause(found.pk, act.now if paused else None)
            log.append("subscriber-paused" if paused else "subscriber-resumed", act, {"subscriber": name})
    return Listening(name, paused, found.position)


def subscriber_replay(act: Act, name: str, leaf: int) -> Listening:
    """Tell it everything again from this leaf on, each event under the id that it had. Refused ``not-found``,
    ``subscriber-position``."""
    require(act.actor, "subscribe")
    with aside():
        found = known(name)
        subscribers.place(found.pk, _position(leaf))
        log.append("subscriber-replayed", act, {"subscriber": name, "begins": leaf})
    return Listening(name, found.paused_at is not None, leaf)


def subscriber_remove(act: Act, name: str) -> Gone:
    """Tell it nothing more, and forget its secret. Refused ``not-found``."""
    require(act.actor, "subscribe")
    with aside():
        found = known(name)
        subscribers.remove(found.pk)
        log.append("subscriber-removed", act, {"subscriber": name})
    return Gone(name)


def known(name: str) -> Subscriber:
    """The subscriber of this name. Refused ``not-found``."""
    found = subscribers.find(name)
    if found is None:
        names = [one.name for one in subscribers.every()]
        raise not_found("subscriber", name, names)
    return found


def opened(act: Act, config: Config, found: Subscriber) -> Way:
    """The way to it. A drill tells nobody but this machine: Refused ``drill-stays-in``; ``subscriber-credential``."""
    kind = Kind(found.kind)
    if act.drill and not loopback(checked(kind, found.url)):
        raise Refused("drill-stays-in", name=found.name)
    secret = ""
    if found.credential:
        try:
            secret = sealed.opened(credentials_key(config.state_dir), _purpose(found.name), found.credential)
        except sealed.Unsealed:
            raise Refused("subscriber-credential", name=found.name) from None
    private = frozenset(config.signals.private_hosts)
    return way(Link(kind, found.url, found.form, secret, private, config.signals.ca_file, _real))


def _real() -> Instant:
    """Receivers compare with their own clocks, also in a drill."""
    return clock.now()


def _kind(name: str) -> Kind:
    try:
        return Kind(name)
    except ValueError:
        raise Refused("unknown-choice", what="kind of subscriber", name=name, known=", ".join(Kind)) from None


def _form(name: str) -> str:
    if name not in FORMS:
        raise Refused("unknown-choice", what="form", name=name, known=", ".join(FORMS))
    return name


def _sealed_size() -> int:
    last = tree.last()
    return last.size if last else 0


def _position(leaf: int) -> int:
    last = _sealed_size()
    if not 0 <= leaf <= last:
        raise Refused("subscriber-position", leaf=leaf, last=last)
    return leaf


def _sealed(state_dir: Path, name: str, secret: str) -> bytes:
    try:
        standard_webhooks.key_of(secret)
    except ValueError as wrong:
        raise Refused("subscriber-secret", why=str(wrong)) from None
    return sealed.seal(credentials_key(state_dir), _purpose(name), secret)


def _purpose(name: str) -> str:
    return f"subscriber:{name}"
