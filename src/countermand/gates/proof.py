"""Whether a login proved its password: the mail server is asked, by an ``OPTIONS`` with the client's own credentials, or with
what the front end vouches for.

A front end that asks the gate before the mail server has seen the password would tell strangers who is denied. nginx asks by
itself (``server.conf``); for the others the gate does, and only before a denial is shown.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, auto

from countermand.core.decision import Decision, Reason
from countermand.core.instants import SECOND
from countermand.gates.app import PATIENCE, Gate
from countermand.gates.client import Peer
from countermand.gates.subject import Subject

PATH = "/Microsoft-Server-ActiveSync"


class Verdict(Enum):
    """What a front end is to do."""

    ALLOW = auto()
    DENY = auto()  # show why: the login is proven
    REFUSE = auto()  # the password is wrong: pass on an OPTIONS in place of the command, so that the mail server refuses it
    UNSURE = auto()  # the mail server did not say: not now


@dataclass(frozen=True, slots=True)
class Judged:
    """``sighting``: a token for an unknown device, to be handed back with the mail server's status; or ''. ``lasts``: for how
    many milliseconds it holds at most that it is allowed (Gate.lasts)."""

    verdict: Verdict
    decision: Decision
    sighting: str = ""
    lasts: int | None = None


class Prover:
    """``mail``: None if nobody is to be asked; then every denial is shown, to strangers too."""

    def __init__(self, gate: Gate, mail: Peer | None) -> None:
        self._gate = gate
        self._mail = mail

    async def judge(self, who: Subject, *shown: tuple[str, bytes]) -> Judged:
        """Decide; a denial only for whom the mail server lets in. ``shown``: the headers by which it knows who asks."""
        decision = self._gate.judge(who)
        sighting = self._gate.token(who) if decision.reason in _UNKNOWN else ""
        if decision.allow:
            return Judged(Verdict.ALLOW, decision, sighting, self._gate.lasts(who))
        if self._mail is None:
            return Judged(Verdict.DENY, decision)
        verdict = await self._ask(self._mail, shown)
        if verdict is Verdict.DENY and sighting:
            self._gate.prove(sighting)
        return Judged(verdict, decision)

    async def _ask(self, mail: Peer, shown: Iterable[tuple[str, bytes]]) -> Verdict:
        headers = [(name, value.decode("latin-1")) for name, value in shown if value]
        if any("\n" in value or "\r" in value for _, value in headers):
            return Verdict.REFUSE  # no front end hands this on: it would be a request of somebody's own making
        try:
            async with mail.exchange("OPTIONS", PATH, headers, b"", PATIENCE / SECOND) as reply:
                status = reply.status
        except (OSError, TimeoutError):
            return Verdict.UNSURE
        if status in (401, 403):
            return Verdict.REFUSE
        return Verdict.DENY if 200 <= status < 300 else Verdict.UNSURE


_UNKNOWN = frozenset({Reason.UNREGISTERED, Reason.UNREGISTERED_DENIED})
