"""A gate for tests of many writers: it starts from a snapshot and hears every record since."""

from pathlib import Path

from countermand.core.instants import Instant
from countermand.flows.publish_snapshot import publish_snapshot
from countermand.flows.speaker import Speaker, keys_dir
from countermand.gates.held import Held
from countermand.gates.subject import subject
from countermand.lib.keys import load_public
from countermand.reads import feed as heard
from countermand.snapshot.read import Snapshot
from gate_plane import basic


class Listener:
    """In order: a gap, or a number that comes twice, is refused. ``phones``: "E0", "E1", … of "p0", "p1", …"""

    def __init__(self, folder: Path, voice: Speaker, phones: int, now: Instant) -> None:
        file = publish_snapshot(voice, folder / "feed", now)
        root = load_public(keys_dir(folder) / "root.key.pub")
        self.held = Held(Snapshot(file.path, root), root, voice.secret, now, 0)
        self.phones = phones

    def listen(self, now: Instant) -> int:
        """Take what is new; how many lines it was."""
        found = heard.after(self.held.epoch, self.held.n, self.held.heard)
        for line in found.lines:
            self.held.take(line, now, 0)
        return len(found.lines)

    def answers(self, now: Instant) -> list[tuple[str, tuple[str, ...]]]:
        """Of every phone: why it is let in or not, and who denies."""
        found = [
            self.held.decide(subject(basic(f"p{number}").encode(), f"/?DeviceId=E{number}".encode()), self.held.clocks(now, 0))
            for number in range(self.phones)
        ]
        return [(decision.reason.value, tuple(sorted(decision.because))) for decision in found]
