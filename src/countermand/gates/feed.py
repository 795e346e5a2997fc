"""Following the feed: fetch a snapshot when one is needed, listen to records and heartbeats, reconnect for ever.

Nothing that goes wrong here stops the gate from answering: it goes on with what it holds.
"""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Callable

from countermand import __version__
from countermand.core.devices import IMAP_ID
from countermand.core.errors import Refused
from countermand.core.instants import MINUTE
from countermand.gates.app import Gate
from countermand.gates.client import Control, Silent
from countermand.gates.held import Held
from countermand.gates.kept import Kept

#: Three heartbeats missed: the line is dead, whatever TCP believes.
SILENCE = 30.0
_FIRST_WAIT, _LONGEST_WAIT = 0.1, 2.0
_REPORT_EVERY, _REPORT_SPACING = 10.0, 0.2
#: With more records than this since the snapshot, a restart would be slow: fetch a newer one.
_MANY_RECORDS = 2_000
_MANY_NAMES = 50_000
#: If there is no newer snapshot yet, ask again after this.
_LOOK_AGAIN = MINUTE
#: Refusals that a new snapshot cures; after any other, what is held stays.
_CURED = frozenset({"feed-gap", "feed-damaged"})
_SNAPSHOT_NEEDED = 409
_NOTHING_NEWER = 204


class Follower:
    """Keeps ``gate.held`` up to date. ``run`` and ``report`` are to run side by side for as long as the gate does."""

    def __init__(self, gate: Gate, kept: Kept, control: Control) -> None:
        self._gate = gate
        self._kept = kept
        self._control = control
        self._changed = asyncio.Event()
        self._wants_snapshot = False
        self._connected = False
        self._why_lost = ""
        self._look_again_at = 0
        self._unkept = False

    async def run(self) -> None:
        wait = _FIRST_WAIT
        while True:
            try:
                if self._gate.held is None or self._wants_snapshot or self._much_has_changed(self._gate.held):
                    await self._fetch(self._gate.held)
                if self._gate.held is not None:
                    await self._listen(self._gate.held)
            except Refused as refused:
                self._wants_snapshot |= refused.code in _CURED
                self._gate.metrics.refused[refused.code] += 1
                self._say("feed-refused", code=refused.code, sentence=refused.sentence)
            except (OSError, TimeoutError) as lost:
                self._lost(str(lost) or type(lost).__name__)
            except Exception as wrong:  # a signed line that this version cannot read: go on with what is held
                self._wants_snapshot = True
                self._gate.metrics.refused["unreadable"] += 1
                self._say("feed-unreadable", why=f"{type(wrong).__name__}: {wrong}")
            if self._gate.held is not None:
                self._gate.held.forget_pending()
            wait = _FIRST_WAIT if self._connected else min(_LONGEST_WAIT, wait * 2)
            self._connected = False
            # Jitter: a thousand gates must not come back in the same instant.
            await asyncio.sleep(wait * (0.5 + random.random()))  # noqa: S311

    def tell(self) -> None:
        """Something changed that the control plane is to know soon."""
        self._changed.set()

    async def report(self) -> None:
        """Tell the control plane what is held, soon after it changed and every ten seconds."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_REPORT_EVERY):
                    await self._changed.wait()
            self._changed.clear()
            await self._report_once()
            await asyncio.sleep(_REPORT_SPACING)

    async def _fetch(self, held: Held | None) -> None:
        known = f"?epoch={held.epoch}&after={held.n}" if held and not self._wants_snapshot else ""
        async with self._control.get(f"/feed/snapshot{known}", SILENCE) as reply:
            if reply.status == _NOTHING_NEWER:
                self._look_again_at = self._gate.steady() + _LOOK_AGAIN
                return
            if reply.status != 200:
                raise Silent(f"the control plane answered {reply.status} for a snapshot")
            with self._kept.incoming.open("wb") as file:
                async for part in reply.body:
                    file.write(part)
        own, steady = self._gate.now(), self._gate.steady()
        # Verifying reads the whole file: beside the loop, so that answers go on meanwhile.
        try:
            fresh = await asyncio.to_thread(self._kept.adopt, held, own, steady)
        except Refused as refused:
            # Nothing newer is to be had, so records must bring the rest; asking for the same file again would never end.
            self._wants_snapshot &= refused.code != "feed-older"
            raise
        self._gate.held = fresh
        self._wants_snapshot = False
        self._changed.set()
        self._say("snapshot-adopted", epoch=fresh.epoch, n=fresh.n)

    async def _listen(self, held: Held) -> None:
        async with self._control.get(f"/feed/records?epoch={held.epoch}&after={held.n}", SILENCE) as reply:
            if reply.status == _SNAPSHOT_NEEDED:
                self._wants_snapshot = True
                return
            if reply.status != 200:
                raise Silent(f"the control plane answered {reply.status}")
            self._connected, self._why_lost = True, ""
            self._gate.metrics.counts["connects_total"] += 1
            self._say("feed-connected", epoch=held.epoch, n=held.n)
            async for line in _lines(reply.body):
                self._take(held, line)
                if self._much_has_changed(held):
                    return

    def _much_has_changed(self, held: Held) -> bool:
        """A restart would be slow, or the names that changed fill the memory."""
        if self._gate.steady() < self._look_again_at:
            return False
        return self._kept.records > _MANY_RECORDS or held.overlaid > _MANY_NAMES

    def _take(self, held: Held, line: bytes) -> None:
        before, heard = held.n, held.heard
        own = self._gate.now()
        lines = held.take(line, own, self._gate.steady())
        if held.heard != heard:
            self._keep(lambda: self._kept.hear(line, own))
        elif lines:
            self._keep(lambda: self._kept.append(lines))
            self._gate.metrics.counts["records_total"] += held.n - before
            self._changed.set()

    def _keep(self, write: Callable[[], None]) -> None:
        """A disk that is full, or gone, costs what a restart would know, and nothing of what is answered now."""
        try:
            write()
        except OSError as wrong:
            self._gate.metrics.counts["unkept_total"] += 1
            if not self._unkept:
                self._say("not-kept", why=wrong.strerror or "")
            self._unkept = True
        else:
            if self._unkept:
                self._say("kept-again")
            self._unkept = False

    async def _report_once(self) -> None:
        gate = self._gate
        if gate.held is None:
            return
        due = gate.sightings.due()
        value = {
            "name": gate.config.name,
            "epoch": gate.held.epoch,
            "n": gate.held.n,
            "heard": gate.held.heard,
            "stopped": gate.stop.on,
            "decisions": gate.metrics.totals(),
            # What follows came later: a control plane that is one version older passes over it.
            "version": __version__,
            "shown": gate.shown.told(gate.time()),
            "sightings": [one for one in due.values() if one["kind"] != IMAP_ID],
            # Apart: a control plane that is one version older refuses what is no identity, and passes over what it does not know.
            "clients": [one for one in due.values() if one["kind"] == IMAP_ID],
        }
        try:
            status = await self._control.post("/feed/report", value, SILENCE)
        except (OSError, TimeoutError):
            return  # the listening side says so, once
        if status == 200:
            gate.sightings.reported(due, gate.time())

    def _lost(self, why: str) -> None:
        """Said once until it is another reason, or there was a connection in between; the metrics tell how long it lasts."""
        if why != self._why_lost:
            self._why_lost = why
            self._say("feed-lost", why=why)

    def _say(self, event: str, **about: object) -> None:
        self._gate.log.say(event, self._gate.now(), **about)


async def _lines(body: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Whole lines, newline included, as they come."""
    rest = b""
    async for part in body:
        *whole, rest = (rest + part).split(b"\n")
        for line in whole:
            yield line + b"\n"
        await asyncio.sleep(0)  # a long backlog must not keep answers waiting
