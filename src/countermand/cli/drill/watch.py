"""What the phones see: the due as it comes in each zone, mail back after the app is gone, and the order taken back."""

import json
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar
from zoneinfo import ZoneInfo

from countermand.cli.drill import sink
from countermand.cli.drill.company import Phone, Will
from countermand.cli.drill.door import PASSWORD, Door
from countermand.cli.drill.house import AUTHOR, OPERATOR, House
from countermand.cli.drill.page import DueSeen, Outcome
from countermand.cli.drill.phones import Asking, ask_all, ask_until
from countermand.cli.drill.steps import Steps
from countermand.core.instants import SECOND, Instant, from_datetime, iso, to_datetime
from countermand.flows.connect import source_add
from countermand.flows.stop import rescind
from countermand.flows.telling import rescind_all
from countermand.reads import ledger, preview, progress

ORDER = "no-tiktok-on-mail"
SOURCE = "drill-events"
DENIED, ALLOWED, STRANGER = 403, 200, 401
#: How long before a due the watch begins, and how long after it at most it lasts.
_EARLY, _LATE = 1.5, 20.0
Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Moment:
    """Reads the drill's clock off the monotonic one, so that an answer's time can be compared with a due."""

    monotonic: float
    drill: Instant

    @classmethod
    def of(cls, house: House) -> "Moment":
        return cls(time.monotonic(), house.now)

    def at(self, monotonic: float) -> Instant:
        return self.drill + round((monotonic - self.monotonic) * SECOND)


@dataclass(frozen=True, slots=True)
class Watched:
    """The phones that ask at the door, the joiner's, and the logins that the order does not speak to."""

    phones: Sequence[Phone]
    joiners: Phone
    excused: frozenset[str]


def asking(phone: Phone) -> Asking:
    return Asking(phone.login, PASSWORD, phone.eas_id)


def must_be_denied(phone: Phone, excused: frozenset[str]) -> bool:
    """What the order says of a phone once its due has come."""
    return phone.will is Will.KEEPS and phone.ownership != "contractor" and phone.login not in excused


def friday(house: House, door: Door, watched: Watched, outcome: Outcome, steps: Steps) -> None:
    """The due comes to zone after zone; then everybody asks, a stranger tries, and one employee does as asked."""
    steps.clock("Friday, 17 July: 17:00 comes to one zone after another")
    phones = watched.phones
    by_zone: dict[str, list[Phone]] = defaultdict(list)
    for phone in phones:
        if must_be_denied(phone, watched.excused):
            by_zone[phone.zone].append(phone)
    for zone in sorted(by_zone, key=_due_in):
        with steps.step(f"Watching {len(by_zone[zone]):,} phones in {zone or 'a zone nobody gave'}") as step:
            seen = _watch_due(house, door, zone, by_zone[zone])
            outcome.dues.append(seen)
            step.outcome = f"{seen.denied:,} denied, the first {(seen.first or 0) - seen.due:,} ms after their due"
    wanted = {phone.serial for group in by_zone.values() for phone in group}
    _everybody(door, phones, wanted, outcome, steps)
    if denied := next((phone for phone in phones if phone.serial in wanted), None):
        _strangers(door, watched.joiners, denied, outcome, steps)
        _as_asked(house, door, denied, outcome, steps)


def _due_in(zone: str) -> Instant:
    return from_datetime(datetime(2020, 7, 17, 17, tzinfo=ZoneInfo(zone or "UTC")))


def _watch_due(house: House, door: Door, zone: str, phones: Sequence[Phone]) -> DueSeen:
    due = _due_in(zone)
    house.go_to(due - round(_EARLY * SECOND))
    time.sleep(0.2)  # the heartbeat with the new time reaches the gate
    moment = Moment.of(house)
    got = ask_until(door.port, [asking(phone) for phone in phones], DENIED, _EARLY + _LATE)
    times = sorted(moment.at(at) for at in got.values())
    before = sum(at < due for at in times)
    return DueSeen(zone, due, len(phones), before, times[0] if times else None, times[-1] if times else None, len(times))


def _everybody(door: Door, phones: Sequence[Phone], wanted: set[str], outcome: Outcome, steps: Steps) -> None:
    with steps.step("Everybody asks for mail", len(phones)) as step:
        answers = ask_all(door.port, [asking(phone) for phone in phones], step.at)
        denied = {phone.serial for phone, answer in zip(phones, answers, strict=True) if answer.status == DENIED}
        outcome.asked, outcome.denied = len(phones), len(denied)
        outcome.denied_wrongly = len(denied - wanted)
        step.outcome = f"{len(denied):,} denied, {len(phones) - len(denied):,} served"


def _strangers(door: Door, joiners: Phone, denied: Phone, outcome: Outcome, steps: Steps) -> None:
    with steps.step("A stranger tries a denied phone; somebody has a new phone; the joiner asks") as step:
        stranger = Asking(denied.login, "a guess", denied.eas_id)
        new = Asking(denied.login, PASSWORD, "ApplNEWPHONE0001")
        joiner = asking(joiners)
        statuses = [answer.status for answer in ask_all(door.port, [stranger, new, joiner])]
        outcome.stranger_status = statuses[0]
        outcome.new_phone_allowed = statuses[1] == ALLOWED
        outcome.denied_wrongly += statuses[2] != ALLOWED
        step.outcome = ", ".join(str(status) for status in statuses)


def _as_asked(house: House, door: Door, phone: Phone, outcome: Outcome, steps: Steps) -> None:
    """An employee removes the app; the MDM posts what it sees now; mail works again."""
    seen = preview.preview(ORDER, house.config, house.now)
    outcome.complied = seen.devices["compliant"]  # type: ignore[index]  # a StrEnum's value is its key
    outcome.unknown = seen.devices["unknown"]  # type: ignore[index]
    outcome.exempt = seen.devices["exempt"]  # type: ignore[index]
    source = source_add(house.act(AUTHOR), house.config.state_dir, SOURCE, "webhook")
    with steps.step("An employee removes the app") as step:
        event = _event(phone, house.now)
        started = time.monotonic()
        status = door.post(f"/api/v1/sources/{SOURCE}/events", source.secret, event)
        got = ask_until(door.port, [asking(phone)], ALLOWED, 20.0) if status == ALLOWED else {}
        outcome.restored_ms = (got[0] - started) * 1000 if got else 0.0
        step.outcome = f"mail works {outcome.restored_ms:,.0f} ms after the report came in"


def _event(phone: Phone, at: Instant) -> bytes:
    """What a source posts of a phone whose owner has done as asked."""
    seen = {name: getattr(phone, name) for name in ("serial", "login", "platform", "model", "ownership", "enrollment", "eas_id")}
    return json.dumps({"devices": [{**seen, "apps": phone.after(), "observed_at": iso(at)}]}).encode()


def sent_in_error(house: House, door: Door, phones: Sequence[Phone], outcome: Outcome, steps: Steps) -> None:
    """Rescind while the denied phones keep asking; then the correction goes to whoever was told."""
    steps.clock("Friday evening: it was sent in error")
    still = [asking(phone) for phone in phones]
    with steps.step("Who is denied now", len(still)) as step:
        answers = ask_all(door.port, still, step.at)
        denied = [phone for phone, answer in zip(still, answers, strict=True) if answer.status == DENIED]
        outcome.still_denied = len(denied)
        step.outcome = f"{len(denied):,} phones"
    with steps.step("Rescinding while they keep asking") as step:
        got: dict[int, float] = {}
        asks = threading.Thread(target=lambda: got.update(ask_until(door.port, denied, ALLOWED, 30.0)))
        asks.start()
        time.sleep(0.5)
        started = time.monotonic()
        rescind(house.act(OPERATOR), ORDER, "sent-in-error")
        outcome.rescind_ms = (time.monotonic() - started) * 1000
        asks.join()
        outcome.lifted = sum(at >= started for at in got.values())
        outcome.last_phone_ms = (max(got.values(), default=started) - started) * 1000
        step.outcome = f"{outcome.lifted:,} phones have mail again, the last after {outcome.last_phone_ms:,.0f} ms"
    with steps.step("Corrections to whoever was told", outcome.told) as step:
        promised = rescind_all(house.act(OPERATOR), ORDER).promised
        patience = 60 + promised / 500
        until(lambda: not progress.waiting(ORDER, "rescinded") or None, patience, lambda: step.at(_sent(promised)))
        until(lambda: _corrections(door, outcome) or None, 10.0)  # the sink writes its notes a moment later
        step.outcome = f"{outcome.corrections:,} sent"


def _sent(promised: int) -> int:
    return promised - progress.waiting(ORDER, "rescinded")


def _corrections(door: Door, outcome: Outcome) -> bool:
    """Compare what the sink was handed, recipient by recipient; True once nobody is missing."""
    handed = sink.recipients(door.sent)
    told, corrected = handed.get("issued", set()), handed.get("rescinded", set())
    outcome.corrections = len(corrected)
    outcome.corrections_missing = len(told - corrected)
    outcome.corrections_wrong = len(corrected - told)
    return not outcome.corrections_missing


def prove(house: House, outcome: Outcome, steps: Steps) -> None:
    """The ledger verifies from its rows, once everything is sealed."""
    line = ledger.verifier_line(house.config.origin, house.config.state_dir / "keys" / "ledger.key.pub")
    with steps.step("Verifying the ledger") as step:
        verified = ledger.verify_live(house.act(OPERATOR), [line])
        deadline = time.monotonic() + 30
        while verified.unsealed and time.monotonic() < deadline:
            time.sleep(0.2)
            verified = ledger.verify_live(house.act(OPERATOR), [line])
        outcome.ledger_size = 0 if verified.problem or verified.unsealed else verified.entries
        step.outcome = str(verified.problem or f"{verified.entries:,} entries, every one in the signed tree")


def until(look: Callable[[], Found | None], seconds: float, meanwhile: Callable[[], None] = lambda: None) -> Found | None:
    """What ``look`` finds, as soon as it does; None if it did not in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        began = time.monotonic()
        found = look()
        if found is not None:
            return found
        meanwhile()
        # Looking is not free in a large company, and those who are watched need the machine.
        time.sleep(max(0.05, 4 * (time.monotonic() - began)))
    return None


def words(instant: Instant) -> str:
    return to_datetime(instant).strftime("%a %d %b %H:%M UTC")
