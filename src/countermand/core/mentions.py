"""Mentions: what a source said of one device, by which names, in words of our own. No vendor word goes further."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from countermand.core.apps import App
from countermand.core.coverage import Coverage, Grade, Report
from countermand.core.devices import Enrollment, Identity, IdentityKind, Ownership, Platform
from countermand.core.instants import MINUTE, Instant

#: Clocks differ; a time further ahead than this is a wrong clock, and is refused.
AHEAD = 5 * MINUTE


class Mention(Struct, frozen=True, gc=False):
    """``None`` = the source does not say. ``identities``: the most telling one first. ``login`` '' = nobody's device.

    ``enrolled``: whether it is enrolled with the source from now on; a source speaks only for such devices. ``managed``: how
    it is managed at least, until the source says it more exactly. ``said_at``: when it was said, by a source whose words
    may come in any order; None: now. ``prevents``: False, if whatever the source kept off the device it keeps off no more.
    """

    identities: tuple[Identity, ...]
    platform: Platform | None = None
    login: str | None = None
    model: str | None = None
    ownership: Ownership | None = None
    enrollment: Enrollment | None = None
    reads_mail: bool | None = None
    enrolled: bool | None = None
    seen_at: Instant | None = None
    managed: Enrollment | None = None
    said_at: Instant | None = None
    reports: tuple[Report, ...] = ()
    prevents: bool | None = None


def too_far_ahead(at: Instant, now: Instant) -> bool:
    return at > now + AHEAD


def to_plain(mention: Mention) -> dict[str, Any]:
    """JSON for a mention that waits for a person; ``from_plain`` reads it back."""
    said = {
        name: getattr(mention, name)
        for name in (
            "platform",
            "login",
            "model",
            "ownership",
            "enrollment",
            "reads_mail",
            "enrolled",
            "seen_at",
            "managed",
            "said_at",
            "prevents",
        )
        if getattr(mention, name) is not None
    }
    return {
        **said,
        "identities": [[one.kind, one.value] for one in mention.identities],
        "reports": [_report_to_plain(report) for report in mention.reports],
    }


def from_plain(plain: Mapping[str, Any]) -> Mention:
    """The mention that ``to_plain`` wrote."""
    kinds = {"platform": Platform, "ownership": Ownership, "enrollment": Enrollment, "managed": Enrollment}
    said: dict[str, Any] = {name: kinds[name](value) if name in kinds else value for name, value in plain.items()}
    said["identities"] = tuple(Identity(IdentityKind(kind), value) for kind, value in plain["identities"])
    said["reports"] = tuple(_report_from_plain(report) for report in plain["reports"])
    return Mention(**said)


def _report_to_plain(report: Report) -> dict[str, Any]:
    apps = report.coverage.apps
    return {
        "source": report.source,
        "observed_at": report.observed_at,
        "grade": int(report.grade),
        "coverage": None if apps is None else [[app.platform, app.id] for app in sorted(apps)],
        "present": [[app.platform, app.id] for app in sorted(report.present)],
        "query": report.query,
    }


def _report_from_plain(plain: Mapping[str, Any]) -> Report:
    coverage = plain["coverage"]
    return Report(
        source=plain["source"],
        observed_at=plain["observed_at"],
        grade=Grade(plain["grade"]),
        coverage=Coverage(None if coverage is None else _apps(coverage)),
        present=_apps(plain["present"]),
        query=plain["query"],
    )


def _apps(plain: list[list[str]]) -> frozenset[App]:
    return frozenset(App(Platform(platform), app_id) for platform, app_id in plain)
