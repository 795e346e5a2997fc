"""Zones, languages and countries as directories write them, more freely than files may: what cannot be understood is not said."""

import re
from collections.abc import Mapping
from functools import cache
from zoneinfo import available_timezones

from countermand.core.languages import LANGUAGES
from countermand.people import csv


def zone(text: str) -> str:
    """The zone, if it is one that IANA knows."""
    return text if text in zones() else ""


@cache
def zones() -> frozenset[str]:
    return frozenset(available_timezones())


def locale(text: str) -> str:
    """The first language of what may be written as a browser writes it: ``de-CH, de;q=0.9``."""
    first = re.split(r"[,;]", text, maxsplit=1)[0].strip()
    return first if csv.LOCALE.fullmatch(first) else ""


def country(text: str) -> str:
    """The two letters of a country, from them or from its name."""
    code = text.upper()
    return code if code in csv.COUNTRIES else _names_of_countries().get(text.casefold(), "")


@cache
def _names_of_countries() -> Mapping[str, str]:
    """What countries are called in the languages that notices speak."""
    from babel import Locale

    found: dict[str, str] = {}
    for language in LANGUAGES:
        names = Locale.parse(language.replace("-", "_")).territories
        found |= {name.casefold(): code for code, name in names.items() if code in csv.COUNTRIES}
    return found
