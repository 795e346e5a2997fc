"""People as values: who is in the directory, and how a login is spelled."""

from collections.abc import Sequence
from dataclasses import dataclass
from unicodedata import normalize


@dataclass(frozen=True, slots=True)
class Person:
    """One employee. ``login`` is normalised (see ``normal_login``); ``zone`` an IANA name or ''; ``country`` ISO 3166-1
    alpha-2 or ''; ``groups`` the groups named directly, not through nesting; ``manager`` the login of theirs, or ''."""

    login: str
    email: str
    name: str
    zone: str = ""
    locale: str = ""
    country: str = ""
    employment: str = "employee"
    groups: frozenset[str] = frozenset()
    manager: str = ""


def normal_login(text: str) -> str:
    r"""The one spelling of a login: ``DOMAIN\user`` loses its domain, surrounding space goes, case is folded, and a letter with
    its accent is one character (NFC), however a keyboard wrote it.

    A UPN keeps its domain: ``Alice@Example.org`` and ``alice`` are two logins until a directory says otherwise.
    """
    name = text.strip()
    if "\\" in name:
        name = name.rpartition("\\")[2]
    return name.lower() if name.isascii() else normalize("NFC", normalize("NFC", name).casefold())


def normal_logins(cells: Sequence[str]) -> Sequence[str]:
    """The same of many at once, each without space around it and without a line feed: most need nothing but small letters."""
    together = "\n".join(cells)
    if not cells or not together.isascii() or "\\" in together:
        return [normal_login(one) for one in cells]
    return together.lower().split("\n")
