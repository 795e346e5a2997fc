"""Devices from a CSV file: ``serial,login,platform,model,ownership,enrollment,eas_id,apps,observed_at``.

Pure: lines in, mentions and problems out. A row with a time is a full look at the device: ``apps`` (ids separated by
semicolons) is then everything that was seen. A row without one says that the device exists, and nothing of its apps.
"""

from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from functools import cache, lru_cache
from typing import TypeVar

from countermand.core.coverage import Grade, Report
from countermand.core.devices import Enrollment, Identity, IdentityKind, Ownership, Platform
from countermand.core.instants import Instant, from_iso
from countermand.core.mentions import Mention, too_far_ahead
from countermand.core.people import normal_login
from countermand.core.table import FIELD, ColumnMapping, Problems, Shape, cells
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

_SERIAL, _EAS = IdentityKind.SERIAL, IdentityKind.EAS
Word = TypeVar("Word", bound=StrEnum)


#: The cells of one row, in the order of the columns.
Cells = Sequence[str]


def parse(
    lines: Iterable[bytes], source: str, now: Instant, problems: Problems, mapping: ColumnMapping | None = None
) -> Iterator[tuple[int, Mention]]:
    """(line, mention) of every good row; what is wrong with the others is in ``problems``. Each name stands once. ``mapping``:
    how another table is read as this one."""
    return mentions(cells(lines, DEVICES, problems, mapping), source, now, problems)


def mentions(table: Iterable[tuple[int, Cells]], source: str, now: Instant, problems: Problems) -> Iterator[tuple[int, Mention]]:
    """The same of rows, wherever they come from."""
    first: dict[Identity, int] = {}
    for line, (serial, login, system, model, owned, enrolled, eas_id, listed, time) in table:
        before = problems.count
        identities = _identities(line, serial, eas_id, first, problems)
        platform = _word(Platform, line, "platform", system, problems)
        ownership = _word(Ownership, line, "ownership", owned, problems)
        enrollment = _word(Enrollment, line, "enrollment", enrolled, problems)
        apps = listed.split(";") if listed else []
        observed_at = _time(line, time, apps, now, problems)
        if problems.count == before and platform and ownership and enrollment:
            reports: tuple[Report, ...] = ()
            if observed_at is not None:
                seen = apps_of(platform, apps)
                reports = (Report(source, observed_at, Grade.INVENTORY, visible(enrollment), seen),)
            yield (
                line,
                Mention(
                    identities=identities,
                    platform=platform,
                    login=normal_login(login),
                    model=model,
                    ownership=ownership,
                    enrollment=enrollment,
                    reads_mail=bool(eas_id),
                    enrolled=True,
                    seen_at=observed_at,
                    reports=reports,
                ),
            )


def _identities(line: int, serial: str, eas_id: str, first: dict[Identity, int], problems: Problems) -> tuple[Identity, ...]:
    found = ((Identity(_SERIAL, serial),) if serial else ()) + ((Identity(_EAS, eas_id),) if eas_id else ())
    if not found:
        problems.value(line, "serial", "", "a name of a device", "a serial, an eas_id, or both")
    for identity in found:
        if (stands := first.setdefault(identity, line)) != line:
            column = "serial" if identity.kind is _SERIAL else "eas_id"
            problems.add("csv-twice", line, column, value=identity.value, first=stands)
    return found


def _word(kind: type[Word], line: int, column: str, value: str, problems: Problems) -> Word | None:
    found = _words(kind).get(value) or _words(kind).get(value.lower())
    if found is None:
        allowed = ", ".join(member.value for member in kind)
        problems.value(line, column, value, f"one of the values of {column}", f"one of {allowed}")
    return found


@cache
def _words(kind: type[Word]) -> dict[str, Word]:
    return {member.value: member for member in kind}


def _time(line: int, text: str, apps: list[str], now: Instant, problems: Problems) -> Instant | None:
    if not text:
        if apps:
            problems.value(line, "observed_at", "", "a time", "when these apps were seen, like 2020-07-10T09:30:00Z")
        return None
    observed_at = _instant(text)
    if observed_at is None or observed_at < 0:
        problems.value(line, "observed_at", text, "a time with its offset", "it like 2020-07-10T09:30:00Z")
        return None
    if too_far_ahead(observed_at, now):
        problems.add("time-ahead", line, "observed_at", time=text)
        return None
    if apps and max(map(len, apps)) > FIELD and (wrong := max(map(str.strip, apps), key=len)) and len(wrong) > FIELD:
        problems.value(line, "apps", wrong, "an app id", f"at most {FIELD} characters; separate ids by semicolons")
    return observed_at


@lru_cache(maxsize=1024)
def _instant(text: str) -> Instant | None:
    try:
        return from_iso(text)
    except ValueError:
        return None
