"""Steps of a process that works by the clock: each is asked when it is due, and one that fails waits, and keeps no other."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from countermand.core.instants import MINUTE, SECOND, Instant
from countermand.lib import clock, prometheus
from countermand.lib.log import failure, say
from countermand.lib.prometheus import COUNTER, GAUGE, Sample

#: After a failure a step waits, twice as long each time up to the last.
_FIRST_WAIT, _LAST_WAIT = SECOND, 60 * SECOND


class Stopping(Exception):
    """Asked to stop between two short acts of a long step."""


@dataclass(slots=True)
class Step:
    """``run`` returns True if more of the same waits. ``every``: milliseconds until it is asked again when nothing does.

    ``failures`` in a row, which make it wait; ``failed`` and ``runs`` in all; ``well_at``: when it last went well."""

    name: str
    run: Callable[[], bool]
    every: int
    next_at: Instant = 0
    failures: int = 0
    failed: int = 0
    runs: int = 0
    well_at: Instant = field(default_factory=clock.steady)


def once(step: Step) -> None:
    try:
        more = step.run()
    except Stopping:
        return
    except Exception as wrong:
        wait = min(_FIRST_WAIT << min(step.failures, 6), _LAST_WAIT)
        step.failures += 1
        step.next_at = clock.steady() + wait
        step.failed += 1
        say("step-failed", step=step.name, **failure(wrong), again_in_ms=wait)
        return
    step.failures = 0
    step.runs += 1
    step.well_at = clock.steady()
    step.next_at = clock.steady() + (0 if more else step.every)


#: A step that has not gone well for so long needs a person.
_PATIENCE = 10 * MINUTE
KNOWN = {
    "countermand_worker_runs_total": (COUNTER, "Runs of this step that went well."),
    "countermand_worker_failures_total": (COUNTER, "Runs of this step that failed."),
    "countermand_worker_well_seconds": (GAUGE, "Seconds since this step last went well."),
}


def condition(steps: Sequence[Step], path: str) -> tuple[int, str, str]:
    """What the worker answers at its watchpoint: (status, content type, body)."""
    now = clock.steady()
    if path == "/metrics":
        named = [(step, {"step": step.name}) for step in steps]
        samples = [Sample("countermand_worker_runs_total", step.runs, name) for step, name in named]
        samples += [Sample("countermand_worker_failures_total", step.failed, name) for step, name in named]
        samples += [Sample("countermand_worker_well_seconds", (now - step.well_at) / 1000, name) for step, name in named]
        return 200, prometheus.CONTENT_TYPE, prometheus.text(KNOWN, samples)
    late = [step.name for step in steps if now - step.well_at > max(_PATIENCE, 3 * step.every)]
    if path == "/readyz" and late:
        return 503, "text/plain", f"has not gone well lately: {', '.join(late)}\n"
    return (200, "text/plain", "ok\n") if path in {"/healthz", "/readyz"} else (404, "text/plain", "not here\n")
