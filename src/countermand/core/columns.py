"""Lines of a table in which nothing whatever can be wrong, taken apart all at once and column by column: several times as fast as
one by one. Whether a line may stand is the rule of core.table; whatever is in doubt here is looked at there."""

import csv
import re
from collections.abc import Sequence

#: Longest line in bytes; whoever cuts a file into lines reads at most this much at once.
LINE = 1 << 20
#: Longest field in characters, but for those said to be long.
FIELD = 255

#: What each byte of a line may be: ``,`` where a cell may begin or end; ``=`` what may not begin one, or be taken from its ends;
#: NUL what no cell may hold.
_MARKS = bytes(
    ord(",") if byte in b',"\n' else ord("=") if byte in b"=+-@ " else 0 if byte < 32 or byte == 127 else ord("x")
    for byte in range(256)
)
#: Such a byte at the end of a cell. It is looked for by that byte, which is the rarer one.
_AT_AN_END = re.compile(rb"=(?:(?<=,=)|(?=,))")
_BEGINS_FORMULA = re.compile(rb'(?:^|[,"\n]) *[=+\-@]')


def faultless(lines: Sequence[bytes], width: int, limited: Sequence[int]) -> list[Sequence[str]] | None:
    """The ``width`` columns of these lines; None if anything could be wrong with any of them, and for a table of one, where an
    empty line looks like a cell. ``limited``: the columns in which no long field may stand."""
    if width < 2 or len(lines[-1]) >= LINE:
        return None
    joined = b"".join(lines)
    if b"\r" in joined:
        joined = joined.replace(b"\r\n", b"\n")
    marks = b"," + joined.translate(_MARKS)
    if b"\0" in marks:
        return None
    spaced = _AT_AN_END.search(marks) is not None
    if spaced and _BEGINS_FORMULA.search(joined):
        return None
    try:
        text = joined.decode()
        found = _apart(text if text[-1] == "\n" else f"{text}\n", len(lines), width)
    except (UnicodeDecodeError, csv.Error):
        return None
    if found is None:
        return None
    if not text.isascii() and not text.replace("\n", "").isprintable():
        return None
    if max(map(len, lines)) > FIELD and any(max(map(len, found[at])) > FIELD for at in limited):
        return None
    return [[cell.strip() for cell in column] for column in found] if spaced or text[-1:] == " " else found


def _apart(text: str, count: int, width: int) -> list[Sequence[str]] | None:
    """The columns of so many lines, each with its end: without quotes, of which every cell is quoted (Export-Csv) and holds none,
    and others."""
    ends = [","] * (width - 1) + ["\n"]
    if '"' not in text:
        cells = text.replace("\n", ",\n,").split(",")
        step = width + 1
        if len(cells) != count * step + 1 or cells[width::step] != ["\n"] * count:
            return None
        return [cells[at:-1:step] for at in range(width)]
    if text[0] == '"':
        cells = text.split('"')
        if cells[2::2] == ends * count:  # between two quotes stands a cell, and behind it nothing but its end
            return [cells[at :: 2 * width] for at in range(1, 2 * width, 2)]
    rows = list(csv.reader(text.split("\n")[:-1], strict=True))
    if len(rows) != count or set(map(len, rows)) != {width}:
        return None
    return list(zip(*rows, strict=True))
