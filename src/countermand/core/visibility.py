"""Visibility: what can be known of the apps on a phone, by how it is managed and by who is asked. The truth table, as data.

``WAYS`` speaks of the phone: what its operating system lets any manager see. ``Sight`` speaks of a source: what it hands on
of that. A source never shows more than the phone lets anybody see. docs/visibility.md is made from both.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from countermand.core.coverage import EVERYTHING, NOTHING, Coverage, Grade
from countermand.core.devices import Enrollment, Ownership, Platform
from countermand.core.wording import many


class Sees(StrEnum):
    """Which of the apps on a phone: the words in which they are told to people."""

    EVERY = "every app"
    NAMED = "named apps"
    MANAGED = "managed apps"
    NONE = "no app"


@dataclass(frozen=True, slots=True)
class Way:
    """One way in which a phone is managed. ``sees``: what a manager can learn of apps that people install for themselves;
    ``blocks``: whether the operating system can keep such an app off. ``cited``: who says so."""

    platform: Platform
    how: str
    enrollment: Enrollment
    ownership: frozenset[Ownership]
    sees: Sees
    blocks: bool
    cited: str


@dataclass(frozen=True, slots=True)
class Sight:
    """What a source can say of phones that it describes as ``how``. ``shows``: of which apps it can prove the presence;
    ``proves``: of which the absence; at ``grade``. None: any platform, any enrolment. ``cited``: who says so."""

    how: str
    platform: Platform | None
    enrollment: Enrollment | None
    shows: Sees
    proves: Sees
    grade: Grade
    cited: str


_OURS = frozenset({Ownership.CORPORATE})
_THEIRS = frozenset({Ownership.PERSONAL, Ownership.CONTRACTOR})
_ANY = frozenset(Ownership)
_IOS, _ANDROID = Platform.IOS, Platform.ANDROID
_APPLE_COMMAND = "Apple device-management schema, mdm/commands/application.installed.list.yaml"
_APPLE_USER = "Apple Platform Deployment, User Enrollment and device management"
_AMAPI = "Android Management API, enterprises.devices and enterprises.policies"
_EXCHANGE = "Exchange PowerShell, Get-MobileDevice"

WAYS: tuple[Way, ...] = (
    Way(_IOS, "supervised (Automated Device Enrollment)", Enrollment.SUPERVISED, _OURS, Sees.EVERY, True, _APPLE_COMMAND),
    Way(_IOS, "device enrolment, not supervised", Enrollment.DEVICE, _ANY, Sees.EVERY, False, _APPLE_COMMAND),
    Way(_IOS, "user enrolment", Enrollment.USER, _THEIRS, Sees.MANAGED, False, _APPLE_USER),
    Way(_ANDROID, "fully managed", Enrollment.SUPERVISED, _OURS, Sees.EVERY, True, _AMAPI),
    Way(_ANDROID, "device administrator (legacy)", Enrollment.DEVICE, _ANY, Sees.EVERY, False, _AMAPI),
    Way(_ANDROID, "work profile on a company's phone", Enrollment.COPE, _OURS, Sees.MANAGED, True, _AMAPI),
    Way(_ANDROID, "work profile on a personal phone", Enrollment.USER, _THEIRS, Sees.MANAGED, False, _AMAPI),
    Way(_IOS, "known to the mail server only", Enrollment.EAS, _ANY, Sees.NONE, False, _EXCHANGE),
    Way(_ANDROID, "known to the mail server only", Enrollment.EAS, _ANY, Sees.NONE, False, _EXCHANGE),
    Way(_IOS, "not managed, or the mail app alone", Enrollment.NONE, _ANY, Sees.NONE, False, "nobody is there to look"),
    Way(_ANDROID, "not managed, or the mail app alone", Enrollment.NONE, _ANY, Sees.NONE, False, "nobody is there to look"),
)


def ways(platform: Platform, enrollment: Enrollment) -> tuple[Way, ...]:
    """The rows that speak of such a phone."""
    return tuple(way for way in WAYS if way.platform is platform and way.enrollment is enrollment)


_VISIBLE = {
    enrollment: EVERYTHING if all(way.sees is Sees.EVERY for way in WAYS if way.enrollment is enrollment) else NOTHING
    for enrollment in Enrollment
}


def visible(enrollment: Enrollment) -> Coverage:
    """What a full app list of a phone managed like this could have shown: everything, or nothing that proves absence."""
    return _VISIBLE[enrollment]


def tell(sees: Mapping[Sight, int], suggested: Mapping[str, int], *, whole: bool = True) -> Iterator[str]:
    """What a source can and cannot see of so many phones, in plain words; the largest part first. ``suggested``: names that look
    like a watched product's, and on how many phones; ``whole``: all of its phones were looked at."""
    total = sum(sees.values())
    if not whole:
        yield f"It has many: the first {many(total, 'phone')} were looked at."
    for sight, count in sorted(sees.items(), key=lambda pair: (-pair[1], pair[0].how)):
        means = f"it shows {sight.shows}, and can prove the absence of {sight.proves}"
        if sight.proves is Sees.NONE:
            shows = "no app of theirs" if sight.shows is Sees.NONE else f"{sight.shows} only"
            means = f"it shows {shows}: where no other source looks, they will be unknown"
        yield f"{count:,} of {many(total, 'phone')} ({sight.how}): {means}."
    for name, count in sorted(suggested.items()):
        yield f"An app called {name!r} is listed on {many(count, 'device')}: a name suggests, and denies nobody."


def page(kinds: dict[str, tuple[Sight, ...]]) -> list[str]:
    """The lines of the page that shows both tables. ``kinds``: the sights of each kind of source."""
    lines = ["# What can be seen", "", "What cannot be seen is `unknown`: it is not compliance, and it is nobody's fault."]
    lines += ["", "## On a phone, by how it is managed", ""]
    lines += ["| platform | managed as | `enrollment` | a manager sees, of what people install | can keep an app off | source |"]
    lines += ["|---|---|---|---|---|---|"]
    lines += [
        f"| {way.platform} | {way.how} | `{way.enrollment}` | {way.sees} | {'yes' if way.blocks else 'no'} | {way.cited} |"
        for way in WAYS
    ]
    lines += ["", "## From a source", "", "An answer proves the presence of what it shows, and the absence only of what it could"]
    lines += ["have shown. Of phones that are not the company's only watched apps are kept, so both shrink to those.", ""]
    lines += ["| source | phones | shows | proves the absence of | grade | source of this row |", "|---|---|---|---|---|---|"]
    lines += [
        f"| `{kind}` | {one.how} | {one.shows} | {one.proves} | {one.grade.word} | {one.cited} |"
        for kind, sights in kinds.items()
        for one in sights
    ]
    return lines
