"""The tables of a fleet in bulk, column by column: what a Parquet file of people, groups, devices or apps holds.

The one place that says so: reading, ``countermand schema --parquet`` and docs/parquet.md are all made from it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from countermand.core.devices import Enrollment, IdentityKind, Ownership, Platform


class Kind(StrEnum):
    """What stands in a column."""

    TEXT = "text"
    TEXTS = "list of texts"
    FLAG = "true or false"
    TIME = "timestamp"


@dataclass(frozen=True, slots=True)
class Column:
    """``required``: the file must have the column. ``filled``: and no row may leave it null."""

    name: str
    words: str
    kind: Kind = Kind.TEXT
    required: bool = False
    filled: bool = False
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Table:
    """One table; its files are named after it (``devices.parquet``, ``devices-01.parquet``, ``devices/01.parquet``)."""

    name: str
    words: str
    columns: tuple[Column, ...]

    @property
    def by_name(self) -> Mapping[str, Column]:
        return {column.name: column for column in self.columns}


def _key(name: str, words: str, **more: Any) -> Column:
    return Column(name, words, required=True, filled=True, **more)


_NAMES = {
    IdentityKind.SERIAL: "Serial number.",
    IdentityKind.UDID: "UDID, as an Apple MDM knows it.",
    IdentityKind.EAS: "ActiveSync device id; with one the device counts as reading mail, unless reads_mail says otherwise.",
    IdentityKind.ENTRA: "Device id in Entra.",
    IdentityKind.GOOGLE: "Device id at Google.",
    IdentityKind.CERT: "Fingerprint of the client certificate.",
    IdentityKind.PASSWORD: "Name of the device's own mail password.",
}

PEOPLE = Table(
    "people",
    "One row per person. An import updates and adds; it never removes anybody.",
    (
        _key("login", "The name the person signs in to mail with."),
        Column("email", "Where notices go.", required=True),
        Column("name", "As a notice addresses the person."),
        Column("zone", "IANA time zone, like Europe/Berlin."),
        Column("locale", "Language tag, like de or en-GB."),
        Column("country", "Two letters of ISO 3166."),
        Column("groups", "The groups named directly, not through nesting.", Kind.TEXTS),
        Column("employment", "Employee, contractor or whatever you call it; null = employee."),
        Column("manager", "The login of the person's manager; null or missing = whoever was known."),
    ),
)
GROUPS = Table(
    "groups",
    "Which groups are members of which. The rows are the whole nesting: what they do not name ends.",
    (_key("group", "A group."), _key("member_of", "The group it is a member of.")),
)
DEVICES = Table(
    "devices",
    "One row per device. A name (serial, udid, ...) may stand once; a device that we know by one of them is updated.",
    (
        _key("device", "A name for the row, by which apps refer to it. It is not kept."),
        *(Column(kind.value, words) for kind, words in _NAMES.items()),
        Column("login", "Its owner; null = nobody's."),
        _key("platform", "What runs on it.", choices=tuple(Platform)),
        Column("model", "As the source calls it."),
        _key("ownership", "Whose property it is.", choices=tuple(Ownership)),
        _key("enrollment", "How it is managed, which decides what can be seen on it.", choices=tuple(Enrollment)),
        Column("reads_mail", "Whether it reads mail; null = if it has an eas name.", Kind.FLAG),
        Column("source", "The system that says so; null = the one that the command names."),
        Column("observed_at", "When its whole app list was seen, with or without apps in it; null = it was not.", Kind.TIME),
    ),
)
APPS = Table(
    "apps",
    "One row per app on a device, in any order. All rows of one device, source and time are one full list. Of devices that "
    "are not the company's only watched apps are kept, and nothing of the others is written anywhere.",
    (
        _key("device", "The device's name in the devices table."),
        _key("app_id", "Bundle id or package name, whole and by case."),
        Column("source", "The system that saw it; null = the device row's."),
        Column("observed_at", "When it was seen; null = the device row's time.", Kind.TIME),
    ),
)
TABLES: Mapping[str, Table] = {table.name: table for table in (PEOPLE, GROUPS, DEVICES, APPS)}


def page() -> list[str]:
    """docs/parquet.md, below its first line."""
    lines = ["# A fleet in Parquet, column by column", ""]
    lines += [
        "`countermand import parquet DIR` reads these tables; `countermand schema --parquet` prints them for programs.",
        "Texts may be strings, large strings or dictionaries of them; times are timestamps, or dates, in UTC where they",
        "have no zone.",
        "Columns that are not listed are passed over. A load is checked as a whole before anything is written, and goes on",
        "where it was if it is interrupted. It is fastest when apps agree with their device's row on source and time.",
    ]
    for table in TABLES.values():
        lines += ["", f"## {table.name}", "", table.words, "", "| column | what stands there | may be missing | may be null | |"]
        lines += ["|---|---|---|---|---|"]
        for column in table.columns:
            form = ", ".join(f"`{choice}`" for choice in column.choices) or column.kind.value
            asked = f"{'no' if column.required else 'yes'} | {'no' if column.filled else 'yes'}"
            lines.append(f"| `{column.name}` | {form} | {asked} | {column.words} |")
    return lines
