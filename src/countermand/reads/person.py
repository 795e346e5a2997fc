"""Everything that is held about one person: what they may ask for, on their own page or through the help desk.

Nothing is left out but a mail password's name, which is half of a secret. Batches that were held back, and backups, are not
opened here; docs/privacy.md says how long those are kept.
"""

from collections.abc import Collection
from dataclasses import dataclass

from countermand.access import Act
from countermand.core.apps import App
from countermand.core.errors import Refused
from countermand.core.instants import Instant
from countermand.core.people import Person
from countermand.ledger.entry import commitment, decode
from countermand.reads.device import DeviceView, seen
from countermand.store import (
    about_person,
    bindings,
    directory,
    evidence,
    exemptions,
    known,
    objections,
    protected,
    provisioned,
    salts,
    sightings,
    tree,
)
from countermand.store.about_person import (
    CheckRow,
    EchoRow,
    ElsewhereRow,
    NoticeRow,
    RingRow,
    SignalRow,
    StatementRow,
    StayRow,
    ToldRow,
)
from countermand.store.bindings import Binding
from countermand.store.exemptions import Exemption
from countermand.store.objections import Objection
from countermand.store.protected import Protected
from countermand.store.sightings import Sighting
from countermand.store.unit import reading

_PAGE = 2_000


@dataclass(frozen=True, slots=True)
class AppKept:
    """An app that is kept as present, and when it was last shown."""

    app: App
    last_shown: Instant


@dataclass(frozen=True, slots=True)
class DeviceHeld:
    """A device of the person's. ``view``: as the help desk sees it; ``apps``: every app that is kept of it, which is more than
    the watched ones on a device of the company's; ``sources``: where it is or was enrolled; ``statements`` made of it;
    ``checks``: looks at it that its person asked for; ``elsewhere``: what is written of it in other systems."""

    view: DeviceView
    apps: tuple[AppKept, ...]
    sources: tuple[StayRow, ...]
    statements: tuple[StatementRow, ...]
    checks: tuple[CheckRow, ...]
    elsewhere: tuple[ElsewhereRow, ...]


@dataclass(frozen=True, slots=True)
class Mentioned:
    """An entry of the ledger that names the person or a device of theirs. ``about``: what it says beside that."""

    at: Instant
    kind: str
    by: str
    about: str


@dataclass(frozen=True, slots=True)
class PersonHeld:
    """All of it, as of ``at``. ``all_groups``: with those reached through other groups; ``active`` False: they have left;
    ``bindings``: which devices, by number, are and were theirs; ``provisioned``: what a directory said of them over SCIM, as
    JSON; ``directory_key``: by which a directory that is read knows them; ``former_logins``: those they had before."""

    at: Instant
    person: Person
    active: bool
    all_groups: tuple[str, ...]
    protected: Protected | None
    devices: tuple[DeviceHeld, ...]
    bindings: tuple[Binding, ...]
    told: tuple[ToldRow, ...]
    notices: tuple[NoticeRow, ...]
    echoes: tuple[EchoRow, ...]
    rings: tuple[RingRow, ...]
    exemptions: tuple[Exemption, ...]
    objections: tuple[Objection, ...]
    seen_at_gates: tuple[Sighting, ...]
    provisioned: str
    former_logins: tuple[str, ...]
    directory_key: str
    signals: tuple[SignalRow, ...]
    ledger: tuple[Mentioned, ...]


def held(act: Act, me: int) -> PersonHeld:
    """Everything held about the person with this ordinal; whether whoever asks may see it is the caller's to know.

    Reads the whole ledger: seconds, where that is long. Refused ``not-found``."""
    with reading():
        person = directory.load([me]).get(me)
        if person is None:
            raise Refused("not-found", what="person", name=f"#{me}", nearest="none")
        own = directory.devices_of([me])
        of = known.load_people([me]).get(me)
        former = provisioned.former_logins(me)
        return PersonHeld(
            at=act.now,
            person=person,
            active=about_person.active(me),
            all_groups=tuple(sorted(of.groups if of else person.groups)),
            protected=protected.find(person.login),
            devices=tuple(_device(act, one) for one in own),
            bindings=tuple(bindings.of_person(me)),
            told=tuple(about_person.told(me)),
            notices=tuple(about_person.notices(me)),
            echoes=tuple(about_person.echoes(me)),
            rings=tuple(about_person.rings(me)),
            exemptions=tuple(exemptions.of_person(person.login)),
            objections=tuple(objections.of_person(me)),
            seen_at_gates=tuple(sightings.of_login(person.login)),
            provisioned=provisioned.said_of(me),
            former_logins=former,
            directory_key=about_person.directory_key(me),
            signals=tuple(about_person.signals(me, own)),
            ledger=tuple(_mentioned([f"person:{login}" for login in (person.login, *former)] + [f"device:{one}" for one in own])),
        )


def _device(act: Act, ordinal: int) -> DeviceHeld:
    presence = evidence.presences([ordinal], evidence.Met()).get(ordinal)
    shown = sorted(presence.shown.items()) if presence else []
    return DeviceHeld(
        view=seen(act, ordinal),
        apps=tuple(AppKept(app, at) for app, at in shown),
        sources=tuple(about_person.stays(ordinal)),
        statements=tuple(about_person.statements(ordinal)),
        checks=tuple(about_person.checks(ordinal)),
        elsewhere=tuple(about_person.elsewhere(ordinal)),
    )


def _mentioned(subjects: Collection[str]) -> list[Mentioned]:
    """The newest first; batches that name many stand in the ledger as one root, and are not opened."""
    wanted = {commitment(salt, subject).hex().encode(): subject for subject, salt in salts.load(subjects).items()}
    found: list[Mentioned] = []
    before: int | None = None
    while wanted and (rows := tree.newest(before, _PAGE)):
        before = rows[-1].id
        for row in rows:
            if any(one in row.entry for one in wanted):
                entry = decode(row.entry)
                about = ", ".join(f"{key} {value}" for key, value in sorted(entry.about.items()))
                found.append(Mentioned(entry.at, entry.kind, entry.actor, about))
    return found
