"""What people are told, before anybody approves it: templates filled with the directive's words, in every language.

Placeholders come from two fixed lists and nothing else is filled. What remains after ``rendered_texts`` are the personal
ones. A directive may have words of its own for a kind: one text for everybody, or one per language.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from functools import reduce

from countermand.core.devices import Platform
from countermand.core.directive import Directive, Force, Selector
from countermand.core.errors import Refused, Where
from countermand.core.languages import LANGUAGES, SOURCE
from countermand.core.notices import Kind
from countermand.lib import words
from countermand.notices import templates
from countermand.notices.templates import GENERAL, PERSONAL, SUBJECT, TEMPLATES

_LONGEST = 20_000
_DEFAULT = "default"
_SLOT = re.compile(r"\{([a-z_]+)\}")
_LINK = re.compile(r"https?:|www\.|mailto:", re.IGNORECASE)


def rendered_texts(directive: Directive, page: str = "", languages: tuple[str, ...] = LANGUAGES) -> Mapping[str, str]:
    """The texts that approvers sign, by ``name_of``: first line ``Subject: …``, one paragraph a line or more, with only
    personal placeholders left. English is always among them.

    ``page``: the address of the page that people know, the only one that a text may show. Refused ``notice-placeholder``
    for a placeholder that is not on the lists, ``notice-link`` for anything else that mail programs show as a link,
    ``notice-too-long``.
    """
    found: dict[str, str] = {}
    for language in (SOURCE, *(one for one in languages if one != SOURCE)):
        values = _values(directive, language, page)
        for kind in Kind:
            own = _own(directive, kind, language)
            if own is not None or language == SOURCE or not _for_everybody(directive, kind):
                found[name_of(kind, language)] = _rendered(kind, directive, own, language, values)
    return found


def name_of(kind: Kind, language: str) -> str:
    """What a bundle calls the text: "issued" for English and whoever has no other, "issued@de" for German."""
    return kind.value if language == SOURCE else f"{kind.value}@{language}"


def text_of(texts: Mapping[str, str], kind: Kind, language: str) -> tuple[str, str] | None:
    """(text, its language) for a reader of ``language``; None if the bundle has no text of the kind. Bundles of earlier
    versions of the program have English alone, and not every kind."""
    if (found := texts.get(name_of(kind, language))) is not None:
        return found, language
    return None if kind.value not in texts else (texts[kind.value], SOURCE)


def missing(directive: Directive, languages: tuple[str, ...] = LANGUAGES) -> dict[str, tuple[str, ...]]:
    """Kind → the languages for which the directive's own words are missing, where it has some for others."""
    found = {}
    for kind in Kind:
        own = directive.notices.get(kind.value, _DEFAULT)
        if not isinstance(own, str) and (without := tuple(one for one in languages if one not in own)):
            found[kind.value] = without
    return found


def clean(value: str, longest: int) -> str:
    """A value as it may stand in a notice: one line, no control or bidirectional characters, no braces, not too long."""
    if value.isascii() and value.isprintable() and "{" not in value and "}" not in value:
        line = " ".join(value.split())  # nothing in it to look at one by one
        return line if len(line) <= longest else line[: longest - 1] + "…"
    kept = []
    for character in unicodedata.normalize("NFC", value):
        category = unicodedata.category(character)
        if category in ("Cc", "Zl", "Zp"):
            kept.append(" ")
        elif category not in ("Cf", "Cs", "Co", "Cn"):
            kept.append({"{": "(", "}": ")"}.get(character, character))
    line = " ".join("".join(kept).split())
    return line if len(line) <= longest else line[: longest - 1] + "…"


def names_of(selectors: tuple[Selector, ...], language: str = SOURCE) -> str:
    """The prohibited apps in words, as the directive's selectors name them."""
    found = [_named(selector, language) for selector in selectors]
    if language == SOURCE:
        return found[0] if len(found) == 1 else ", ".join(found[:-1]) + " and " + found[-1]
    return words.listed(language, found)


def _named(selector: Selector, language: str) -> str:
    parts = [
        (selector.product, ""),
        (selector.app, templates.APP),
        (selector.publisher, templates.PUBLISHER),
        (selector.owner, templates.OWNER),
        (selector.category, templates.CATEGORY),
        (selector.owner_country, templates.OWNER_COUNTRY),
        (selector.list, templates.LIST),
    ]
    named = [words.say(language, form, name=clean(value, 100)) if form else clean(value, 100) for value, form in parts if value]
    found = reduce(lambda these, those: words.say(language, templates.ALSO, these=these, those=those), named)
    if not selector.except_:
        return found
    return words.say(language, templates.BUT_NOT, these=found, those=names_of(selector.except_, language))


def _values(directive: Directive, language: str, page: str) -> dict[str, str]:
    advice = Force.MANDATORY not in set(directive.applies_to.force.values())
    platforms = [templates.REMOVAL[one] for one in Platform if one in directive.applies_to.platforms]
    consequence = templates.ADVICE if advice else templates.CONSEQUENCES[directive.consequence]
    apps = names_of(directive.prohibits, language) if directive.prohibits else words.say(language, templates.WHATEVER)
    return {
        "title": clean(directive.title, 150),
        "issuer": clean(directive.issuer, 100),
        "reason": clean(directive.reason, 2000),
        "apps": clean(apps, 1000),
        "how_to_remove": "\n".join(words.say(language, one) for one in platforms),
        "consequence": words.say(language, consequence),
        "page": page,
    }


def _for_everybody(directive: Directive, kind: Kind) -> bool:
    """True if the directive's own words of this kind are one text, which then is everybody's."""
    own = directive.notices.get(kind.value, _DEFAULT)
    return isinstance(own, str) and own != _DEFAULT


def _own(directive: Directive, kind: Kind, language: str) -> str | None:
    """The directive's own words for readers of the language; None where they get ours."""
    own = directive.notices.get(kind.value, _DEFAULT)
    if isinstance(own, str):
        return own if own != _DEFAULT and language == SOURCE else None
    return own.get(language)


def _rendered(kind: Kind, directive: Directive, own: str | None, language: str, values: Mapping[str, str]) -> str:
    subject, *body = [words.say(language, part) for part in TEMPLATES[kind]]
    if own is not None:
        body = [part for part in re.split(r"\n\s*\n", own.strip()) if part]
        if body[0].startswith(SUBJECT.strip()):
            subject, _, rest = body[0].removeprefix(SUBJECT.strip()).partition("\n")
            body[:1] = [rest] if rest else []
    where = Where(field=f"notices.{kind}")
    parts = [part for part in body if directive.due is not None or "{due_" not in part]
    filled = [_subject(_filled(subject, values, where)), *(_filled(part, values, where) for part in parts)]
    text = "\n\n".join(filled) + "\n"
    _check(kind, text, values["page"], where)
    return text


def _check(kind: Kind, text: str, page: str, where: Where) -> None:
    if _LINK.search(text.replace(page, "") if page else text):
        raise Refused("notice-link", where, kind=kind.value)
    if len(text) > _LONGEST:
        raise Refused("notice-too-long", where, kind=kind.value, longest=_LONGEST)


def _subject(line: str) -> str:
    """The first line with everything personal refused: a subject is the same for everyone."""
    if _SLOT.search(line):
        raise Refused("notice-placeholder", placeholder=line, known="none of the personal ones in a subject")
    return SUBJECT + clean(line, 200)


def _filled(template: str, values: Mapping[str, str], where: Where) -> str:
    known = PERSONAL | GENERAL
    for name in _SLOT.findall(template):
        if name not in known:
            raise Refused("notice-placeholder", where, placeholder=name, known=", ".join(sorted(known)))
    if re.search(r"[{}]", _SLOT.sub("", template)):
        raise Refused("notice-placeholder", where, placeholder="{", known=", ".join(sorted(known)))
    lines = _SLOT.sub(lambda found: values.get(found[1], found[0]), template).split("\n")
    return "\n".join("".join(_clean_pieces(line)) for line in lines)


def _clean_pieces(line: str) -> Iterator[str]:
    """One line of a template: its placeholders stay."""
    for piece in re.split(r"(\{[a-z_]+\})", line):
        yield piece if _SLOT.fullmatch(piece) else _printable(piece)


def _printable(piece: str) -> str:
    piece = unicodedata.normalize("NFC", piece)
    if piece.isprintable():
        return piece  # nothing in it to look at one by one
    return "".join(
        " " if unicodedata.category(c) in ("Cc", "Zl", "Zp") else c
        for c in piece
        if unicodedata.category(c) not in ("Cf", "Cs", "Co", "Cn")
    )
