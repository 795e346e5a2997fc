"""Bringing what receivers of Shared Signals are to be told up to who is denied now.

Per stream a set of devices says who was denied when its statements were last brought up to date. Its difference from who is
denied now is all there is to look at; each subject of those devices gets the statement that core.believed asks for, in one
short unit per few hundred devices. Now and then every subject is compared anew: people change their addresses, and devices
their names.
"""

import json
import secrets
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace

from pyroaring import BitMap

from countermand.access import Act, require
from countermand.core import caep
from countermand.core.believed import Known, agreed, following, unsure
from countermand.core.caep import Shape
from countermand.core.facts import BLOCK_SIZE
from countermand.core.instants import MINUTE, Instant
from countermand.flows.denials import in_force_now
from countermand.flows.denied_by import DeniedBy, denied_by, ever_spoken_to
from countermand.lib import clock
from countermand.lib.read_json import read_json
from countermand.store import log, phones, said, sets, streams, tree
from countermand.store.said import Statement
from countermand.store.streams import Stream
from countermand.store.unit import aside, reading, unit

#: Devices whose subjects are looked at in one unit.
_CHUNK = 400
#: Every subject of a stream is compared anew this often.
_ANEW = 15 * MINUTE


@dataclass(slots=True)
class Memory:
    """What one process remembers from time to time: nothing that must not be lost. ``mark``: how long the ledger was; ``until``:
    when the clock changes something; ``whole``: stream → (its change, when all of it was last compared)."""

    mark: int = -1
    until: Instant = 0
    changes: dict[int, int] = field(default_factory=dict)
    whole: dict[int, tuple[int, Instant]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Brought:
    """How many statements were made, and how many of those that waited are no longer so."""

    made: int = 0
    dropped: int = 0

    def __add__(self, other: "Brought") -> "Brought":
        return Brought(self.made + other.made, self.dropped + other.dropped)


def believe(act: Act, issuer: str, memory: Memory, stopping: Callable[[], bool] = lambda: False) -> Brought:
    """Bring every stream up to ``act.now``; nothing is read if nothing can have changed. Leaves off, after a unit, if it is
    ``stopping``."""
    require(act.actor, "signal")
    heard = [one for one in streams.every() if one.heard]
    if not heard:
        return Brought()
    mark, steady = _mark(), clock.steady()
    whole = [one for one in heard if _whole(memory, one, steady)]
    changes = {one.pk: one.changed for one in heard}
    if not whole and (mark, changes) == (memory.mark, memory.changes) and act.now < memory.until:
        return Brought()
    done, soonest = Brought(), act.now + _ANEW
    for number in sets.blocks(sets.DEVICES):
        with reading():
            found = denied_by(number, in_force_now(act.now), act.now)
            wanted = [(one, _to_look_at(act, issuer, one, number, found, everything=one in whole)) for one in heard]
        soonest = min(soonest, found.soonest or soonest)
        for stream, chunks in wanted:
            done += _bring(act, issuer, stream, number, chunks, stopping)
            if stopping():
                return done
    for stream in whole:
        if stream.recall >= 0:
            with aside():
                streams.recalled(stream, -1)
    memory.mark, memory.until, memory.changes = mark, soonest, changes
    memory.whole.update({one.pk: (one.changed, steady) for one in whole})
    return done


def _whole(memory: Memory, stream: Stream, steady: int) -> bool:
    changed, at = memory.whole.get(stream.pk, (-1, 0))
    return changed != stream.changed or steady - at >= _ANEW or stream.recall >= 0


def _mark() -> int:
    """How many entries the ledger has: every change of state is one, so that nothing changed while this did not."""
    with reading():
        last = tree.last()
        return tree.unsealed_count() + (last.size if last else 0)


def _to_look_at(act: Act, issuer: str, stream: Stream, number: int, found: DeniedBy, *, everything: bool) -> list[BitMap]:
    """Devices of a block, in parts, of whose subjects something may have to be said."""
    held = sets.load(sets.DEVICES, number, [stream.applied, stream.again])
    applied, again = held[stream.applied], held[stream.again]
    if not everything:
        return list(_chunks(found.devices ^ applied | again))
    first = number * BLOCK_SIZE
    named = BitMap(device - first for device in said.of_block(stream.pk, first, first + BLOCK_SIZE))
    recalled = ever_spoken_to(number) if 0 <= stream.recall <= number else BitMap()
    every = _chunks(found.devices | applied | again | named | recalled)
    return [chunk for chunk in every if not _Bringing(act, issuer, stream, number, found).plan(chunk).nothing]


def _bring(act: Act, issuer: str, stream: Stream, number: int, chunks: list[BitMap], stopping: Callable[[], bool]) -> Brought:
    """One stream, one block. Whom to look at was read before; what is true of them is read again in the unit that says so."""
    done = Brought()
    for chunk in chunks:
        with unit([number]):
            current = streams.taken(stream.pk)
            if current is None or not current.heard:
                return done
            bringing = _Bringing(act, issuer, current, number, denied_by(number, in_force_now(act.now), act.now))
            done += bringing.write(bringing.plan(chunk))
            if chunk is chunks[-1] and current.recall >= 0:
                streams.recalled(current, number + 1)
        if stopping():
            break
    return done


def _chunks(offsets: BitMap) -> Iterator[BitMap]:
    every = list(offsets)
    for start in range(0, len(every), _CHUNK):
        yield BitMap(every[start : start + _CHUNK])


@dataclass(frozen=True, slots=True)
class _Subject:
    key: str
    text: str
    person: int


@dataclass(frozen=True, slots=True)
class _Plan:
    """``sets``: those that change, as they are then; rows to keep, and keys of rows to forget (of those that
    were there); whose sessions end, and whose no longer. ``dropped``: statements that waited and are no longer so."""

    sets: Mapping[str, BitMap]
    kept: list[Statement]
    gone: list[Statement]
    revoked: list[Statement]
    calmed: list[str]
    dropped: int

    @property
    def nothing(self) -> bool:
        return not (self.sets or self.kept or self.gone)


class _Bringing:
    """Some devices of one block, on one stream: what there is to write, and writing it."""

    def __init__(self, act: Act, issuer: str, stream: Stream, number: int, found: DeniedBy) -> None:
        self._act, self._issuer, self._stream, self._number, self._found = act, issuer, stream, number, found
        self._unwanted = [read_json(text) for text in streams.unwanted(stream.pk)]
        self._recalls = 0 <= stream.recall <= number
        self._held = sets.load(sets.DEVICES, number, [stream.applied, stream.again])

    def plan(self, chunk: BitMap) -> _Plan:
        ordinals = [self._number * BLOCK_SIZE + offset for offset in chunk]
        before = self._held[self._stream.applied]
        applied = (before - chunk) | (self._found.devices & chunk)
        after = {self._stream.applied: applied} if applied != before else {}
        if (again := self._held[self._stream.again]) & chunk:
            after[self._stream.again] = again - chunk
        subjects = self._subjects(ordinals)
        rows = said.about_devices(self._stream.pk, ordinals)
        rows |= said.about_keys(self._stream.pk, {one.key for one in subjects.values()} - rows.keys())
        denied = self._denied(subjects, rows, applied)
        made = _Plan(after, [], [], [], [], 0)
        by_key = {one.key: (device, one) for device, one in subjects.items()}
        dropped = 0
        for key, devices in denied.items():
            row = rows[key] if key in rows else _fresh(key, *by_key[key])
            dropped += self._follow(made, row, devices, new=key not in rows)
        return replace(made, dropped=dropped)

    def write(self, plan: _Plan) -> Brought:
        """In a unit, in which the stream is taken."""
        sets.save(sets.DEVICES, self._number, plan.sets)
        said.save(self._stream.pk, [*plan.kept, *(_ending(one) for one in plan.revoked)])
        said.forget(self._stream.pk, said.COMPLIANCE, [one.key for one in plan.gone])
        said.forget(self._stream.pk, said.REVOKED, plan.calmed)
        made = [one for one in plan.kept if one.jti]
        changed = [*plan.kept, *plan.gone]
        if changed:
            worse = sum(1 for one in made if one.known.waits)
            counts = {"not_compliant": worse, "compliant": len(made) - worse, "dropped": plan.dropped}
            subjects = sorted({one.device for one in changed if one.device is not None})
            about = {"receiver": self._stream.receiver.name, **counts}
            log.append("signals-made", self._act, about, [f"device:{device}" for device in subjects])
        return Brought(len(made), plan.dropped)

    def _subjects(self, ordinals: Collection[int]) -> dict[int, _Subject]:
        """Device → whom it is told as; a device that cannot be named in this shape is left out, as is who is not wanted: unless
        nobody knows any more what was said of them, which is to be remembered for when they are wanted again."""
        receiver = self._stream.receiver
        found: dict[int, _Subject] = {}
        for device, (phone, person) in phones.named(ordinals, receiver.device_kind).items():
            subject = caep.subject(receiver.shape, self._issuer, phone)
            if subject is not None and (self._recalls or not self._is_unwanted(subject)):
                text = caep.canonical(subject)
                found[device] = _Subject(said.key_of(text), text, person)
        return found

    def _denied(self, subjects: Mapping[int, _Subject], rows: Mapping[str, Statement], applied: BitMap) -> dict[str, list[int]]:
        """Key → the denied devices that it stands for now; none for a subject that is nobody's any more."""
        keys: dict[str, list[int]] = {key: [] for key in [*rows, *(one.key for one in subjects.values())]}
        if self._stream.receiver.shape is Shape.USER:
            texts = {one.text for one in subjects.values()} | {one.subject for one in rows.values()}
            return keys | dict(self._of_people(texts, applied))
        for device, subject in subjects.items():
            keys[subject.key] += [device] if device % BLOCK_SIZE in self._found.devices else []
        return keys

    def _of_people(self, texts: Collection[str], here: BitMap) -> Iterator[tuple[str, list[int]]]:
        """The same of people, who may have denied devices in every block. ``here``: who is denied in this one."""
        emails = {read_json(text)["email"]: text for text in texts}
        sharing = phones.sharing(emails)
        owned = phones.of({person for people in sharing.values() for person in people})
        applied = {self._number: here}
        for number in {device // BLOCK_SIZE for devices in owned.values() for device in devices} - {self._number}:
            applied[number] = sets.load(sets.DEVICES, number, [self._stream.applied])[self._stream.applied]
        for email, text in emails.items():
            devices = sorted(device for person in sharing.get(email, ()) for device in owned.get(person, ()))
            yield said.key_of(text), [one for one in devices if one % BLOCK_SIZE in applied[one // BLOCK_SIZE]]

    def _follow(self, plan: _Plan, row: Statement, devices: list[int], *, new: bool) -> bool:
        """Add to the plan what a subject calls for; True if a statement that waited does so no longer."""
        known = unsure(row.known) if self._recalls and row.known.waits is None else row.known
        if self._is_unwanted(read_json(row.subject)):
            after = known if known.nothing else unsure(known)  # should it be wanted again, it is told anew
        else:
            after = following(known, bool(devices))
        moved = bool(devices) and row.device not in devices
        if after == row.known and not moved:
            return False
        made = replace(row, device=devices[0]) if after == row.known else self._stated(row, after, devices)
        if caep.COMPLIANCE not in self._stream.delivered and after.waits is not None:
            # It asks only for what follows from the statement; what it may have been told before stays in doubt.
            made = replace(made, known=replace(agreed(after), doubt=after.doubt), jti="")
            if made.known == row.known and not moved:
                return False
        if after.waits and not (known.told or known.waits) and caep.SESSION_REVOKED in self._stream.delivered:
            plan.revoked.append(made)
        if not (after.told if after.waits is None else after.waits):
            plan.calmed.append(row.key)
        if not made.known.nothing:
            plan.kept.append(made)
        elif not new:
            plan.gone.append(made)
        return bool(row.jti) and not made.jti

    def _is_unwanted(self, subject: caep.Json) -> bool:
        return any(caep.matches(one, subject) for one in self._unwanted)

    def _stated(self, row: Statement, after: Known, devices: list[int]) -> Statement:
        """The row with the statement that waits now, in a token of its own."""
        plain = replace(row, device=devices[0] if devices else row.device, known=after, jti="")
        if after.waits is None:
            return plain
        before = read_json(row.about)["because"] if row.about else []
        here = [
            one % BLOCK_SIZE for one in devices if one // BLOCK_SIZE == self._number and one % BLOCK_SIZE in self._found.devices
        ]
        because = sorted({pair for one in here for pair in self._found.because(one, self._act.now)}) if after.waits else before
        at = min((self._found.since(one, self._act.now) for one in here), default=self._act.now)
        by = "policy" if after.waits or not before or self._in_force(before) else "admin"
        about = json.dumps({"at": at, "by": by, "because": because, "txn": secrets.token_hex(12)}, separators=(",", ":"))
        rank = said.KNOWN if row.known.told or after.waits else said.LAST
        return replace(plain, jti=_jti(), about=about, at=clock.now(), rank=rank)

    def _in_force(self, before: list[list[object]]) -> bool:
        live = {name for name, *_ in self._found.by}
        return any(name in live for name, _ in before)


def _ending(one: Statement) -> Statement:
    """That sessions end, beside the statement from which it follows."""
    return replace(one, kind=said.REVOKED, known=Known(), jti=_jti())


def _fresh(key: str, device: int, subject: _Subject) -> Statement:
    return Statement(said.COMPLIANCE, key, subject.text, device, subject.person, Known())


def _jti() -> str:
    return secrets.token_urlsafe(18)
