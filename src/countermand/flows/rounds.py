"""Rounds: the devices of a source that posts are asked, one after another, by the clock; then what they answer is heard.

Of the company's devices a round asks for everything, of people's own only for what is watched. A round is the source's complete
contact, as of its beginning, once as many devices answered as in the last one, or nearly: that proves the whole way there and
back.
"""

import time
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from countermand.access import Act, require
from countermand.config import Config, Holdbacks
from countermand.core import holdback
from countermand.core.apps import App
from countermand.core.devices import Enrollment, Platform
from countermand.core.errors import Refused
from countermand.core.instants import MINUTE
from countermand.core.mentions import Mention
from countermand.flows import asking, connect, taking
from countermand.flows.asking import Acting
from countermand.flows.files import Progress, silent
from countermand.lib.http import Unreachable
from countermand.lib.outward import Wait
from countermand.sources.source import AT_ONCE, Caller, Question
from countermand.store import asked, connected, fleet, lease, log, reporters, syncing, watching
from countermand.store.connected import Connected
from countermand.store.syncing import Run, Stage
from countermand.store.unit import aside, unit

_LEASE = 2 * MINUTE
#: After a failure a source is called again no sooner.
AGAIN = 15 * MINUTE


@dataclass(frozen=True, slots=True)
class Round:
    """``devices``: how many were asked; ``asleep``: why they could not be woken, '' if they were: then they answer when they
    come by themselves."""

    source: str
    devices: int
    asleep: str = ""


def go_round(
    acting: Acting, config: Config, name: str, *, holder: str, progress: Progress = silent, wait: Wait = time.sleep
) -> Round:
    """Ask every device that is enrolled with the source, or go on with those that were not asked yet. ``holder`` names this
    process. Refused ``not-found``, ``source-not-asked``, ``source-paused``, ``source-busy``, ``source-away``, and what the
    source refuses."""
    act = acting()
    require(act.actor, "ingest")
    found = connect.known(name)
    caller = connect.caller(act, config, found, wait)
    run = _begin(act, found, holder)
    asleep = ""
    try:
        after = int(run.cursor or "-1")
        while devices := fleet.enrolled_after(name, after, AT_ONCE):
            act = acting()
            for question in _questions(act, caller, devices):
                asleep = asking.send(acting, name, question).asleep or asleep
            with aside():
                _keep_lease(name, holder)
                syncing.asked(run.pk, str(devices[-1]), len(devices))
            after = devices[-1]
            progress(len(devices))
        _end(acting(), found, asleep)
    except Refused as refused:
        with aside():
            connected.tried(found.pk, act.now, refused.sentence)
        raise
    except Unreachable as away:
        with aside():
            connected.tried(found.pk, act.now, f"it cannot be reached: {away}")
        raise Refused("source-away", source=name, why=away) from away
    finally:
        with aside():
            lease.release(_lease(name), holder)
    done = syncing.of(found.pk)
    return Round(name, done.devices if done else 0, asleep)


def due(act: Act) -> list[str]:
    """The sources whose devices are to be asked now, by name."""
    return [one.name for one in connected.every() if _due(one, act)]


def hear(act: Act, hold: Holdbacks) -> int:
    """Look what the devices asked last have answered; returns how many sources were in complete contact now."""
    require(act.actor, "ingest")
    return sum(_hear(act, one, hold) for one in connected.every() if one.stage == Stage.HEARING and one.paused_at is None)


def _begin(act: Act, found: Connected, holder: str) -> Run:
    if found.paused_at is not None:
        raise Refused("source-paused", name=found.name)
    with aside():
        _keep_lease(found.name, holder)
        run = syncing.of(found.pk)
        if run is None or run.stage is not Stage.ASKING or act.now - run.began > found.interval:
            run = syncing.begin(found.pk, act.now, Stage.ASKING)
        connected.tried(found.pk, act.now)
        return run


def _end(act: Act, found: Connected, asleep: str) -> None:
    with unit():
        run = syncing.of(found.pk)
        if run is None:
            raise Refused("source-busy", name=found.name)
        syncing.fetched(run.pk, Stage.HEARING, act.now, confirmed=True)
        if asleep:
            connected.tried(found.pk, act.now, f"its devices cannot be woken: {asleep}")
        log.append("devices-asked", act, {"source": found.name, "devices": run.devices})


def _questions(act: Act, caller: Caller, devices: Iterable[int]) -> list[Question]:
    """What these devices are asked: those that are managed and owned alike together, so that one command does for many."""
    rows, names = fleet.load(list(devices)), fleet.identities(list(devices))
    watched = watching.watch_list(act.now)
    alike = defaultdict[tuple[Enrollment, bool], list[Mention]](list)
    nameless: list[Mention] = []
    for ordinal, row in rows.items():
        if row.platform is not Platform.IOS or row.retired:
            continue
        mention = Mention(tuple(names.get(ordinal, ())), platform=row.platform, enrollment=row.enrollment)
        alike[row.enrollment, row.ownership is taking.WHOLE].append(mention)
        if not {"eas", "serial"} <= {one.kind.value for one in mention.identities}:
            nameless.append(mention)
    found = [caller.introduce(nameless)] if nameless else []
    for (_, whole), some in sorted(alike.items()):
        apps: frozenset[App] | None = None if whole else watched
        found.append(caller.recheck(some, apps))
    return [one for one in found if one is not None]


def _hear(act: Act, one: Connected, hold: Holdbacks) -> bool:
    run = syncing.of(one.pk)
    if run is None:
        return False
    count, row = asked.answers(one.name, run.began), reporters.find(one.name)
    few = row is None or holdback.set_is_small(count, row.last_count, hold.set_floor)
    over = act.now - run.began >= one.interval
    fresh = one.last_contact is None or one.last_contact < run.began
    if few and not over:
        return False
    with aside():
        if few:
            connected.tried(
                one.pk, act.now, f"of {run.devices:,} devices asked only {count:,} answered; {one.last_count:,} the last time"
            )
        elif row is not None:
            if fresh:
                log.append("source-contacted", act, {"source": one.name, "devices": count})
            reporters.contacted(row, run.began, count if over else max(count, row.last_count))
        if over:
            syncing.end(one.pk)
    return not few


def _due(one: Connected, act: Act) -> bool:
    if act.drill or one.paused_at is not None or not one.credential or not connect.calls(one.kind):
        return False
    if one.tried_at is None:
        return True
    if one.stage == Stage.HEARING:
        return False
    wait = MINUTE if one.stage else min(one.interval, AGAIN) if one.fault else one.interval
    return act.now - one.tried_at >= wait


def _keep_lease(name: str, holder: str) -> None:
    if not lease.hold(_lease(name), holder, lease.real(), _LEASE):
        raise Refused("source-busy", name=name)


def _lease(name: str) -> str:
    return f"round:{name}"
