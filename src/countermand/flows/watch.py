"""Watching an app id that no live directive names: two people, a purpose and an end. Only watched ids are kept of what is
seen on personal devices."""

from countermand.access import Act, require
from countermand.core.apps import App
from countermand.core.devices import Platform
from countermand.core.errors import Refused
from countermand.core.instants import Instant, iso
from countermand.store import log, watching
from countermand.store.unit import unit
from countermand.store.watching import Watched


def watch(act: Act, app: str, purpose: str, until: Instant) -> int:
    """Propose to watch ``app`` ("ios:ID" or "android:ID") until an instant; returns the entry's number.

    Refused ``app-form``, ``time-passed``, ``watch-purpose``.
    """
    require(act.actor, "watch")
    platform, _, app_id = app.partition(":")
    if platform not in set(Platform) or not app_id:
        raise Refused("app-form", app=app)
    if until <= act.now:
        raise Refused("time-passed", time=iso(until))
    if not purpose.strip():
        raise Refused("watch-purpose")
    with unit():
        pk = watching.propose(App(Platform(platform), app_id), purpose, until, act.actor.name)
        log.append("watch-proposed", act, {"app": app, "purpose": purpose, "until": until})
    return pk


def agree_watch(act: Act, pk: int) -> None:
    """Agree: reports that arrive from now on keep this id. Refused ``not-found``, ``own-work``, ``agreed-already``."""
    require(act.actor, "agree-watch")
    with unit():
        found = _known(act, pk)
        if found.agreed_by:
            raise Refused("agreed-already", agreed=found.agreed_by)
        if found.proposed_by == act.actor.name:
            raise Refused("own-work", actor=act.actor.name, did="proposed", action="agree to")
        watching.agree(pk, act.actor.name)
        log.append("watch-agreed", act, {"app": str(found.app), "until": found.until})


def end_watch(act: Act, pk: int) -> None:
    """Watch this id no longer; one person suffices. Refused ``not-found``, ``time-passed``."""
    require(act.actor, "watch")
    with unit():
        found = _known(act, pk)
        watching.end(pk, act.now)
        log.append("watch-ended", act, {"app": str(found.app)})


def _known(act: Act, pk: int) -> Watched:
    found = watching.find(pk)
    if found is None:
        raise Refused("not-found", what="watched app", name=str(pk), nearest="none")
    if found.until <= act.now:
        raise Refused("time-passed", time=iso(found.until))
    return found
