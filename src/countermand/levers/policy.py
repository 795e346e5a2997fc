"""A policy that keeps apps off devices: the approved ids rendered for a system that prevents, checked by its vendor's schema.

Unlike a list it names apps and no devices, so it strikes whoever it is assigned to, told or not: people assign it, after the due.
"""

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from countermand.core.devices import Platform
from countermand.core.handover import Item
from countermand.levers.head import Head


@dataclass(frozen=True, slots=True)
class Change:
    """App ids by platform. ``stand``: all that are forbidden once the change is carried out."""

    added: Collection[Item]
    removed: Collection[Item]
    stand: Collection[Item]

    def standing(self, platform: Platform) -> list[str]:
        return names(self.stand, platform)


@dataclass(frozen=True, slots=True)
class Policy:
    """``effects``: what it does beside what is meant, and whom it does not reach, in sentences."""

    render: Callable[[Head, Change], str]
    effects: tuple[str, ...]


def names(items: Collection[Item], platform: Platform) -> list[str]:
    return sorted({item.value for item in items if item.platform is platform})


def checked(plain: Any, schema: Mapping[str, Any]) -> Any:
    """The same, if the vendor's schema has it. ValueError otherwise: an id that no vendor would take, or a mistake of ours."""
    from jsonschema import Draft202012Validator, ValidationError

    try:
        Draft202012Validator(schema).validate(plain)
    except ValidationError as wrong:
        raise ValueError(f"{'.'.join(map(str, wrong.absolute_path))}: {wrong.message}") from wrong
    return plain


def as_text(plain: Any) -> str:
    return json.dumps(plain, indent=2, ensure_ascii=True) + "\n"


def closed(properties: Mapping[str, Any], *optional: str) -> dict[str, Any]:
    """The schema of an object that has exactly these."""
    required = [name for name in properties if name not in optional]
    return {"type": "object", "additionalProperties": False, "required": required, "properties": dict(properties)}
