"""The bundle: exactly what approvers sign. Whatever an approver relies on is inside, so that nothing can change after.

It names the installation, the lineage's version and the purpose, so that a signature given in a drill, for another
version, or for an issue, is worth nothing elsewhere.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Self

from countermand.core.apps import App
from countermand.core.canonical import canonical, digest
from countermand.core.devices import Platform
from countermand.core.guardrails import Rails, bounds
from countermand.core.instants import Instant

FORM = "countermand/bundle/v1"


class Purpose(StrEnum):
    ISSUE = "issue"
    RESUME = "resume"


@dataclass(frozen=True, slots=True)
class Ceiling:
    """Who is told, and how many at most. ``rule``: the document's audience; ``expected``: the number of people from another
    source, None until somebody gave it; ``peak``: most devices denied in any one hour, as shown to the approvers."""

    rule: str
    expected: int | None
    tolerance: float
    peak: int

    @property
    def most(self) -> int | None:
        """The people beyond whom growth waits for a person."""
        return None if self.expected is None else bounds(self.expected, self.tolerance)[1]


@dataclass(frozen=True, slots=True)
class Bundle:
    """``apps``: the expanded ids, frozen; ``unseen``: selected products that no report can show; ``texts``: the rendered
    notices by name; ``cautions``: codes of the warnings shown; ``halted_at``: which halt a resumption ends."""

    origin: str
    drill: bool
    purpose: Purpose
    version: int
    document: Mapping[str, Any]
    apps: frozenset[App]
    unseen: frozenset[tuple[str, Platform]]
    texts: Mapping[str, str]
    audience: Ceiling
    rails: Rails
    cautions: tuple[str, ...] = ()
    halted_at: Instant | None = None

    @property
    def plain(self) -> dict[str, Any]:
        """The bundle as JSON values; every set is sorted, so that one bundle has one text."""
        return {
            "form": FORM,
            "origin": self.origin,
            "drill": self.drill,
            "purpose": str(self.purpose),
            "version": self.version,
            "document": dict(self.document),
            "apps": sorted(str(app) for app in self.apps),
            "unseen": sorted([product, str(platform)] for product, platform in self.unseen),
            "texts": dict(self.texts),
            "audience": {**asdict(self.audience), "most": self.audience.most},
            "rails": asdict(self.rails),
            "cautions": [str(code) for code in self.cautions],
            "halted_at": self.halted_at,
        }

    @property
    def text(self) -> str:
        """The canonical JSON: what is stored, shown and signed."""
        return canonical(self.plain).decode()

    @property
    def digest(self) -> str:
        """Hex SHA-256 of ``text``."""
        return digest(self.plain)

    @classmethod
    def opened(cls, text: str) -> Self:
        """The bundle that was stored as ``text``. KeyError or ValueError if it is none: only our own texts are read."""
        plain = json.loads(text)
        if plain["form"] != FORM:
            raise ValueError(plain["form"])
        apps = (entry.partition(":") for entry in plain["apps"])
        audience = {key: value for key, value in plain["audience"].items() if key != "most"}
        return cls(
            origin=plain["origin"],
            drill=plain["drill"],
            purpose=Purpose(plain["purpose"]),
            version=plain["version"],
            document=plain["document"],
            apps=frozenset(App(Platform(platform), app_id) for platform, _, app_id in apps),
            unseen=frozenset((product, Platform(platform)) for product, platform in plain["unseen"]),
            texts=plain["texts"],
            audience=Ceiling(**audience),
            rails=Rails(**plain["rails"]),
            cautions=tuple(plain["cautions"]),
            halted_at=plain["halted_at"],
        )
