"""The form beside the text: the fields that most orders have, read from a document and put into one. Whatever the form does not
know stays as it is in the text."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from countermand.lib.words import word


@dataclass(frozen=True, slots=True)
class Field:
    """``path`` into the document; ``kind``: text, list, or a choice of ``options``; ``family``: of facts, whose values can be
    ticked."""

    name: str
    label: str
    path: tuple[str, ...]
    kind: str = "text"
    options: tuple[str, ...] = ()
    hint: str = ""
    family: str = ""


_FORCES = ("mandatory", "recommendation", "out_of_scope")
_FORCE = ("applies_to", "force")

FIELDS: tuple[Field, ...] = (
    Field("id", word("Id"), ("id",), hint="no-tiktok-on-mail"),
    Field("title", word("Title"), ("title",)),
    Field("issuer", word("Issuer"), ("issuer",)),
    Field("reason", word("Reason"), ("reason",)),
    Field("products", word("Products to remove"), ("prohibits",), "products", hint="TikTok, WeChat"),
    Field("groups", word("Groups that it speaks to"), ("applies_to", "people", "groups"), "list", family="group"),
    Field("except_groups", word("Groups that it leaves out"), ("applies_to", "people", "except_groups"), "list", family="group"),
    Field(
        "countries", word("Countries; none: all"), ("applies_to", "people", "countries"), "list", hint="DE, FR", family="country"
    ),
    Field("platforms", word("Platforms"), ("applies_to", "devices", "platforms"), "list", ("ios", "android"), family="platform"),
    Field("corporate", word("Devices of the company's"), (*_FORCE, "corporate"), "choice", _FORCES),
    Field("personal", word("People's own devices"), (*_FORCE, "personal"), "choice", _FORCES),
    Field("contractor", word("Contractors' devices"), (*_FORCE, "contractor"), "choice", _FORCES),
    Field("due", word("Due, by each person's clock"), ("due", "at"), hint="2020-07-17T17:00"),
    Field("minimum_notice", word("Minimum notice"), ("minimum_notice",), hint="72h"),
    Field("consequence", word("Consequence"), ("consequence",), "choice", ("deny_mail", "hand_over", "report_only")),
    Field("audience", word("Who is told"), ("audience",), "choice", ("in_scope", "affected")),
    Field("sunset", word("Ends by itself after"), ("sunset",), hint="2021-01-17"),
)


def values(plain: Mapping[str, Any]) -> dict[str, str]:
    """What the form shows of a document."""
    return {field.name: _shown(field, _at(plain, field.path)) for field in FIELDS}


def put(plain: Mapping[str, Any], said: Mapping[str, str]) -> dict[str, Any]:
    """The document with what the form says, where it says something else than the document."""
    made: dict[str, Any] = _copied(plain)
    before = values(plain)
    for field in FIELDS:
        text = said.get(field.name, "").strip()
        if field.name in said and text != before[field.name]:
            _set(made, field.path, _meant(field, text, _at(plain, field.path)))
    if isinstance(force := _at(made, _FORCE), dict):  # all three must be said
        made["applies_to"]["force"] = {one: force.get(one, "mandatory") for one in ("corporate", "personal", "contractor")}
    if said.get("due", before["due"]).strip() != before["due"] and isinstance(made.get("due"), dict):
        made["due"].pop("after", None)
        made["due"].setdefault("zone", "recipient")
        made["due"].setdefault("fallback_zone", "UTC")
    return made


def _shown(field: Field, value: Any) -> str:
    if field.kind == "products" and isinstance(value, list):
        return ", ".join(str(one["product"]) for one in value if isinstance(one, dict) and set(one) == {"product"})
    if isinstance(value, list):
        return ", ".join(str(one) for one in value)
    return "" if value is None or isinstance(value, dict) else str(value)


def _meant(field: Field, text: str, before: Any) -> Any:
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if field.kind == "products":
        rest = (
            [one for one in before if not (isinstance(one, dict) and set(one) == {"product"})] if isinstance(before, list) else []
        )
        return [*({"product": part} for part in parts), *rest]
    return parts if field.kind == "list" else text


def _at(plain: Any, path: tuple[str, ...]) -> Any:
    for step in path:
        plain = plain.get(step) if isinstance(plain, Mapping) else None
    return plain


def _set(made: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    for step in path[:-1]:
        if not isinstance(made.get(step), dict):
            made[step] = {}
        made = made[step]
    if value in ("", []):
        made.pop(path[-1], None)
    else:
        made[path[-1]] = value


def _copied(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _copied(one) for key, one in value.items()}
    return [_copied(one) for one in value] if isinstance(value, list) else value
