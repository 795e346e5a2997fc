"""Numbers and countries as people of a language write them. ``locale``: Babel's, as lib.moments finds it."""

from functools import lru_cache


@lru_cache(maxsize=4096)
def number(value: int, locale: str) -> str:
    """ "1,204", "1.204", "१,२०४"."""
    from babel.numbers import format_decimal

    return str(format_decimal(value, locale=locale))


@lru_cache(maxsize=4096)
def country(code: str, locale: str) -> str:
    """ "Brazil" for "BR" (ISO 3166-1); the code itself if it is no country's."""
    from babel import Locale

    return str(Locale.parse(locale).territories.get(code, code))
