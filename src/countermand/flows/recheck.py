"""Another look: whoever says that an app is gone need not wait until a source comes round by itself.

What is wanted is written with the person's word; the worker asks the sources, with no transaction open. A source that cannot
ask a single device says so, and the person's page says when it looks next.
"""

import time
from collections.abc import Callable

from countermand.access import Act, require
from countermand.config import Config
from countermand.core.errors import Refused
from countermand.core.instants import MINUTE
from countermand.core.mentions import Mention
from countermand.flows import asking, connect, taking
from countermand.lib.http import Unreachable
from countermand.lib.outward import Wait
from countermand.sources.source import Asker, Caller, Question
from countermand.store import fleet, log, rechecks, terms, watching
from countermand.store.fleet import DeviceRow
from countermand.store.rechecks import Recheck
from countermand.store.unit import unit

#: Whoever presses the button again sooner asks nobody anew: a device answers when it next wakes.
AGAIN = 2 * MINUTE
_MOST = 20
_ATTEMPTS = 3


def want(act: Act, device: int, lineage: str) -> None:
    """Inside a unit: every source with which the device is enrolled is to look at it again."""
    known = {one.source: one for one in rechecks.of_device(device) if one.lineage == lineage}
    for source in rechecks.sources_of(device):
        before = known.get(source)
        if before is None or act.now - before.wanted_at >= AGAIN:
            rechecks.want(device, source, lineage, act.now)


def recheck(acting: Callable[[], Act], config: Config, wait: Wait = time.sleep) -> int:
    """Ask the sources for what is wanted; returns how many took it. One that cannot be asked keeps no other waiting."""
    require(acting().actor, "ingest")
    return sum(_ask(acting, config, one, wait) for one in rechecks.wanted(_MOST))


def _ask(acting: Callable[[], Act], config: Config, wanted: Recheck, wait: Wait) -> bool:
    act = acting()
    row = fleet.load([wanted.device]).get(wanted.device)
    if row is None or row.retired:
        return _cannot(wanted)
    try:
        found = connect.known(wanted.source)
        if found.paused_at is not None:
            return _cannot(wanted)
        asker = connect.asker(act, config, found, wait)
        questions = _questions(act, asker, row, wanted)
        for question in questions:
            asking.send(acting, wanted.source, question, repeats=isinstance(asker, Caller))
    except Refused:
        return _cannot(wanted)
    except Unreachable:
        with unit():
            rechecks.tried(wanted.pk, wanted.attempts + 1, over=wanted.attempts + 1 >= _ATTEMPTS)
        return False
    if not questions:
        return _cannot(wanted)
    act = acting()
    with unit():
        rechecks.asked(wanted.pk, questions[-1].ticket, act.now)
        about = {"source": wanted.source, **({"lineage": wanted.lineage} if wanted.lineage else {})}
        log.append("recheck-asked", act, about, [f"device:{wanted.device}"])
    return True


def _questions(act: Act, asker: Asker, row: DeviceRow, wanted: Recheck) -> list[Question]:
    """What the device is asked: for the order's apps; or, new as it is, for its names and for all that may be kept of it."""
    names = tuple(fleet.identities([wanted.device]).get(wanted.device, []))
    device = Mention(names, platform=row.platform, enrollment=row.enrollment)
    if wanted.lineage:
        lineage = terms.lineage(wanted.lineage)
        if lineage is None:
            return []
        asked = [asker.recheck([device], frozenset(fleet.app_names(lineage.current.apps[row.platform]).values()))]
    else:
        whole = row.ownership is taking.WHOLE
        asked = [asker.introduce([device])] if isinstance(asker, Caller) else []
        asked.append(asker.recheck([device], None if whole else watching.watch_list(act.now)))
    return [one for one in asked if one is not None]


def _cannot(wanted: Recheck) -> bool:
    with unit():
        rechecks.unsupported(wanted.pk)
    return False
