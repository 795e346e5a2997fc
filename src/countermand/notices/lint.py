"""Looking a directive's notices over before anybody approves them: what can be seen without a reader. Values in, values out.

What must not leave at all (a link elsewhere, an unknown placeholder, a text beyond all bounds) is refused by ``texts``;
here is what should not.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from countermand.core.directive import Directive
from countermand.core.languages import LANGUAGES, SOURCE
from countermand.core.notices import Kind, Reader
from countermand.lib import words
from countermand.notices import compose, templates
from countermand.notices.body import COLOURS
from countermand.notices.compose import Envelope
from countermand.notices.texts import missing, text_of

#: Mail programs on phones show about so many characters of a subject.
_SUBJECT = 70
#: A page of text; what is longer is not read to its end.
_WORDS = 2_500
#: Gmail cuts messages off beyond this; the rest is behind a link of its own.
_BYTES = 102_400
#: WCAG 2.2, 1.4.3.
_CONTRAST = 4.5
#: Without these the reader cannot do what the notice is for.
_NEEDED: Mapping[Kind, tuple[str, ...]] = {
    Kind.ISSUED: ("due_local", "code"),
    Kind.SUPERSEDED: ("due_local", "code"),
    Kind.REMINDER: ("due_local", "code"),
    Kind.DENIED: ("devices", "code"),
    Kind.RESCINDED: ("ground", "code"),
}


class Flaw(StrEnum):
    LONG_SUBJECT = "long-subject"
    LONG_TEXT = "long-text"
    TOO_MANY_BYTES = "too-many-bytes"
    LANGUAGE_MISSING = "language-missing"
    NOT_SAID = "not-said"
    CONTRAST = "contrast"


@dataclass(frozen=True, slots=True)
class Finding:
    """``language``: '' where it is not one language's."""

    flaw: Flaw
    kind: str
    language: str
    words: str


def lint(directive: Directive, texts: Mapping[str, str]) -> list[Finding]:
    """Everything to see, by kind and language."""
    found = list(_languages(directive))
    for kind in Kind:
        for language in LANGUAGES:
            text = text_of(texts, kind, language)
            if text is not None and text[1] == language:
                found += _one(kind, language, text[0], dated=directive.due is not None)
    return [*found, *_contrasts()]


def contrast(ink: str, paper: str) -> float:
    """The contrast ratio of two colours, "#rrggbb" (WCAG 2.2)."""
    light, dark = sorted((_luminance(ink), _luminance(paper)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _one(kind: Kind, language: str, text: str, *, dated: bool) -> Iterator[Finding]:
    subject, _, body = text.partition("\n")
    subject = subject.removeprefix(templates.SUBJECT)
    if len(subject) > _SUBJECT:
        yield Finding(Flaw.LONG_SUBJECT, kind, language, f"its subject has {len(subject)} characters; {_SUBJECT} are shown")
    if len(body) > _WORDS:
        yield Finding(Flaw.LONG_TEXT, kind, language, f"it has {len(body):,} characters; {_WORDS:,} are read")
    size = len(compose.fill(compose.lay_out(kind, text, "a@example.org", language), SAMPLE, _ENVELOPE, "UTC"))
    if size > _BYTES:
        yield Finding(Flaw.TOO_MANY_BYTES, kind, language, f"the message has {size:,} bytes; {_BYTES:,} are shown")
    for slot in _NEEDED.get(kind, ()):
        if "{" + slot + "}" not in text and (dated or slot != "due_local"):
            yield Finding(Flaw.NOT_SAID, kind, language, f"it does not say {{{slot}}}")


def _languages(directive: Directive) -> Iterator[Finding]:
    for kind, without in missing(directive).items():
        for language in without:
            yield Finding(Flaw.LANGUAGE_MISSING, kind, language, "the directive's own words are missing; ours are sent")
    for language in LANGUAGES:
        if language != SOURCE and (untold := [text for text in _catalogued() if not words.known(language, text)]):
            yield Finding(Flaw.LANGUAGE_MISSING, "", language, f"{len(untold)} of our own texts are not translated")


def _catalogued() -> Iterator[str]:
    for paragraphs in templates.TEMPLATES.values():
        yield from (part for part in paragraphs if "{" not in part or not part.startswith("{") or not part.endswith("}"))


def _contrasts() -> Iterator[Finding]:
    for name, (ink, paper) in COLOURS.items():
        if (ratio := contrast(ink, paper)) < _CONTRAST:
            yield Finding(Flaw.CONTRAST, "", "", f"{name}: {ratio:.1f} to 1, where {_CONTRAST} is readable")


#: Somebody to show a notice to: with a long name and two phones.
SAMPLE = Reader(
    "alex", "alex@example.org", "Alexandra Example-Longname", "UTC", (("ios", "iPhone 13", None), ("android", "Pixel 7", None))
)
_ENVELOPE = Envelope("<0123456789abcdef0123456789abcdef@example.org>", "", 0, 0, "ABCDE-23456", "sent-in-error", 0)
