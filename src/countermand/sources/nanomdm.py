"""NanoMDM's webhook events, as it posts them: one JSON object per event, answers of devices inside as plists.

Pure. Traps of this source, each handled here and nowhere else:

* The answer to a named query looks exactly like a full list; the event carries no word of what was asked. So ``asked``
  (enrolment id, command uuid) → coverage decides, and an answer to a command that we did not send proves presence only.
  One enqueue for many devices gives one uuid to all of them, hence the enrolment id in the key.
* ``Installing`` and ``Download*`` rows are not installations; a row without ``Identifier`` names nothing.
* ``ManagedAppsOnly`` answers could not have shown what people install for themselves: what we asked that way has an
  empty coverage. A user enrolment answers like that whatever was asked.
* Events arrive in any order; ``created_at`` is NanoMDM's clock and orders them. ``NotNow`` (a locked phone) and an idle
  poll say only that the device is alive.
"""

import base64
import binascii
import plistlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from xml.parsers.expat import ExpatError

from countermand.core.apps import App
from countermand.core.coverage import EVERYTHING, NOTHING, Coverage, Grade, Report
from countermand.core.devices import Enrollment, Identity, IdentityKind, Ownership, Platform
from countermand.core.errors import Refused
from countermand.core.instants import Instant, from_iso
from countermand.core.mentions import Mention, too_far_ahead
from countermand.core.visibility import Sees, Sight, visible
from countermand.lib.read_json import read_json
from countermand.sources.source import Answer, Said, Word

_COMMAND = "Apple device-management schema, mdm/commands/application.installed.list.yaml"
_FULL = Sight("a full list that we asked for", Platform.IOS, Enrollment.DEVICE, Sees.EVERY, Sees.EVERY, Grade.INVENTORY, _COMMAND)
_NAMED = Sight(
    "a named query that we asked for", Platform.IOS, Enrollment.DEVICE, Sees.NAMED, Sees.NAMED, Grade.INVENTORY, _COMMAND
)
_KEPT = Sight(
    "a profile of ours that the device says it has", Platform.IOS, Enrollment.SUPERVISED, Sees.NAMED, Sees.NAMED, Grade.PREVENTED,
    "Apple device-management schema, mdm/profiles/com.apple.applicationaccess.yaml (blockedAppBundleIDs)",
)  # fmt: skip
_USER = Sight("user enrolment", Platform.IOS, Enrollment.USER, Sees.MANAGED, Sees.NONE, Grade.INVENTORY, _COMMAND)
SIGHTS: tuple[Sight, ...] = (
    _FULL,
    _NAMED,
    _KEPT,
    Sight("managed apps only", Platform.IOS, None, Sees.MANAGED, Sees.NONE, Grade.INVENTORY, _COMMAND),
    _USER,
    Sight(
        "a command that we did not send",
        Platform.IOS,
        None,
        Sees.EVERY,
        Sees.NONE,
        Grade.INVENTORY,
        "its event says not what was asked",
    ),
)
#: (enrolment id, command uuid) → what that command could have shown; None = we did not send it.
Asked = Callable[[str, str], Coverage | None]

_ENROLLMENTS = {
    "Device": Enrollment.DEVICE,
    "User Enrollment (Device)": Enrollment.USER,
    "User Enrollment": Enrollment.USER,
}
_NOT_INSTALLED = ("Installing", "DownloadFailed", "DownloadWaiting", "DownloadPaused", "DownloadCancelled")
#: An event is at most this big; an answer of 2,000 apps is a tenth of it.
LARGEST = 16 << 20


_STATUSES = {
    "Acknowledged": Said.ANSWERED,
    "Error": Said.ANSWERED,
    "CommandFormatError": Said.ANSWERED,
    "NotNow": Said.LATER,
    "Idle": Said.AWAKE,
}


@dataclass(frozen=True, slots=True)
class Event:
    """One webhook event that concerns a device. ``id``: what a replay has in common with the original; ``word``: what it says
    of a question; ``answer``: of a command that is over."""

    id: str
    created_at: Instant
    enrolment: str
    mention: Mention
    word: Word | None
    answer: Answer | None = None


def sight(enrollment: Enrollment, ownership: Ownership) -> Sight:
    """What a phone that is enrolled like this can be asked for: of people's own only the apps that are watched."""
    if visible(enrollment) == NOTHING:
        return _USER
    return _FULL if ownership is Ownership.CORPORATE else _NAMED


def parse(text: bytes, source: str, now: Instant, asked: Asked) -> Event | None:
    """The event in ``text``; None for events that say nothing of a device that reads mail (users' channels, errors).

    Refused ``event-damaged`` or ``time-ahead``.
    """
    event = _object(text)
    created_at = _created(event, now)
    body = event.get("acknowledge_event") or event.get("checkin_event") or {}
    if not isinstance(body, Mapping):
        raise Refused("event-damaged", why="its event is not an object")
    ids = body.get("ids")
    ids = ids if isinstance(ids, Mapping) else {}
    kind = _text(ids.get("type", "Device"))
    enrolment = _text(ids.get("id") or body.get("enrollment_id") or body.get("udid"))
    if not enrolment or kind not in _ENROLLMENTS:
        return None
    said = _plist(body.get("raw_payload"))
    mention = _mention(event, body, said, _Told(source, enrolment, _ENROLLMENTS[kind], created_at), asked)
    word = _word(event, body, enrolment, created_at)
    answer = _answer(body, said, word) if word and word.said is Said.ANSWERED else None
    return Event(str(event.get("event_id", "")), created_at, enrolment, mention, word, answer)


def _answer(body: Mapping[str, Any], said: Mapping[str, Any], word: Word) -> Answer:
    done, listed = body.get("status") == "Acknowledged", said.get("ProfileList")
    rows = [row for row in listed if isinstance(row, Mapping)] if isinstance(listed, list) else None
    profiles = {_text(row.get("PayloadIdentifier")): _text(row.get("PayloadUUID")) for row in rows} if rows is not None else None
    return Answer(word.who, word.ticket, done, profiles if done else None, word.at)


def _word(event: Mapping[str, Any], body: Mapping[str, Any], enrolment: str, at: Instant) -> Word | None:
    topic, query = event["topic"], _text(body.get("command_uuid"))
    if topic == "mdm.Connect":
        said = _STATUSES.get(_text(body.get("status")))
        return Word(said, enrolment, query, at) if said and (query or said is Said.AWAKE) else None
    if topic == "mdm.CheckOut":
        return Word(Said.LEFT, enrolment, "", at)
    # A device that only renewed its push token is no new one; a server that does not count says nothing of that.
    return Word(Said.ENROLLED, enrolment, "", at) if topic == "mdm.TokenUpdate" and body.get("token_update_tally") == 1 else None


def parse_command(text: bytes) -> tuple[str, Coverage]:
    """(command uuid, what its answer could show) of an ``InstalledApplicationList`` command as it is enqueued.

    Refused ``command-unfit`` for another command, or one whose uuid is yet to be made: its answer could not be known again.
    """
    said = _plist(base64.b64encode(text), "command-unfit")
    command = said.get("Command")
    query = _text(said.get("CommandUUID"))
    if not isinstance(command, Mapping) or command.get("RequestType") != "InstalledApplicationList":
        raise Refused("command-unfit", why="it does not ask for an InstalledApplicationList")
    if not query:
        raise Refused("command-unfit", why="it has no CommandUUID")
    return query, _asked_of(command)


def _asked_of(command: Mapping[str, Any]) -> Coverage:
    wanted, items = command.get("Identifiers"), command.get("Items")
    if command.get("ManagedAppsOnly") or (isinstance(items, list) and "Identifier" not in items):
        return NOTHING
    if wanted is None:
        return EVERYTHING
    if not isinstance(wanted, list) or not all(_text(one) for one in wanted):
        raise Refused("command-unfit", why="its Identifiers are not a list of bundle ids")
    return Coverage(frozenset(App(Platform.IOS, one) for one in wanted))


def in_order(events: Iterable[Event]) -> list[Event]:
    """Each event once, by NanoMDM's clock: they are posted concurrently, and a replay has its original's id."""
    first: dict[str, Event] = {}
    for number, event in enumerate(events):
        first.setdefault(event.id or f"unnamed {number}", event)
    return sorted(first.values(), key=lambda event: event.created_at)


def split(text: bytes) -> Iterator[bytes]:
    """The events of a file: one JSON object, or one per line."""
    if len(text) <= LARGEST and _is_one(text):
        yield text
        return
    yield from (line for line in text.splitlines() if line.strip())


def _is_one(text: bytes) -> bool:
    try:
        read_json(text)
    except ValueError:
        return False
    return True


@dataclass(frozen=True, slots=True)
class _Told:
    source: str
    enrolment: str
    enrollment: Enrollment
    at: Instant


def _mention(event: Mapping[str, Any], body: Mapping[str, Any], said: Mapping[str, Any], told: _Told, asked: Asked) -> Mention:
    topic = event.get("topic")
    acknowledged = topic == "mdm.Connect" and body.get("status") == "Acknowledged"
    answers = said.get("QueryResponses") if acknowledged else None
    apps = said.get("InstalledApplicationList") if acknowledged else None
    facts = answers if isinstance(answers, Mapping) else said if topic == "mdm.Authenticate" else {}
    supervised = facts.get("IsSupervised") is True and told.enrollment is Enrollment.DEVICE
    return Mention(
        identities=_identities(facts, told),
        platform=Platform.IOS,
        model=_text(facts.get("ProductName") or facts.get("Model")) or None,
        enrollment=Enrollment.SUPERVISED if supervised else told.enrollment if _tells_enrollment(topic, facts) else None,
        reads_mail=True if _text(facts.get("EASDeviceIdentifier")) else None,
        enrolled=topic != "mdm.CheckOut",
        seen_at=told.at,
        managed=told.enrollment,
        said_at=told.at,
        reports=(_report(body, apps, told, asked),) if isinstance(apps, list) else (),
    )


def _tells_enrollment(topic: object, facts: Mapping[str, Any]) -> bool:
    """Whether it is supervised is said by DeviceInformation alone; a plain answer must not take that back."""
    return topic == "mdm.Authenticate" or "IsSupervised" in facts


def _identities(facts: Mapping[str, Any], told: _Told) -> tuple[Identity, ...]:
    found = [Identity(IdentityKind.UDID, told.enrolment)]
    if serial := _text(facts.get("SerialNumber")):
        found.append(Identity(IdentityKind.SERIAL, serial))
    if eas := _text(facts.get("EASDeviceIdentifier")):
        found.append(Identity(IdentityKind.EAS, eas))
    return tuple(found)


def _report(body: Mapping[str, Any], rows: list[Any], told: _Told, asked: Asked) -> Report:
    query = _text(body.get("command_uuid"))
    coverage = asked(told.enrolment, query) if query else None
    if coverage is None or visible(told.enrollment) == NOTHING:
        coverage = NOTHING
    present = frozenset(App(Platform.IOS, row["Identifier"]) for row in rows if _is_installed(row))
    return Report(told.source, told.at, Grade.INVENTORY, coverage, present, query)


def _is_installed(row: Any) -> bool:
    if not isinstance(row, Mapping) or not _text(row.get("Identifier")):
        return False
    return not any(row.get(word) is True for word in _NOT_INSTALLED)


def _text(value: object) -> str:
    return value if isinstance(value, str) and len(value) <= 255 else ""


def _object(text: bytes) -> Mapping[str, Any]:
    if len(text) > LARGEST:
        raise Refused("event-damaged", why=f"it is larger than {LARGEST} bytes")
    try:
        event = read_json(text)
    except ValueError as wrong:
        raise Refused("event-damaged", why="it is not JSON") from wrong
    if not isinstance(event, Mapping) or not isinstance(event.get("topic"), str):
        raise Refused("event-damaged", why="it has no topic")
    return event


def _created(event: Mapping[str, Any], now: Instant) -> Instant:
    text = event.get("created_at")
    try:
        created_at = from_iso(str(text))
    except ValueError as wrong:
        raise Refused("event-damaged", why="created_at is not a time") from wrong
    if too_far_ahead(created_at, now):
        raise Refused("time-ahead", time=text)
    return created_at


#: What plistlib falls over where a list is no list: dates, numbers, references.
_STUMBLES = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)


def _plist(raw: object, code: str = "event-damaged") -> Mapping[str, Any]:
    if not raw:
        return {}
    try:
        found = plistlib.loads(base64.b64decode(raw if isinstance(raw, bytes) else str(raw), validate=True))
    except (binascii.Error, ExpatError, plistlib.InvalidFileException, *_STUMBLES) as wrong:
        raise Refused(code, why="its payload is not a property list") from wrong
    if not isinstance(found, Mapping):
        raise Refused(code, why="its payload is not a dictionary")
    return found
