"""The mail door of a story: a gate in process, fed by what was really published, asked as nginx asks it."""

import io
from collections.abc import Callable
from pathlib import Path

from countermand.core.instants import Instant
from countermand.flows.publish_snapshot import publish_snapshot
from countermand.flows.speaker import Speaker, keys_dir
from countermand.gates.app import Gate
from countermand.gates.config import GateConfig
from countermand.gates.held import Held
from countermand.gates.http import Request, Response
from countermand.gates.log import Log
from countermand.lib.keys import load_public
from countermand.reads import feed
from countermand.snapshot.read import Snapshot
from gate_plane import basic

#: Bytes that lines of the feed may not exceed here: a story is small.
_ROUNDS = 50


class Door:
    """One gate. ``cut_off``: it hears nothing; ``time`` is its own clock, which the story moves."""

    def __init__(self, folder: Path, voice: Speaker, time: Callable[[], Instant]) -> None:
        self.cut_off = False
        self._began = time()
        self._time = time
        file = publish_snapshot(voice, folder / "feed", time())
        root = load_public(keys_dir(folder) / "root.key.pub")
        settings = GateConfig("door", "", "", folder, folder, folder, folder)
        self.gate = Gate(settings, time, self._steady, Log(io.StringIO()))
        self.held = self.gate.held = Held(Snapshot(file.path, root), root, voice.secret, time(), self._steady())

    def _steady(self) -> int:
        return self._time() - self._began

    def listen(self) -> int:
        """Take every line that was published since; returns how many."""
        taken = 0
        for _ in range(_ROUNDS):
            found = () if self.cut_off else feed.after(self.held.epoch, self.held.n, self.held.heard).lines
            if not found:
                return taken
            for line in found:
                self.held.take(line, self._time(), self._steady())
            taken += len(found)
        raise AssertionError("the feed never ends")

    def ask(self, login: str, device: str) -> Response:
        """A Sync by this login from this device, as nginx passes it on."""
        uri = f"/Microsoft-Server-ActiveSync?Cmd=Sync&User={login}&DeviceId={device}&DeviceType=iPhone".encode()
        return self.gate.answer(Request(b"/decide", {b"authorization": basic(login).encode(), b"x-original-uri": uri}))

    def denies(self, login: str, device: str) -> bool:
        status = self.ask(login, device).status
        assert status in (204, 403)
        return status == 403

    def because(self, login: str, device: str) -> list[str]:
        """The directives that deny it."""
        found = dict(self.ask(login, device).headers).get(b"X-Countermand-Because", b"")
        return found.decode().split(",") if found else []
