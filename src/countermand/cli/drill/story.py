"""The founding case, act by act: told on Friday, due the next Friday, denied to the second, and taken back at once."""

import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from countermand.cli.drill import company, watch
from countermand.cli.drill.cast import Cast, joiners_phone
from countermand.cli.drill.company import Phone, Will
from countermand.cli.drill.door import open_door
from countermand.cli.drill.form import Form
from countermand.cli.drill.house import AUTHOR, FIRST, OPENS, OPERATOR, SECOND, House, found
from countermand.cli.drill.page import Outcome
from countermand.cli.drill.processes import Processes
from countermand.cli.drill.steps import Steps
from countermand.core.instants import DAY, HOUR, Instant, from_iso
from countermand.flows.approve import approve
from countermand.flows.bring_devices import bring_devices
from countermand.flows.bring_people import bring_people
from countermand.flows.issue import issue
from countermand.flows.propose import propose
from countermand.flows.telling import issue_all
from countermand.flows.write import write
from countermand.lib import sshsig
from countermand.reads import preview, progress

ORDER = "no-tiktok-on-mail"
TUESDAY: Instant = OPENS + 4 * DAY
THURSDAY: Instant = from_iso("2020-07-16T02:00:00Z")


@dataclass(frozen=True, slots=True)
class Plan:
    """What to rehearse. ``sample``: how many phones ask at the door; the rest of the fleet is judged all the same;
    ``database``: as a configuration would name it, '' for a file in ``folder``."""

    cast: Cast
    seed: int
    folder: Path
    sample: int = 10_000
    database: str = ""


def play(plan: Plan, steps: Steps) -> Outcome:
    """Rehearse everything; the outcome says what was seen, good or bad."""
    started = time.monotonic()
    cast, outcome = plan.cast, Outcome(folder=str(plan.folder))
    with Processes(plan.folder) as running:
        steps.clock("Friday, 10 July 2020: a message to everybody")
        house = _set_up(plan, cast, outcome, steps)
        with steps.step("Starting nginx, the gate, the control plane, the worker and a mail sink"):
            door = open_door(house, running, _logins(cast))
        _order(house, outcome, steps)
        _tell(house, outcome, steps)
        phones = _the_week(house, plan, outcome, steps)
        watch.friday(house, door, watch.Watched(phones, joiners_phone(cast, plan.seed), excused(cast)), outcome, steps)
        watch.sent_in_error(house, door, phones, outcome, steps)
        watch.prove(house, outcome, steps)
    outcome.seconds = time.monotonic() - started
    return outcome


def _set_up(plan: Plan, cast: Cast, outcome: Outcome, steps: Steps) -> House:
    with steps.step("A database flagged as a drill, four operators with SSH keys"):
        house = found(plan.folder, cast.size(), plan.database)
    form = Form(plan.folder, house, cast.size())
    with steps.step("Making up a company") as step:
        outcome.people = form.write_people(cast.employees())
        outcome.phones = form.write_devices("devices", _counted(cast.phones(), outcome), company.opening(OPENS), removed=False)
        step.outcome = f"{outcome.people:,} people, {outcome.phones:,} phones"
    with steps.step("Importing people", outcome.people) as step:
        form.bring_people(step.forward)
    with steps.step("Importing devices and their apps", outcome.phones) as step:
        form.bring_devices("devices", step.forward)
    return house


def _order(house: House, outcome: Outcome, steps: Steps) -> None:
    text = files("countermand.cli.drill").joinpath("order.yaml").read_text()
    with steps.step("Writing the order, previewing it") as step:
        write(house.act(AUTHOR), text, "order.yaml")
        seen = preview.preview(ORDER, house.config, house.now)
        step.outcome = f"{seen.audience:,} people; {seen.proposed:,} phones would lose mail, {seen.busiest_denials:,} in one hour"
    with steps.step("Two people sign exactly this bundle"):
        act = house.act(AUTHOR)
        made = propose(act, ORDER, rails=house.config.guard, expected=seen.audience)
        for name in (FIRST, SECOND):
            approve(house.act(name), ORDER, sshsig.sign(house.keys[name], made.digest))
    with steps.step("Issuing: a notice is promised to everybody", seen.audience) as step:
        issued = issue(house.act(OPERATOR), ORDER)
        outcome.notices_expected = len(issued.audience)
        issue_all(house.act(OPERATOR), ORDER, issued.audience, tick=lambda made: step.at(made.done, made.total))


def _tell(house: House, outcome: Outcome, steps: Steps) -> None:
    with steps.step("Handing notices over", outcome.notices_expected) as step:
        started = time.monotonic()
        patience = 60 + outcome.notices_expected / 500

        def everybody() -> bool | None:
            outcome.told = progress.told(ORDER)
            step.at(outcome.told)
            return outcome.told >= outcome.notices_expected or None

        watch.until(everybody, patience)
        outcome.notice_seconds = time.monotonic() - started
        step.outcome = f"{outcome.told:,} people told"


def _the_week(house: House, plan: Plan, outcome: Outcome, steps: Steps) -> list[Phone]:
    """Until Thursday; returns the phones that will ask at the door."""
    steps.clock("Tuesday: most remove the app, and the MDM looks again")
    cast = plan.cast
    house.go_to(TUESDAY)
    form, drawn = Form(plan.folder, house, cast.size()), list[Phone]()
    with steps.step("Importing devices and their apps", outcome.phones) as step:
        form.write_devices("devices-tuesday", _sampled(cast.phones(), plan, drawn), TUESDAY - HOUR, removed=True)
        form.bring_devices("devices-tuesday", step.forward)
    steps.clock("Thursday: somebody joins, and is told late")
    house.go_to(THURSDAY)
    joiner, phone = cast.joiner(), joiners_phone(cast, plan.seed)
    with steps.step("A joiner, whose phone has the app") as step:
        people, devices = house.folder / "joiner.csv", house.folder / "joiner-device.csv"
        company.write_people(people, iter([joiner]))
        company.write_devices(devices, iter([phone]), THURSDAY - HOUR, removed=False)
        bring_people(house.act(OPERATOR), people, whole=False)
        bring_devices(house.act(OPERATOR), devices, whole=False)
        due = watch.until(lambda: progress.due_of(ORDER, joiner.login), 30.0)
        outcome.late, outcome.late_due = joiner.name, due or 0
        step.outcome = f"{joiner.name} has until {watch.words(due or 0)}"
    return drawn


def _counted(phones: Iterator[Phone], outcome: Outcome) -> Iterator[Phone]:
    """The phones as they pass by, counted."""
    for phone in phones:
        outcome.with_app += phone.has_app
        outcome.cannot_be_seen += phone.will is Will.UNSEEN
        yield phone


def _logins(cast: Cast) -> Iterator[str]:
    yield from (person.login for person in cast.employees())
    yield cast.joiner().login


def excused(cast: Cast) -> frozenset[str]:
    """Logins that the order does not speak to."""
    return frozenset(person.login for person in cast.employees() if "incident-response" in person.groups)


def _sampled(phones: Iterator[Phone], plan: Plan, drawn: list[Phone]) -> Iterator[Phone]:
    """The phones as they pass by; ``drawn`` has in the end those that ask at the door: all that have a name for it, or as many
    as the plan says, drawn by the seed."""
    rng, number = random.Random(f"sample-{plan.seed}"), 0  # noqa: S311
    for phone in phones:
        if phone.eas_id and phone.login:
            if len(drawn) < plan.sample:
                drawn.append(phone)
            elif (place := rng.randrange(number + 1)) < plan.sample:
                drawn[place] = phone
            number += 1
        yield phone
