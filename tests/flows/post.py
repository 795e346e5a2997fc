"""A post office for the tests: an issued order's notices delivered by a scripted mail server, on a clock that the test moves."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage

import house

from countermand.access import Act
from countermand.core.instants import MINUTE, Instant
from countermand.flows.deliver import Delivered, deliver
from countermand.flows.letters import Desk
from countermand.notices.mail import Letter, Outcome, Result
from countermand.store import models

KEY = b"k" * 32
LEASE = 10 * MINUTE


@dataclass
class Post:
    """``answer`` decides what becomes of each letter; ``now`` is both real time and the act's."""

    now: Instant = house.NOW
    answer: Callable[[Letter], Result] = lambda letter: Result.ACCEPTED
    during: Callable[[], None] = lambda: None  # happens while the batch is at the mail server
    sent: list[Letter] = field(default_factory=list)
    desk: Desk = field(default_factory=lambda: Desk(KEY, "example.org", "security@example.org", LEASE))

    def act(self) -> Act:
        return house.worker(self.now)

    def send(self, letters: Sequence[Letter], until: Instant) -> Iterator[Outcome]:
        self.during()
        for letter in letters:
            result = self.answer(letter)
            if result is not Result.UNSENT:
                self.sent.append(letter)
            yield Outcome(letter.id, result, f"as the test says: {result}")

    def deliver(self, worker: str = "w1", batch: int = 500) -> Delivered:
        return deliver(self.act, self.send, self.desk, worker, lambda: self.now, batch)

    def deliver_all(self) -> int:
        accepted = 0
        while (done := self.deliver()).claimed:
            accepted += done.accepted
        return accepted

    def messages(self) -> list[EmailMessage]:
        return [message_from_bytes(letter.text, policy=policy.default) for letter in self.sent]  # type: ignore[misc]

    def recipients(self, kind: str) -> list[str]:
        return sorted(m["To"].strip("<>") for m in self.messages() if m["X-Countermand-Kind"] == kind)


def states() -> dict[str, int]:
    """How many notices are in which state."""
    found: dict[str, int] = {}
    for state in models.Notice.objects.values_list("state", flat=True):
        found[state] = found.get(state, 0) + 1
    return found
