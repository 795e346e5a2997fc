"""Staging a load: every row of devices and apps is checked, and what may be kept lies ready in pieces of one block each.

Nothing of the database changes. Memory grows with the devices (a few dozen bytes each) and the distinct apps, not with
the rows of apps, which may come in any order: they are dealt out to one file per block of devices.
PRIVACY: of a device that is not the company's, apps that are not watched are dropped here, before anything is written.
"""

import json
from array import array
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from itertools import repeat
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from countermand.core.apps import App
from countermand.core.devices import Identity, Ownership, Platform, one_device
from countermand.core.facts import BLOCK_SIZE
from countermand.core.fleet_tables import APPS, DEVICES
from countermand.core.instants import Instant
from countermand.core.people import normal_login
from countermand.core.table import Problems
from countermand.flows import taking
from countermand.flows.bearers import Bearers
from countermand.lib import drafts
from countermand.lib.ahead import ahead
from countermand.lib.parquet import NO_TIME, Delivery, Reader
from countermand.lib.read_json import read_json
from countermand.lib.spare import give_back
from countermand.people.logins import Heard
from countermand.sources.devices_parquet import (
    KINDS,
    Longs,
    Mask,
    check_devices,
    check_texts,
    check_times,
    plain,
    reads_mail,
    rows,
)
from countermand.store import fleet

PLATFORMS = tuple(Platform)
#: What lies ready of one row of apps: the device's position, the app's code, when and by which source it was seen.
SPILLED = pa.schema([("position", pa.int32()), ("code", pa.int32()), ("when", pa.int64()), ("source", pa.int16())])
#: The code of a row that says no more than that somebody looked.
JUST_LOOKED = -1
#: Devices in one part of the staged table.
PART = 1 << 14
_NAMED = ("device", *(kind.value for kind in KINDS))
_DEVICE_COLUMNS = [column for column in DEVICES.columns if column.name != "device"]

Told = Callable[[Reader], Problems]


@dataclass(slots=True)
class Positions:
    """What is remembered of each device by its position in the load. ``several``: looked at by several sources, or at several
    times; ``known``: we have it already. Those two go the way of every report, one by one."""

    when: Longs = field(default_factory=lambda: np.empty(0, np.int64))
    source: npt.NDArray[np.int16] = field(default_factory=lambda: np.empty(0, np.int16))
    platform: npt.NDArray[np.int8] = field(default_factory=lambda: np.empty(0, np.int8))
    whole: Mask = field(default_factory=lambda: np.empty(0, np.bool_))
    known: Mask = field(default_factory=lambda: np.empty(0, np.bool_))
    several: Mask = field(default_factory=lambda: np.empty(0, np.bool_))

    def add(self, **columns: npt.NDArray[Any]) -> None:
        for column, more in columns.items():
            setattr(self, column, np.concatenate([getattr(self, column), more]))

    @property
    def plain(self) -> Mask:
        """New devices that one look says everything about."""
        return ~(self.known | self.several)


@dataclass(slots=True)
class Staged:
    """What was counted while staging. ``key``: of which load; ``surfaced``: source → how often a watched app is on a plain
    device; ``sources``: in the order of their numbers; ``hint``: the offset of position 0 in the first block; ``rows``: how
    many rows of apps were dealt out to each group."""

    key: str = ""
    devices: int = 0
    apps: int = 0
    kept: int = 0
    sources: list[str] = field(default_factory=list)
    surfaced: dict[str, int] = field(default_factory=dict)
    hint: int = 0
    rows: dict[str, int] = field(default_factory=dict)

    def numbered(self, source: str) -> int:
        if source not in self.sources:
            self.sources.append(source)
        return self.sources.index(source)


class Stage:
    """The directory of one load, readable by its owner alone."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._groups: dict[int, Any] = {}
        self._devices: Any = None
        path.mkdir(mode=0o700)
        (path / "apps").mkdir()

    def add_devices(self, columns: dict[str, Any]) -> None:
        batch = pa.record_batch({column.name: columns[column.name] for column in _DEVICE_COLUMNS})
        if self._devices is None:
            self._devices = pa.ipc.new_file(self.path / "devices.arrow", batch.schema)
        self._devices.write_batch(batch)

    def add_apps(self, group: int, columns: list[npt.NDArray[Any]]) -> None:
        if group not in self._groups:
            options = pa.ipc.IpcWriteOptions(compression="lz4")
            self._groups[group] = pa.ipc.new_stream(self.path / f"apps/{group}.arrow", SPILLED, options=options)
        self._groups[group].write_batch(pa.record_batch([pa.array(column) for column in columns], schema=SPILLED))

    def close(self) -> None:
        for writer in [*self._groups.values(), *([self._devices] if self._devices else [])]:
            writer.close()

    def finish(self, staged: Staged, positions: Positions, ids: list[str], used: Mask) -> None:
        """Everything lies ready: the manifest, written last and whole, says so."""
        arrays = {name: getattr(positions, name) for name in ("when", "source", "platform", "whole", "known", "several")}
        np.savez(self.path / "positions.npz", used=used, **arrays)
        may_be_kept = [app_id if held else "" for app_id, held in zip(ids, np.logical_or.reduce(used).tolist(), strict=True)]
        (self.path / "ids.json").write_text(json.dumps(may_be_kept))
        drafts.write(self.path / "manifest.json", json.dumps(asdict(staged)))


def opened(path: Path, key: str) -> tuple[Staged, Positions, list[str], Mask] | None:
    """What the finished stage of this load holds; None if it was not finished, or is another load's."""
    try:
        staged = Staged(**read_json((path / "manifest.json").read_text()))
        ids = read_json((path / "ids.json").read_text())
        with np.load(path / "positions.npz") as arrays:
            used = arrays["used"]
            positions = Positions(**{name: arrays[name] for name in arrays.files if name != "used"})
    except (OSError, ValueError, TypeError):  # TypeError: staged by another version of this program
        return None
    return (staged, positions, ids, used) if staged.key == key else None


class Staging:
    """One reading of devices and apps."""

    def __init__(
        self, stage: Stage, key: str, source: str, now: Instant, watched: frozenset[App], *, hint: int, logins: Heard
    ) -> None:
        self.staged = Staged(key, hint=hint)
        self.positions = Positions()
        self.ids: list[str] = []
        self._stage, self._source, self._now, self._watched, self._logins = stage, source, now, watched, logins
        self._coded_ids = pa.array([], pa.string())
        self._unfit: Mask = np.zeros(0, np.bool_)
        self._last: dict[str, tuple[Any, Longs]] = {}
        self._is_watched: Mask = np.zeros((len(PLATFORMS), 0), np.bool_)
        self.used: Mask = np.zeros((len(PLATFORMS), 0), np.bool_)
        self._hashes = array("q")
        self._bearers = Bearers()

    # -- devices --

    def devices(self, reader: Reader, problems: Problems, progress: Callable[[int], None]) -> None:
        for first, batch in ahead(reader.batches(size=PART)):
            check_devices(batch, first, self._now, problems)
            for column in _NAMED:
                self._hashes.extend(map(hash, zip(repeat(column), filter(None, batch[column].to_pylist()), strict=False)))
            known = self._known(batch, first, problems)
            self._owners(batch, first, problems)
            self._remember(batch, known)
            progress(len(known))

    def twice(self, files: Delivery, told: Told) -> Iterator[Problems]:
        """Names that stand twice in these files of devices. Hashes were kept, so the names are read again if two are equal."""
        hashes: Longs = np.sort(np.frombuffer(self._hashes, np.int64))
        self._hashes = array("q")
        doubtful = set(hashes[1:][hashes[1:] == hashes[:-1]].tolist())
        stands: dict[tuple[str, str], int] = {}
        before = 0
        for reader in files.readers(DEVICES) if doubtful else ():
            problems = told(reader)
            for first, batch in reader.batches(size=PART):
                for column in _NAMED:
                    for offset, name in enumerate(batch[column].to_pylist()):
                        if name and hash((column, name)) in doubtful:
                            if (column, name) in stands:
                                problems.add("csv-twice", first + offset, column, value=name, first=stands[column, name])
                            stands.setdefault((column, name), first + offset)
                            if column == "device":
                                self._bearers.exact[name] = before + offset
                                self._bearers.doubtful.add(hash(name))
                before += len(batch["device"])
            yield problems

    def _known(self, batch: dict[str, Any], first: int, problems: Problems) -> Mask:
        """Devices that we know by one of their names; by two names of two devices is a problem."""
        count = len(batch["device"])
        known: Mask = np.zeros(count, np.bool_)
        if not fleet.any_device():
            return known
        named = [(kind, batch[kind.value].to_pylist()) for kind in KINDS]
        found = fleet.find({Identity(kind, value) for kind, values in named for value in values if value})
        names = fleet.identities(set(found.values()))
        for offset in range(count):
            mine = {Identity(kind, values[offset]) for kind, values in named if values[offset]}
            devices = {found[identity]: identity for identity in sorted(mine) if identity in found}
            known[offset] = bool(devices)
            if devices and not one_device(mine, *(names[device] for device in devices)):
                one, other = [*devices.values(), *sorted(mine - found.keys())][:2]
                problems.add("identity-elsewhere", first + offset, str(other.kind), identity=other.value, other=one.value)
        return known

    def _owners(self, batch: dict[str, Any], first: int, problems: Problems) -> None:
        logins = _normal(batch["login"])
        missing = self._logins.without({login for login in logins if login})
        missing -= taking.owners_of(missing).keys()
        for offset, login in enumerate(logins if missing else ()):
            if login in missing:
                problems.add("person-unknown", first + offset, "login", login=login)
        batch["login"] = pa.array(logins)

    def _remember(self, batch: dict[str, Any], known: Mask) -> None:
        sources = batch["source"].dictionary_encode()
        numbers = np.array([self.staged.numbered(name or self._source) for name in sources.dictionary.to_pylist()], np.int16)
        batch["source"] = pa.array([self.staged.sources[number] for number in numbers[plain(sources.indices)].tolist()])
        platforms = pc.index_in(batch["platform"], value_set=pa.array([str(one) for one in PLATFORMS]))
        self._bearers.add(batch["device"])
        self.positions.add(
            when=plain(batch["observed_at"]),
            source=numbers[plain(sources.indices)],
            platform=plain(pc.fill_null(platforms, 0)).astype(np.int8),
            whole=plain(pc.equal(batch["ownership"], Ownership.CORPORATE.value)),
            known=known,
            several=np.zeros(len(known), np.bool_),
        )
        self.staged.devices += len(known)
        self._stage.add_devices({**batch, "reads_mail": reads_mail(batch)})

    # -- apps --

    def apps(self, reader: Reader, problems: Problems, progress: Callable[[int], None]) -> None:
        for first, batch in ahead(reader.batches(encoded=("device", "app_id", "source"))):
            self._apps(batch, first, problems)
            self.staged.apps += len(batch["device"])
            progress(len(batch["device"]))

    def _apps(self, batch: dict[str, Any], first: int, problems: Problems) -> None:
        before, of = problems.count, self.positions
        position = _spread(self._answers("device", batch["device"].dictionary, self._bearers.positions), batch["device"]).astype(
            np.int32
        )
        for offset in rows(position < 0):
            problems.add("device-row-missing", first + offset, "device", device=str(batch["device"][offset].as_py() or ""))
        code = self._coded(batch["app_id"], first, problems)
        when = plain(batch["observed_at"])
        check_times(when, lambda offset: first + offset, self._now, problems)
        if problems.count > before or not len(of.when):
            return
        mine = of.when[position]
        when = np.where(when == NO_TIME, mine, when)
        for offset in rows(when == NO_TIME):
            problems.add("app-time-missing", first + offset, "observed_at")
        number = self.staged.numbered
        said = self._looked_up("source", batch["source"], lambda name: number(name) if name else -1).astype(np.int16)
        source = np.where(said < 0, of.source[position], said)
        another = (when != mine) | (source != of.source[position])
        of.several[position[another]] = True
        if not problems.count:
            self._deal(position, code, when, source, another)

    def _coded(self, ids: Any, first: int, problems: Problems) -> npt.NDArray[np.int32]:
        """Each row's app by its code; ids that cannot be taken are problems of each of their rows."""
        known = self._answers("app_id", ids.dictionary, self._codes)
        bad = np.append(self._unfit, True)[known]  # -1, no text, is the last
        code = _spread(known, ids)
        if bad.any() or ids.null_count:
            wrong: Longs = np.flatnonzero(np.append(bad, True)[plain(pc.fill_null(ids.indices, len(known)))])
            cells = pc.fill_null(pc.cast(ids.take(pa.array(wrong)), pa.string()), "")
            check_texts(cells, "app_id", lambda offset: first + int(wrong[offset]), problems)
            for offset in rows(pc.equal(cells, "")):
                problems.value(first + int(wrong[offset]), "app_id", "", "an app id", "the bundle id or package name")
        return code.astype(np.int32)

    def _codes(self, dictionary: Any) -> Longs:
        """The code of each text, given now to those that have none; -1 for no text."""
        texts = pc.fill_null(pc.cast(dictionary, pa.string()), "")
        found = pc.index_in(texts, value_set=self._coded_ids)
        codes: Longs = plain(pc.fill_null(found, -1)).astype(np.int64)
        new = plain(pc.and_(pc.is_null(found), pc.not_equal(texts, "")))
        if new.any():
            come = texts.filter(pa.array(new))
            fresh = come.unique()
            codes[new] = len(self.ids) + plain(pc.index_in(come, value_set=fresh))
            self._coded_ids = pa.concat_arrays([self._coded_ids, fresh])
            self._unfit = np.append(self._unfit, check_texts(fresh, "app_id", lambda offset: 0, Problems("")))
            self.ids += fresh.to_numpy(zero_copy_only=False).tolist()
        return codes

    def _looked_up(self, column: str, texts: Any, find: Callable[[str | None], int]) -> Longs:
        """What ``find`` says of each text, asked once for each distinct one; -1 for null."""
        return _spread(
            self._answers(column, texts.dictionary, lambda one: np.array([*map(find, one.to_pylist())], np.int64)), texts
        )

    def _answers(self, column: str, dictionary: Any, find: Callable[[Any], Longs]) -> Longs:
        """What ``find`` says of a dictionary's texts. One batch often has that of the one before it, or more."""
        texts, answers = self._last.get(column, (dictionary[:0], np.empty(0, np.int64)))
        if not dictionary[: len(texts)].equals(texts):
            texts, answers = dictionary[:0], answers[:0]
        if len(dictionary) > len(texts):
            answers = np.append(answers, find(dictionary[len(texts) :]))
            self._last[column] = (dictionary, answers)
        return answers

    def _grow(self) -> None:
        """Room for the codes met since."""
        fresh = self.ids[self.used.shape[1] :]
        watched = [{app.id for app in self._watched if app.platform is platform} for platform in PLATFORMS]
        more = [[app_id in ids for app_id in fresh] for ids in watched]
        self._is_watched = np.concatenate([self._is_watched, np.array(more, np.bool_)], axis=1)
        self.used = np.concatenate([self.used, np.zeros((len(PLATFORMS), len(fresh)), np.bool_)], axis=1)

    def _deal(
        self,
        position: npt.NDArray[np.int32],
        code: npt.NDArray[np.int32],
        when: Longs,
        source: npt.NDArray[np.int16],
        another: Mask,
    ) -> None:
        """Drop what may not be kept, and deal the rest out to the blocks of its devices. Of a dropped row that is part of
        ``another`` look than the device's row states, that look remains."""
        if len(self.ids) > self.used.shape[1]:
            self._grow()
        of = self.positions
        watched = self._is_watched[of.platform[position], code]
        self._count_surfaced(position[watched], code[watched])
        kept = of.whole[position] | watched
        self.used[of.platform[position[kept]], code[kept]] = True
        self.staged.kept += int(kept.sum())
        columns: list[npt.NDArray[Any]] = [position, np.where(kept, code, JUST_LOOKED).astype(np.int32), when, source]
        if not (stays := kept | another).all():
            columns = [column[stays] for column in columns]
        group = (columns[0] + self.staged.hint) // BLOCK_SIZE
        for number in np.flatnonzero(np.bincount(group)).tolist():
            here = group == number
            self._stage.add_apps(number, columns if here.all() else [column[here] for column in columns])
            self.staged.rows[str(number)] = self.staged.rows.get(str(number), 0) + int(here.sum())

    def _count_surfaced(self, position: npt.NDArray[np.int32], code: npt.NDArray[np.int32]) -> None:
        new = ~self.positions.known[position]
        pairs = np.sort(position[new].astype(np.int64) << 32 | code[new])
        distinct = pairs[np.append(True, pairs[1:] != pairs[:-1])] if len(pairs) else pairs
        for number, count in enumerate(np.bincount(self.positions.source[distinct >> 32]).tolist()):
            name = self.staged.sources[number]
            self.staged.surfaced[name] = self.staged.surfaced.get(name, 0) + count

    def finish(self) -> None:
        self._stage.close()
        if len(self.ids) > self.used.shape[1]:
            self._grow()
        self._stage.finish(self.staged, self.positions, self.ids, self.used)


def _normal(logins: Any) -> list[str]:
    """Logins in their normal form. Where all are plain that is a matter of the whole column."""
    plainly = pc.all(pc.string_is_ascii(logins)).as_py() and not pc.any(pc.match_substring(logins, "\\")).as_py()
    if not plainly:
        return [normal_login(login) for login in logins.to_pylist()]
    normal: list[str] = plain(pc.ascii_lower(pc.ascii_trim_whitespace(logins))).tolist()
    return normal


def _spread(answers: Longs, texts: Any) -> Longs:
    """The answers to the texts of a dictionary, row by row; -1 for null."""
    found: Longs = np.append(answers, -1)[plain(pc.fill_null(texts.indices, len(answers)))]
    return found


def stage_all(staging: Staging, files: Delivery, told: Told, progress: Callable[[int], None]) -> Iterator[Problems]:
    """Read devices, then apps; yields the problems of each file."""
    for table, read in ((DEVICES, staging.devices), (APPS, staging.apps)):
        for reader in files.readers(table):
            problems = told(reader)
            read(reader, problems, progress)
            yield problems
        if table is DEVICES:
            yield from staging.twice(files, told)
        give_back()
