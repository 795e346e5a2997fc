"""YAML text → plain JSON values with the place of each, or a refusal that names file, line and column.

Scalars follow YAML 1.2's core schema and not PyYAML's 1.1: ``NO`` is a country and not *false*, ``17:00`` and
``2020-07-17`` stay the texts they are; what they mean is the schema's business. Anchors, aliases, tags and several
documents in one text are refused: a directive that people sign must read the same for everybody who looks at it.
Read from the parser's events, without recursion, so that neither depth nor size can hurt.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml as pyyaml

from countermand.core.errors import Refused, Where, field_of

Path = tuple[str | int, ...]
Place = tuple[int, int]

#: A directive is a page or two; whatever is larger is another file taken for one.
MOST_CHARACTERS = 256 * 1024
DEEPEST = 32

_BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_WHOLE = re.compile(r"[-+]?[0-9]{1,15}")
_DECIMAL = re.compile(r"[-+]?(\.[0-9]{1,30}|[0-9]{1,15}(\.[0-9]{0,30})?)([eE][-+]?[0-9]{1,2})?")


@dataclass(frozen=True, slots=True)
class Text:
    """A text that was read: ``plain`` JSON values, and where each of them stands."""

    plain: Mapping[str, Any]
    file: str | None
    places: Mapping[Path, Place]

    def where(self, path: Path) -> Where:
        """Where the entry at ``path`` starts (its key, or the item of a list); of what is not there, the nearest thing
        around it."""
        there = path
        while there not in self.places:
            there = there[:-1]
        line, column = self.places[there]
        return Where(self.file, line, column, field_of(path) or None)


def load(text: str | bytes, file: str | None = None) -> Text:
    """The one mapping that a YAML (or JSON) text holds. Raises Refused: ``not-text``, ``document-too-large``,
    ``document-too-deep``, ``document-empty``, ``not-a-mapping``, ``broken-yaml``, ``yaml-feature``, ``duplicate-key``."""
    written = _characters(text, file)
    if len(written) > MOST_CHARACTERS:
        raise Refused("document-too-large", Where(file), size=len(written), most=MOST_CHARACTERS)
    growing = _Growing(file)
    try:
        for event in pyyaml.parse(written, Loader=pyyaml.SafeLoader):
            growing.take(event)
    except pyyaml.reader.ReaderError as error:
        line = written.count("\n", 0, error.position) + 1
        column = error.position - written.rfind("\n", 0, error.position)
        raise Refused(
            "not-text", Where(file, line, column), why=f"it holds the control character U+{error.character:04X}"
        ) from None
    except pyyaml.MarkedYAMLError as error:
        raise _broken(error, written, file) from None
    if not isinstance(growing.root, dict):
        code = "not-a-mapping" if growing.documents and growing.root is not None else "document-empty"
        raise Refused(code, Where(file, 1, 1))
    return Text(growing.root, file, growing.places)


def _characters(text: str | bytes, file: str | None) -> str:
    if isinstance(text, str):
        return text.removeprefix("\ufeff")
    if len(text) > 4 * MOST_CHARACTERS:
        raise Refused("document-too-large", Where(file), size=len(text), most=MOST_CHARACTERS)
    try:
        return text.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = text.count(b"\n", 0, error.start) + 1
        column = error.start - text.rfind(b"\n", 0, error.start)
        raise Refused("not-text", Where(file, line, column), why="it is not UTF-8") from None


def _broken(error: pyyaml.MarkedYAMLError, written: str, file: str | None) -> Refused:
    mark = error.problem_mark or error.context_mark
    if mark is None:
        return Refused("broken-yaml", Where(file), problem=error.problem or "it cannot be read", hint="Check its form.")
    tab = written[mark.index : mark.index + 1] == "\t"
    hint = (
        "Indent with spaces; a tab is not allowed there."
        if tab
        else "Look at this line and the one before: indentation, a missing colon or bracket, an open quotation mark."
    )
    return Refused("broken-yaml", Where(file, mark.line + 1, mark.column + 1), problem=error.problem or "unreadable", hint=hint)


@dataclass(slots=True)
class _Open:
    """A mapping or list that is still being read; ``key`` is the mapping's key that waits for its value."""

    value: dict[str, Any] | list[Any]
    path: Path
    key: str | None = None


@dataclass(slots=True)
class _Growing:
    """The values so far, built from the parser's events in one pass."""

    file: str | None
    root: Any = None
    documents: int = 0
    places: dict[Path, Place] = field(default_factory=lambda: {(): (1, 1)})
    stack: list[_Open] = field(default_factory=list)

    def take(self, event: pyyaml.Event) -> None:
        self._refuse_features(event)
        if isinstance(event, pyyaml.DocumentStartEvent):
            self.documents += 1
            if self.documents > 1:
                raise Refused("yaml-feature", self._at(event), what="a second document")
        elif isinstance(event, pyyaml.ScalarEvent):
            self._scalar(event)
        elif isinstance(event, pyyaml.MappingStartEvent | pyyaml.SequenceStartEvent):
            self._open(event)
        elif isinstance(event, pyyaml.MappingEndEvent | pyyaml.SequenceEndEvent):
            self.stack.pop()

    def _refuse_features(self, event: pyyaml.Event) -> None:
        if getattr(event, "anchor", None) is not None:
            what = "an alias" if isinstance(event, pyyaml.AliasEvent) else "an anchor"
            raise Refused("yaml-feature", self._at(event), what=what)
        if getattr(event, "tag", None) is not None:
            raise Refused("yaml-feature", self._at(event), what="a tag")

    def _scalar(self, event: pyyaml.ScalarEvent) -> None:
        top = self.stack[-1] if self.stack else None
        if top is not None and isinstance(top.value, dict) and top.key is None:
            self._key(top, event)
        else:
            self._place(_plain(event) if event.style is None else event.value, event)

    def _key(self, top: _Open, event: pyyaml.ScalarEvent) -> None:
        key, path = event.value, (*top.path, event.value)
        if key in top.value:
            raise Refused("duplicate-key", self._at(event, path), key=key, line=self.places[path][0])
        self.places[path] = _place_of(event)
        top.key = key

    def _open(self, event: pyyaml.Event) -> None:
        if self.stack and isinstance(self.stack[-1].value, dict) and self.stack[-1].key is None:
            raise Refused("yaml-feature", self._at(event), what="a key that is not a word")
        if len(self.stack) >= DEEPEST:
            raise Refused("document-too-deep", self._at(event), most=DEEPEST)
        value: dict[str, Any] | list[Any] = {} if isinstance(event, pyyaml.MappingStartEvent) else []
        self.stack.append(_Open(value, self._place(value, event)))

    def _place(self, value: Any, event: pyyaml.Event) -> Path:
        """Puts a value where it belongs, and answers its path."""
        if not self.stack:
            self.root = value
            self.places[()] = _place_of(event)
            return ()
        top = self.stack[-1]
        if isinstance(top.value, list):
            path: Path = (*top.path, len(top.value))
            top.value.append(value)
            self.places[path] = _place_of(event)
        else:
            path = (*top.path, str(top.key))
            top.value[str(top.key)] = value
            top.key = None
        return path

    def _at(self, event: pyyaml.Event, path: Path | None = None) -> Where:
        if path is None and self.stack:
            top = self.stack[-1]
            path = (*top.path, top.key) if top.key is not None else top.path
        return Where(self.file, *_place_of(event), field_of(path or ()) or None)


def _place_of(event: Any) -> Place:
    """Line and column at which an event starts, counted from 1. Events that a text produced always carry a mark."""
    return event.start_mark.line + 1, event.start_mark.column + 1


def _plain(event: pyyaml.ScalarEvent) -> Any:
    """What an unquoted scalar means. Numbers that JSON would not carry exactly stay texts, for the schema to refuse."""
    text: str = event.value
    if text in _NULLS:
        return None
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    if _WHOLE.fullmatch(text):
        return int(text)
    return float(text) if _DECIMAL.fullmatch(text) else text


def written(plain: Any) -> str:
    """Plain values as a text that ``load`` reads back as the same: short lists and mappings on a line."""
    return str(pyyaml.safe_dump(plain, sort_keys=False, allow_unicode=True, default_flow_style=None, width=110))


def entry(key: str, value: Any) -> str:
    """One entry of a mapping, on lines of its own."""
    flow = None if isinstance(value, list | dict) else False
    return str(pyyaml.safe_dump({key: value}, sort_keys=False, allow_unicode=True, default_flow_style=flow, width=110))
