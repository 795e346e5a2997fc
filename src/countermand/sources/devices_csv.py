"""Devices from a CSV file: ``serial,login,platform,model,ownership,enrollment,eas_id,apps,observed_at``.

Pure: lines in, mentions and problems out. A row with a time is a full look at the device: ``apps`` (ids separated by
semicolons) is then everything that was seen. A row without one says that the device exists, and nothing of its apps.
"""

from collections.abc import Iterable, Iterator
from enum import StrEnum
from functools import cache, lru_cache
from typing import TypeVar

from countermand.core.coverage import Grade, Report
from countermand.core.devices import Enrollment, Identity, IdentityKind, Ownership, Platform
from countermand.core.instants import Instant, from_iso
from countermand.core.mentions import Mention, too_far_ahead
from countermand.core.people import normal_login
from countermand.core.table import FIELD, ColumnMapping, Problems, Row, Shape, items, rows
from countermand.core.visibility import Sees, Sight, visible
from countermand.sources.rows import apps_of

DEVICES = Shape(
    ("serial", "login", "platform", "model", "ownership", "enrollment", "eas_id", "apps", "observed_at"),
    long=frozenset({"apps"}),
)

_FILE = "whoever wrote the file"
SIGHTS: tuple[Sight, ...] = (
    Sight("`supervised` or `device`, with a time", None, None, Sees.EVERY, Sees.EVERY, Grade.INVENTORY, _FILE),
    Sight("`user`, `cope`, `eas`, `none`, with a time", None, None, Sees.EVERY, Sees.NONE, Grade.INVENTORY, _FILE),
    Sight("without a time", None, None, Sees.NONE, Sees.NONE, Grade.NONE, _FILE),
)

Word = TypeVar("Word", bound=StrEnum)


def parse(
    lines: Iterable[bytes], source: str, now: Instant, problems: Problems, mapping: ColumnMapping | None = None
) -> Iterator[tuple[int, Mention]]:
    """(line, mention) of every good row; what is wrong with the others is in ``problems``. Each name stands once. ``mapping``:
    how another table is read as this one."""
    return mentions(rows(lines, DEVICES, problems, mapping), source, now, problems)


def mentions(table: Iterable[Row], source: str, now: Instant, problems: Problems) -> Iterator[tuple[int, Mention]]:
    """The same of rows, wherever they come from."""
    first: dict[Identity, int] = {}
    for row in table:
        before = problems.count
        identities = _identities(row, first, problems)
        platform = _word(Platform, row, "platform", problems)
        ownership = _word(Ownership, row, "ownership", problems)
        enrollment = _word(Enrollment, row, "enrollment", problems)
        observed_at = _time(row, now, problems)
        if problems.count == before and platform and ownership and enrollment:
            yield (
                row.line,
                Mention(
                    identities=identities,
                    platform=platform,
                    login=normal_login(row["login"]),
                    model=row["model"],
                    ownership=ownership,
                    enrollment=enrollment,
                    reads_mail=bool(row["eas_id"]),
                    enrolled=True,
                    seen_at=observed_at,
                    reports=() if observed_at is None else (_report(row, source, platform, enrollment, observed_at),),
                ),
            )


def _identities(row: Row, first: dict[Identity, int], problems: Problems) -> tuple[Identity, ...]:
    named = (("serial", IdentityKind.SERIAL), ("eas_id", IdentityKind.EAS))
    found = tuple(Identity(kind, row[column]) for column, kind in named if row[column])
    if not found:
        problems.value(row.line, "serial", "", "a name of a device", "a serial, an eas_id, or both")
    for identity in found:
        if (stands := first.setdefault(identity, row.line)) != row.line:
            column = "serial" if identity.kind is IdentityKind.SERIAL else "eas_id"
            problems.add("csv-twice", row.line, column, value=identity.value, first=stands)
    return found


def _word(kind: type[Word], row: Row, column: str, problems: Problems) -> Word | None:
    found = _words(kind).get(row[column].lower())
    if found is None:
        allowed = ", ".join(member.value for member in kind)
        problems.value(row.line, column, row[column], f"one of the values of {column}", f"one of {allowed}")
    return found


@cache
def _words(kind: type[Word]) -> dict[str, Word]:
    return {member.value: member for member in kind}


def _time(row: Row, now: Instant, problems: Problems) -> Instant | None:
    text = row["observed_at"]
    if not text:
        if row["apps"]:
            problems.value(row.line, "observed_at", "", "a time", "when these apps were seen, like 2020-07-10T09:30:00Z")
        return None
    observed_at = _instant(text)
    if observed_at is None or observed_at < 0:
        problems.value(row.line, "observed_at", text, "a time with its offset", "it like 2020-07-10T09:30:00Z")
        return None
    if too_far_ahead(observed_at, now):
        problems.add("time-ahead", row.line, "observed_at", time=text)
        return None
    if len(row["apps"]) > FIELD and (wrong := [app for app in items(row["apps"]) if len(app) > FIELD]):
        problems.value(row.line, "apps", wrong[0], "an app id", f"at most {FIELD} characters; separate ids by semicolons")
    return observed_at


@lru_cache(maxsize=1024)
def _instant(text: str) -> Instant | None:
    try:
        return from_iso(text)
    except ValueError:
        return None


def _report(row: Row, source: str, platform: Platform, enrollment: Enrollment, observed_at: Instant) -> Report:
    present = apps_of(platform, items(row["apps"]))
    return Report(source, observed_at, Grade.INVENTORY, visible(enrollment), present)
