"""What people are told: a template per kind, filled with the directive's words before anybody approves it.

Templates have no logic: placeholders from two fixed lists and nothing else. What remains after ``rendered_texts`` are the
few personal ones. There is no link and no attachment in any of them, so a copy of our notice with a link is a fraud.
"""

import re
import textwrap
import unicodedata
from collections.abc import Mapping

from countermand.core.devices import Platform
from countermand.core.directive import Consequence, Directive, Force, Selector
from countermand.core.errors import Refused, Where
from countermand.core.notices import Kind

#: Filled per person, when a notice is claimed.
PERSONAL = frozenset({"name", "devices", "due_local", "due_utc", "code", "ground"})
#: Filled per directive, before approval.
GENERAL = frozenset({"title", "issuer", "reason", "apps", "how_to_remove", "consequence"})

WIDTH = 72
_LONGEST = 20_000
_DEFAULT = "default"
_SLOT = re.compile(r"\{([a-z_]+)\}")
_LINK = re.compile(r"https?:|www\.|mailto:", re.IGNORECASE)

_CHECK = (
    "This message has no link and no attachment, and nobody will ask you for a password. To see that it is genuine, "
    "open the intranet page that you know by yourself and look up this code there: {code}"
)
_ASK = "Questions: {issuer}, or your help desk, at the address you know."
_DEVICES = "The phones and tablets in your name:\n{devices}"

_TEMPLATES: Mapping[Kind, tuple[str, ...]] = {
    Kind.ISSUED: (
        "Subject: {title}",
        "Hello {name},",
        "{issuer} asks you to remove {apps} from every phone and tablet with which you read company mail.",
        "Why: {reason}",
        "By when: {due_local}\nIn UTC: {due_utc}",
        "{consequence}",
        _DEVICES,
        "{how_to_remove}",
        _ASK,
        _CHECK,
    ),
    Kind.SUPERSEDED: (
        "Subject: Changed: {title}",
        "Hello {name},",
        "What we asked of you before has changed. What counts now: {issuer} asks you to remove {apps} from every phone and "
        "tablet with which you read company mail.",
        "Why: {reason}",
        "By when: {due_local}\nIn UTC: {due_utc}",
        "{consequence}",
        _DEVICES,
        "{how_to_remove}",
        _ASK,
        _CHECK,
    ),
    Kind.REMINDER: (
        "Subject: Reminder: {title}",
        "Hello {name},",
        "As far as we know, {apps} can still be found on a device in your name.",
        "By when it has to be gone: {due_local}\nIn UTC: {due_utc}",
        "{consequence}",
        _DEVICES,
        "{how_to_remove}",
        _ASK,
        _CHECK,
    ),
    Kind.DENIED: (
        "Subject: Mail is blocked on a device: {title}",
        "Hello {name},",
        "Company mail is now blocked on a device in your name, because as far as we know {apps} can still be found on it. "
        "Mail on your other devices is not affected.",
        _DEVICES,
        "To have mail back, remove it; mail works again as soon as that has been seen.",
        "{how_to_remove}",
        _ASK,
        _CHECK,
    ),
    Kind.RESTORED: (
        "Subject: Mail works again: {title}",
        "Hello {name},",
        "Company mail works again on your device. You need not do anything more.",
        _ASK,
        _CHECK,
    ),
    Kind.RESCINDED: (
        "Subject: Correction: {title}",
        "Hello {name},",
        "Our message about {apps} no longer applies. {ground}",
        "You need not remove anything. No device is blocked from mail because of it; where one was, mail works again.",
        "We are sorry for the trouble.",
        _ASK,
        _CHECK,
    ),
    Kind.HALTED: (
        "Subject: On hold: {title}",
        "Hello {name},",
        "What we asked of you about {apps} is on hold. Until you hear from us again, nothing is due and no device is blocked "
        "from mail because of it.",
        _ASK,
        _CHECK,
    ),
    Kind.RESUMED: (
        "Subject: Due again: {title}",
        "Hello {name},",
        "What we asked of you about {apps} was on hold and is due again.",
        "By when: {due_local}\nIn UTC: {due_utc}",
        "{consequence}",
        _DEVICES,
        "{how_to_remove}",
        _ASK,
        _CHECK,
    ),
}

_CONSEQUENCES: Mapping[Consequence, str] = {
    Consequence.DENY_MAIL: "After that, company mail is blocked on each device on which it is still found, and on no other.",
    Consequence.HAND_OVER: "After that, the devices on which it is still found are reported to those who enforce this.",
    Consequence.REPORT_ONLY: "Nothing is blocked; who has complied is counted.",
}
_REMOVAL: Mapping[Platform, str] = {
    Platform.IOS: "On an iPhone or iPad: touch and hold the app, choose Remove App, then Delete App.",
    Platform.ANDROID: "On Android: open Settings, then Apps, choose the app, then Uninstall.",
}


def rendered_texts(directive: Directive) -> Mapping[str, str]:
    """The texts that approvers sign: kind → text, its first line ``Subject: …``, with only personal placeholders left.

    Refused ``notice-placeholder`` for a placeholder that is not on the lists, ``notice-link`` for anything that mail
    programs show as a link, ``notice-too-long``.
    """
    values = _values(directive)
    return {kind.value: _rendered(kind, directive, values) for kind in Kind}


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


def names_of(selectors: tuple[Selector, ...]) -> str:
    """The prohibited apps in words, as the directive's selectors name them."""
    found = [_named(selector) for selector in selectors]
    return found[0] if len(found) == 1 else ", ".join(found[:-1]) + " and " + found[-1]


def _named(selector: Selector) -> str:
    parts = [
        (selector.product, "{}"),
        (selector.app, "the app {}"),
        (selector.publisher, "apps published by {}"),
        (selector.owner, "apps owned by {}"),
        (selector.category, "apps of the category {}"),
        (selector.owner_country, "apps whose owners are in {}"),
        (selector.list, "apps on the list {}"),
    ]
    words = " that are also ".join(form.format(clean(value, 100)) for value, form in parts if value)
    return f"{words} (but not {names_of(selector.except_)})" if selector.except_ else words


def _values(directive: Directive) -> dict[str, str]:
    forces = set(directive.applies_to.force.values())
    advice = Force.MANDATORY not in forces
    platforms = [_REMOVAL[platform] for platform in Platform if platform in directive.applies_to.platforms]
    return {
        "title": clean(directive.title, 150),
        "issuer": clean(directive.issuer, 100),
        "reason": clean(directive.reason, 2000),
        "apps": clean(names_of(directive.prohibits), 1000) if directive.prohibits else "what the rule names",
        "how_to_remove": "\n".join(platforms),
        "consequence": "This is a recommendation; nothing is blocked." if advice else _CONSEQUENCES[directive.consequence],
    }


def _rendered(kind: Kind, directive: Directive, values: Mapping[str, str]) -> str:
    own = directive.notices.get(kind.value, _DEFAULT)
    paragraphs = _TEMPLATES[kind]
    if own != _DEFAULT:
        subject = () if own.startswith("Subject:") else paragraphs[:1]
        paragraphs = (*subject, *(part for part in re.split(r"\n\s*\n", own.strip()) if part))
    where = Where(field=f"notices.{kind}")
    filled = [_filled(part, values, where) for part in paragraphs if directive.due is not None or "{due_" not in part]
    text = "\n\n".join([clean_subject(filled[0]), *(_wrapped(part) for part in filled[1:])]) + "\n"
    if _LINK.search(text):
        raise Refused("notice-link", where, kind=kind.value)
    if len(text) > _LONGEST:
        raise Refused("notice-too-long", where, kind=kind.value, longest=_LONGEST)
    return text


def clean_subject(line: str) -> str:
    """The first line with everything personal refused: a subject is the same for everyone."""
    if _SLOT.search(line):
        raise Refused("notice-placeholder", placeholder=line, known="none of the personal ones in a subject")
    return "Subject: " + clean(line.removeprefix("Subject:"), 200)


def _filled(template: str, values: Mapping[str, str], where: Where) -> str:
    for name in _SLOT.findall(template):
        if name not in PERSONAL | GENERAL:
            raise Refused("notice-placeholder", where, placeholder=name, known=", ".join(sorted(PERSONAL | GENERAL)))
    if re.search(r"[{}]", _SLOT.sub("", template)):
        raise Refused("notice-placeholder", where, placeholder="{", known=", ".join(sorted(PERSONAL | GENERAL)))
    lines = _SLOT.sub(lambda found: values.get(found[1], found[0]), template).split("\n")
    return "\n".join(clean_line(line) for line in lines)


def clean_line(line: str) -> str:
    """One line of a template: its placeholders stay."""
    return "".join(piece if _SLOT.fullmatch(piece) else _printable(piece) for piece in re.split(r"(\{[a-z_]+\})", line))


def _printable(piece: str) -> str:
    return "".join(
        " " if unicodedata.category(c) in ("Cc", "Zl", "Zp") else c
        for c in unicodedata.normalize("NFC", piece)
        if unicodedata.category(c) not in ("Cf", "Cs", "Co", "Cn")
    )


def _wrapped(paragraph: str) -> str:
    return "\n".join(textwrap.fill(line, WIDTH, break_long_words=False, break_on_hyphens=False) for line in paragraph.split("\n"))
