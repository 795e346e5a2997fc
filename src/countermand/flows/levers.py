"""Levers: adding one with its secret sealed, pausing it, letting its switch deny, taking everything of ours back."""

import re
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from countermand.access import Act, require
from countermand.config import Config
from countermand.core.errors import Refused
from countermand.core.forms import not_found
from countermand.core.lever import MARK_DIGITS, Power
from countermand.flows.credentials import credentials_key
from countermand.levers.kinds import KINDS
from countermand.levers.lever import Kind, Lever, Opened
from countermand.lib import clock, sealed, vendor
from countermand.lib.addresses import loopback
from countermand.lib.outward import A_PERSON, House, Patience, Wait
from countermand.lib.vendor import Ability, Link
from countermand.store import entries, levers, log
from countermand.store.levers import LeverRow
from countermand.store.unit import aside

#: Tries of one request; what works on a lever has a patience of its own.
_TRIES = 2
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


@dataclass(frozen=True, slots=True)
class NewLever:
    name: str
    kind: str
    unsupported: str


@dataclass(frozen=True, slots=True)
class Standing:
    """How a lever stands now. ``enabled``: whether its switch may deny; ``waits``: whether a second person is to agree."""

    name: str
    paused: bool
    undoing: bool
    enabled: bool
    waits: bool = False


def lever_add(act: Act, state_dir: Path, name: str, kind: str, settings: Mapping[str, str], secret: str = "") -> NewLever:
    """Connect a lever. Nothing is written to it until somebody says so (lever_begin). Refused ``lever-name``, ``lever-kind``,
    ``lever-exists``, ``lever-setting``, ``lever-secret``, ``lever-unsupported``."""
    require(act.actor, "lever")
    if not _NAME.fullmatch(name):
        raise Refused("lever-name", name=name)
    if kind not in KINDS:
        raise Refused("lever-kind", kind=kind, known=", ".join(KINDS))
    found = KINDS[kind]
    if levers.find(name) is not None:
        raise Refused("lever-exists", name=name)
    if found.unsupported and settings.get("unsupported") != "accepted":
        raise Refused("lever-unsupported", name=name, who=found.unsupported)
    whole = vendor.whole(found.settings, settings, "lever-setting")
    if found.open is not None and not secret:
        raise Refused("lever-secret", name=name)
    credential = sealed.seal(credentials_key(state_dir), _purpose(name), secret) if secret else b""
    with aside():
        levers.add(name, kind, whole, credential, secrets.token_hex(MARK_DIGITS // 2), act.now)
        log.append("lever-added", act, {"lever": name, "kind": kind, "settings": whole})
    return NewLever(name, kind, found.unsupported)


def lever_remove(act: Act, name: str) -> Standing:
    """Forget a lever and its secret. Refused ``not-found``, ``lever-holds`` as long as anything of ours is there."""
    require(act.actor, "lever")
    with aside():
        found = known(name)
        if entries.holds(found.pk) or found.switch.power in {Power.ON, Power.REPORT}:
            raise Refused("lever-holds", name=name)
        levers.remove(found.pk)
        log.append("lever-removed", act, {"lever": name, "policy": found.switch.policy})
    return Standing(name, paused=False, undoing=False, enabled=False)


def lever_begin(act: Act, name: str) -> Standing:
    """From now on the lever is kept up with what is wanted; the worker does it. Ends an undo. Refused ``not-found``."""
    require(act.actor, "work-lever")
    with aside():
        found = known(name)
        if found.begun_at is None or found.undoing:
            levers.update(found.pk, begun_at=act.now, undoing=False, walked_at=None, named_at=None, next_try=0)
            log.append("lever-begun", act, {"lever": name})
        return standing(name)


def lever_pause(act: Act, name: str, *, paused: bool) -> Standing:
    """Write no entries, or write them again. A switch still follows whatever is halted or rescinded. Refused ``not-found``."""
    require(act.actor, "work-lever")
    with aside():
        found = known(name)
        if (found.paused_at is not None) is not paused:
            levers.update(found.pk, paused_at=act.now if paused else None, next_try=0, failures=0)
            log.append("lever-paused" if paused else "lever-resumed", act, {"lever": name})
        return standing(name)


def lever_undo(act: Act, name: str) -> Standing:
    """Everything of ours goes, whatever the directives say: the switch at once, the entries behind it. Refused ``not-found``."""
    require(act.actor, "undo-lever")
    with aside():
        found = known(name)
        if not found.undoing:
            levers.update(
                found.pk, undoing=True, begun_at=found.begun_at or act.now, paused_at=None, walked_at=None, next_try=0,
                enabled_by="", enable_proposed_by="",
            )  # fmt: skip
            log.append("lever-undone", act, {"lever": name})
        return standing(name)


def lever_enable(act: Act, name: str) -> Standing:
    """Propose that the switch may deny, or agree to somebody else's proposal. Whatever somebody changed about it is accepted
    with that. Refused ``not-found``, ``lever-no-switch``, ``own-work``."""
    require(act.actor, "enable-lever")
    with aside():
        found = known(name)
        if not KINDS[found.kind].switch:
            raise Refused("lever-no-switch", name=name)
        if found.enable_proposed_by == act.actor.name:
            raise Refused("own-work", actor=act.actor.name, did="proposed", action="agree to")
        if found.enable_proposed_by:
            levers.update(found.pk, enabled_by=act.actor.name, enable_proposed_by="", changed="", next_try=0)
            if found.switch.power is Power.ON:
                levers.update(found.pk, power=Power.REPORT.value)  # whatever somebody made of it is written anew
            log.append("lever-enabled", act, {"lever": name, "proposed": found.enable_proposed_by})
        elif not found.enabled_by or found.switch.changed:
            levers.update(found.pk, enable_proposed_by=act.actor.name)
            log.append("lever-enable-proposed", act, {"lever": name})
        return standing(name)


def lever_disable(act: Act, name: str) -> Standing:
    """The switch denies nobody any more, at once and by one person; the entries stay. Refused ``not-found``."""
    require(act.actor, "undo-lever")
    with aside():
        found = known(name)
        if found.enabled_by or found.enable_proposed_by:
            levers.update(found.pk, enabled_by="", enable_proposed_by="")
            log.append("lever-disabled", act, {"lever": name})
        return standing(name)


def lever_check(act: Act, config: Config, name: str) -> list[Ability]:
    """Ask the system what works with these credentials. Refused ``not-found``, ``lever-carried``, ``drill-stays-in``."""
    require(act.actor, "work-lever")
    return opened(act, config, known(name), patience=Patience(A_PERSON)).check()


def standing(name: str) -> Standing:
    found = known(name)
    paused = found.paused_at is not None
    return Standing(name, paused, found.undoing, bool(found.enabled_by), bool(found.enable_proposed_by))


def lever_known(act: Act, name: str) -> LeverRow:
    """The same for whoever works it. Refused ``not-allowed`` before anything is looked for."""
    require(act.actor, "work-lever")
    return known(name)


def known(name: str) -> LeverRow:
    """The lever of this name. Refused ``not-found``."""
    found = levers.find(name)
    if found is None:
        names = [one.name for one in levers.every()]
        raise not_found("lever", name, names)
    return found


def kind_of(found: LeverRow) -> Kind:
    return KINDS[found.kind]


def opened(
    act: Act,
    config: Config,
    found: LeverRow,
    wait: Wait = time.sleep,
    apps: Mapping[str, Sequence[str]] | None = None,
    patience: Patience | None = None,
) -> Lever:
    """The way to it. A drill writes to nobody but this machine. ``apps``: as of ``Opened``, if anything is to be written."""
    kind = kind_of(found)
    if kind.open is None:
        raise Refused("lever-carried", name=found.name)
    addresses = [value for value in found.settings.values() if "://" in value]
    if act.drill and not all(loopback(urlsplit(one).hostname or "") for one in addresses):
        raise Refused("drill-stays-in", name=found.name)
    try:
        secret = sealed.opened(credentials_key(config.state_dir), _purpose(found.name), found.credential)
    except sealed.Unsealed:
        raise Refused("lever-credential", name=found.name) from None
    house = House(frozenset(config.levers.private_hosts), config.levers.ca_file, wait, _TRIES, patience)
    return kind.open(
        Opened(Link(found.name, found.settings, secret, house.to, clock.now), found.mark, {} if apps is None else apps)
    )


def _purpose(name: str) -> str:
    return f"lever:{name}"
