"""The languages that people are spoken to in, and which of them is nearest to what somebody wishes."""

import re
from collections.abc import Iterable
from functools import lru_cache

#: The languages that everything is written in; the first is the one that texts are keyed by.
LANGUAGES = ("en", "es", "fr", "de", "pt-BR", "ja", "zh-Hans", "hi", "ar")
SOURCE = LANGUAGES[0]
#: Each language by its own name, for whoever looks for it in a page that they cannot read.
NAMES = {
    "en": "English",
    "es": "Español",
    "fr": "Français",
    "de": "Deutsch",
    "pt-BR": "Português (Brasil)",
    "ja": "日本語",
    "zh-Hans": "简体中文",
    "hi": "हिन्दी",
    "ar": "العربية",
}
#: Chinese is two written languages; what is written in the other one is not read by everybody.
_TRADITIONAL = re.compile(r"zh-(hant|tw|hk|mo)\b")


@lru_cache(maxsize=4096)
def spoken(wanted: str, offered: tuple[str, ...] = LANGUAGES) -> str:
    """The offered language nearest to a tag ("de_AT", "pt", "zh-CN"): itself, what is above it, one with the same first
    part; '' if none is near. "en" is found where it is offered."""
    tag = wanted.strip().replace("_", "-").split(".")[0].lower()
    known = {language.lower(): language for language in offered}
    if _TRADITIONAL.match(tag):
        return ""
    parts = tag.split("-")
    for length in range(len(parts), 0, -1):
        if found := known.get("-".join(parts[:length])):
            return found
    return next((language for key, language in known.items() if key.split("-")[0] == parts[0] != ""), "")


def chosen(wanted: Iterable[str], otherwise: str = SOURCE, offered: tuple[str, ...] = LANGUAGES) -> str:
    """The first of the wanted tags that is near an offered language, else ``otherwise``: the fall-back chain."""
    return next((found for tag in wanted if (found := spoken(tag, offered))), otherwise)


def accepted(header: str) -> list[str]:
    """The tags of an Accept-Language header (RFC 9110, 12.5.4), the most wanted first."""
    weighed: list[tuple[float, int, str]] = []
    for part in header[:500].split(","):
        tag, _, more = part.partition(";")
        weight = more.strip().removeprefix("q=")
        try:
            weighed.append((-(float(weight) if weight else 1.0), len(weighed), tag.strip()))
        except ValueError:
            continue
    return [tag for _, _, tag in sorted(weighed) if tag and tag != "*"]
