"""Plain values → Directive, or every problem at once, each with its place and what to write instead.

The form of a document is checked by the published schema (core.grammar) with the jsonschema library; each failure is
translated into a refusal of our own. Then come the few rules between parts that JSON Schema cannot say. A rule
is asked only when the parts it reads are well formed, so one slip is reported once and hides nothing else.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from countermand.core import forms
from countermand.core.directive import Directive
from countermand.core.errors import Refused, RefusedMany, Where, field_of
from countermand.core.grammar import SCHEMA
from countermand.core.reading import build

if TYPE_CHECKING:
    from jsonschema import ValidationError

__all__ = ["SCHEMA", "nowhere", "read"]

Path = tuple[str | int, ...]


def nowhere(path: Path) -> Where:
    """The place of an entry in a document that has no text (it came as JSON): its field alone."""
    return Where(field=field_of(path) or None)


def read(plain: Mapping[str, Any], where: Callable[[Path], Where] = nowhere) -> Directive:
    """The directive that a plain document means, defaults filled in. ``where`` tells the place of a path (lib.yaml.Text).

    Raises RefusedMany with every problem, in the order of the text.
    """
    if not isinstance(plain, Mapping):
        raise RefusedMany([Refused("not-a-mapping", where(()))])
    found = list(_of_form(plain))
    flawed = [path for path, _ in found]
    for parts, rule in _RULES:
        if not any(_overlap(path, part) for path in flawed for part in parts):
            found += rule(plain)
    if found:
        placed = {(path, problem.code, str(problem.params)): _placed(path, problem, where) for path, problem in found}
        raise RefusedMany(sorted(placed.values(), key=_reading_order))
    return build(plain)


def _placed(path: Path, problem: Refused, where: Callable[[Path], Where]) -> Refused:
    return Refused(problem.code, where(path), **problem.params)


def _reading_order(problem: Refused) -> tuple[int, int]:
    place = problem.where or Where()
    return place.line or 0, place.column or 0


def _overlap(one: Path, other: Path) -> bool:
    shorter = min(len(one), len(other))
    return one[:shorter] == other[:shorter]


# -- the form --


def _whole_pattern(validator: Any, pattern: str, value: Any, node: Mapping[str, Any]) -> "Iterator[ValidationError]":
    """JSON Schema's ``$`` is the end of the text; Python's would let a newline follow it."""
    from jsonschema import ValidationError

    if isinstance(value, str) and not re.fullmatch(pattern, value):
        yield ValidationError(f"{value!r} does not match {pattern!r}")


def _any_zone(text: str) -> str:
    return text if text == forms.RECIPIENT else forms.zone(text)


_FORMS: dict[str, Callable[[str], object]] = {
    "duration": forms.duration,
    "share": forms.share,
    "day": forms.day,
    "local_time": forms.local_time,
    "zone": forms.zone,
    "any_zone": _any_zone,
}


@cache
def _validator() -> Any:
    # Loaded here: a halt or a rescission checks no document, and is not to wait for what would.
    from jsonschema import Draft202012Validator, FormatChecker
    from jsonschema.validators import extend

    checker = FormatChecker(formats=())
    for name, parse in _FORMS.items():
        checker.checks(name, raises=ValueError)(
            lambda value, parse=parse: not isinstance(value, str) or bool((parse(value), True))
        )
    whole: Any = extend(Draft202012Validator, {"pattern": _whole_pattern})  # type: ignore[no-untyped-call]
    return whole(SCHEMA, format_checker=checker)


def _of_form(plain: Any) -> Iterator[tuple[Path, Refused]]:
    """Every place where the schema fails, as (path, refusal without a place)."""
    for error in _validator().iter_errors(plain):
        yield from _translated(error)


def _translated(error: Any) -> Iterator[tuple[Path, Refused]]:
    path: Path = tuple(error.absolute_path)
    node = error.schema if isinstance(error.schema, Mapping) else {}
    if "x-code" in node:
        field = (node["x-field"],) if "x-field" in node else ()
        yield (*path, *field), Refused(node["x-code"], **_params(error, node))
    elif error.validator == "additionalProperties":
        known = [key for key, allowed in node["properties"].items() if allowed.get("not") != {}]
        for key in error.instance:
            if key not in node["properties"]:
                yield (*path, key), Refused("unknown-key", key=key, nearest=_near(key, known), known=", ".join(known))
    elif error.validator == "required":
        missing = _missing(error)
        wanted = _described(node.get("properties", {}).get(missing, {}))
        yield (*path, missing), Refused("missing-key", key=missing, wanted=wanted)
    else:
        yield path, Refused(_GENERAL.get(str(error.validator), "wrong-form"), **_params(error, node))


def _missing(error: Any) -> str:
    """Which of several required keys this error is about: the library makes one error per key, and names it in its words."""
    return next(str(key) for key in error.validator_value if error.message.startswith(repr(key)))


_GENERAL = {"enum": "not-one-of", "uniqueItems": "said-twice", "maxLength": "too-long", "maxItems": "too-many"}


def _params(error: "ValidationError", node: Mapping[str, Any]) -> dict[str, Any]:
    allowed = [str(word) for word in node.get("enum", [])]
    value = error.instance
    nearest = forms.nearest_zone(value) if node.get("x-code") == "unknown-zone" and isinstance(value, str) else ""
    return {
        "value": _short(value),
        "wanted": _described(node),
        "allowed": ", ".join(allowed),
        "nearest": nearest or _near(value, allowed),
        "most": node.get("maxLength", node.get("maxItems", "")),
    }


_KINDS = {
    "array": "a list, in brackets or with a hyphen before each item",
    "object": "keys and values",
    "boolean": "true or false",
}


def _described(node: Mapping[str, Any]) -> str:
    """What may stand at a node, in words: what it is, and an example."""
    if "$ref" in node:
        node = SCHEMA["$defs"][node["$ref"].rpartition("/")[2]]
    if "enum" in node:
        return "one of " + ", ".join(node["enum"])
    said = _KINDS.get(str(node.get("type")), str(node.get("description", "text")).rstrip("."))
    return said + (f", for example {node['examples'][0]}" if "examples" in node else "")


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else text[:57] + "..."


def _near(value: Any, known: Sequence[str]) -> str:
    return (forms.nearest(value, known) if isinstance(value, str) else "") or "nothing is near"


# -- rules between parts --


def _rings_grow(plain: Mapping[str, Any]) -> Iterator[tuple[Path, Refused]]:
    rings = plain.get("rollout", {}).get("rings", [])
    shares = [forms.share(ring["share"]) for ring in rings]
    for index, (before, share) in enumerate(pairwise(shares), start=1):
        if share <= before:
            path = ("rollout", "rings", index, "share")
            yield path, Refused("rings-not-growing", value=rings[index]["share"], before=rings[index - 1]["share"])
    if shares and shares[-1] != 1:
        yield ("rollout", "rings", len(rings) - 1, "share"), Refused("rings-not-complete", value=rings[-1]["share"])


def _sunset_after_due(plain: Mapping[str, Any]) -> Iterator[tuple[Path, Refused]]:
    at, sunset = plain.get("due", {}).get("at"), plain.get("sunset")
    if at and sunset and forms.local_time(sunset) <= forms.local_time(at):
        yield ("sunset",), Refused("sunset-before-due", sunset=sunset, due=at)


def _exemptions_have_grounds(plain: Mapping[str, Any]) -> Iterator[tuple[Path, Refused]]:
    exemptions = plain.get("exemptions", {})
    if exemptions.get("max_duration") and not exemptions.get("grounds"):
        yield ("exemptions", "grounds"), Refused("exemptions-without-grounds")


_Rule = Callable[[Mapping[str, Any]], Iterator[tuple[Path, Refused]]]

#: (the parts a rule reads, the rule)
_RULES: tuple[tuple[tuple[Path, ...], _Rule], ...] = (
    ((("rollout",),), _rings_grow),
    ((("due",), ("sunset",)), _sunset_after_due),
    ((("exemptions",),), _exemptions_have_grounds),
)
