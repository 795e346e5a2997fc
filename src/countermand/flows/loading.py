"""Writing a staged load, in short units that each say how far it has come: a killed load goes on where it was.

New devices that one look says everything about are placed in bulk (flows.placing); all others go the way of every
report (flows.taking). Both leave the same rows and sets.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from countermand.access import Act
from countermand.core import pace
from countermand.core.apps import App
from countermand.core.claims import Voice
from countermand.core.errors import Refused
from countermand.core.facts import BLOCK_SIZE, EVERY
from countermand.flows import taking
from countermand.flows.arrivals import Drawing
from countermand.flows.look_sets import Looks, lasting
from countermand.flows.many_sets import ManySets, Serialized
from countermand.flows.mentioning import Said, mentions
from countermand.flows.placing import Piece, Placing, Ready
from countermand.flows.reevaluate import reevaluate
from countermand.flows.staging import PLATFORMS, Positions, Staged
from countermand.lib import clock
from countermand.lib.ahead import ahead
from countermand.lib.parts import cut
from countermand.lib.spare import give_back
from countermand.store import arriving, evidence, feed, fleet, loads, log, sets, watching
from countermand.store.hauling import Settle, hauling
from countermand.store.loads import LoadRow
from countermand.store.unit import unit

_MOST = 20_000
_NUMBERED = 5_000

Progress = Callable[[int], None]


@dataclass(slots=True)
class Pace:
    """How many rows a unit takes, learnt from the one before (core.pace). Never under ``fewest``: what a unit costs whatever
    its size would be most of it, and a busy machine would be kept busy with nothing else."""

    size: int
    fewest: int

    def after(self, count: int, began: int) -> None:
        took = clock.steady() - began
        if count >= self.size or took > pace.TARGET:  # the last few rows of a piece say nothing of a full unit
            self.size = pace.next_size(count, took, self.fewest, _MOST)


@dataclass(slots=True)
class Done:
    """What was written by this run."""

    placed: int = 0
    known: int = 0
    changed: int = 0
    moved: int = 0
    surfaced: int = 0


@dataclass(slots=True)
class Loading:
    """One load while it is being written."""

    act: Act
    path: Path
    key: str
    watched: frozenset[App]
    staged: Staged
    positions: Positions
    ids: list[str]
    used: npt.NDArray[np.bool_]
    progress: Progress
    done: Done = field(default_factory=Done)
    settle: Settle = lambda: None

    def run(self) -> Done:
        """Write what is not written yet. Refused ``load-overtaken``; then it is checked anew when it is run again."""
        load = self._begun()
        try:
            with hauling() as self.settle:
                self._place_all(load)
                self._take_known()
        except Refused:
            with unit():
                loads.finish(self.key, self.act.now)  # given up: what was written is whole, the rest is checked anew
            raise
        return self.done

    # -- the frame --

    def _begun(self) -> LoadRow:
        found = loads.find(self.key)
        if found is None:
            count = int(self.positions.plain.sum())
            with unit():
                ordinals = fleet.give_ordinals(count) if count else range(0)
                loads.begin(self.key, ordinals.start, count, self.act.now)
                about = {"file": self.key, "devices": self.staged.devices, "apps": self.staged.apps, "new": count}
                log.append("load-begun", self.act, about)
            found = loads.find(self.key)
        if found is None:
            raise RuntimeError("the load that was just begun is not there")
        return found

    def current(self) -> LoadRow:
        """How far it has come, seen inside the unit; and what it was checked against still holds."""
        load = loads.find(self.key)
        if load is None:
            raise Refused("load-overtaken", what="it was given up")
        if watching.watch_list(self.act.now) != self.watched:
            raise Refused("load-overtaken", what="the watch list")
        return load

    # -- new devices --

    def _place_all(self, load: LoadRow) -> None:
        if load.placed >= load.devices:
            self.progress(load.devices)
            return
        placing = Placing(self.path, self.staged, self.positions, load.first, self._numbers())
        pieces = [piece for piece in placing.pieces() if piece.high > load.placed]
        self.progress(load.placed)
        placer = Placer(self, load)
        for ready in ahead(map(placing.ready, pieces)):  # the next one while this one is being written
            placer.place(ready)
            give_back()

    def _numbers(self) -> npt.NDArray[np.uint32]:
        """The store's number of each app that may be kept, by platform and code."""
        found = np.zeros(self.used.shape, np.uint32)
        for row, platform in enumerate(PLATFORMS):
            codes = sorted(np.flatnonzero(self.used[row]).tolist(), key=self.ids.__getitem__)  # in the order of their index
            for part in cut(codes, _NUMBERED):
                ids = [self.ids[code] for code in part]
                with unit():
                    given = evidence.numbers_on(platform, ids)
                found[row, list(part)] = [given[app_id] for app_id in ids]
        return found

    # -- devices that are known, or that several looks speak of --

    def _take_known(self) -> None:
        load, rows = loads.find(self.key), Pace(100, 50)
        part: list[Said] = []
        for one in mentions(self.path, self.positions, self.staged, self.ids, load.known if load else 0):
            part.append(one)
            if len(part) >= rows.size:
                self._take(part, rows)
                part = []
        if part:
            self._take(part, rows)

    def _take(self, part: list[Said], rows: Pace) -> None:
        began = clock.steady()
        with unit():
            load = self.current()
            for number, source in enumerate(self.staged.sources):
                said = [mention for by_source in part for at, mention in by_source if at == number]
                if not said:
                    continue
                drawn = taking.plan(self.act, source, said, may_add=True, voice=Voice.FILE)
                moved = taking.apply(self.act, source, drawn)
                about = {"source": source, "file": self.key, "rows": len(said), "reports": drawn.reports, "added": drawn.added}
                log.append("devices-imported", self.act, {**about, "changed": drawn.changed, "moved": len(moved)})
                self.done.changed += drawn.changed
                self.done.moved += len(moved)
                self.done.surfaced += sum(drawn.surfaced.values())
            loads.move(self.key, placed=load.placed, named=load.named, known=load.known + len(part))
        self.done.known += len(part)
        rows.after(len(part), began)
        self.settle()
        self.progress(len(part))


class Placer:
    """Writes pieces of new devices."""

    def __init__(self, loading: Loading, load: LoadRow) -> None:
        self._loading, self._act, self._key, self._first = loading, loading.act, loading.key, load.first
        self._looks = Looks(loading.watched)
        self._drawing = Drawing(load.first, self._looks)
        self._sets, self._devices = Pace(8_000, 4_000), Pace(2_000, 1_500)

    def place(self, ready: Ready) -> None:
        if self._loading.current().placed == ready.piece.low:
            self._add_sets(ready.piece, ready.app_sets, self._looks.sets(ready))
        while count := self._add_devices(ready):
            self._loading.progress(count)

    def _add_sets(self, piece: Piece, of_apps: ManySets, of_looks: ManySets) -> None:
        """Those sets of the piece that do not stand yet."""
        while self._add_some(piece, of_apps, 0, tuple):
            pass
        while self._add_some(piece, of_looks, len(of_apps.names), partial(lasting, self._act.now)):
            pass

    def _add_some(self, piece: Piece, found: ManySets, before: int, kept: Callable[[Serialized], Serialized]) -> bool:
        """The next of these sets, which come after so many others of the piece; False when all of them stand."""
        began = clock.steady()
        with unit():
            load = self._loading.current()
            low = load.named - before
            high = min(low + self._sets.size, len(found.names))
            if low >= high:
                return False
            self._unite(piece, kept(found.serialized(low, high)))
            loads.move(self._key, placed=load.placed, named=before + high, known=load.known)
        self._sets.after(high - low, began)
        self._loading.settle()
        return True

    def _unite(self, piece: Piece, found: Serialized) -> None:
        """Add these sets to those of the block. Where nobody else ever had an ordinal of it, none of them stands."""
        mine = piece.block * BLOCK_SIZE >= self._first
        if mine and not sets.load(sets.DEVICES, piece.block, (EVERY,))[EVERY]:
            sets.add_new(sets.DEVICES, piece.block, found)
        else:
            sets.unite(sets.DEVICES, piece.block, dict(found))

    def _add_devices(self, ready: Ready) -> int:
        """The next new devices of the piece, each with its rows and its other sets; how many."""
        began, piece = clock.steady(), ready.piece
        with unit():
            load = self._loading.current()
            low, high = load.placed, min(load.placed + self._devices.size, piece.high)
            if low >= high:
                return 0
            rows, members = self._drawing.draw(self._act.now, ready, low, high)
            arriving.add(rows)
            sets.change(sets.DEVICES, piece.block, {name: ((), offsets) for name, offsets in members.items()})
            reevaluate(self._act, range(load.first + low, load.first + high))
            feed.mark("identities", "", piece.block)
            log.append("devices-imported", self._act, {"file": self._key, "from_row": low, "added": high - low})
            loads.move(self._key, placed=high, named=0 if high == piece.high else load.named, known=load.known)
        self._loading.done.placed += high - low
        self._devices.after(high - low, began)
        self._loading.settle()
        return high - low
