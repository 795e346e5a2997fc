"""Restoring: the rows of a backup under a new epoch, in which nobody is denied and nothing is sent until people resume it.

SQLite: a draft beside the database gets the rows and the restore's one write, and takes the database's place by a rename;
what was there is kept under another name. PostgreSQL: everything is one transaction. Killed at any point, either the old
database is there or the restored one, never a mixture; running it again goes on or begins anew.
"""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from countermand.access import Act, Actor, Role, require
from countermand.config import Config
from countermand.core.errors import Refused
from countermand.core.instants import Instant
from countermand.flows import epochs
from countermand.flows.backup import Tick, backup, is_secret, load_rows, opened
from countermand.flows.speaker import keys_dir
from countermand.lib import clock, drafts
from countermand.lib.archive import Archive, digest_of
from countermand.snapshot.files import directory_of, snapshots
from countermand.store import archive, feed, held, installation, lease, log, operators, restored, streams, upgrades
from countermand.store.setup import close_store, create_tables, open_store
from countermand.store.unit import unit

#: Files without which a restored installation would have another voice than the one its gates and auditors know.
_NEEDED = ("feed.key", "ledger.key", "gates.secret", "notices.secret")

_ROOM = ".restoring-"


@dataclass(frozen=True, slots=True)
class Restored:
    """What the one write did. ``made``: when the backup was; ``halted``: lineages that wait for people; ``notices``: lineage
    → unsent notices set aside; ``approvals``: how many are void; ``kept``: where the database that was there is now."""

    epoch: int
    made: Instant
    halted: tuple[str, ...]
    notices: dict[str, int]
    approvals: int
    kept: Path | None


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What a backup holds, read to its last byte. ``over``: a database stands in its place, which a restore keeps aside."""

    made: Instant
    origin: str
    epoch: int
    program: str
    rows: int
    over: bool


@dataclass(frozen=True, slots=True)
class Before:
    """What was found in the database's place: epochs that it or its gates know; whether somebody is at work on it."""

    epochs: tuple[int, ...]
    at_work: bool


def restore(config: Config, file: Path, token: str, *, replace: bool = False, tick: Tick = lambda rows: None) -> Restored:
    """Restore ``file`` as whoever ``token`` names in it. ``replace``: over the database that is there.

    Refused ``backup-damaged``, ``database-newer``, ``restore-over-live``, ``restore-while-running``, ``restore-keys-missing``,
    ``not-allowed`` and what names an operator; nothing has changed then.
    """
    found, before = _looked_at(config, file, replace=replace)
    for left in _room(config).glob(f"{_ROOM}*"):  # by a restore that was killed
        shutil.rmtree(left)
    with tempfile.TemporaryDirectory(prefix=_ROOM, dir=_room(config)) as room:
        current = _brought_up(found, config, Path(room))
        known = (int(found.manifest["epoch"]), *(before.epochs if before else ()))
        with _place(config) as settle:
            done = _write(config, current, digest_of(file), token, known, tick)
            _bring_keys(found, keys_dir(config.state_dir))
            # A snapshot of an earlier epoch still denies: no gate may be given one.
            for old in snapshots(directory_of(config.state_dir)):
                old.path.unlink(missing_ok=True)
            kept = settle(done.epoch)
            epochs.keep(config.state_dir, done.epoch)
    return Restored(done.epoch, done.made, done.halted, done.notices, done.approvals, kept)


def foresee(config: Config, file: Path, *, replace: bool = False) -> Foreseen:
    """Whether ``file`` could be restored, and what is in it; changes nothing. Refused as ``restore``, but for who may."""
    found, before = _looked_at(config, file, replace=replace)
    about = found.manifest
    rows = sum(int(table["rows"]) for table in about["tables"].values())
    over = before is not None
    return Foreseen(int(about["made"]), str(about["origin"]), int(about["epoch"]), str(about["program"]), rows, over)


def _looked_at(config: Config, file: Path, *, replace: bool) -> tuple[Archive, Before | None]:
    """The backup, sound, and what stands in its place, if one may take the place of the other."""
    found = opened(file)
    before = _before(config)
    if before is not None and before.at_work:
        raise Refused("restore-while-running")
    if before is not None and not replace:
        raise Refused("restore-over-live", path=str(config.database))
    _check_keys(found, keys_dir(config.state_dir))
    return found, before


def _write(config: Config, found: Archive, digest: str, token: str, known: tuple[int, ...], tick: Tick) -> Restored:
    """The rows, and what is no longer true of them, in one unit."""
    real = clock.now()
    manifest = found.manifest
    with unit():
        archive.empty()
        load_rows(found, tick)
        act = _act(token, real + int(manifest["clock_offset"]), drill=bool(manifest["drill"]))
        heard = (*known, *(gate.epoch for gate in feed.gates()))
        epoch = epochs.next_epoch(config.state_dir, heard, real)
        installation.open_epoch(epoch)
        halted = restored.halt_all(act.now)
        approvals = restored.void_approvals()
        restored.void_tokens(real)
        pairs = restored.mend_pairs(act.now)
        recalled = streams.recall_all()
        notices = dict.fromkeys(restored.quiet(), 0) | restored.set_aside(act.now)
        for lineage, count in notices.items():
            held.hold(restored.KIND, lineage, "restored-notices", {"directive": lineage, "count": count}, [], act.now)
        about = {"epoch": epoch, "backup": digest, "made": manifest["made"], "halted": len(halted)}
        log.append(
            "restored",
            act,
            {**about, "notices": sum(notices.values()), "approvals": approvals, "pairs": pairs, "streams": recalled},
        )
    return Restored(epoch, int(manifest["made"]), tuple(halted), notices, approvals, None)


def _act(token: str, now: Instant, *, drill: bool) -> Act:
    if not token:
        raise Refused("not-signed-in")
    found = operators.by_token(token)
    if found is None:
        raise Refused("unknown-token")
    actor = Actor(found.name, frozenset(Role(role) for role in found.roles))
    require(actor, "restore")
    return Act(actor, now, drill)


# -- the place of the database --


def _before(config: Config) -> Before | None:
    """What is there now; None if nothing is, or nothing that was set up. A damaged file counts as something."""
    file = _file(config)
    if file is not None and not file.exists():
        return None
    try:
        open_store(config.database)
        house = installation.load()
        if house is None:
            return None
        known = (house.epoch, *(gate.epoch for gate in feed.gates()))
        return Before(known, lease.held_by_anybody("publisher", lease.real()))
    except Refused:
        raise
    except Exception:  # whatever is wrong with it, it is not ours to overwrite unasked
        return Before((), at_work=False)
    finally:
        close_store()


def _file(config: Config) -> Path | None:
    """The database's file; None if it is on a server."""
    place: object = config.database
    return place if isinstance(place, Path) else None


def _room(config: Config) -> Path:
    """A directory for drafts, on the disk that has room for the database."""
    file = _file(config)
    place = file.parent if file is not None else config.state_dir
    drafts.make_folder(place, 0o700)
    return place


@contextmanager
def _place(config: Config) -> Iterator[Callable[[int], Path | None]]:
    """Open where the rows go. Yields what puts them into the database's place, once they are committed."""
    place = _file(config)
    if place is None:
        open_store(config.database)
        create_tables()
        try:
            yield lambda epoch: None
        finally:
            close_store()
        return
    draft = place.with_name(place.name + ".restoring")
    _forget(draft)
    open_store(draft)
    try:
        create_tables()
        yield lambda epoch: _swap(draft, place, epoch)
    finally:
        close_store()
        _forget(draft)


def _swap(draft: Path, place: Path, epoch: int) -> Path | None:
    """The draft becomes the database, by one rename, so that there always is one. What was there gets another name first, and
    its log goes: a log beside a file that it does not belong to would be played into it."""
    close_store()  # folds the draft's log into it
    kept = None
    if place.exists():
        _fold(place)
        kept = place.with_name(f"{place.name}.before-epoch-{epoch}")
        kept.unlink(missing_ok=True)  # of a restore that was killed here
        kept.hardlink_to(place)
    for suffix in ("-wal", "-shm"):
        log_file = place.with_name(place.name + suffix)
        if log_file.exists():
            log_file.rename(place.with_name(f"{place.name}.before-epoch-{epoch}{suffix}"))
    drafts.hand_over(draft, place.parent)
    draft.rename(place)
    return kept


def _fold(place: Path) -> None:
    """Bring a database's log into its file, if it is one that can be opened."""
    try:
        open_store(place)
        installation.load()
    except Exception:  # noqa: S110
        pass
    finally:
        close_store()


def _forget(draft: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        draft.with_name(draft.name + suffix).unlink(missing_ok=True)


# -- older backups, and keys --


def _brought_up(found: Archive, config: Config, room: Path) -> Archive:
    """The same backup in the tables of this program. An older one is loaded into tables of its own time, in a file that
    nobody uses, brought up to date there, and written anew. Refused ``database-newer``."""
    applied = tuple(found.manifest["migrations"])
    draft = room / "older.sqlite3"
    open_store(draft)
    try:
        known = upgrades.standing().known
        strange = [name for name in applied if name not in known]
        if strange:
            raise Refused("database-newer", migration=strange[-1])
        if set(applied) == set(known):
            return found
        upgrades.move_to(next(name for name in reversed(known) if name in applied))
        with unit():
            load_rows(found)
        create_tables()
        act = Act(Actor("restore", frozenset({Role.OPERATOR})), int(found.manifest["made"]))
        made = backup(act, config, room / "current.backup")
        return Archive(made.file)
    finally:
        close_store()


def _check_keys(found: Archive, directory: Path) -> None:
    """Every key that is needed is at hand, or in the backup. Refused ``restore-keys-missing``."""
    there = {name.removeprefix("keys/") for name in found.digests if name.startswith("keys/")}
    missing = [name for name in _NEEDED if name not in there and not (directory / name).exists()]
    if found.manifest["tables"]["store_notice"]["rows"] == 0 and "notices.secret" in missing:
        missing.remove("notices.secret")  # made with the first notice
    if not any(name == "keys/gates.tokens" for name in found.digests) and "gates.secret" in missing:
        missing.remove("gates.secret")  # made with the first gate
    if missing:
        raise Refused("restore-keys-missing", names=", ".join(missing), directory=str(directory))


def _bring_keys(found: Archive, directory: Path) -> None:
    """Put back what the backup has of keys and is not at hand. What is at hand is newer, and stays."""
    drafts.make_folder(directory, 0o700)
    for member in sorted(found.digests):
        name = member.removeprefix("keys/")
        path = directory / name
        if member == name or "/" in name or path.exists():
            continue
        with drafts.draft(path, 0o600 if is_secret(name) else 0o644, new=True) as file:
            file.write(found.read(member))
