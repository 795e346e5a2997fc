"""What a gate holds: a snapshot, what records have changed since, and how fresh it is. Answers from memory alone.

No I/O and no clock of its own: lines come in, times are arguments. ``gates.kept`` writes to disk, ``gates.feed`` listens.
"""

from array import array
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pyroaring import BitMap

from countermand.core.blocks import BLOCK_SIZE
from countermand.core.decision import (
    Clocks,
    Coming,
    Decision,
    Lull,
    Reaching,
    Standing,
    anyone,
    begins,
    coming,
    decided,
    lull,
    merged,
    reaching,
    turns,
)
from countermand.core.errors import Refused
from countermand.core.instants import Instant
from countermand.gates.shown import unknown
from countermand.gates.subject import Subject
from countermand.lib.keys import VerifyKey
from countermand.lib.read_json import read_json
from countermand.snapshot.hashes import Hashes
from countermand.snapshot.read import Blocks, Snapshot
from countermand.snapshot.records import Kind, Record, digest, entries_of, from_value, standing_of
from countermand.snapshot.signed import CERTIFICATE, HEARTBEAT, Certificate, Heartbeat, certificate, parts, verified


@dataclass(slots=True)
class _Anchor:
    """The control plane's time ``heard``, and the gate's own and monotonic clocks when it was heard (milliseconds)."""

    heard: Instant
    own: Instant
    steady: int


@dataclass(slots=True)
class Pending:
    """A batch whose last record has not come yet."""

    records: list[Record] = field(default_factory=list)
    lines: list[bytes] = field(default_factory=list)
    digest: str = ""


class Held:
    """Everything that decisions are made of. ``n`` is the last record that is applied, of ``epoch``."""

    def __init__(self, snapshot: Snapshot, root: VerifyKey, secret: bytes, own: Instant, steady: int) -> None:
        header = snapshot.header
        self.epoch, self.n, self.digest = header.epoch, header.n, header.digest
        self.certificate: Certificate = header.certificate
        self._vouched: list[Certificate] = []
        self.snapshot = snapshot
        self._find_device = snapshot.identities.find
        self.hashes = Hashes(secret, header.epoch)
        self.standings: dict[str, Standing] = {standing.id: standing for standing in snapshot.standings}
        self._root = root
        self._denials: Blocks = snapshot.denials
        self._unregistered: Blocks = snapshot.unregistered
        self._protected = set(snapshot.protected)
        self._identities: dict[int, int | None] = {}
        self._logins: dict[int, int | None] = {}
        self._spoken: dict[int, str] = {}
        self._anchor = _Anchor(header.time, own, steady)
        self._pending = Pending()
        self._in_force: list[Standing] = []
        #: Until when what is prepared holds; None: something has changed since.
        self.lull: Lull | None = None
        #: The instants at which an answer may change by itself; empty: to be looked for.
        self._turns: list[Instant] = []
        #: The clocks that were read last, and what followed: many questions come in one millisecond.
        self._read_at: tuple[Instant, int] | None = None
        self._clocks = Clocks(own, header.time, header.time)
        self.denying: Reaching = {}
        #: Devices that are denied or come to be soon: about all others there is nothing to be said but yes.
        self.marked: Mapping[int, BitMap] = {}
        self._denying_people: Reaching = {}
        self._soon: Coming = {}
        self._soon_people: Coming = {}
        #: By place in the snapshot's table: 0, or 1 + the ordinal of a device that asked and whose login is not protected.
        #: A place belongs to one login, so neither has to be looked up again (gates.quick).
        self.usual = _nobody(snapshot)
        self._settle()

    # -- answering --

    @property
    def overlaid(self) -> int:
        """How many names differ from the snapshot: beyond some tens of thousands a newer one is cheaper to hold."""
        return len(self._identities) + len(self._logins)

    @property
    def heard(self) -> Instant:
        """The control plane's time that was last heard."""
        return self._anchor.heard

    def clocks(self, own: Instant, steady: int) -> Clocks:
        if (own, steady) != self._read_at:
            self._read_at = own, steady
            self._clocks = Clocks(own, self._anchor.heard + max(0, steady - self._anchor.steady), self._anchor.heard)
        return self._clocks

    def decide(self, who: Subject, clocks: Clocks, proven: bool = True) -> Decision:
        """The decision on a request of ``who``, as of ``clocks``; without a login there is nobody to be proven."""
        if self.lull is None or not self.lull.holds(clocks):
            self.prepare(clocks)
        login, names, _ = who
        devices = self._devices(who)
        number = self.hashes.login(login)
        person = None if devices else self._person(number)
        proven = proven and login != ""
        protected = number in self._protected
        return decided(proven, protected, names != (), devices, person, self.denying, self._denying_people)

    def _devices(self, who: Subject) -> tuple[int, ...]:
        """The ordinals of the devices that ``who`` names and that are known."""
        devices: tuple[int, ...] = ()
        for kind, value in who.names:
            number = self.hashes.identity(who.login, kind, value)
            changed = self._identities
            found = changed[number] if number in changed else self._find_device(number)
            if found is not None:
                devices += (found,)
        return devices

    def device(self, who: Subject) -> int:
        """A number for the device that ``who`` asks from, by which it is told from others (gates.shown)."""
        devices = self._devices(who)
        if devices or not who.names:
            return devices[0] if devices else unknown(self.hashes.login(who.login))
        return unknown(self.hashes.identity(who.login, *who.names[0]))

    def begins(self, who: Subject) -> Instant | None:
        """When a denial will begin for ``who``, who was just decided to be allowed. None if none is known to, while a request may
        hang."""
        if not (self._soon or self._soon_people) or not who.names or not who.login or self.is_protected(who.login):
            return None
        devices = self._devices(who)
        person = None if devices else self._person(self.hashes.login(who.login))
        found = [begins(self._soon, one) for one in devices]
        found += [begins(self._soon_people, person)] if person is not None else []
        return min((one for one in found if one is not None), default=None)

    def prepare(self, clocks: Clocks) -> Lull:
        """Make ``denying`` what denies at these clocks; returns until when it does."""
        if not self._turns or self.lull is None or clocks.heard != self.lull.heard:
            self._turns = turns(self._in_force, (self._denials, self._unregistered), clocks.heard)
        self.denying = reaching(self._in_force, self._denials, clocks)
        self._denying_people = reaching(self._in_force, self._unregistered, clocks)
        self._soon = coming(self._in_force, self._denials, clocks)
        self._soon_people = coming(self._in_force, self._unregistered, clocks)
        self.marked = anyone(self.denying, self._soon)
        self.lull = lull(self._turns, clocks)
        return self.lull

    @property
    def overlaid_devices(self) -> Mapping[int, int | None]:
        """The names of devices that came, changed or went since the snapshot."""
        return self._identities

    def is_protected(self, login: str) -> bool:
        return self.hashes.login(login) in self._protected

    def text(self, lineage: str, language: str = "") -> str:
        """What the phone of somebody whom this lineage denies is shown."""
        standing = self.standings.get(lineage)
        return standing.words(language) if standing else ""

    def language(self, login: str) -> str:
        """In what this person is spoken to; '' for the house's language, and for whoever is unknown."""
        person = self._person(self.hashes.login(login))
        if person is None:
            return ""
        if person in self._spoken:
            return self._spoken[person]
        block, offset = divmod(person, BLOCK_SIZE)
        return next((one for one, blocks in self.snapshot.spoken.items() if offset in blocks.get(block, ())), "")

    def _person(self, number: int) -> int | None:
        return self._logins[number] if number in self._logins else self.snapshot.logins.find(number)

    # -- listening --

    def take(self, line: bytes, own: Instant, steady: int, *, again: bool = False) -> list[bytes]:
        """One signed line of the feed. Returns the lines to persist, in order: those of a batch once it is complete.
        ``again``: the line was taken before and is read back, so its certificate may have expired since.

        Refused ``feed-forged feed-damaged feed-gap feed-older feed-key-expired``; nothing has changed then.
        """
        try:
            kind = read_json(parts(line)[1])["kind"]
        except (ValueError, KeyError, TypeError):
            raise Refused("feed-damaged", why="a line cannot be read") from None
        if kind == CERTIFICATE:
            return self._take_certificate(line, None if again else own)
        value = self._said(line)
        if kind == HEARTBEAT:
            return [line] if self._take_heartbeat(value, own, steady) else []
        return self._take_record(from_value(value), line)

    def forget_pending(self) -> None:
        """A connection broke: a batch that was not complete comes again."""
        self._pending = Pending()

    def remember(self, line: bytes, own_then: Instant, own: Instant, steady: int) -> None:
        """A heartbeat that was persisted when it was heard at ``own_then``: time has run on since."""
        value = self._said(line)
        self._take_heartbeat(value, own_then, steady - max(0, own - own_then))

    def _take_certificate(self, line: bytes, own: Instant | None) -> list[bytes]:
        """A key that the root vouches for may speak from now on. The one before may go on until the new one has spoken:
        records that it signed are still on their way. One that is older than the one in use has had its time."""
        if line == self.certificate.line or any(line == known.line for known in self._vouched):
            return []
        found = certificate(self._root, line, own)
        if found.since < self.certificate.since:
            return []
        if found.key == self.certificate.key:
            self.certificate = found  # it is vouched for anew
        else:
            self._vouched.append(found)
        return [line]

    def _said(self, line: bytes) -> dict[str, Any]:
        """What the key in use says, or one that may follow it, which is the one in use from then on. Refused ``feed-forged``."""
        try:
            return verified(self.certificate.key, line)
        except Refused:
            signature, body = parts(line)
            found = next((one for one in self._vouched if one.key.verifies(signature, body)), None)
            if found is None:
                raise
        self.certificate = found
        self._vouched = [one for one in self._vouched if one.since > found.since]
        return verified(found.key, line)

    def _take_heartbeat(self, value: Mapping[str, Any], own: Instant, steady: int) -> bool:
        """True if it was news. One for records that are not held yet says nothing about what is held."""
        beat = Heartbeat(value["epoch"], value["n"], value["digest"], value["time"])
        if beat.epoch != self.epoch or beat.n > self.n or beat.time <= self._anchor.heard:
            return False
        if beat.n == self.n and beat.digest != self.digest:
            raise Refused("feed-forged", why="two histories have the same number")
        self._anchor = _Anchor(beat.time, own, steady)
        self._read_at = None
        self._merge()
        return True

    def _take_record(self, record: Record, line: bytes) -> list[bytes]:
        before = self._pending.records[-1].n if self._pending.records else self.n
        if record.epoch != self.epoch or record.n <= before:
            raise Refused("feed-older", epoch=record.epoch, n=record.n, held_epoch=self.epoch, held_n=before)
        if record.n != before + 1:
            raise Refused("feed-gap", n=record.n, held=before)
        if record.prev != (self._pending.digest or self.digest):
            raise Refused("feed-forged", why="a record does not continue the history that is held")
        self._pending.records.append(record)
        self._pending.lines.append(line)
        self._pending.digest = digest(line)
        if record.more:
            return []
        done, self._pending = self._pending, Pending()
        for each in done.records:
            self._APPLY[each.kind](self, each.body)
        self.n, self.digest = record.n, done.digest
        self._settle()
        return done.lines

    # -- applying --

    def _apply_lineage(self, body: Mapping[str, Any]) -> None:
        standing = standing_of(body)
        self.standings[standing.id] = standing

    def _apply_denials(self, body: Mapping[str, Any]) -> None:
        _put(self._denials, body)

    def _apply_unregistered(self, body: Mapping[str, Any]) -> None:
        _put(self._unregistered, body)

    def _apply_identities(self, body: Mapping[str, Any]) -> None:
        _overlay(self._identities, body)

    def _apply_logins(self, body: Mapping[str, Any]) -> None:
        _overlay(self._logins, body)
        if "spoken" in body:
            self._spoken.update((ordinal, "") for _, ordinal in body["set"])
            for language, ordinals in body["spoken"].items():
                self._spoken.update(dict.fromkeys(ordinals, language))

    def _apply_protected(self, body: Mapping[str, Any]) -> None:
        self._protected.update(int(text, 16) for text in body["set"])
        self._protected.difference_update(int(text, 16) for text in body["gone"])
        self.usual = _nobody(self.snapshot)

    _APPLY: Mapping[Kind, Callable[["Held", Mapping[str, Any]], None]] = {
        Kind.LINEAGE: _apply_lineage,
        Kind.DENIALS: _apply_denials,
        Kind.UNREGISTERED: _apply_unregistered,
        Kind.IDENTITIES: _apply_identities,
        Kind.LOGINS: _apply_logins,
        Kind.PROTECTED: _apply_protected,
    }

    def _settle(self) -> None:
        """What no lineage in force can use any more is let go, and the rest is made quick to ask."""
        self._in_force = [standing for standing in self.standings.values() if standing.live and not standing.halted]
        for lineage in [id_ for id_, standing in self.standings.items() if not standing.live]:
            self._denials.pop(lineage, None)
            self._unregistered.pop(lineage, None)
        self.lull = None

    def _merge(self) -> None:
        for table in (self._denials, self._unregistered):
            for blocks in table.values():
                for block, entries in blocks.items():
                    if len(entries) > 1 and entries[1][0] <= self._anchor.heard:
                        blocks[block] = merged(entries, self._anchor.heard)
        self.lull = None


def _nobody(snapshot: Snapshot) -> "array[int]":
    return array("I", bytes(4)) * len(snapshot.identities)


def _put(table: Blocks, body: Mapping[str, Any]) -> None:
    blocks = table.setdefault(body["lineage"], {})
    entries = entries_of(body)
    if entries:
        blocks[body["block"]] = entries
    else:
        blocks.pop(body["block"], None)


def _overlay(table: dict[int, int | None], body: Mapping[str, Any]) -> None:
    table.update((int(text, 16), ordinal) for text, ordinal in body["set"])
    table.update((int(text, 16), None) for text in body["gone"])
