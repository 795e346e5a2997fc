"""The presence fold: which apps are on a device, whatever the order in which answers arrive.

An app is present if some machine showed it and no *later* machine answer whose coverage includes it lacked it. It is
enough to keep, per app, the latest time it was shown, and per coverage the latest time somebody looked: both are
maxima, so the fold is the same in every order and for every repetition. Attestations never clear presence.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from countermand.core.apps import App
from countermand.core.coverage import Coverage, Grade, Report
from countermand.core.instants import Instant

#: (source, grade, coverage) → latest observation.
_Key = tuple[str, Grade, Coverage]
Looks = Mapping[_Key, Instant]


@dataclass(frozen=True, slots=True)
class Presence:
    """``shown``: app → latest time a machine showed it, for present apps only; ``looked``: latest answer per coverage."""

    shown: Mapping[App, Instant] = field(default_factory=dict)
    looked: Looks = field(default_factory=dict)

    @property
    def apps(self) -> frozenset[App]:
        return frozenset(self.shown)


def fold(before: Presence, reports: Iterable[Report]) -> Presence:
    """The presence after these reports, in any order. Rows that a later covering answer lacked are dropped at once:
    the answer itself stays in ``looked``, so a late arrival cannot bring them back."""
    shown, looked = dict(before.shown), dict(before.looked)
    for report in reports:
        key = (report.source, report.grade, report.coverage)
        looked[key] = max(report.observed_at, looked.get(key, report.observed_at))
        if report.grade >= Grade.INVENTORY:
            at = report.observed_at
            if report.coverage.apps is None and at > max(shown.values(), default=-1):
                shown = dict.fromkeys(report.present, at)  # what was shown before could only have outlasted it by being in it
            else:
                shown.update([(app, at) for app in report.present if shown.get(app, -1) < at])
    return _cleared(shown, looked)


def joined(one: Presence, other: Presence) -> Presence:
    """What is known of two devices that are one: the same as if all their answers had been folded together."""
    shown = dict(one.shown)
    for app, at in other.shown.items():
        shown[app] = max(at, shown.get(app, at))
    return _cleared(shown, _latest(one.looked, other.looked))


def _cleared(shown: dict[App, Instant], looked: Looks) -> Presence:
    """Nothing that a later look would have shown is left. Takes ``shown`` for its own."""
    machines = [(coverage.apps, at) for (_, grade, coverage), at in looked.items() if grade >= Grade.INVENTORY]
    everything = max((at for apps, at in machines if apps is None), default=0)
    some = [(apps, at) for apps, at in machines if apps is not None and at > everything]
    if not some and min(shown.values(), default=everything) >= everything:
        return Presence(shown, looked)
    for app in [app for app, at in shown.items() if at < everything or any(at < then and app in apps for apps, then in some)]:
        del shown[app]
    return Presence(shown, looked)


def _latest(*looks: Looks) -> Looks:
    found: dict[_Key, Instant] = {}
    for some in looks:
        for key, at in some.items():
            found[key] = max(at, found.get(key, at))
    return found


def forget(before: Presence, kept: frozenset[App]) -> Presence:
    """What is left when only rows of ``kept`` apps may be stored. INVARIANT: coverage narrows in the same step, or the
    missing rows would count as proof of absence."""
    shown = {app: at for app, at in before.shown.items() if app in kept}
    looked: dict[tuple[str, Grade, Coverage], Instant] = {}
    for (source, grade, coverage), at in before.looked.items():
        key = (source, grade, coverage.narrowed(kept))
        looked[key] = max(at, looked.get(key, at))
    return Presence(shown, looked)


def unprevented(before: Presence, source: str) -> Presence:
    """What is left when a source no longer keeps anything off the device."""
    kept = {key: at for key, at in before.looked.items() if key[:2] != (source, Grade.PREVENTED)}
    return Presence(before.shown, kept)


def concise(presence: Presence) -> Presence:
    """The same without looks that another one outdoes: same source and grade, no narrower coverage, no older. Neither the
    fold nor a verdict can tell the difference, and rows do not pile up as the watch list changes."""
    if len(presence.looked) < 2:
        return presence
    kept = {
        key: at
        for key, at in presence.looked.items()
        if not any(other != key and _outdoes(other, then, key, at) for other, then in presence.looked.items())
    }
    return Presence(presence.shown, kept)


def _outdoes(other: _Key, then: Instant, key: _Key, at: Instant) -> bool:
    same = other[0] == key[0] and other[1] == key[1] and then >= at
    return same and (other[2].apps is None or (key[2].apps is not None and key[2].apps <= other[2].apps))
