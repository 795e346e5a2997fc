"""What templates can say: words in the page's language, moments on the reader's clock, addresses of files. No logic of ours
stands in a template, and every value is escaped."""

from typing import Any

from django import template
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe

from countermand.core.instants import Instant
from countermand.lib import figures, moments, words
from countermand.web import static

register = template.Library()


@register.simple_tag(takes_context=True)
def say(context: dict[str, Any], text: str, **values: object) -> SafeString:
    """A text of the catalogue, its values escaped and numbers written as in the page's language."""
    return _escaped(words.say(context["language"], text), values, context["locale"])


@register.simple_tag(takes_context=True)
def several(context: dict[str, Any], one: str, many: str, count: int, **values: object) -> SafeString:
    """The form for ``count`` of something."""
    return _escaped(words.several(context["language"], one, many, count), {"count": count, **values}, context["locale"])


@register.simple_tag(takes_context=True)
def moment(context: dict[str, Any], at: Instant) -> SafeString:
    """An instant on the reader's clock, readable by machines too."""
    shown = moments.moment(at, context["zone"], context["locale"])
    return format_html('<time datetime="{}">{}</time>', _iso(at), shown)


@register.simple_tag(takes_context=True)
def brief(context: dict[str, Any], at: Instant) -> SafeString:
    """The same in short."""
    return format_html('<time datetime="{}">{}</time>', _iso(at), moments.brief(at, context["zone"], context["locale"]))


@register.simple_tag
def asset(name: str) -> str:
    """The address of a static file."""
    return static.address(name)


def _iso(at: Instant) -> str:
    return moments.utc(at).removesuffix(" UTC").replace(" ", "T") + "Z"


def _escaped(text: str, values: dict[str, object], locale: str) -> SafeString:
    """The catalogue's words are text as well: what looks like markup in them is shown."""
    filled = {name: figures.number(value, locale) if isinstance(value, int) else str(value) for name, value in values.items()}
    made = [conditional_escape(filled.get(part, "") if slot else part) for slot, part in words.pieces(text)]
    return mark_safe("".join(made))  # noqa: S308 (every piece was escaped)
