"""Phones that ask throughout while a test breaks things, and what they were told, phase by phase."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

#: What a phone makes of no answer at all: connection refused or reset.
NOTHING = 0


@dataclass
class Phase:
    """``wrong``: answers that neither the design nor the failure mode allows; ``slowest`` in seconds."""

    name: str
    told: Counter[tuple[str, int]] = field(default_factory=Counter)
    wrong: Counter[tuple[str, int]] = field(default_factory=Counter)
    slowest: float = 0.0


class Crowd:
    """``ask``: (kind of phone) → (status, seconds). Each of ``kinds`` asks with ``each`` phones, one question after the other."""

    def __init__(self, ask: Callable[[str], tuple[int, float]], kinds: list[str], each: int) -> None:
        self.phases: list[Phase] = []
        self._ask = ask
        self._ended = threading.Event()
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._run, args=(kind,), daemon=True) for kind in kinds * each]
        self._allowed: dict[str, set[int]] = {}

    @contextmanager
    def asking(self) -> Iterator["Crowd"]:
        for thread in self._threads:
            thread.start()
        try:
            yield self
        finally:
            self._ended.set()
            for thread in self._threads:
                thread.join(60)

    def phase(self, name: str, **allowed: set[int]) -> Phase:
        """From now on phones of each kind may be told these statuses. What is on its way belongs to the phase before or to this
        one, whichever allows it."""
        phase = Phase(name)
        with self._lock:
            self._allowed = {kind: self._allowed.get(kind, set()) | statuses for kind, statuses in allowed.items()}
            self.phases.append(phase)
        self._everybody_asks()
        with self._lock:
            self._allowed = allowed
        return phase

    def quiet(self) -> None:
        """Every phone has asked at least twice in the present phase."""
        self._everybody_asks()
        self._everybody_asks()

    def _everybody_asks(self) -> None:
        before = sum(self.phases[-1].told.values())
        for _ in range(600):
            if sum(self.phases[-1].told.values()) >= before + 2 * len(self._threads):
                return
            self._ended.wait(0.02)

    def _run(self, kind: str) -> None:
        while not self._ended.wait(0.01):
            status, seconds = self._ask(kind)
            with self._lock:
                if not self.phases:
                    continue
                phase = self.phases[-1]
                phase.told[kind, status] += 1
                phase.slowest = max(phase.slowest, seconds)
                if status not in self._allowed[kind]:
                    phase.wrong[kind, status] += 1

    def table(self) -> str:
        lines = [f"{'what was done':<34}{'mail':>7}{'denied':>8}{'later':>7}{'nothing':>9}{'WRONG':>7}{'slowest':>9}"]
        for phase in self.phases:
            by_status: Counter[int] = Counter()
            for (_, status), count in phase.told.items():
                by_status[status] += count
            counts = f"{by_status[200]:>7}{by_status[403]:>8}{by_status[503]:>7}{by_status[NOTHING]:>9}"
            lines.append(f"{phase.name:<34}{counts}{sum(phase.wrong.values()):>7}{phase.slowest:>8.1f}s")
        return "\n".join(lines)
