"""What an employee may do for themselves. Nobody needs a role for it: the device, or the order, must be their own.

``me`` is the person's ordinal, proven by signing in. In the ledger the actor is "employee"; who it was is a commitment.
A device that is another's is not found: nobody learns here whose is whose.
"""

from countermand.access import Act, Actor
from countermand.core.devices import IdentityKind
from countermand.core.errors import Refused
from countermand.core.instants import Instant
from countermand.core.terms import Lineage
from countermand.flows import attest, exempt, mail_passwords, objecting, recheck
from countermand.flows.objecting import Hearing
from countermand.store import directory, exemptions, fleet, log, objections, terms
from countermand.store.exemptions import Exemption
from countermand.store.fleet import DeviceRow
from countermand.store.objections import Objection
from countermand.store.unit import unit

EMPLOYEE = Actor("employee", frozenset())


def say_removed(act: Act, me: int, device: int, name: str) -> None:
    """The person says that the app is gone and asks for another look. It proves nothing; it is kept, so that whoever helps
    sees when it was said, and every source that knows the device is to look at it."""
    with unit():
        _own(me, device)
        _order(name)
        recheck.want(act, device, name)
        log.append("removal-said", act, {"lineage": name}, _subjects(me, device))


def attest_own(act: Act, me: int, device: int, name: str) -> None:
    """The person's own statement that none of the order's apps is on the device. Refused ``attestation-not-enough`` where the
    order wants more than their word; it never clears what a machine saw."""
    with unit():
        row = _own(me, device)
        lineage = _order(name)
        if not lineage.current.takes_word(row.ownership, row.platform):
            raise Refused("attestation-not-enough", name=name)
        apps = frozenset(fleet.app_names(lineage.current.apps[row.platform]).values())
        attest.record(act, device, apps)


def not_mine(act: Act, hearing: Hearing, me: int, device: int, words: str) -> Objection:
    """The person says that the device is not theirs: it gets none of their mail from here on. It lifts nothing, and a human
    looks whose it is."""
    with unit():
        _own(me, device)
        return objecting.add(act, hearing, objections.NOT_MINE, me, device, "", words)


def contest(act: Act, hearing: Hearing, me: int, device: int, name: str, words: str) -> Objection:
    """The person contests what an order makes of the device; it waits for a human who can lift it."""
    with unit():
        _own(me, device)
        _order(name)
        return objecting.add(act, hearing, objections.CONTEST, me, device, name, words)


def ask_exemption(act: Act, me: int, name: str, ground: str, until: Instant) -> Exemption:
    """Propose the person's own exemption; somebody who may agrees to it, or does not. Refused as ``exempt.exempt`` does."""
    with unit():
        login = directory.logins([me])[me]
        exempt.check(act, name, ground, until)
        found = exemptions.propose(name, "person", login, ground, until, act.actor.name, act.now)
        log.append("exemption-proposed", act, exempt.about(found), [f"person:{login}"])
    return found


def mail_password(act: Act, me: int, device: int, *, first: bool) -> str:
    """A new mail password for a device of theirs, the ``first`` too if they may issue that themselves; an old one ends. A
    denial stays the device's. Refused ``not-found`` where mail passwords are not in use for it, ``device-retired``."""
    with unit():
        row = _own(me, device)
        known = fleet.identities([device]).get(device, [])
        if not first and not any(one.kind is IdentityKind.PASSWORD for one in known):
            raise Refused("not-found", what="mail password of the device", name=f"#{device}", nearest="none")
        if row.retired:
            raise Refused("device-retired", device=f"#{device}")
        return mail_passwords.renew(act, device, directory.logins([me])[me])


def _own(me: int, device: int) -> DeviceRow:
    row = fleet.load([device]).get(device)
    if row is None or row.owner != me:
        raise Refused("not-found", what="device of yours", name=f"#{device}", nearest="none")
    return row


def _order(name: str) -> Lineage:
    lineage = terms.lineage(name)
    if lineage is None:
        raise Refused("not-found", what="order in force", name=name, nearest="none")
    return lineage


def _subjects(me: int, device: int) -> list[str]:
    return [f"device:{device}", f"person:{directory.logins([me])[me]}"]
