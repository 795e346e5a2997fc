"""The worker: what happens without anybody asking. Delivers notices, finishes telling, sweeps, opens rings, seals, forgets.

``python -m countermand.worker --config FILE``. Each step is a series of short acts, so the stop button never waits for one;
each thread has its own database connection. Publishing to gates is the control plane's part (``countermand serve``).
A step that fails is logged and tried again later, and keeps no other from running.
"""

import argparse
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, replace
from pathlib import Path

from countermand import config as configuration
from countermand.access import SYSTEM, Act
from countermand.config import Config
from countermand.core.errors import Refused
from countermand.core.instants import HOUR, MINUTE, SECOND, Instant
from countermand.flows import (
    asking,
    bring_bounces,
    bring_ldap,
    deliver,
    echo,
    events,
    forget,
    kept,
    letters,
    lever_rounds,
    lever_switch,
    objecting,
    posted_bounces,
    recheck,
    seal,
    sweep,
    telling,
)
from countermand.flows import desk as desks
from countermand.flows import signal as signalling
from countermand.flows.accounts import key_file
from countermand.flows.asking_all import ask_all
from countermand.flows.reserve import reserve
from countermand.flows.streaming import Streaming
from countermand.lib import clock, watchpoint
from countermand.lib.log import say, take_over
from countermand.lib.steps import Step as Step
from countermand.lib.steps import Stopping as Stopping
from countermand.lib.steps import condition as condition
from countermand.lib.steps import once
from countermand.notices.mail import Courier, Server
from countermand.notices.pace import Hourly
from countermand.reads import installation


def loop(steps: Iterable[Step], stop: threading.Event, leave: Callable[[], None] = lambda: None) -> None:
    """Run the steps by turns until ``stop``; ``leave`` at the end, in the same thread. Sleeps when nothing is due."""
    steps = list(steps)
    try:
        while not stop.is_set():
            for step in steps:
                if not stop.is_set() and clock.steady() >= step.next_at:
                    once(step)
            soonest = min(step.next_at for step in steps)
            stop.wait(max(soonest - clock.steady(), 0) / 1000)
    finally:
        leave()
        installation.close()


def acting() -> Act:
    """The worker's act, now."""
    return installation.act(SYSTEM)


def _name() -> str:
    """What leases and claims call this process."""
    return f"{os.uname().nodename}:{os.getpid()}"


def by_the_clock(step: Step, watch: clock.Watch) -> Step:
    """The step, but not after a jump of the clock: it would tell people dues, open rings or lapse evidence by an hour that
    did not pass, or that passes twice. Refused ``clock-jumped`` then, until the worker is started again."""
    run = step.run

    def sober() -> bool:
        watch.now()
        if watch.jumped:
            raise Refused("clock-jumped", seconds=watch.jumped // 1000)
        return run()

    step.run = sober
    return step


def delivering(config: Config, courier: Courier, desk: letters.Desk) -> Step:
    """Hand promised notices to the mail server, batch after batch."""
    pace = Hourly(config.smtp.per_hour, clock.steady())
    name = _name()

    def run() -> bool:
        may = pace.left(deliver.BATCH, clock.steady())
        if not may:
            return False
        done = deliver.deliver(acting, courier.send, desk, name, installation.real, may)
        pace.took(done.accepted + done.unknown)
        if done.claimed:
            say("delivered", **asdict(done))
        if done.away:
            raise ConnectionError("the mail server does not take notices")
        return done.waiting

    return Step("deliver", run, every=200)


def echoing(config: Config, desk: letters.Desk, *, drill: bool) -> Step:
    """Say it once more by second channels. They take seconds each, so they have a thread of their own."""
    way, name = echo.carrier(config, drill=drill), _name()

    def run() -> bool:
        done = echo.echo(acting, desk, way, name, installation.real)
        if done.claimed:
            say("echoed", **asdict(done))
        return done.waiting

    return Step("echo", run, every=SECOND)


def tidying(config: Config, stop: threading.Event) -> list[Step]:
    """What may take its time: telling to the end, the sweep, sealing."""
    swept: dict[str, Instant] = {}

    def between() -> None:
        if stop.is_set():
            raise Stopping

    def tell() -> bool:
        promised = telling.catch_up(acting(), between)
        if promised:
            say("promised", notices=promised)
        return False

    def walk() -> bool:
        act = acting()
        if act.now < swept.get("until", 0):
            return False
        lapse, began = act.now >= swept.get("lapse", 0), clock.steady()
        done = sweep.sweep(act.now, drill=act.drill, lapse=lapse, between=between)
        rest = 9 * (clock.steady() - began)  # of a large fleet it takes a while, and whoever delivers waits for it
        swept["until"] = act.now + max(SECOND if act.drill else MINUTE, rest)
        if lapse:
            swept["lapse"] = act.now + HOUR
        if done.changed or done.reminders or done.rings:
            say("swept", **asdict(done))
        return False

    def seal_rows() -> bool:
        sealed = seal.seal(acting(), key_file(config.state_dir, "ledger"), state_dir=config.state_dir, holder=_name())
        return sealed is not None and sealed.more

    return [
        Step("seal", seal_rows, every=SECOND),
        taking(config),
        Step("tell", tell, every=2 * SECOND),
        Step("sweep", walk, every=SECOND),
        hearing(config),
        *bouncing(config),
        forgetting(config),
    ]


def taking(config: Config) -> Step:
    """Events that a web process stored and did not come to take."""

    def take() -> bool:
        events.forget_events(clock.now())
        return events.take_events(acting(), config.holdbacks) > 0

    return Step("events", take, every=SECOND)


def syncing(config: Config, stop: threading.Event) -> Step:
    """Sources that are asked, each when it is due. One that fails is logged, and keeps no other waiting."""

    def patient() -> Act:
        if stop.is_set():
            raise Stopping  # what came so far is kept
        return acting()

    def ask() -> bool:
        for visit in ask_all(patient, config, _name(), stop.wait):
            say(visit.what, **visit.about)
        return False

    return Step("sync", ask, every=MINUTE)


def reading(config: Config) -> list[Step]:
    """The LDAP directory, if one is configured to be read by itself. What asks for a second look waits for a person."""
    if not config.ldap.url or not config.ldap.every:
        return []

    def read() -> bool:
        done = bring_ldap.sync_ldap(acting(), config.ldap, config.state_dir, config.holdbacks)
        say("directory-held" if done is None else "directory-read", **({} if done is None else asdict(replace(done, doubts=()))))
        return False

    return [Step("directory", read, every=config.ldap.every)]


def signals(config: Config, stop: threading.Event) -> Step:
    """Machines that are told what the ledger records. One that does not answer keeps no other waiting for long."""

    def tell() -> bool:
        more = False
        for name in signalling.due():
            if stop.is_set():
                raise Stopping
            done = signalling.signal(acting(), config, name, _name())
            if done is not None:
                say("signalled", **asdict(done))
                more = more or (done.more and not done.fault)
        return more

    return Step("signal", tell, every=2 * SECOND)


def switching(config: Config) -> Step:
    """The switches of levers: whatever was halted or rescinded denies nobody any more, before anything else is written."""
    way = lever_switch.way_of(acting(), config)

    def turn() -> bool:
        for one in lever_switch.narrow(acting(), way, _name()):
            say("lever-switched", **asdict(one))
        return False

    return Step("lever-switch", turn, every=SECOND // 4)


def pulling(config: Config, stop: threading.Event) -> Step:
    """Levers that are kept up: entry by entry, as fast as each system lets us."""
    rounds = lever_rounds.Rounds(acting, config, _name(), stop.wait)

    def pull() -> bool:
        done, refused = rounds.turn(stop.is_set)
        for one in done:
            if one.wrote or one.fault:
                say("lever-worked", **asdict(one))
        for name, why in refused.items():
            say("lever-failed", lever=name, code=why.code, why=why.sentence)
        return any(one.waits and one.wrote and not one.fault for one in done)

    return Step("lever", pull, every=5 * SECOND)


def believing(config: Config, stop: threading.Event) -> Step:
    """What receivers of Shared Signals hold of whom is brought up to who is denied."""
    streaming = Streaming(acting, config, _name(), stop.is_set)
    return Step("believe", streaming.bring, every=SECOND)


def transmitting(config: Config, stop: threading.Event) -> Step:
    """What waits for receivers is pushed to those that want it so, to each for a while at most."""
    streaming = Streaming(acting, config, _name(), stop.is_set)
    return Step("transmit", streaming.push, every=SECOND)


def rechecking(config: Config, stop: threading.Event) -> Step:
    """Devices that sources are to look at again: their people said so and wait for it, or nobody heard what they answered."""
    asked_at = {"next": clock.steady()}

    def ask() -> bool:
        asked = recheck.recheck(acting, config, stop.wait)
        if asked:
            say("rechecked", devices=asked)
        if asked_at["next"] <= (now := clock.steady()):
            asked_at["next"] = now + 10 * SECOND
            if again := asking.ask_again(acting, config, stop.wait):
                say("asked-again", devices=again)
        return False

    return Step("recheck", ask, every=SECOND // 2)


def hearing(config: Config) -> Step:
    """What employees contest and nobody answered in time goes on to somebody else."""
    pages = config.pages
    said = objecting.Hearing(pages.answerers, pages.escalate_to, pages.answer_in)

    def ask() -> bool:
        if passed := objecting.escalate(acting(), said):
            say("escalated", objections=passed)
        return False

    return Step("hearing", ask, every=10 * SECOND)


def bouncing(config: Config) -> list[Step]:
    """What the mail server delivers to the return path of notices, where it is read."""
    maildir, back = config.bounces.maildir, posted_bounces.returning(config)
    if maildir is None:
        return []

    def take() -> bool:
        done = bring_bounces.take_from(acting(), maildir, back)
        if done.messages:
            passed = len(done.passed_over)
            say("bounced", messages=done.messages, notices=done.bounced, untold=len(done.untold), passed_over=passed)
        return done.messages > 0

    return [Step("bounces", take, every=10 * SECOND)]


def forgetting(config: Config) -> Step:
    """Once in a while a walk over the fleet for what may no longer be kept, a short step each time that it is asked."""
    kept: dict[str, int] = {"after": -1}

    def retain() -> bool:
        act = acting()
        if act.now < kept.get("until", 0):
            return False
        done = forget.forget_unwatched(act, kept["after"], config.retention.appeal)
        if done.devices:
            say("forgotten", devices=done.devices)
        if done.cursor is not None:
            kept["after"] = done.cursor
            return True
        forget.forget_bindings(act, config.retention.appeal)
        asking.forget_answers(act.now)
        kept.update(after=-1, until=act.now + config.retention.every)
        return False

    return Step("forget", retain, every=MINUTE)


def work(config: Config, stop: threading.Event) -> None:
    """Run every step until ``stop``; a batch that was begun is finished. Refused ``ledger-truncated`` or
    ``ledger-history-differs`` on an older copy of the database: it would send an old outbox again."""
    smtp = config.smtp
    drill = installation.open_installation(config.database).drill
    kept.require_newest(config.state_dir)
    server = Server(
        smtp.host, smtp.port, smtp.sender, drill, starttls=smtp.starttls, username=smtp.username, password=smtp.password
    )
    courier = Courier(server, installation.real)
    reserve()
    watch, paper = clock.Watch(installation.real), desks.desk(config, installation.real())
    sending, tidy = [by_the_clock(delivering(config, courier, paper), watch)], tidying(config, stop)
    again = [by_the_clock(echoing(config, paper, drill=drill), watch)]
    asking = [by_the_clock(step, watch) for step in (syncing(config, stop), *reading(config))]
    looking = [by_the_clock(rechecking(config, stop), watch)]
    for step in tidy:
        if step.name != "seal":
            by_the_clock(step, watch)
    facts, lifting, pulled = [signals(config, stop)], [switching(config)], [by_the_clock(pulling(config, stop), watch)]
    held, pushed = [by_the_clock(believing(config, stop), watch)], [transmitting(config, stop)]
    threads = [
        threading.Thread(name="lever-switch", target=loop, args=(lifting, stop)),
        threading.Thread(name="believe", target=loop, args=(held, stop)),
        threading.Thread(name="transmit", target=loop, args=(pushed, stop)),
        threading.Thread(name="lever", target=loop, args=(pulled, stop)),
        threading.Thread(name="signal", target=loop, args=(facts, stop)),
        threading.Thread(name="deliver", target=loop, args=(sending, stop, courier.close)),
        threading.Thread(name="echo", target=loop, args=(again, stop)),
        threading.Thread(name="tidy", target=loop, args=(tidy, stop)),
        threading.Thread(name="sync", target=loop, args=(asking, stop)),
        threading.Thread(name="recheck", target=loop, args=(looking, stop)),
    ]
    listen, every = config.worker.listen, [*sending, *again, *tidy, *asking, *facts, *looking, *lifting, *pulled, *held, *pushed]
    close = watchpoint.listen(listen, lambda path: condition(every, path)) if listen else lambda: None
    for thread in threads:
        thread.start()
    say("working", drill=drill)
    for thread in threads:
        thread.join()
    close()
    installation.close()
    say("stopped")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run until SIGTERM or SIGINT. Exit code of the refusal if it cannot start."""
    parser = argparse.ArgumentParser(prog="countermand.worker")
    parser.add_argument("--config", type=Path, required=True)
    asked = parser.parse_args(arguments)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    take_over()
    try:
        work(configuration.load(asked.config), stop)
    except Refused as refused:
        print(refused, file=sys.stderr)
        sys.exit(refused.entry.exit)


if __name__ == "__main__":
    main()
