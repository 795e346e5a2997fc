"""What the console's templates can say beside what every template can: numbers, spans of time, and a word for a value."""

from typing import Any

from django import template

from countermand.lib import figures, words
from countermand.web.console import wording

register = template.Library()


@register.simple_tag(takes_context=True)
def number(context: dict[str, Any], value: object) -> str:
    """A count as people of the page's language write it; what is no number as it is."""
    return figures.number(value, context["locale"]) if isinstance(value, int) else str(value)


@register.simple_tag(takes_context=True)
def span(context: dict[str, Any], length: int) -> str:
    return wording.span(context["language"], length)


@register.simple_tag(takes_context=True)
def called(context: dict[str, Any], value: object) -> str:
    """The console's word for a value of a closed list; the value itself if it has none."""
    key = str(getattr(value, "value", value))
    return words.say(context["language"], wording.CALLED.get(key, key))


@register.simple_tag(takes_context=True)
def country(context: dict[str, Any], code: str) -> str:
    """What a country is called in the page's language; the code itself if it is none."""
    return figures.country(code, context["locale"])


@register.simple_tag(takes_context=True)
def notice(context: dict[str, Any], kind: str) -> str:
    """The console's word for a kind of notice."""
    return words.say(context["language"], wording.NOTICES.get(kind, kind))


@register.filter
def of(values: Any, key: str) -> object:
    """What stands under a key that is no attribute's name."""
    return values.get(key, "")


@register.filter
def count_of(values: Any, key: str) -> int:
    """The count under a key; none is 0."""
    return int(values.get(key, 0))


@register.simple_tag
def percent(share: float) -> str:
    return f"{share:.0%}" if share >= 0.01 else f"{share:.1%}"
