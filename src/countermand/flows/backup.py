"""Backing up: everything that a restore needs, in one file, of one moment, while everything runs.

Rows are read in one consistent view, which keeps no writer waiting. Private keys and secrets stay out of the file unless
they are asked for; what is public of them goes in, so that a restore can say which ones it needs.
"""

import contextlib
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import countermand
from countermand.access import Act, require
from countermand.config import Config
from countermand.core.errors import Refused
from countermand.core.instants import Instant
from countermand.flows.speaker import keys_dir
from countermand.lib.archive import Archive, BadArchive, Writing
from countermand.lib.read_json import read_json
from countermand.store import archive, installation, tree, upgrades
from countermand.store.archive import Table
from countermand.store.unit import reading

FORMAT = "countermand-backup/1"
Tick = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class BackedUp:
    """``digest``: SHA-256 of the file, to keep elsewhere; ``secrets``: whether private keys are in it."""

    file: Path
    digest: str
    bytes: int
    rows: int
    made: Instant
    secrets: bool


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What a backup made now would hold: ``rows`` of the database, and ``keys``, files of the keys' directory."""

    file: Path
    rows: int
    keys: tuple[str, ...]


def foresee(act: Act, config: Config, file: Path, *, with_keys: bool = False) -> Foreseen:
    """Count what ``backup`` would write, writing nothing. Refused as ``backup``, but for a disk that fills."""
    require(act.actor, "backup")
    if file.exists():
        raise Refused("backup-exists", file=str(file))
    if not os.access(file.absolute().parent, os.W_OK):
        raise Refused("backup-unwritable", file=str(file), why="its directory is not there or cannot be written to")
    with reading():
        rows = sum(archive.count(table) for table in archive.tables())
    return Foreseen(file, rows, tuple(_keys(keys_dir(config.state_dir), with_keys)))


def backup(act: Act, config: Config, file: Path, *, with_keys: bool = False, tick: Tick = lambda rows: None) -> BackedUp:
    """Write a backup, read it back, and only then give it its name. Refused ``backup-exists``, ``backup-unwritable``."""
    require(act.actor, "backup")
    if file.exists():
        raise Refused("backup-exists", file=str(file))
    try:
        writing = Writing(file)
        try:
            manifest = _write(writing, act, tick)
            files = _keys(keys_dir(config.state_dir), with_keys)
            for name, data in files.items():
                writing.add(f"keys/{name}", [data])
            digest = writing.finish({**manifest, "secrets": with_keys})
        except BaseException:
            writing.abandon()
            raise
    except OSError as wrong:
        raise Refused("backup-unwritable", file=str(file), why=wrong.strerror or str(wrong)) from wrong
    except BadArchive as bad:
        raise Refused("backup-damaged", file=str(file), why=bad.why) from bad
    _remember(config.state_dir)
    rows = sum(int(table["rows"]) for table in manifest["tables"].values())
    return BackedUp(file, digest, file.stat().st_size, rows, act.now, with_keys)


def _remember(state_dir: Path) -> None:
    """Whoever watches the installation sees how old its last backup is. One that works while the disk is full is better than
    one that fails to say so."""
    with contextlib.suppress(OSError):
        (state_dir / "last-backup").touch()


def is_secret(name: str) -> bool:
    """Whether a file of the keys' directory may not be seen: everything that is not known to be public."""
    return not name.endswith((".pub", ".certificate", ".tokens"))


def _write(writing: Writing, act: Act, tick: Tick) -> dict[str, Any]:
    """The rows, in one view; returns the manifest of what was written."""
    tables: dict[str, Any] = {}
    with reading():
        house = installation.load()
        if house is None:
            raise Refused("no-installation", path="(open)")
        signed = tree.last()
        for table in archive.tables():
            counted = [0]
            writing.add(f"tables/{table.name}", _lines(table, counted, tick))
            tables[table.name] = {"columns": table.columns, "rows": counted[0]}
        migrations = upgrades.standing().applied
    return {
        "format": FORMAT,
        "program": countermand.__version__,
        "made": act.now,
        "origin": house.origin,
        "epoch": house.epoch,
        "drill": house.drill,
        "clock_offset": house.clock_offset,
        "migrations": migrations,
        "checkpoint": signed.note if signed else "",
        "tables": tables,
    }


def _lines(table: Table, counted: list[int], tick: Tick) -> Iterator[bytes]:
    for chunk in archive.rows(table):
        counted[0] += len(chunk)
        tick(len(chunk))
        yield json.dumps(chunk, separators=(",", ":")).encode() + b"\n"


def _keys(directory: Path, with_keys: bool) -> dict[str, bytes]:
    found = sorted(path for path in directory.iterdir() if path.is_file()) if directory.is_dir() else []
    return {path.name: path.read_bytes() for path in found if with_keys or not is_secret(path.name)}


# -- reading one --


def opened(file: Path) -> Archive:
    """A backup, every byte of it compared with what was written. Refused ``backup-damaged``."""
    try:
        found = Archive(file)
        if found.manifest.get("format") != FORMAT:
            raise BadArchive(f"its format is {found.manifest.get('format')!r}, not {FORMAT}")
        found.verify()
    except BadArchive as bad:
        raise Refused("backup-damaged", file=str(file), why=bad.why) from bad
    return found


def load_rows(found: Archive, tick: Tick = lambda rows: None) -> None:
    """Every row of a backup into empty tables, in the caller's unit. Refused ``backup-damaged`` if rows are missing."""
    for name, about in found.manifest["tables"].items():
        table = Table(name, tuple((column, kind) for column, kind in about["columns"]))
        loaded = archive.load(table, _chunks(found, name, tick))
        if loaded != about["rows"]:
            raise Refused("backup-damaged", file=str(found.path), why=f"{name} has {loaded} rows, not {about['rows']}")
    archive.renumber()


def _chunks(found: Archive, name: str, tick: Tick) -> Iterator[list[list[Any]]]:
    for line in found.lines(f"tables/{name}"):
        chunk = read_json(line)
        tick(len(chunk))
        yield chunk
