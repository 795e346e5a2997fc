"""Putting other values into a YAML text so that the rest of it stays as it was typed, remarks and all."""

from collections.abc import Iterator, Mapping
from typing import Any

from countermand.core.errors import Refused
from countermand.lib.yaml import Path, Text, entry, load, written


def patched(text: str, wanted: Mapping[str, Any]) -> str:
    """The text, saying ``wanted``. Entries with another value are written anew, those that are not wanted go, new ones come last;
    the lines of all others are the same. A text of which that cannot be done is written anew as a whole."""
    try:
        found = load(text)
        made = "".join(_mapping(_Lines(found, text.splitlines(keepends=True)), (), found.plain, wanted, (1, None)))
        if load(made).plain == wanted:
            return made
    except Refused:
        pass
    return written(wanted)


class _Lines:
    def __init__(self, found: Text, lines: list[str]) -> None:
        self.found = found
        self.lines = [*lines[:-1], *(line if line.endswith("\n") else f"{line}\n" for line in lines[-1:])]

    def between(self, first: int, after: int | None) -> list[str]:
        """From one line to before another, both counted from 1; None: to the end."""
        return self.lines[first - 1 : None if after is None else after - 1]

    def begins(self, path: Path) -> tuple[int, int]:
        return self.found.places[path]


def _mapping(
    text: _Lines, path: Path, has: Mapping[str, Any], wanted: Mapping[str, Any], span: tuple[int, int | None]
) -> Iterator[str]:
    """The lines of ``span``, which hold the mapping at ``path``, made to say ``wanted``."""
    starts = [(text.begins((*path, key))[0], key) for key in has]
    indent = " " * (text.begins((*path, next(iter(has))))[1] - 1) if has else ""
    yield from text.between(span[0], starts[0][0] if starts else span[1])
    for (first, key), (after, _) in zip(starts, [*starts[1:], (span[1], "")], strict=True):
        last = _without_remarks(text, first, after)
        if key not in wanted:
            pass
        elif wanted[key] == has[key]:
            yield from text.between(first, last)
        elif _is_a_block(text, (*path, key), has[key], wanted[key]):
            yield from _mapping(text, (*path, key), has[key], wanted[key], (first, last))
        else:
            yield _indented(indent, key, wanted[key])
        yield from text.between(last, after)
    yield from (_indented(indent, key, value) for key, value in wanted.items() if key not in has)


def _is_a_block(text: _Lines, path: Path, has: object, wanted: object) -> bool:
    """Whether entries of it stand on lines of their own."""
    if not (isinstance(has, dict) and isinstance(wanted, dict) and has and wanted):
        return False
    lines = [text.begins(path)[0], *(text.begins((*path, key))[0] for key in has)]
    return lines == sorted(set(lines))


def _without_remarks(text: _Lines, first: int, after: int | None) -> int:
    """Where an entry ends: remarks and empty lines behind it belong to what follows."""
    last = len(text.lines) + 1 if after is None else after
    while last > first + 1 and (not (line := text.lines[last - 2].strip()) or line.startswith("#")):
        last -= 1
    return last


def _indented(indent: str, key: str, value: object) -> str:
    return "".join(f"{indent}{line}" for line in entry(key, value).splitlines(keepends=True))
