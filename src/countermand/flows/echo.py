"""Echoing: the words of a notice once more by a second channel. Nobody is told by an echo, and no due is fixed by it: it repeats
what the notice said, to whomever the notice was handed over for, and it is taken back on the same channel.

Echoes are claimed as notices are, so that a rescission voids what waits by its own one write.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from countermand.access import Act, require
from countermand.config import Config
from countermand.core.errors import Refused
from countermand.core.instants import HOUR, MINUTE, Instant
from countermand.core.notices import Kind, Reader
from countermand.core.people import normal_login
from countermand.flows.echo_words import words_of
from countermand.flows.letters import Desk, Draft
from countermand.lib import words
from countermand.lib.requested import Carrier
from countermand.notices import channels, templates
from countermand.notices.channels import Channel, Echoing, Words, configured
from countermand.notices.mail import Result
from countermand.store import directory, echoes, outbox, readers
from countermand.store.echoes import BACK, Row
from countermand.store.outbox import Mark
from countermand.store.unit import aside, reading, unit

#: Services take seconds each, and a claim must not outlast its lease.
BATCH = 20
ATTEMPTS = 5
#: Kinds that a room hears of; a person's channel has those that the configuration names.
_OF_ROOMS = frozenset({Kind.ISSUED, Kind.SUPERSEDED})
_FIRST_RETRY, _LAST_RETRY = MINUTE, HOUR


@dataclass(frozen=True, slots=True)
class Echoed:
    """What became of one batch; ``waiting``: another may follow at once."""

    claimed: int = 0
    accepted: int = 0
    failed: int = 0
    waiting: bool = False


def carrier(config: Config, *, drill: bool) -> Carrier:
    """The way out to them."""
    known = config.channels
    return Carrier(frozenset(known.private_hosts), known.ca_file, home_only=drill)


def after(act: Act, known: Echoing, drafts: Iterable[Draft]) -> None:
    """Inside the unit in which these notices are settled as handed over, or perhaps: their people hear it once more."""
    rows = [
        (draft.row.version, draft.row.person, channel.name, draft.row.kind, draft.row.occurrence)
        for draft in drafts
        if draft.row.kind in known.kinds
        for channel in known.people
        if channel.to(draft.reader, known.numbers)
    ]
    echoes.promise(rows, act)


def to_rooms(act: Act, known: Echoing, version: int, kind: Kind) -> None:
    """Inside the unit in which notices of the version begin to leave: the rooms hear of it as well."""
    if kind in _OF_ROOMS:
        echoes.promise_room(version, [one.name for one in known.rooms], kind, act)


def echo(acting: Callable[[], Act], desk: Desk, way: Carrier, worker: str, real: Callable[[], Instant]) -> Echoed:
    """Hand over one batch, as ``deliver.deliver`` does with notices."""
    act = acting()
    require(act.actor, "deliver")
    if not echoes.waiting():
        return Echoed()
    started = real()
    rows = _claim(act, desk, started, worker)
    if not rows:
        return Echoed()
    said = _written(act, desk, rows)
    found: list[tuple[Row, Result, str]] = []
    known = desk.echoing
    named = known.named()
    for row in rows:
        if real() >= started + desk.lease:
            found.append((row, Result.UNSENT, ""))
            continue
        found.append((row, *_send(row, named.get(row.channel), said.get(row.id), known, way)))
    _settle(acting(), worker, found, real())
    accepted = sum(result is Result.ACCEPTED for _, result, _ in found)
    return Echoed(len(rows), accepted, len(rows) - accepted, waiting=accepted == len(rows))


def _claim(act: Act, desk: Desk, real: Instant, worker: str) -> list[Row]:
    while True:
        with suppress(outbox.Overtaken), aside():
            rows = echoes.claim(act, real, desk.lease, worker, BATCH)
            outbox.confirm(act, rows)
            return rows


def _written(act: Act, desk: Desk, rows: Sequence[Row]) -> dict[int, tuple[Words, Reader]]:
    """Row → (its words, its person); those whose approvers signed no such text are left out."""
    with reading():
        return words_of(desk, rows, act.now)


def _send(
    row: Row, channel: Channel | None, said: tuple[Words, Reader] | None, known: Echoing, way: Carrier
) -> tuple[Result, str]:
    if channel is None or channel.personal is (row.person < 0):
        return Result.REFUSED, "there is no such channel any more"
    if said is None:
        return Result.REFUSED, "its approvers signed no text of this kind"
    text, reader = said
    url = channel.url if row.person < 0 else channel.to(reader, known.numbers)
    if not url:
        return Result.REFUSED, "the directory does not know what its address names"
    return channels.send(channel, url, text, way)


def _settle(act: Act, worker: str, found: Sequence[tuple[Row, Result, str]], real: Instant) -> None:
    with unit():
        echoes.settle(act, worker, [_outcome(row, result, answer, real) for row, result, answer in found])
        reached = [row for row, result, _ in found if result in (Result.ACCEPTED, Result.UNKNOWN) and row.kind not in BACK]
        _follow(act, reached)


def _outcome(row: Row, result: Result, answer: str, real: Instant) -> tuple[int, Mark, str, Instant, bool]:
    last = row.attempts >= ATTEMPTS
    mark = {
        Result.ACCEPTED: Mark.ACCEPTED,
        Result.REFUSED: Mark.REFUSED,
        Result.RETRY: Mark.REFUSED if last else Mark.PROMISED,
        Result.UNKNOWN: Mark.UNKNOWN if last else Mark.PROMISED,
        Result.UNSENT: Mark.PROMISED,
    }[result]
    retry = real + min(_FIRST_RETRY << (row.attempts - 1), _LAST_RETRY) if mark is Mark.PROMISED else 0
    return row.id, mark, answer[:500], retry, result in (Result.ACCEPTED, Result.UNKNOWN)


def _follow(act: Act, reached: Sequence[Row]) -> None:
    """Echoes that were on their way when people decided otherwise: whomever they reached hears that on the same channel."""
    for version, source in outbox.standings({row.version for row in reached}).items() if reached else ():
        rows = [row for row in reached if row.version == version]
        if source.standing.ended:
            _back(act, outbox.last_issued(source.lineage), Kind.RESCINDED, rows)
        elif source.standing.halted:
            _back(act, version, Kind.HALTED, rows, str(source.standing.last_halt))


def _back(act: Act, version: int, kind: Kind, rows: Collection[Row], occurrence: str = "") -> None:
    echoes.promise_back(version, kind, act, {row.person for row in rows if row.person >= 0}, occurrence)
    if any(row.person < 0 for row in rows):
        echoes.promise_back_to_rooms(version, kind, act, occurrence)


@dataclass(frozen=True, slots=True)
class Tried:
    """One exercise that was sent by a channel. ``result``: accepted, retry, refused or unknown; ``answer``: in words."""

    channel: str
    result: str
    answer: str


def try_channel(act: Act, config: Config, name: str, login: str = "") -> Tried:
    """Send an exercise by one channel: to a room, or to this person. Refused ``not-found``, ``channel-unfit``."""
    require(act.actor, "deliver")
    known = configured(config.channels)
    channel = known.named().get(name)
    if channel is None:
        raise Refused("not-found", what="channel", name=name, nearest=", ".join(known.named()) or "none")
    reader = _person(login) if channel.personal else Reader("", "", "", "", ())
    url = channel.to(reader, known.numbers) if channel.personal else channel.url
    if not url:
        raise Refused("not-found", what="address of the person on this channel", name=login, nearest="none")
    result, answer = channels.send(channel, url, exercise(config), carrier(config, drill=act.drill))
    return Tried(name, result.value, answer)


def _person(login: str) -> Reader:
    known = normal_login(login)
    with reading():
        found = directory.find([known])
        people = readers.readers(list(found.values()))
    if not found:
        raise Refused("not-found", what="person", name=login, nearest="none")
    return people[found[known]]


def exercise(config: Config) -> Words:
    """The words of an exercise, which asks nothing of anybody."""
    subject, *body = (words.say(config.notices.language, part) for part in templates.TEMPLATES[Kind.DRILL][:-2])
    title = subject.replace("{title}", config.origin)
    text = "\n\n".join(part for part in body if "{" not in part)
    return Words(title, text, title)
