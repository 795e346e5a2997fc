"""Bringing people, groups and devices in from files, and what was held back. A parameter that is a file is uploaded."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from countermand.core.errors import Refused
from countermand.flows import files
from countermand.flows import release as releasing
from countermand.flows.bring import bring_devices, bring_exchange, bring_groups, bring_nanomdm, bring_parquet, bring_people
from countermand.flows.bring_bounces import bring_bounces
from countermand.flows.bring_ldap import bring_ldap
from countermand.flows.bring_nanomdm import Asked, ask_by
from countermand.flows.ingest import Taken
from countermand.flows.posted_bounces import returning
from countermand.operations.operation import Call, operation, rehearsed
from countermand.operations.pages import USUAL, Page, page
from countermand.reads import waiting
from countermand.reads.waiting import HeldRow


@dataclass(frozen=True, slots=True)
class Doubt:
    """Something that asks for a second look, as the catalogue of errors says it."""

    code: str
    sentence: str
    remedy: str
    place: str = ""

    def __str__(self) -> str:
        return f"{self.place}: {self.sentence}" if self.place else self.sentence


@dataclass(frozen=True, slots=True)
class Brought:
    """Counts of an import, or in a dry run what they would be. ``moved``: devices whose sets changed; ``surfaced``: watched
    apps newly seen; ``doubts``: what asks for a second look."""

    rows: int
    added: int
    changed: int
    moved: int
    surfaced: int
    doubts: tuple[Doubt, ...]


@dataclass(frozen=True, slots=True)
class CameBack:
    """``bounced``: notices newly known to have come back, ``already``: known before; ``untold``: logins that no longer count
    as told; ``underway``: reports of mail that is late or was delivered; ``passed_over``: why nothing was taken from others.
    """

    messages: int
    bounced: int
    already: int
    untold: tuple[str, ...]
    underway: int
    passed_over: tuple[Doubt, ...]


@dataclass(frozen=True, slots=True)
class Loaded:
    """Counts per table, of a dry run what they would be. ``apps``: rows of apps; ``kept``: of those, what may be kept;
    ``resumed``: devices that an interrupted run had written already; ``doubts``: what asks for a second look."""

    people: Brought
    groups: Brought
    devices: Brought
    apps: int
    kept: int
    resumed: int
    doubts: tuple[Doubt, ...]


@dataclass(frozen=True, slots=True)
class Released:
    """What became of a batch, in devices but for ``reports``; ``notices``: how many may leave again."""

    number: int
    devices: int
    reports: int
    added: int
    moved: int
    surfaced: int
    notices: int = 0


@operation("POST", "/imports/people", "import", again=True)
def import_people(
    call: Call, file: Path, whole: bool = True, confirmed: bool = False, dry_run: bool = False, mapping: str = ""
) -> Brought:
    """Import people from a CSV: login,email,name,zone,locale,country,groups,employment, and manager where it is known.
    Nothing is written unless every row is good.

    ``whole``: the file is the whole directory; ``confirmed``: somebody saw the counts that asked for a second look;
    ``mapping``: TOML that says how another table is read as this one."""
    return _bring(call, lambda **how: bring_people(call.act, file, whole=whole, mapping=mapping, **how), confirmed, dry_run)


@operation("POST", "/imports/groups", "import", again=True)
def import_groups(call: Call, file: Path, confirmed: bool = False, dry_run: bool = False) -> Brought:
    """Import which groups belong to which: group,member_of. The file is the whole nesting."""
    return _bring(call, lambda **how: bring_groups(call.act, file, **how), confirmed, dry_run)


@operation("POST", "/imports/devices", "import", again=True)
def import_devices(
    call: Call,
    file: Path,
    source: str = "devices-csv",
    whole: bool = True,
    confirmed: bool = False,
    dry_run: bool = False,
    mapping: str = "",
) -> Brought:
    """Import devices: serial,login,platform,model,ownership,enrollment,eas_id,apps,observed_at; apps separated by semicolons.

    ``source``: the system that says so; ``whole``: the file is all of its devices; ``mapping``: TOML that says how another table
    is read as this one."""

    def bring(**how: Any) -> files.Brought:
        return bring_devices(call.act, file, source=source, whole=whole, mapping=mapping, **how)

    return _bring(call, bring, confirmed, dry_run)


@operation("POST", "/imports/exchange", "import", again=True)
def import_exchange(
    call: Call,
    file: Path,
    source: str = "exchange",
    whole: bool = True,
    confirmed: bool = False,
    dry_run: bool = False,
) -> Brought:
    """Import who reads mail with what, from `Get-MobileDevice | Export-Csv`. It says nothing of apps."""
    return _bring(call, lambda **how: bring_exchange(call.act, file, source=source, whole=whole, **how), confirmed, dry_run)


@operation("POST", "/imports/nanomdm", "import", again=True)
def import_nanomdm(call: Call, files: list[Path], source: str = "nanomdm", dry_run: bool = False) -> Brought:
    """Import `InstalledApplicationList` answers and check-ins from files of events as NanoMDM's webhook posted them: one event
    each, or one per line."""
    return _brought(
        bring_nanomdm(call.act, files, source=source, dry_run=dry_run, progress=call.tick, hold=call.config.holdbacks)
    )


@operation("POST", "/imports/ldap", "import", again=True)
def import_ldap(call: Call, confirmed: bool = False, dry_run: bool = False) -> Brought:
    """Read people and groups from the LDAP directory of the configuration, which is never written. Its answer is the whole
    directory: who was listed and is no more has left."""
    config = call.config
    return _brought(
        bring_ldap(
            call.act,
            config.ldap,
            config.state_dir,
            dry_run=dry_run,
            confirmed=confirmed,
            progress=call.tick,
            hold=config.holdbacks,
        )
    )


@operation("POST", "/imports/asked", "ingest", again=True)
def import_asked(call: Call, file: Path, enrolments: list[str], dry_run: bool = False) -> Asked:
    """Remember what an `InstalledApplicationList` command (a property list) asks of devices, before it is sent to them: NanoMDM's
    events do not say it. An answer to a command that is not remembered proves presence only.

    ``enrolments``: NanoMDM's enrolment ids of the devices that are asked."""
    return rehearsed(dry_run, ask_by)(call.act, file, enrolments)


@operation("POST", "/imports/parquet", "import", again=True)
def import_parquet(
    call: Call,
    files: list[Path],
    source: str = "parquet",
    whole: bool = True,
    confirmed: bool = False,
    dry_run: bool = False,
    errors: str = "csv",
    mapping: str = "",
) -> Loaded:
    """Import a fleet in bulk from Parquet: people, groups, devices and their apps (GET /fleet-tables has the columns). Asked
    again with the same files, an interrupted import goes on. Every problem is written to a file of the installation.

    ``mapping``: TOML that says how other tables are read as these."""
    done = bring_parquet(
        call.act, files, call.config.state_dir, source=source, whole=whole, dry_run=dry_run, confirmed=confirmed,
        progress=call.tick, hold=call.config.holdbacks, errors=errors, mapping=mapping,
    )  # fmt: skip
    counts = (_brought(done.people), _brought(done.groups), _brought(done.devices))
    return Loaded(*counts, done.apps, done.kept, done.resumed, tuple(_doubt(one) for one in done.doubts))


@operation("POST", "/imports/bounces", "bounce", again=True)
def import_bounces(call: Call, files: list[Path], dry_run: bool = False) -> CameBack:
    """Take back the telling of people whose notice came back: delivery reports (RFC 3464) in messages, mbox files or (at the
    command line) Maildirs; other mail is passed over."""
    found = bring_bounces(call.act, files, returning(call.config), dry_run=dry_run, progress=call.tick)
    passed = tuple(_doubt(one) for one in found.passed_over)
    return CameBack(found.messages, found.bounced, found.already, found.untold, found.underway, passed)


@operation("GET", "/held", "read")
def list_held(call: Call, after: str = "", limit: int = USUAL) -> Page[HeldRow]:
    """What was held back: a flood, a source that suddenly says less, a first sync."""
    return page(waiting.batches(call.act), lambda row: row.pk, after, limit)


@operation("GET", "/held/{number}", "read")
def show_held(call: Call, number: int) -> HeldRow:
    """One batch that waits: what it is, from whom, why."""
    return waiting.batch(call.act, number)


@operation("POST", "/held/{number}/release", "release")
def release_held(call: Call, number: int, dry_run: bool = False) -> Released:
    """Take a batch as if it had never been held. What came meanwhile stays what it is."""
    taken: Taken = rehearsed(dry_run, releasing.release)(call.act, number)
    return Released(number, taken.devices, taken.reports, taken.added, taken.moved, taken.surfaced, taken.notices)


@operation("POST", "/held/{number}/drop", "release")
def drop_held(call: Call, number: int, dry_run: bool = False) -> HeldRow:
    """Throw a batch away."""
    return rehearsed(dry_run, releasing.drop)(call.act, number)


OPERATIONS = (
    import_people,
    import_groups,
    import_devices,
    import_exchange,
    import_nanomdm,
    import_ldap,
    import_asked,
    import_parquet,
    import_bounces,
    list_held,
    show_held,
    release_held,
    drop_held,
)


def _bring(call: Call, flow: Callable[..., files.Brought], confirmed: bool, dry_run: bool) -> Brought:
    return _brought(flow(dry_run=dry_run, confirmed=confirmed, progress=call.tick, hold=call.config.holdbacks))


def _brought(done: files.Brought) -> Brought:
    doubts = tuple(_doubt(one) for one in done.doubts)
    return Brought(done.rows, done.added, done.changed, done.moved, done.surfaced, doubts)


def _doubt(refused: Refused) -> Doubt:
    return Doubt(refused.code, refused.sentence, refused.remedy, str(refused.where or ""))
