"""The form's fields as a page shows them: what each says of a document, and what there is to choose from."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict

from countermand.web.console import form
from countermand.web.console.form import Field

#: So many values of a family are offered; of more, the largest. Others can be typed.
_OFFERED = 24


@dataclass(frozen=True, slots=True)
class Pick:
    """A value that can be ticked. ``devices``: None if nobody has it."""

    value: str
    devices: int | None
    ticked: bool


@dataclass(frozen=True, slots=True)
class Shown:
    """``value``: the whole of it, or for a field with ``picks`` what is not among them."""

    field: Field
    value: str
    wrong: bool
    picks: tuple[Pick, ...] = ()


def shown(plain: Mapping[str, Any], wrong: Collection[str], there: Mapping[str, Mapping[str, int]]) -> list[Shown]:
    """``wrong``: keys of the document in which something is wrong; ``there``: family → value → devices."""
    said = form.values(plain)
    return [_shown(field, said[field.name], field.path[0] in wrong, there) for field in form.FIELDS]


def said(posted: QueryDict) -> dict[str, str]:
    """What the form says. A field that was not sent says nothing."""
    return {
        field.name: ", ".join(str(one).strip() for one in posted.getlist(f"form-{field.name}") if str(one).strip())
        for field in form.FIELDS
        if f"form-{field.name}" in posted
    }


def _shown(field: Field, value: str, wrong: bool, there: Mapping[str, Mapping[str, int]]) -> Shown:
    if not field.family:
        return Shown(field, value, wrong)
    known = {name: count for name, count in there.get(field.family, {}).items() if "," not in name}
    known = {**dict.fromkeys(field.options, 0), **known} if field.options else known
    ticked = [part for part in value.split(", ") if part]
    offered = [*dict.fromkeys([*(one for one in ticked if one in known), *list(known)[:_OFFERED]])]
    picks = tuple(Pick(one, known[one], one in ticked) for one in sorted(offered, key=lambda one: (-known[one], one)))
    return Shown(field, ", ".join(one for one in ticked if one not in known), wrong, picks)
