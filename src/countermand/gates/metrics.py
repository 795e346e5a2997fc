"""What a gate counts, as Prometheus text. Every way of letting mail through without a verdict is counted by name."""

from collections import Counter
from dataclasses import dataclass, field

from countermand.core.decision import Decision, Reason

#: Allowed because the gate could not or may not judge, not because nothing denies.
FAIL_OPEN = frozenset({Reason.STOPPED, Reason.NOTHING_HEARD})

_HELP = {
    "decisions_total": "counter Decisions by outcome and reason.",
    "fail_open_total": "counter Requests allowed because the gate was stopped or has heard nothing yet.",
    "denied_pages_total": "counter Denials shown to a login that had proved its password.",
    "records_total": "counter Feed records taken.",
    "refused_total": "counter Feed lines and snapshots refused, by code.",
    "connects_total": "counter Connections made to the control plane.",
    "sightings_total": "counter Unknown devices of proven logins, each time one is proven.",
    "record": "gauge Number of the last feed record held.",
    "epoch": "gauge Epoch of the feed.",
    "heartbeat_age_seconds": "gauge Seconds since the control plane's time that was last heard.",
    "stopped": "gauge 1 while a stop file or signal lets everything through.",
    "ready": "gauge 1 once there is a snapshot to answer from.",
    "stale_lineages": "gauge Live lineages past their max_staleness.",
}


@dataclass(slots=True)
class Metrics:
    """Counters by (name, labels) and the gauges that are read when somebody asks."""

    decisions: Counter[tuple[str, str]] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    counts: Counter[str] = field(default_factory=Counter)

    def decided(self, decision: Decision) -> None:
        self.decisions["allow" if decision.allow else "deny", decision.reason.value] += 1

    def totals(self) -> dict[str, int]:
        """What the control plane is told: decisions by ``outcome/reason``."""
        return {f"{outcome}/{reason}": count for (outcome, reason), count in sorted(self.decisions.items())}

    def text(self, gauges: dict[str, float]) -> str:
        """Prometheus' text form."""
        lines: dict[str, list[str]] = {name: [] for name in _HELP}
        for (outcome, reason), count in sorted(self.decisions.items()):
            lines["decisions_total"].append(f'{{outcome="{outcome}",reason="{reason}"}} {count}')
        for reason in sorted(FAIL_OPEN):
            lines["fail_open_total"].append(f'{{reason="{reason}"}} {self.decisions["allow", reason.value]}')
        lines["refused_total"] = [f'{{code="{code}"}} {count}' for code, count in sorted(self.refused.items())]
        for name in ("denied_pages_total", "records_total", "connects_total", "sightings_total"):
            lines[name].append(f" {self.counts[name]}")
        for name, value in gauges.items():
            lines[name].append(f" {value:g}" if value != int(value) else f" {int(value)}")
        return "".join(_section(name, found) for name, found in lines.items() if found)


def _section(name: str, found: list[str]) -> str:
    kind, _, words = _HELP[name].partition(" ")
    head = f"# HELP countermand_gate_{name} {words}\n# TYPE countermand_gate_{name} {kind}\n"
    return head + "".join(f"countermand_gate_{name}{line}\n" for line in found)
