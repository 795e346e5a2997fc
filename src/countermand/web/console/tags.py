"""What the console's templates can say beside what every template can: numbers, spans of time, and a word for a value."""

from typing import Any

from django import template

from countermand.lib import words
from countermand.web.console import wording

register = template.Library()


@register.simple_tag(takes_context=True)
def number(context: dict[str, Any], value: object) -> str:
    """A count as people of the page's language write it; what is no number as it is."""
    from babel.numbers import format_decimal

    if not isinstance(value, int):
        return str(value)
    return str(format_decimal(value, locale=context["locale"]))


@register.simple_tag(takes_context=True)
def span(context: dict[str, Any], length: int) -> str:
    return wording.span(context["language"], length)


@register.simple_tag(takes_context=True)
def called(context: dict[str, Any], value: object) -> str:
    """The console's word for a value of a closed list; the value itself if it has none."""
    key = str(getattr(value, "value", value))
    return words.say(context["language"], wording.CALLED.get(key, key))


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
