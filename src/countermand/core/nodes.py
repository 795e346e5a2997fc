"""The bricks of the published JSON Schema: constructors of nodes, and the scalar forms that several keys share."""

from typing import Any

Node = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
VERSION = "countermand/v1"

OWNERSHIPS = ("corporate", "personal", "contractor")
NEVER: Node = {"not": {}}


def ref(name: str, title: str, description: str = "", **more: Any) -> Node:
    described = {"description": description} if description else {}
    return {"$ref": f"#/$defs/{name}", "title": title, **described, **more}


def choice(title: str, description: str, *words: str, default: str | None = None) -> Node:
    node: Node = {"title": title, "description": description, "type": "string", "enum": list(words)}
    return node if default is None else {**node, "default": default}


def many(title: str, description: str, items: Node, least: int = 0, unique: bool = True) -> Node:
    node: Node = {"title": title, "description": description, "type": "array", "items": items, "maxItems": 1000}
    return {**node, **({"uniqueItems": True} if unique else {}), **({"minItems": least} if least else {})}


def an_object(title: str, description: str, properties: dict[str, Node], *required: str, **more: Any) -> Node:
    node: Node = {"title": title, "description": description, "type": "object", "properties": properties}
    return {**node, "required": list(required), "additionalProperties": False, **more}


def _written(description: str, code: str, form: str, *examples: str) -> Node:
    """A scalar with a form of its own: core.forms reads it, under the same name."""
    return {"description": description, "type": "string", "format": form, "examples": list(examples), "x-code": code}


_ONE_LINE = r"^[^\u0000-\u001f\u007f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]*[^\s\u0000-\u001f\u007f\ud800-\udfff]$"
PROSE = r"^[^\u0000-\u0008\u000b-\u001f\u007f\u202a-\u202e\u2066-\u2069\ud800-\udfff]*$"

DEFS: dict[str, Node] = {
    "slug": {
        "description": "lower-case letters, digits and single hyphens, beginning with a letter, at most 64",
        "type": "string",
        "pattern": "^[a-z][a-z0-9]*(-[a-z0-9]+)*$",
        "maxLength": 64,
        "examples": ["no-tiktok-on-mail"],
    },
    "line": {
        "description": "one line of text, in quotation marks if it looks like a number",
        "type": "string",
        "pattern": _ONE_LINE,
        "minLength": 1,
        "maxLength": 200,
    },
    "prose": {"description": "text", "type": "string", "pattern": PROSE, "minLength": 1, "maxLength": 20000},
    "name": {
        "description": "a name, whole and as it is spelled there, in quotation marks if it looks like a number",
        "type": "string",
        "pattern": _ONE_LINE,
        "minLength": 1,
        "maxLength": 200,
    },
    "country": {
        "description": "a country code of two capital letters (ISO 3166-1)",
        "type": "string",
        "pattern": "^[A-Z]{2}$",
        "examples": ["CN"],
    },
    "app_id": {
        "description": "a whole app id, alone or with its platform before it; never a pattern",
        "type": "string",
        "pattern": r"^((ios|android):)?[A-Za-z0-9][A-Za-z0-9._-]{0,254}$",
        "examples": ["com.zhiliaoapp.musically", "ios:com.zhiliaoapp.musically"],
    },
    "duration": _written("A span of time: days, hours or minutes.", "not-a-duration", "duration", "7d", "72h", "15m"),
    "positive_duration": {
        **_written("A span of time longer than nothing.", "not-a-duration", "duration", "7d", "72h", "15m"),
        "not": {"pattern": "^0+[dhm]$"},
    },
    "share": _written("A part of the whole, in percent.", "not-a-share", "share", "1%", "12.5%", "100%"),
    "day": _written("A day, which lasts until its end.", "not-a-day", "day", "2020-07-17"),
    "local_time": _written(
        "A time on the wall clock, without an offset; or a day, which means its end.",
        "not-a-local-time",
        "local_time",
        "2020-07-17T17:00",
        "2020-07-17",
    ),
    "zone": _written("A time zone by its IANA name.", "unknown-zone", "zone", "Europe/Berlin", "UTC"),
    "any_zone": _written(
        "A time zone by its IANA name, or 'recipient': each person's own.",
        "unknown-zone",
        "any_zone",
        "recipient",
        "Europe/Berlin",
    ),
}
