"""The acts during which the process is killed, each with the world up to just before it."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass

import house

from countermand.access import Role
from countermand.config import Holdbacks
from countermand.core.bundle import Purpose
from countermand.core.coverage import EVERYTHING, Grade, Report
from countermand.core.devices import Identity, IdentityKind
from countermand.core.errors import Refused
from countermand.core.instants import HOUR, MINUTE, from_iso
from countermand.core.mentions import Mention
from countermand.flows import provision, provision_groups, telling
from countermand.flows import restore as restoring
from countermand.flows.accounts import key_file
from countermand.flows.approve import approve
from countermand.flows.backup import backup
from countermand.flows.deliver import deliver
from countermand.flows.erase import erase_person
from countermand.flows.ingest import ingest
from countermand.flows.issue import issue, resume, supersede
from countermand.flows.letters import Desk
from countermand.flows.publish import publish
from countermand.flows.publish_snapshot import publish_snapshot
from countermand.flows.seal import seal
from countermand.flows.stop import halt, rescind
from countermand.flows.sweep import sweep
from countermand.lib import clock, keys
from countermand.people.scim import Said
from countermand.reads import installation
from countermand.snapshot.files import directory_of
from countermand.store import provisioned_groups
from countermand.store.setup import close_store
from killing.world import AUDIENCE, CARVED_OUT, ORDER, SECOND_ORDER, Gate, World, order

DUE = from_iso("2020-07-18T00:00:00Z")
#: Notices claimed at once: few, so that there are several batches.
BATCH = 4

Step = Callable[[World], object]


@dataclass(frozen=True)
class Scene:
    """``by_person``: somebody did it, and may or may not do it again after the crash; else the worker does. ``done``: the
    refusals that say that it had been done. ``extra``: kinds of ledger entries that doing it again adds, rightly.
    ``by_all_means``: nothing else goes on before it is done. ``meanwhile``: what happens after it, or after the crash."""

    before: Step
    act: Step
    by_person: bool = False
    done: frozenset[str] = frozenset()
    extra: frozenset[str] = frozenset()
    by_all_means: bool = False
    meanwhile: Step = lambda _: None

    @property
    def repeats(self) -> tuple[bool, ...]:
        """Whether somebody does it again after the crash: each way that has to be tried."""
        if self.by_all_means:
            return (True,)
        return (True, False) if self.by_person else (False,)

    def again(self, world: World) -> None:
        """Somebody who does not know whether it happened does it again."""
        try:
            self.act(world)
        except Refused as refused:
            if refused.code not in self.done:
                raise


# -- before --


def _signed(name: str = ORDER, text: str | None = None, now: int = house.NOW) -> None:
    house.proposed(text or order(name), now)
    for approver in ("petra", "paul"):
        house.approved(approver, name, now)


def proposed(world: World) -> None:
    house.proposed(order(), world.now)
    house.approved("petra", now=world.now)
    world.signatures["paul"] = house.signature("paul", now=world.now)


def signed(world: World) -> None:
    _signed(text=order(more="rollout: {rings: [{share: 50%, hold: 4h}, {share: 100%}]}"))


def issued(world: World) -> None:
    """Two orders over the same phones, promised and not yet handed over."""
    for name in (ORDER, SECOND_ORDER):
        _signed(name)
        issue(house.operator(world.now), name, expected=AUDIENCE)
        telling.issue_all(world.act(), name)


def promised(world: World) -> None:
    """One order, of which nothing was handed over yet."""
    _signed()
    issue(house.operator(world.now), ORDER, expected=AUDIENCE)
    telling.issue_all(world.act(), ORDER)


def told(world: World) -> None:
    """Both were handed over, and the gate knows."""
    issued(world)
    world.work(1)
    Gate(world).listen()


def due(world: World) -> None:
    """The due has come, mail is denied, and people heard that it is."""
    told(world)
    world.now = DUE + HOUR
    world.work(1)
    Gate(world).listen()


def halted(world: World) -> None:
    due(world)
    halt(house.operator(world.now), ORDER)
    world.work(1)
    for approver in ("petra", "paul"):
        house.approved(approver, now=world.now, purpose=Purpose.RESUME)
    Gate(world).listen()


def backed_up(world: World) -> None:
    """A backup from before the order was taken back."""
    told(world)
    backup(house.operator(world.now), world.config, world.folder / "a.backup", with_keys=True)
    rescind(house.operator(world.now), ORDER, "sent-in-error")
    world.publish()
    Gate(world).listen()
    world.now += MINUTE  # whoever published is known to be gone


def keyless(world: World) -> None:
    """Rows, and a state directory with nothing in it yet."""
    shutil.rmtree(world.state)
    shutil.rmtree(world.folder / "gate")


def amended(world: World) -> None:
    told(world)
    _signed(text=order(due="2020-07-21T17:00"), now=world.now)


def remindable(world: World) -> None:
    """Three weeks' worth for one sweep: a reminder, a stage, and the due itself lie between the last one and this."""
    more = (
        "reminders: [1d]\nstages: [{what: identify, due: 2020-07-12}]\nrollout: {rings: [{share: 50%, hold: 4h}, {share: 100%}]}"
    )
    for name in (ORDER, SECOND_ORDER):
        _signed(name, order(name, more=more))
        issue(house.operator(world.now), name, expected=AUDIENCE)
        telling.issue_all(world.act(), name)
    world.work(1)
    Gate(world).listen()
    world.now = DUE - HOUR


def rescinded(world: World) -> None:
    """Taken back after the first batch: its corrections are promised, what else was waiting is void."""
    promised(world)
    _deliver(world, 1)
    rescind(house.operator(world.now), ORDER, "sent-in-error")
    telling.rescind_all(world.act(), ORDER)


def changed(world: World) -> None:
    """There is something to publish of every kind that a small world has."""
    due(world)
    ingest(house.operator(world.now), "mdm", [_mention(0, world.now)])
    halt(house.operator(world.now), SECOND_ORDER)


def signalled(world: World) -> None:
    """A receiver heard who is denied; since then one phone got rid of the app, and another has it."""
    due(world)
    world.let_in()
    world.signal()
    _ingest(world)


def overdue(world: World) -> None:
    told(world)
    world.now = DUE + 10 * MINUTE


# -- acts --


def _issue(world: World) -> None:
    found = issue(house.operator(world.now), ORDER, expected=AUDIENCE)
    telling.issue_all(house.operator(world.now), ORDER, found.audience)


def _supersede(world: World) -> None:
    found = supersede(house.operator(world.now), ORDER, expected=AUDIENCE)
    telling.issue_all(house.operator(world.now), ORDER, found.audience)


def _rescind(world: World) -> None:
    rescind(house.operator(world.now), ORDER, "sent-in-error")
    telling.rescind_all(house.operator(world.now), ORDER)


def _resume(world: World) -> None:
    resume(house.operator(world.now), ORDER, expected=AUDIENCE, acknowledged=AUDIENCE)


def _mention(number: int, now: int, *present: object) -> Mention:
    names = frozenset({house.TIKTOK} if present else ())
    identity = Identity(IdentityKind.EAS, f"Appl{number:04d}")
    return Mention((identity,), enrolled=True, seen_at=now, reports=(Report("mdm", now, Grade.INVENTORY, EVERYTHING, names),))


def _ingest(world: World) -> None:
    """One phone is rid of the app, another has it now."""
    ingest(house.operator(world.now), "mdm", [_mention(0, world.now - MINUTE), _mention(5, world.now - MINUTE, "app")])


def _ingest_back(world: World) -> None:
    """The other way about: what a receiver may have heard is no longer so."""
    world.now += MINUTE
    ingest(house.operator(world.now), "mdm", [_mention(0, world.now, "app"), _mention(5, world.now)])


def _deliver(world: World, batches: int = 100) -> None:
    desk = Desk(_notices_key(world), "example.org", world.config.smtp.sender, world.config.notices.lease)
    courier = world.courier()
    for _ in range(batches):
        if not deliver(world.act, courier.send, desk, "the one that dies", clock.now, BATCH).claimed:
            break
    courier.close()


def _notices_key(world: World) -> bytes:
    return keys.load_or_create_secret(world.state / "keys" / "notices.secret")


def _publish(world: World) -> None:
    publish(world.speaker(), "publisher", world.now, beat=True)


def _snapshot(world: World) -> None:
    publish_snapshot(world.speaker(), directory_of(world.state), world.now)


def _seal(world: World) -> None:
    while (found := seal(world.act(), key_file(world.state, "ledger"), 8, state_dir=world.state)) and found.more:
        pass


def _keys(world: World) -> None:
    """What ``init``, ``serve`` and ``worker`` make on first use."""
    world.speaker()
    keys.load_or_create(key_file(world.state, "ledger"))
    _notices_key(world)


def _restore(world: World) -> None:
    close_store()
    world.make_tables_at_once()
    restoring.restore(world.config, world.folder / "a.backup", "token of otto", replace=True)
    installation.open_installation(world.config.database)


def _listen(world: World) -> None:
    publish(world.speaker(), "publisher", world.now, beat=True)
    Gate(world).listen()


def _rename(world: World) -> None:
    """Somebody whose mail is denied is called otherwise, and has moved."""
    said = Said("renamed", "renamed", "p00001@example.org", "Renamed", "Europe/Berlin", "de", "DE", "employee", "", True, "ext-1")
    wanted = provision.Wanted(said, '{"schemas":[],"userName":"renamed"}')
    number = str(world.number("p00001", "renamed"))
    provision.change_person(house.operator(world.now), number, lambda was: wanted, Holdbacks())


def _carve_out(world: World) -> None:
    """Two come into the group that the orders leave out, and one leaves it."""
    group = provisioned_groups.group_named("responders")
    assert group is not None
    come, go = frozenset(str(world.number(login)) for login in ("p00000", "p00001")), str(world.number(CARVED_OUT))
    change = provision_groups.Change(external="ext-2", add=come, remove=frozenset({go}))
    provision_groups.change_group(house.operator(world.now), group.id, lambda was, members: change, Holdbacks())


def _erase(world: World) -> None:
    """Somebody with a phone of their own, which is denied."""
    erase_person(house.act("ada", Role.ADMINISTRATOR, now=world.now), "p00009", "DSR-1", leaves=True)


SCENES: dict[str, Scene] = {
    "approve": Scene(
        proposed,
        lambda world: approve(house.approver("paul", world.now), ORDER, world.signatures["paul"]),
        by_person=True,
        done=frozenset({"approved-already"}),
    ),
    "issue": Scene(signed, _issue, by_person=True, done=frozenset({"issued-already"})),
    "halt": Scene(due, lambda world: halt(house.operator(world.now), ORDER), by_person=True),
    "rescind": Scene(due, _rescind, by_person=True, done=frozenset({"wrong-state"})),
    "resume": Scene(halted, _resume, by_person=True, done=frozenset({"not-halted"})),
    "supersede": Scene(amended, _supersede, by_person=True, done=frozenset({"wrong-state", "issued-already"})),
    "ingest": Scene(due, _ingest, by_person=True, extra=frozenset({"reports"})),
    "deliver": Scene(promised, _deliver),
    "correct": Scene(rescinded, _deliver),
    "sweep": Scene(remindable, lambda world: sweep(world.now)),
    "sweep-due": Scene(overdue, lambda world: sweep(world.now)),
    "publish": Scene(changed, _publish),
    "snapshot": Scene(changed, _snapshot),
    "gate": Scene(changed, _listen),
    "seal": Scene(promised, _seal),
    "restore": Scene(backed_up, _restore, by_person=True),
    "person": Scene(due, _rename, by_person=True, extra=frozenset({"person-changed"})),
    "group": Scene(due, _carve_out, by_all_means=True, extra=frozenset({"group-changed"})),
    "erase": Scene(due, _erase, by_person=True, done=frozenset({"not-found"})),
    "signal": Scene(signalled, World.signal, by_person=True, meanwhile=_ingest_back),
    "keys": Scene(keyless, _keys, by_all_means=True),
}
