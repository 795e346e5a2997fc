"""The gate as a whole: it answers front ends from what it holds. Front ends are adapters, one small module each."""

from collections.abc import Callable, Iterable

from countermand import __version__
from countermand.core.decision import Clocks, Decision, Reason
from countermand.core.instants import SECOND, Instant
from countermand.core.languages import SOURCE
from countermand.gates import activesync, nginx
from countermand.gates.config import GateConfig
from countermand.gates.held import Held
from countermand.gates.http import Request, Response
from countermand.gates.log import Log
from countermand.gates.metrics import Metrics
from countermand.gates.quick import Quick
from countermand.gates.shown import Shown
from countermand.gates.sightings import Sightings
from countermand.gates.stop import Stop
from countermand.gates.subject import Subject

#: Mail servers let who brings a wrong password wait for a while: giving up sooner would tell strangers something.
PATIENCE = 8 * SECOND
_STOPPED = Decision(True, Reason.STOPPED)
_NOTHING_HEARD = Decision(True, Reason.NOTHING_HEARD)
#: What is shown if a lineage brought no words of its own.
_PLAIN = "Mail is not available on this device. Ask your help desk."
_UNKNOWN_DEVICE = frozenset({Reason.UNREGISTERED, Reason.UNREGISTERED_DENIED})


class Gate:
    """``held`` is None until there is a snapshot. ``now`` and ``steady`` are the machine's clocks, in milliseconds."""

    def __init__(self, config: GateConfig, now: Callable[[], Instant], steady: Callable[[], int], log: Log) -> None:
        self.config = config
        self.now = now
        self.steady = steady
        self.log = log
        self.held: Held | None = None
        self.metrics = Metrics()
        self.sightings = Sightings()
        self.shown = Shown()
        self.stop = Stop(config.stop_path)
        self._domains = frozenset(config.login_domains.casefold().split())
        self._login_header = config.login_header.encode()
        self._trusted = config.trusted_login
        self.quick = Quick(self)
        self._routes: dict[bytes, Callable[[Request], Response]] = {
            b"/decide": self._decide,
            b"/denied": self._denied,
            b"/healthz": self._health,
            b"/readyz": self._ready,
            b"/metrics": self._metrics,
        }

    def answer(self, request: Request) -> Response:
        route = self._routes.get(request.target) or self._routes.get(request.path)
        return route(request) if route else Response(404, b"not here\n")

    def clocks(self, held: Held) -> Clocks:
        """The times that decisions are made with; a rehearsal's gate has no clock but the feed's."""
        found = held.clocks(self.now(), self.steady())
        return Clocks(found.anchored, found.anchored, found.heard) if self.config.clock == "feed" else found

    def time(self) -> Instant:
        """What is said of when something was seen: the gate's own time, or a rehearsal's."""
        return self.clocks(self.held).anchored if self.held and self.config.clock == "feed" else self.now()

    def decide(self, who: Subject) -> Decision:
        held = self.held
        if self.stop.on:
            return _STOPPED
        if held is None:
            return _NOTHING_HEARD
        return held.decide(who, self.clocks(held))

    def judge(self, who: Subject) -> Decision:
        """Decide, count it, and say a denial: what every front end's request goes through."""
        who = self.local(who) if self._domains else who
        decision = self.decide(who)
        if who.also and decision.allow:
            other = who._replace(login=who.also, also="")
            also = self.decide(self.local(other) if self._domains else other)
            who, decision = (other, also) if not also.allow else (who, decision)
        self.metrics.decisions[decision.reason] += 1
        if not decision.allow:
            self.log.denied(self.now(), who, decision)
        return decision

    def lasts(self, who: Subject, decision: Decision) -> int | None:
        """For how many milliseconds it holds at most that ``who`` was just allowed: until a due that is known. None if none
        comes as long as a request may hang. So a front end ends at the due what it cannot ask about while it hangs. Never
        less than PATIENCE: a stranger would be told something else than 401."""
        held = self.held
        if held is None or self.stop.on or not decision.allow:
            return None
        whose = (who, who._replace(login=who.also, also="")) if who.also else (who,)
        found = [begin for one in whose if (begin := held.begins(self.local(one))) is not None]
        return max(PATIENCE, min(found) - self.clocks(held).earlier) if found else None

    def show(self, because: Iterable[str], who: Subject) -> str:
        """The words for whoever is denied by these lineages, in their language. They are to be shown now, which is counted: only
        to a login that proved itself."""
        held = self.held
        self.metrics.counts["denied_pages_total"] += 1
        if held is not None:
            self.shown.note([one for one in because if one in held.standings], held.device(self.local(who)), self.time())
        language = self.language(who)
        texts = [held.text(lineage, language) for lineage in because] if held else []
        return "\n\n".join(text for text in texts if text) or _PLAIN

    # -- routes --

    def _decide(self, request: Request) -> Response:
        return self.decided(nginx.asked(request, self._login_header, self._trusted))

    def decided(self, who: Subject) -> Response:
        """The answer to nginx about this request."""
        decision = self.judge(who)
        sighting, lasts = self.sighting(who, decision), self.lasts(who, decision)
        return nginx.answer_with(decision, sighting, lasts) if sighting or lasts is not None else nginx.answer(decision)

    def sighting(self, who: Subject, decision: Decision) -> str:
        """A token for a device that the fleet does not know, '' for any other: under it the front end says that the login was
        proven."""
        return self._token(who) if decision.reason in _UNKNOWN_DEVICE else ""

    def _token(self, who: Subject) -> str:
        if self.held is None:
            return ""
        who = self.local(who) if self._domains else who
        name = who.names[0]
        return self.sightings.token(self.held.hashes.identity(who.login, *name), who.login, name, self.time())

    def _denied(self, request: Request) -> Response:
        """nginx comes here only after the mail server let the login in."""
        token = request.headers.get(b"x-countermand-sighting", b"").decode("ascii", "replace")
        if token:
            self.prove(token)
        headers = request.headers
        words = self.show(nginx.because(request), nginx.asked(request, self._login_header, self._trusted))
        if self.config.denial == "activesync" and (
            body := activesync.blocked(headers.get(b"x-original-uri", b""), headers.get(b"ms-asprotocolversion", b""))
        ):
            return Response(200, body, activesync.KIND)
        return nginx.page(words)

    def language(self, who: Subject) -> str:
        """In what this person is spoken to, '' for the house's language."""
        return self.held.language((self.local(who) if self._domains else who).login) if self.held else ""

    def spoken_by(self, because: Iterable[str], who: Subject) -> str:
        """The language of what ``show`` gives."""
        known = self.held.standings if self.held else {}
        return self.language(who) or next((known[lineage].language for lineage in because if lineage in known), SOURCE)

    def local(self, who: Subject) -> Subject:
        """The same without the domain that this house's logins do not have."""
        name, at, domain = who.login.partition("@")
        return who._replace(login=name) if at and domain in self._domains else who

    def saw(self, login: str, name: tuple[str, str]) -> None:
        """A login that has proven its password came with this name of something that the fleet does not know."""
        if token := self._token(Subject(login, (name,))):
            self.prove(token)

    def prove(self, token: str) -> None:
        if self.sightings.prove(token, self.time()):
            self.metrics.counts["sightings_total"] += 1

    def _health(self, request: Request) -> Response:
        """That it lives, what it is, and as of when it knows."""
        lines = ["ok", f"version {__version__}", f"stopped {'yes' if self.stop.on else 'no'}"]
        if self.held is None:
            lines.append("nothing heard yet")
        else:
            clocks = self.clocks(self.held)
            age = max(0, clocks.later - clocks.heard) // 1000
            lines += [f"epoch {self.held.epoch}", f"record {self.held.n}", f"age {age} s"]
        return Response(200, "".join(f"{line}\n" for line in lines).encode())

    def _ready(self, request: Request) -> Response:
        return Response(200, b"ready\n") if self.held is not None else Response(503, b"nothing heard yet\n")

    def _metrics(self, request: Request) -> Response:
        gauges: dict[str, float] = {"stopped": int(self.stop.on), "ready": int(self.held is not None)}
        if self.held is not None:
            clocks = self.clocks(self.held)
            live = (standing for standing in self.held.standings.values() if standing.live)
            gauges |= {
                "record": self.held.n,
                "epoch": self.held.epoch,
                "heartbeat_age_seconds": max(0, clocks.later - clocks.heard) / 1000,
                "stale_lineages": sum(clocks.later - clocks.heard > standing.max_staleness for standing in live),
            }
        return Response(
            200,
            self.metrics.text(gauges, self.config.days_left(self.now())).encode(),
            b"text/plain; version=0.0.4; charset=utf-8",
        )
