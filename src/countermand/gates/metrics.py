"""What a gate counts, as Prometheus text. Every way of letting mail through without a verdict is counted by name."""

from collections import Counter
from dataclasses import dataclass, field

from countermand.core.decision import DENYING, Reason
from countermand.lib import prometheus
from countermand.lib.prometheus import COUNTER, GAUGE, Sample

#: Allowed because the gate could not or may not judge, not because nothing denies.
FAIL_OPEN = frozenset({Reason.STOPPED, Reason.NOTHING_HEARD})

_KNOWN = {
    "countermand_gate_decisions_total": (COUNTER, "Decisions by outcome and reason."),
    "countermand_gate_fail_open_total": (COUNTER, "Requests allowed because the gate was stopped or has heard nothing yet."),
    "countermand_gate_denied_pages_total": (COUNTER, "Denials shown to a login that had proved its password."),
    "countermand_gate_records_total": (COUNTER, "Feed records taken."),
    "countermand_gate_refused_total": (COUNTER, "Feed lines and snapshots refused, by code."),
    "countermand_gate_connects_total": (COUNTER, "Connections made to the control plane."),
    "countermand_gate_sightings_total": (COUNTER, "Unknown devices of proven logins, each time one is proven."),
    "countermand_gate_kicked_total": (COUNTER, "IMAP sessions' addresses that Dovecot was told to disconnect."),
    "countermand_gate_unkept_total": (COUNTER, "Times that the disk did not take what was heard."),
    "countermand_gate_record": (GAUGE, "Number of the last feed record held."),
    "countermand_gate_epoch": (GAUGE, "Epoch of the feed."),
    "countermand_gate_heartbeat_age_seconds": (GAUGE, "Seconds since the control plane's time that was last heard."),
    "countermand_gate_stopped": (GAUGE, "1 while a stop file or signal lets everything through."),
    "countermand_gate_ready": (GAUGE, "1 once there is a snapshot to answer from."),
    "countermand_gate_certificate_days_left": (GAUGE, "Days for which what is shown to, or trusted of, the control plane holds."),
    "countermand_gate_stale_lineages": (GAUGE, "Live lineages past their max_staleness."),
}
_COUNTED = ("denied_pages_total", "records_total", "connects_total", "sightings_total", "kicked_total", "unkept_total")


@dataclass(slots=True)
class Metrics:
    """Counters, and the gauges that are read when somebody asks. The reason of a decision tells its outcome."""

    decisions: Counter[Reason] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    counts: Counter[str] = field(default_factory=Counter)

    def totals(self) -> dict[str, int]:
        """What the control plane is told: decisions by ``outcome/reason``."""
        return {f"{outcome}/{reason}": count for outcome, reason, count in self._outcomes()}

    def _outcomes(self) -> list[tuple[str, str, int]]:
        found = self.decisions.items()
        return sorted(("deny" if reason in DENYING else "allow", reason.value, count) for reason, count in found)

    def text(self, gauges: dict[str, float], days_left: dict[str, float]) -> str:
        """Prometheus' text form. ``days_left`` by the name of the setting."""
        samples = [
            *(_sample("decisions_total", n, outcome=o, reason=r) for o, r, n in self._outcomes()),
            *(_sample("fail_open_total", self.decisions[one], reason=one.value) for one in sorted(FAIL_OPEN)),
            *(_sample("refused_total", count, code=code) for code, count in sorted(self.refused.items())),
            *(_sample(name, self.counts[name]) for name in _COUNTED),
            *(_sample(name, value) for name, value in gauges.items()),
            *(_sample("certificate_days_left", days, name=name) for name, days in days_left.items()),
        ]
        return prometheus.text(_KNOWN, samples)


def _sample(what: str, value: float, **labels: str) -> Sample:
    return Sample(f"countermand_gate_{what}", value, labels)
