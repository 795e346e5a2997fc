"""Brings the catalogues of translations up to what sources and templates say; with --check says what is missing or wrong.

A text is found where it is marked: ``word("…")``, ``say(language, "…")``, ``several(language, "one", "many", …)`` in Python,
``{% say "…" %}`` and ``{% several "one" "many" … %}`` in templates. Python joins texts that stand side by side.

What only the operators' console says may be missing in a catalogue: it is counted, and shown in English.
"""

import ast
import io
import re
import sys
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po, write_po

from countermand.core.languages import LANGUAGES, SOURCE

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "src/countermand"
CATALOGUES = SOURCES / "lib/catalogues"
#: Whatever is said under one of these alone need not be translated.
_OPTIONAL = ("web/console/", "web/templates/console/")
_TAG = re.compile(r'\{%\s*(say|several)\s+"((?:[^"\\]|\\.)*)"(?:\s+"((?:[^"\\]|\\.)*)")?')
_SLOT = re.compile(r"\{[a-z_]+\}")
_MARKS = {"word": (0, 1), "say": (1, 1), "several": (1, 2)}

Text = str | tuple[str, str]


def texts() -> tuple[list[Text], list[Text]]:
    """Every marked text, in the order in which they are read; a plural is (one, many). First those that every language must
    have, then those that it may."""
    must: dict[Text, None] = {}
    may: dict[Text, None] = {}
    for path in sorted(SOURCES.rglob("*.py")):
        calls = (node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Call))
        _told(path, must, may).update(dict.fromkeys(text for node in calls for text in _called(node)))
    for path in sorted((SOURCES / "web/templates").rglob("*.html")):
        for tag, one, many in _TAG.findall(path.read_text("utf-8")):
            _told(path, must, may)[(one, many) if tag == "several" else one] = None
    plural = {text for pair in [*must, *may] if isinstance(pair, tuple) for text in pair}
    return (
        [text for text in must if isinstance(text, tuple) or text not in plural],
        [text for text in may if text not in must and (isinstance(text, tuple) or text not in plural)],
    )


def _told(path: Path, must: dict[Text, None], may: dict[Text, None]) -> dict[Text, None]:
    return may if path.relative_to(SOURCES).as_posix().startswith(_OPTIONAL) else must


def _called(node: ast.Call) -> list[Text]:
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    at, count = _MARKS.get(name, (0, 0))
    given = node.args[at : at + count]
    written = [arg.value for arg in given if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]
    if not count or len(written) != count:
        return []
    return [written[0] if count == 1 else (written[0], written[1])]


def _load(language: str) -> Catalog:
    path = CATALOGUES / f"{language}.po"
    locale = language.replace("-", "_")
    return read_po(io.BytesIO(path.read_bytes() if path.exists() else b""), locale=locale)


def _renewed(language: str, wanted: list[Text], optional: list[Text]) -> bytes:
    """The catalogue with every wanted text, translated where it was, and the optional ones that are translated."""
    before = _load(language)
    made = Catalog(locale=language.replace("-", "_"), project="Countermand", fuzzy=False, creation_date=None, revision_date=None)
    for text in [*wanted, *translated(before, optional)]:
        known = before.get(text[0] if isinstance(text, tuple) else text)
        made.add(text, known.string if known and not known.fuzzy else None)
    out = io.BytesIO()
    write_po(out, made, omit_header=True, width=0, no_location=True)
    head = (
        f'msgid ""\nmsgstr ""\n"Language: {language}\\n"\n"Content-Type: text/plain; charset=utf-8\\n"\n'
        f'"Plural-Forms: {made.plural_forms}\\n"\n\n'
    )
    return head.encode() + out.getvalue().lstrip()


def translated(catalogue: Catalog, optional: list[Text]) -> list[Text]:
    """The optional texts that somebody has translated."""
    known = {text: catalogue.get(text[0] if isinstance(text, tuple) else text) for text in optional}
    return [text for text, found in known.items() if found is not None and found.string and not found.fuzzy and all(found.string)]


def problems(language: str, must: list[Text], optional: list[Text]) -> list[str]:
    """What is missing or wrong in a catalogue."""
    catalogue, found = _load(language), []
    wanted = [*must, *translated(catalogue, optional)]
    for text in wanted:
        first = text[0] if isinstance(text, tuple) else text
        known = catalogue.get(first)
        said = [] if known is None else [known.string] if isinstance(known.string, str) else list(known.string)
        if known is None or not said or not all(said) or (isinstance(text, tuple) and len(said) != catalogue.num_plurals):
            found.append(f"{language}: not translated: {first!r}")
        elif any(not _fits(known, one) for one in said):
            found.append(f"{language}: other placeholders: {first!r}")
    known_texts = {text[0] if isinstance(text, tuple) else text for text in wanted}
    found += [f"{language}: no longer said: {one.id!r}" for one in catalogue if one.id and _first(one) not in known_texts]
    return found


def _first(message: Message) -> str:
    return message.id if isinstance(message.id, str) else message.id[0]


def _fits(message: Message, said: str) -> bool:
    """The same placeholders, whatever their order; a form for exactly one, two or none may leave the number out."""
    wanted, found = set(_SLOT.findall(_last(message))), set(_SLOT.findall(said))
    return found == wanted or (not isinstance(message.id, str) and found == wanted - {"{count}"})


def _last(message: Message) -> str:
    return message.id if isinstance(message.id, str) else message.id[-1]


def main() -> int:
    wanted, optional = texts()
    others = [language for language in LANGUAGES if language != SOURCE]
    if "--check" not in sys.argv:
        for language in others:
            (CATALOGUES / f"{language}.po").write_bytes(_renewed(language, wanted, optional))
    spoken = ", ".join(f"{language} {len(translated(_load(language), optional))}" for language in others)
    print(f"{len(wanted)} texts, and {len(optional)} of the console, of which are translated: {spoken}")
    wrong = [problem for language in others for problem in problems(language, wanted, optional)]
    print(
        "\n".join(wrong[:40]),
        *([f"… and {len(wrong) - 40} more"] if len(wrong) > 40 else []),
        sep="\n",
        end="\n" if wrong else "",
    )
    return 1 if wrong and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
