"""Every invariant of the product, asked of a world at rest by means that are not the product's own where there are any.

The oracle reads rows, the mail server's own notes say who was handed what, the ledger is verified and replayed, the gate
is one that started from its directory and heard the feed.
"""

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

from countermand.access import Act, Actor, Role
from countermand.core.decision import Clocks
from countermand.core.instants import DAY, HOUR, MINUTE, Instant
from countermand.flows.accounts import key_file
from countermand.flows.doctor import doctor
from countermand.gates.held import Held
from countermand.gates.subject import subject
from countermand.lib import keys
from countermand.notices import compose
from countermand.reads.ledger import verifier_line, verify_live
from countermand.store import models
from gate_plane import basic
from killing import replay, witness
from killing.mailbox import Noted
from killing.world import Gate, World

_TELLING = ("issued", "superseded")


def violations(world: World) -> Iterator[str]:
    """What does not hold, in words; nothing if all does."""
    noted = world.mailbox.settled()
    held = Gate(world).listen()
    yield from _denials(held, world.now)
    yield from _feed(held)
    yield from _ledger(world)
    yield from _sets(world)
    yield from _tellings(noted)
    yield from _corrections(world, noted)
    yield from _promises()
    yield from _signals(world)
    yield from _files(world)


def _denials(held: Held, now: Instant) -> Iterator[str]:
    """The gate, having heard all, denies exactly whom the rules deny: now, and at any later instant if nothing changes."""
    dues = set(models.Told.objects.values_list("due", flat=True))
    moments = {now, now + 30 * DAY, *(due + step for due in dues for step in (-MINUTE, 0, HOUR) if due > now)}
    owners, standing = witness.owners(), witness.orders()
    phones = witness.phones(owners)
    for at in sorted(moments):
        clocks = Clocks(at, at, at)
        for name, phone in phones.items():
            asked = subject(basic(phone.device.login).encode(), f"/?DeviceId={name}".encode())
            is_, should = not held.decide(asked, clocks).allow, witness.denied(phone, standing, at)
            if is_ != should:
                yield f"at {at - now:+} ms the gate {'denies' if is_ else 'allows'} {name} of {phone.device.login}"
        for login, owner in owners.items():
            asked = subject(basic(login).encode(), b"/?DeviceId=NEVERSEEN")
            is_, should = not held.decide(asked, clocks).allow, witness.denied_unregistered(owner, standing, at)
            if is_ != should:
                yield f"at {at - now:+} ms the gate {'denies' if is_ else 'allows'} what {login} did not register"


def _signals(world: World) -> Iterator[str]:
    """A receiver that was let in holds exactly those not compliant who are denied; nothing came more than twice."""
    if not models.SignalStream.objects.exists():
        return
    standing = witness.orders()
    phones = witness.phones(witness.owners()).values()
    should = {f"{phone.device.login}@example.org" for phone in phones if witness.denied(phone, standing, world.now)}
    if (holds := world.heard().people) != should:
        yield f"the receiver holds {sorted(holds)} not compliant, and denied are {sorted(should)}"
    for token, times in Counter(world.receiver.taken()).items():
        if times > 2:
            yield f"{token[-10:]} was pushed {times} times"


def _feed(held: Held) -> Iterator[str]:
    house = models.Installation.objects.get()
    numbers = list(models.FeedRecord.objects.filter(epoch=house.epoch).order_by("n").values_list("n", flat=True))
    if any(after != before + 1 for before, after in pairwise(numbers)):
        yield f"the feed has gaps: {numbers}"
    if held.epoch != house.epoch or (numbers and held.n != numbers[-1]):
        yield f"the gate holds {held.epoch}/{held.n}, the feed ends with {house.epoch}/{numbers[-1:]}"
    if models.Dirty.objects.exists():
        yield "something is marked and never published"


def _ledger(world: World) -> Iterator[str]:
    line = verifier_line(world.config.origin, key_file(world.state, "ledger").with_suffix(".key.pub"))
    seen = verify_live(Act(Actor("auditor", frozenset({Role.AUDITOR})), world.now), [line])
    if seen.problem is not None or seen.unsealed:
        yield f"the ledger: {seen.problem}, {seen.unsealed} unsealed"
    yield from replay.differences()


def _sets(world: World) -> Iterator[str]:
    for one in doctor(Act(Actor("otto", frozenset({Role.OPERATOR})), world.now)).differences:
        yield f"a set is not what the rows say: {one}"


def _tellings(noted: list[Noted]) -> Iterator[str]:
    """Told if and only if a notice of that version was taken; never more people than approved; none twice but the one in
    flight, which comes again under the same name."""
    taken = {one.message_id for one in noted}
    told = set(models.Told.objects.values_list("version", "person"))
    handed: set[tuple[int, int]] = set()
    settled = models.Notice.objects.filter(state="accepted").exclude(person__login__startswith="erased-")
    told -= set(models.Told.objects.filter(person__login__startswith="erased-").values_list("version", "person"))
    for row in settled:
        if row.message_id not in taken:
            yield f"{row.kind} for {row.person_id} counts as accepted, and the mail server did not take it"
        elif row.kind in _TELLING:
            handed.add((row.version_id, row.person_id))
    for version_pk, person in told ^ handed:
        which = "told, and was handed nothing" if (version_pk, person) in told else "not told, and was handed its notice"
        yield f"of version {version_pk} {person} counts as {which}"
    for version in models.Version.objects.filter(issued_at__isnull=False):
        people = models.Notice.objects.filter(version=version, kind__in=_TELLING).values("person").distinct().count()
        if people > version.ceiling:
            yield f"{people} people were promised version {version.pk}, {version.ceiling} were approved"
    for name, times in Counter(one.message_id for one in noted).items():
        if times > 2:
            yield f"{name} was handed over {times} times"


def _corrections(world: World, noted: list[Noted]) -> Iterator[str]:
    """Everyone who was handed a notice of an ended order, and nobody who cannot have been."""
    secret = world.state / "keys" / "notices.secret"
    if not secret.exists():
        return  # nothing was ever handed over
    key = keys.load_secret(secret)
    of_row = {_name(key, row): row for row in models.Notice.objects.select_related("person", "version")}
    ended = set(models.Lineage.objects.filter(ended_at__isnull=False).values_list("id", flat=True))
    for lineage in models.Lineage.objects.values_list("id", flat=True):
        named = [(one, of_row[one.message_id]) for one in noted if one.message_id in of_row]
        mine = [(one, row) for one, row in named if row.version.lineage_id == lineage]
        reached = {one.to for one, row in mine if row.kind != "rescinded"}
        corrected = Counter(one.to for one, row in mine if row.kind == "rescinded")
        perhaps = models.Notice.objects.filter(version__lineage=lineage, reached=True).exclude(kind="rescinded")
        allowed = set(perhaps.values_list("person__email", flat=True))
        if lineage in ended and reached - corrected.keys():
            yield f"no correction of {lineage} for {sorted(reached - corrected.keys())}"
        if corrected.keys() - (allowed if lineage in ended else set()):
            yield f"a correction of {lineage} for {sorted(corrected.keys() - allowed)}, who had nothing to correct"


def _name(key: bytes, row: models.Notice) -> str:
    """The Message-ID under which this notice leaves, whether or not its row came to say so."""
    return compose.message_id(key, "example.org", (row.version_id, row.person_id, row.kind, row.occurrence))


def _promises() -> Iterator[str]:
    """What was promised has left, waits because people halted it, or is void because people ended it."""
    waiting = models.Notice.objects.filter(state__in=["promised", "claimed"], version__lineage__halted_at=None)
    for row in waiting:
        yield f"{row.kind} for {row.person_id} is still {row.state}"
    for row in models.Lineage.objects.filter(ended_at__isnull=False, corrected=False):
        yield f"{row.pk} ended, and its corrections are not all promised"


def _files(world: World) -> Iterator[str]:
    """Nothing half-written stays behind, in the state directory or at the gate."""
    for folder in (world.state, world.folder / "gate"):
        for file in folder.rglob("*"):
            if file.suffix in (".draft", ".new", ".incoming"):
                yield f"{file.relative_to(world.folder)} was left behind"
