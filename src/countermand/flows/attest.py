"""Attest, retire, bind, and mail removed: what people say of one device, each recorded as a flow of its own."""

from collections.abc import Collection

from countermand.access import Act, require
from countermand.core.apps import App
from countermand.core.coverage import Coverage, Grade, Report
from countermand.core.devices import Identity
from countermand.core.errors import Refused
from countermand.core.presence import Presence, concise, fold
from countermand.flows.flipping import flipping
from countermand.store import attested, directory, evidence, feed, fleet, log, watching
from countermand.store.unit import unit

#: The source that attestations are kept under; it has no connector, so its age is measured against the clock.
SOURCE = "attestation"


def attest(act: Act, device: str, apps: Collection[App]) -> None:
    """Record a statement that exactly these apps are gone from a device (``kind:value`` or a serial). It covers them and
    nothing else, and never clears presence that a machine showed.

    Refused ``not-found``, ``device-retired``, or ``app-not-watched``: an id that nothing may keep is not written here either.
    """
    require(act.actor, "attest")
    with unit():
        record(act, _standing(device), frozenset(apps))


def record(act: Act, ordinal: int, named: frozenset[App]) -> None:
    """The statement itself, in the caller's unit: whether it may be made is the caller's to know."""
    watched = watching.watch_list(act.now)
    if strange := sorted(named - watched):
        raise Refused("app-not-watched", app=str(strange[0]))
    met = evidence.Met()
    report = Report(SOURCE, act.now, Grade.ATTESTED, Coverage(named), frozenset())
    with flipping(act, devices=[ordinal]):
        before = evidence.presences([ordinal], met).get(ordinal, Presence())
        evidence.save_presences({ordinal: (before, concise(fold(before, [report])))}, met)
        attested.record(ordinal, named, act.now, act.actor.name)
    log.append("attested", act, {"apps": sorted(str(app) for app in named)}, [f"device:{ordinal}"])


def device_retire(act: Act, device: str, why: str) -> None:
    """Declare a device replaced or retired: out of every scope, its evidence void, its names free for another device.
    Refused ``not-found`` or ``device-retired``."""
    require(act.actor, "attest")
    with unit():
        ordinal = _standing(device)
        row = fleet.load([ordinal])[ordinal]
        gone = _names_at_gates(ordinal, row.owner)
        with flipping(act, devices=[ordinal]):
            evidence.void([ordinal])
            fleet.unname([ordinal])
            fleet.retire(ordinal)
        feed.mark_names(gone)
        log.append("device-retired", act, {"why": why}, [f"device:{ordinal}"])


def device_bind(act: Act, device: str, identity: Identity) -> None:
    """A name under which mail was asked for (a sighting) is this device's. Refused ``not-found``, ``device-retired``, or
    ``identity-elsewhere`` if it is another device's name."""
    require(act.actor, "attest")
    with unit():
        ordinal = _standing(device)
        owner = fleet.find([identity]).get(identity)
        if owner == ordinal:
            return
        if owner is not None:
            raise Refused("identity-elsewhere", identity=f"{identity.kind}:{identity.value}", other=device)
        with flipping(act, devices=[ordinal]):
            fleet.name([(ordinal, identity)])
            fleet.reads_mail(ordinal)
        feed.mark_names(_names_at_gates(ordinal, fleet.load([ordinal])[ordinal].owner))
        log.append("device-bound", act, {"kind": identity.kind.value}, [f"device:{ordinal}"])


def mail_removed(act: Act, device: str, *, removed: bool = True) -> None:
    """The person says that mail is gone from the device (or, with ``removed`` false, that it is there again): complied where
    the directive takes that. Should the device ask for mail all the same, it is denied as before."""
    require(act.actor, "attest")
    with unit():
        ordinal = _standing(device)
        with flipping(act, devices=[ordinal]):
            fleet.set_mail_removed(ordinal, removed)
        log.append("mail-removed" if removed else "mail-back", act, {}, [f"device:{ordinal}"])


def _standing(device: str) -> int:
    ordinal = fleet.named(device)
    if fleet.load([ordinal])[ordinal].retired:
        raise Refused("device-retired", device=device)
    return ordinal


def _names_at_gates(ordinal: int, owner: int | None) -> list[tuple[str, str, str]]:
    if owner is None:
        return []
    login = directory.logins([owner])[owner]
    return [(login, one.kind.value, one.value) for one in fleet.identities([ordinal]).get(ordinal, [])]
