"""Prometheus' text form, and nothing else of it: what the control plane, the worker and the gates answer at /metrics."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
COUNTER, GAUGE = "counter", "gauge"


@dataclass(frozen=True, slots=True)
class Sample:
    """One number. ``labels`` never name a person or device."""

    name: str
    value: float
    labels: Mapping[str, str] = field(default_factory=dict)


def text(known: Mapping[str, tuple[str, str]], samples: Iterable[Sample]) -> str:
    """The samples under their heads, in the order of ``known``: name → (kind, what it means). A name that is not there is a
    programming error (KeyError)."""
    lines: dict[str, list[str]] = {name: [] for name in known}
    for sample in samples:
        lines[sample.name].append(f"{sample.name}{_labels(sample.labels)} {_number(sample.value)}\n")
    return "".join(
        f"# HELP {name} {words}\n# TYPE {name} {kind}\n{''.join(lines[name])}"
        for name, (kind, words) in known.items()
        if lines[name]
    )


def _labels(labels: Mapping[str, str]) -> str:
    if not labels:
        return ""
    pairs = ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items())
    return f"{{{pairs}}}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else f"{value:.6g}"
