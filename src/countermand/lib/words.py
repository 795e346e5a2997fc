"""What people read, in their language: the catalogues of translations (gettext), and their plural rules.

A text's English is its key. Placeholders are names in braces; a value that is not given stays as its name, for a later hand.
"""

import gettext
import io
import re
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from countermand.core.languages import LANGUAGES, SOURCE

_CATALOGUES = Path(__file__).parent / "catalogues"
_RIGHT_TO_LEFT = frozenset({"ar"})
_SLOT = re.compile(r"\{([a-z_]+)\}")


def word(text: str) -> str:
    """The text itself. Marks one that stands in a table, so that it is found and translated."""
    return text


def say(language: str, text: str, **values: object) -> str:
    """The text in a language, filled in; in English where nobody has translated it."""
    return _filled(_catalogue(language).gettext(text) if text else "", values)


def several(language: str, one: str, many: str, count: int, **values: object) -> str:
    """The form that the language has for ``count`` of something; ``{count}`` is filled in."""
    return _filled(_catalogue(language).ngettext(one, many, count), {"count": count, **values})


def known(language: str, text: str) -> bool:
    """Whether somebody has translated the text."""
    return language == SOURCE or text in _catalogue(language)._catalog  # type: ignore[attr-defined]


def pieces(text: str) -> list[tuple[bool, str]]:
    """A text cut at its placeholders: (is a placeholder, text or the placeholder's name)."""
    return [(index % 2 == 1, piece) for index, piece in enumerate(_SLOT.split(text)) if piece]


def right_to_left(language: str) -> bool:
    return language in _RIGHT_TO_LEFT


def listed(language: str, items: Sequence[str]) -> str:
    """ "a, b and c", as the language joins them."""
    from babel.lists import format_list  # Babel is a large library, and most commands speak English alone

    return str(format_list(list(items), style="standard", locale=language.replace("-", "_"))) if items else ""


def _filled(text: str, values: dict[str, object]) -> str:
    if not values:
        return text
    return _SLOT.sub(lambda found: str(values[found[1]]) if found[1] in values else found[0], text)


@lru_cache(maxsize=32)
def _catalogue(language: str) -> gettext.NullTranslations:
    """A language's translations, compiled when they are first needed."""
    path = _CATALOGUES / f"{language}.po"
    if language == SOURCE or language not in LANGUAGES:
        return gettext.NullTranslations()
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    with path.open("rb") as file:
        catalogue = read_po(file, locale=language.replace("-", "_"))
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)
